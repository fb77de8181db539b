//! What an output tells people to type, typed as it stands.
//!
//! Whoever calls [`hint`] or [`follow`] names a part of the text and how its command begins, both as literals: `hints::source`
//! reads them, and holds them against every text of the program.

use super::binary::{Desk, Said};

/// What stands in a command for what only a person knows.
const LEFT_OPEN: [&str; 5] = ["…", "FILE", "KEY", "SERIAL", "ADDRESS"];

/// Version 1 of the AWS CLI takes no endpoint from the environment for RDS in us-east-1: it has one of its own for it.
const RDS: &str = "aws() { command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }; ";

/// A command between backquotes.
pub(crate) struct Hint<'a> {
    desk: &'a Desk,
    line: String,
}

/// Takes the command that begins with `command` from the line that has `text`. Which cloud and state it names besides
/// does not matter for how it begins.
#[track_caller]
pub(crate) fn hint<'a>(desk: &'a Desk, said: &Said, text: &str, command: &str) -> Hint<'a> {
    let lines: Vec<&str> = said.stderr.lines().chain(said.stdout.lines()).filter(|line| line.contains(text)).collect();
    assert!(!lines.is_empty(), "`{text}` was not said: {said}");
    let quoted = |line: &&str| -> Vec<String> {
        let line = line.trim_start();
        let all: Vec<String> = line.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        if line.starts_with(command) || all.is_empty() { vec![line.to_owned()] } else { all }
    };
    let named: Vec<String> = lines.iter().flat_map(quoted).collect();
    let fits = |line: &&String| plain(line).starts_with(command);
    let Some(line) = named.iter().find(fits) else { panic!("`{command}` is not named, but {named:?}: {said}") };
    Hint { desk, line: line.clone() }
}

/// As [`hint`], and runs it.
#[track_caller]
pub(crate) fn follow(desk: &Desk, said: &Said, text: &str, command: &str) -> Said {
    hint(desk, said, text, command).run()
}

/// A command of ours without the cloud and the state it names.
fn plain(line: &str) -> String {
    let mut line = line.to_owned();
    for option in [" --cloud ", " --state "] {
        let Some(at) = line.find(option).filter(|_| line.starts_with("ppm-infra ")) else { continue };
        let value = &line[at + option.len()..];
        let length = match value.strip_prefix('\'') {
            Some(rest) => rest.find('\'').unwrap_or(rest.len()) + 2,
            None => value.find(' ').unwrap_or(value.len()),
        };
        line.replace_range(at..at + option.len() + length, "");
    }
    line
}

impl Hint<'_> {
    /// The command as it was named.
    pub(crate) fn line(&self) -> &str {
        &self.line
    }

    /// Puts something in the place of a word in capitals, or of an ellipsis.
    #[track_caller]
    pub(crate) fn with(mut self, place: &str, word: &str) -> Self {
        assert!(self.line.contains(place), "{}", self.line);
        self.line = self.line.replacen(place, word, 1);
        self
    }

    /// Runs it as it stands, in the same folder.
    #[track_caller]
    pub(crate) fn run(self) -> Said {
        self.after("")
    }

    /// Runs it after these lines of the shell.
    #[track_caller]
    pub(crate) fn after(self, lines: &str) -> Said {
        let left = self.line.split_whitespace().find(|word| LEFT_OPEN.contains(word));
        assert_eq!(left, None, "not filled in: {}", self.line);
        self.desk.shell(&format!("{lines}{}{}", if self.line.starts_with("aws rds ") { RDS } else { "" }, self.line))
    }

    /// Runs it at a terminal, where it asks whether to go on and is told so by this word.
    pub(crate) fn approved(self, word: &str) -> Said {
        self.talk(&[("anything else to leave it", word)])
    }

    /// Runs it at a terminal, with answers to its questions.
    pub(crate) fn talk(self, talk: &[(&str, &str)]) -> Said {
        self.desk.at_terminal(&self.line, talk)
    }
}
