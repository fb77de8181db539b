//! What differs from the last run that looked for drift: new, changed, resolved, still there.
//!
//! Promises: a finding is known by its id and its subject, whatever its values are. What could not be looked for is neither
//! resolved nor new: it is taken over from the run before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::document::digest;
use crate::model::finding::{Finding, Severity, Subject};
pub use crate::store::runs::{
    FORMAT, NoticeRecord, RunBaseline, RunChanges, RunEntry, RunFinding, RunHistory, RunKind, RunOutcome, StepTime,
};

/// So many hexadecimal digits of a digest tell values apart.
const DIGITS: usize = 16;

/// How a finding stands to the run before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It was not there; or there was no run before.
    New,
    /// Its value or its severity was another.
    Changed,
    /// It was there as it is.
    Same,
}

/// The findings of a run, beside those of the run before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since<'a> {
    /// The run before, if any is known.
    pub last: Option<&'a RunEntry>,
    /// The findings of this run in their order, each with how it stands.
    pub findings: Vec<(Standing, RunFinding)>,
    /// What the run before found, and this one would have found if it were still so.
    pub resolved: Vec<&'a RunFinding>,
    /// What the run before found, of objects that could not be read.
    pub taken_over: Vec<&'a RunFinding>,
}

impl<'a> Since<'a> {
    /// Compares what was found at the time `at` with the run before.
    pub fn of(findings: &[&Finding], last: Option<&'a RunEntry>, at: Timestamp) -> Self {
        let mut before: BTreeMap<(String, String), Vec<&RunFinding>> = BTreeMap::new();
        for one in last.into_iter().flat_map(|last| last.findings.iter().rev()) {
            before.entry((one.id.clone(), one.subject.clone())).or_default().push(one);
        }
        let found = findings.iter().map(|finding| {
            let mut one = known(finding, at);
            let earlier = before.get_mut(&(one.id.clone(), one.subject.clone())).and_then(Vec::pop);
            let standing = match earlier {
                None => Standing::New,
                Some(earlier) if (&earlier.value, &earlier.severity) != (&one.value, &one.severity) => {
                    Standing::Changed
                }
                Some(_) => Standing::Same,
            };
            one.first_seen = earlier.map_or(at, |earlier| earlier.first_seen);
            (standing, one)
        });
        let found: Vec<_> = found.collect();
        let unread: BTreeSet<String> =
            findings.iter().filter(|one| one.severity == Severity::Unknown).map(|one| object(&one.subject)).collect();
        let rest = before.into_values().flatten();
        let (taken_over, resolved) =
            rest.partition(|one| unread.contains(one.address.as_ref().unwrap_or(&one.subject)));
        Self { last, findings: found, resolved, taken_over }
    }

    /// How many differ.
    pub fn changes(&self) -> RunChanges {
        let count = |standing| self.findings.iter().filter(|(one, _)| *one == standing).count();
        RunChanges { new: count(Standing::New), changed: count(Standing::Changed), resolved: self.resolved.len() }
    }

    /// What the next run has to know: what was found, and what could not be looked for.
    pub fn remembered(&self) -> Vec<RunFinding> {
        let taken_over = self.taken_over.iter().map(|one| RunFinding { taken_over: true, ..(*one).clone() });
        self.findings.iter().map(|(_, one)| one.clone()).chain(taken_over).collect()
    }
}

/// A finding as it is remembered, seen at the time `at`.
fn known(finding: &Finding, at: Timestamp) -> RunFinding {
    // Why something could not be found out is said in other words each time: with the id of a request.
    let is_known = finding.severity != Severity::Unknown;
    RunFinding {
        id: finding.id.to_owned(),
        subject: finding.subject.to_string(),
        address: match &finding.subject {
            Subject::Resource(address) | Subject::Field(address, _) => Some(address.to_string()),
            Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => None,
        },
        value: if is_known { digest(finding.what.as_bytes())[..DIGITS].to_owned() } else { String::new() },
        severity: finding.word().to_owned(),
        what: finding.what.clone(),
        first_seen: at,
        taken_over: false,
    }
}

