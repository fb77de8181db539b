//! What of the drift may be put right without asking, by the rules of the declaration.
//!
//! Promises: pure. Nothing is chosen that was seen once, is worse than allowed, would be replaced or deleted, or was put
//! right a short while ago; of everything else that the rules name it is said why it is left.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp};

use super::since::RunEntry;
use super::{Outcome, Prospect};
use crate::model::address::Address;
use crate::model::finding::Grade;
use crate::model::put_right::{PutRightChange, PutRightRules};
use crate::model::values::DailyWindow;

/// An object that drifted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriftedObject {
    /// The object.
    pub address: Address,
    /// What became of it.
    pub change: PutRightChange,
    /// How bad the worst of it is.
    pub worst: Grade,
    /// Whether the look before found all of it just so.
    pub is_seen_before: bool,
}

/// Why something is not put right by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftReason {
    /// It is worse than the rules allow.
    Worse(Grade),
    /// No look before found it just so.
    SeenOnce,
    /// An apply would do more than set it in place or make it again: what.
    More(String),
    /// It was put right at this time, and not long ago.
    Again(Timestamp),
    /// It is not the time of the day.
    Outside(DailyWindow),
    /// So many were chosen already.
    Enough(u8),
    /// It was tried, or was about to be: what stood in the way.
    Failed(String),
}

impl fmt::Display for LeftReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worse(grade) => write!(f, "it is {}, which drift.put_right.severities does not name", grade.word()),
            Self::SeenOnce => f.write_str("it was seen once; the next look decides"),
            Self::More(what) => write!(f, "{what}"),
            Self::Again(at) => write!(f, "it was put right at {}, and moved again", at.strftime("%Y-%m-%d %H:%M UTC")),
            Self::Outside(window) => write!(f, "it is put right at {window} UTC alone"),
            Self::Enough(most) => write!(f, "at most {most} in one run: the next one goes on"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

/// What is put right, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutRightChoice {
    /// What is to be put right, the gravest first.
    pub chosen: Vec<Address>,
    /// What the rules name and is left all the same.
    pub left: BTreeMap<Address, LeftReason>,
}

/// What came of putting right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutRightReport {
    /// What was put right.
    pub done: BTreeSet<Address>,
    /// What was not, and why.
    pub left: BTreeMap<Address, LeftReason>,
}

/// What of the drift the rules allow to be put right now. `prospects` is what an apply would do about it, and `entries` are
/// the runs of the last days.
pub fn choose(
    drifted: &[DriftedObject],
    prospects: &BTreeMap<Address, Prospect>,
    rules: &PutRightRules,
    entries: &[RunEntry],
    now: Timestamp,
) -> PutRightChoice {
    let mut choice = PutRightChoice::default();
    let mut named: Vec<&DriftedObject> = drifted.iter().filter(|one| rules.changes.contains(&one.change)).collect();
    named.sort_by_key(|one| (Reverse(one.worst), &one.address));
    for one in named {
        match reason(one, prospects.get(&one.address), rules, entries, now) {
            Some(reason) => drop(choice.left.insert(one.address.clone(), reason)),
            None if choice.chosen.len() == usize::from(rules.at_most) => {
                choice.left.insert(one.address.clone(), LeftReason::Enough(rules.at_most));
            }
            None => choice.chosen.push(one.address.clone()),
        }
    }
    choice
}

