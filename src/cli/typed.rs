//! How a command has to be typed to mean the same again: the cloud, the state and the declaration of this run, quoted for
//! a shell.
//!
//! Promises: whatever names a command to a person passes here, so that none means another stack than the one it is said
//! of. What stands in the environment, or was found because nothing else was there, need not be typed.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock};

use clap::{Arg, Command, CommandFactory as _};
use serde_json::Value;

use super::args::{Cli, Common};
use crate::helm::shell_word;

/// Where lockfiles are unless `--state` says otherwise.
pub(super) const STATE: &str = "state";

const PROGRAM: &str = "ppm-infra";

/// How the program is called.
static CALL: OnceLock<String> = OnceLock::new();

/// The declaration, where somebody named one.
static DECLARATION: RwLock<Option<PathBuf>> = RwLock::new(None);

/// The region of the stack.
static REGION: OnceLock<String> = OnceLock::new();

/// Says what the run was called with.
pub(super) fn called(common: &Common) {
    let mut call = PROGRAM.to_owned();
    let environment = |name: &str, value: &str| variable(name).is_some_and(|found| found == value);
    if common.cloud != "aws" && !environment("PPM_INFRA_CLOUD", &common.cloud) {
        call = format!("{call} --cloud {}", shell_word(&common.cloud));
    }
    let folder = common.state.as_ref().map(|folder| folder.display().to_string());
    if let Some(folder) = folder.filter(|folder| folder != STATE && !environment("PPM_INFRA_STATE", folder)) {
        call = format!("{call} --state {}", shell_word(&folder));
    }
    // A test may have said so before us.
    let _ = CALL.set(call);
}

/// Says which declaration somebody named.
pub(super) fn declared(path: &Path) {
    let mut declaration = DECLARATION.write().unwrap_or_else(PoisonError::into_inner);
    // A saved plan was made from the one that is named first.
    declaration.get_or_insert_with(|| path.to_owned());
}

/// Says which declaration of several is spoken of from now on.
pub(super) fn about(path: &Path) {
    *DECLARATION.write().unwrap_or_else(PoisonError::into_inner) = Some(path.to_owned());
}

fn declaration() -> Option<PathBuf> {
    DECLARATION.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says in which region the stack is.
pub(super) fn located(region: &str) {
    let _ = REGION.set(region.to_owned());
}

/// What to do about credentials that are refused. AWS's command line asks nobody without a region.
pub(super) fn credentials() -> String {
    let region = REGION.get().map_or("us-east-1", String::as_str);
    format!(
        "check them with `aws sts get-caller-identity --region {region}`; `aws login`, or with SSO `aws sso login`, renews \
         them"
    )
}

/// A text with every command of this program between backquotes as it has to be typed now.
pub(super) fn text(text: &str) -> String {
    retyped(text, CALL.get().map_or(PROGRAM, String::as_str), declaration().as_deref())
}

/// A line for a shell as it has to be typed now.
pub(super) fn line(line: &str) -> String {
    if !line.strip_prefix(PROGRAM).is_some_and(|rest| rest.starts_with(' ')) {
        return line.to_owned();
    }
    command(line, CALL.get().map_or(PROGRAM, String::as_str), declaration().as_deref())
}

/// As [`text`], for every text in a document.
pub(super) fn json(document: Value) -> Value {
    match document {
        Value::String(told) => Value::String(text(&told)),
        Value::Array(all) => all.into_iter().map(json).collect(),
        Value::Object(all) => all.into_iter().map(|(key, value)| (key, json(value))).collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

fn retyped(text: &str, call: &str, declaration: Option<&Path>) -> String {
    let (mut done, mut rest) = (String::new(), text);
    while let Some(at) = rest.find("`ppm-infra ") {
        let (before, from) = rest.split_at(at + 1);
        let Some(end) = from.find('`') else { break };
        done.push_str(before);
        done.push_str(&command(&from[..end], call, declaration));
        rest = &from[end..];
    }
    done + rest
}

/// One command, perhaps with what its output goes through.
fn command(command: &str, call: &str, declaration: Option<&Path>) -> String {
    let words = words(command);
    let own: Vec<&(Range<usize>, String)> =
        words.iter().take_while(|(_, word)| !["|", ">", "<", "&&", ";"].contains(&word.as_str())).collect();
    let [(program, _), arguments @ ..] = own.as_slice() else { return command.to_owned() };
    let is_typed = arguments.first().is_some_and(|(_, word)| ["--cloud", "--state"].contains(&word.as_str()));
    if is_typed {
        return command.to_owned();
    }
    let end = arguments.last().map_or(program.end, |(at, _)| at.end);
    let named = declaration.and_then(|path| {
        let name = shell_word(&path.display().to_string());
        Some(match lacks(arguments.iter().map(|(_, word)| word.as_str()))? {
            Lacks::Word => format!(" {name}"),
            Lacks::Option => format!(" --file {name}"),
        })
    });
    format!("{call}{}{}{}", &command[program.end..end], named.unwrap_or_default(), &command[end..])
}

/// How a command is told its declaration.
enum Lacks {
    Word,
    Option,
}

/// Whether a command takes a declaration and names none.
fn lacks<'a>(words: impl Iterator<Item = &'a str>) -> Option<Lacks> {
    let mut whole = Cli::command();
    whole.build();
    let (mut here, mut given, mut is_value, mut is_named) = (&whole, 0, false, false);
    for word in words {
        if std::mem::take(&mut is_value) {
            continue;
        }
        if let Some(option) = option(here, word) {
            is_value = option.get_action().takes_values() && !word.contains('=');
            is_named |= option.get_id() == "file";
        } else if let Some(next) = here.find_subcommand(word).filter(|_| given == 0) {
            here = next;
        } else {
            given += 1;
        }
    }
    let is_saved =
        |argument: &Arg| argument.get_value_names().is_some_and(|names| names.iter().any(|name| name == "SAVED"));
    let file = here.get_arguments().find(|argument| argument.get_id() == "file" && !is_saved(argument))?;
    match file.get_index() {
        Some(index) => (given < index).then_some(Lacks::Word),
        None => (!is_named).then_some(Lacks::Option),
    }
}

fn option<'a>(command: &'a Command, word: &str) -> Option<&'a Arg> {
    let name = word.split('=').next().unwrap_or(word);
    command.get_arguments().find(|argument| {
        let long = argument.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long));
        long || argument.get_short().is_some_and(|short| name.strip_prefix('-') == Some(&*short.to_string()))
    })
}

