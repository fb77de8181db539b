//! Drift that somebody answers for until a day.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::address::Address;

/// Drift that is not counted until a day, because somebody answers for it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The object.
    pub address: Address,
    /// The field, and what is below it; everything of the object where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The last day on which it holds, in UTC.
    pub until: Date,
    /// Who answers for it.
    pub owner: String,
    /// Why it is let stand.
    pub reason: String,
}

impl Waiver {
    /// Whether it is about a field of an object, or with an empty path about the object as a whole.
    pub fn covers(&self, address: &Address, path: &str) -> bool {
        *address == self.address && self.field.as_deref().is_none_or(|field| is_within(path, field))
    }

    /// Whether its last day is over.
    pub fn is_expired(&self, today: Date) -> bool {
        today > self.until
    }

    /// What it is about, as findings name it.
    pub fn subject(&self) -> String {
        match &self.field {
            Some(field) => format!("{} {field}", self.address),
            None => self.address.to_string(),
        }
    }
}

/// Whether a path is a field or something below it.
pub fn is_within(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_waiver_covers_its_field_and_what_is_below_until_its_day_is_over() {
        let waiver = |field: Option<&str>| Waiver {
            address: "vpc.main".parse().unwrap(),
            field: field.map(str::to_owned),
            until: date(2026, 12, 7),
            owner: "ann".to_owned(),
            reason: "moving".to_owned(),
        };
        let (vpc, other) = ("vpc.main".parse().unwrap(), "vpc.other".parse().unwrap());
        let tags = waiver(Some("tags"));
        for (path, covered) in [("tags", true), ("tags.team", true), ("tagsx", false), ("cidr", false), ("", false)] {
            assert_eq!(tags.covers(&vpc, path), covered, "{path}");
            assert!(waiver(None).covers(&vpc, path) && !waiver(None).covers(&other, path), "{path}");
        }
        assert!(!tags.is_expired(date(2026, 12, 7)) && tags.is_expired(date(2026, 12, 8)));
        assert_eq!((tags.subject(), waiver(None).subject()), ("vpc.main tags".to_owned(), "vpc.main".to_owned()));
    }
}
