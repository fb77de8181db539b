//! Declaring what was found: which change of the declaration makes the design what is there.
//!
//! Promises: a change is offered only if the design that comes of the changed text has every field that is accepted as it was
//! found; what else becomes of it is told. Pure.
//!
//! Leaves to others whether the field is accepted, and writing the text.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::origins::{administrator_at, deciding_key};
use super::{expand, questions};
use crate::engine::diff::{FieldDiff, Shown, diff};
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::resource::{Catalog, Node};
use crate::model::surroundings::Surroundings;
use crate::model::waiver::is_within;
use crate::stack::{Stack, amend};

/// What declaring needs to know.
#[derive(Clone, Copy, Debug)]
pub struct AcceptContext<'a> {
    /// The facts of every kind.
    pub catalog: &'a Catalog,
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// The record, in which what is accepted is as it was found.
    pub state: &'a State,
    /// What is there.
    pub observed: &'a BTreeMap<Address, Document>,
    /// The name of the declaration, for messages.
    pub file: &'a str,
}

/// What becomes of fields that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Declarable {
    /// The declaration says so already, or leaves it to what stands.
    AsDeclared,
    /// Another value of this key says so.
    By {
        /// The key.
        key: &'static str,
        /// The text of the declaration with it.
        text: String,
        /// What else follows from the key and is not so: fields of other resources, which the next apply changes.
        follows: BTreeSet<String>,
    },
    /// No key says so.
    Not {
        /// Why, as a clause.
        because: String,
    },
}

