//! `--skip ID=REASON`: a check that somebody answers for.

use std::str::FromStr;

/// A check that somebody answers for, as `--skip` takes it.
#[derive(Clone, Debug)]
pub(super) struct Skip {
    /// Its id.
    pub(super) id: String,
    /// Why its result does not count.
    pub(super) reason: String,
}

impl FromStr for Skip {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, reason) = text.split_once('=').unwrap_or((text, ""));
        if id.trim().is_empty() || reason.trim().is_empty() {
            return Err("a check is skipped with a reason, as in quota.vcpus='raised on Monday'".to_owned());
        }
        Ok(Self { id: id.trim().to_owned(), reason: reason.trim().to_owned() })
    }
}
