//! What a key does, what it takes, what holds without it, and where that comes from.
//!
//! Promises: everything said here is read from the table that checks declarations, so it is true.
//!
//! Leaves to others where it is printed and in which colours.

use std::fmt::{self, Write};

use serde::Serialize;

use jiff::civil::Date;

use super::keys::{Absent, Item, Key, Kind, Literal, all, children, find, joined};
use super::words::Choice;
use crate::model::support::{Lifetime, Product, VersionDates};
use crate::text::nearest;

/// One key, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its path, such as `network.nat`.
    pub key: &'static str,
    /// What it does.
    pub what: &'static str,
    /// What it takes.
    pub takes: String,
    /// The words it chooses from, with their meaning, or the versions whose dates are known; empty for other kinds.
    pub words: Vec<(&'static str, String)>,
    /// What holds if it is not written, as YAML or in words.
    pub default: String,
    /// Where default and limits come from.
    pub source: &'static str,
    /// How it is written, as lines of a declaration.
    pub example: String,
    /// The paths of the keys inside it, for a section.
    pub keys: Vec<&'static str>,
}

/// One line of the list of all keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeySummary {
    /// Its path.
    pub key: &'static str,
    /// What holds if it is not written.
    pub default: String,
    /// The first sentence of what it does.
    pub what: &'static str,
}

/// All keys in the order of a declaration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// The keys.
    pub entries: Vec<KeySummary>,
}

/// There is no such key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no key `{asked}`")]
pub struct UnknownKey {
    /// What was asked for.
    pub asked: String,
    /// Keys that may have been meant, best first.
    pub meant: Vec<&'static str>,
}

impl UnknownKey {
    /// What to ask instead.
    pub fn hint(&self) -> String {
        if self.meant.is_empty() {
            "`ppm-infra explain` without a key lists them all".to_owned()
        } else {
            format!("did you mean {}?", self.meant.join(" or "))
        }
    }
}

/// Explains a key, given by its path or, if that is clear, by its last word.
///
/// # Errors
/// If there is no such key, or several end in that word: with those that may have been meant.
pub fn explain(asked: &str) -> Result<Explanation, UnknownKey> {
    if let Some(key) = find(asked) {
        return Ok(explanation(key));
    }
    let named: Vec<&'static Key> = all().filter(|key| key.name() == asked).collect();
    if let [key] = named.as_slice() {
        return Ok(explanation(key));
    }
    let mut meant: Vec<&'static str> = named.iter().map(|key| key.path).collect();
    if meant.is_empty() {
        meant.extend(nearest(asked, all().map(|key| key.path)));
        let name = nearest(asked.rsplit('.').next().unwrap_or_default(), all().map(Key::name));
        meant.extend(all().filter(|key| Some(key.name()) == name).map(|key| key.path));
        let mut seen = std::collections::BTreeSet::new();
        meant.retain(|path| seen.insert(*path));
    }
    Err(UnknownKey { asked: crate::model::values::shown(asked), meant })
}

/// All keys, for a first look.
pub fn overview() -> Overview {
    let entries = all()
        .map(|key| KeySummary { key: key.path, default: short_default(key), what: first_sentence(key.what) })
        .collect();
    Overview { entries }
}

fn explanation(key: &'static Key) -> Explanation {
    Explanation {
        key: key.path,
        what: key.what,
        takes: key.kind.expected(),
        words: match key.kind {
            Kind::Word(choices) | Kind::Set { of: Item::Word(choices), .. } => choices.iter().map(meaning).collect(),
            Kind::Text(_) => versions(key.path).map(dates).unwrap_or_default(),
            Kind::Section
            | Kind::Whole { .. }
            | Kind::Flag
            | Kind::Set { of: Item::Text(_), .. }
            | Kind::Tags
            | Kind::Settings
            | Kind::Waivers => Vec::new(),
        },
        default: match key.absent {
            Absent::Required => "none: it must be written".to_owned(),
            Absent::Is(literal) => literal.yaml(),
            Absent::Means(clause) => format!("none: {clause}"),
            Absent::Defaults => "the defaults of its keys".to_owned(),
        },
        source: key.source,
        example: example(key),
        keys: children(key.path).map(|key| key.path).collect(),
    }
}

/// What a key names a version of.
fn versions(path: &str) -> Option<Product> {
    match path {
        "kubernetes.version" => Some(Product::Kubernetes),
        "database.engine_version" => Some(Product::PostgreSql),
        _ => None,
    }
}

/// The versions of a product and until when each is supported.
fn dates(product: Product) -> Vec<(&'static str, String)> {
    let until = |word: &str, end: Option<Date>| end.map(|end| format!("{word} until {end}"));
    let line = |release: &'static VersionDates| {
        let Lifetime { standard_until, extended_until } = release.lifetime;
        let all = [until("standard support", standard_until), until("extended, paid", extended_until)];
        (release.version, joined(all.into_iter().flatten()))
    };
    product.known().map(line).collect()
}

