use serde_json::json;

use super::*;

fn rank(_: &[&str], key: &str) -> Option<usize> {
    ["a", "b", "c", "d", "e"].iter().position(|known| *known == key)
}

fn edit(text: &str, path: &str, edit: &YamlEdit) -> Result<String, EditRefusal> {
    edited(text, &path.split('.').collect::<Vec<_>>(), edit, &rank)
}

fn set(value: impl Into<Value>) -> YamlEdit {
    YamlEdit::Set(YamlText::scalar(&value.into()))
}

fn add(value: impl Into<Value>) -> YamlEdit {
    YamlEdit::Add(YamlText::scalar(&value.into()), NewList::Brackets)
}

#[test]
fn a_value_is_replaced_in_the_manner_in_which_it_is_written() {
    for (before, value, after) in [
        ("a: 7\n", json!(14), "a: 14\n"),
        ("a:   7   # why\nb: 1\n", json!(14), "a:   14   # why\nb: 1\n"),
        ("a: \"x\"\n", json!("y"), "a: \"y\"\n"),
        ("a: 'x' # c\n", json!("it's"), "a: 'it''s' # c\n"),
        ("a: x\n", json!("1.30"), "a: \"1.30\"\n"),
        ("a: x\n", json!("b: c"), "a: \"b: c\"\n"),
        ("a: x\r\nb: 1\r\n", json!("y"), "a: y\r\nb: 1\r\n"),
        ("\u{feff}a: x", json!("y"), "\u{feff}a: y"),
        ("{\"a\": \"x\", \"b\": 1}", json!("y"), "{\"a\": \"y\", \"b\": 1}"),
        ("---\n? a\n: 7\n...\n", json!(8), "---\n? a\n: 8\n...\n"),
        ("a: !!int 7\n", json!(8), "a: !!int 8\n"),
        ("ä: ü\na: true # ö\n", json!(false), "ä: ü\na: false # ö\n"),
    ] {
        assert_eq!(edit(before, "a", &set(value)).as_deref(), Ok(after), "{before:?}");
    }
    let nested = "c:\n    # of b\n    b:\n        - x\n    a: {b: {c: 1}, d: 2} # end\n";
    assert_eq!(edit(nested, "c.a.b.c", &set(json!(2))).unwrap(), nested.replace("c: 1", "c: 2"));
}

#[test]
fn a_key_comes_where_it_is_ranked_with_the_indentation_of_its_siblings() {
    for (before, path, after) in [
        ("a: 1\nc: 3\n", "b", "a: 1\nb: 9\nc: 3\n"),
        ("a: 1 # one\n# about c\nc: 3\n", "b", "a: 1 # one\nb: 9\n# about c\nc: 3\n"),
        ("# top\nc: 3\n", "b", "# top\nb: 9\nc: 3\n"),
        ("a: 1", "b", "a: 1\nb: 9"),
        ("a: 1\r\n", "b", "a: 1\r\nb: 9\r\n"),
        ("a:\n    c: 1\n", "a.b", "a:\n    b: 9\n    c: 1\n"),
        ("a:\n  # about c\n  c: 1\n", "a.b", "a:\n  b: 9\n  # about c\n  c: 1\n"),
        ("a: # more\n  b: 1\n  # c: 7\n\nd: 1\n", "a.c", "a: # more\n  b: 1\n  c: 9\n  # c: 7\n\nd: 1\n"),
        (
            "a:\n  b: 1\n  # c: 7\n\n  # d: 8\n\ne: 1\n",
            "c.d",
            "a:\n  b: 1\n  # c: 7\n\n  # d: 8\n\nc:\n  d: 9\n\ne: 1\n",
        ),
        ("a:\ne: 1\n", "a.b", "a:\n  b: 9\ne: 1\n"),
        ("a: # nothing yet\n  # b: 1\ne: 1\n", "a.b", "a: # nothing yet\n  b: 9\n  # b: 1\ne: 1\n"),
        ("a: {b: 1}\n", "a.c", "a: {b: 1, c: 9}\n"),
        ("a: {}\n", "a.b.c", "a: {b: { c: 9 }}\n"),
        ("a: {\"b\": 1}\n", "a.c", "a: {\"b\": 1, \"c\": 9}\n"),
        ("a:\n   b:\n      c: 1\n", "a.d.e", "a:\n   b:\n      c: 1\n   d:\n      e: 9\n"),
        ("a: [1,\n  2] # x\nc: 1\n", "b", "a: [1,\n  2] # x\nb: 9\nc: 1\n"),
        ("a: |\n  text\n  more\nc: 1\n", "b", "a: |\n  text\n  more\nb: 9\nc: 1\n"),
        ("a: &x 1\nc: *x\nd: 2\n", "e", "a: &x 1\nc: *x\nd: 2\ne: 9\n"),
    ] {
        assert_eq!(edit(before, path, &set(json!(9))).as_deref(), Ok(after), "{before:?} {path}");
    }
}

