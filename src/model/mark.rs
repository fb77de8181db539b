//! The marks of ownership that every object carries from birth.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::Address;

/// How the keys of all marks begin.
pub const TAG_PREFIX: &str = "ppm-infra:";
/// Tag with the stack an object belongs to.
pub const STACK_TAG: &str = "ppm-infra:stack";
/// Tag with the address of an object in its stack.
pub const ADDRESS_TAG: &str = "ppm-infra:address";
/// Tag with the attempt that made an object: distinguishes it from a twin of an earlier run.
pub const ATTEMPT_TAG: &str = "ppm-infra:attempt";

/// What stands between the name of a database and the rest of that of a snapshot which we made of it. Its tags do not tell it
/// from a copy of somebody: RDS copies those of the database to every snapshot (RDS API Reference, `CopyTagsToSnapshot`).
pub const FINAL_SNAPSHOT: &str = "-final-";

/// Who an object belongs to and which attempt made it, fixed in the journal before the first call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The stack.
    pub stack: String,
    /// The address in the stack.
    pub address: Address,
    /// A fresh id for each attempt at making an object: 32 hex digits.
    pub attempt: String,
}

impl Mark {
    /// The client token of the `n`-th tokened call of this attempt; at most 64 ASCII characters, as EC2 asks.
    pub fn token(&self, n: u32) -> String {
        format!("ppm-infra-{}-{n}", self.attempt)
    }

    /// A short suffix for names of which two generations must be able to stand side by side.
    pub fn suffix(&self) -> &str {
        self.attempt.get(..6).unwrap_or(&self.attempt)
    }

    /// `tags` and the marks of ownership, for the create call.
    pub fn tags(&self, tags: &Tags) -> Tags {
        let mut all = tags.clone();
        all.insert(STACK_TAG.to_owned(), self.stack.clone());
        all.insert(ADDRESS_TAG.to_owned(), self.address.to_string());
        all.insert(ATTEMPT_TAG.to_owned(), self.attempt.clone());
        all
    }
}

/// Tags of an object by key.
pub type Tags = BTreeMap<String, String>;