/// The words of a line as a shell reads them, and where each stands.
fn words(line: &str) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    let (mut word, mut start, mut quote) = (String::new(), None, None);
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => {
                start.get_or_insert(at);
                quote = Some(c);
            }
            (None, c) if c.is_whitespace() => {
                if let Some(from) = start.take() {
                    found.push((from..at, std::mem::take(&mut word)));
                }
            }
            (None, c) => {
                start.get_or_insert(at);
                word.push(c);
            }
        }
    }
    found.extend(start.map(|from| (from..line.len(), word)));
    found
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_cloud_and_the_declaration_of_the_run() {
        let call = "ppm-infra --cloud 'simulated:a b.json'";
        let file = "my plans/ppm.yaml";
        for (said, typed) in [
            ("plan", "plan 'my plans/ppm.yaml'"),
            ("plan other.yaml", "plan other.yaml"),
            ("plan 'an other.yaml' --full", "plan 'an other.yaml' --full"),
            ("plan --replace vpc.main -o FILE", "plan --replace vpc.main -o FILE 'my plans/ppm.yaml'"),
            ("plan --replace=vpc.main", "plan --replace=vpc.main 'my plans/ppm.yaml'"),
            ("recover --force", "recover --force 'my plans/ppm.yaml'"),
            ("state rm vpc.main", "state rm vpc.main 'my plans/ppm.yaml'"),
            ("state show vpc.main", "state show vpc.main 'my plans/ppm.yaml'"),
            ("state mv vpc.main …", "state mv vpc.main … 'my plans/ppm.yaml'"),
            ("state restore 4 --force", "state restore 4 --force 'my plans/ppm.yaml'"),
            ("state pull > FILE", "state pull 'my plans/ppm.yaml' > FILE"),
            ("adopt vpc.main 'vpc-1'", "adopt vpc.main 'vpc-1' 'my plans/ppm.yaml'"),
            ("secrets | kubectl apply -f -", "secrets 'my plans/ppm.yaml' | kubectl apply -f -"),
            ("secrets rotate database", "secrets rotate database 'my plans/ppm.yaml'"),
            ("output endpoint", "output endpoint --file 'my plans/ppm.yaml'"),
            ("output -f other.yaml", "output -f other.yaml"),
            ("init", "init 'my plans/ppm.yaml'"),
            ("lock status", "lock status 'my plans/ppm.yaml'"),
            ("show saved.json", "show saved.json"),
            ("show", "show"),
            ("explain network.cidr", "explain network.cidr"),
            ("schema", "schema"),
        ] {
            let told = retyped(&format!("so: `ppm-infra {said}`, `x`"), call, Some(Path::new(file)));
            assert_eq!(told, format!("so: `{call} {typed}`, `x`"));
            // What is typed already stays.
            assert_eq!(retyped(&told, call, Some(Path::new(file))), told);
            let told = retyped(&format!("`ppm-infra {said}`"), "ppm-infra", None);
            assert_eq!(told, format!("`ppm-infra {said}`"), "where nobody named one, none is named");
        }
    }

    #[test]
    fn whatever_is_no_command_stays_as_it_is() {
        for told in ["`ppm-infra`", "ppm-infra plan", "`ppm-infra plan", "`ppm-infra:stack` and `aws x`", ""] {
            assert_eq!(retyped(told, "ppm-infra --state x", None), told);
        }
    }
}