/// What cannot be looked at where this is not known.
fn object(subject: &Subject) -> String {
    match subject {
        Subject::Resource(address) | Subject::Field(address, _) => address.to_string(),
        Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => subject.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + hour * 3600).unwrap()
    }

    fn finding(id: &'static str, subject: &str, severity: Severity, what: &str) -> Finding {
        let subject = match subject.split_once(' ') {
            Some((address, path)) => Subject::Field(address.parse().unwrap(), path.to_owned()),
            None if subject.contains('/') => Subject::File(subject.to_owned()),
            None => Subject::Resource(subject.parse().unwrap()),
        };
        Finding { severity, subject, ..Finding::error(id, &"vpc.main".parse().unwrap(), what.to_owned()) }
    }

    fn days(n: u32) -> Finding {
        finding("drift.changed", "database.main backup_days", Severity::Warning, &format!("recorded 7, found {n}"))
    }

    fn gone(address: &str) -> Finding {
        finding("drift.missing", address, Severity::Error, "it is gone")
    }

    fn unread(address: &str) -> Finding {
        finding("drift.unread", address, Severity::Unknown, "request id 1")
    }

    /// The entry of a run that found this after `last`.
    fn after(last: Option<&RunEntry>, hour: i64, found: &[Finding]) -> RunEntry {
        let since = Since::of(&found.iter().collect::<Vec<_>>(), last, at(hour));
        RunEntry {
            format: FORMAT,
            run: format!("{hour:08}"),
            at: at(hour),
            kind: RunKind::Drift,
            tool: "0.0.0".to_owned(),
            serial: 3,
            outcome: RunOutcome::Drifted,
            elapsed_ms: 1,
            looked_at: 46,
            changes: since.changes(),
            findings: since.remembered(),
            steps: Vec::new(),
            baseline: None,
            notices: BTreeMap::new(),
        }
    }

    fn changes(new: usize, changed: usize, resolved: usize) -> RunChanges {
        RunChanges { new, changed, resolved }
    }

    #[test]
    fn what_is_new_changed_resolved_and_still_there_is_told_apart() {
        let first = after(None, 0, &[days(1), gone("nat_gateway.a")]);
        assert_eq!(first.changes, changes(2, 0, 0), "without a run before, everything is new");
        let second = after(Some(&first), 1, &[days(2), gone("nat_gateway.a"), gone("nat_gateway.b")]);
        assert_eq!(second.changes, changes(1, 1, 0));
        assert_eq!(second.findings.iter().map(|one| one.first_seen).collect::<Vec<_>>(), [at(0), at(0), at(1)]);
        let third = after(Some(&second), 2, &[gone("nat_gateway.a")]);
        assert_eq!(third.changes, changes(0, 0, 2));
        let back = after(Some(&third), 3, &[days(2), gone("nat_gateway.a")]);
        assert_eq!((back.changes, back.findings[0].first_seen), (changes(1, 0, 0), at(3)), "it was gone between");
    }

    #[test]
    fn what_could_not_be_read_is_neither_resolved_nor_new_when_it_can_be_again() {
        let first = after(None, 0, &[days(1), gone("nat_gateway.a")]);
        let second = after(Some(&first), 1, &[unread("database.main")]);
        assert_eq!(second.changes, changes(1, 0, 1));
        let carried: Vec<_> = second.findings.iter().filter(|one| one.taken_over).collect();
        assert_eq!(carried.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["database.main backup_days"]);
        let third = after(Some(&second), 2, &[days(1)]);
        assert_eq!((third.changes, third.findings[0].first_seen), (changes(0, 0, 1), at(0)));
        assert!(!third.findings[0].taken_over);
        // The words of the refusal differ each time, and are no change.
        let other = finding("drift.unread", "database.main", Severity::Unknown, "request id 2");
        assert_eq!(after(Some(&second), 2, &[other]).changes, changes(0, 0, 0));
        let missing = finding("drift.values_missing", "out/a.yaml", Severity::Unknown, "it is not here");
        let edited = after(None, 0, &[finding("drift.values_edited", "out/a.yaml", Severity::Warning, "x")]);
        assert_eq!(after(Some(&edited), 1, &[missing]).changes, changes(1, 0, 0));
    }

    #[test]
    fn two_of_the_same_id_and_subject_are_two() {
        let first = after(None, 0, &[days(1), days(2)]);
        assert_eq!(after(Some(&first), 1, &[days(1), days(2)]).changes, changes(0, 0, 0));
        assert_eq!(after(Some(&first), 1, &[days(1)]).changes, changes(0, 0, 1));
        assert_eq!(after(Some(&first), 1, &[days(1), days(2), days(3)]).changes, changes(1, 0, 0));
    }

    #[test]
    fn another_severity_is_a_change() {
        let first = after(None, 0, &[days(1)]);
        let worse = Finding { severity: Severity::Error, ..days(1) };
        assert_eq!(after(Some(&first), 1, &[worse]).changes, changes(0, 1, 0));
    }
}
