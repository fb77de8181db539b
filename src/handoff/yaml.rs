//! Documents as YAML that every parser reads alike: each text that could be taken for something else stands in quotes.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::model::values::{is_bare_text, is_unprintable};

/// A document in block style, with keys in the order of their names.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => entries(map, 0, false, &mut text),
        Value::Array(items) if !items.is_empty() => list(items, 0, &mut text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            text.push_str(&scalar(value));
            text.push('\n');
        }
    }
    text
}

/// The entries of a map; the first one goes on behind a dash if `begun`.
fn entries(map: &Map<String, Value>, depth: usize, begun: bool, text: &mut String) {
    for (n, (key, value)) in map.iter().enumerate() {
        if n > 0 || !begun {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str(&word(key));
        text.push(':');
        below(value, depth, text);
    }
}

fn list(items: &[Value], depth: usize, text: &mut String) {
    for item in items {
        text.push_str(&"  ".repeat(depth));
        text.push('-');
        match item {
            Value::Object(map) if !map.is_empty() => {
                text.push(' ');
                entries(map, depth + 1, true, text);
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                below(item, depth, text);
            }
        }
    }
}

/// What stands behind a key.
fn below(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push('\n');
            entries(map, depth + 1, false, text);
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('\n');
            list(items, depth + 1, text);
        }
        Value::String(lines) if is_block(lines) => {
            text.push_str(" |\n");
            for line in lines.lines() {
                let room = if line.is_empty() { String::new() } else { "  ".repeat(depth + 1) };
                let _ = writeln!(text, "{room}{line}");
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            let _ = writeln!(text, " {}", scalar(value));
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
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

/// Plain where nobody could take it for anything but text, else in quotes. JSON's strings are YAML's.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && text.chars().all(plain) && is_bare_text(text) {
        return text.to_owned();
    }
    // JSON leaves some characters as they are that YAML does not take.
    let quoted = Value::from(text).to_string();
    let mut safe = String::with_capacity(quoted.len());
    for c in quoted.chars() {
        if is_unprintable(c) {
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn it_reads_back_as_what_was_meant() {
        let texts = [
            "",
            "no",
            "1",
            "1e3",
            "0x1f",
            "a: b",
            "- a",
            "#x",
            "a #b",
            "é\u{2028}\u{7f}",
            "\ttab",
            " space ",
            "~",
            "first\n  second\n",
            "first\nsec\u{2028}ond\n",
            "first\n\u{fffe}\n",
            "one\ntwo",
            "\n",
            "{{ .Values }}",
            "---",
            "null",
            "2026-01-01",
            "'",
            "\"",
            "a\\b",
        ];
        for text in texts {
            let value =
                json!({text: [text, [text], {"k": text}, {}, []], "map": {"in": {text: 1}, "b": true, "n": null}});
            let written = document(&value);
            let read: Value = serde_saphyr::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
            assert_eq!(read, value, "{written}");
        }
    }

    #[test]
    fn it_looks_as_people_write_it() {
        let value = json!({"kind": "Job", "spec": {"args": ["-c", "run\nit\n"], "env": [{"name": "A", "value": "1"}]}});
        let expected = "kind: Job\nspec:\n  args:\n    - \"-c\"\n    - |\n      run\n      it\n  env:\n    - name: A\n      value: \"1\"\n";
        assert_eq!(document(&value), expected);
    }
}
