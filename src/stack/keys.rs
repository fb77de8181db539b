//! Every key of a declaration: what it does, what it takes, what holds without it, and why.
//!
//! Promises: this table is the only place where keys, defaults, limits and their documentation are written; checking,
//! JSON Schema, `explain`, `init` and the committed example all read it.
//!
//! Leaves to others rules between keys (`validate`) and the meaning of values (`Stack`).

mod cost;
mod drift;
mod package_manager;
mod table;

use std::fmt::Display;

use schemars::{JsonSchema, Schema, SchemaGenerator};

use super::waivers;
use super::words::{Choice, Word};
use crate::model::values::{TextValue, ValueError};
use crate::text::is_plain;
use crate::text::yaml::quoted;

/// All keys, sections before their keys.
pub(super) fn all() -> impl Iterator<Item = &'static Key> {
    table::KEYS
        .iter()
        .chain(package_manager::KEYS)
        .chain(table::AFTER)
        .chain(drift::KEYS)
        .chain(cost::KEYS)
        .chain(table::LAST)
}

/// One key of a declaration.
pub(super) struct Key {
    /// Where it stands, such as `network.cidr`.
    pub(super) path: &'static str,
    pub(super) kind: Kind,
    pub(super) absent: Absent,
    /// What it does: whole sentences.
    pub(super) what: &'static str,
    /// Where the default and the limits come from: whole sentences.
    pub(super) source: &'static str,
    /// A value that is not the default.
    pub(super) example: Literal,
    /// How `init` asks for it, if it does.
    pub(super) question: Option<&'static str>,
}

/// What a key takes.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Keys of its own.
    Section,
    /// Text of one of the types in `model::values`.
    Text(TextKind),
    /// One of these words.
    Word(&'static [Choice]),
    /// A whole number.
    Whole {
        /// The smallest that is allowed.
        least: u64,
        /// The largest that is allowed.
        most: u64,
        /// What it counts, such as `nodes`.
        unit: &'static str,
    },
    /// `true` or `false`.
    Flag,
    /// A list in which order means nothing and nothing stands twice.
    Set {
        /// What its items are.
        of: Item,
        /// The fewest items it may have.
        least: usize,
        /// The most items it may have.
        most: usize,
    },
    /// Tag keys and values of AWS.
    Tags,
    /// Settings of the server: sections, each with its keys.
    Settings,
    /// Waivers of drift, each with its keys.
    Waivers,
}

/// What a set is made of.
#[derive(Clone, Copy)]
pub(super) enum Item {
    /// Text of one of the types in `model::values`.
    Text(TextKind),
    /// One of these words.
    Word(&'static [Choice]),
}

/// A type of `model::values`, as far as the table needs to know it.
#[derive(Clone, Copy)]
pub(super) struct TextKind {
    /// What a value of it is called, with its article.
    pub(super) called: &'static str,
    /// A value that is right.
    pub(super) example: &'static str,
    /// Says what is wrong with a text.
    pub(super) check: fn(&str) -> Result<(), ValueError>,
    /// Its JSON schema.
    pub(super) schema: fn(&mut SchemaGenerator) -> Schema,
}

impl TextKind {
    pub(super) const fn of<T: TextValue + JsonSchema>() -> Self {
        fn check<T: TextValue>(text: &str) -> Result<(), ValueError> {
            text.parse::<T>().map(drop)
        }
        fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
            generator.subschema_for::<T>()
        }
        Self { called: T::CALLED, example: T::EXAMPLE, check: check::<T>, schema: schema::<T> }
    }
}

