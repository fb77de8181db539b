//! Why there is no plan.

use std::collections::BTreeMap;

use super::diff::FieldDiff;
use super::losses::Lost;
use crate::model::address::{Address, Kind};
use crate::model::error::CloudError;
use crate::model::observation::ForeignObject;

/// Why there is no plan. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Something could not be read, so it is neither in place nor gone.
    #[error("{} could not be read", list(unread.keys()))]
    Unread {
        /// What, and what went wrong.
        unread: BTreeMap<Address, CloudError>,
    },
    /// A name we need is taken by an object that is not ours.
    #[error("{} exists already and does not belong to this stack", list(foreign.keys()))]
    Foreign {
        /// The foreign objects, by the address whose name they have.
        foreign: BTreeMap<Address, ForeignObject>,
    },
    /// Something that is declared is to be the object that stands elsewhere.
    #[error("{} and {} are to be the same object, {}", .0.address, .0.stands, .0.id)]
    Shared(Box<Clash>),
    /// A plan would remove at one address what stands at another. Planning prevents it; this is the last guard.
    #[error("{} would be removed as {}, and stands as {}", .0.id, .0.address, .0.stands)]
    Removed(Box<Clash>),
    /// What cannot be made again is gone.
    #[error("{} gone, and cannot be made again as it was", are(lost.keys()))]
    Lost {
        /// What is gone, by address.
        lost: BTreeMap<Address, Lost>,
    },
    /// Declared resources need each other.
    #[error("resources need each other in a circle: {}", list(cycle.iter()))]
    Cycle {
        /// Each needs the next, the last the first.
        cycle: Vec<Address>,
    },
    /// A protected resource would be deleted or replaced.
    #[error("{address} is protected and would be {}", if *replaced { "replaced" } else { "deleted" })]
    Protected {
        /// The protected resource.
        address: Address,
        /// Whether another object would take its place.
        replaced: bool,
        /// From the protected resource back to where it began.
        chain: Vec<Address>,
        /// The differences that began it.
        diffs: Vec<FieldDiff>,
    },
    /// A resource would be replaced that no other can take the place of.
    #[error("{address} cannot be replaced while it stands: {because}")]
    NoRoom {
        /// The resource.
        address: Address,
        /// Why no other object can take its place.
        because: &'static str,
        /// From the resource back to where its replacement began.
        chain: Vec<Address>,
    },
    /// A field that only rises would have to fall.
    #[error("{address}: {field} cannot go from {from} back to {to}")]
    StepDown {
        /// The resource.
        address: Address,
        /// The field.
        field: String,
        /// What is there.
        from: String,
        /// What is declared.
        to: String,
    },
    /// Something was named that is in no record.
    #[error("{address} is not in the lockfile")]
    NotRecorded {
        /// What was named.
        address: Address,
    },
    /// A kind this program does not know.
    #[error("this program does not know the kind {kind}")]
    UnknownKind {
        /// The kind.
        kind: Kind,
    },
}

/// One object at two addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// Where it is in the way.
    pub address: Address,
    /// Where it stands.
    pub stands: Address,
    /// The object.
    pub id: String,
}

fn list<'a>(addresses: impl Iterator<Item = &'a Address>) -> String {
    addresses.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn are<'a>(addresses: impl ExactSizeIterator<Item = &'a Address>) -> String {
    let verb = if addresses.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", list(addresses))
}
