//! A tree against the table of keys: every value of the right kind, every key known, defaults filled in.
//!
//! Promises: one problem never hides another; what is left over is right by itself, and each value knows whether and
//! where it was written.
//!
//! Leaves to others rules between keys.

use std::collections::BTreeSet;

use super::keys::{self, Absent, Item, Key, Kind, Literal, children, joined, scalar, supported};
use super::settings;
use super::tags;
use super::values::{Value, Values};
use super::waivers;
use super::words::Choice;
use crate::model::values::shown;
use crate::text::nearest;
use crate::text::{Member, Shape, SourceNode};
use crate::text::{Place, Problem};

/// Checks a whole document.
pub(super) fn check(document: &SourceNode) -> (Values, Vec<Problem>) {
    let mut check = Check { values: Values::default(), problems: Vec::new() };
    match &document.shape {
        Shape::Map(members) => check.section("", members, Place::START),
        Shape::Null => check.problems.push(Problem::new(
            Place::START,
            "",
            "the declaration is empty",
            "write at least `stack:` and `region:`; `ppm-infra init FILE` writes another with every key explained",
        )),
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => {
            check.problems.push(Problem::new(
                document.place,
                "",
                format!("a declaration is `key: value` lines, and this is {}", document.in_words()),
                "write keys such as `stack: ppm-prod`, with a space after the colon",
            ));
        }
    }
    (check.values, check.problems)
}

/// Checks one value by itself, as `init` does with an answer.
pub(super) fn check_value(key: &'static Key, node: &SourceNode) -> Result<Value, Vec<Problem>> {
    let mut check = Check { values: Values::default(), problems: Vec::new() };
    check.value(key, node);
    check.values.values.remove(key.path).ok_or(check.problems)
}

struct Check {
    values: Values,
    problems: Vec<Problem>,
}

impl Check {
    fn refuse(&mut self, place: Place, path: &str, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.problems.push(Problem::new(place, path, message, hint));
    }

    fn report<T>(&mut self, problems: Vec<Problem>) -> Option<T> {
        self.problems.extend(problems);
        None
    }

    fn section(&mut self, section: &'static str, members: &[Member], place: Place) {
        let mut meant = BTreeSet::new();
        for member in members {
            match children(section).find(|key| key.name() == member.key) {
                Some(key) => self.member(key, member),
                None => meant.extend(self.unknown(section, member)),
            }
        }
        for key in children(section) {
            if self.values.written(key.path).is_none() {
                self.absent(key, place, meant.contains(key.name()));
            }
        }
    }

    fn member(&mut self, key: &'static Key, member: &Member) {
        self.values.written.insert(key.path, if scalar_like(&member.value) { member.value.place } else { member.at });
        match (key.kind, &member.value.shape) {
            (Kind::Section, Shape::Map(members)) => self.section(key.path, members, member.at),
            // A section whose keys are all commented out says as much as no section.
            (Kind::Section, Shape::Null) if matches!(key.absent, Absent::Defaults) => {
                self.section(key.path, &[], member.at);
            }
            (Kind::Section, Shape::Null) => {
                let names = joined(children(key.path).map(Key::name));
                self.refuse(
                    member.at,
                    key.path,
                    "nothing is written below",
                    format!("write its keys ({names}), or delete the line: {}", without(key)),
                );
            }
            (Kind::Section, _) => {
                let names = joined(children(key.path).map(Key::name));
                let found = member.value.in_words();
                self.refuse(
                    member.value.place,
                    key.path,
                    format!("expected keys indented below, found {found}"),
                    format!("the keys are: {names}"),
                );
            }
            _ if matches!(member.value.shape, Shape::Null) => {
                // Where nothing is written there is nothing to point at but the key.
                let node = SourceNode { place: member.at, ..member.value.clone() };
                self.value(key, &node);
            }
            _ => self.value(key, &member.value),
        }
    }

