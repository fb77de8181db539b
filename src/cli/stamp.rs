//! The first line of a values file that is checked: whose it is, whether it is the newest, and what was changed since.

use serde_json::{Value, json};

use crate::engine::state::State;
use crate::engine::values::{FileState, OnDisk};
use crate::helm::{Header, leaves};
use crate::model::document::digest;
use crate::model::finding::{Finding, Severity};
use crate::stack::Stack;
use crate::text::{Place, Problem};

/// The question whether the file is this stack's, and the newest.
const STAMP: &str = "values.stamp";

/// What the line says, and what of it does not fit.
pub(super) struct Stamp {
    header: Header,
    line: usize,
    on_disk: OnDisk,
    found: FileState,
    /// What does not fit.
    pub(super) findings: Vec<Finding>,
}

impl Stamp {
    /// That of a file, if it has one.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (header, line, body) = Header::in_file(text)?;
        let on_disk = OnDisk {
            serial: header.serial,
            digest: header.digest.clone(),
            is_as_written: digest(body.as_bytes()) == header.digest,
            keys: leaves(&body).map_err(|problem| problem.message),
        };
        let found = on_disk.found(None, None);
        Some(Self { header, line, on_disk, found, findings: Vec::new() })
    }

    /// Compared with a stack.
    pub(super) fn compared(mut self, stack: &Stack, state: &State) -> Self {
        let Header { stack: name, account, region, serial, .. } = &self.header;
        let written = state.values.as_ref();
        let place = Place { line: self.line, column: 1, width: 1 };
        let (ours, here) = (stack.stack.as_str(), stack.region.as_str());
        let is_ours = name == ours && region == here && (state.account.is_empty() || *account == state.account);
        if !is_ours {
            let what = format!("these are the values of the stack {name} in account {account}, {region}");
            let hint = format!("`ppm-infra values -o FILE` writes those of {ours} in {here}");
            let why = "Package Manager would be installed with another stack's database, bucket and role.";
            self.findings.push(Problem::new(place, "", what, hint).finding(STAMP, Severity::Error, why));
            return self;
        }
        self.found = self.on_disk.found(written, None);
        if let (FileState::Other(_), Some(written)) = (&self.found, written) {
            let last = written.serial;
            let (what, why) = if *serial == last {
                // Printed from a declaration that no apply has seen.
                let what = format!("these are not the values that apply wrote at serial {last}, though they name it");
                (what, "Another declaration than the applied one is in it.")
            } else {
                let what = format!("this is the file of serial {serial}; values were written last at serial {last}");
                (what, "What was declared since is not in it.")
            };
            let problem = Problem::new(place, "", what, "`ppm-infra values -o FILE` writes the newest");
            self.findings.push(problem.finding(STAMP, Severity::Warning, why));
        }
        self
    }

    /// What was changed since, in words.
    pub(super) fn told(&self) -> Option<String> {
        let FileState::Edited(edited) = &self.found else { return None };
        let keys: Vec<&str> = edited.keys.iter().map(|(path, _)| path.as_str()).collect();
        let which = if keys.is_empty() { String::new() } else { format!(": {}", keys.join(", ")) };
        Some(format!("was changed by hand since ppm-infra wrote it{which}"))
    }

    /// For programs.
    pub(super) fn json(&self) -> Value {
        let Header { stack, account, region, serial, .. } = &self.header;
        let keys = match &self.found {
            FileState::Edited(edited) => edited.keys.as_slice(),
            FileState::Missing | FileState::AsWritten | FileState::Other(_) | FileState::Foreign(_) => &[],
        };
        let edits: Vec<Value> = keys.iter().map(|(path, edit)| json!({"path": path, "change": edit.word()})).collect();
        json!({
            "stack": stack, "account": account, "region": region, "serial": serial,
            "as_written": self.on_disk.is_as_written, "edits": edits,
        })
    }
}
