//! YAML with comments, as little of it as values files need.
//!
//! Promises: block style; every text in double quotes (single quotes for scripts), so that no reader of YAML 1.1 or
//! 1.2 takes it for a number, a boolean or nothing; comments wrapped above what they explain; the same tree gives the
//! same bytes. Whatever the texts contain, reading the result gives the tree back.
//!
//! Leaves to others what is in the tree.

use std::fmt::Write as _;

use crate::text::{is_bare_text, is_unprintable, words};

/// Lines end before this column where words allow.
const WIDTH: usize = 110;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Something that fits on its key's line.
    Scalar(Scalar),
    /// Keys and values in the order in which they are to be shown.
    Map(Vec<Entry>),
    /// Items in order.
    List(Vec<Node>),
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(u64),
    /// Text in double quotes.
    Text(String),
    /// Text in single quotes, where backslashes and double quotes stand for themselves.
    Script(String),
}

/// A key, its value, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    key: String,
    value: Node,
    why: String,
}

impl Entry {
    /// Puts a comment above the key.
    pub(super) fn why(mut self, why: impl Into<String>) -> Entry {
        self.why = why.into();
        self
    }
}

/// Makes an entry without a comment.
pub(super) fn entry(key: &str, value: impl Into<Node>) -> Entry {
    Entry { key: key.to_owned(), value: value.into(), why: String::new() }
}

/// Makes a map.
pub(super) fn map(entries: impl IntoIterator<Item = Entry>) -> Node {
    Node::Map(entries.into_iter().collect())
}

/// Makes a list.
pub(super) fn list<T: Into<Node>>(items: impl IntoIterator<Item = T>) -> Node {
    Node::List(items.into_iter().map(Into::into).collect())
}

/// Makes text that reads better in single quotes.
pub(super) fn script(text: &str) -> Node {
    Node::Scalar(Scalar::Script(text.to_owned()))
}

impl From<&str> for Node {
    fn from(text: &str) -> Node {
        Node::from(text.to_owned())
    }
}

impl From<&String> for Node {
    fn from(text: &String) -> Node {
        Node::from(text.clone())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Node {
        Node::Scalar(Scalar::Text(text))
    }
}

impl From<bool> for Node {
    fn from(flag: bool) -> Node {
        Node::Scalar(Scalar::Flag(flag))
    }
}

impl From<u16> for Node {
    fn from(number: u16) -> Node {
        Node::Scalar(Scalar::Number(number.into()))
    }
}

impl From<u32> for Node {
    fn from(number: u32) -> Node {
        Node::Scalar(Scalar::Number(number.into()))
    }
}

/// Writes a document: paragraphs of comment, then the entries with a blank line between them.
pub(super) fn document(header: &[String], entries: &[Entry]) -> String {
    let mut out = String::new();
    for (index, paragraph) in header.iter().enumerate() {
        if index > 0 {
            out.push_str("#\n");
        }
        comment(&mut out, 0, paragraph);
    }
    for entry in entries {
        out.push('\n');
        comment(&mut out, 0, &entry.why);
        key_and_value(&mut out, 0, entry);
    }
    out
}

fn comment(out: &mut String, indent: usize, text: &str) {
    let mut column = 0;
    let words = words(text, |c| c.is_whitespace() || is_unprintable(c));
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        if column > 0 && column + 1 + word.chars().count() < WIDTH {
            out.push(' ');
            column += 1;
        } else {
            if column > 0 {
                out.push('\n');
            }
            spaces(out, indent);
            out.push_str("# ");
            column = indent + 2;
        }
        out.push_str(word);
        column += word.chars().count();
    }
    if column > 0 {
        out.push('\n');
    }
}

/// Writes `key: value` from where the line stands now; what follows on further lines is indented from `indent`.
fn key_and_value(out: &mut String, indent: usize, entry: &Entry) {
    key(out, &entry.key);
    out.push(':');
    match &entry.value {
        Node::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Node::List(items) if items.is_empty() => out.push_str(" []\n"),
        Node::Map(entries) => {
            out.push('\n');
            map_lines(out, indent + 2, entries);
        }
        Node::List(items) => {
            out.push('\n');
            list_lines(out, indent + 2, items);
        }
        Node::Scalar(value) => {
            out.push(' ');
            scalar(out, value);
            out.push('\n');
        }
    }
}

fn map_lines(out: &mut String, indent: usize, entries: &[Entry]) {
    for entry in entries {
        comment(out, indent, &entry.why);
        spaces(out, indent);
        key_and_value(out, indent, entry);
    }
}

