//! The declaration, written anew in place: what changes is shown, and nothing is written over that somebody else wrote meanwhile.

use std::fmt::Write as _;

use super::exit;
use super::failure::Failure;
use super::workplace::Declaration;
use crate::stack::Stack;
use crate::store::{file, rewrite};
use crate::text::edit::EditRefusal;

/// A declaration and what is to be its text.
pub(super) struct Rewrite<'a> {
    pub(super) declaration: &'a Declaration,
    pub(super) text: String,
}

impl Rewrite<'_> {
    /// Whether anything changes.
    pub(super) fn is_change(&self) -> bool {
        self.text != self.declaration.text
    }

    /// What the text declares.
    pub(super) fn read(&self) -> Result<Stack, Failure> {
        let Declaration { path, .. } = self.declaration;
        Ok(Stack::parse(&path.display().to_string(), &self.text)?)
    }

    /// Refuses a declaration that is in no file.
    pub(super) fn may_be_written(declaration: &Declaration) -> Result<(), Failure> {
        file::may_stand_at(&declaration.path)?;
        Ok(())
    }

    /// Writes it, unless the file is not what was read any more.
    pub(super) fn write(&self) -> Result<(), Failure> {
        let Declaration { path, text, .. } = self.declaration;
        if !self.is_change() {
            return Ok(());
        }
        if file::read_if_there(path)?.as_ref() != Some(text) {
            let heading = format!("{} was changed meanwhile; nothing was changed", path.display());
            return Err(Failure::new(exit::BUSY, heading).hint("run again: it is read anew"));
        }
        Ok(rewrite(path, self.text.as_bytes())?)
    }

    /// The lines that change, with their numbers.
    pub(super) fn diff(&self) -> String {
        let Declaration { path, text, .. } = self.declaration;
        let (before, after): (Vec<&str>, Vec<&str>) = (text.lines().collect(), self.text.lines().collect());
        let mut told = format!("{}\n", path.display());
        for (sign, number, line) in changes(&before, &after) {
            let _ = writeln!(told, "{sign} {number:>4}  {line}");
        }
        told
    }
}

/// What leads on where a text has to be edited by hand.
pub(super) fn by_hand(declaration: &Declaration, refusal: &EditRefusal) -> Failure {
    let place = refusal.place;
    let heading = format!(
        "{}:{}:{}: {}; nothing was changed",
        declaration.path.display(),
        place.line,
        place.column,
        refusal.reason
    );
    Failure::new(exit::FAILED, heading).hint("edit the declaration by hand there")
}

/// The lines that go and come, each with its number, in the order of the text: by the longest part that both have.
fn changes<'t>(before: &[&'t str], after: &[&'t str]) -> Vec<(char, usize, &'t str)> {
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (old, new) = (&before[same..], &after[same..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(one, other)| one == other).count();
    let (old, new) = (&old[..old.len() - tail], &new[..new.len() - tail]);
    // How many lines both have from here on.
    let mut common = vec![vec![0_usize; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i][j] =
                if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { common[i + 1][j].max(common[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut told) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && (j == new.len() || common[i + 1][j] >= common[i][j + 1]) {
            told.push(('-', same + i + 1, old[i]));
            i += 1;
        } else {
            told.push(('+', same + j + 1, new[j]));
            j += 1;
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_that_change_are_told_with_their_numbers() {
        let lines = |text: &'static str| text.split(' ').collect::<Vec<_>>();
        let told = |before, after| {
            let all = changes(&lines(before), &lines(after));
            all.iter().map(|(sign, number, line)| format!("{sign}{number}{line}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told("a b c d e", "a x c d y e"), "-2b +2x +5y");
        assert_eq!(told("a b", "a b"), "");
        assert_eq!(told("a", "a b c"), "+2b +3c");
    }
}
