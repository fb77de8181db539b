//! The values of a declaration by path, each right by itself.
//!
//! Promises: a value is read as what its key says or not at all; each knows whether and where it was written.
//!
//! Leaves to others how they got here (`check`) and what they mean together (`validate`).

use std::collections::{BTreeMap, BTreeSet};

use super::settings::Setting;
use super::words::Word;
use crate::model::values::TextValue;
use crate::model::waiver::Waiver;
use crate::text::Place;

/// A value that fits its key.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Text(String),
    Whole(u64),
    Flag(bool),
    Set(Vec<(String, Place)>),
    Tags(BTreeMap<String, String>),
    Settings(Vec<Setting>),
    Waivers(Vec<Waiver>),
}

/// The values of a declaration by path, defaults included; keys whose value is wrong are absent.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) values: BTreeMap<&'static str, Value>,
    pub(super) written: BTreeMap<&'static str, Place>,
}

impl Values {
    /// Where a key was written, right or wrong; none if its default holds.
    pub(super) fn written(&self, path: &str) -> Option<Place> {
        self.written.get(path).copied()
    }

    /// Where to point for a key: itself, or else the nearest section that was written.
    pub(super) fn place(&self, path: &str) -> Place {
        self.written(path).unwrap_or_else(|| match path.rsplit_once('.') {
            Some((section, _)) => self.place(section),
            None => Place::START,
        })
    }

    pub(super) fn text<T: TextValue>(&self, path: &str) -> Option<T> {
        match self.values.get(path)? {
            Value::Text(text) => text.parse().ok(),
            Value::Whole(_)
            | Value::Flag(_)
            | Value::Set(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    pub(super) fn word<T: Word>(&self, path: &str) -> Option<T> {
        match self.values.get(path)? {
            Value::Text(word) => T::from_word(word),
            Value::Whole(_)
            | Value::Flag(_)
            | Value::Set(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    pub(super) fn whole<T: TryFrom<u64>>(&self, path: &str) -> Option<T> {
        match self.values.get(path)? {
            Value::Whole(number) => T::try_from(*number).ok(),
            Value::Text(_)
            | Value::Flag(_)
            | Value::Set(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    pub(super) fn flag(&self, path: &str) -> Option<bool> {
        match self.values.get(path)? {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Set(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    /// The items of a set with their places, each read by `read`.
    pub(super) fn items<T>(&self, path: &str, read: impl Fn(&str) -> Option<T>) -> Option<Vec<(T, Place)>> {
        match self.values.get(path)? {
            Value::Set(items) => items.iter().map(|(item, place)| Some((read(item)?, *place))).collect(),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Flag(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    pub(super) fn texts<T: TextValue + Ord>(&self, path: &str) -> Option<BTreeSet<T>> {
        Some(self.items(path, |item| item.parse().ok())?.into_iter().map(|(item, _)| item).collect())
    }

    pub(super) fn words<T: Word + Ord>(&self, path: &str) -> Option<BTreeSet<T>> {
        Some(self.items(path, T::from_word)?.into_iter().map(|(item, _)| item).collect())
    }

    pub(super) fn tags(&self, path: &str) -> Option<BTreeMap<String, String>> {
        match self.values.get(path)? {
            Value::Tags(tags) => Some(tags.clone()),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Flag(_)
            | Value::Set(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        }
    }

    /// What is written in the list under a key; nothing if it is not there.
    pub(super) fn list<T: Listed>(&self, path: &str) -> &[T] {
        self.values.get(path).and_then(T::of).unwrap_or_default()
    }
}

/// What a key holds a list of, each of its items read whole.
pub(super) trait Listed: Sized {
    /// The items, where a value is a list of these.
    fn of(value: &Value) -> Option<&[Self]>;
}

impl Listed for Setting {
    fn of(value: &Value) -> Option<&[Self]> {
        let Value::Settings(settings) = value else { return None };
        Some(settings)
    }
}

impl Listed for Waiver {
    fn of(value: &Value) -> Option<&[Self]> {
        let Value::Waivers(waivers) = value else { return None };
        Some(waivers)
    }
}
