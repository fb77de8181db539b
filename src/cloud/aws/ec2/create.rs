//! Creates that make a second object when repeated: no name and no token protects them (`CreateVpc`,
//! `CreateInternetGateway`, `AllocateAddress`).
//!
//! Promises: after a lost answer the object is looked for by the mark of the attempt before anything is made again, for
//! longer than EC2 keeps new objects out of its lists as a rule.
//!
//! Leaves to the caller the calls themselves, made with the client that never retries.

use std::time::Duration;

use aws_sdk_ec2::types::Filter;

use super::filter;
use crate::cloud::aws::Writing;
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::ATTEMPT_TAG;
use crate::model::resource::Computed;

// EC2 lists new objects within seconds; a minute without one is as good as never made.
const LOST: WaitPolicy = WaitPolicy::seconds(2, 60, 2);
// The bucket of mutating calls refills five a second ("Request throttling for the Amazon EC2 API").
const THROTTLED: Duration = Duration::from_mins(3);
// An answer lost three times in a row is no accident.
const TRIES: u32 = 3;

/// Makes an object by `call`, at most one for this attempt. `list` lists the objects that match a filter, which is the
/// mark of the attempt.
///
/// # Errors
/// What `call` answered: throttling after [`THROTTLED`], a lost answer after [`TRIES`]. After a lost answer the error is
/// one that leaves doubt, also when looking was refused or there are two.
pub async fn create_without_token<T, List, Listed, Call, Called>(
    cx: &Writing<'_>,
    doing: &str,
    list: List,
    call: Call,
) -> Result<T, CloudError>
where
    T: Computed,
    List: Fn(Filter) -> Listed,
    Listed: Future<Output = Result<Vec<T>, CloudError>>,
    Call: Fn() -> Called,
    Called: Future<Output = Result<T, CloudError>>,
{
    let mine = || async { only(list(filter(&format!("tag:{ATTEMPT_TAG}"), [&cx.mark.attempt])).await?, doing) };
    let mut lost = None;
    for _ in 0..TRIES {
        let there = match &lost {
            None => mine().await,
            Some(_) => found_later(cx, doing, &mine).await,
        };
        match there {
            Ok(Some(there)) => return Ok(there),
            Ok(None) => {}
            Err(error) => return Err(in_doubt(lost, error)),
        }
        match retry_while(cx, THROTTLED, |error| error.kind == ErrorKind::Throttled, &call).await {
            Err(error) if error.kind == ErrorKind::Unreachable => lost = Some(error),
            Err(error) => return Err(in_doubt(lost, error)),
            made => return made,
        }
    }
    let lost = lost.expect("only a lost answer leads to another try");
    match found_later(cx, doing, &mine).await {
        Ok(Some(there)) => Ok(there),
        Ok(None) => Err(lost),
        Err(error) => Err(in_doubt(Some(lost), error)),
    }
}

/// What a call whose answer was lost has made, once lists show it; `None` if they never do.
async fn found_later<T, F, Fut>(cx: &Writing<'_>, doing: &str, mine: F) -> Result<Option<T>, CloudError>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<Option<T>, CloudError>>,
{
    let found = until(cx, doing, LOST, || async {
        match mine().await {
            Ok(Some(there)) => Ok(Poll::Ready(there)),
            Ok(None) => Ok(Poll::Pending("looking for it: the answer was lost".to_owned())),
            Err(error) if error.kind == ErrorKind::Unreachable => Ok(Poll::Pending(error.message)),
            Err(error) => Err(error),
        }
    });
    match found.await {
        Err(error) if error.kind == ErrorKind::Timeout => Ok(None),
        found => found.map(Some),
    }
}

/// The error to end with: after a lost answer one that leaves doubt, whatever the later error means by itself.
fn in_doubt(lost: Option<CloudError>, error: CloudError) -> CloudError {
    let Some(mut lost) = lost.filter(|_| !error.kind.leaves_doubt()) else { return error };
    lost.message = format!("{}; what became of it is unknown: {error}", lost.message);
    lost
}

fn only<T: Computed>(mut found: Vec<T>, doing: &str) -> Result<Option<T>, CloudError> {
    if found.len() > 1 {
        let ids: Vec<&str> = found.iter().map(Computed::id).collect();
        let message = format!("{} carry the mark of one attempt; remove all but one", ids.join(" and "));
        return Err(CloudError::new(ErrorKind::Refused, doing, message));
    }
    Ok(found.pop())
}
