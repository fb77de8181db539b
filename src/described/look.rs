//! One look at one object: what is recorded of the stack, what was answered, and what was seen before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::path::{FoundMember, texts};
use super::table::{MemberRow, MemberTable};
use crate::model::address::{Address, Kind};
use crate::model::described::{CallAnswer, CallAnswers};
use crate::model::document::Document;
use crate::model::lifecycle::LifecycleDays;
use crate::model::reference::{external, reference};
use crate::model::resource::Known;

/// What was seen first of members without a fixed default, by [`MemberRow::key`].
pub type Baseline = BTreeMap<String, Value>;

/// The objects of the stack as they are recorded, with ids in place of references.
#[derive(Clone, Debug, Default)]
pub struct OwnObjects(BTreeMap<Address, Known>);

impl OwnObjects {
    /// The objects of a record.
    pub fn of<'a>(objects: impl IntoIterator<Item = (&'a Address, &'a Known)>) -> Self {
        let recorded = Self(objects.into_iter().map(|(address, known)| (address.clone(), known.clone())).collect());
        let resolved = |known: &Known| Known {
            declared: known
                .declared
                .fields()
                .map(|(name, value)| (name.to_owned(), recorded.resolved(value)))
                .collect(),
            computed: known.computed.clone(),
        };
        Self(recorded.0.iter().map(|(address, known)| (address.clone(), resolved(known))).collect())
    }

    /// A value with the ids that its references lead to; what leads nowhere stays as it is.
    #[must_use]
    pub fn resolved(&self, value: &Value) -> Value {
        if let Some(address) = reference(value) {
            let id = self.get(&address).and_then(|known| known.computed.get("id"));
            return id.cloned().unwrap_or_else(|| value.clone());
        }
        if let Some(id) = external(value) {
            return Value::from(id);
        }
        match value {
            Value::Array(items) => Value::Array(items.iter().map(|item| self.resolved(item)).collect()),
            Value::Object(map) => {
                let members = map.iter().map(|(name, value)| (name.clone(), self.resolved(value)));
                Value::Object(members.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// One of them.
    pub fn get(&self, address: &Address) -> Option<&Known> {
        self.0.get(address)
    }

    /// All of one kind.
    pub fn of_kind<'s>(&'s self, kind: &'s str) -> impl Iterator<Item = &'s Known> {
        self.0.iter().filter(move |(address, _)| address.kind.as_str() == kind).map(|(_, known)| known)
    }

    /// Whether a text is the id, the ARN or another name that the cloud gave to one of this kind.
    pub fn names(&self, kind: &str, text: &str) -> bool {
        self.of_kind(kind).any(|known| known.computed.fields().any(|(_, value)| value.as_str() == Some(text)))
    }
}

/// What is to be judged of one object.
#[derive(Clone, Copy, Debug)]
pub struct DeepLook<'a> {
    /// The object.
    pub address: &'a Address,
    /// The table of its kind.
    pub table: &'a MemberTable,
    /// Everything that is recorded.
    pub objects: &'a OwnObjects,
    /// Everything that was answered, about this object and about the others: a rule of one may be known by another's.
    pub answers: &'a BTreeMap<Address, CallAnswers>,
    /// What was seen of this object before; empty at first.
    pub baseline: &'a Baseline,
    /// The account of the stack.
    pub account: &'a str,
    /// When the look was.
    pub now: Timestamp,
    /// From when on ages and ends are told.
    pub days: LifecycleDays,
}

impl<'a> DeepLook<'a> {
    /// The kind of the object.
    pub fn kind(&self) -> &'a Kind {
        &self.address.kind
    }

    /// What is recorded of the object, with ids in place of references.
    pub fn recorded(&self) -> Option<&'a Known> {
        self.objects.get(self.address)
    }

    /// What was declared of the object, with ids.
    pub fn declared(&self) -> Document {
        self.objects.get(self.address).map(|known| known.declared.clone()).unwrap_or_default()
    }

    /// Whether it is a secret with a password, which is made anew in the ordinary course: other secrets never are.
    pub fn is_password(&self) -> bool {
        self.declared().get("content").is_some_and(|content| content.get("login").is_some())
    }

    /// One value of what the cloud computed for it, as text.
    pub fn computed(&self, field: &str) -> Option<&'a str> {
        self.objects.get(self.address)?.computed.text(field)
    }

    /// A field as text: of what the cloud computed for it, or else of its declaration.
    pub fn field(&self, field: &str) -> Option<String> {
        self.computed(field).map(str::to_owned).or_else(|| self.declared().text(field).map(str::to_owned))
    }

    /// Every text in a field that was declared, and the names in it where it is a map: what of a list is ours.
    pub fn declared_texts(&self, field: &str) -> BTreeSet<String> {
        let Some(value) = self.objects.get(self.address).and_then(|known| known.declared.get(field)) else {
            return BTreeSet::new();
        };
        let names = value.as_object().into_iter().flat_map(Map::keys).cloned();
        texts(value).into_iter().map(str::to_owned).chain(names).collect()
    }

    /// What a call told of this object; nothing where it was not made, not read, or told that nothing is set.
    pub fn told(&self, call: &str) -> &'a [Value] {
        told(self.answers.get(self.address), call)
    }

    /// What a call told of any object.
    pub fn told_of_any<'c>(&self, call: &'c str) -> impl Iterator<Item = &'a Value> + use<'a, 'c> {
        self.answers.values().flat_map(move |answers| told(Some(answers), call))
    }

    /// What a call told of the object of a row, element by element.
    pub fn members(&self, row: &MemberRow) -> Vec<FoundMember<'a>> {
        self.told(row.call).iter().flat_map(|root| row.place.find(root)).collect()
    }
}

fn told<'a>(answers: Option<&'a CallAnswers>, call: &str) -> &'a [Value] {
    match answers.and_then(|answers| answers.get(call)) {
        Some(CallAnswer::Told(roots)) => roots,
        Some(CallAnswer::NotSet | CallAnswer::Unread(_)) | None => &[],
    }
}
