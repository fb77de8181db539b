//! Changing what a declaration says, in the file that people wrote: its comments, its order and its layout stay.
//!
//! Promises: a new key comes where the table of keys has it among those that are written.
//!
//! Leaves to others whether what comes out is right: it is read again like any other declaration.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::check;
use super::init::{answered, settable};
use super::keys::{Absent, Item, Key, Kind, TextKind, children, find, supported};
use super::values::Value;
use crate::model::values::ValueError;
use crate::model::waiver::Waiver;
use crate::text::edit::{EditRefusal, NewList, YamlEdit, YamlText, edited};
use crate::text::tree;

/// The texts that come of declaring a key otherwise, so that what was `before` may be as it is `after`: each with one value
/// that is in it. Both sides are values of a resource, as they are recorded and observed. None where the key takes nothing
/// of the kind.
///
/// # Errors
/// [`EditRefusal`] where the text is written so that the key cannot be changed in it.
pub fn alternatives(text: &str, key: &str, before: &Json, after: &Json) -> Result<Vec<String>, EditRefusal> {
    let Some(key) = find(key) else { return Ok(Vec::new()) };
    let amendment = Amendment::of(text, key);
    let written = amendment.values(key);
    let values: Vec<Json> = match key.kind {
        Kind::Flag => vec![json!(true), json!(false)],
        Kind::Word(choices) => supported(choices).map(|word| json!(word)).collect(),
        Kind::Whole { least, most, .. } => {
            let numbers = leaves(after).into_iter().filter_map(Json::as_u64);
            numbers.filter(|number| (least..=most).contains(number)).map(|number| json!(number)).collect()
        }
        Kind::Text(kind) => fitting(after, kind).into_iter().map(|text| json!(text)).collect(),
        Kind::Set { of: Item::Text(kind), .. } => {
            return amendment.set(written, kind, before, after).map(|one| vec![one]);
        }
        Kind::Section | Kind::Set { of: Item::Word(_), .. } | Kind::Tags | Kind::Settings | Kind::Waivers => Vec::new(),
    };
    let mut texts = values
        .iter()
        .map(|value| amendment.edited(&YamlEdit::Set(YamlText::scalar(value))))
        .collect::<Result<Vec<_>, _>>()?;
    if matches!(key.absent, Absent::Means(_)) && written.is_some() {
        texts.push(amendment.edited(&YamlEdit::Unset)?);
    }
    texts.dedup();
    texts.retain(|other| other != text);
    Ok(texts)
}

/// The text with a key set, from text as a person types it after `--set`: lists with commas between, tags as `key=value`. Text
/// that is empty takes the key out.
///
/// # Errors
/// If there is no such key, the text is no value of it, or the file is written so that the key cannot be changed in it.
pub fn set(text: &str, key: &str, answer: &str) -> Result<String, ValueError> {
    let key = settable(key)?;
    let refused = |refusal: EditRefusal| {
        ValueError::new(format!("`{}` cannot be set: {refusal}", key.path), "change it in the file")
    };
    let value = if answer.is_empty() { None } else { Some(answered(key, answer)?) };
    let mut text = text.to_owned();
    // What has parts is not written over where it stands.
    let has_parts = matches!(key.kind, Kind::Set { .. } | Kind::Tags);
    if (has_parts || value.is_none()) && Amendment::of(&text, key).is_written(key) {
        text = Amendment::of(&text, key).edited(&YamlEdit::Unset).map_err(refused)?;
    }
    let written = match value {
        None => return Ok(text),
        Some(Value::Text(text)) => YamlText::scalar(&json!(text)),
        Some(Value::Whole(number)) => YamlText::scalar(&json!(number)),
        Some(Value::Flag(flag)) => YamlText::scalar(&json!(flag)),
        Some(Value::Set(items)) => YamlText::list(&items.iter().map(|(item, _)| json!(item)).collect::<Vec<_>>()),
        Some(Value::Tags(tags)) => {
            let tags: Vec<(&str, Json)> = tags.iter().map(|(tag, value)| (tag.as_str(), json!(value))).collect();
            YamlText::map(&tags)
        }
        Some(Value::Settings(_) | Value::Waivers(_)) => {
            return Err(ValueError::new(format!("`{}` is too much for one line", key.path), "write it into the file"));
        }
    };
    Amendment::of(&text, key).edited(&YamlEdit::Set(written)).map_err(refused)
}

