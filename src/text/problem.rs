//! What is wrong with a piece of a file, where, and what to write instead.
//!
//! Promises: a problem shows its line with a caret under the place; text from the file is shown short and printable.
//!
//! Leaves to others which things are wrong, colour and exit codes.

use std::fmt;

use serde::Serialize;

use crate::model::finding::{Finding, Severity, Subject};
use crate::model::place::Place;
use crate::model::values::ValueError;

/// One thing that is wrong with a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters of the line are meant, at least 1.
    pub width: usize,
    /// The key, such as `network.cidr`; empty for the file as a whole.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// What to write instead.
    pub hint: String,
    /// The line's text, made printable and cut to fit; empty at the file's end.
    pub excerpt: String,
    /// The column of the place inside `excerpt`, from 1.
    pub caret: usize,
}

impl Problem {
    /// States what is wrong and what to do about it.
    pub fn new(place: Place, path: impl Into<String>, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
        Self {
            line: place.line.max(1),
            column: place.column.max(1),
            width: place.width.max(1),
            path: clipped(&path.into(), 200),
            message: clipped(message.as_ref(), 500),
            hint: clipped(hint.as_ref(), 500),
            excerpt: String::new(),
            caret: 1,
        }
    }

    /// The same for a value that is not what it should be.
    pub fn of_value(place: Place, path: impl Into<String>, error: &ValueError) -> Self {
        Self::new(place, path, error.problem(), error.remedy())
    }

    /// The finding that tells of it, as an answer to the question `id`.
    pub fn finding(self, id: &'static str, severity: Severity, why: impl Into<String>) -> Finding {
        Finding {
            id,
            severity,
            grade: None,
            subject: Subject::Key(self.path),
            place: Some(Place { line: self.line, column: self.column, width: self.width }),
            what: self.message,
            why: why.into(),
            remedies: vec![self.hint],
        }
    }

    /// What a finding is about in `text`, with its line; nothing if it has no place there.
    pub fn of_finding(finding: &Finding, text: &str) -> Option<Self> {
        let mut problem = Self::new(finding.place?, finding.subject.to_string(), &finding.what, finding.remedy());
        problem.quote(text);
        Some(problem)
    }

    /// Copies the line of `text` the problem is on, or the part of it that fits around the place.
    pub fn quote(&mut self, text: &str) {
        let line = text.lines().nth(self.line - 1).unwrap_or_default();
        self.quote_line(line.trim_start_matches('\u{feff}'));
    }

    fn quote_line(&mut self, line: &str) {
        const BEFORE: usize = 60;
        const SHOWN: usize = 100;
        let skipped = if line.chars().count() > SHOWN { (self.column - 1).saturating_sub(BEFORE) } else { 0 };
        self.excerpt = line.chars().skip(skipped).take(SHOWN).map(printable).collect();
        self.caret = self.column - skipped;
        let room = self.excerpt.chars().count().saturating_sub(self.caret - 1);
        self.width = self.width.min(room).max(1);
    }

    /// Writes `--> file:line:column` and, if there is one, the line with a caret under the place; `gutter` columns are
    /// left for line numbers.
    ///
    /// # Errors
    /// What the formatter answers.
    pub fn show(&self, f: &mut fmt::Formatter<'_>, file: &str, gutter: usize) -> fmt::Result {
        writeln!(f, "{:gutter$}--> {file}:{}:{}", "", self.line, self.column)?;
        if !self.excerpt.trim().is_empty() {
            let caret = format!("{}{}", " ".repeat(self.caret - 1), "^".repeat(self.width));
            writeln!(f, "{:gutter$} |", "")?;
            writeln!(f, "{:>gutter$} | {}", self.line, self.excerpt)?;
            writeln!(f, "{:gutter$} | {caret}", "")?;
        }
        Ok(())
    }
}

fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn clipped(text: &str, most: usize) -> String {
    let mut clipped: String = text.chars().take(most).map(printable).collect();
    if text.chars().nth(most).is_some() {
        clipped.push('…');
    }
    clipped
}
