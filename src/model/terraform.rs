//! What an object is in Terraform: resources of the provider `hashicorp/aws`, as data.
//!
//! Promises: pure. A resource carries every field that was declared of the object, points at others as Terraform does, and
//! holds no secret. The marks of ownership are left away: they are this program's.
//!
//! Leaves to others how it is written (`terraform`). Names of arguments, and what `import` takes, are those of the documents
//! of the provider, version 6, the page of each resource.

mod references;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::address::Address;
use super::document::Document;
use super::mark::{TAG_PREFIX, Tags};

/// What an object becomes.
#[derive(Clone, Debug, PartialEq)]
pub struct TerraformObject {
    /// The resource that others point at.
    pub main: TerraformResource,
    /// What Terraform keeps apart from it.
    pub parts: Vec<TerraformPart>,
}

/// A resource for a part of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct TerraformPart {
    /// What tells it from the others of the same type, such as the destination of a route; may be empty.
    pub name: String,
    /// Whether whoever points at the object needs this as well, as with the policies of a role.
    pub is_needed: bool,
    /// The resource.
    pub resource: TerraformResource,
}

impl TerraformObject {
    /// The same with a part.
    #[must_use]
    pub fn part(self, name: impl Into<String>, resource: TerraformResource) -> Self {
        self.with(TerraformPart { name: name.into(), is_needed: false, resource })
    }

    /// The same with a part that whoever points at the object needs as well.
    #[must_use]
    pub fn needed_part(self, name: impl Into<String>, resource: TerraformResource) -> Self {
        self.with(TerraformPart { name: name.into(), is_needed: true, resource })
    }

    fn with(mut self, part: TerraformPart) -> Self {
        self.parts.push(part);
        self
    }
}

impl From<TerraformResource> for TerraformObject {
    fn from(main: TerraformResource) -> Self {
        Self { main, parts: Vec::new() }
    }
}

/// A resource of Terraform.
#[derive(Clone, Debug, PartialEq)]
pub struct TerraformResource {
    /// Its type, such as `aws_vpc`.
    pub kind: &'static str,
    /// What `import` takes; `None` where the provider imports no such resource, and making it anew changes nothing.
    pub import: Option<String>,
    /// Its arguments, in the order in which they are written.
    pub arguments: TerraformArguments,
    /// Arguments that Terraform is to leave alone, however they differ.
    pub ignored: Vec<&'static str>,
    /// Arguments that AWS does not keep: the first apply of Terraform writes them down, in its own state alone.
    pub kept_by_terraform: Vec<&'static str>,
    /// What whoever reads the file should know, in a sentence.
    pub note: Option<String>,
}

impl TerraformResource {
    /// One that is imported by `import`.
    pub fn new(kind: &'static str, import: impl Into<String>) -> Self {
        Self { import: Some(import.into()), ..Self::not_imported(kind) }
    }

    /// One that the provider does not import. To make it where it is there already has to change nothing.
    pub fn not_imported(kind: &'static str) -> Self {
        Self {
            kind,
            import: None,
            arguments: Vec::new(),
            ignored: Vec::new(),
            kept_by_terraform: Vec::new(),
            note: None,
        }
    }

