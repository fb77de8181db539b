//! What the file of Helm values holds: what was written last, what would be written next, what somebody changed in it.
//!
//! Promises: pure; the same sides give the same plan. A value that came from the declaration's free settings is kept as
//! a digest, never in the open.
//!
//! Leaves to others what the keys mean, and the file itself.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::diff::Shown;
use crate::model::document::{canonical, digest};

/// Hexadecimal digits that are kept of the digest of one value: enough to see a change.
const DIGITS: usize = 16;

/// What was written last, as the lockfile remembers it: a plan is made also where the file is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// The file, as given.
    pub file: String,
    /// SHA-256 of the file below its first line.
    pub digest: String,
    /// Serial of the state with which this content was first written.
    pub serial: u64,
    /// What it installs.
    pub release: ValuesRelease,
    /// Every key with its value.
    pub keys: BTreeMap<String, Value>,
    /// Every key whose value came from the declaration's free settings, with the beginning of its digest.
    pub settings: BTreeMap<String, String>,
}

/// What values install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesRelease {
    /// Version of the chart.
    pub chart: String,
    /// Version of the application, where it is known.
    pub application: Option<String>,
}

/// Values as keys. What is not known yet is [`Shown::AfterApply`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuesContent {
    /// What they install.
    pub release: ValuesRelease,
    /// Every key.
    pub keys: BTreeMap<String, Shown>,
    /// The keys among them that come from the declaration's free settings.
    pub settings: BTreeSet<String>,
    /// Whether installing them stops every pod before new ones start.
    pub stops_all_pods: bool,
}

/// The file as it is on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnDisk {
    /// The serial in its first line.
    pub serial: u64,
    /// The digest in its first line.
    pub digest: String,
    /// Whether that is the digest of what is below.
    pub is_as_written: bool,
    /// What is below; or why it is not YAML any more.
    pub keys: Result<BTreeMap<String, Value>, String>,
}

/// What an apply does about the values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValuesPlan {
    /// Where they are written.
    pub file: String,
    /// What they are compared with.
    pub basis: Basis,
    /// What the values before installed, where it is known.
    pub from: Option<ValuesRelease>,
    /// What they will install.
    pub to: ValuesRelease,
    /// The keys that change, in their order.
    pub changes: Vec<ValueDiff>,
    /// What the file on this machine is.
    pub found: FileState,
    /// Whether installing them stops every pod before new ones start.
    pub stops_all_pods: bool,
    /// Whether something older is installed.
    pub is_downgrade: bool,
    /// Digest of everything that will be written, as far as it is known.
    pub outcome: String,
}

/// What values are compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Basis {
    /// With nothing: they are written for the first time.
    Nothing,
    /// With nothing but the version, because it is not recorded what was written last.
    Unrecorded,
    /// With what the lockfile remembers of the values written with this serial.
    Recorded(u64),
    /// With the file on this machine, which was written with this serial.
    File(u64),
}

/// One key whose value changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueDiff {
    /// The key.
    pub path: String,
    /// Its value now; [`Shown::Nothing`] if it has none. Nothing at all if it has another one that is not kept.
    pub before: Option<Shown>,
    /// Its value then.
    pub after: Shown,
}

/// What the file on this machine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FileState {
    /// It is not there.
    Missing,
    /// As it was written last.
    AsWritten,
    /// As it was written, but with another serial than last.
    Other(u64),
    /// Changed by hand since it was written.
    Edited(Edited),
    /// Something else is there: what it is.
    Foreign(String),
}

/// What was changed by hand. Keys alone: the values may be secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edited {
    /// The keys, in their order; none if only comments or the layout changed.
    pub keys: Vec<(String, Edit)>,
    /// Why the file is not YAML any more.
    pub unreadable: Option<String>,
}

/// What was done to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// It has another value.
    Changed,
    /// It is new.
    Added,
    /// It is not there any more.
    Removed,
}

impl Edit {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

impl Written {
    /// What is remembered of `keys` written to `file`, of which those in `settings` are kept as digests.
    pub fn of(
        file: String,
        body: &str,
        serial: u64,
        release: ValuesRelease,
        keys: BTreeMap<String, Value>,
        settings: &BTreeSet<String>,
    ) -> Self {
        let (hidden, keys): (BTreeMap<_, _>, BTreeMap<_, _>) =
            keys.into_iter().partition(|(path, _)| settings.contains(path));
        let settings = hidden.into_iter().map(|(path, value)| {
            let sum = sum(&path, &value);
            (path, sum)
        });
        Self { file, digest: digest(body.as_bytes()), serial, release, keys, settings: settings.collect() }
    }

