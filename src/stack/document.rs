//! A declaration as text, every key with its comment.
//!
//! Promises: comments and layout come from the table; a line that is active stands inside sections that are.
//!
//! Leaves to others which lines are active (`init`).

use std::fmt::Write;

use super::explain::first_sentence;
use super::keys::{Absent, Item, Key, Kind, children};
use crate::text::words;

/// A key's value in a rendered declaration.
pub(super) enum Line {
    Active(String),
    Comment(String),
}

/// How much is said about each key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Short,
    Whole,
}

const WIDTH: usize = 110;

struct Document<F> {
    text: String,
    detail: Detail,
    line: F,
}

/// Writes all keys under a title.
pub(super) fn document(title: &str, detail: Detail, line: impl Fn(&'static Key) -> Line) -> String {
    let mut text = String::from("# yaml-language-server: $schema=stack.schema.json\n#\n");
    for line in title.lines() {
        let _ = writeln!(text, "# {line}");
    }
    let mut document = Document { text, detail, line };
    document.section("", "", true);
    document.text
}

impl<F: Fn(&'static Key) -> Line> Document<F> {
    /// Writes the keys of a section, each line after `lead`. A section that is not `open` is a comment as a whole:
    /// `lead` has the `# ` then, so that taking those away leaves the section as it should be.
    fn section(&mut self, path: &str, lead: &str, open: bool) {
        for key in children(path) {
            if key.depth() == 0 || matches!(key.kind, Kind::Section) {
                self.put(lead, "");
            }
            for comment in about(key, self.detail).iter().flat_map(|part| wrapped(part, WIDTH - lead.len())) {
                self.put(lead, &format!("# {comment}"));
            }
            if let Kind::Section = key.kind {
                let opened = open && has_active(key, &self.line);
                // Only the first closed section on the way down starts the comment.
                let lead = if open && !opened { format!("{lead}# ") } else { lead.to_owned() };
                self.put(&lead, &format!("{}:", key.name()));
                self.section(key.path, &format!("{lead}  "), opened);
                continue;
            }
            let line = match (self.line)(key) {
                Line::Active(value) => format!("{}: {value}", key.name()),
                Line::Comment(value) if !open && has_value(key) => {
                    format!("{}: {value}", key.name())
                }
                Line::Comment(value) => format!("# {}: {value}", key.name()),
            };
            self.put(lead, &line);
        }
    }

    fn put(&mut self, lead: &str, line: &str) {
        let _ = writeln!(self.text, "{}", format!("{lead}{line}").trim_end());
    }
}

/// Whether a key keeps its meaning when it is written as it is shown, instead of becoming an example.
fn has_value(key: &Key) -> bool {
    match key.absent {
        Absent::Required | Absent::Is(_) => true,
        Absent::Means(_) | Absent::Defaults => false,
    }
}

fn has_active(section: &'static Key, line: &impl Fn(&'static Key) -> Line) -> bool {
    children(section.path).any(|key| match key.kind {
        Kind::Section => has_active(key, line),
        Kind::Text(_)
        | Kind::Word(_)
        | Kind::Whole { .. }
        | Kind::Flag
        | Kind::Set { .. }
        | Kind::Tags
        | Kind::Settings
        | Kind::Waivers => {
            matches!(line(key), Line::Active(_))
        }
    })
}

/// What is said about a key, one comment line (or more, when wrapped) each.
fn about(key: &Key, detail: Detail) -> Vec<String> {
    let what = match detail {
        Detail::Short => first_sentence(key.what),
        Detail::Whole => key.what,
    };
    let mut about = vec![what.to_owned()];
    match key.kind {
        Kind::Word(choices) | Kind::Set { of: Item::Word(choices), .. } => {
            let supported: Vec<_> = choices.iter().filter(|choice| choice.supported).collect();
            let width = supported.iter().map(|choice| choice.word.len()).max().unwrap_or_default();
            if supported.len() > 1 {
                about.extend(supported.iter().map(|choice| format!("  {:width$}  {}", choice.word, choice.meaning)));
            }
        }
        Kind::Whole { least, most, unit } => {
            let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
            let _ = write!(about[0], " {least} to {most}{unit}.");
        }
        Kind::Section
        | Kind::Text(_)
        | Kind::Flag
        | Kind::Set { of: Item::Text(_), .. }
        | Kind::Tags
        | Kind::Settings
        | Kind::Waivers => {}
    }
    if let Absent::Means(clause) = key.absent {
        let _ = write!(about[0], " Without it, {clause}.");
    }
    about
}

/// What stands in a comment for a key: its default, or else an example.
pub(super) fn placeholder(key: &Key) -> String {
    match key.absent {
        Absent::Is(literal) => literal.yaml(),
        Absent::Required | Absent::Means(_) | Absent::Defaults => key.example.yaml(),
    }
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let mut lines: Vec<String> = Vec::new();
    for word in words(text, |c| c == ' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
