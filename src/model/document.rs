//! A resource as data: a JSON object whose text depends on its content alone.
//!
//! Everything printed, stored or hashed goes through [`canonical`], which sorts for itself, because any dependency can
//! switch on insertion order in `serde_json` for everyone.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::de::value::MapDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::hex::hex_digits;

/// A resource, or what the cloud computed for one, as a JSON object.
///
/// Copies share what they hold until one of them is changed: states, plans and indexes of many thousand documents are
/// copied whole. The few fields of each lie side by side: a tree has room for eleven, and would be the larger part of all
/// memory.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Document(Arc<Vec<(String, Value)>>);

impl Document {
    /// The document of a typed value.
    ///
    /// # Panics
    /// When `value` does not serialise to an object; resources and their computed parts are structs.
    pub fn of<T: Serialize>(value: &T) -> Self {
        match serde_json::to_value(value).expect("typed values serialise") {
            Value::Object(map) => map.into_iter().collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                unreachable!("resources serialise to objects")
            }
        }
    }

    /// The typed value of this document.
    ///
    /// # Errors
    /// When it does not have the shape of `T`, as after an edit by hand.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(MapDeserializer::new(self.fields()))
    }

    /// The value of one top-level field.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(self.place(field).ok()?).map(|(_, value)| value)
    }

    /// Where a field stands among the others, or would.
    fn place(&self, field: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(name, _)| name.as_str().cmp(field))
    }

    /// The text of one top-level field, if it is a text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).and_then(Value::as_str)
    }

    /// Sets one top-level field.
    pub fn set(&mut self, field: &str, value: Value) {
        let place = self.place(field);
        let fields = Arc::make_mut(&mut self.0);
        match place {
            Ok(at) => fields[at].1 = value,
            Err(at) => fields.insert(at, (field.to_owned(), value)),
        }
    }

    /// Removes one top-level field.
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        let at = self.place(field).ok()?;
        Some(Arc::make_mut(&mut self.0).remove(at).1)
    }

    /// All fields in the order of their names.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(field, value)| (field.as_str(), value))
    }

    /// The document as plain JSON.
    pub fn to_value(&self) -> Value {
        Value::Object(self.0.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// The canonical text: one line, keys sorted.
    pub fn canonical(&self) -> String {
        canonical(&self.to_value())
    }
}

impl FromIterator<(String, Value)> for Document {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(fields: I) -> Self {
        let mut fields: Vec<(String, Value)> = fields.into_iter().collect();
        if !fields.is_sorted_by(|(one, _), (other, _)| one < other) {
            // What comes later takes the place of what came before, as in a map.
            fields.reverse();
            fields.sort_by(|(one, _), (other, _)| one.cmp(other));
            fields.dedup_by(|(later, _), (kept, _)| later == kept);
        }
        fields.shrink_to_fit();
        Self(Arc::new(fields))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields()).finish()
    }
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.fields())
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Document;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Document, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(fields.into_iter().collect())
    }
}

/// The one-line JSON text of `value` with keys sorted at every depth.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, None);
    text
}

/// The indented JSON text of `value` with keys sorted at every depth, ending in a newline: for files people read.
pub fn canonical_pretty(value: &Value) -> String {
    let mut text = String::new();
    write_value(&mut text, value, Some(0));
    text.push('\n');
    text
}

/// The SHA-256 of `bytes` in hex, as `sha256sum` prints it.
pub fn digest(bytes: &[u8]) -> String {
    hex_digits(&Sha256::digest(bytes)).collect()
}

/// The field in which a document that is kept holds the digest of everything else in it.
const DIGEST: &str = "digest";

/// The text of an object that is kept in a file: as [`canonical_pretty`], with a digest of itself.
///
/// # Panics
/// When `value` is no object.
pub fn sealed(mut value: Value) -> String {
    let sum = digest(canonical(&value).as_bytes());
    value.as_object_mut().expect("what is kept is an object").insert(DIGEST.to_owned(), Value::from(sum));
    canonical_pretty(&value)
}

/// Takes the digest out of what [`sealed`] wrote; whether it is there and fits the rest.
pub fn unsealed(value: &mut Value) -> bool {
    let told = value.as_object_mut().and_then(|fields| fields.remove(DIGEST));
    told.is_some_and(|told| told.as_str() == Some(&digest(canonical(value).as_bytes())))
}

