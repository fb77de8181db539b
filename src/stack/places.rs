//! Where each key of a declaration stands, for checks that find later that its value does not fit the world.

use std::collections::BTreeMap;

use super::values::{Value, Values};
use crate::text::Place;

/// The places of what is written in one declaration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    written: BTreeMap<String, Place>,
    items: BTreeMap<(String, String), Place>,
}

impl Places {
    pub(super) fn of(values: &Values) -> Self {
        let written = values.written.iter().map(|(path, place)| ((*path).to_owned(), *place)).collect();
        let items = values.values.iter().filter_map(|(path, value)| match value {
            Value::Set(items) => Some((path, items)),
            Value::Text(_)
            | Value::Whole(_)
            | Value::Flag(_)
            | Value::Tags(_)
            | Value::Settings(_)
            | Value::Waivers(_) => None,
        });
        let items = items
            .flat_map(|(path, items)| items.iter().map(|(item, place)| (((*path).to_owned(), item.clone()), *place)));
        Self { written, items: items.collect() }
    }

    /// Whether a key is written; if not, its default holds.
    pub fn is_written(&self, path: &str) -> bool {
        self.written.contains_key(path)
    }

    /// Where to point for a key: its value, or else the nearest section that is written, or else the beginning of the
    /// file.
    pub fn key(&self, path: &str) -> Place {
        self.written.get(path).copied().unwrap_or_else(|| match path.rsplit_once('.') {
            Some((section, _)) => self.key(section),
            None => Place::START,
        })
    }

    /// Where to point for one item of a list.
    pub fn item(&self, path: &str, item: &str) -> Place {
        let known = self.items.get(&(path.to_owned(), item.to_owned()));
        known.copied().unwrap_or_else(|| self.key(path))
    }
}

#[cfg(test)]
mod tests {
    use crate::stack::Stack;

    #[test]
    fn what_is_written_has_a_place_and_what_is_not_points_at_its_section() {
        let text = "stack: ppm\nregion: us-east-1\nkubernetes:\n  nodes: {count: 4}\n  \
                    admins:\n    - arn:aws:iam::111122223333:role/a\n    - arn:aws:iam::111122223333:role/b\n";
        let (_, places) = Stack::read("a.yaml", text).unwrap();
        let at = |place: crate::text::Place| (place.line, place.column);
        assert_eq!(at(places.key("kubernetes.nodes.count")), (4, 18));
        assert_eq!(at(places.key("kubernetes.nodes.instance_type")), (4, 3));
        assert_eq!(at(places.key("database.engine_version")), (1, 1));
        assert_eq!(at(places.item("kubernetes.admins", "arn:aws:iam::111122223333:role/b")), (7, 7));
        assert_eq!(at(places.item("kubernetes.admins", "another")), (5, 3));
        assert!(places.is_written("kubernetes.admins") && !places.is_written("database"));
    }
}