/// Declares these fields of one object as they were found, those that one key decides together: in the order of their keys,
/// each with what became of it in the text before. An object that is gone has no fields.
pub fn declare(
    cx: AcceptContext<'_>,
    text: &str,
    at: &Address,
    diffs: &[FieldDiff],
) -> Vec<(Vec<FieldDiff>, Declarable)> {
    let mut groups: BTreeMap<(Option<&'static str>, &str), Vec<FieldDiff>> = BTreeMap::new();
    for diff in diffs {
        let key = deciding_key(at, &diff.path);
        // Each tag is declared by itself.
        let part = if key == Some("tags") { diff.path.as_str() } else { "" };
        groups.entry((key, part)).or_default().push(diff.clone());
    }
    let mut text = text.to_owned();
    let mut done = Vec::new();
    for ((key, _), diffs) in groups {
        let found = cx.declared(&text, at, &diffs, key);
        if let Declarable::By { text: changed, .. } = &found {
            text.clone_from(changed);
        }
        done.push((diffs, found));
    }
    if diffs.is_empty() {
        done.push((Vec::new(), cx.without(&text, at)));
    }
    done
}

impl AcceptContext<'_> {
    /// The resources that come of a text; otherwise what is wrong with it.
    fn design(&self, text: &str) -> Result<(Stack, BTreeMap<Address, Node>), String> {
        let stack = Stack::parse(self.file, text).map_err(|error| {
            error.problems.first().map_or_else(|| error.to_string(), |problem| problem.message.clone())
        })?;
        let mut surroundings = self.surroundings.clone();
        for question in questions(&stack, self.state).addons {
            // What is asked only then is chosen by the next plan.
            surroundings.addons.entry(question).or_insert_with(|| "default".to_owned());
        }
        let nodes = expand(&stack, &surroundings, self.state);
        Ok((stack, nodes))
    }

    fn declared(&self, text: &str, at: &Address, diffs: &[FieldDiff], key: Option<&'static str>) -> Declarable {
        let before = match self.design(text) {
            Ok((_, before)) => before,
            Err(because) => return Declarable::Not { because },
        };
        if self.is_met(&before, at, diffs) {
            return Declarable::AsDeclared;
        }
        let Some(key) = key else {
            return Declarable::Not { because: "no key of the declaration decides it by itself".to_owned() };
        };
        let texts = match self.alternatives(text, at, diffs, key) {
            Ok(texts) => texts,
            Err(refusal) => return Declarable::Not { because: format!("`{key}` has to be edited by hand: {refusal}") },
        };
        let mut because = format!("no value of `{key}` makes it so");
        for text in texts {
            let after = match self.design(&text) {
                Ok((_, after)) => after,
                Err(problem) => {
                    because = format!("the declaration refuses it: {problem}");
                    continue;
                }
            };
            if !self.is_met(&after, at, diffs) {
                continue;
            }
            let follows = self.follows(&before, &after, at, diffs);
            // The tags of the declaration are those of every object: one that was tagged by itself is not meant by them.
            if key != "tags" || follows.is_empty() {
                return Declarable::By { key, text, follows };
            }
            because = format!("`tags` is for every object, and {} fields elsewhere would change", follows.len());
        }
        Declarable::Not { because }
    }

    fn alternatives(
        &self,
        text: &str,
        at: &Address,
        diffs: &[FieldDiff],
        key: &str,
    ) -> Result<Vec<String>, crate::text::edit::EditRefusal> {
        if key == "tags" {
            let found = self.observed.get(at).and_then(|found| found.get("tags"));
            let tags = diffs.iter().filter_map(|diff| diff.path.strip_prefix("tags."));
            let texts =
                tags.map(|tag| amend::tagged(text, tag, found.and_then(|tags| tags.get(tag)).and_then(Value::as_str)));
            return texts.collect();
        }
        let side = |shown: fn(&FieldDiff) -> &Shown| -> Value {
            let values = diffs.iter().map(|diff| match shown(diff) {
                Shown::Value(value) => value.clone(),
                Shown::AfterApply(_) | Shown::Nothing => Value::Null,
            });
            values.collect()
        };
        amend::alternatives(text, key, &side(|diff| &diff.before), &side(|diff| &diff.after))
    }

    /// Whether a design has these fields as they were found.
    fn is_met(&self, nodes: &BTreeMap<Address, Node>, at: &Address, diffs: &[FieldDiff]) -> bool {
        let (Some(node), Some(found), Some(facts)) = (nodes.get(at), self.observed.get(at), self.catalog.get(&at.kind))
        else {
            return false;
        };
        let left = diff(&node.declared, found, facts);
        !left
            .iter()
            .any(|left| diffs.iter().any(|one| is_within(&left.path, &one.path) || is_within(&one.path, &left.path)))
    }

    /// What another design changes beside these fields, and is not so already.
    fn follows(
        &self,
        before: &BTreeMap<Address, Node>,
        after: &BTreeMap<Address, Node>,
        at: &Address,
        diffs: &[FieldDiff],
    ) -> BTreeSet<String> {
        let mut follows = BTreeSet::new();
        for address in before.keys().chain(after.keys()) {
            let (Some(old), Some(new)) = (before.get(address), after.get(address)) else {
                follows.insert(address.to_string());
                continue;
            };
            let Some(facts) = self.catalog.get(&address.kind) else { continue };
            let left = self.observed.get(address).map(|found| diff(found, &new.declared, facts));
            for change in diff(&old.declared, &new.declared, facts) {
                let is_meant = address == at && diffs.iter().any(|one| is_within(&change.path, &one.path));
                let is_so = left.as_ref().is_some_and(|left| {
                    !left.iter().any(|one| is_within(&one.path, &change.path) || is_within(&change.path, &one.path))
                });
                if !is_meant && !is_so {
                    follows.insert(format!("{address} {}", change.path));
                }
            }
        }
        follows
    }

    /// The text without what is the reason for an object that is gone.
    fn without(&self, text: &str, at: &Address) -> Declarable {
        const KEY: &str = "kubernetes.admins";
        let by = || {
            let (stack, before) = self.design(text)?;
            if !before.contains_key(at) {
                return Ok(Declarable::AsDeclared);
            }
            let arn = administrator_at(&stack, at).ok_or("what is gone is made again as long as it is declared")?;
            let text = amend::without(text, KEY, &arn)
                .map_err(|refusal| format!("`{KEY}` has to be edited by hand: {refusal}"))?;
            let (_, after) = self.design(&text)?;
            let mut follows = self.follows(&before, &after, at, &[]);
            follows.remove(&at.to_string());
            Ok::<Declarable, String>(Declarable::By { key: KEY, text, follows })
        };
        by().unwrap_or_else(|because| Declarable::Not { because })
    }
}
