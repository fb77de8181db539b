//! Why a file is not a declaration.
//!
//! Promises: problems come in the order of the file.
//!
//! Leaves to others colour, exit codes and what was being attempted.

use std::fmt;

use serde::Serialize;

use crate::text::Problem;

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
        for problem in &mut problems {
            problem.quote(text);
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
            problem.show(f, &self.file, gutter)?;
            writeln!(f, "{:gutter$} = hint: {}\n", "", problem.hint)?;
        }
        match self.problems.len() {
            1 => write!(f, "1 problem in {}", self.file),
            many => write!(f, "{many} problems in {}", self.file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Place;

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
