//! Objects that stand where ours would and are not ours, by their tags.

use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use crate::model::observation::{ForeignObject, Remedy};

/// The object `id`, whose tags are not those of what is looked for in `stack`.
pub fn foreign(id: impl Into<String>, tags: &Tags, stack: &str) -> ForeignObject {
    ForeignObject { id: id.into(), because: foreign_because(tags), remedy: Remedy::of(tags, stack) }
}

/// What in these tags shows that an object is not ours.
fn foreign_because(tags: &Tags) -> String {
    match (tags.get(STACK_TAG), tags.get(ADDRESS_TAG)) {
        (Some(stack), Some(address)) => format!("its tags say that it is {address} of stack {stack}"),
        (Some(stack), None) => format!("its tags say that it belongs to stack {stack}, but not what it is there"),
        (None, _) => format!("it has no tag {STACK_TAG}"),
    }
}
