//! How the checks of a plan are asked for, and which of them somebody answers for.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::failure::Failure;
use super::skip::Skip;
use super::{credentials, exit};
use crate::architecture::checks;
use crate::model::finding::Check;
use crate::text::nearest;

/// How the checks of a plan are asked for.
#[derive(Clone, Debug)]
pub(super) struct Checking {
    /// Whether what takes a second or more is asked as well.
    pub(super) is_thorough: bool,
    /// Whether a database that goes leaves a last snapshot.
    pub(super) makes_final_snapshot: bool,
    /// When the credentials end, if the environment says so.
    pub(super) credentials_end: Option<Timestamp>,
    /// Checks that somebody answers for, each with the reason.
    skipped: BTreeMap<&'static str, String>,
}

impl Default for Checking {
    fn default() -> Self {
        Self { is_thorough: false, makes_final_snapshot: true, credentials_end: None, skipped: BTreeMap::new() }
    }
}

impl Checking {
    /// That of a command which only looks.
    ///
    /// # Errors
    /// When no check has an id that is skipped.
    pub(super) fn looking(skips: &[Skip]) -> Result<Self, Failure> {
        let known = checks::ids();
        let mut skipped = BTreeMap::new();
        for Skip { id, reason } in skips {
            let Some(id) = known.iter().copied().find(|known| known == id) else {
                let failure = Failure::new(exit::USAGE, format!("there is no check {id}"));
                let failure = match nearest(id, known.iter().copied()) {
                    Some(meant) => failure.hint(format!("did you mean {meant}?")),
                    None => failure,
                };
                return Err(failure.hint("docs/checks.md lists all of them"));
            };
            skipped.insert(id, reason.clone());
        }
        Ok(Self { credentials_end: credentials::end(), skipped, ..Self::default() })
    }

    /// That of a command which is about to write.
    ///
    /// # Errors
    /// As [`Checking::looking`].
    pub(super) fn before_writing(skips: &[Skip]) -> Result<Self, Failure> {
        Ok(Self { is_thorough: true, ..Self::looking(skips)? })
    }

    /// The same where a database may go without a last snapshot.
    pub(super) fn with_final_snapshot(self, makes_final_snapshot: bool) -> Self {
        Self { makes_final_snapshot, ..self }
    }

    /// The checks with those that somebody answers for marked as such: what they found does not count.
    pub(super) fn marked(&self, all: Vec<Check>) -> Vec<Check> {
        let mark = |check: Check| match self.skipped.get(check.id) {
            Some(reason) => Check { skipped: Some(reason.clone()), ..check },
            None => check,
        };
        all.into_iter().map(mark).collect()
    }
}
