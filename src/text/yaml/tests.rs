//! What is written, read back.

use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

/// The tree without comments and styles.
pub(crate) fn plain(node: &YamlNode) -> Value {
    match node {
        YamlNode::Scalar(Scalar::Null) => Value::Null,
        YamlNode::Scalar(Scalar::Flag(flag)) => Value::from(*flag),
        YamlNode::Scalar(Scalar::Number(number)) => Value::from(number.clone()),
        YamlNode::Scalar(Scalar::Text(text) | Scalar::Script(text) | Scalar::Word(text)) => Value::from(text.as_str()),
        YamlNode::Map(entries) => plain_map(entries),
        YamlNode::List(items) => items.iter().map(plain).collect(),
    }
}

pub(crate) fn plain_map(entries: &[YamlEntry]) -> Value {
    entries.iter().map(|entry| (entry.key.clone(), plain(&entry.value))).collect()
}

/// All keys that lead to a leaf, joined by `.`; lists are leaves.
pub(crate) fn paths(entries: &[YamlEntry]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in entries {
        match &entry.value {
            YamlNode::Map(inner) => found.extend(paths(inner).iter().map(|path| format!("{}.{path}", entry.key))),
            YamlNode::Scalar(_) | YamlNode::List(_) => found.push(entry.key.clone()),
        }
    }
    found
}

pub(crate) fn parse(yaml: &str) -> Value {
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
    insta::assert_snapshot!(commented(&["One.".to_owned(), "Two.".to_owned()], &tree), @r#"
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
    let yaml = commented(&[], &[entry("a", map([entry("b", 1_u32).why(why)]))]);
    assert!(yaml.lines().all(|line| line.len() <= WIDTH), "{yaml}");
    assert_eq!(parse(&yaml), serde_json::json!({"a": {"b": 1}}));
}

#[test]
fn a_manifest_reads_back_as_what_was_meant() {
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
        let value = json!({text: [text, [text], {"k": text}, {}, []], "map": {"in": {text: 1}, "b": true, "n": null}});
        let written = document(&YamlNode::from(&value));
        let read: Value = serde_saphyr::from_str(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
        assert_eq!(read, value, "{written}");
    }
}

#[test]
fn a_manifest_looks_as_people_write_it() {
    let value = json!({"kind": "Job", "spec": {"args": ["-c", "run\nit\n"], "env": [{"name": "A", "value": "1"}]}});
    let expected = "kind: Job\nspec:\n  args:\n    - \"-c\"\n    - |\n      run\n      it\n  env:\n    - name: A\n      value: \"1\"\n";
    assert_eq!(document(&YamlNode::from(&value)), expected);
}

/// Any characters at all: `any::<String>()` leaves out control characters.
fn characters() -> impl Strategy<Value = String> {
    let some = any::<char>().boxed();
    let control = prop::char::range('\0', '\u{A0}').boxed();
    let rare = prop::sample::select(vec!['\u{2028}', '\u{2029}', '\u{FEFF}', '\u{FFFE}', '\u{FFFF}']).boxed();
    prop::collection::vec(prop_oneof![some, control, rare], 0..12)
        .prop_map(|characters| characters.into_iter().collect())
}

fn trees() -> impl Strategy<Value = YamlNode> {
    let text = || prop_oneof![characters(), "[-?:,\\[\\]{}#&*!|>'\"%@` \\\\\\n\\t~=<a0]{0,12}", "yes|No|1e3|null|~"];
    let leaf = prop_oneof![
        any::<bool>().prop_map(YamlNode::from),
        any::<u32>().prop_map(YamlNode::from),
        text().prop_map(YamlNode::from),
        text().prop_map(|text| script(&text)),
        text().prop_map(|text| YamlNode::Scalar(Scalar::Word(text))),
        Just(YamlNode::Scalar(Scalar::Null)),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(YamlNode::List),
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
        let yaml = commented(&["Header.".to_owned()], &entries);
        // Also in comments, where our parser is more patient than the one in Helm.
        prop_assert!(!yaml.replace('\n', "").contains(is_unprintable), "{}", yaml);
        prop_assert_eq!(serde_saphyr::from_str::<Value>(&yaml).map_err(|e| e.to_string()), Ok(plain_map(&entries)), "{}", yaml);
        prop_assert_eq!(yaml.clone(), commented(&["Header.".to_owned()], &entries));
    }
}
