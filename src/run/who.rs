//! Who made what drifted, asked of the audit log of the cloud: one question for each object, the gravest first.
//!
//! Promises: nothing here changes what was found, or how a run ends. A log that may not be read, or does not answer, is said
//! once, and nothing more is asked.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::since::{RunEntry, RunKind};
use super::{DriftReport, Session};
use crate::audit::{AuditEvent, AuditedChange, Authorship};
use crate::cloud::CloudError;
use crate::described::judge::{Deviation, DeviationClass};
use crate::described::table::{MemberClass, MemberTable, MemberTables};
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::Drift;
use crate::engine::state::{Recorded, State};
use crate::model::address::Address;
use crate::model::audit::{AuditName, AuditQuery, AuditRecords};
use crate::model::finding::Grade;
use crate::model::resource::Catalog;

/// About so many objects the log is asked.
const ASKED: usize = 20;

/// After so many calls, of which each takes half a second, about no more.
const CALLS: usize = 40;

/// How far back CloudTrail's event history goes (`LookupEvents`, CloudTrail API Reference).
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Who made what drifted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WhoReport {
    /// What the log tells of each object it was asked about; nothing of an object where it holds no call that changed it.
    pub told: BTreeMap<Address, LookedUp>,
    /// How many objects it was not asked about, because there are too many.
    pub left_out: usize,
    /// Why the log could not be asked to the end.
    pub failed: Option<CloudError>,
}

/// What the log tells of one object.
#[derive(Clone, Debug, PartialEq)]
pub struct LookedUp {
    /// Since when it was asked about.
    pub since: Timestamp,
    /// Who made the change, if the log knows.
    pub who: Option<Authorship>,
    /// How many records were read.
    pub read: usize,
    /// Whether there are older ones since then.
    pub is_cut: bool,
}

/// Asks who made what the report tells, if it tells anything. `runs` gives the newest entries of the run history, the oldest
/// first.
pub async fn who(
    session: &Session,
    state: &State,
    report: &DriftReport,
    runs: impl AsyncFnOnce() -> Vec<RunEntry>,
) -> WhoReport {
    if by_gravity(report).is_empty() {
        return WhoReport::default();
    }
    let now = session.host.now();
    let ask = async |query: AuditQuery| session.cloud.audit(&query).await;
    asked((&session.catalog, state), report, &runs().await, (now, session.time_scale), ask).await
}

/// Asks by `ask`, one question after the other.
async fn asked(
    (catalog, state): (&Catalog, &State),
    report: &DriftReport,
    runs: &[RunEntry],
    (now, time_scale): (Timestamp, f64),
    ask: impl AsyncFn(AuditQuery) -> Result<Option<AuditRecords>, CloudError>,
) -> WhoReport {
    let tables = MemberTables::of(catalog);
    let mut told = WhoReport::default();
    let mut made = 0;
    for address in by_gravity(report) {
        let Some((name, recorded)) = named(catalog, state, address) else { continue };
        let Some(under) = recorded.computed.text(name.field).filter(|under| !under.is_empty()) else { continue };
        if told.told.len() == ASKED || made >= CALLS {
            told.left_out += 1;
            continue;
        }
        let since = since(address, runs, now);
        let AuditName { service, part, .. } = name;
        let query = AuditQuery { service, name: under.to_owned(), from: since, to: now, time_scale };
        match ask(query).await {
            Ok(Some(AuditRecords { records, is_cut, calls })) => {
                made += calls;
                let part = part.and_then(|part| value_of(recorded, part));
                let is_about = |event: &AuditEvent| part.as_deref().is_none_or(|part| event.names(part));
                let mut events: Vec<AuditEvent> =
                    records.iter().filter_map(AuditEvent::read).filter(is_about).collect();
                // The log may not have it yet, which lags behind what it delivers.
                let is_new = |one: &&AuditEvent| !events.iter().any(|known| !one.id.is_empty() && known.id == one.id);
                let delivered = report.event.as_ref().filter(is_new).filter(|_| report.scope.covers(address));
                events.extend(delivered.cloned());
                let changes = changes(report, address, tables.get(&address.kind), (under, recorded));
                let who = Authorship::of(&events, &changes, is_cut);
                told.told.insert(address.clone(), LookedUp { since, who, read: records.len(), is_cut });
            }
            Ok(None) => return told,
            Err(error) => {
                told.failed = Some(error);
                return told;
            }
        }
    }
    told
}

fn named<'a>(catalog: &Catalog, state: &'a State, address: &Address) -> Option<(AuditName, &'a Recorded)> {
    Some((catalog.get(&address.kind)?.audit?, state.resources.get(address)?))
}

pub(super) fn value_of(recorded: &Recorded, field: &str) -> Option<String> {
    recorded.computed.text(field).or_else(|| recorded.declared.text(field)).map(str::to_owned)
}

/// Whether somebody made it.
fn is_made(deviation: &Deviation) -> bool {
    deviation.is_drift() && deviation.class != DeviationClass::Lifecycle
}

