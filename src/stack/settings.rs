//! Settings of the server as a declaration holds them: sections, each with its keys.
//!
//! Promises: what passes can be written for the chart and for the server, and the server reads what was meant.
//!
//! Leaves to others which settings a declaration may hold (`validate`).

use std::collections::BTreeMap;

use crate::model::values::shown;
use crate::product::gcfg::{ConfigError, GcfgSection, Leaf};
use crate::text::{Member, Place, Problem, Shape, SourceNode};

/// One setting, as it was written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Setting {
    /// Its section, without settings.
    pub(super) section: GcfgSection,
    pub(super) key: String,
    pub(super) value: Leaf,
    /// Where its key stands.
    pub(super) at: Place,
    /// Where its value stands.
    pub(super) place: Place,
}

impl Setting {
    /// Whether it is this setting of this section itself, by the server's reading.
    pub(super) fn is(&self, section: &str, key: &str) -> bool {
        self.section.is(section) && self.key.eq_ignore_ascii_case(key)
    }

    /// Where it stands below `path`.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{path}.{}.{}", self.section.heading(), self.key)
    }
}

/// The sections of settings, by name: their order in the file means nothing.
pub(super) fn sections(settings: &[Setting]) -> Vec<GcfgSection> {
    let mut sorted: BTreeMap<String, BTreeMap<&str, &Setting>> = BTreeMap::new();
    for setting in settings {
        sorted.entry(setting.section.heading()).or_default().insert(&setting.key, setting);
    }
    let filled = |settings: BTreeMap<&str, &Setting>| {
        let empty = settings.values().next().map(|first| first.section.clone());
        empty.map(|empty| settings.into_values().fold(empty, |section, one| section.set(&one.key, one.value.clone())))
    };
    sorted.into_values().filter_map(filled).collect()
}

/// The settings written under the key `path` that are right by themselves, and everything that is wrong with the others.
pub(super) fn check(path: &str, members: &[Member]) -> (Vec<Setting>, Vec<Problem>) {
    let mut check = Check { settings: Vec::new(), problems: Vec::new() };
    for (index, member) in members.iter().enumerate() {
        let path = format!("{path}.{}", member.key);
        check.once(&path, &members[..index], member, "section");
        check.section(&path, member);
    }
    (check.settings, check.problems)
}

struct Check {
    settings: Vec<Setting>,
    problems: Vec<Problem>,
}

impl Check {
    fn refuse(&mut self, place: Place, path: &str, message: impl AsRef<str>, hint: impl AsRef<str>) {
        self.problems.push(Problem::new(place, path, message, hint));
    }

    /// The server compares names without regard to case, and takes the last of two.
    fn once(&mut self, path: &str, before: &[Member], member: &Member, what: &str) {
        if let Some(twin) = before.iter().find(|other| other.key.eq_ignore_ascii_case(&member.key)) {
            let (one, other, line) = (shown(&twin.key), shown(&member.key), twin.at.line);
            let message =
                format!("`{other}` is the {what} `{one}` of line {line} to the server, which does not look at case");
            self.refuse(member.at, path, message, "keep one of the two");
        }
    }

    fn section(&mut self, path: &str, member: &Member) {
        let section = GcfgSection::headed(&member.key);
        if section.is_err() {
            let message = format!("`{}` cannot name a section", shown(&member.key));
            let hint = "write letters and digits, with a subsection in quotes of its own, as in 'S3Storage \"cache\"'";
            self.refuse(member.at, path, message, hint);
        }
        match &member.value.shape {
            Shape::Map(members) if !members.is_empty() => {
                for (index, setting) in members.iter().enumerate() {
                    let path = format!("{path}.{}", setting.key);
                    self.once(&path, &members[..index], setting, "setting");
                    let value = self.setting(&path, &member.key, setting);
                    if let (Ok(section), Some(value)) = (&section, value) {
                        let (key, at, place) = (setting.key.clone(), setting.at, setting.value.place);
                        self.settings.push(Setting { section: section.clone(), key, value, at, place });
                    }
                }
            }
            Shape::Null | Shape::Map(_) => self.refuse(
                member.at,
                path,
                "the section is empty, which breaks the chart's templates",
                "write its settings below, as in `Key: value`, or delete the line",
            ),
            Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => self.refuse(
                member.value.place,
                path,
                format!("expected settings indented below, found {}", member.value.in_words()),
                "write `Key: value` lines below the name of the section",
            ),
        }
    }

