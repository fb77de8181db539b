//! The arguments that the provider `hashicorp/aws` has, from a list that is kept beside this file, and what of a resource
//! does not fit them.

use std::collections::{BTreeMap, BTreeSet};

use hcl_edit::structure::{Body, Structure};
use serde::Deserialize;

/// What the provider has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Provider {
    /// Which version of the provider it is.
    version: String,
    /// Where the list is from.
    source: String,
    resources: BTreeMap<String, Arguments>,
}

/// What a resource, or a block in one, has.
#[derive(Debug, Deserialize)]
pub(crate) struct Arguments {
    attributes: BTreeMap<String, Given>,
    blocks: BTreeMap<String, Inner>,
}

/// A block in a resource.
#[derive(Debug, Deserialize)]
struct Inner {
    is_required: bool,
    is_single: bool,
    #[serde(flatten)]
    arguments: Arguments,
}

/// Who gives an attribute its value. Its type is told behind it, for Terraform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
enum Given {
    /// Whoever writes the file, always.
    Required,
    /// Whoever writes the file, or nobody, or AWS.
    Optional,
    /// AWS alone.
    Computed,
}

impl TryFrom<String> for Given {
    type Error = String;

    fn try_from(told: String) -> Result<Self, String> {
        match told.split(' ').next() {
            Some("required") => Ok(Self::Required),
            Some("optional") => Ok(Self::Optional),
            Some("computed") => Ok(Self::Computed),
            _ => Err(format!("who gives `{told}`?")),
        }
    }
}

impl Provider {
    /// The list.
    pub(crate) fn read() -> Self {
        let read: Self = serde_json::from_str(include_str!("provider.json")).unwrap();
        let constraint = ppm_infra::terraform::PROVIDER_VERSION;
        let oldest = format!("{}.0", constraint.trim_start_matches("~> "));
        assert_eq!(read.version, oldest, "the oldest version that the files take is the one that was looked at");
        assert!(!read.source.is_empty());
        read
    }

    /// The types of resources in it.
    pub(crate) fn kinds(&self) -> BTreeSet<String> {
        self.resources.keys().cloned().collect()
    }

    /// What resources of this type have.
    pub(crate) fn of(&self, kind: &str) -> &Arguments {
        self.resources.get(kind).unwrap_or_else(|| panic!("{kind} is not in the list"))
    }
}

impl Arguments {
    /// What of a resource does not fit.
    pub(crate) fn wrong(&self, body: &Body) -> Vec<String> {
        self.wrong_within(body, &["depends_on"], &["lifecycle"])
    }

    fn wrong_within(&self, body: &Body, attributes: &[&str], blocks: &[&str]) -> Vec<String> {
        let (mut wrong, mut written) = (Vec::new(), BTreeSet::new());
        for structure in body {
            match structure {
                Structure::Attribute(attribute) => {
                    let name = attribute.key.as_str();
                    if !written.insert(name) {
                        wrong.push(format!("{name} twice"));
                    }
                    match self.attributes.get(name) {
                        Some(Given::Required | Given::Optional) => {}
                        Some(Given::Computed) => wrong.push(format!("{name} is AWS's to tell")),
                        None if attributes.contains(&name) => {}
                        None => wrong.push(format!("no attribute {name}")),
                    }
                }
                Structure::Block(block) => {
                    let name = block.ident.as_str();
                    let is_first = written.insert(name);
                    match self.blocks.get(name) {
                        Some(inner) => {
                            if inner.is_single && !is_first {
                                wrong.push(format!("{name} twice"));
                            }
                            let all = inner.arguments.wrong_within(&block.body, &[], &[]);
                            wrong.extend(all.into_iter().map(|one| format!("{name}: {one}")));
                        }
                        None if blocks.contains(&name) => {}
                        None => wrong.push(format!("no block {name}")),
                    }
                }
            }
        }
        let attributes = self.attributes.iter().filter(|(_, given)| **given == Given::Required).map(|(name, _)| name);
        let blocks = self.blocks.iter().filter(|(_, inner)| inner.is_required).map(|(name, _)| name);
        let missing = attributes.chain(blocks).filter(|name| !written.contains(name.as_str()));
        wrong.extend(missing.map(|name| format!("{name} is missing")));
        wrong
    }

    /// Whether a path of names leads to an argument that can be written.
    pub(crate) fn has(&self, path: &[String]) -> bool {
        match path {
            [] => false,
            [name] if self.attributes.contains_key(name) => self.attributes[name] != Given::Computed,
            [name] => self.blocks.contains_key(name),
            [name, rest @ ..] => self.blocks.get(name).is_some_and(|inner| inner.arguments.has(rest)),
        }
    }

    /// Whether a path of names leads to something that can be read. What is below an attribute is not in the list.
    pub(crate) fn tells(&self, path: &[String]) -> bool {
        match path {
            [] => false,
            [name, ..] if self.attributes.contains_key(name) => true,
            [name] => self.blocks.contains_key(name),
            [name, rest @ ..] => self.blocks.get(name).is_some_and(|inner| inner.arguments.tells(rest)),
        }
    }
}