/// The text with a tag for every object set to a value, or without it.
///
/// # Errors
/// As [`alternatives`].
pub fn tagged(text: &str, tag: &str, value: Option<&str>) -> Result<String, EditRefusal> {
    let edit = value.map_or(YamlEdit::Unset, |value| YamlEdit::Set(YamlText::scalar(&json!(value))));
    Amendment { text, path: vec!["tags", tag] }.edited(&edit)
}

/// The text without an item of the list at a key.
///
/// # Errors
/// As [`alternatives`]; also where the list has no such item.
pub fn without(text: &str, key: &str, item: &str) -> Result<String, EditRefusal> {
    Amendment { text, path: key.split('.').collect() }.edited(&YamlEdit::Take(json!(item)))
}

/// The text with one waiver more.
///
/// # Errors
/// As [`alternatives`].
pub fn waived(text: &str, waiver: &Waiver) -> Result<String, EditRefusal> {
    let members = members(waiver);
    Amendment { text, path: vec!["waivers"] }.edited(&YamlEdit::Add(YamlText::map(&members), NewList::Lines))
}

/// The text without a waiver.
///
/// # Errors
/// As [`alternatives`]; also where it has no such waiver.
pub fn unwaived(text: &str, waiver: &Waiver) -> Result<String, EditRefusal> {
    let value = members(waiver).into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    Amendment { text, path: vec!["waivers"] }.edited(&YamlEdit::Take(Json::Object(value)))
}

fn members(waiver: &Waiver) -> Vec<(&'static str, Json)> {
    let Waiver { address, field, until, owner, reason } = waiver;
    let field = field.as_ref().map(|field| ("field", json!(field)));
    let rest = [("until", json!(until)), ("owner", json!(owner)), ("reason", json!(reason))];
    std::iter::once(("address", json!(address))).chain(field).chain(rest).collect()
}

struct Amendment<'a> {
    text: &'a str,
    path: Vec<&'a str>,
}

impl<'a> Amendment<'a> {
    fn of(text: &'a str, key: &'static Key) -> Self {
        Self { text, path: key.path.split('.').collect() }
    }

    fn edited(&self, edit: &YamlEdit) -> Result<String, EditRefusal> {
        edited(self.text, &self.path, edit, &rank)
    }

    /// Whether the text says anything at the key, right or wrong.
    fn is_written(&self, key: &Key) -> bool {
        let (document, _) = tree(self.text);
        document.is_some_and(|document| check::check(&document).0.written(key.path).is_some())
    }

    /// What the text says at the key; nothing where it is not written there.
    fn values(&self, key: &Key) -> Option<Value> {
        let (document, _) = tree(self.text);
        let (mut values, _) = check::check(&document?);
        values.written(key.path)?;
        values.values.remove(key.path)
    }

    /// The text whose list has what came and lacks what went.
    fn set(&self, written: Option<Value>, kind: TextKind, before: &Json, after: &Json) -> Result<String, EditRefusal> {
        let (old, new) = (fitting(before, kind), fitting(after, kind));
        let Some(Value::Set(items)) = written else {
            let items: Vec<Json> = new.iter().map(|item| json!(item)).collect();
            return self.edited(&YamlEdit::Set(YamlText::list(&items)));
        };
        let is_there = |item: &&String| items.iter().any(|(there, _)| there == *item);
        // What comes is added first, so that the list is never empty in between.
        let come = new
            .difference(&old)
            .filter(|item| !is_there(item))
            .map(|item| YamlEdit::Add(YamlText::scalar(&json!(item)), NewList::Brackets));
        let go = old.difference(&new).filter(is_there).map(|item| YamlEdit::Take(json!(item)));
        let mut text = self.text.to_owned();
        for edit in come.chain(go) {
            text = Amendment { text: &text, path: self.path.clone() }.edited(&edit)?;
        }
        Ok(text)
    }
}

/// Where a key comes among those of its section; nothing for what the table does not know, which comes last.
fn rank(sections: &[&str], key: &str) -> Option<usize> {
    children(&sections.join(".")).position(|one| one.name() == key)
}