    /// Reports a key that is none, and returns the key of this section it seems to mean.
    fn unknown(&mut self, section: &'static str, member: &Member) -> Option<&'static str> {
        let names: Vec<&str> = children(section).map(Key::name).collect();
        let path = if section.is_empty() { member.key.clone() } else { format!("{section}.{}", member.key) };
        let meant = nearest(&member.key, names.iter().copied());
        let elsewhere: Vec<&str> = keys::all().filter(|key| key.name() == member.key).map(Key::section).collect();
        let hint = match (meant, elsewhere.as_slice()) {
            (Some(meant), _) => format!("did you mean `{meant}`? The keys here are: {}", joined(&names)),
            (None, [""]) => format!("`{}` belongs at the top level, without indentation", member.key),
            (None, [other]) => format!("`{}` belongs under `{other}`", member.key),
            (None, _) => format!("the keys here are: {}", joined(&names)),
        };
        let place = if section.is_empty() { "in a declaration".to_owned() } else { format!("under `{section}`") };
        self.refuse(member.at, &path, format!("there is no key `{}` {place}", shown(&member.key)), hint);
        meant
    }

    fn absent(&mut self, key: &'static Key, place: Place, misspelt: bool) {
        match key.absent {
            Absent::Required if misspelt => {}
            Absent::Required => self.refuse(
                place,
                key.path,
                format!("`{}` is missing", key.name()),
                format!("add `{}: {}`", key.name(), key.example.yaml()),
            ),
            Absent::Is(literal) => self.default(key, literal),
            Absent::Means(_) => {}
            Absent::Defaults => self.section(key.path, &[], place),
        }
    }

    fn default(&mut self, key: &'static Key, literal: Literal) {
        let value = match literal {
            Literal::Text(text) => Value::Text(text.to_owned()),
            Literal::Whole(number) => Value::Whole(number),
            Literal::Flag(flag) => Value::Flag(flag),
            Literal::List(items) => Value::Set(items.iter().map(|item| ((*item).to_owned(), Place::START)).collect()),
            Literal::Tags(tags) => {
                Value::Tags(tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
            }
            Literal::Setting(..) | Literal::Waiver(_) | Literal::Nothing => return,
        };
        self.values.values.insert(key.path, value);
    }

    fn value(&mut self, key: &'static Key, node: &SourceNode) {
        let value = match (key.kind, &node.shape) {
            (_, Shape::Null) => {
                self.refuse(
                    node.place,
                    key.path,
                    format!("no value is written; expected {}", key.kind.expected()),
                    match key.absent {
                        Absent::Required => format!("write one, such as `{}: {}`", key.name(), key.example.yaml()),
                        Absent::Is(_) | Absent::Means(_) | Absent::Defaults => {
                            format!("write one, or delete the line: {}", without(key))
                        }
                    },
                );
                None
            }
            (Kind::Text(text), _) => self.item(key.path, Item::Text(text), node).map(Value::Text),
            (Kind::Word(choices), _) => self.item(key.path, Item::Word(choices), node).map(Value::Text),
            (Kind::Whole { least, most, .. }, _) => self.whole(key, least, most, node),
            (Kind::Flag, Shape::Flag(flag)) => Some(Value::Flag(*flag)),
            (Kind::Flag, _) => self.not_a_flag(key, node),
            (Kind::Set { of, least, most }, _) => self.set(key, of, least, most, node),
            (Kind::Tags, Shape::Map(members)) => {
                let found = tags::check(key.path, members);
                if found.is_empty() { Some(Value::Tags(tags::read(members))) } else { self.report(found) }
            }
            (Kind::Settings, Shape::Map(members)) => {
                // Those that are right stay, so that rules between keys see them.
                let (settings, found) = settings::check(key.path, members);
                self.problems.extend(found);
                Some(Value::Settings(settings))
            }
            (Kind::Waivers, Shape::List(items)) => {
                let (waivers, found) = waivers::check(key.path, items);
                if found.is_empty() { Some(Value::Waivers(waivers)) } else { self.report(found) }
            }
            (Kind::Tags | Kind::Settings | Kind::Waivers, _) => {
                let message = format!("expected {}, found {}", key.kind.expected(), node.in_words());
                self.refuse(node.place, key.path, message, format!("write them like {}", key.example.yaml()));
                None
            }
            (Kind::Section, _) => None,
        };
        if let Some(value) = value {
            self.values.values.insert(key.path, value);
        }
    }

    /// A text or a word, alone or in a set.
    fn item(&mut self, path: &str, kind: Item, node: &SourceNode) -> Option<String> {
        let (called, example) = match kind {
            Item::Text(text) => (text.called.to_owned(), scalar(text.example)),
            Item::Word(choices) => (
                format!("one of {}", joined(supported(choices))),
                supported(choices).next().unwrap_or_default().to_owned(),
            ),
        };
        match (&node.shape, kind) {
            (Shape::Text(text), Item::Text(kind)) => match (kind.check)(text) {
                Ok(()) => Some(text.clone()),
                Err(error) => {
                    self.problems.push(Problem::of_value(node.place, path, &error));
                    None
                }
            },
            (Shape::Text(word), Item::Word(choices)) => self.word(path, choices, word, node.place),
            (Shape::Whole(_) | Shape::Fraction(_) | Shape::Flag(_), _) => {
                let quoted = format!("\"{}\"", node.spelling);
                let right = match kind {
                    Item::Text(kind) => (kind.check)(&node.spelling).is_ok(),
                    Item::Word(_) => false,
                };
                self.refuse(
                    node.place,
                    path,
                    format!("YAML reads `{}` as {}, and {called} is wanted", shown(&node.spelling), node.in_words()),
                    if right {
                        format!("put it in quotes: {quoted}")
                    } else {
                        format!("write text, such as {example}")
                    },
                );
                None
            }
            (Shape::Null | Shape::List(_) | Shape::Map(_), _) => {
                self.refuse(
                    node.place,
                    path,
                    format!("expected {called}, found {}", node.in_words()),
                    format!("write one value, such as {example}"),
                );
                None
            }
        }
    }

    fn word(&mut self, path: &str, choices: &'static [Choice], word: &str, place: Place) -> Option<String> {
        let words = joined(supported(choices));
        match choices.iter().find(|choice| choice.word == word) {
            Some(choice) if choice.supported => return Some(word.to_owned()),
            Some(choice) => self.refuse(
                place,
                path,
                format!("`{word}` ({}) is not supported by this version", choice.meaning),
                format!("write {words}"),
            ),
            None => self.refuse(
                place,
                path,
                format!("`{}` is not one of {words}", shown(word)),
                match nearest(word, supported(choices)) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("write one of {words}"),
                },
            ),
        }
        None
    }

    fn whole(&mut self, key: &Key, least: u64, most: u64, node: &SourceNode) -> Option<Value> {
        let expected = key.kind.expected();
        let spelling = shown(&node.spelling);
        let (message, hint) = match &node.shape {
            Shape::Whole(number) => match u64::try_from(*number) {
                Ok(number) if (least..=most).contains(&number) => {
                    return Some(Value::Whole(number));
                }
                _ => out_of_range(&spelling, *number < i128::from(least), key, least, most),
            },
            // The YAML crate reads as a fraction what is too long for a number, or begins with a zero.
            Shape::Fraction(number) if is_digits(&node.spelling) => {
                match node.spelling.trim_start_matches(['-', '+', '0']).parse::<u64>() {
                    Ok(digits) if node.spelling.starts_with('0') => (
                        format!("{spelling} begins with a zero, which some read as octal: expected {expected}"),
                        format!("write {digits}"),
                    ),
                    _ => out_of_range(&spelling, number.is_sign_negative(), key, least, most),
                }
            }
            Shape::Fraction(_) => (
                format!("{spelling} is not whole: expected {expected}"),
                format!("write a number, such as {}", key.example.yaml()),
            ),
            Shape::Text(text) if text.trim().parse::<u64>().is_ok() => {
                (format!("{spelling} is text: expected {expected}"), format!("write {} without quotes", text.trim()))
            }
            Shape::Null | Shape::Flag(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => (
                format!("expected {expected}, found {}", node.in_words()),
                format!("write a number, such as {}", key.example.yaml()),
            ),
        };
        self.refuse(node.place, key.path, message, hint);
        None
    }

    fn not_a_flag(&mut self, key: &Key, node: &SourceNode) -> Option<Value> {
        let meant = match &node.shape {
            Shape::Text(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "y" | "on" | "true" => Some("true"),
                "no" | "n" | "off" | "false" => Some("false"),
                _ => None,
            },
            Shape::Whole(1) => Some("true"),
            Shape::Whole(0) => Some("false"),
            Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::List(_) | Shape::Map(_) => {
                None
            }
        };
        self.refuse(
            node.place,
            key.path,
            format!("expected true or false, found {}", node.in_words()),
            match meant {
                Some(meant) => format!("write {meant}, without quotes"),
                None => "write true or false".to_owned(),
            },
        );
        None
    }

    fn set(&mut self, key: &Key, of: Item, least: usize, most: usize, node: &SourceNode) -> Option<Value> {
        let Shape::List(nodes) = &node.shape else {
            let hint = match &node.shape {
                Shape::Text(_) => format!("write it in brackets: [{}]", shown(&node.spelling)),
                Shape::Null
                | Shape::Flag(_)
                | Shape::Whole(_)
                | Shape::Fraction(_)
                | Shape::List(_)
                | Shape::Map(_) => {
                    format!("write a list, such as {}", key.example.yaml())
                }
            };
            self.refuse(
                node.place,
                key.path,
                format!("expected {}, found {}", key.kind.expected(), node.in_words()),
                hint,
            );
            return None;
        };
        let before = self.problems.len();
        let mut items: Vec<(String, Place)> = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let path = format!("{}[{index}]", key.path);
            if let Some(item) = self.item(&path, of, node) {
                if items.iter().any(|(other, _)| *other == item) {
                    self.refuse(
                        node.place,
                        &path,
                        format!("`{}` is in the list twice", shown(&item)),
                        "delete one of the two",
                    );
                }
                items.push((item, node.place));
            }
        }
        if !(least..=most).contains(&nodes.len()) {
            let at_least = nodes.len() < least;
            let limit = if at_least { format!("at least {least}") } else { format!("at most {most}") };
            self.refuse(
                self.values.place(key.path),
                key.path,
                format!("the list has {}, and {limit} are wanted", nodes.len()),
                if at_least {
                    format!("add to it, or delete the key: {}", without(key))
                } else {
                    "shorten it".to_owned()
                },
            );
        }
        (self.problems.len() == before).then_some(Value::Set(items))
    }
}

/// Message and hint for a number that is too small or too large.
fn out_of_range(spelling: &str, too_small: bool, key: &Key, least: u64, most: u64) -> (String, String) {
    let nearest = if too_small { least } else { most };
    (
        format!("{spelling} is out of range: expected {}", key.kind.expected()),
        format!("write {nearest}, the nearest that is allowed"),
    )
}

fn is_digits(spelling: &str) -> bool {
    let digits = spelling.trim_start_matches(['-', '+']);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// What deleting a key leads to, as a clause.
fn without(key: &Key) -> String {
    match key.absent {
        Absent::Required => format!("`{}` is needed", key.name()),
        Absent::Is(literal) => format!("the default is {}", literal.yaml()),
        Absent::Means(clause) => format!("without it, {clause}"),
        Absent::Defaults => "its keys take their defaults".to_owned(),
    }
}

fn scalar_like(node: &SourceNode) -> bool {
    !matches!(node.shape, Shape::Null | Shape::List(_) | Shape::Map(_))
}