    /// Whether the key has this value.
    fn holds(&self, path: &str, value: &Value) -> bool {
        self.keys.get(path) == Some(value) || self.settings.get(path).is_some_and(|kept| *kept == sum(path, value))
    }

    fn paths(&self) -> impl Iterator<Item = &String> {
        self.keys.keys().chain(self.settings.keys())
    }
}

fn sum(path: &str, value: &Value) -> String {
    let mut sum = digest(canonical(&json!([path, value])).as_bytes());
    sum.truncate(DIGITS);
    sum
}

impl ValuesPlan {
    /// Compares the values that would be written to `file` with those written last: as the lockfile remembers them, else
    /// as the file on this machine holds them. `before` is what was installed last, if only that is known; `is_new` says
    /// that nothing of the stack stands yet.
    pub fn of(
        file: String,
        wanted: &ValuesContent,
        written: Option<&Written>,
        on_disk: Option<&OnDisk>,
        before: Option<ValuesRelease>,
        is_new: bool,
    ) -> Self {
        let whole = on_disk.filter(|disk| disk.is_as_written);
        let current = whole.filter(|disk| written.is_some_and(|written| written.digest == disk.digest));
        let as_held = |disk: &OnDisk| disk.keys.clone().unwrap_or_default();
        let (basis, changes) = match (written, whole) {
            (Some(written), _) => {
                let held = current.map(as_held).unwrap_or_default();
                (Basis::Recorded(written.serial), since(written, &held, &wanted.keys))
            }
            (None, Some(disk)) => (Basis::File(disk.serial), between(&as_held(disk), &wanted.keys)),
            (None, None) if is_new => (Basis::Nothing, between(&BTreeMap::new(), &wanted.keys)),
            (None, None) => (Basis::Unrecorded, Vec::new()),
        };
        let found = on_disk.map_or(FileState::Missing, |disk| disk.found(written, Some(wanted)));
        Self {
            file,
            basis,
            from: written.map(|written| written.release.clone()).or(before),
            to: wanted.release.clone(),
            changes,
            found,
            stops_all_pods: wanted.stops_all_pods,
            is_downgrade: false,
            outcome: digest(canonical(&outcome(wanted)).as_bytes()),
        }
    }

    /// Whether another chart is installed.
    pub fn is_other_chart(&self) -> bool {
        self.from.as_ref().is_some_and(|from| from.chart != self.to.chart)
    }

    /// How many keys change; the chart counts as one.
    pub fn count(&self) -> usize {
        self.changes.len() + usize::from(self.is_other_chart())
    }

