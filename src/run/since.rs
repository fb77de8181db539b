//! What differs from the last run that looked for drift: new, changed, resolved, still there.
//!
//! Promises: a finding is known by its id and its subject, whatever its values are. What could not be looked for, or was not, is neither
//! resolved nor new: it is taken over from the run before. What is waived is not resolved; once it is not waived any more,
//! it is new: the run before did not count it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::LookScope;
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
    /// It was waived, and counts again.
    Returned,
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
    /// What the run before found, of what could not be read or was not looked at.
    pub taken_over: Vec<&'a RunFinding>,
    /// What this run found and does not count, because somebody answers for it.
    pub waived: Vec<RunFinding>,
    /// What of it the run before found and counted.
    pub now_waived: Vec<&'a RunFinding>,
}

impl<'a> Since<'a> {
    /// Compares what a look at `scope` found at the time `at`, and what of it is waived, with the run before.
    pub fn of(
        scope: &LookScope,
        findings: &[&Finding],
        waived: &[&Finding],
        last: Option<&'a RunEntry>,
        at: Timestamp,
    ) -> Self {
        let mut before = Before::of(last);
        let found = findings.iter().map(|finding| {
            let mut one = known(finding, at);
            let earlier = before.take(&one);
            let standing = match earlier {
                None => Standing::New,
                Some(earlier) if earlier.waived => Standing::Returned,
                Some(earlier) if (&earlier.value, &earlier.severity) != (&one.value, &one.severity) => {
                    Standing::Changed
                }
                Some(_) => Standing::Same,
            };
            one.first_seen = earlier.map_or(at, |earlier| earlier.first_seen);
            (standing, one)
        });
        let found: Vec<_> = found.collect();
        let mut now_waived = Vec::new();
        let waived = waived.iter().map(|finding| {
            let mut one = RunFinding { waived: true, ..known(finding, at) };
            if let Some(earlier) = before.take(&one) {
                one.first_seen = earlier.first_seen;
                now_waived.extend((!earlier.waived).then_some(earlier));
            }
            one
        });
        let waived = waived.collect();
        let unread: BTreeSet<String> =
            findings.iter().filter(|one| one.severity == Severity::Unknown).map(|one| object(&one.subject)).collect();
        let is_unknown =
            |one: &&RunFinding| !is_within(scope, one) || unread.contains(one.address.as_ref().unwrap_or(&one.subject));
        let (taken_over, resolved) = before.rest().partition(is_unknown);
        Self { last, findings: found, resolved, taken_over, waived, now_waived }
    }

    /// How many differ.
    pub fn changes(&self) -> RunChanges {
        let mut changes = RunChanges { resolved: self.resolved.len(), ..RunChanges::default() };
        for (standing, _) in &self.findings {
            match standing {
                Standing::New | Standing::Returned => changes.new += 1,
                Standing::Changed => changes.changed += 1,
                Standing::Same => {}
            }
        }
        changes
    }

    /// What the next run has to know: what was found, what of it is waived, and what could not be looked for.
    pub fn remembered(&self) -> Vec<RunFinding> {
        let taken_over = self.taken_over.iter().map(|one| RunFinding { taken_over: true, ..(*one).clone() });
        let found = self.findings.iter().map(|(_, one)| one).chain(&self.waived).cloned();
        found.chain(taken_over).collect()
    }
}

/// What the run before found, by what it is known by.
struct Before<'a>(BTreeMap<(String, String), Vec<&'a RunFinding>>);

impl<'a> Before<'a> {
    fn of(last: Option<&'a RunEntry>) -> Self {
        let mut all: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for one in last.into_iter().flat_map(|last| last.findings.iter().rev()) {
            all.entry((one.id.clone(), one.subject.clone())).or_default().push(one);
        }
        Self(all)
    }

    /// The same finding, which is then none of the rest.
    fn take(&mut self, one: &RunFinding) -> Option<&'a RunFinding> {
        self.0.get_mut(&(one.id.clone(), one.subject.clone())).and_then(Vec::pop)
    }

    /// What was not found again.
    fn rest(self) -> impl Iterator<Item = &'a RunFinding> {
        self.0.into_values().flatten()
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
        waived: false,
    }
}

/// Whether a look at `scope` would have found it. What is about no object is looked at with all of them.
fn is_within(scope: &LookScope, one: &RunFinding) -> bool {
    scope.only().is_none_or(|only| {
        let address = one.address.as_ref().and_then(|address| address.parse().ok());
        address.is_some_and(|address| only.contains(&address))
    })
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
        waiving(last, hour, found, &[])
    }

    /// The same, where some of it is waived.
    fn waiving(last: Option<&RunEntry>, hour: i64, found: &[Finding], waived: &[Finding]) -> RunEntry {
        let [counted, waived] = [found, waived].map(|all| all.iter().collect::<Vec<_>>());
        let since = Since::of(&LookScope::Everything, &counted, &waived, last, at(hour));
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
            only: None,
            changes: since.changes(),
            findings: since.remembered(),
            steps: Vec::new(),
            taken_away: Vec::new(),
            put_right: Vec::new(),
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

    #[test]
    fn what_is_waived_is_not_resolved_and_is_new_when_it_counts_again() {
        let first = after(None, 0, &[days(1), gone("nat_gateway.a")]);
        let second = waiving(Some(&first), 1, &[gone("nat_gateway.a")], &[days(1)]);
        assert_eq!(second.changes, changes(0, 0, 0));
        let seen = |entry: &RunEntry| entry.findings.iter().map(|one| (one.waived, one.first_seen)).collect::<Vec<_>>();
        assert_eq!(seen(&second), [(false, at(0)), (true, at(0))]);
        let third = waiving(Some(&second), 2, &[gone("nat_gateway.a")], &[days(2)]);
        assert_eq!((third.changes, seen(&third)), (changes(0, 0, 0), vec![(false, at(0)), (true, at(0))]));
        let over = after(Some(&third), 3, &[gone("nat_gateway.a"), days(2)]);
        assert_eq!((over.changes, seen(&over)), (changes(1, 0, 0), vec![(false, at(0)); 2]), "since when it is there");
        assert_eq!(after(Some(&over), 4, &[gone("nat_gateway.a"), days(2)]).changes, changes(0, 0, 0));
        // Put back while it was waived.
        assert_eq!(after(Some(&third), 3, &[gone("nat_gateway.a")]).changes, changes(0, 0, 1));
        let blind = after(Some(&third), 3, &[gone("nat_gateway.a"), unread("database.main")]);
        assert_eq!((blind.changes, seen(&blind)[2]), (changes(1, 0, 0), (true, at(0))));
        // A waiver that was there first.
        let declared = waiving(None, 0, &[], &[days(1)]);
        let over = after(Some(&declared), 1, &[days(1)]);
        assert_eq!((over.changes, over.findings[0].first_seen), (changes(1, 0, 0), at(0)));
    }

    #[test]
    fn only_what_was_counted_is_told_as_waived_now() {
        let (first, waived) = (after(None, 0, &[days(1)]), days(1));
        let told =
            |last: &RunEntry| Since::of(&LookScope::Everything, &[], &[&waived], Some(last), at(1)).now_waived.len();
        assert_eq!(told(&first), 1);
        assert_eq!(told(&waiving(None, 0, &[], std::slice::from_ref(&waived))), 0);
        assert_eq!(told(&after(None, 0, &[])), 0);
    }
}