fn reason(
    one: &DriftedObject,
    prospect: Option<&Prospect>,
    rules: &PutRightRules,
    entries: &[RunEntry],
    now: Timestamp,
) -> Option<LeftReason> {
    if !rules.severities.contains(&one.worst) {
        return Some(LeftReason::Worse(one.worst));
    }
    if !one.is_seen_before {
        return Some(LeftReason::SeenOnce);
    }
    let fits = |outcome: &Outcome| match one.change {
        PutRightChange::Changed => *outcome == Outcome::Updated,
        PutRightChange::Missing => *outcome == Outcome::Made,
    };
    match prospect.map(|prospect| &prospect.outcome) {
        Some(outcome) if fits(outcome) => {}
        Some(Outcome::Refused(because)) => return Some(LeftReason::More(because.clone())),
        Some(Outcome::Replaced) => return Some(LeftReason::More("it would be replaced".to_owned())),
        Some(Outcome::Removed | Outcome::Forgotten) => {
            return Some(LeftReason::More("it is not declared any more".to_owned()));
        }
        Some(Outcome::Kept) => return Some(LeftReason::More("it is declared as it was found".to_owned())),
        Some(Outcome::Updated | Outcome::Made) | None => {
            return Some(LeftReason::More("what an apply would do about it is not known".to_owned()));
        }
    }
    let cool_down = SignedDuration::from_hours(rules.cool_down_hours.into());
    let address = one.address.to_string();
    let before = entries.iter().filter(|entry| entry.put_right.contains(&address)).map(|entry| entry.at).max();
    if let Some(at) = before.filter(|at| now.duration_since(*at) < cool_down) {
        return Some(LeftReason::Again(at));
    }
    rules.window.filter(|window| !window.holds(now)).map(LeftReason::Outside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::since::{FORMAT, RunChanges, RunKind, RunOutcome};

    fn now() -> Timestamp {
        "2026-11-30T12:00:00Z".parse().unwrap()
    }

    fn rules() -> PutRightRules {
        PutRightRules {
            changes: BTreeSet::from([PutRightChange::Changed, PutRightChange::Missing]),
            severities: BTreeSet::from([Grade::Low, Grade::Medium]),
            window: None,
            at_most: 2,
            cool_down_hours: 24,
        }
    }

    fn object(address: &str) -> DriftedObject {
        DriftedObject {
            address: address.parse().unwrap(),
            change: PutRightChange::Changed,
            worst: Grade::Medium,
            is_seen_before: true,
        }
    }

    fn entry(hours_ago: i64, put_right: &[&str]) -> RunEntry {
        RunEntry {
            format: FORMAT,
            run: hours_ago.to_string(),
            at: now() - SignedDuration::from_hours(hours_ago),
            kind: RunKind::Drift,
            tool: "0.0.0".to_owned(),
            serial: 1,
            outcome: RunOutcome::Drifted,
            elapsed_ms: 1,
            looked_at: 1,
            only: None,
            changes: RunChanges::default(),
            findings: Vec::new(),
            steps: Vec::new(),
            taken_away: Vec::new(),
            put_right: put_right.iter().map(|one| (*one).to_owned()).collect(),
            baseline: None,
            notices: BTreeMap::new(),
        }
    }

    /// Why one object is left, where an apply would do this about it.
    fn left(one: &DriftedObject, outcome: Outcome, rules: &PutRightRules, entries: &[RunEntry]) -> Option<LeftReason> {
        let prospects = BTreeMap::from([(one.address.clone(), Prospect { outcome, fields: BTreeSet::new() })]);
        let mut choice = choose(std::slice::from_ref(one), &prospects, rules, entries, now());
        assert_eq!(choice.chosen.len() + choice.left.len(), 1);
        choice.left.pop_first().map(|(_, reason)| reason)
    }

    #[test]
    fn what_is_allowed_is_chosen_and_everything_else_is_left_with_its_reason() {
        let (database, allowed) = (object("database.main"), rules());
        let updated = || Outcome::Updated;
        assert_eq!(left(&database, updated(), &allowed, &[]), None);
        let gone = DriftedObject { change: PutRightChange::Missing, ..database.clone() };
        assert_eq!(left(&gone, Outcome::Made, &allowed, &[]), None);
        assert!(matches!(left(&gone, updated(), &allowed, &[]), Some(LeftReason::More(_))), "it is not gone any more");
        let worse = DriftedObject { worst: Grade::High, ..database.clone() };
        assert_eq!(left(&worse, updated(), &allowed, &[]), Some(LeftReason::Worse(Grade::High)));
        let once = DriftedObject { is_seen_before: false, ..database.clone() };
        assert_eq!(left(&once, updated(), &allowed, &[]), Some(LeftReason::SeenOnce));
        for outcome in
            [Outcome::Replaced, Outcome::Removed, Outcome::Kept, Outcome::Made, Outcome::Refused("no".to_owned())]
        {
            assert!(
                matches!(left(&database, outcome.clone(), &allowed, &[]), Some(LeftReason::More(_))),
                "{outcome:?}"
            );
        }
        let unknown = choose(std::slice::from_ref(&database), &BTreeMap::new(), &allowed, &[], now());
        assert!(matches!(unknown.left.values().next(), Some(LeftReason::More(_))));
    }

    #[test]
    fn what_moved_again_within_the_cool_down_is_left_and_afterwards_it_is_not() {
        let database = object("database.main");
        let told = |entries: &[RunEntry]| left(&database, Outcome::Updated, &rules(), entries);
        assert_eq!(told(&[entry(23, &["database.main"])]), Some(LeftReason::Again(entry(23, &[]).at)));
        assert_eq!(told(&[entry(24, &["database.main"])]), None);
        assert_eq!(told(&[entry(1, &["database.other"])]), None);
        let twice = [entry(40, &["database.main"]), entry(2, &["database.main"])];
        assert_eq!(told(&twice), Some(LeftReason::Again(twice[1].at)), "the last time counts");
    }

    #[test]
    fn outside_its_window_and_beyond_the_limit_it_waits() {
        let window: DailyWindow = "02:00-05:00".parse().unwrap();
        let narrow = PutRightRules { window: Some(window), ..rules() };
        let database = object("database.main");
        assert_eq!(left(&database, Outcome::Updated, &narrow, &[]), Some(LeftReason::Outside(window)));
        let open = PutRightRules { window: Some("11:00-13:00".parse().unwrap()), ..rules() };
        assert_eq!(left(&database, Outcome::Updated, &open, &[]), None);

        let low = DriftedObject { worst: Grade::Low, ..object("bucket.packages") };
        let all = [low, object("vpc.main"), object("cluster.main")];
        let updated = |one: &DriftedObject| {
            (one.address.clone(), Prospect { outcome: Outcome::Updated, fields: BTreeSet::new() })
        };
        let choice = choose(&all, &all.iter().map(updated).collect(), &rules(), &[], now());
        assert_eq!(choice.chosen, [all[2].address.clone(), all[1].address.clone()], "the gravest first");
        assert_eq!(choice.left, BTreeMap::from([(all[0].address.clone(), LeftReason::Enough(2))]));
    }

    #[test]
    fn what_the_rules_do_not_name_is_not_spoken_of() {
        let gone = DriftedObject { change: PutRightChange::Missing, ..object("nat_gateway.a") };
        let changed_alone = PutRightRules { changes: BTreeSet::from([PutRightChange::Changed]), ..rules() };
        assert_eq!(choose(&[gone], &BTreeMap::new(), &changed_alone, &[], now()), PutRightChoice::default());
    }
}
