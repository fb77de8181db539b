//! Before making what may exist already: looks for it, and tells ours from what belongs to others.
//!
//! The look is the one every plan makes, without a record: by natural name or by marks.

use std::collections::BTreeSet;

use super::provision::{AskedOnce, Lookup, Provision, ReadOutcome, Reading, Writing};
use super::strangers::foreign;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ATTEMPT_TAG, Tags};
use crate::model::observation::ForeignObject;

/// Takes over what already stands where `resource` is to be made, if it is ours, and brings it up to date. `doing`
/// completes "could not …".
///
/// # Errors
/// When it could not be read or changed, and [`ErrorKind::NotOurs`] when it belongs to others.
pub async fn take_over<R: Provision>(
    resource: &R,
    cx: &Writing<'_>,
    doing: &str,
) -> Result<Option<R::Computed>, CloudError> {
    take_over_beside(resource, BTreeSet::new(), cx, doing).await
}

/// The same, passing over the objects with the ids `old`, whose place is to be taken.
///
/// # Errors
/// As [`take_over`].
pub async fn take_over_beside<R: Provision>(
    resource: &R,
    old: BTreeSet<String>,
    cx: &Writing<'_>,
    doing: &str,
) -> Result<Option<R::Computed>, CloudError> {
    let address = &cx.mark.address;
    let once = AskedOnce::default();
    let look = Reading {
        aws: cx.aws,
        ids: &cx.ids,
        stack: &cx.mark.stack,
        surroundings: &cx.surroundings,
        removing: false,
        networks: &[],
        once: &once,
    };
    let lookup = Lookup {
        address: address.clone(),
        declared: Some(resource.clone()),
        recorded: None,
        attempted: Vec::new(),
        old,
    };
    match R::observe(vec![lookup], &look).await.remove(address).expect("a look answers for every address")? {
        ReadOutcome::Present(found) => {
            cx.made(&found.computed).await?;
            resource.update(&found.declared, &found.computed, cx).await.map(Some)
        }
        ReadOutcome::Absent => Ok(None),
        ReadOutcome::Foreign(there) => Err(refusal(cx, doing, &format!("{} exists already", there.id), &there)),
    }
}

/// Whether an object with our marks is one that is to be replaced: another is recorded where it claims to belong, or
/// itself, and it is not of this attempt.
pub fn is_predecessor(cx: &Writing<'_>, id: &str, tags: &Tags) -> bool {
    let recorded = cx.ids.computed(&cx.mark.address);
    let itself = recorded.and_then(|computed| computed.text("id")) == Some(id);
    itself || (recorded.is_some() && cx.ours(tags) && tags.get(ATTEMPT_TAG) != Some(&cx.mark.attempt))
}

/// Makes sure that the object `id`, which stands in the way, is ours by its tags. `taken` says what is in the way, as in
/// "sg-1 has the name x".
///
/// # Errors
/// [`ErrorKind::NotOurs`] when it is not.
pub fn refuse_foreign(cx: &Writing<'_>, doing: &str, taken: &str, id: &str, tags: &Tags) -> Result<(), CloudError> {
    if cx.ours(tags) { Ok(()) } else { Err(refusal(cx, doing, taken, &foreign(id, tags, &cx.mark.stack))) }
}

/// The refusal to use an object that is not ours, with what leads on.
pub fn refusal(cx: &Writing<'_>, doing: &str, taken: &str, there: &ForeignObject) -> CloudError {
    let advice = there.remedy.advice(&cx.mark.address, &there.id).join("; ");
    CloudError::new(ErrorKind::NotOurs, doing, format!("{taken}, and {}; {advice}", there.because))
}