/// What holds when a key is not written.
#[derive(Clone, Copy)]
pub(super) enum Absent {
    /// It must be written wherever its section is.
    Required,
    /// This value.
    Is(Literal),
    /// Something that is no value of the key: said as a clause.
    Means(&'static str),
    /// For a section: its keys take their defaults.
    Defaults,
}

/// A value as the table writes it.
#[derive(Clone, Copy)]
pub(super) enum Literal {
    Text(&'static str),
    Whole(u64),
    Flag(bool),
    List(&'static [&'static str]),
    Tags(&'static [(&'static str, &'static str)]),
    /// One section of settings, one key in it, and its value.
    Setting(&'static str, &'static str, &'static str),
    /// One waiver: its address, its field, its last day, its owner and its reason.
    Waiver([&'static str; 5]),
    /// For sections, whose keys have examples of their own.
    Nothing,
}

impl Literal {
    /// The value as one line of YAML.
    pub(super) fn yaml(self) -> String {
        match self {
            Self::Text(text) => scalar(text),
            Self::Whole(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(items) => format!("[{}]", joined(items.iter().map(|item| scalar(item)))),
            Self::Tags([]) => "{}".to_owned(),
            Self::Tags(tags) => {
                format!(
                    "{{ {} }}",
                    joined(tags.iter().map(|(key, value)| format!("{}: {}", scalar(key), scalar(value))))
                )
            }
            Self::Setting(section, key, value) => {
                format!("{{ {}: {{ {}: {} }} }}", scalar(section), scalar(key), scalar(value))
            }
            Self::Waiver(said) => {
                let pairs = waivers::KEYS.iter().zip(said).map(|(key, text)| format!("{key}: {}", scalar(text)));
                format!("[{{ {} }}]", joined(pairs))
            }
            Self::Nothing => String::new(),
        }
    }
}

/// Text as YAML reads it back: plain where that is text, else in double quotes. What looks like a number is quoted
/// even where YAML would not need it (0.20.4), because its neighbour may (1.34).
pub(super) fn scalar(text: &str) -> String {
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if is_plain(text) && !numeric {
        return text.to_owned();
    }
    quoted(text)
}

/// Items in one line, separated by commas.
pub(super) fn joined(items: impl IntoIterator<Item = impl Display>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

impl Key {
    /// The last word of the path: what is written in the file.
    pub(super) fn name(&self) -> &'static str {
        split(self.path).1
    }

    /// The path of the section it is in; empty at the top.
    pub(super) fn section(&self) -> &'static str {
        split(self.path).0
    }

    /// How deep it is indented, in levels.
    pub(super) fn depth(&self) -> usize {
        self.path.matches('.').count()
    }
}

fn split(path: &'static str) -> (&'static str, &'static str) {
    path.rsplit_once('.').unwrap_or(("", path))
}

/// The key at a path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    all().find(|key| key.path == path)
}

/// The keys directly inside a section (`""` for the top), in the order of the table.
pub(super) fn children(section: &str) -> impl Iterator<Item = &'static Key> {
    all().filter(move |key| key.section() == section)
}

impl Kind {
    /// What is expected, as the object of a sentence.
    pub(super) fn expected(&self) -> String {
        match self {
            Self::Section => "keys of its own, indented below".to_owned(),
            Self::Text(text) => text.called.to_owned(),
            Self::Word(choices) => format!("one of {}", joined(supported(choices))),
            Self::Whole { least, most, unit: "" } => format!("a whole number from {least} to {most}"),
            Self::Whole { least, most, unit } => {
                format!("a whole number of {unit} from {least} to {most}")
            }
            Self::Flag => "true or false".to_owned(),
            Self::Set { of: Item::Text(text), .. } => format!("a list, each item {}", text.called),
            Self::Set { of: Item::Word(choices), .. } => format!("a list of any of {}", joined(supported(choices))),
            Self::Tags => "tag keys with their values, indented below".to_owned(),
            Self::Settings => "sections, each with its settings indented below".to_owned(),
            Self::Waivers => "a list of waivers, each with its keys".to_owned(),
        }
    }
}

/// The words of a choice that this version can do.
pub(super) fn supported(choices: &'static [Choice]) -> impl Iterator<Item = &'static str> {
    choices.iter().filter(|choice| choice.supported).map(|choice| choice.word)
}

/// The choices of a word type, for the table.
const fn choices<T: Word>() -> Kind {
    Kind::Word(T::CHOICES)
}

/// A text of a value type, for the table.
const fn text<T: TextValue + JsonSchema>() -> Kind {
    Kind::Text(TextKind::of::<T>())
}

/// A set of a value type, for the table.
const fn set<T: TextValue + JsonSchema>(least: usize, most: usize) -> Kind {
    Kind::Set { of: Item::Text(TextKind::of::<T>()), least, most }
}

/// A number, for the table.
const fn whole(least: u64, most: u64, unit: &'static str) -> Kind {
    Kind::Whole { least, most, unit }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_stands_after_its_section_and_once() {
        let mut seen = BTreeSet::from([""]);
        for key in all() {
            assert!(seen.contains(key.section()), "{} comes before its section", key.path);
            assert!(seen.insert(key.path), "{} stands twice", key.path);
            let section = find(key.section());
            assert!(section.is_none_or(|section| matches!(section.kind, Kind::Section)), "{}", key.path);
        }
    }

    #[test]
    fn every_key_is_documented_in_sentences() {
        for key in all() {
            for sentence in [key.what, key.source] {
                assert!(sentence.ends_with('.') && sentence.starts_with(|c: char| !c.is_lowercase()), "{}", key.path);
            }
            if let Absent::Means(clause) = key.absent {
                assert!(!clause.ends_with('.') && !clause.is_empty(), "{}", key.path);
            }
        }
    }

    #[test]
    fn scalars_are_quoted_where_yaml_would_read_something_else() {
        assert_eq!(scalar("ppm-prod"), "ppm-prod");
        assert_eq!(scalar("1.34"), "\"1.34\"");
        assert_eq!(scalar("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
    }
}