fn list_lines(out: &mut String, indent: usize, items: &[Node]) {
    for item in items {
        match item {
            Node::Map(entries) => {
                let Some((first, rest)) = entries.split_first() else {
                    spaces(out, indent);
                    out.push_str("- {}\n");
                    continue;
                };
                // Between the dash and the key there is no room for a comment.
                comment(out, indent, &first.why);
                spaces(out, indent);
                out.push_str("- ");
                key_and_value(out, indent + 2, first);
                map_lines(out, indent + 2, rest);
            }
            Node::List(inner) if inner.is_empty() => {
                spaces(out, indent);
                out.push_str("- []\n");
            }
            Node::List(inner) => {
                spaces(out, indent);
                out.push_str("-\n");
                list_lines(out, indent + 2, inner);
            }
            Node::Scalar(value) => {
                spaces(out, indent);
                out.push_str("- ");
                scalar(out, value);
                out.push('\n');
            }
        }
    }
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

fn key(out: &mut String, key: &str) {
    let begins_plain = key.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    if begins_plain && is_plain && is_bare_text(key) {
        out.push_str(key);
    } else {
        double_quoted(out, key);
    }
}

fn scalar(out: &mut String, value: &Scalar) {
    match value {
        Scalar::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Scalar::Number(number) => out.push_str(&number.to_string()),
        Scalar::Text(text) => double_quoted(out, text),
        Scalar::Script(text) if text.contains(is_unprintable) => double_quoted(out, text),
        Scalar::Script(text) => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
    }
}

fn double_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // All of them lie in the first plane, so four digits do.
            _ if is_unprintable(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    /// The tree without comments and styles.
    pub(in super::super) fn plain(node: &Node) -> Value {
        match node {
            Node::Scalar(Scalar::Flag(flag)) => Value::from(*flag),
            Node::Scalar(Scalar::Number(number)) => Value::from(*number),
            Node::Scalar(Scalar::Text(text) | Scalar::Script(text)) => Value::from(text.as_str()),
            Node::Map(entries) => plain_map(entries),
            Node::List(items) => items.iter().map(plain).collect(),
        }
    }

    pub(in super::super) fn plain_map(entries: &[Entry]) -> Value {
        entries.iter().map(|entry| (entry.key.clone(), plain(&entry.value))).collect()
    }

    /// All keys that lead to a leaf, joined by `.`; lists are leaves.
    pub(in super::super) fn paths(entries: &[Entry]) -> Vec<String> {
        let mut found = Vec::new();
        for entry in entries {
            match &entry.value {
                Node::Map(inner) => found.extend(paths(inner).iter().map(|path| format!("{}.{path}", entry.key))),
                Node::Scalar(_) | Node::List(_) => found.push(entry.key.clone()),
            }
        }
        found
    }

    pub(in super::super) fn parse(yaml: &str) -> Value {
        serde_saphyr::from_str(yaml).expect("our own YAML parses")
    }

    #[test]
    fn every_shape_has_one_form() {
        let tree = [
            entry("plain", "50").why("Why it is text."),
            entry("app.kubernetes.io/name", true),
            entry("on", 80_u16),
            entry("S3Storage \"cache\"", map([entry("Bucket", "a\\b\u{1}")])),
            entry("script", script("it's \"so\"")),
            entry("empty", map([])),
            entry("none", list::<&str>([])),
            entry(
                "items",
                list([
                    map([entry("first", 1_u32).why("Above the dash."), entry("second", list(["x"])).why("Inside.")]),
                    map([]),
                    list(["deep"]),
                ]),
            ),
        ];
        insta::assert_snapshot!(document(&["One.".to_owned(), "Two.".to_owned()], &tree), @r#"
        # One.
        #
        # Two.

        # Why it is text.
        plain: "50"

        app.kubernetes.io/name: true

        "on": 80

        "S3Storage \"cache\"":
          Bucket: "a\\b\u0001"

        script: 'it''s "so"'

        empty: {}

        none: []

        items:
          # Above the dash.
          - first: 1
            # Inside.
            second:
              - "x"
          - {}
          -
            - "deep"
        "#);
    }

    #[test]
    fn comments_wrap_and_cannot_break_out() {
        let why = format!("{}\nkey: value", "word ".repeat(40));
        let yaml = document(&[], &[entry("a", map([entry("b", 1_u32).why(why)]))]);
        assert!(yaml.lines().all(|line| line.len() <= WIDTH), "{yaml}");
        assert_eq!(parse(&yaml), serde_json::json!({"a": {"b": 1}}));
    }

    /// Any characters at all: `any::<String>()` leaves out control characters.
    fn characters() -> impl Strategy<Value = String> {
        let some = any::<char>().boxed();
        let control = prop::char::range('\0', '\u{A0}').boxed();
        let rare = prop::sample::select(vec!['\u{2028}', '\u{2029}', '\u{FEFF}', '\u{FFFE}', '\u{FFFF}']).boxed();
        prop::collection::vec(prop_oneof![some, control, rare], 0..12)
            .prop_map(|characters| characters.into_iter().collect())
    }

    fn trees() -> impl Strategy<Value = Node> {
        let text =
            || prop_oneof![characters(), "[-?:,\\[\\]{}#&*!|>'\"%@` \\\\\\n\\t~=<a0]{0,12}", "yes|No|1e3|null|~"];
        let leaf = prop_oneof![
            any::<bool>().prop_map(Node::from),
            any::<u32>().prop_map(Node::from),
            text().prop_map(Node::from),
            text().prop_map(|text| script(&text)),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Node::List),
                prop::collection::btree_map(text(), (inner, text()), 0..4).prop_map(|entries| {
                    map(entries.into_iter().map(|(key, (value, why))| entry(&key, value).why(why)))
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn any_tree_comes_back(tree in trees(), why in characters()) {
            let entries = [entry("root", tree).why(why)];
            let yaml = document(&["Header.".to_owned()], &entries);
            // Also in comments, where our parser is more patient than the one in Helm.
            prop_assert!(!yaml.replace('\n', "").contains(is_unprintable), "{}", yaml);
            prop_assert_eq!(serde_saphyr::from_str::<Value>(&yaml).map_err(|e| e.to_string()), Ok(plain_map(&entries)), "{}", yaml);
            prop_assert_eq!(yaml.clone(), document(&["Header.".to_owned()], &entries));
        }
    }
}
