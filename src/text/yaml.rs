//! YAML that every reader takes alike, with comments where somebody has to understand it.
//!
//! Promises: block style; no reader of YAML 1.1 or 1.2 takes a text for a number, a boolean or nothing; comments wrapped
//! above what they explain; the same tree gives the same bytes. Whatever the texts contain, reading the result gives the
//! tree back.
//!
//! Leaves to others what is in the tree.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::{is_bare_text, is_unprintable, words};

/// Lines end before this column where words allow.
const WIDTH: usize = 110;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum YamlNode {
    /// Something that fits on its key's line, or is a text of several lines.
    Scalar(Scalar),
    /// Keys and values in the order in which they are to be shown.
    Map(Vec<YamlEntry>),
    /// Items in order.
    List(Vec<YamlNode>),
}

/// A value without parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A number.
    Number(Number),
    /// Text in double quotes.
    Text(String),
    /// Text in single quotes, where backslashes and double quotes stand for themselves.
    Script(String),
    /// Text without quotes where nobody could take it for anything else, as a block where it has several lines, and in
    /// double quotes otherwise.
    Word(String),
}

/// A key, its value, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlEntry {
    key: String,
    value: YamlNode,
    why: String,
}

impl YamlEntry {
    /// Puts a comment above the key.
    #[must_use]
    pub fn why(mut self, why: impl Into<String>) -> YamlEntry {
        self.why = why.into();
        self
    }
}

/// Makes an entry without a comment.
pub fn entry(key: &str, value: impl Into<YamlNode>) -> YamlEntry {
    YamlEntry { key: key.to_owned(), value: value.into(), why: String::new() }
}

/// Makes a map.
pub fn map(entries: impl IntoIterator<Item = YamlEntry>) -> YamlNode {
    YamlNode::Map(entries.into_iter().collect())
}

/// Makes a list.
pub fn list<T: Into<YamlNode>>(items: impl IntoIterator<Item = T>) -> YamlNode {
    YamlNode::List(items.into_iter().map(Into::into).collect())
}

/// Makes text that reads better in single quotes.
pub fn script(text: &str) -> YamlNode {
    YamlNode::Scalar(Scalar::Script(text.to_owned()))
}

impl From<&str> for YamlNode {
    fn from(text: &str) -> YamlNode {
        YamlNode::from(text.to_owned())
    }
}

impl From<&String> for YamlNode {
    fn from(text: &String) -> YamlNode {
        YamlNode::from(text.clone())
    }
}

impl From<String> for YamlNode {
    fn from(text: String) -> YamlNode {
        YamlNode::Scalar(Scalar::Text(text))
    }
}

impl From<bool> for YamlNode {
    fn from(flag: bool) -> YamlNode {
        YamlNode::Scalar(Scalar::Flag(flag))
    }
}

impl From<u16> for YamlNode {
    fn from(number: u16) -> YamlNode {
        YamlNode::Scalar(Scalar::Number(number.into()))
    }
}

impl From<u32> for YamlNode {
    fn from(number: u32) -> YamlNode {
        YamlNode::Scalar(Scalar::Number(number.into()))
    }
}

/// As people write manifests: texts are words.
impl From<&Value> for YamlNode {
    fn from(value: &Value) -> YamlNode {
        match value {
            Value::Null => YamlNode::Scalar(Scalar::Null),
            Value::Bool(flag) => YamlNode::from(*flag),
            Value::Number(number) => YamlNode::Scalar(Scalar::Number(number.clone())),
            Value::String(text) => YamlNode::Scalar(Scalar::Word(text.clone())),
            Value::Array(items) => list(items),
            Value::Object(members) => map(members.iter().map(|(key, value)| entry(key, value))),
        }
    }
}

/// Writes a document: paragraphs of comment, then the entries with a blank line between them.
pub fn commented(header: &[String], entries: &[YamlEntry]) -> String {
    let mut out = String::new();
    for (index, paragraph) in header.iter().enumerate() {
        if index > 0 {
            out.push_str("#\n");
        }
        comment(&mut out, 0, paragraph);
    }
    for entry in entries {
        out.push('\n');
        map_lines(&mut out, 0, std::slice::from_ref(entry));
    }
    out
}

