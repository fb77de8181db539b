//! Drift that somebody answers for: told apart, and not counted, until its day is over.
//!
//! Promises: nothing is silenced that no waiver names; what could not be read is never waived. Pure.

use jiff::civil::Date;

use super::DriftReport;
use crate::described::judge::Deviation;
use crate::engine::plan::Drift;
use crate::model::address::Address;
use crate::model::observation::ForeignObject;
use crate::model::waiver::Waiver;

/// What the waivers of a declaration came to in one look.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waived {
    /// What they cover.
    pub drift: Vec<WaivedDrift>,
    /// Those that do not do anything, and why.
    pub unanswered: Vec<(Waiver, Unanswered)>,
}

/// Drift that is covered.
#[derive(Clone, Debug, PartialEq)]
pub struct WaivedDrift {
    /// The object.
    pub address: Address,
    /// What of its drift is covered; nothing where only what nobody declared is.
    pub drift: Option<Drift>,
    /// What stands in its place and is not ours, where it is gone.
    pub foreign: Option<ForeignObject>,
    /// What nobody declared of it and is covered.
    pub deviations: Vec<Deviation>,
    /// By which waiver.
    pub waiver: Waiver,
}

/// Why a waiver does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Its day is over, and what it covered counts again.
    Expired,
    /// There is no such drift.
    Idle,
}

impl DriftReport {
    /// The report with what the waivers cover on `today` set apart.
    #[must_use]
    pub fn waive(mut self, waivers: &[Waiver], today: Date) -> Self {
        for waiver in waivers {
            let drift = self.covered(waiver);
            let covers = |one: &Deviation| one.is_drift() && covers(waiver, one);
            let is_idle = drift.is_none() && !self.deviations.iter().any(covers);
            let why = match (is_idle, waiver.is_expired(today)) {
                (true, _) if self.is_unknown(&waiver.address) => continue,
                (true, _) => Unanswered::Idle,
                (false, true) => Unanswered::Expired,
                (false, false) => {
                    let foreign = drift.as_ref().and_then(|drift| self.take(waiver, drift));
                    let deviations = self.deviations.extract_if(.., |one| covers(one)).collect();
                    let (address, waiver) = (waiver.address.clone(), waiver.clone());
                    self.waived.drift.push(WaivedDrift { address, drift, foreign, deviations, waiver });
                    continue;
                }
            };
            self.waived.unanswered.push((waiver.clone(), why));
        }
        self
    }

    /// Whether nothing is known of an object: it could not be read, or was not looked at.
    fn is_unknown(&self, address: &Address) -> bool {
        self.unread.contains_key(address) || !self.scope.covers(address)
    }

    /// What of the drift a waiver is about.
    fn covered(&self, waiver: &Waiver) -> Option<Drift> {
        match self.drift.get(&waiver.address)? {
            Drift::Gone => waiver.covers(&waiver.address, "").then_some(Drift::Gone),
            Drift::Moved(diffs) => {
                let covered: Vec<_> =
                    diffs.iter().filter(|diff| waiver.covers(&waiver.address, &diff.path)).cloned().collect();
                (!covered.is_empty()).then_some(Drift::Moved(covered))
            }
        }
    }

    /// Takes out what is covered, and answers what stands in the place of the object.
    fn take(&mut self, waiver: &Waiver, covered: &Drift) -> Option<ForeignObject> {
        let address = &waiver.address;
        let left = match (self.drift.remove(address), covered) {
            (Some(Drift::Moved(diffs)), Drift::Moved(covered)) => {
                diffs.into_iter().filter(|diff| !covered.contains(diff)).collect()
            }
            (Some(Drift::Gone | Drift::Moved(_)) | None, _) => Vec::new(),
        };
        if left.is_empty() {
            return self.foreign.remove(address);
        }
        self.drift.insert(address.clone(), Drift::Moved(left));
        None
    }
}

