//! What was found when a resource was looked for.

use serde::{Deserialize, Serialize};

use super::resource::Known;

/// What was found at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Observation {
    /// It is there, told in the shape of the declaration.
    Present {
        /// What is there.
        known: Known,
        /// What is worth knowing and no difference, such as "16.8 is newer than 16.4".
        notes: Vec<String>,
        /// Whether it is at rest: neither being made nor being changed. Found without a record and not at rest, it is
        /// waited for before anything relies on it.
        settled: bool,
    },
    /// It is not there.
    Absent,
    /// Something is there under the name we would use, and it is not ours.
    Foreign {
        /// The id or name of that object.
        id: String,
        /// What shows that it is not ours.
        because: String,
    },
    /// It could not be read: neither there nor gone.
    Unread {
        /// What went wrong.
        error: String,
    },
}