    fn setting(&mut self, path: &str, section: &str, setting: &Member) -> Option<Leaf> {
        let node = &setting.value;
        let value = match &node.shape {
            Shape::Null => {
                let hint = "write \"\" for an empty value, or delete the line";
                self.refuse(setting.at, path, "no value is written", hint);
                None
            }
            Shape::Map(inner) => {
                let first = inner.first().map_or("Key", |member| member.key.as_str());
                let hint = format!(
                    "write a subsection beside the section: '{} \"{}\"': {{{}: …}}",
                    shown(section),
                    shown(&setting.key),
                    shown(first)
                );
                self.refuse(node.place, path, "a setting cannot have keys of its own", hint);
                None
            }
            Shape::Flag(flag) => Some(Leaf::Flag(*flag)),
            Shape::List(items) => {
                let texts: Vec<Option<String>> = items.iter().map(|item| self.item(path, item)).collect();
                texts.into_iter().collect::<Option<Vec<String>>>().map(Leaf::List)
            }
            Shape::Whole(number) if number.to_string() == node.spelling => Some(Leaf::Text(node.spelling.clone())),
            Shape::Whole(_) | Shape::Fraction(_) => self.misread(path, node, "text, a whole number, true or false"),
            Shape::Text(text) => Some(Leaf::Text(text.clone())),
        }?;
        self.writable(path, setting, value)
    }

    /// A value that the format can hold, under a name that it can hold.
    fn writable(&mut self, path: &str, setting: &Member, value: Leaf) -> Option<Leaf> {
        let (message, hint) = match GcfgSection::new("Section").set(&setting.key, value.clone()).check() {
            Ok(()) => return Some(value),
            Err(ConfigError::Name { .. }) => {
                let message = format!("`{}` cannot name a setting", shown(&setting.key));
                let hint = "write letters, digits and `-`, a letter first, as the server's documentation spells it";
                self.refuse(setting.at, path, message, hint);
                return None;
            }
            Err(ConfigError::Character { code, .. }) => (
                format!("the value contains the character U+{code:04X}, which the server's configuration cannot hold"),
                "leave it out; a value of several lines is written as a list where the server takes one",
            ),
            Err(ConfigError::EmptyList { .. } | ConfigError::Twice { .. }) => {
                ("the list has no items, and nothing of it would arrive".to_owned(), "write items, or delete the line")
            }
        };
        self.refuse(setting.value.place, path, message, hint);
        None
    }

    fn item(&mut self, path: &str, node: &SourceNode) -> Option<String> {
        match &node.shape {
            Shape::Text(text) => Some(text.clone()),
            Shape::Whole(_) | Shape::Fraction(_) | Shape::Flag(_) => self.misread(path, node, "a list of texts"),
            Shape::Null | Shape::List(_) | Shape::Map(_) => {
                let message = format!("expected text, found {}", node.in_words());
                self.refuse(node.place, path, message, "write items of text, such as [a, b]");
                None
            }
        }
    }

    /// Which of two spellings is meant only the writer knows.
    fn misread<T>(&mut self, path: &str, node: &SourceNode, wanted: &str) -> Option<T> {
        let spelling = shown(&node.spelling);
        let message = format!("YAML reads `{spelling}` as {}, and {wanted} is wanted", node.in_words());
        self.refuse(node.place, path, message, format!("put it in quotes: \"{spelling}\""));
        None
    }
}