/// The values in a value that have no parts.
fn leaves(value: &Json) -> Vec<&Json> {
    match value {
        Json::Array(items) => items.iter().flat_map(leaves).collect(),
        Json::Object(members) => members.values().flat_map(leaves).collect(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => vec![value],
    }
}

/// The texts in a value that a kind of text takes.
fn fitting(value: &Json, kind: TextKind) -> BTreeSet<String> {
    let texts = leaves(value).into_iter().filter_map(Json::as_str);
    texts.filter(|text| (kind.check)(text).is_ok()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "stack: ppm # the name\nregion: us-east-1\n\ndatabase:\n  # how many\n  storage_gib: 100  # GB\n  multi_az: true\nload_balancer: {allow_from: [10.0.0.0/8]}\n";

    #[test]
    fn what_a_key_can_say_is_tried_and_nothing_else_is_written() {
        let texts = |key: &str, before: Json, after: Json| alternatives(TEXT, key, &before, &after).unwrap();
        assert_eq!(texts("database.storage_gib", json!(100), json!(200)), [TEXT.replace("100", "200")]);
        assert_eq!(texts("database.multi_az", json!(true), json!(false)), [TEXT.replace("true", "false")]);
        assert_eq!(texts("database.storage_gib", json!(100), json!("x")), [""; 0], "no number");
        let days = TEXT.replace("  multi_az: true\n", "  multi_az: true\n  backup_days: 3\n");
        assert_eq!(texts("database.backup_days", json!(7), json!(3)), [days]);
        let from = |cidr: &str| json!([{"peer": {"cidr": cidr}, "port": 80}]);
        let other = texts("load_balancer.allow_from", from("10.0.0.0/8"), from("10.1.0.0/16"));
        assert_eq!(other, [TEXT.replace("10.0.0.0/8", "10.1.0.0/16")]);
    }

    #[test]
    fn what_is_typed_is_written_where_the_key_belongs() {
        let text = |key: &str, answer: &str| set(TEXT, key, answer).unwrap();
        assert_eq!(text("database.multi_az", "false"), TEXT.replace("true", "false"));
        assert_eq!(text("database.multi_az", ""), TEXT.replace("  multi_az: true\n", ""));
        assert_eq!([text("kubernetes.version", ""), text("database.backup_days", "")], [TEXT, TEXT]);
        for (key, answer) in [
            ("cost.installs_per_day", "5"),
            ("kubernetes.version", "1.35"),
            ("load_balancer.allow_from", "10.0.0.0/8, 10.1.0.0/16"),
            ("tags", "team=data"),
            ("protect", "database"),
            ("network.nat", "single"),
        ] {
            crate::stack::Stack::parse("a.yaml", &text(key, answer)).unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        for (key, answer, problem) in [
            ("database", "x", "no key `database`"),
            ("database.multi_az", "maybe", "true or false"),
            ("waivers", "x", "expected a list"),
        ] {
            let error = set(TEXT, key, answer).unwrap_err();
            assert!(error.problem().contains(problem), "{error}");
        }
    }

    #[test]
    fn a_waiver_is_one_line_below_the_others() {
        let waiver = Waiver {
            address: "database.main".parse().unwrap(),
            field: None,
            until: jiff::civil::date(2026, 12, 7),
            owner: "ann".to_owned(),
            reason: "a: restore".to_owned(),
        };
        let first = waived(TEXT, &waiver).unwrap();
        let line = "  - { address: database.main, until: 2026-12-07, owner: ann, reason: \"a: restore\" }\n";
        assert_eq!(first, format!("{TEXT}\nwaivers:\n{line}"));
        let second = waived(&first, &waiver).unwrap();
        assert_eq!(second, format!("{first}{line}"));
        let stack = crate::stack::Stack::parse("a.yaml", &second).unwrap();
        assert_eq!(stack.waivers, [waiver.clone(), waiver]);
    }

    #[test]
    fn tags_come_last_and_the_last_one_leaves_none() {
        let one = tagged(TEXT, "team", Some("data")).unwrap();
        assert_eq!(one, format!("{TEXT}\ntags:\n  team: data\n"));
        let two = tagged(&one, "area", Some("42")).unwrap();
        assert_eq!(two, format!("{one}  area: \"42\"\n"));
        let three = tagged(&tagged(&two, "team", None).unwrap(), "area", None).unwrap();
        assert_eq!(three, format!("{TEXT}\ntags: {{}}\n"));
    }
}
