//! Whether an object is there, whose it is, and whether what was written can be read yet.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Writing;
use crate::cloud::wait::{Answer, Patience, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};

/// The answer, or nothing if the object is not there. Every other error stays one.
///
/// # Errors
/// The error itself, unless it says that the object is not there.
pub fn if_there<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until `shows` says twice in a row that reads show what was written: they are answered by servers of which not
/// all know it at once. Running out of time is no error, for every write was accepted, and the next look compares every
/// field anyway.
///
/// # Errors
/// What looking answered; [`ErrorKind::Abandoned`] when the run was abandoned meanwhile.
pub async fn settle<Fut>(
    cx: &Writing<'_>,
    doing: &str,
    patience: Patience,
    shows: impl Fn() -> Fut,
) -> Result<(), CloudError>
where
    Fut: Future<Output = Result<bool, CloudError>>,
{
    let in_a_row = AtomicU32::new(0);
    let waited = until(cx, doing, patience, || async {
        if !shows().await? {
            in_a_row.store(0, Ordering::Relaxed);
        } else if in_a_row.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(Answer::Ready(()));
        }
        Ok(Answer::Pending("not visible everywhere yet".to_owned()))
    });
    match waited.await {
        Err(error) if error.kind == ErrorKind::Timeout => Ok(()),
        done => done,
    }
}

/// What these tags show about whose object it is, for one that is not ours.
pub fn whose(tags: &Tags) -> String {
    match (tags.get(STACK_TAG), tags.get(ADDRESS_TAG)) {
        (Some(stack), Some(address)) => format!("its tags say that it is {address} of the stack {stack}"),
        (Some(stack), None) => format!("its tags say that it belongs to the stack {stack}"),
        (None, _) => format!("it has no tag {STACK_TAG}"),
    }
}

/// The error of finding `what`, with these tags, where ours was to be made. `what` begins a sentence.
pub fn not_ours(cx: &Writing<'_>, doing: &str, what: &str, tags: &Tags) -> CloudError {
    let message = format!(
        "{what} exists already and is not ours: {}. To take it over, use `ppm-infra adopt {}`",
        whose(tags),
        cx.mark.address
    );
    CloudError::new(ErrorKind::NotOurs, doing, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_tell_whose_it_is() {
        let tags = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(whose(&Tags::new()), "it has no tag ppm-infra:stack");
        assert!(whose(&tags(&[(STACK_TAG, "dev")])).ends_with("the stack dev"));
        assert!(whose(&tags(&[(STACK_TAG, "dev"), (ADDRESS_TAG, "vpc.main")])).contains("vpc.main of the stack dev"));
    }

    #[test]
    fn only_not_found_is_absence() {
        let failed = |kind| Err::<(), _>(CloudError::new(kind, "read it", ""));
        assert_eq!(if_there(failed(ErrorKind::NotFound)), Ok(None));
        assert!(if_there(failed(ErrorKind::Denied)).is_err());
    }
}
