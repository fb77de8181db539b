//! What a file holds that somebody named: told by its content, never by its name.

use std::path::Path;

use serde_json::{Map, Value};

use super::exit;
use super::failure::Failure;
use crate::helm::shell_word;
use crate::store::first_kept_line;
use crate::text::{Shape, tree};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileContent {
    /// A declaration, right or wrong.
    Declaration,
    /// A saved plan, perhaps of another version, or cut off.
    SavedPlan,
    /// What a command printed with `--json`.
    Printed,
    /// A lockfile.
    Lockfile,
    /// The journal of a state, perhaps damaged.
    Journal,
    /// A run history, perhaps damaged.
    RunHistory,
    /// Values for the Helm chart.
    Values,
    /// Something else.
    Other,
}

/// Keys of saved plans at their top, of every format. The first saved plans had no key of their own to tell them by.
const PLAN: [&str; 4] = ["ask", "declaration", "digest", "plan"];
/// A key of every run in a history, and of no entry of a journal.
const RUN: &str = "looked_at";
/// Keys of lockfiles at their top.
const LOCKFILE: [&str; 3] = ["lineage", "resources", "serial"];

impl FileContent {
    /// Tells what a text is.
    pub(super) fn of(text: &str) -> Self {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if text.starts_with("# ppm-infra values") || text.starts_with("# Values of the Helm chart rstudio-pm") {
            return Self::Values;
        }
        if text.starts_with('{') {
            // Events come one on a line.
            let first = serde_json::Deserializer::from_str(text).into_iter::<Map<String, Value>>().next();
            let found = match first {
                Some(Ok(fields)) => Self::by_keys(|key| fields.contains_key(key)),
                // A file that was cut off still has its first keys. A mapping of YAML has no quotes around them.
                Some(Err(_)) | None => Self::by_keys(|key| text.contains(&format!("\"{key}\":"))),
            };
            if let Some(found) = found {
                return found;
            }
        }
        if let Some(line) = first_kept_line(text) {
            let fields: Map<String, Value> = serde_json::from_str(line).unwrap_or_default();
            return if fields.contains_key(RUN) { Self::RunHistory } else { Self::Journal };
        }
        let names_a_stack = match tree(text).0.map(|node| node.shape) {
            Some(Shape::Map(members)) => members.iter().any(|member| member.key == "stack"),
            Some(_) => false,
            None => text.lines().any(|line| line.starts_with("stack:")),
        };
        if names_a_stack { Self::Declaration } else { Self::Other }
    }

    fn by_keys(has: impl Fn(&str) -> bool) -> Option<Self> {
        let several = |keys: &[&str]| keys.iter().filter(|key| has(key)).count() > 1;
        // Lockfiles have a declaration and a digest too.
        if (has("ask") || has("plan")) && several(&PLAN) {
            Some(Self::SavedPlan)
        } else if several(&LOCKFILE) {
            Some(Self::Lockfile)
        } else {
            has("schema").then_some(Self::Printed)
        }
    }

    /// Its name, with an article.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Declaration => "a declaration",
            Self::SavedPlan => "a saved plan",
            Self::Printed => "what a command printed with `--json`",
            Self::Lockfile => "a lockfile",
            Self::Journal => "the journal of a state",
            Self::RunHistory => "a run history",
            Self::Values => "a file of Helm values",
            Self::Other => "something else",
        }
    }

    /// The refusal of the file at `path`, which holds this where `wanted` should be: what it is, and which command takes
    /// it.
    pub(super) fn instead_of(self, wanted: Self, path: &Path) -> Failure {
        let file = shell_word(&path.display().to_string());
        let heading = match self {
            Self::Other => format!("{} is not {}", path.display(), wanted.word()),
            Self::Declaration
            | Self::SavedPlan
            | Self::Printed
            | Self::Lockfile
            | Self::Journal
            | Self::RunHistory
            | Self::Values => {
                format!("{} is {}, not {}", path.display(), self.word(), wanted.word())
            }
        };
        Failure::new(exit::USAGE, heading).hint(match self {
            Self::SavedPlan => format!("`ppm-infra apply {file}` carries it out, `ppm-infra show {file}` shows it"),
            Self::Declaration => format!("`ppm-infra plan {file}` plans it, and `-o FILE` saves the plan"),
            Self::Printed | Self::Other => "`ppm-infra plan -o FILE` saves a plan that can be applied".to_owned(),
            Self::Lockfile | Self::Journal | Self::RunHistory => {
                "name the declaration it belongs to, or put that into plans/".to_owned()
            }
            Self::Values => format!("`ppm-infra values --check {file}` checks it"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::digest;

    /// A line as journals and run histories have them.
    fn line(json: &str) -> String {
        format!("{:08x} {} {json}\n", json.len(), &digest(json.as_bytes())[..16])
    }

    #[test]
    fn files_are_told_by_what_is_in_them() {
        let journal = line("{\"journal\":1,\"lineage\":\"l\",\"serial\":3}");
        let runs = line("{\"format\":1,\"run\":\"0a\",\"looked_at\":46}");
        let plan = "{\n  \"ask\": {},\n  \"declaration\": \"plans/a.yaml\",\n  \"digest\": \"0\",\n  \"format\": 1,\n  \"plan\": {}\n}\n";
        for (text, content) in [
            (plan, FileContent::SavedPlan),
            (&format!("\u{feff}\n {plan}"), FileContent::SavedPlan),
            (&plan[..plan.len() / 2], FileContent::SavedPlan),
            (&plan.replace("\"plan\": {}", "\"other\": {}"), FileContent::SavedPlan),
            (
                "{\"declaration\": \"a\", \"digest\": \"0\", \"lineage\": \"1\", \"resources\": {}, \"serial\": 3}",
                FileContent::Lockfile,
            ),
            ("{\"declaration\": \"a\", \"digest\": \"0\", \"lineage\": \"1\", \"resources\": {", FileContent::Lockfile),
            ("{\"command\":\"plan\",\"schema\":1}\n", FileContent::Printed),
            ("{\"at\":\"now\",\"schema\":1}\n{\"at\":\"then\",\"schema\":1}\n", FileContent::Printed),
            (&journal, FileContent::Journal),
            (&runs, FileContent::RunHistory),
            (&format!("{}{runs}", &runs[..20]), FileContent::Other),
            (&format!("0000 {}\n{runs}", &runs[..20]), FileContent::RunHistory),
            (&runs.replace("46", "47"), FileContent::Other),
            ("# ppm-infra values: stack a\n", FileContent::Values),
            ("# Values of the Helm chart rstudio-pm 0.20.4 for release\n", FileContent::Values),
            // A declaration may be written as JSON, and in braces without being JSON.
            ("{\"stack\": \"ppm\", \"region\": \"us-east-1\"}", FileContent::Declaration),
            ("{stack: ppm, region: us-east-1}", FileContent::Declaration),
            ("stack: ppm\nregion: us-east-1\n", FileContent::Declaration),
            ("stack: ppm\nregion: [\n", FileContent::Declaration),
            ("", FileContent::Other),
            ("{", FileContent::Other),
            ("fullnameOverride: ppm\n", FileContent::Other),
            ("[1, 2]", FileContent::Other),
        ] {
            assert_eq!(FileContent::of(text), content, "{text}");
        }
    }
}
