//! Good texts and documents, made bad at random.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// One change of a text, byte by byte or line by line.
#[derive(Clone, Debug)]
pub(crate) enum Smudge {
    Flip(Index, u8),
    Put(Index, Vec<u8>),
    Cut(Index, Index),
    Copy(Index, Index, Index),
    DropLine(Index),
    SwapLines(Index, Index),
    IndentLine(Index, usize),
    LineValue(Index, String),
}

/// Texts that are not what anybody expects, in any format.
const STRANGE: [&str; 28] = [
    "",
    "\0",
    "\u{feff}",
    "\n",
    "\t",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "- ",
    ": ",
    "&a",
    "*a",
    "<<: *a",
    "!!binary x",
    "|",
    ">",
    "---",
    "...",
    "# ",
    "null",
    "1e999",
    "-0",
    "99999999999999999999",
    "0x1F",
    "\u{202e}é😀",
];

pub(crate) fn any_smudge() -> impl Strategy<Value = Smudge> {
    let at = any::<Index>;
    let strange = || prop_oneof![3 => prop::sample::select(&STRANGE[..]).prop_map(str::to_owned), 1 => "\\PC{0,8}"];
    prop_oneof![
        (at(), 0u8..8).prop_map(|(at, bit)| Smudge::Flip(at, bit)),
        (at(), prop_oneof![strange().prop_map(String::into_bytes), prop::collection::vec(any::<u8>(), 1..6)])
            .prop_map(|(at, bytes)| Smudge::Put(at, bytes)),
        (at(), at()).prop_map(|(a, b)| Smudge::Cut(a, b)),
        (at(), at(), at()).prop_map(|(a, b, to)| Smudge::Copy(a, b, to)),
        at().prop_map(Smudge::DropLine),
        (at(), at()).prop_map(|(a, b)| Smudge::SwapLines(a, b)),
        (at(), 0usize..9).prop_map(|(at, by)| Smudge::IndentLine(at, by)),
        (at(), strange()).prop_map(|(at, text)| Smudge::LineValue(at, text)),
    ]
}

/// `text` after these changes.
pub(crate) fn smudged(text: &[u8], smudges: &[Smudge]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for smudge in smudges {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        let span = |a: &Index, b: &Index| {
            let (a, b) = (a.index(length), b.index(length));
            // Short pieces: what is left should still look like the whole.
            let (from, to) = (a.min(b), a.max(b));
            from..to.min(from + 200)
        };
        match smudge {
            Smudge::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Smudge::Put(at, put) => drop(bytes.splice(at.index(length)..at.index(length), put.iter().copied())),
            Smudge::Cut(a, b) => drop(bytes.drain(span(a, b))),
            Smudge::Copy(a, b, to) => {
                let piece = bytes[span(a, b)].to_vec();
                drop(bytes.splice(to.index(length)..to.index(length), piece));
            }
            Smudge::DropLine(_) | Smudge::SwapLines(..) | Smudge::IndentLine(..) | Smudge::LineValue(..) => {
                bytes = relined(&bytes, smudge);
            }
        }
    }
    bytes
}

fn relined(bytes: &[u8], smudge: &Smudge) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let count = lines.len();
    match smudge {
        Smudge::DropLine(at) => drop(lines.remove(at.index(count))),
        Smudge::SwapLines(a, b) => lines.swap(a.index(count), b.index(count)),
        Smudge::IndentLine(at, by) => drop(lines[at.index(count)].splice(0..0, std::iter::repeat_n(b' ', *by))),
        Smudge::LineValue(at, text) => {
            let line = &mut lines[at.index(count)];
            let colon = line.iter().position(|byte| *byte == b':').map_or(line.len(), |colon| colon + 1);
            line.truncate(colon);
            line.extend(format!(" {text}\n").as_bytes());
        }
        Smudge::Flip(..) | Smudge::Put(..) | Smudge::Cut(..) | Smudge::Copy(..) => {}
    }
    lines.concat()
}