/// Whether a waiver is about something that nobody declared, by any of its names.
fn covers(waiver: &Waiver, one: &Deviation) -> bool {
    one.names().any(|name| waiver.covers(&one.address, name))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::cloud::{CloudError, ErrorKind};
    use crate::described::judge::DeviationClass;
    use crate::engine::diff::{FieldDiff, Shown};
    use crate::model::finding::Grade;
    use crate::model::resource::OnChange;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn diff(path: &str) -> FieldDiff {
        let shown = |n: u8| Shown::Value(json!(n));
        FieldDiff { path: path.to_owned(), before: shown(1), after: shown(2), on_change: OnChange::Update }
    }

    fn waiver(address: &str, field: Option<&str>, day: i8) -> Waiver {
        let (owner, reason) = ("ann".to_owned(), "known".to_owned());
        Waiver { address: at(address), field: field.map(str::to_owned), until: date(2026, 12, day), owner, reason }
    }

    fn report() -> DriftReport {
        let drift = [
            (at("database.main"), Drift::Moved(vec![diff("backup_days"), diff("tags.team")])),
            (at("vpc.main"), Drift::Gone),
        ];
        DriftReport { drift: drift.into(), ..DriftReport::default() }
    }

    #[test]
    fn what_is_waived_is_set_apart_until_its_day_is_over() {
        let waivers = [waiver("database.main", Some("tags"), 7), waiver("vpc.main", None, 7)];
        let told = report().waive(&waivers, date(2026, 12, 7));
        assert_eq!(told.drift, [(at("database.main"), Drift::Moved(vec![diff("backup_days")]))].into());
        let covered: Vec<_> =
            told.waived.drift.iter().map(|one| (one.address.to_string(), one.drift.clone().unwrap())).collect();
        let expected = [("database.main", Drift::Moved(vec![diff("tags.team")])), ("vpc.main", Drift::Gone)];
        assert_eq!(covered, expected.map(|(address, drift)| (address.to_owned(), drift)));
        assert_eq!(told.waived.unanswered, []);

        let told = report().waive(&waivers, date(2026, 12, 8));
        assert_eq!(told.drift, report().drift, "it counts again");
        let why: Vec<_> = told.waived.unanswered.iter().map(|(_, why)| *why).collect();
        assert_eq!((told.waived.drift, why), (Vec::new(), vec![Unanswered::Expired; 2]));
    }

    fn deviation(address: &str, class: DeviationClass, member: &str) -> Deviation {
        Deviation {
            address: at(address),
            class,
            call: "iam:ListRolePolicies",
            path: "PolicyNames[]",
            field: Some("policies"),
            grade: Grade::High,
            before: json!(null),
            after: json!(member),
            member: (!member.is_empty()).then(|| member.to_owned()),
            what: "the role has it".to_owned(),
            why: String::new(),
            remember: None,
            way_out: None,
        }
    }

    #[test]
    fn what_nobody_declared_is_waived_by_any_of_its_names() {
        use DeviationClass::{ByAws, Extra};
        let role = "iam_role.nodes";
        let deviations =
            vec![deviation(role, Extra, "admin"), deviation(role, Extra, "more"), deviation(role, ByAws, "x")];
        let report = DriftReport { deviations, ..DriftReport::default() };
        let left = |field: Option<&str>, day: i8| {
            let told = report.clone().waive(&[waiver(role, field, 7)], date(2026, 12, day));
            let names: Vec<_> = told.deviations.iter().map(|one| one.place().to_owned()).collect();
            let covered: usize = told.waived.drift.iter().map(|one| one.deviations.len()).sum();
            (names.join(" "), covered, told.waived.unanswered.first().map(|(_, why)| *why))
        };
        assert_eq!(left(Some("admin"), 7), ("more x".to_owned(), 1, None));
        for all in [None, Some("policies"), Some("PolicyNames[]")] {
            assert_eq!(left(all, 7), ("x".to_owned(), 2, None), "what AWS moves counts for nobody: {all:?}");
        }
        assert_eq!(left(Some("admin"), 8), ("admin more x".to_owned(), 0, Some(Unanswered::Expired)));
        assert_eq!(left(Some("x"), 7), ("admin more x".to_owned(), 0, Some(Unanswered::Idle)));
    }

    #[test]
    fn a_waiver_without_drift_is_told_unless_nobody_could_look() {
        let idle = waiver("bucket.packages", None, 1);
        let told = report().waive(&[idle.clone(), waiver("vpc.main", Some("cidr"), 7)], date(2026, 12, 7));
        assert_eq!(told.drift, report().drift, "a field of what is gone is not waived");
        assert_eq!(told.waived.unanswered.len(), 2);
        assert!(told.waived.unanswered.iter().all(|(_, why)| *why == Unanswered::Idle));
        let error = CloudError::new(ErrorKind::Denied, "read it", "no");
        let unread = DriftReport { unread: [(at("bucket.packages"), error)].into(), ..report() };
        let told = unread.waive(&[idle], date(2026, 12, 7));
        assert_eq!((told.waived.unanswered, told.unread.len()), (Vec::new(), 1));
    }
}
