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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(BTreeMap<Address, BTreeMap<String, Place>>);

impl Origins {
    /// Says where a field of a resource is declared; without a name, the resource as a whole.
    pub fn insert(&mut self, at: &Address, field: &str, place: Place) {
        self.0.entry(at.clone()).or_default().insert(field.to_owned(), place);
    }

    /// Where to point for a field of a resource, or with an empty path for the resource: at what declares it, or else at
    /// what declares whatever it is a part of. `None` where that is not known.
    pub fn of(&self, at: &Address, path: &str) -> Option<Place> {
        let fields = self.0.get(at)?;
        fields.get(path).copied().or_else(|| match path.rsplit_once('.') {
            Some((whole, _)) => self.of(at, whole),
            None => fields.get("").copied(),
        })
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
        for (field, line) in [("", 1), ("routes", 2), ("tags.a.b", 3)] {
            origins.insert(&database, field, at(line));
        }
        origins.insert(&bucket, "name", at(4));
        let lines = |address: &Address, paths: &[&str]| -> Vec<Option<usize>> {
            paths.iter().map(|path| origins.of(address, path).map(|place| place.line)).collect()
        };
        assert_eq!(lines(&database, &["routes.0.0.0.0/0", "tags.a.b", "tags.a", ""]), [2, 3, 1, 1].map(Some));
        assert_eq!(lines(&bucket, &["name", "policy", ""]), [Some(4), None, None]);
        assert_eq!(lines(&"vpc.main".parse().unwrap(), &["", "cidr"]), [None, None]);
    }
}
