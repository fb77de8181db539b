//! Waivers as they are declared: whose drift is not counted, and until when.
//!
//! Promises: each is whole and right by itself, or is refused at its place.
//!
//! Leaves to others whether there is such an object, and whether it drifted.

use jiff::civil::Date;

use crate::model::address::Address;
use crate::model::values::shown;
use crate::model::waiver::Waiver;
use crate::text::{Place, Problem, Shape, SourceNode, nearest};

/// The keys of a waiver, in the order in which they are written.
pub(super) const KEYS: [&str; 5] = ["address", "field", "until", "owner", "reason"];

/// The waivers in a list that are right, and everything that is wrong with the others.
pub(super) fn check(path: &str, items: &[SourceNode]) -> (Vec<Waiver>, Vec<Problem>) {
    let (mut waivers, mut problems) = (Vec::new(), Vec::new());
    for (index, item) in items.iter().enumerate() {
        let mut one = Check { path: format!("{path}[{index}]"), place: item.place, problems: Vec::new() };
        let waiver = one.waiver(item);
        problems.extend(one.problems);
        waivers.extend(waiver);
    }
    (waivers, problems)
}

struct Check {
    path: String,
    place: Place,
    problems: Vec<Problem>,
}

impl Check {
    fn refuse(&mut self, place: Place, key: &str, message: impl AsRef<str>, hint: impl AsRef<str>) {
        let path = if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) };
        self.problems.push(Problem::new(place, path, message, hint));
    }

    fn waiver(&mut self, item: &SourceNode) -> Option<Waiver> {
        let Shape::Map(members) = &item.shape else {
            let message = format!("expected a waiver with its keys, found {}", item.in_words());
            self.refuse(item.place, "", message, EXAMPLE);
            return None;
        };
        for member in members.iter().filter(|member| !KEYS.contains(&member.key.as_str())) {
            let keys = KEYS.join(", ");
            let hint = match nearest(&member.key, KEYS) {
                Some(meant) => format!("did you mean `{meant}`? The keys here are: {keys}"),
                None => format!("the keys here are: {keys}"),
            };
            self.refuse(member.at, &member.key, format!("there is no key `{}` in a waiver", shown(&member.key)), hint);
        }
        let node = |key: &str| members.iter().find(|member| member.key == key).map(|member| &member.value);
        let field = node("field").map(|field| self.text("field", Some(field)));
        let texts = ["address", "until", "owner", "reason"].map(|key| self.text(key, node(key)));
        let [address, until, owner, reason] = texts;
        let address = address.and_then(|text| self.address(&text, node("address")?));
        let until = until.and_then(|text| self.day(&text, node("until")?));
        let field = match field {
            Some(field) => Some(field?),
            None => None,
        };
        let whole = Waiver { address: address?, field, until: until?, owner: owner?, reason: reason? };
        self.problems.is_empty().then_some(whole)
    }

    fn text(&mut self, key: &str, node: Option<&SourceNode>) -> Option<String> {
        match node.map(|node| (&node.shape, node)) {
            Some((Shape::Text(text), _)) if !text.trim().is_empty() => return Some(text.clone()),
            Some((Shape::Whole(_) | Shape::Fraction(_) | Shape::Flag(_), node)) => {
                let spelling = shown(&node.spelling);
                let message = format!("YAML reads `{spelling}` as {}, and text is wanted", node.in_words());
                self.refuse(node.place, key, message, format!("put it in quotes: \"{spelling}\""));
            }
            Some((_, node)) => {
                self.refuse(node.place, key, format!("expected text, found {}", node.in_words()), EXAMPLE);
            }
            None => self.refuse(
                self.place,
                "",
                format!("`{key}` is missing: a waiver says whose it is, why, and until when"),
                EXAMPLE,
            ),
        }
        None
    }

    fn address(&mut self, text: &str, node: &SourceNode) -> Option<Address> {
        match text.parse() {
            Ok(address) => Some(address),
            Err(error) => {
                let error: crate::model::address::AddressError = error;
                self.refuse(
                    node.place,
                    "address",
                    error.to_string(),
                    "write it as `drift` shows it, such as nat_gateway.a",
                );
                None
            }
        }
    }

    fn day(&mut self, text: &str, node: &SourceNode) -> Option<Date> {
        match text.parse::<Date>() {
            Ok(day) if day.to_string() == text => Some(day),
            _ => {
                let message = format!("`{}` is no day", shown(text));
                self.refuse(node.place, "until", message, "write the last day on which it holds, such as 2026-12-07");
                None
            }
        }
    }
}

const EXAMPLE: &str =
    "write address, until, owner and reason, and the field if only one is meant; `drift` has a command for it";

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::stack::Stack;

    fn read(lines: &str) -> Result<Vec<Waiver>, String> {
        let text = format!("stack: ppm\nregion: us-east-1\nwaivers:\n{lines}");
        Stack::parse("a.yaml", &text).map(|stack| stack.waivers).map_err(|error| error.to_string())
    }

    #[test]
    fn a_waiver_is_read_in_either_style() {
        let expected = Waiver {
            address: "database.main".parse().unwrap(),
            field: Some("backup_days".to_owned()),
            until: date(2026, 12, 7),
            owner: "ann".to_owned(),
            reason: "restore is under way".to_owned(),
        };
        let braces = "  - { address: database.main, field: backup_days, until: 2026-12-07, owner: ann, reason: restore is under way }\n";
        let lines = "  - address: database.main\n    field: backup_days\n    until: \"2026-12-07\"\n    owner: ann\n    reason: restore is under way\n";
        assert_eq!(read(braces).as_deref(), Ok(std::slice::from_ref(&expected)));
        assert_eq!(read(lines).as_deref(), Ok(std::slice::from_ref(&expected)));
        let whole = read("  - { address: database.main, until: 2026-12-07, owner: ann, reason: x }\n").unwrap();
        assert_eq!(whole, [Waiver { field: None, reason: "x".to_owned(), ..expected }]);
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_told_at_its_place() {
        for (lines, told) in [
            ("  - database.main\n", "expected a waiver"),
            ("  - { address: database, until: 2026-12-07, owner: a, reason: x }\n", "database"),
            ("  - { address: database.main, until: soon, owner: a, reason: x }\n", "`soon` is no day"),
            ("  - { address: database.main, until: 2026-02-30, owner: a, reason: x }\n", "is no day"),
            ("  - { address: database.main, until: 2026-12-07, reason: x }\n", "`owner` is missing"),
            ("  - { address: database.main, until: 2026-12-07, owner: a, reason: '' }\n", "expected text"),
            ("  - { address: database.main, until: 2026-12-07, owner: 7, reason: x }\n", "put it in quotes"),
            ("  - { address: database.main, untill: 2026-12-07, owner: a, reason: x }\n", "did you mean `until`"),
        ] {
            let said = read(lines).unwrap_err();
            assert!(said.contains(told) && said.contains("a.yaml:4:"), "{told}: {said}");
        }
    }
}
