//! Typed pointers between resources, and reading them back out of documents.
//!
//! A reference stays symbolic in declarations, plans and state: "the id is not known yet" is simply `vpc.main` compared
//! with `vpc.main`. The dependency graph is read from the documents with [`references`]; nobody lists it by hand.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};

use super::address::{Address, Name};
use super::document::Document;
use super::resource::Resource;

const NAMED: &str = "$ref";
const EXTERNAL: &str = "id";

/// A pointer at a resource of type `R`: by name if this stack declares it, by id if somebody else made it.
///
/// Stored as `{"$ref": "vpc.main"}` or `{"id": "vpc-0abc"}`.
pub enum Ref<R> {
    /// A resource of this stack.
    Named(Name, PhantomData<fn() -> R>),
    /// An object outside this stack, by the id or ARN the cloud knows it by.
    External(String),
}

impl<R: Resource> Ref<R> {
    /// Points at the resource `name` of this stack.
    ///
    /// # Panics
    /// When `name` has other characters than `a-z 0-9 -`: for names written in the program.
    pub fn named(name: &str) -> Self {
        Self::Named(name.parse().expect("names in the program use a-z, 0-9 and -"), PhantomData)
    }

    /// Points at what `address` names, if that is a resource of type `R`.
    pub fn to(address: &Address) -> Option<Self> {
        (address.kind == R::KIND).then(|| Self::Named(address.name.clone(), PhantomData))
    }

    /// Points at an object made by others.
    pub fn external(id: impl Into<String>) -> Self {
        Self::External(id.into())
    }

    /// The address pointed at, if it is a resource of this stack.
    pub fn address(&self) -> Option<Address> {
        match self {
            Self::Named(name, _) => Some(Address { kind: R::KIND, name: name.clone() }),
            Self::External(_) => None,
        }
    }
}

impl<R> Ref<R> {
    fn key(&self) -> (u8, &str) {
        match self {
            Self::Named(name, _) => (0, name.as_str()),
            Self::External(id) => (1, id),
        }
    }
}

// Derived implementations would demand the same of `R`, which is only a label here.
impl<R> Clone for Ref<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Named(name, _) => Self::Named(name.clone(), PhantomData),
            Self::External(id) => Self::External(id.clone()),
        }
    }
}
impl<R> PartialEq for Ref<R> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl<R> Eq for Ref<R> {}
impl<R> PartialOrd for Ref<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Ref<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
impl<R: Resource> fmt::Debug for Ref<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl<R: Resource> fmt::Display for Ref<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name, _) => write!(f, "{}.{name}", R::KIND),
            Self::External(id) => f.write_str(id),
        }
    }
}

impl<R: Resource> Serialize for Ref<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Named(name, _) => map.serialize_entry(NAMED, &format!("{}.{name}", R::KIND))?,
            Self::External(id) => map.serialize_entry(EXTERNAL, id)?,
        }
        map.end()
    }
}

impl<'de, R: Resource> Deserialize<'de> for Ref<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(address) = reference(&value) {
            return Self::to(&address)
                .ok_or_else(|| D::Error::custom(format!("expected a {}, found {address}", R::KIND)));
        }
        match value.as_object().map(|map| (map.len(), map.get(EXTERNAL).and_then(Value::as_str))) {
            Some((1, Some(id))) => Ok(Self::External(id.to_owned())),
            _ => Err(D::Error::custom(format!("expected a reference to a {}, found {value}", R::KIND))),
        }
    }
}

/// The id `value` points at, if it is a reference to an object outside the stack, or to one that is not what stands at
/// its address any more.
pub fn external(value: &Value) -> Option<&str> {
    let map = value.as_object()?;
    if map.len() == 1 { map.get(EXTERNAL)?.as_str() } else { None }
}

/// Every id a value points at in this way, at any depth.
pub fn externals_in(value: &Value) -> BTreeSet<&str> {
    if let Some(id) = external(value) {
        return BTreeSet::from([id]);
    }
    match value {
        Value::Array(items) => items.iter().flat_map(externals_in).collect(),
        Value::Object(map) => map.values().flat_map(externals_in).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

/// The document with every reference replaced by what `map` answers for its target; where that is `None` the reference
/// stays as it is. Lists of references stay sorted, as sets of [`Ref`] are.
#[must_use]
pub fn map_references(document: &Document, map: &impl Fn(RefTarget<'_>) -> Option<RefTarget<'static>>) -> Document {
    document.fields().map(|(field, value)| (field.to_owned(), map_references_in(value, map))).collect()
}

/// What a reference points at, with its type erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefTarget<'a> {
    /// What stands at an address of this stack.
    Named(Address),
    /// One object, by its id.
    Object(Cow<'a, str>),
}

impl RefTarget<'_> {
    fn to_value(&self) -> Value {
        match self {
            Self::Named(address) => json!({NAMED: address.to_string()}),
            Self::Object(id) => json!({EXTERNAL: id}),
        }
    }
}

fn map_references_in(value: &Value, map: &impl Fn(RefTarget<'_>) -> Option<RefTarget<'static>>) -> Value {
    let target =
        reference(value).map(RefTarget::Named).or_else(|| external(value).map(|id| RefTarget::Object(id.into())));
    if let Some(target) = target {
        return map(target).map_or_else(|| value.clone(), |target| target.to_value());
    }
    match value {
        Value::Array(items) => {
            let mut all: Vec<Value> = items.iter().map(|item| map_references_in(item, map)).collect();
            let key = |value: &Value| {
                let named = reference(value).map(|address| (0, address.to_string()));
                named.or_else(|| external(value).map(|id| (1, id.to_owned())))
            };
            if all.iter().all(|item| key(item).is_some()) {
                all.sort_by_key(key);
            }
            Value::Array(all)
        }
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(k, v)| (k.clone(), map_references_in(v, map))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// The address `value` points at, if it is a reference.
pub fn reference(value: &Value) -> Option<Address> {
    let map = value.as_object()?;
    if map.len() != 1 {
        return None;
    }
    map.get(NAMED)?.as_str()?.parse().ok()
}

/// Every address a document points at.
pub fn references(document: &Document) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    for (_, value) in document.fields() {
        collect(value, &mut found);
    }
    found
}

/// Every address a value points at, at any depth.
pub fn references_in(value: &Value) -> BTreeSet<Address> {
    let mut found = BTreeSet::new();
    collect(value, &mut found);
    found
}

fn collect(value: &Value, found: &mut BTreeSet<Address>) {
    if let Some(address) = reference(value) {
        found.insert(address);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(map) => map.values().for_each(|item| collect(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