fn meaning(choice: &Choice) -> (&'static str, String) {
    let supported = if choice.supported { "" } else { " (not supported by this version)" };
    (choice.word, format!("{}{supported}", choice.meaning))
}

/// The key with its sections around it, as it stands in a file; a section shows the first of its keys.
fn example(key: &'static Key) -> String {
    let mut shown = key;
    while let Some(first) = children(shown.path).next() {
        shown = first;
    }
    let mut lines = String::new();
    let mut path = String::new();
    for (depth, name) in shown.path.split('.').enumerate() {
        path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let value = if path == shown.path { format!(" {}", shown.example.yaml()) } else { String::new() };
        if depth > 0 {
            lines.push('\n');
        }
        let _ = write!(lines, "{:1$}{name}:{value}", "", 2 * depth);
    }
    lines
}

fn short_default(key: &Key) -> String {
    match key.absent {
        Absent::Required => "required".to_owned(),
        Absent::Is(Literal::List([])) => "[]".to_owned(),
        Absent::Is(literal) => literal.yaml(),
        Absent::Means(_) => "none".to_owned(),
        Absent::Defaults => String::new(),
    }
}

/// The text up to its first full stop that ends a sentence.
pub(super) fn first_sentence(text: &'static str) -> &'static str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n  {}\n", self.key, self.what)?;
        writeln!(f, "  takes    {}", self.takes)?;
        let width = self.words.iter().map(|(word, _)| word.len()).max().unwrap_or_default();
        for (word, meaning) in &self.words {
            writeln!(f, "             {word:width$}  {meaning}")?;
        }
        writeln!(f, "  default  {}", self.default)?;
        writeln!(f, "  why      {}", self.source)?;
        for (number, line) in self.example.lines().enumerate() {
            writeln!(f, "  {}  {line}", if number == 0 { "example" } else { "       " })?;
        }
        if !self.keys.is_empty() {
            writeln!(f, "  keys     {}", joined(&self.keys))?;
        }
        Ok(())
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.entries.iter().map(|entry| entry.key.len()).max().unwrap_or_default();
        let default = self.entries.iter().map(|entry| entry.default.chars().count()).max().unwrap_or_default();
        for entry in &self.entries {
            writeln!(f, "{:key$}  {:default$}  {}", entry.key, entry.default, entry.what)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_explained_by_path_or_by_its_last_word() {
        let nat = explain("network.nat").unwrap();
        assert_eq!(explain("nat").unwrap(), nat);
        assert_eq!(nat.default, "per_zone");
        assert_eq!(nat.example, "network:\n  nat: single");
        assert_eq!(nat.words[0].0, "per_zone");
        assert!(nat.to_string().contains("  default  per_zone\n"), "{nat}");
    }

    #[test]
    fn a_section_names_its_keys_and_shows_one() {
        let nodes = explain("kubernetes.nodes").unwrap();
        assert_eq!(nodes.keys[0], "kubernetes.nodes.count");
        assert_eq!(nodes.example, "kubernetes:\n  nodes:\n    count: 4");
    }

    #[test]
    fn an_unknown_key_leads_to_the_right_one() {
        for (asked, meant) in [
            ("network.cird", "network.cidr"),
            ("zone", "network.zones"),
            ("node.count", "kubernetes.nodes.count"),
            ("kubernetes.replicas", "package_manager.replicas"),
            ("LoadBalancer", "load_balancer"),
        ] {
            let error = explain(asked).unwrap_err();
            assert!(error.meant.contains(&meant), "{asked}: {error:?}");
            assert!(error.hint().contains(meant));
        }
        assert!(explain("\u{1b}banana").unwrap_err().hint().contains("lists them all"));
    }

    #[test]
    fn refused_words_are_explained_as_refused() {
        let words = explain("architecture").unwrap().words;
        assert!(words.iter().any(|(word, meaning)| *word == "server" && meaning.contains("not supported")));
    }

    #[test]
    fn versions_are_explained_with_their_dates_and_the_day_these_were_seen() {
        for (key, line) in [
            ("kubernetes.version", "1.34  standard support until 2026-12-02, extended, paid until 2027-12-02"),
            ("database.engine_version", "17  standard support until 2030-02-28, extended, paid until 2033-02-28"),
        ] {
            let explained = explain(key).unwrap();
            assert!(explained.to_string().contains(line), "{explained}");
            assert!(explained.words.iter().any(|(version, _)| explained.default.trim_matches('"') == *version));
            assert!(explained.source.contains(&crate::model::support::SEEN.to_string()), "{}", explained.source);
        }
    }

    #[test]
    fn the_overview_has_every_key() {
        let overview = overview();
        assert_eq!(overview.entries.len(), all().count());
        assert!(overview.to_string().lines().all(|line| line.ends_with('.')), "{overview}");
    }
}
