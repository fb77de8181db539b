//! What was found when a resource was looked for.

use serde::{Deserialize, Serialize};

use super::address::Address;
use super::error::CloudError;
use super::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use super::resource::Known;

/// What was found at one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Observation {
    /// It is there, in the shape of the declaration.
    Present {
        /// What is there.
        known: Known,
        /// What is worth knowing and no difference, such as "16.8 is newer than 16.4".
        notes: Vec<String>,
        /// What the cloud holds back until a moment of its own choosing, such as a maintenance window, and does along with
        /// the next change in place.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        waiting: Vec<String>,
        /// Whether it is at rest: neither being made nor being changed. Found without a record and not at rest, it is
        /// waited for before anything relies on it.
        settled: bool,
    },
    /// It is not there.
    Absent,
    /// Something is there under the name we would use, and it is not ours.
    Foreign {
        /// The id or name of that object.
        id: String,
        /// What shows that it is not ours.
        because: String,
        /// What leads on.
        remedy: Remedy,
    },
    /// It could not be read: neither there nor gone.
    Unread {
        /// What went wrong.
        error: CloudError,
    },
}

impl Observation {
    /// What stands there, if it is not ours.
    pub fn foreign(&self) -> Option<ForeignObject> {
        match self {
            Self::Foreign { id, because, remedy } => {
                Some(ForeignObject { id: id.clone(), because: because.clone(), remedy: remedy.clone() })
            }
            Self::Present { .. } | Self::Absent | Self::Unread { .. } => None,
        }
    }
}

/// An object that stands where ours would, and is not ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignObject {
    /// Its id or name.
    pub id: String,
    /// What shows that it is not ours.
    pub because: String,
    /// What leads on.
    pub remedy: Remedy,
}

/// What leads on where an object that is not ours stands in the way. A remedy is never offered where it would be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Remedy {
    /// It is nobody's: `adopt` takes it over.
    Adopt,
    /// As `Adopt`, once the record lets go of the object that stands there under another name.
    AdoptInstead {
        /// The id of that object now.
        of: String,
    },
    /// It belongs to another stack.
    OtherStack {
        /// That stack.
        stack: String,
    },
    /// It belongs to another address of this stack.
    OtherAddress {
        /// That address.
        address: Address,
    },
    /// Nothing can make it part of this stack: another name is needed, or it has to go.
    OtherName {
        /// Why it cannot become part of this stack.
        because: String,
    },
    /// A command of AWS's own command line settles it.
    Command {
        /// What to type.
        command: String,
        /// What that does.
        effect: String,
    },
}

impl Remedy {
    /// What leads on about an object with these tags that is not the one meant in `stack`.
    pub fn of(tags: &Tags, stack: &str) -> Self {
        match tags.get(STACK_TAG) {
            Some(other) if other != stack => Self::OtherStack { stack: other.clone() },
            Some(_) => match tags.get(ADDRESS_TAG).and_then(|address| address.parse().ok()) {
                Some(address) => Self::OtherAddress { address },
                None => Self::Adopt,
            },
            None => Self::Adopt,
        }
    }

    /// What to do about the object `id` so that `at` can stand, one sentence each.
    pub fn advice(&self, at: &Address, id: &str) -> Vec<String> {
        let adopt = format!("`ppm-infra adopt {at} '{id}'` takes it over");
        match self {
            Self::Adopt => vec![format!("if it is meant to be that: {adopt}")],
            Self::AdoptInstead { of } => {
                vec![format!("if it is meant to be that: `ppm-infra state rm {at}` lets go of {of}, then {adopt}")]
            }
            Self::OtherStack { stack } => vec![format!(
                "stack {stack} has it; if that stack is no more, take the tag {STACK_TAG} off it, then {adopt}"
            )],
            // The next plan follows the marks, whether or not that address is recorded.
            Self::OtherAddress { address } => {
                vec![format!(
                    "it carries the marks of {address} of this stack: plan again, which settles where it stands"
                )]
            }
            Self::OtherName { because } => vec![format!("it cannot become part of this stack: {because}")],
            Self::Command { command, effect } => vec![format!("`{command}` {effect}")],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn marks_tell_what_leads_on() {
        let of = |pairs: &[(&str, &str)]| Remedy::of(&tags(pairs), "dev");
        assert_eq!(of(&[]), Remedy::Adopt);
        assert_eq!(of(&[(ADDRESS_TAG, "vpc.main")]), Remedy::Adopt, "without a stack it is nobody's");
        let other = Remedy::OtherStack { stack: "prod".to_owned() };
        assert_eq!(of(&[(STACK_TAG, "prod"), (ADDRESS_TAG, "vpc.main")]), other);
        assert_eq!(of(&[(STACK_TAG, "prod")]), other);
        let address = "vpc.main".parse().unwrap();
        assert_eq!(of(&[(STACK_TAG, "dev"), (ADDRESS_TAG, "vpc.main")]), Remedy::OtherAddress { address });
        for unread in ["", "nonsense"] {
            assert_eq!(of(&[(STACK_TAG, "dev"), (ADDRESS_TAG, unread)]), Remedy::Adopt);
        }
    }

    #[test]
    fn adopting_is_offered_where_it_works_and_nowhere_else() {
        let at = "vpc.main".parse().unwrap();
        let says = |remedy: Remedy| remedy.advice(&at, "vpc-1").join("\n");
        let adopt = "`ppm-infra adopt vpc.main 'vpc-1'`";
        assert!(says(Remedy::Adopt).contains(adopt));
        let instead = says(Remedy::AdoptInstead { of: "vpc-0".to_owned() });
        assert!(instead.contains(adopt) && instead.contains("`ppm-infra state rm vpc.main`"), "{instead}");
        assert!(says(Remedy::OtherStack { stack: "prod".to_owned() }).contains(STACK_TAG));
        let rest = [
            Remedy::OtherAddress { address: "vpc.other".parse().unwrap() },
            Remedy::OtherName { because: "it is elsewhere".to_owned() },
            Remedy::Command { command: "aws x".to_owned(), effect: "frees it".to_owned() },
        ];
        for remedy in rest {
            let said = says(remedy);
            assert!(!said.is_empty() && !said.contains("adopt"), "{said}");
        }
    }
}
