//! What is wrong with a declaration, where, and what to write instead.
//!
//! Promises: problems come in the order of the file; each shows its line with a caret under the place; text from the
//! file is shown short and printable.
//!
//! Leaves to others colour, exit codes and what was being attempted.

use std::fmt;

use serde::Serialize;

use crate::model::values::ValueError;

/// A place in a file: line and column from 1, in characters, and how many characters it spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) width: usize,
}

impl Place {
    /// The beginning of the file, for what is missing from it.
    pub(super) const START: Self = Self { line: 1, column: 1, width: 1 };
}

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
    pub(super) fn new(place: Place, path: impl Into<String>, message: impl AsRef<str>, hint: impl AsRef<str>) -> Self {
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

    pub(super) fn of_value(place: Place, path: impl Into<String>, error: &ValueError) -> Self {
        Self::new(place, path, error.problem(), error.remedy())
    }

    /// Copies the line the problem is on, or the part of it that fits around the place.
    fn quote(&mut self, line: &str) {
        const BEFORE: usize = 60;
        const SHOWN: usize = 100;
        let skipped = if line.chars().count() > SHOWN { (self.column - 1).saturating_sub(BEFORE) } else { 0 };
        self.excerpt = line.chars().skip(skipped).take(SHOWN).map(printable).collect();
        self.caret = self.column - skipped;
        let room = self.excerpt.chars().count().saturating_sub(self.caret - 1);
        self.width = self.width.min(room).max(1);
    }

    fn caret_line(&self) -> String {
        format!("{}{}", " ".repeat(self.caret - 1), "^".repeat(self.width))
    }
}

/// Why a file is not a declaration: every independent problem at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct DeclarationError {
    /// The file's name as it was given.
    pub file: String,
    /// At least one problem, in the order of the file.
    pub problems: Vec<Problem>,
}

impl DeclarationError {
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by(|a, b| (a.line, a.column, &a.path, &a.message).cmp(&(b.line, b.column, &b.path, &b.message)));
        problems.dedup();
        let lines: Vec<&str> = text.lines().collect();
        for problem in &mut problems {
            let line = lines.get(problem.line - 1).copied().unwrap_or_default();
            problem.quote(line.trim_start_matches('\u{feff}'));
        }
        Self { file: file.to_owned(), problems }
    }
}

impl fmt::Display for DeclarationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gutter = self.problems.iter().map(|p| p.line.to_string().len()).max().unwrap_or(1);
        for problem in &self.problems {
            if !problem.path.is_empty() {
                write!(f, "{}: ", problem.path)?;
            }
            writeln!(f, "{}", problem.message)?;
            writeln!(f, "{:gutter$}--> {}:{}:{}", "", self.file, problem.line, problem.column)?;
            if !problem.excerpt.trim().is_empty() {
                writeln!(f, "{:gutter$} |", "")?;
                writeln!(f, "{:>gutter$} | {}", problem.line, problem.excerpt)?;
                writeln!(f, "{:gutter$} | {}", "", problem.caret_line())?;
            }
            writeln!(f, "{:gutter$} = hint: {}\n", "", problem.hint)?;
        }
        match self.problems.len() {
            1 => write!(f, "1 problem in {}", self.file),
            many => write!(f, "{many} problems in {}", self.file),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, line: usize, column: usize, width: usize) -> DeclarationError {
        let place = Place { line, column, width };
        DeclarationError::new("a.yaml", text, vec![Problem::new(place, "network.cidr", "is wrong", "write it right")])
    }

    #[test]
    fn a_problem_shows_its_line_and_a_caret() {
        assert_eq!(
            error("network:\n  cidr: ten\n", 2, 9, 3).to_string(),
            "network.cidr: is wrong\n \
             --> a.yaml:2:9\n  \
             |\n\
             2 |   cidr: ten\n  \
             |         ^^^\n  \
             = hint: write it right\n\
             \n\
             1 problem in a.yaml"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let long = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let problem = &error(&long, 1, 501, 900).problems[0];
        assert_eq!(problem.excerpt.chars().count(), 100);
        assert_eq!(problem.excerpt.chars().nth(problem.caret - 1), Some('X'));
        assert_eq!(problem.width, 40);
    }

    #[test]
    fn a_place_after_the_end_shows_no_line_and_control_characters_stay_inside() {
        assert!(!error("a: 1\n", 9, 3, 1).to_string().contains('^'));
        assert!(!error("a: \u{1b}[31m\n", 1, 4, 2).to_string().contains('\u{1b}'));
    }
}
