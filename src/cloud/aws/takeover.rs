//! Before making what may exist already: looks for it, and tells ours from what belongs to others.
//!
//! The look is the one every plan makes, without a record: by natural name or by marks.

use std::collections::BTreeSet;

use super::provision::{Present, Provision, Reading, Sight, Sought, Writing};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};

/// What already stands where `resource` is to be made, if it is ours. `doing` completes "could not …".
///
/// # Errors
/// When it could not be read, and [`ErrorKind::NotOurs`] when it belongs to others.
pub async fn existing<R: Provision>(
    resource: &R,
    cx: &Writing<'_>,
    doing: &str,
) -> Result<Option<Box<Present<R>>>, CloudError> {
    let address = &cx.mark.address;
    let look =
        Reading { aws: cx.aws, ids: &cx.ids, stack: &cx.mark.stack, surroundings: &cx.surroundings, removing: false };
    let sought = Sought {
        address: address.clone(),
        declared: Some(resource.clone()),
        recorded: None,
        attempted: Vec::new(),
        old: BTreeSet::new(),
    };
    match R::observe(vec![sought], &look).await.remove(address).expect("a look answers for every address")? {
        Sight::Present(found) => Ok(Some(found)),
        Sight::Absent => Ok(None),
        Sight::Foreign { id, because } => Err(not_ours(doing, &id, &because)),
    }
}

/// The refusal to touch `id`, which is not ours.
pub fn not_ours(doing: &str, id: &str, because: &str) -> CloudError {
    CloudError::new(
        ErrorKind::NotOurs,
        doing,
        format!("{id} exists already and is not ours: {because}; `adopt` takes it over, or remove or rename it"),
    )
}

/// What in these tags shows that an object is not ours.
pub fn foreign_because(tags: &Tags) -> String {
    match (tags.get(STACK_TAG), tags.get(ADDRESS_TAG)) {
        (Some(stack), Some(address)) => format!("its tags say it is {address} of stack {stack}"),
        (Some(stack), None) => format!("its tags say it belongs to stack {stack}, but not as what"),
        (None, _) => format!("it carries no tag {STACK_TAG}"),
    }
}
