//! What several records say about what changed: who made it, and how sure that is.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{AuditEvent, Caller, Means};

/// So many candidates are named; the rest is counted.
const NAMED: usize = 3;

/// Shorter words and values stand in too many requests to tell anything.
const TELLING: usize = 4;
/// Shorter words are no end that tells one word from another.
const TELLING_END: usize = 6;

/// Words that stand in requests about anything.
const GENERIC: [&str; 8] = ["arn", "id", "key", "name", "state", "status", "type", "value"];

/// What the names of calls begin with that take something away.
const TAKES_AWAY: [&str; 8] =
    ["Delete", "Terminate", "Remove", "Revoke", "Release", "Schedule", "Detach", "Disassociate"];

/// How sure it is who made a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// There is one call that changed the object, and it names what changed.
    Exact,
    /// Nobody else changed the object, by several calls or by one that does not name what changed.
    Likely,
    /// Several changed the object.
    Candidates,
}

impl Confidence {
    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Likely => "likely",
            Self::Candidates => "candidates",
        }
    }
}

/// One thing about an object that changed, in whatever words a request may have for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditedChange {
    /// What the object itself is called in the names of calls, such as `Role`: who names that names nothing in particular.
    pub noun: String,
    /// Names of members, fields and calls, such as `BackupRetentionPeriod` or `BucketPolicy`.
    pub words: BTreeSet<String>,
    /// Names and values that it did not have before, or has no longer.
    pub values: BTreeSet<String>,
    /// Whether the object itself is gone.
    pub is_gone: bool,
}

/// Somebody who may have made a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Author {
    /// The newest call that may be it.
    pub event: AuditEvent,
    /// How many calls may be it.
    pub events: usize,
}

/// Who made a change.
#[derive(Clone, Debug, PartialEq)]
pub struct Authorship {
    /// How sure that is.
    pub confidence: Confidence,
    /// Who it was, or may have been, the newest first; never nobody.
    pub authors: Vec<Author>,
    /// How many more may have been it.
    pub others: usize,
}

/// How well a call fits a change, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    None,
    /// It names the member or the field; or takes away something under the name of what is gone.
    Word,
    /// It names the very value; or takes away the very thing.
    Value,
}

impl Authorship {
    /// Who made these changes of one object, by the records under its name. `None` where none of them changed anything.
    /// What counts of `is_cut`, that there may be older ones, is that nobody is the only one then.
    pub fn of(events: &[AuditEvent], changes: &[AuditedChange], is_cut: bool) -> Option<Self> {
        let mut changing: Vec<&AuditEvent> = events.iter().filter(|event| event.changes).collect();
        // What this program does, it records: by itself it leaves no drift.
        if changing.iter().any(|event| event.means != Means::PpmInfra) {
            changing.retain(|event| event.means != Means::PpmInfra);
        }
        let mut fitting: BTreeSet<usize> = BTreeSet::new();
        let mut is_named = !changes.is_empty();
        for change in changes {
            let fits: Vec<Fit> = changing.iter().map(|event| fit(event, change)).collect();
            let best = fits.iter().copied().max().unwrap_or(Fit::None);
            is_named &= best != Fit::None;
            let all = fits.iter().enumerate().filter(|(_, fit)| **fit == best && best != Fit::None);
            fitting.extend(all.map(|(index, _)| index));
        }
        let pool: Vec<&AuditEvent> =
            if is_named { fitting.iter().map(|index| changing[*index]).collect() } else { changing };
        let mut authors: BTreeMap<&Caller, Author> = BTreeMap::new();
        for event in &pool {
            let author = authors.entry(&event.caller).or_insert_with(|| Author { event: (*event).clone(), events: 0 });
            author.events += 1;
            if event.at > author.event.at {
                author.event = (*event).clone();
            }
        }
        let mut authors: Vec<Author> = authors.into_values().collect();
        authors.sort_by_key(|author| Reverse(author.event.at));
        let confidence = match (authors.len(), pool.len()) {
            (0, _) => return None,
            (1, 1) if is_named && !is_cut => Confidence::Exact,
            (1, _) if is_named || !is_cut => Confidence::Likely,
            _ => Confidence::Candidates,
        };
        let others = authors.len().saturating_sub(NAMED);
        authors.truncate(NAMED);
        Some(Self { confidence, authors, others })
    }
}

fn fit(event: &AuditEvent, change: &AuditedChange) -> Fit {
    let (verb, noun) = verb_and_noun(&event.name);
    let takes_away = TAKES_AWAY.contains(&verb);
    let named = Leaves::of(event);
    let is_value = change.values.iter().any(|value| value.len() >= TELLING && named.values.contains(value.as_str()));
    let (noun, own) = (word(noun), word(&change.noun));
    if change.is_gone {
        // KMS deletes a key by `ScheduleKeyDeletion`.
        let is_own = noun == own || noun.strip_suffix("deletion") == Some(own.as_str());
        return match takes_away {
            true if is_own => Fit::Value,
            true if is_value => Fit::Word,
            true | false => Fit::None,
        };
    }
    if is_value {
        return Fit::Value;
    }
    let words: Vec<String> = change.words.iter().map(|known| word(known)).collect();
    let words: Vec<&String> = words.iter().filter(|known| !GENERIC.contains(&known.as_str())).collect();
    let is_said = |told: &str, known: &str| told == known || (known.len() >= TELLING_END && told.ends_with(known));
    // `UpdateAssumeRolePolicy` changes the `AssumeRolePolicyDocument`.
    let is_call =
        |known: &&String| is_said(&noun, known) || (noun.len() >= TELLING_END && known.starts_with(noun.as_str()));
    let is_member = |known: &&String| named.keys.iter().any(|key| is_said(key, known));
    if words.iter().any(|known| (noun != own && is_call(known)) || is_member(known)) { Fit::Word } else { Fit::None }
}

/// What a call does, and to what: `Put` and `RolePolicy`.
fn verb_and_noun(call: &str) -> (&str, &str) {
    let end = call.char_indices().skip(1).find(|(_, c)| c.is_ascii_uppercase()).map_or(call.len(), |(at, _)| at);
    call.split_at(end)
}

/// A word as it is compared: `backup_days`, `BackupDays` and `backupDays` are one, and many are as one.
fn word(spelt: &str) -> String {
    let plain: String = spelt.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match (plain.strip_suffix("ies"), plain.strip_suffix('s')) {
        (Some(stem), _) => format!("{stem}y"),
        (None, Some(stem)) if !stem.ends_with('s') => stem.to_owned(),
        (None, _) => plain,
    }
}

/// The names of members and the values of a request; of its answer, which has ids that nobody asked for, the values alone.
struct Leaves {
    keys: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Leaves {
    fn of(event: &AuditEvent) -> Self {
        let mut all = Self { keys: BTreeSet::new(), values: BTreeSet::new() };
        all.add(&event.response);
        all.keys.clear();
        all.add(&event.request);
        all
    }

    fn add(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (key, value) in members {
                    self.keys.insert(word(key));
                    self.add(value);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            // A policy is text in requests to IAM.
            Value::String(text) => match serde_json::from_str::<Value>(text) {
                Ok(inner @ (Value::Object(_) | Value::Array(_))) => self.add(&inner),
                Ok(_) | Err(_) => drop(self.values.insert(text.clone())),
            },
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
}
