//! What is asked on the command line beside the declaration, and how it is typed again.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::engine::Request;
use crate::helm::shell_word;
use crate::report::Goal;

/// The word by which an older Package Manager is named.
pub(super) const DOWNGRADE: &str = "package-manager";

/// What is asked beside the declaration.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// Of the planner.
    pub(super) request: Request,
    /// That a database goes without a last snapshot.
    pub(super) no_final_snapshot: bool,
    /// That Package Manager may become older.
    pub(super) downgrade: bool,
}

impl Ask {
    /// How it is asked on the command line, of `plan` or of the command that does it.
    pub(super) fn options(&self, of_plan: bool) -> String {
        let Self { request: Request { destroy, delete_data, replace }, no_final_snapshot, downgrade } = self;
        let mut options = String::new();
        if *destroy && of_plan {
            options += " --destroy";
        }
        if !delete_data.is_empty() {
            let words: Vec<&str> = delete_data.iter().map(String::as_str).collect();
            options.extend([" --delete-data ", &words.join(",")]);
        }
        if *no_final_snapshot {
            options += " --no-final-snapshot";
        }
        for address in replace {
            options.extend([" --replace ", &address.to_string()]);
        }
        if *downgrade {
            options.extend([" --downgrade ", DOWNGRADE]);
        }
        options
    }

    /// As [`Ask::options`] of the command that does it, with where the values go.
    pub(super) fn options_with(&self, values: Option<&Path>) -> String {
        let values = values.map(|path| format!(" --values {}", shell_word(&path.display().to_string())));
        self.options(false) + &values.unwrap_or_default()
    }

    /// What the plan is for.
    pub(super) fn goal(&self) -> Goal {
        if self.request.destroy { Goal::Destroy } else { Goal::Converge }
    }
}
