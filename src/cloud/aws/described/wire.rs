//! Answers in the names of AWS's service models, whatever the protocol: JSON nearly has them, XML other ones.
//!
//! What of the names cannot be told from an answer stands in `wire.tsv`, which `tests/emulator/wire.py` writes from the
//! models. Scalars of XML stay text. Times are text in any case, and policies are decoded.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use jiff::{SignedDuration, Timestamp, Unit};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::cloud::aws::calls::REQUEST_ID;
use crate::cloud::aws::error::answered;
use crate::cloud::{CloudError, ErrorKind};

/// An answer as it came.
pub(super) struct RawAnswer<'a> {
    /// The HTTP status.
    pub(super) status: u16,
    /// A header by its name.
    pub(super) header: &'a dyn Fn(&str) -> Option<&'a str>,
    /// The body.
    pub(super) body: &'a [u8],
}

impl fmt::Debug for RawAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

/// What is known of the names on the wire.
#[derive(Debug, Default)]
pub(super) struct WireNames {
    structures: BTreeMap<(&'static str, &'static str), Vec<WireMember>>,
    times: BTreeMap<&'static str, BTreeSet<&'static str>>,
    uris: BTreeMap<(&'static str, &'static str), &'static str>,
}

/// A member that is not plain text under its own name.
#[derive(Debug)]
struct WireMember {
    name: &'static str,
    place: Place,
    structure: Option<&'static str>,
}