/// One change of a document, somewhere in it.
#[derive(Clone, Debug)]
pub(crate) enum Twist {
    Set(Index, Value),
    Remove(Index),
    Rename(Index, String),
    Swap(Index, Index),
    Again(Index),
}

pub(crate) fn any_twist() -> impl Strategy<Value = Twist> {
    let at = any::<Index>;
    let words = prop_oneof![
        3 => prop::sample::select(&["", "id", "vpc.main", "vpc", "declared", "format", "$ref", "x.y.z", "ppm-prod"][..])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    let strange = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1),
        json!(u64::MAX),
        json!(i64::MIN),
        json!(1e300),
        json!(""),
        json!([]),
        json!({}),
        json!([[[[]]]]),
        json!({"$ref": "vpc.main"}),
        json!({"$ref": "vpc.nowhere"}),
        json!({"$ref": "nothing.main"}),
        json!({"$ref": 3}),
        json!({"id": "vpc-0"}),
        json!({"tainted": {"because": "x"}}),
        json!("ready"),
        json!("é\u{0}\u{202e}"),
    ];
    let value = prop_oneof![4 => prop::sample::select(strange), 1 => words.clone().prop_map(Value::from)];
    prop_oneof![
        3 => (at(), value).prop_map(|(at, value)| Twist::Set(at, value)),
        2 => at().prop_map(Twist::Remove),
        1 => (at(), words).prop_map(|(at, name)| Twist::Rename(at, name)),
        2 => (at(), at()).prop_map(|(a, b)| Twist::Swap(a, b)),
        1 => at().prop_map(Twist::Again),
    ]
}

/// The place of every value below `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let escape = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                let at = format!("{at}/{}", escape(key));
                places(value, &at, found);
                found.push(at);
            }
        }
        Value::Array(items) => {
            for (n, value) in items.iter().enumerate() {
                let at = format!("{at}/{n}");
                places(value, &at, found);
                found.push(at);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn split(place: &str) -> (&str, String) {
    let (parent, key) = place.rsplit_once('/').unwrap();
    (parent, key.replace("~1", "/").replace("~0", "~"))
}

/// Changes `value` like this.
pub(crate) fn twist(value: &mut Value, how: &Twist) {
    let mut all = Vec::new();
    places(value, "", &mut all);
    if all.is_empty() {
        return;
    }
    let pick = |index: &Index| index.get(&all).clone();
    match how {
        Twist::Set(at, new) => *value.pointer_mut(&pick(at)).unwrap() = new.clone(),
        Twist::Swap(a, b) => {
            let (a, b) = (pick(a), pick(b));
            let (one, other) = (value.pointer(&a).unwrap().clone(), value.pointer(&b).unwrap().clone());
            *value.pointer_mut(&a).unwrap() = other;
            // It may have been a part of what was replaced.
            if let Some(place) = value.pointer_mut(&b) {
                *place = one;
            }
        }
        Twist::Remove(at) | Twist::Rename(at, _) | Twist::Again(at) => {
            let place = pick(at);
            let (parent, key) = split(&place);
            match value.pointer_mut(parent).unwrap() {
                Value::Object(fields) => {
                    let was = fields.remove(&key).unwrap();
                    match how {
                        Twist::Rename(_, name) => drop(fields.insert(name.clone(), was)),
                        Twist::Again(_) => {
                            fields.insert(format!("{key}-2"), was.clone());
                            fields.insert(key, was);
                        }
                        Twist::Remove(_) | Twist::Set(..) | Twist::Swap(..) => {}
                    }
                }
                Value::Array(items) => {
                    let at: usize = key.parse().unwrap();
                    let was = items.remove(at);
                    if matches!(how, Twist::Again(_)) {
                        items.extend([was.clone(), was]);
                    }
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => unreachable!("it has parts"),
            }
        }
    }
}
