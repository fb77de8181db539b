//! YAML text to a tree whose every node knows its place. The only file that knows the YAML crate.
//!
//! Promises: no interpretation beyond YAML's own (core schema: only `true` and `false` are booleans); scalars keep
//! their spelling; text that is not YAML, or repeats a key, is a problem with line, column and remedy.
//!
//! Leaves to others which keys and values are right.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Spanned};

use super::problem::Problem;
use crate::model::place::Place;
use crate::model::values::shown;

/// A piece of YAML and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceNode {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub shape: Shape,
    /// The spelling of a scalar in the file, quotes included; empty for lists and mappings.
    pub spelling: String,
}

impl SourceNode {
    /// What stands there, in words.
    pub fn in_words(&self) -> String {
        match &self.shape {
            Shape::Null => "nothing".to_owned(),
            Shape::Flag(flag) => format!("the boolean {flag}"),
            Shape::Whole(number) => format!("the number {number}"),
            Shape::Fraction(number) => format!("the number {number}"),
            Shape::Text(text) => format!("the text `{}`", shown(text)),
            Shape::List(_) => "a list".to_owned(),
            Shape::Map(_) => "keys with values".to_owned(),
        }
    }
}

/// What YAML's core schema says a piece is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Whole(i128),
    /// Any other number.
    Fraction(f64),
    /// Text.
    Text(String),
    /// Items in order.
    List(Vec<SourceNode>),
    /// Keys with values in the order of the file.
    Map(Vec<Member>),
}

/// One key of a mapping with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Place,
    /// Whether the key is written in quotes.
    pub is_quoted: bool,
    /// The value.
    pub value: SourceNode,
}

/// Reads text as one YAML document: the tree, or a problem, or both where a repeated key leaves a tree (of the first
/// ones). Never neither.
pub fn tree(text: &str) -> (Option<SourceNode>, Option<Problem>) {
    match read(text, DuplicateKeyPolicy::Error) {
        Ok(node) => (Some(node), None),
        Err(error) => {
            let repeated = matches!(error.without_snippet(), serde_saphyr::Error::DuplicateMappingKey { .. });
            let rest = if repeated { read(text, DuplicateKeyPolicy::FirstWins).ok() } else { None };
            (rest, Some(problem(text, error.without_snippet())))
        }
    }
}

/// Reads text as one YAML document, without places.
///
/// # Errors
/// In the words of the YAML crate.
pub fn read_yaml(text: &str) -> Result<serde_json::Value, String> {
    serde_saphyr::from_str(text).map_err(|error| error.without_snippet().to_string())
}

/// Whether YAML reads this text, unquoted and inside a list, as itself.
pub fn is_plain(text: &str) -> bool {
    let list = read(&format!("[{text}, x]"), DuplicateKeyPolicy::Error);
    match list.map(|node| node.shape) {
        Ok(Shape::List(items)) => {
            matches!(items.as_slice(), [first, _] if first.shape == Shape::Text(text.to_owned()) && first.spelling == text)
        }
        _ => false,
    }
}

fn read(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<SourceNode, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
        duplicate_keys: duplicate_keys,
    };
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(|raw| node(text, raw))
}

