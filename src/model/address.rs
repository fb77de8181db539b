//! Names of what ppm-infra manages: kind, name, and both together as an address.
//!
//! Promises that whatever parses prints back the same. Which kinds exist is the catalogue's business, not this file's.
//!
//! States, plans and indexes hold every address many times and compare them all the time: words of up to 22 bytes, which are
//! nearly all, stand in the address itself, so that a copy costs nothing and comparing reads no other memory.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The longest word that needs no memory of its own: with its length and the mark of the variant it fills three registers.
const INLINE: usize = 22;

/// A text in an address.
#[derive(Clone)]
enum Word {
    /// Its bytes, followed by zeros, which sort before every other byte and stand in no text here.
    Short([u8; INLINE]),
    Written(&'static str),
    Read(Arc<str>),
}

impl Word {
    /// A word written in the program.
    const fn written(text: &'static str) -> Self {
        if text.len() <= INLINE { Self::short(text) } else { Self::Written(text) }
    }

    const fn short(text: &str) -> Self {
        let (mut bytes, mut at) = ([0; INLINE], 0);
        while at < text.len() {
            bytes[at] = text.as_bytes()[at];
            at += 1;
        }
        Self::Short(bytes)
    }

    /// For the rare word that is too long to stand in the address.
    #[cold]
    fn cmp_texts(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }

    /// Bytes as numbers, which come in the order of the bytes and are compared without a call.
    fn numbers(bytes: &[u8; INLINE]) -> (u128, u64) {
        let (first, last) = (bytes.first_chunk(), bytes.last_chunk());
        let numbers = first.zip(last).map(|(first, last)| (u128::from_be_bytes(*first), u64::from_be_bytes(*last)));
        numbers.expect("sixteen bytes from the front and eight from the back are all of them")
    }

    fn as_str(&self) -> &str {
        match self {
            Self::Short(bytes) => {
                let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(INLINE);
                std::str::from_utf8(&bytes[..length]).expect("a word is made from a text")
            }
            Self::Written(text) => text,
            Self::Read(text) => text,
        }
    }
}

impl From<&str> for Word {
    fn from(text: &str) -> Self {
        if text.len() <= INLINE { Self::short(text) } else { Self::Read(text.into()) }
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Word {}
impl PartialOrd for Word {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Word {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Short(one), Self::Short(other)) => Self::numbers(one).cmp(&Self::numbers(other)),
            (one, other) => one.cmp_texts(other),
        }
    }
}
impl Hash for Word {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

/// The kind of a resource, such as `subnet`. Stands in addresses and in the lockfile, so a kind is never renamed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(Word);

impl Kind {
    /// A kind known to the program.
    pub const fn new(word: &'static str) -> Self {
        Self(Word::written(word))
    }

    /// The word as it stands in addresses.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The name of a resource within its kind and stack, such as `private-a`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Word);

impl Name {
    /// A name written in the program.
    ///
    /// # Panics
    /// When `text` has other characters than `a-z 0-9 -`.
    pub const fn new(text: &'static str) -> Self {
        assert!(fits(text), "names in the program use a-z, 0-9 and -");
        Self(Word::written(text))
    }

    /// The name as it stands in addresses.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Name {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if fits(text) { Ok(Self(text.into())) } else { Err(AddressError::Name(text.to_owned())) }
    }
}

/// Whether a text can be a name. Written so that the compiler can ask it.
const fn fits(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if !(first.is_ascii_lowercase() || first.is_ascii_digit() || *first == b'-') {
            return false;
        }
        rest = after;
    }
    !text.is_empty()
}

/// Where a resource stands: `kind.name`, such as `subnet.private-a`. Sorts by kind, then name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// What it is.
    pub kind: Kind,
    /// Which one it is.
    pub name: Name,
}

impl Address {
    /// The address of `name` among the resources of `kind`.
    ///
    /// # Panics
    /// When `name` has other characters than `a-z 0-9 -`: for names written in the program.
    pub fn of(kind: Kind, name: &str) -> Self {
        Self { kind, name: name.parse().expect("names in the program use a-z, 0-9 and -") }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.width().is_some() {
            f.pad(&format!("{}.{}", self.kind, self.name))
        } else {
            write!(f, "{}.{}", self.kind, self.name)
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, name) = text.split_once('.').ok_or_else(|| AddressError::Shape(text.to_owned()))?;
        if kind.is_empty() || !kind.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
            return Err(AddressError::Kind(kind.to_owned()));
        }
        Ok(Self { kind: Kind(kind.into()), name: name.parse()? })
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Written)
    }
}

/// Reads an address from a text that is not copied first.
struct Written;

impl serde::de::Visitor<'_> for Written {
    type Value = Address;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address, such as subnet.private-a")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Address, E> {
        text.parse().map_err(E::custom)
    }
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no dot.
    #[error("`{0}` is not an address; expected kind.name, such as subnet.private-a")]
    Shape(String),
    /// The part before the dot is no kind.
    #[error("`{0}` is not the name of a kind; kinds use a-z, 0-9 and _")]
    Kind(String),
    /// The part after the dot is no name.
    #[error("`{0}` is not a resource name; names use a-z, 0-9 and -")]
    Name(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_parse() {
        let address: Address = "subnet.private-a".parse().unwrap();
        assert_eq!(address, Address::of(Kind::new("subnet"), "private-a"));
        assert_eq!(address.to_string(), "subnet.private-a");
        assert_eq!(format!("{address:>20}"), "    subnet.private-a");
    }

    #[test]
    fn words_sort_as_their_texts_whatever_their_length() {
        let long = "a-name-that-is-longer-than-what-stands-in-an-address";
        let mut texts =
            vec!["", "a", "a-", "a0", "aa", "b", "a-name-of-16-chars", "a-name-of-16-charz", long, &long[1..]];
        texts.extend((1..=long.len()).map(|length| &long[..length]));
        for one in &texts {
            for other in &texts {
                assert_eq!(Word::from(*one).cmp(&Word::from(*other)), one.cmp(other), "{one:?} and {other:?}");
            }
            assert_eq!(Word::from(*one).as_str(), *one);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "subnet", "Subnet.a", "subnet.", ".a", "subnet.A", "subnet.a.b", "subnet.a b"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