/// The objects of which somebody changed something, the gravest first.
fn by_gravity(report: &DriftReport) -> Vec<&Address> {
    let mut grades: BTreeMap<&Address, Grade> = BTreeMap::new();
    let mut note = |address, grade| {
        let known = grades.entry(address).or_insert(grade);
        *known = grade.max(*known);
    };
    for (address, drift) in &report.drift {
        let graded = report.grades.iter().filter(|((at, _), _)| at == address).map(|(_, grade)| *grade).max();
        note(address, graded.unwrap_or(if *drift == Drift::Gone { Grade::High } else { Grade::Medium }));
    }
    report.deviations.iter().filter(|one| is_made(one)).for_each(|one| note(&one.address, one.grade));
    let mut sorted: Vec<(&Address, Grade)> = grades.into_iter().collect();
    sorted.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    sorted.into_iter().map(|(address, _)| address).collect()
}

/// Since when somebody must have made what a run finds of an object at the time `now`: since the last run that looked for
/// drift and found nothing of it, or that changed the object itself; where none is known, since the log begins.
fn since(address: &Address, runs: &[RunEntry], now: Timestamp) -> Timestamp {
    let name = address.to_string();
    let left_it_well = |run: &RunEntry| match run.kind {
        RunKind::Drift => {
            let looked = run.only.as_ref().is_none_or(|only| only.contains(address));
            looked && !run.findings.iter().any(|one| one.address.as_ref() == Some(&name))
        }
        RunKind::Apply | RunKind::Destroy => run.steps.iter().any(|one| one.step.address == *address),
    };
    // What came to be while the run looked, it may have missed.
    let began = |run: &RunEntry| run.at - SignedDuration::from_millis(i64::try_from(run.elapsed_ms).unwrap_or(0));
    let oldest = now - KEPT;
    runs.iter().rev().find(|run| left_it_well(run)).map_or(oldest, began).max(oldest)
}

/// What changed of an object, in the words that requests may have for it; the log keeps it `under` a name, which tells nothing.
fn changes(
    report: &DriftReport,
    address: &Address,
    table: Option<&MemberTable>,
    (under, recorded): (&str, &Recorded),
) -> Vec<AuditedChange> {
    let rows = || table.into_iter().flat_map(|table| &table.rows);
    let root = rows().find(|row| matches!(row.class, MemberClass::Root(_)));
    let noun = root.map(|row| noun(row.call)).unwrap_or_default().to_owned();
    // Its own names stand in every request about it.
    let own: BTreeSet<&str> = ["id", "arn", "name"].iter().filter_map(|field| recorded.computed.text(field)).collect();
    let told = |values: BTreeSet<String>| values.into_iter().filter(|value| !own.contains(value.as_str())).collect();
    let mut all = Vec::new();
    match report.drift.get(address) {
        // A part is named by the call that takes it away, as a rule is by its id, and a group of nodes by its name.
        Some(Drift::Gone) => {
            let values = own.iter().filter(|name| **name != under).map(|name| (*name).to_owned()).collect();
            return vec![AuditedChange { noun, words: BTreeSet::new(), values, is_gone: true }];
        }
        Some(Drift::Moved(diffs)) => all.extend(diffs.iter().map(|diff| {
            let field = diff.field();
            let mut words = BTreeSet::from([field.to_owned()]);
            for row in rows() {
                let MemberClass::Tracked(fields) = &row.class else { continue };
                if fields.contains(&field) {
                    words.extend(row.path.split(['.', '[', ']', '{', '}', '*']).map(str::to_owned));
                    words.insert(self::noun(row.call).to_owned());
                }
            }
            AuditedChange { noun: noun.clone(), words, values: told(moved(diff)), is_gone: false }
        })),
        None => {}
    }
    for one in report.deviations.iter().filter(|one| one.address == *address && is_made(one)) {
        let mut words: BTreeSet<String> = one.path.split(['.', '[', ']', '{', '}', '*']).map(str::to_owned).collect();
        words.insert(self::noun(one.call).to_owned());
        words.extend(one.field.map(str::to_owned));
        let mut values = differing(&one.before, &one.after);
        values.extend(one.member.clone());
        all.push(AuditedChange { noun: noun.clone(), words, values: told(values), is_gone: false });
    }
    all
}

/// What a call of a table is about: `iam:ListRolePolicies` about `RolePolicies`.
fn noun(call: &str) -> &str {
    let operation = call.split_once(':').map_or(call, |(_, operation)| operation);
    ["Describe", "List", "Get"].iter().find_map(|verb| operation.strip_prefix(verb)).unwrap_or(operation)
}

/// Values that stand on one side of a difference alone; and the last word of its path, which may be a key such as that of
/// a tag.
fn moved(diff: &FieldDiff) -> BTreeSet<String> {
    let value = |shown: &Shown| match shown {
        Shown::Value(value) => value.clone(),
        Shown::AfterApply(_) | Shown::Nothing => Value::Null,
    };
    let mut values = differing(&value(&diff.before), &value(&diff.after));
    values.extend(diff.path.split_once('.').map(|(_, key)| key.to_owned()));
    values
}

fn differing(before: &Value, after: &Value) -> BTreeSet<String> {
    let [mut before, mut after] = [before, after].map(|side| {
        let mut texts = BTreeSet::new();
        collect(side, &mut texts);
        texts
    });
    let both: BTreeSet<String> = before.intersection(&after).cloned().collect();
    before.append(&mut after);
    before.retain(|text| !both.contains(text));
    before
}

/// Every text in a value.
fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(texts.insert(text.clone())),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, texts)),
        Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}