/// Where a member stands.
#[derive(Debug)]
enum Place {
    Element(&'static str),
    Encoded(&'static str),
    List { around: &'static str, item: &'static str },
    Flattened(&'static str),
    Map(&'static str),
    Attribute(&'static str),
    Header(&'static str),
    Whole,
}

static OF_AWS: LazyLock<WireNames> = LazyLock::new(|| WireNames::parse(include_str!("wire.tsv")));

impl WireNames {
    /// Those of the services of AWS.
    pub(super) fn of_aws() -> &'static Self {
        &OF_AWS
    }

    fn parse(text: &'static str) -> Self {
        let mut names = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let (Some(what), Some(service), Some(of), Some(told)) =
                (cells.next(), cells.next(), cells.next(), cells.next())
            else {
                continue;
            };
            match what {
                "xml" => {
                    let members = told.split(' ').filter_map(WireMember::parse).collect();
                    names.structures.insert((service, of), members);
                }
                "time" => {
                    names.times.insert(service, told.split(' ').collect());
                }
                _ => {
                    names.uris.insert((service, of), told);
                }
            }
        }
        names
    }

    /// The path to which a call is sent, with its parameters in braces; nothing for services that have one path for all.
    pub(super) fn uri(&self, service: &str, operation: &str) -> Option<&'static str> {
        self.uris.iter().find(|((of, name), _)| *of == service && *name == operation).map(|(_, uri)| *uri)
    }

    /// What was answered.
    ///
    /// # Errors
    /// The error in the answer, or that nobody can read it.
    pub(super) fn read(&self, service: &str, operation: &str, raw: &RawAnswer<'_>) -> Result<Value, CloudError> {
        let doing = format!("ask {service}:{operation}");
        let times = self.times.get(service);
        if !(200..300).contains(&raw.status) {
            return Err(if times.is_some() { json_error(raw, &doing) } else { xml_error(raw, &doing) });
        }
        let unread = |why: String| {
            CloudError::new(ErrorKind::Refused, doing.as_str(), format!("its answer cannot be read: {why}"))
        };
        match times {
            Some(times) => {
                let mut told: Value = serde_json::from_slice(raw.body).map_err(|error| unread(error.to_string()))?;
                tell_times(&mut told, times);
                Ok(told)
            }
            None => self.xml(service, operation, raw).map(Value::Object).map_err(|error| unread(error.to_string())),
        }
    }

    fn xml(&self, service: &str, operation: &str, raw: &RawAnswer<'_>) -> Result<Map<String, Value>, XmlDecodeError> {
        let text = String::from_utf8_lossy(raw.body);
        let members = self.members(service, operation);
        let mut told = match members.iter().find(|member| matches!(member.place, Place::Whole)) {
            Some(WireMember { name, structure: None, .. }) => {
                Map::from_iter([((*name).to_owned(), Value::from(text.as_ref()))])
            }
            Some(WireMember { name, structure: Some(structure), .. }) => {
                let mut document = Document::new(&text);
                let whole = self.structure(service, structure, &mut document.root_element()?);
                Map::from_iter([((*name).to_owned(), Value::Object(whole))])
            }
            None if text.is_empty() => Map::new(),
            None => {
                let mut document = Document::new(&text);
                let mut root = document.root_element()?;
                let wrapped = !matches!(service, "ec2" | "s3");
                let mut told = Map::new();
                if wrapped {
                    while let Some(mut tag) = root.next_tag() {
                        if tag.start_el().local().ends_with("Result") {
                            told = self.structure(service, operation, &mut tag);
                        }
                    }
                } else {
                    told = self.structure(service, operation, &mut root);
                    told.remove("RequestId");
                }
                told
            }
        };
        for member in members {
            if let Place::Header(header) = member.place
                && let Some(value) = (raw.header)(header)
            {
                told.insert(member.name.to_owned(), Value::from(value));
            }
        }
        Ok(told)
    }

    fn members(&self, service: &str, structure: &str) -> &[WireMember] {
        let found = self.structures.iter().find(|((of, name), _)| *of == service && *name == structure);
        found.map_or(&[], |(_, members)| members)
    }

    /// The members of an element. What a newer model may have, and it is not plain text, is left out.
    fn structure(&self, service: &str, name: &str, around: &mut ScopedDecoder<'_, '_>) -> Map<String, Value> {
        let members = self.members(service, name);
        let mut told = Map::new();
        for member in members {
            if let Place::Attribute(attribute) = member.place
                && let Some(value) = around.start_el().attr(attribute)
            {
                told.insert(member.name.to_owned(), Value::from(value));
            }
        }
        while let Some(mut tag) = around.next_tag() {
            let element = tag.start_el().local().to_owned();
            let Some(member) = members.iter().find(|member| member.place.is_in(&element)) else {
                let Ok(text) = try_data(&mut tag) else { continue };
                let usual = if service == "ec2" { capitalised(&element) } else { element };
                told.insert(usual, Value::from(text.as_ref()));
                continue;
            };
            match member.place {
                Place::List { item, .. } => {
                    let mut items = Vec::new();
                    while let Some(mut one) = tag.next_tag() {
                        if one.start_el().local() == item {
                            items.push(self.value(service, member, &mut one));
                        }
                    }
                    told.insert(member.name.to_owned(), Value::Array(items));
                }
                Place::Flattened(_) => {
                    let one = self.value(service, member, &mut tag);
                    let all = told.entry(member.name).or_insert_with(|| Value::Array(Vec::new()));
                    if let Value::Array(all) = all {
                        all.push(one);
                    }
                }
                Place::Map(_) => {
                    let mut entries = Map::new();
                    while let Some(mut entry) = tag.next_tag() {
                        let mut pair = self.structure(service, "", &mut entry);
                        if let (Some(Value::String(key)), Some(value)) = (pair.remove("key"), pair.remove("value")) {
                            entries.insert(key, value);
                        }
                    }
                    told.insert(member.name.to_owned(), Value::Object(entries));
                }
                Place::Element(_) | Place::Encoded(_) | Place::Attribute(_) | Place::Header(_) | Place::Whole => {
                    told.insert(member.name.to_owned(), self.value(service, member, &mut tag));
                }
            }
        }
        told
    }

    /// What one element holds.
    fn value(&self, service: &str, member: &WireMember, tag: &mut ScopedDecoder<'_, '_>) -> Value {
        if let Some(structure) = member.structure {
            return Value::Object(self.structure(service, structure, tag));
        }
        let text = try_data(tag).unwrap_or_default();
        match member.place {
            Place::Encoded(_) => Value::from(percent_decode_str(&text).decode_utf8_lossy()),
            Place::Element(_)
            | Place::List { .. }
            | Place::Flattened(_)
            | Place::Map(_)
            | Place::Attribute(_)
            | Place::Header(_)
            | Place::Whole => Value::from(text.as_ref()),
        }
    }
}

impl WireMember {
    /// Reads `Tags=tagSet/item:Tag`; the head of `wire.tsv` says what it may be.
    fn parse(told: &'static str) -> Option<Self> {
        let (name, place) = told.split_once('=')?;
        if let Some(attribute) = place.strip_prefix('@') {
            return Some(Self { name, place: Place::Attribute(attribute), structure: None });
        }
        let (place, structure) = place.split_once(':').map_or((place, None), |(place, of)| (place, Some(of)));
        let place = if place == "." {
            Place::Whole
        } else if let Some(header) = place.strip_prefix('^') {
            Place::Header(header)
        } else if let Some(element) = place.strip_suffix('%') {
            Place::Encoded(element)
        } else if let Some(element) = place.strip_suffix('+') {
            Place::Flattened(element)
        } else if let Some(element) = place.strip_suffix("{}") {
            Place::Map(element)
        } else if let Some((around, item)) = place.split_once('/') {
            Place::List { around, item }
        } else {
            Place::Element(place)
        };
        Some(Self { name, place, structure })
    }
}

impl Place {
    fn is_in(&self, element: &str) -> bool {
        match self {
            Self::Element(name) | Self::Encoded(name) | Self::Flattened(name) | Self::Map(name) => *name == element,
            Self::List { around, .. } => *around == element,
            Self::Attribute(_) | Self::Header(_) | Self::Whole => false,
        }
    }
}

fn capitalised(name: &str) -> String {
    let mut rest = name.chars();
    rest.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(rest).collect()
}

/// Turns seconds since 1970 into text, in these members.
fn tell_times(value: &mut Value, times: &BTreeSet<&str>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match moment(member).filter(|_| times.contains(name.as_str())) {
                    Some(told) => *member = Value::from(told),
                    None => tell_times(member, times),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|one| tell_times(one, times)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn moment(seconds: &Value) -> Option<String> {
    let since = SignedDuration::try_from_secs_f64(seconds.as_f64()?).ok()?;
    Some(Timestamp::from_duration(since).ok()?.round(Unit::Millisecond).ok()?.to_string())
}

fn request_id(raw: &RawAnswer<'_>) -> Option<String> {
    REQUEST_ID.iter().find_map(|name| (raw.header)(name)).map(str::to_owned)
}

fn json_error(raw: &RawAnswer<'_>, doing: &str) -> CloudError {
    let body: Value = serde_json::from_slice(raw.body).unwrap_or_default();
    let text = |names: [&str; 2]| names.into_iter().find_map(|name| body.get(name)?.as_str());
    let code = (raw.header)("x-amzn-errortype").or_else(|| text(["__type", "code"]));
    // With a namespace before it, or a URL behind.
    let code =
        code.map(|code| code.split(':').next().unwrap_or(code)).map(|code| code.rsplit('#').next().unwrap_or(code));
    let message = text(["message", "Message"]).unwrap_or_default().to_owned();
    answered(code.map(str::to_owned), message, raw.status, request_id(raw), doing)
}

fn xml_error(raw: &RawAnswer<'_>, doing: &str) -> CloudError {
    let text = String::from_utf8_lossy(raw.body);
    let mut document = Document::new(&text);
    let (mut code, mut message) = (None, String::new());
    while let Some(element) = document.next_start_element() {
        match element.local() {
            "Code" if code.is_none() => code = try_data(&mut document).ok().map(Cow::into_owned),
            "Message" => message = try_data(&mut document).unwrap_or_default().into_owned(),
            _ => {}
        }
    }
    answered(code, message, raw.status, request_id(raw), doing)
}

#[cfg(test)]
mod tests;