/// Writes a document that is for machines first.
pub fn document(node: &YamlNode) -> String {
    let mut out = String::new();
    match node {
        YamlNode::Map(entries) if !entries.is_empty() => map_lines(&mut out, 0, entries),
        YamlNode::List(items) if !items.is_empty() => list_lines(&mut out, 0, items),
        YamlNode::Map(_) => out.push_str("{}\n"),
        YamlNode::List(_) => out.push_str("[]\n"),
        YamlNode::Scalar(value) => {
            scalar(&mut out, value);
            out.push('\n');
        }
    }
    out
}

/// Writes several documents in one stream, as people write manifests.
pub fn documents<'a>(documents: impl IntoIterator<Item = &'a Value>) -> String {
    documents.into_iter().flat_map(|one| ["---\n".to_owned(), document(&one.into())]).collect()
}

/// Text as it is where nobody could take it for anything but text, else in double quotes.
pub fn word(text: &str) -> String {
    let mut out = String::new();
    push_word(&mut out, text);
    out
}

/// Text in double quotes.
pub fn quoted(text: &str) -> String {
    let mut out = String::new();
    push_quoted(&mut out, text);
    out
}

/// Whether nobody could take text without quotes for anything but text.
pub fn is_word(text: &str) -> bool {
    let begins_plain = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
    begins_plain && is_plain && is_bare_text(text)
}

fn push_word(out: &mut String, text: &str) {
    if is_word(text) { out.push_str(text) } else { push_quoted(out, text) }
}

fn push_quoted(out: &mut String, text: &str) {
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

fn map_lines(out: &mut String, indent: usize, entries: &[YamlEntry]) {
    for entry in entries {
        comment(out, indent, &entry.why);
        spaces(out, indent);
        key_and_value(out, indent, entry);
    }
}

fn list_lines(out: &mut String, indent: usize, items: &[YamlNode]) {
    for item in items {
        let first = match item {
            YamlNode::Map(entries) => entries.split_first(),
            YamlNode::List(_) | YamlNode::Scalar(_) => None,
        };
        if let Some((first, rest)) = first {
            // Between the dash and the key there is no room for a comment.
            comment(out, indent, &first.why);
            spaces(out, indent);
            out.push_str("- ");
            key_and_value(out, indent + 2, first);
            map_lines(out, indent + 2, rest);
        } else {
            spaces(out, indent);
            out.push('-');
            value(out, indent, item);
        }
    }
}

/// Writes `key: value` from where the line stands now; what follows on further lines is indented from `indent`.
fn key_and_value(out: &mut String, indent: usize, entry: &YamlEntry) {
    push_word(out, &entry.key);
    out.push(':');
    value(out, indent, &entry.value);
}

/// Writes what stands behind a key or a dash; what follows on further lines is indented from `indent`.
fn value(out: &mut String, indent: usize, node: &YamlNode) {
    match node {
        YamlNode::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        YamlNode::List(items) if items.is_empty() => out.push_str(" []\n"),
        YamlNode::Map(entries) => {
            out.push('\n');
            map_lines(out, indent + 2, entries);
        }
        YamlNode::List(items) => {
            out.push('\n');
            list_lines(out, indent + 2, items);
        }
        YamlNode::Scalar(Scalar::Word(lines)) if is_block(lines) => {
            out.push_str(" |\n");
            for line in lines.lines() {
                if !line.is_empty() {
                    spaces(out, indent + 2);
                }
                out.push_str(line);
                out.push('\n');
            }
        }
        YamlNode::Scalar(value) => {
            out.push(' ');
            scalar(out, value);
            out.push('\n');
        }
    }
}

fn spaces(out: &mut String, count: usize) {
    out.extend(std::iter::repeat_n(' ', count));
}

fn scalar(out: &mut String, value: &Scalar) {
    match value {
        Scalar::Null => out.push_str("null"),
        Scalar::Flag(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Scalar::Number(number) => out.push_str(&number.to_string()),
        Scalar::Text(text) => push_quoted(out, text),
        Scalar::Script(text) if text.contains(is_unprintable) => push_quoted(out, text),
        Scalar::Script(text) => {
            out.push('\'');
            out.push_str(&text.replace('\'', "''"));
            out.push('\'');
        }
        Scalar::Word(text) => push_word(out, text),
    }
}

/// Text of several lines that keeps its shape as a block.
fn is_block(text: &str) -> bool {
    let printable = |c: char| c == '\n' || !is_unprintable(c);
    text.contains('\n')
        && text.ends_with('\n')
        && !text.ends_with("\n\n")
        && !text.starts_with([' ', '\n'])
        && text.chars().all(printable)
}

#[cfg(test)]
pub(crate) mod tests;