#[test]
fn items_come_last_and_go_with_their_line() {
    let (x, y) = (json!("x"), json!("y"));
    for (before, change, after) in [
        ("a: [x]\n", add(y.clone()), "a: [x, y]\n"),
        ("a: [ \"x\" ] # c\n", add(y.clone()), "a: [ \"x\", \"y\" ] # c\n"),
        ("a: []\n", add(y.clone()), "a: [y]\n"),
        ("a:\n- x # one\nb: 1\n", add(y.clone()), "a:\n- x # one\n- y\nb: 1\n"),
        ("a:\n  -   x\n  # end\nb: 1\n", add(y.clone()), "a:\n  -   x\n  -   y\n  # end\nb: 1\n"),
        ("a:\n  - x", add(y.clone()), "a:\n  - x\n  - y"),
        ("b: 1\n", add(y.clone()), "a: [y]\nb: 1\n"),
        ("a: [x, y]\n", YamlEdit::Take(x.clone()), "a: [y]\n"),
        ("a: [\r\n  x\r\n]\r\n", add(y.clone()), "a: [\r\n  x,\r\n  y\r\n]\r\n"),
        ("a: [\n  x, # c\n]\n", add(y.clone()), "a: [\n  x, y, # c\n]\n"),
        ("a: [\n  x,\n  y,\n]\n", YamlEdit::Take(x.clone()), "a: [\n  y,\n]\n"),
        ("a: [x, y]\n", YamlEdit::Take(y.clone()), "a: [x]\n"),
        ("a: [ x ]\n", YamlEdit::Take(x.clone()), "a: [  ]\n"),
        ("a:\n  # one\n  - x # first\n  - y\n", YamlEdit::Take(x.clone()), "a:\n  # one\n  - y\n"),
        ("a: # c\n  - y\n", YamlEdit::Take(y.clone()), ""),
        ("a:\n  - y # c\nb: 1\n", YamlEdit::Take(y.clone()), "a: []\nb: 1\n"),
        ("a: 1\nb: 2\n", YamlEdit::Unset, "b: 2\n"),
        ("a: [x] # gone with it\n# stays\nb: 2\n", YamlEdit::Unset, "# stays\nb: 2\n"),
        ("{a: 1, b: 2}\n", YamlEdit::Unset, "{b: 2}\n"),
    ] {
        let found = edit(before, "a", &change);
        if after.is_empty() {
            assert!(found.is_err(), "{before:?}: {found:?}");
        } else {
            assert_eq!(found.as_deref(), Ok(after), "{before:?}");
        }
    }
    let lines = YamlEdit::Add(YamlText::map(&[("b", json!(1)), ("c", json!("x y"))]), NewList::Lines);
    assert_eq!(edit("b: 1\n", "a", &lines).unwrap(), "a:\n  - { b: 1, c: x y }\nb: 1\n");
}

#[test]
fn what_would_change_more_or_is_written_elsewhere_is_refused_with_its_place() {
    for (text, path, line, reason) in [
        ("b: &x 7\na: *x\n", "a", 2, "alias"),
        ("a: &x 7\nb: *x\n", "a", 1, "would change more"),
        ("x: &x\n  b: 1\na: *x\n", "a.b", 3, "alias"),
        ("x: &x\n  b: 1\na: *x\n", "x.b", 2, "would change more"),
        ("a: |\n  x\n", "a", 1, "not on one line"),
        ("a: \"x\n  y\"\n", "a", 1, "not on one line"),
        ("a: [1]\n", "a", 1, "a list or keys"),
        ("a: 1\n", "a.b", 1, "no keys with values"),
        ("a: 1\na: 2\n", "a", 1, "no YAML"),
        ("b:\n  c: &x 1\n  <<: {a: 2}\n", "b.c", 2, "changed"),
    ] {
        match edit(text, path, &set(json!("new"))) {
            Err(refusal) => {
                assert!(refusal.reason.contains(reason), "{text:?}: {refusal}");
                assert_eq!(refusal.place.line, line, "{text:?}");
            }
            Ok(after) => assert_eq!(reason, "changed", "{text:?} became {after:?}"),
        }
    }
    assert!(edit("a: [x, # why\n  y]\n", "a", &YamlEdit::Take(json!("y"))).is_err(), "a comment would be lost");
}
