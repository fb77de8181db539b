//! Where in a file something stands, and where a declaration says what a resource is to be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::address::Address;

/// A place in a file: line and column from 1, in characters, and how many characters it spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// How many characters it spans.
    pub width: usize,
}

impl Place {
    /// The beginning of the file, for what is missing from it.
    pub const START: Self = Self { line: 1, column: 1, width: 1 };
}

/// Where a declaration says what resources and their fields are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins(BTreeMap<Address, BTreeMap<String, Origin>>);

/// A key of a declaration that says what something is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// Its path, such as `network.cidr`.
    pub key: String,
    /// Where it stands, or else the nearest section that does.
    pub place: Place,
    /// Whether it is written; if not, its default holds.
    pub is_written: bool,
}

impl Origins {
    /// Says which key decides a field of a resource; without a name, the resource as a whole.
    pub fn insert(&mut self, at: &Address, field: &str, origin: Origin) {
        self.0.entry(at.clone()).or_default().insert(field.to_owned(), origin);
    }

    /// Where to point for a field of a resource, or with an empty path for the resource: at what declares it, or else at
    /// what declares whatever it is a part of. `None` where that is not known.
    pub fn of(&self, at: &Address, path: &str) -> Option<Place> {
        let deciding = self.deciding(at, path).or_else(|| self.deciding(at, ""));
        deciding.map(|origin| origin.place)
    }

    /// The key that decides a field of a resource by itself, or with an empty path what the resource as a whole is made
    /// for. `None` where none or several do.
    pub fn deciding(&self, at: &Address, path: &str) -> Option<&Origin> {
        let fields = self.0.get(at)?;
        let mut path = path;
        loop {
            if let Some(origin) = fields.get(path) {
                return Some(origin);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    /// The fields of a resource that a key decides by itself, in the order of their names; the resource as a whole, under
    /// the empty name, comes first.
    pub fn fields(&self, at: &Address) -> impl Iterator<Item = (&str, &Origin)> {
        self.0.get(at).into_iter().flatten().map(|(field, origin)| (field.as_str(), origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_nobody_declares_points_at_what_it_is_a_part_of() {
        let at = |line| Place { line, ..Place::START };
        let (database, bucket): (Address, Address) =
            ("database.main".parse().unwrap(), "bucket.packages".parse().unwrap());
        let mut origins = Origins::default();
        let origin = |line| Origin { key: format!("key.{line}"), place: at(line), is_written: true };
        for (field, line) in [("", 1), ("routes", 2), ("tags.a.b", 3)] {
            origins.insert(&database, field, origin(line));
        }
        origins.insert(&bucket, "name", origin(4));
        let lines = |address: &Address, paths: &[&str]| -> Vec<Option<usize>> {
            paths.iter().map(|path| origins.of(address, path).map(|place| place.line)).collect()
        };
        assert_eq!(lines(&database, &["routes.0.0.0.0/0", "tags.a.b", "tags.a", ""]), [2, 3, 1, 1].map(Some));
        assert_eq!(lines(&bucket, &["name", "policy", ""]), [Some(4), None, None]);
        assert_eq!(lines(&"vpc.main".parse().unwrap(), &["", "cidr"]), [None, None]);
        let deciding = |path: &str| origins.deciding(&database, path).map(|origin| origin.key.as_str());
        assert_eq!(
            ["routes.x", "tags.a.b", "tags.a", ""].map(deciding),
            [Some("key.2"), Some("key.3"), None, Some("key.1")]
        );
        assert_eq!(origins.fields(&database).map(|(field, _)| field).collect::<Vec<_>>(), ["", "routes", "tags.a.b"]);
    }
}
