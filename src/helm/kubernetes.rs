//! The types of Kubernetes that values of the chart can hold, for the versions a declaration may ask for.
//!
//! Promises: every field with what it holds, as Kubernetes' published schemas have it.
//!
//! Leaves to others what is done about a value that does not fit.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Made by `tests/helm/judge/reduce.py`, which says what the lines mean.
const TABLE: &str = include_str!("kubernetes/types.txt");

static TYPES: LazyLock<BTreeMap<&'static str, Vec<Field>>> = LazyLock::new(read);

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// Text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A whole number, or text such as a share or the name of a port.
    WholeOrText,
    /// An amount such as `500m` or `8Gi`.
    Amount,
    /// Whatever there is.
    Anything,
    /// A list of such values.
    List(Box<Holds>),
    /// Any keys with such values.
    Map(Box<Holds>),
    /// The fields of a type.
    Object(&'static str),
}

/// A field of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Its name.
    pub(super) name: &'static str,
    /// Whether it must be there.
    pub(super) is_required: bool,
    /// What it holds.
    pub(super) holds: Holds,
    /// Where it holds a list: the fields that tell items apart.
    told_apart_by: Vec<&'static str>,
    /// The first minor version that knows it, if that is not the oldest one here.
    pub(super) since: Option<u32>,
    /// The last minor version that knows it, if that is not the newest one here.
    pub(super) until: Option<u32>,
}

impl Holds {
    /// Reads the word of the table: a scalar, a type, `[]` before it for a list, `{}` for a map.
    pub(super) fn of(word: &'static str) -> Self {
        if let Some(items) = word.strip_prefix("[]") {
            return Holds::List(Box::new(Self::of(items)));
        }
        if let Some(values) = word.strip_prefix("{}") {
            return Holds::Map(Box::new(Self::of(values)));
        }
        match word {
            "text" => Holds::Text,
            "flag" => Holds::Flag,
            "whole" => Holds::Whole,
            "number" => Holds::Number,
            "whole-or-text" => Holds::WholeOrText,
            "amount" => Holds::Amount,
            name if name.starts_with(char::is_uppercase) => Holds::Object(name),
            _ => Holds::Anything,
        }
    }
}

/// The fields of a type, in the order of the alphabet; none for a type that is not in the table.
pub(super) fn fields(name: &str) -> &'static [Field] {
    TYPES.get(name).map_or(&[], Vec::as_slice)
}

/// The fields that tell items of this type apart where they stand in a list; none where a list may have one twice.
pub(super) fn told_apart_by(name: &str) -> &'static [&'static str] {
    let is_list_of = |holds: &Holds| {
        let Holds::List(items) = holds else { return false };
        matches!(**items, Holds::Object(item) if item == name)
    };
    let mut lists = TYPES.values().flatten().filter(|field| is_list_of(&field.holds));
    lists.find(|field| !field.told_apart_by.is_empty()).map_or(&[], |field| field.told_apart_by.as_slice())
}

fn read() -> BTreeMap<&'static str, Vec<Field>> {
    let mut types = BTreeMap::new();
    let mut name = "";
    for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(line) = line.strip_prefix(' ') {
            types.entry(name).or_insert_with(Vec::new).extend(field(line));
        } else {
            name = line.split(' ').next().unwrap_or(line);
        }
    }
    types
}

fn field(line: &'static str) -> Option<Field> {
    let mut words = line.split(' ');
    let name = words.next()?;
    let holds = Holds::of(words.next()?);
    let mut field = Field {
        name: name.trim_end_matches('!'),
        is_required: name.ends_with('!'),
        holds,
        told_apart_by: Vec::new(),
        since: None,
        until: None,
    };
    for word in words {
        match word.split_at(1) {
            ("@", keys) => field.told_apart_by = keys.split(',').collect(),
            ("+", minor) => field.since = minor.parse().ok(),
            (_, minor) => field.until = minor.parse().ok(),
        }
    }
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helm::keys::{Below, KEYS};

    /// The types within.
    fn objects(holds: &Holds) -> Option<&'static str> {
        match holds {
            Holds::List(within) | Holds::Map(within) => objects(within),
            Holds::Object(name) => Some(name),
            Holds::Text
            | Holds::Flag
            | Holds::Whole
            | Holds::Number
            | Holds::WholeOrText
            | Holds::Amount
            | Holds::Anything => None,
        }
    }

    #[test]
    fn every_line_is_read() {
        let fields: Vec<_> = TYPES.values().flatten().collect();
        assert_eq!(fields.len(), TABLE.lines().filter(|line| line.starts_with(' ')).count());
        for field in &fields {
            assert!(field.since.is_none_or(|minor| (28..38).contains(&minor)), "{field:?}");
            assert!(field.until.is_none_or(|minor| (27..37).contains(&minor)), "{field:?}");
        }
        let probe = super::fields("Probe");
        let seconds = probe.iter().find(|field| field.name == "periodSeconds").expect("a probe has a period");
        assert_eq!((&seconds.holds, seconds.is_required), (&Holds::Whole, false));
        assert!(super::fields("EnvVar").iter().any(|field| field.name == "name" && field.is_required));
        assert_eq!(told_apart_by("EnvVar"), ["name"]);
        assert_eq!(told_apart_by("ContainerPort"), ["containerPort", "protocol"]);
        assert!(told_apart_by("Toleration").is_empty());
    }

    #[test]
    fn what_the_keys_of_the_chart_hold_is_in_the_table() {
        for key in KEYS {
            let Below::Kubernetes(word) = key.below else { continue };
            if let Some(name) = objects(&Holds::of(word)) {
                assert!(!super::fields(name).is_empty(), "{} holds {word}", key.path);
            }
        }
    }
}