/// The tree as the YAML crate hands it over.
enum Raw {
    Null,
    Flag(bool),
    Whole(i128),
    Fraction(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Flag(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Whole(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Whole(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Whole(value))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Whole(i128::try_from(value).unwrap_or(i128::MAX)))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Fraction(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Raw::Map(members))
    }
}

fn node(text: &str, raw: Spanned<Raw>) -> SourceNode {
    let spelling = spelling(text, raw.defined);
    let place = place(raw.referenced, spelling);
    let shape = match raw.value {
        Raw::Null => Shape::Null,
        Raw::Flag(value) => Shape::Flag(value),
        Raw::Whole(value) => Shape::Whole(value),
        Raw::Fraction(value) => Shape::Fraction(value),
        Raw::Text(value) => Shape::Text(value),
        Raw::List(items) => Shape::List(items.into_iter().map(|item| node(text, item)).collect()),
        Raw::Map(members) => Shape::Map(members.into_iter().map(|(key, value)| member(text, key, value)).collect()),
    };
    let scalar = !matches!(shape, Shape::List(_) | Shape::Map(_));
    SourceNode { place, spelling: if scalar { spelling.to_owned() } else { String::new() }, shape }
}

fn member(text: &str, key: Spanned<String>, value: Spanned<Raw>) -> Member {
    let spelling = spelling(text, key.defined);
    let at = place(key.referenced, spelling);
    Member { key: key.value, at, is_quoted: spelling.starts_with(['"', '\'']), value: node(text, value) }
}

fn spelling(text: &str, location: serde_saphyr::Location) -> &str {
    let span = location.span();
    span.byte_offset()
        .zip(span.byte_len())
        .and_then(|(from, len)| Some((usize::try_from(from).ok()?, usize::try_from(len).ok()?)))
        .and_then(|(from, len)| text.get(from..from.checked_add(len)?))
        .unwrap_or_default()
}

fn place(location: serde_saphyr::Location, spelling: &str) -> Place {
    let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    let width = spelling.lines().next().unwrap_or_default().chars().count();
    Place { line: count(location.line()), column: count(location.column()), width: width.max(1) }
}

/// Says in our words what the YAML crate refused.
fn problem(text: &str, error: &serde_saphyr::Error) -> Problem {
    let location = error.location().unwrap_or(serde_saphyr::Location::UNKNOWN);
    let place = place(location, "");
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error {
        let key = shown(key.as_deref().unwrap_or("this key"));
        let place = Place { width: key.chars().count(), ..place };
        return Problem::new(place, "", format!("`{key}` is written twice at this level"), "keep one of the two");
    }
    if let serde_saphyr::Error::MultipleDocuments { .. } = error {
        return Problem::new(
            place,
            "",
            "a second YAML document begins here, and only one is read",
            "put each document into a file of its own",
        );
    }
    let whole = error.to_string();
    let suffix = format!(" at line {}, column {}", location.line(), location.column());
    let said = whole.strip_suffix(&suffix).unwrap_or(&whole);
    let line = text.lines().nth(place.line.saturating_sub(1)).unwrap_or_default();
    Problem::new(place, "", format!("this is not YAML: {said}"), remedy(said, line))
}

/// What most often repairs a syntax error of this kind.
fn remedy(said: &str, line: &str) -> &'static str {
    let indented_by_tab = line.trim_start_matches(' ').starts_with('\t');
    if indented_by_tab || said.contains("tab") {
        "indent with spaces; YAML allows no tabs there"
    } else if said.contains("unexpected character") {
        "put the value in quotes"
    } else if said.contains("mapping values") {
        "align this line with the one it belongs to, or put a value that contains `: ` in quotes"
    } else if said.contains("did not find expected key") || said.contains("indent") {
        "align this line with the keys it belongs to, with two spaces a level; a quote may be open above"
    } else if said.contains("bracket") || said.contains("':' indicator") || said.contains("flow") {
        "close every [ and { that is opened above, and open every one that is closed"
    } else if said.contains("quoted") || said.contains("end of stream") {
        "close the quote that is opened above"
    } else if said.contains("anchor") {
        "write the value out"
    } else {
        "compare this line and the one above with an example"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(text: &str) -> Vec<Member> {
        let (node, problem) = tree(text);
        assert_eq!(problem, None);
        let Shape::Map(members) = node.unwrap().shape else { panic!("expected a mapping") };
        members
    }

    #[test]
    fn scalars_keep_shape_spelling_and_place() {
        let read = members("a: 1.30\nbc: yes\nd: 'x'\ne:\nf: 0x1F # c\ng: .nan\nh: -1\n");
        let found: Vec<_> = read.iter().map(|m| (m.key.as_str(), &m.value.shape, m.value.spelling.as_str())).collect();
        let text = |text: &str| Shape::Text(text.to_owned());
        assert_eq!(
            found,
            [
                ("a", &Shape::Fraction(1.3), "1.30"),
                ("bc", &text("yes"), "yes"),
                ("d", &text("x"), "'x'"),
                ("e", &Shape::Null, ""),
                ("f", &Shape::Whole(31), "0x1F"),
                ("g", &text(".nan"), ".nan"),
                ("h", &Shape::Whole(-1), "-1"),
            ]
        );
        assert_eq!(read[1].at, Place { line: 2, column: 1, width: 2 });
        assert_eq!(read[1].value.place, Place { line: 2, column: 5, width: 3 });
    }

    #[test]
    fn a_repeated_key_leaves_a_tree() {
        let (rest, problem) = tree("a: 1\nb: {c: 1, c: 2}\n");
        let problem = problem.unwrap();
        assert_eq!((problem.line, problem.column, problem.width), (2, 11, 1));
        assert!(problem.message.contains("`c` is written twice"));
        assert!(matches!(rest.unwrap().shape, Shape::Map(members) if members.len() == 2));
    }

    #[test]
    fn plain_text_is_what_yaml_reads_as_itself() {
        for text in ["ppm-prod", "10.0.0.0/16", "c6a.4xlarge", "arn:aws:kms:us-east-1:1:key/a", "0.20.4", "per_zone"] {
            assert!(is_plain(text), "{text}");
        }
        for text in [
            "", " ", "1.34", "17", "true", "null", "~", "a: b", "a, b", "[a", "a]", "# a", "a #b", "*a", "&a", "a\nb",
            "'a'", "{", "- a",
        ] {
            assert!(!is_plain(text), "{text}");
        }
    }
}