    /// Whether an apply writes something else than what was written last, or puts back what somebody changed.
    pub fn is_change(&self) -> bool {
        self.basis == Basis::Nothing || self.count() > 0 || matches!(self.found, FileState::Edited(_))
    }
}

impl OnDisk {
    /// What the file is, given what was written last; where that is not known, given what would be written.
    pub fn found(&self, written: Option<&Written>, wanted: Option<&ValuesContent>) -> FileState {
        if self.is_as_written {
            let is_last = written.is_none_or(|written| written.digest == self.digest);
            return if is_last { FileState::AsWritten } else { FileState::Other(self.serial) };
        }
        let keys = match &self.keys {
            Ok(keys) => keys,
            Err(why) => return FileState::Edited(Edited { keys: Vec::new(), unreadable: Some(why.clone()) }),
        };
        let known = |path: &str, value: &Value| match (written, wanted) {
            (Some(written), _) => written.holds(path, value),
            (None, Some(wanted)) => wanted.keys.get(path) == Some(&Shown::Value(value.clone())),
            (None, None) => true,
        };
        let there: BTreeSet<&String> = match (written, wanted) {
            (Some(written), _) => written.paths().collect(),
            (None, Some(wanted)) => wanted.keys.keys().collect(),
            (None, None) => keys.keys().collect(),
        };
        let mut edits: BTreeMap<&String, Edit> = BTreeMap::new();
        for (path, value) in keys {
            if !there.contains(path) {
                edits.insert(path, Edit::Added);
            } else if !known(path, value) {
                edits.insert(path, Edit::Changed);
            }
        }
        edits.extend(there.into_iter().filter(|path| !keys.contains_key(*path)).map(|path| (path, Edit::Removed)));
        let keys = edits.into_iter().map(|(path, edit)| (path.clone(), edit)).collect();
        FileState::Edited(Edited { keys, unreadable: None })
    }
}

/// What changes against what is remembered. `held` has the values of the file on this machine, if that is the one
/// remembered.
fn since(written: &Written, held: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Shown>) -> Vec<ValueDiff> {
    let paths: BTreeSet<&String> = written.paths().chain(wanted.keys()).collect();
    let diff = |path: &String| {
        let after = wanted.get(path).cloned().unwrap_or(Shown::Nothing);
        if matches!(&after, Shown::Value(value) if written.holds(path, value)) {
            return None;
        }
        let before = match (written.keys.get(path), written.settings.get(path)) {
            (Some(value), _) => Some(Shown::Value(value.clone())),
            (None, Some(_)) => held.get(path).map(|value| Shown::Value(value.clone())),
            (None, None) => Some(Shown::Nothing),
        };
        Some(ValueDiff { path: path.clone(), before, after })
    };
    paths.into_iter().filter_map(diff).collect()
}

fn between(before: &BTreeMap<String, Value>, wanted: &BTreeMap<String, Shown>) -> Vec<ValueDiff> {
    let paths: BTreeSet<&String> = before.keys().chain(wanted.keys()).collect();
    let diff = |path: &String| {
        let old = before.get(path).map_or(Shown::Nothing, |value| Shown::Value(value.clone()));
        let after = wanted.get(path).cloned().unwrap_or(Shown::Nothing);
        (old != after).then(|| ValueDiff { path: path.clone(), before: Some(old), after })
    };
    paths.into_iter().filter_map(diff).collect()
}

fn outcome(wanted: &ValuesContent) -> Value {
    json!({"chart": wanted.release.chart, "keys": wanted.keys})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(chart: &str) -> ValuesRelease {
        ValuesRelease { chart: chart.to_owned(), application: None }
    }

    fn keys(pairs: &[(&str, Value)]) -> BTreeMap<String, Value> {
        pairs.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect()
    }

    fn wanted(pairs: &[(&str, Value)]) -> ValuesContent {
        let keys = keys(pairs).into_iter().map(|(path, value)| (path, Shown::Value(value))).collect();
        let settings = ["config.Git.PollInterval".to_owned()].into();
        ValuesContent { release: release("0.20.4"), keys, settings, stops_all_pods: false }
    }

    fn base() -> Vec<(&'static str, Value)> {
        vec![("config.Git.PollInterval", json!("5m")), ("image.tag", json!("a")), ("replicas", json!(3))]
    }

    fn written(pairs: &[(&str, Value)]) -> Written {
        let content = wanted(pairs);
        Written::of("out/a.yaml".to_owned(), "body", 7, release("0.20.4"), keys(pairs), &content.settings)
    }

    fn on_disk(pairs: &[(&str, Value)], is_as_written: bool) -> OnDisk {
        OnDisk { serial: 7, digest: digest(b"body"), is_as_written, keys: Ok(keys(pairs)) }
    }

    fn plan(to: &ValuesContent, written: Option<&Written>, disk: Option<&OnDisk>) -> ValuesPlan {
        ValuesPlan::of("out/a.yaml".to_owned(), to, written, disk, None, false)
    }

    fn told(plan: &ValuesPlan) -> Vec<(&str, Option<Value>, Value)> {
        let value = |shown: &Shown| match shown {
            Shown::Value(value) => value.clone(),
            Shown::AfterApply(address) => json!(address),
            Shown::Nothing => Value::Null,
        };
        let row = |diff: &ValueDiff| (diff.before.as_ref().map(value), value(&diff.after));
        plan.changes.iter().map(|diff| (diff.path.as_str(), row(diff).0, row(diff).1)).collect()
    }

    #[test]
    fn settings_are_kept_as_digests_and_a_change_of_them_is_seen() {
        let written = written(&base());
        assert_eq!(written.settings.keys().collect::<Vec<_>>(), ["config.Git.PollInterval"]);
        assert!(!serde_json::to_string(&written).unwrap().contains("5m"));
        assert!(!plan(&wanted(&base()), Some(&written), None).is_change());

        let mut pairs = base();
        pairs[0].1 = json!("10m");
        let changed = plan(&wanted(&pairs), Some(&written), None);
        assert_eq!(told(&changed), [("config.Git.PollInterval", None, json!("10m"))]);
        // The file on this machine knows what it was, if it is the one that was written last.
        let here = on_disk(&base(), true);
        let changed = plan(&wanted(&pairs), Some(&written), Some(&here));
        assert_eq!(told(&changed), [("config.Git.PollInterval", Some(json!("5m")), json!("10m"))]);
        let other = OnDisk { digest: "other".to_owned(), ..here };
        assert_eq!(told(&plan(&wanted(&pairs), Some(&written), Some(&other)))[0].1, None);
    }

    #[test]
    fn keys_change_come_and_go() {
        let written = written(&base());
        let to = wanted(&[("config.Git.PollInterval", json!("5m")), ("new", json!([])), ("replicas", json!(2))]);
        let plan = plan(&to, Some(&written), None);
        assert_eq!(plan.basis, Basis::Recorded(7));
        let expected = [
            ("image.tag", Some(json!("a")), Value::Null),
            ("new", Some(Value::Null), json!([])),
            ("replicas", Some(json!(3)), json!(2)),
        ];
        assert_eq!(told(&plan), expected);
        assert_eq!((plan.count(), plan.is_change()), (3, true));
    }

    #[test]
    fn what_is_known_later_differs_and_has_an_outcome_of_its_own() {
        let written = written(&base());
        let mut to = wanted(&base());
        let before = plan(&to, Some(&written), None);
        to.keys.insert("replicas".to_owned(), Shown::AfterApply("database.main".parse().unwrap()));
        let after = plan(&to, Some(&written), None);
        assert_eq!(told(&after), [("replicas", Some(json!(3)), json!("database.main"))]);
        assert_ne!(before.outcome, after.outcome);
    }

    #[test]
    fn another_chart_is_a_change_and_counts_as_one() {
        let written = written(&base());
        let to = ValuesContent { release: release("0.20.3"), ..wanted(&base()) };
        let changed = plan(&to, Some(&written), None);
        assert_eq!((changed.is_other_chart(), changed.count(), changed.is_change()), (true, 1, true));
        assert_ne!(changed.outcome, plan(&wanted(&base()), Some(&written), None).outcome);
        // Of values that an older program wrote, the version alone is known.
        let before = Some(release("0.20.4"));
        let old = ValuesPlan::of(String::new(), &to, None, None, before.clone(), false);
        assert_eq!((old.basis, old.is_change()), (Basis::Unrecorded, true));
        let same = ValuesPlan::of(String::new(), &wanted(&base()), None, None, before, false);
        assert_eq!((same.basis, same.is_change()), (Basis::Unrecorded, false));
    }

    #[test]
    fn without_a_record_the_file_is_what_was_written() {
        let here = on_disk(&base(), true);
        assert!(!plan(&wanted(&base()), None, Some(&here)).is_change());
        let mut pairs = base();
        pairs[2].1 = json!(2);
        let changed = plan(&wanted(&pairs), None, Some(&here));
        assert_eq!((changed.basis, told(&changed)), (Basis::File(7), vec![("replicas", Some(json!(3)), json!(2))]));
        let first = ValuesPlan::of(String::new(), &wanted(&base()), None, None, None, true);
        assert_eq!((first.basis, first.count(), first.is_change()), (Basis::Nothing, 3, true));
    }

    #[test]
    fn what_somebody_changed_is_told_by_its_keys() {
        let written = written(&base());
        let mut pairs = base();
        pairs[0].1 = json!("1m");
        pairs.remove(1);
        pairs.push(("extra", json!("hunter2")));
        let edited = on_disk(&pairs, false);
        for to in [Some(&written), None] {
            let plan = plan(&wanted(&base()), to, Some(&edited));
            let FileState::Edited(found) = &plan.found else { panic!("{:?}", plan.found) };
            let told: Vec<_> = found.keys.iter().map(|(path, edit)| (path.as_str(), *edit)).collect();
            let expected =
                [("config.Git.PollInterval", Edit::Changed), ("extra", Edit::Added), ("image.tag", Edit::Removed)];
            assert_eq!(told, expected);
            assert!(plan.is_change());
            assert!(!serde_json::to_string(&plan).unwrap().contains("hunter2"));
        }
        // Comments alone: changed, and no key of it.
        let layout = on_disk(&base(), false).found(Some(&written), None);
        assert_eq!(layout, FileState::Edited(Edited::default()));
        let broken = OnDisk { keys: Err("line 3".to_owned()), ..edited };
        let FileState::Edited(found) = broken.found(Some(&written), None) else { panic!() };
        assert_eq!(found.unreadable.as_deref(), Some("line 3"));
    }

    #[test]
    fn a_file_of_another_run_is_no_edit() {
        let written = written(&base());
        let older = OnDisk { serial: 5, digest: "older".to_owned(), ..on_disk(&base(), true) };
        assert_eq!(older.found(Some(&written), None), FileState::Other(5));
        assert!(!plan(&wanted(&base()), Some(&written), Some(&older)).is_change());
        assert_eq!(on_disk(&base(), true).found(Some(&written), None), FileState::AsWritten);
    }
}
