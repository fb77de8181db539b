//! Waiting until what was written can be read everywhere.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Writing;
use crate::cloud::wait::{Poll, WaitPolicy, until};
use crate::cloud::{CloudError, ErrorKind};

/// Waits until `shows` says twice in a row that reads show what was written: they are answered by servers of which not
/// all know it at once. Running out of time is no error, for every write was accepted, and the next look compares every
/// field anyway.
///
/// # Errors
/// What looking answered; [`ErrorKind::Abandoned`] when the run was abandoned meanwhile.
pub async fn settle<Fut>(
    cx: &Writing<'_>,
    doing: &str,
    wait: WaitPolicy,
    shows: impl Fn() -> Fut,
) -> Result<(), CloudError>
where
    Fut: Future<Output = Result<bool, CloudError>>,
{
    let in_a_row = AtomicU32::new(0);
    let waited = until(cx, doing, wait, || async {
        if !shows().await? {
            in_a_row.store(0, Ordering::Relaxed);
        } else if in_a_row.fetch_add(1, Ordering::Relaxed) > 0 {
            return Ok(Poll::Ready(()));
        }
        Ok(Poll::Pending("not visible everywhere yet".to_owned()))
    });
    match waited.await {
        Err(error) if error.kind == ErrorKind::Timeout => Ok(()),
        done => done,
    }
}