    /// The same with one more argument.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Term>) -> Self {
        self.arguments.push((name, value.into()));
        self
    }

    /// The same with one more argument, where it has a value.
    #[must_use]
    pub fn some(self, name: &'static str, value: Option<impl Into<Term>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// The same with one more argument, unless it is an empty list or map: one that AWS fills in otherwise.
    #[must_use]
    pub fn unless_empty(self, name: &'static str, value: impl Into<Term>) -> Self {
        let value = value.into();
        let is_empty = match &value {
            Term::List(items) => items.is_empty(),
            Term::Map(entries) => entries.is_empty(),
            Term::Text(_)
            | Term::Number(_)
            | Term::Flag(_)
            | Term::Json(_)
            | Term::Block(_)
            | Term::Attribute { .. } => false,
        };
        if is_empty { self } else { self.with(name, value) }
    }

    /// The same with tags, without the marks of ownership.
    #[must_use]
    pub fn tags(self, tags: &Tags) -> Self {
        let others = tags.iter().filter(|(key, _)| !key.starts_with(TAG_PREFIX));
        let others = others.map(|(key, value)| (key.clone(), Term::from(value))).collect();
        self.unless_empty("tags", Term::Map(others))
    }

    /// The same with one more block.
    #[must_use]
    pub fn block(self, name: &'static str, arguments: TerraformArguments) -> Self {
        self.with(name, Term::Block(arguments))
    }

    /// The same, with arguments that are left alone.
    #[must_use]
    pub fn ignoring(mut self, names: &[&'static str]) -> Self {
        self.ignored.extend(names);
        self
    }

    /// The same, with arguments that AWS does not keep.
    #[must_use]
    pub fn kept_by_terraform(mut self, names: &[&'static str]) -> Self {
        self.kept_by_terraform.extend(names);
        self
    }

    /// The same with a note for whoever reads the file.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

/// Arguments of a resource or of a block, in the order in which they are written.
pub type TerraformArguments = Vec<(&'static str, Term)>;

/// The value of an argument.
#[derive(Clone, Debug, PartialEq)]
pub enum Term {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// True or false.
    Flag(bool),
    /// A list, or a set.
    List(Vec<Term>),
    /// A map.
    Map(BTreeMap<String, Term>),
    /// A text that is JSON.
    Json(Box<Term>),
    /// A block.
    Block(TerraformArguments),
    /// An attribute of the resource that others point at for an object of this stack.
    Attribute {
        /// The object.
        of: Address,
        /// The attribute, such as `id` or `identity[0].oidc[0].issuer`.
        path: &'static str,
    },
}

impl Term {
    /// What this prints as.
    pub fn shown(value: &impl Display) -> Self {
        Self::Text(value.to_string())
    }

    /// The objects whose resources it points at.
    pub fn pointed_at(&self) -> BTreeSet<&Address> {
        match self {
            Self::Attribute { of, .. } => BTreeSet::from([of]),
            Self::List(items) => items.iter().flat_map(Self::pointed_at).collect(),
            Self::Map(map) => map.values().flat_map(Self::pointed_at).collect(),
            Self::Json(term) => term.pointed_at(),
            Self::Block(arguments) => arguments.iter().flat_map(|(_, value)| value.pointed_at()).collect(),
            Self::Text(_) | Self::Number(_) | Self::Flag(_) => BTreeSet::new(),
        }
    }

    /// The same with one text replaced wherever it stands.
    #[must_use]
    pub fn replacing(self, text: &str, by: &Self) -> Self {
        let inside = |term: Self| term.replacing(text, by);
        match self {
            Self::Text(found) if found == text => by.clone(),
            Self::List(items) => Self::List(items.into_iter().map(inside).collect()),
            Self::Map(map) => Self::Map(map.into_iter().map(|(key, value)| (key, inside(value))).collect()),
            Self::Json(term) => Self::Json(Box::new(inside(*term))),
            Self::Block(arguments) => {
                Self::Block(arguments.into_iter().map(|(name, value)| (name, inside(value))).collect())
            }
            Self::Text(_) | Self::Number(_) | Self::Flag(_) | Self::Attribute { .. } => self,
        }
    }
}

impl From<&str> for Term {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Term {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Term {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Term {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl From<$number> for Term {
            fn from(number: $number) -> Self {
                Self::Number(number.into())
            }
        })*
    };
}
numbers!(u8, u16, u32, i32);

impl From<&BTreeSet<String>> for Term {
    fn from(texts: &BTreeSet<String>) -> Self {
        Self::List(texts.iter().map(Self::from).collect())
    }
}

impl From<&BTreeMap<String, String>> for Term {
    fn from(texts: &BTreeMap<String, String>) -> Self {
        Self::Map(texts.iter().map(|(key, value)| (key.clone(), Self::from(value))).collect())
    }
}

/// What is known beside the object itself.
#[derive(Clone, Copy, Debug)]
pub struct TerraformContext<'a> {
    /// Where the object stands.
    pub at: &'a Address,
    /// What the cloud computed of every object, by address.
    pub computed: &'a BTreeMap<Address, Document>,
}

impl TerraformContext<'_> {
    /// An attribute of the resource that others point at for the object itself.
    pub fn own(&self, path: &'static str) -> Term {
        Term::Attribute { of: self.at.clone(), path }
    }
}

/// Why an object cannot be said in Terraform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TerraformError {
    /// It needs another, and that is in no record.
    #[error("{at} points at {needs}, which is not recorded")]
    Unrecorded {
        /// The object.
        at: Address,
        /// What it points at.
        needs: Address,
    },
    /// It was taken into the record as it was found, and nothing that can be declared is like that.
    #[error("{at} is recorded as it was found, with {what}, which cannot be declared")]
    Undeclarable {
        /// The object.
        at: Address,
        /// What was found.
        what: String,
    },
    /// Its record has not the shape of its kind.
    #[error("{at} is recorded in another shape than this version knows: {reason}")]
    OtherShape {
        /// The object.
        at: Address,
        /// What does not fit.
        reason: String,
    },
}