/// The object in a text as [`sealed`] wrote it, on one line and without its digest. `None` where the digest does not fit
/// or the text is laid out otherwise: then [`unsealed`] knows. Reading everything and writing it again takes far longer.
pub fn unsealed_text(text: &str) -> Option<Vec<u8>> {
    let mut rest = text.as_bytes();
    let (mut line, mut told, mut depth) = (Vec::with_capacity(rest.len()), None, 0_usize);
    while let [first, after @ ..] = rest {
        match first {
            b' ' | b'\n' => rest = after,
            b'"' => {
                let (string, after) = rest.split_at(string_length(rest)?);
                if let (1, b"\"digest\"", [b':', b' ', value @ ..]) = (depth, string, after) {
                    let (value, after) = value.split_at(string_length(value)?);
                    told = Some(value);
                    rest = after.strip_prefix(b",")?;
                } else {
                    line.extend_from_slice(string);
                    rest = after;
                }
            }
            other => {
                match other {
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.checked_sub(1)?,
                    _ => {}
                }
                line.push(*other);
                rest = after;
            }
        }
    }
    (told? == format!("\"{}\"", digest(&line)).as_bytes()).then_some(line)
}

/// The bytes of the JSON string that begins here, quotes included.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

fn write_value(text: &mut String, value: &Value, depth: Option<usize>) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<&String, &Value> = map.iter().collect();
            write_all(text, ['{', '}'], depth, sorted.into_iter(), |text, (key, value), depth| {
                write!(text, "{}", Value::from(key.as_str())).expect("writing to a string succeeds");
                text.push_str(if depth.is_some() { ": " } else { ":" });
                write_value(text, value, depth);
            });
        }
        Value::Array(items) => write_all(text, ['[', ']'], depth, items.iter(), write_value),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            write!(text, "{value}").expect("writing to a string succeeds");
        }
    }
}

fn write_all<T>(
    text: &mut String,
    brackets: [char; 2],
    depth: Option<usize>,
    items: impl ExactSizeIterator<Item = T>,
    each: impl Fn(&mut String, T, Option<usize>),
) {
    let inner = depth.map(|d| d + 1);
    let empty = items.len() == 0;
    text.push(brackets[0]);
    for (n, item) in items.enumerate() {
        if n > 0 {
            text.push(',');
        }
        new_line(text, inner);
        each(text, item, inner);
    }
    if !empty {
        new_line(text, depth);
    }
    text.push(brackets[1]);
}

fn new_line(text: &mut String, depth: Option<usize>) {
    if let Some(depth) = depth {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    }
}

/// Reads a text that the cloud tells later than that the object is there: nothing until then, which lockfiles of
/// earlier versions hold as an empty text.
///
/// # Errors
/// When it is no text.
pub fn told_later<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_depends_on_content_alone() {
        let value = json!({"b": [1, {"z": null, "a": "x\"y"}], "a": {}, "c": []});
        assert_eq!(canonical(&value), r#"{"a":{},"b":[1,{"a":"x\"y","z":null}],"c":[]}"#);
        assert_eq!(serde_json::from_str::<Value>(&canonical_pretty(&value)).unwrap(), value);
        assert!(canonical_pretty(&value).starts_with("{\n  \"a\": {},\n  \"b\": [\n    1,"));
    }

    #[test]
    fn what_is_sealed_is_read_in_one_pass() {
        let value =
            json!({"a": [1, {"digest": "no", "b": "x: \"y\\\\\", z"}], "d": "digest", "e": {}, "format": 1, "ü": []});
        let text = sealed(value.clone());
        let line = unsealed_text(&text).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), canonical(&value));
        for (at, _) in text.char_indices().filter(|(_, c)| c.is_ascii_graphic()) {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(unsealed_text(&changed), None, "{changed}");
        }
        assert_eq!(unsealed_text(&text[..text.len() - 3]), None);
        assert_eq!(unsealed_text(&canonical_pretty(&value)), None, "without a digest nothing is known");
    }

    #[test]
    fn what_is_sealed_shows_every_change() {
        let text = sealed(json!({"b": 1, "a": [true]}));
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        let mut value = read(&text);
        assert!(unsealed(&mut value));
        assert_eq!(value, json!({"b": 1, "a": [true]}));
        assert!(unsealed(&mut read(&canonical(&read(&text)))), "the layout is no part of it");
        for changed in [text.replace('1', "2"), text.replace("true", "true, true"), "{\"b\": 1}".to_owned()] {
            assert!(!unsealed(&mut read(&changed)), "{changed}");
        }
        assert!(!unsealed(&mut json!(["digest"])), "no object");
    }

    #[test]
    fn what_is_told_later_is_nothing_until_then() {
        #[derive(Deserialize, PartialEq, Debug)]
        struct Told {
            #[serde(default, deserialize_with = "told_later")]
            issuer: Option<String>,
        }
        let read = |value: Value| serde_json::from_value::<Told>(value).unwrap().issuer;
        for nothing in [json!({}), json!({"issuer": null}), json!({"issuer": ""})] {
            assert_eq!(read(nothing), None);
        }
        assert_eq!(read(json!({"issuer": "x"})), Some("x".to_owned()));
    }

    #[test]
    fn digests_are_those_of_sha256sum() {
        assert_eq!(digest(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
