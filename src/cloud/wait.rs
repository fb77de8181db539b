//! Waiting: asking for a state until it is there, and repeating a call that will work in a moment.
//!
//! The only place that sleeps. Three kinds of waiting are kept apart: the SDK's own retries (throttling, 5xx), not
//! here; eventual consistency, [`retry_while`]; readiness, [`until`]. A wait that times out says so and breaks nothing:
//! the object keeps its id, and the next run waits on.

use std::time::Duration;

use tokio::time::Instant;

use super::{CloudError, Context, ErrorKind};

/// How long and how often to poll for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    /// How long it usually takes: polled rarely before, densely around it.
    pub typical: Duration,
    /// When to give up waiting.
    pub deadline: Duration,
    /// The shortest time between two polls.
    pub every: Duration,
}

impl WaitPolicy {
    /// Usually `typical`, at most `deadline`, polled no more often than `every`; all in seconds.
    pub const fn seconds(typical: u64, deadline: u64, every: u64) -> Self {
        Self {
            typical: Duration::from_secs(typical),
            deadline: Duration::from_secs(deadline),
            every: Duration::from_secs(every),
        }
    }

    /// How long to wait before asking again after `elapsed`.
    fn pause(&self, elapsed: Duration) -> Duration {
        let ahead = self.typical.saturating_sub(elapsed);
        (ahead / 3).clamp(self.every, self.every * 4)
    }
}

/// What one poll found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Poll<T> {
    /// It is there.
    Ready(T),
    /// Not yet; what the cloud says meanwhile.
    Pending(String),
    /// It never will be; why.
    Failed(String),
}

/// How long an outage of the cloud is borne with during a wait: longer than those of a network or a region usually last,
/// and no longer than a person would watch a run that makes no progress.
const OUTAGE_GRACE: Duration = Duration::from_mins(5);

/// Polls until it is ready. `doing` completes "could not …".
///
/// # Errors
/// The error of a poll, a cloud that cannot be reached or throttles only after [`OUTAGE_GRACE`]; the reason when it
/// failed for good; [`ErrorKind::Timeout`] after the deadline; [`ErrorKind::Abandoned`] when the run was abandoned
/// meanwhile.
pub async fn until<T, F, Fut>(cx: &Context, doing: &str, wait: WaitPolicy, mut ask: F) -> Result<T, CloudError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Poll<T>, CloudError>>,
{
    let started = Instant::now();
    let mut silent_since = None;
    loop {
        let elapsed = started.elapsed().mul_f64(cx.time_scale);
        let answer = match ask().await {
            Err(error) if matches!(error.kind, ErrorKind::Unreachable | ErrorKind::Throttled) => {
                if elapsed.saturating_sub(*silent_since.get_or_insert(elapsed)) >= OUTAGE_GRACE {
                    return Err(error);
                }
                Poll::Pending(format!("no answer ({})", error.code.as_deref().unwrap_or("unreachable")))
            }
            answer => {
                silent_since = None;
                answer?
            }
        };
        match answer {
            Poll::Ready(value) => return Ok(value),
            Poll::Failed(reason) => return Err(CloudError::new(ErrorKind::Refused, doing, reason)),
            Poll::Pending(status) => {
                if elapsed >= wait.deadline {
                    let waited = format!("still {status} after {} s; the next run waits on", elapsed.as_secs());
                    return Err(CloudError::new(ErrorKind::Timeout, doing, waited));
                }
                cx.status(status);
            }
        }
        pause(cx, doing, wait.pause(elapsed)).await?;
    }
}

/// Repeats a call while its error is one that passes by itself, with growing pauses from 2 s to 15 s.
///
/// # Errors
/// The last error when `passes` says that it stays, or after `deadline`; [`ErrorKind::Abandoned`] as in [`until`].
pub async fn retry_while<T, F, Fut>(
    cx: &Context,
    deadline: Duration,
    passes: impl Fn(&CloudError) -> bool,
    mut call: F,
) -> Result<T, CloudError>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, CloudError>>,
{
    let started = Instant::now();
    let mut next = Duration::from_secs(2);
    loop {
        match call().await {
            Err(error) if passes(&error) && started.elapsed().mul_f64(cx.time_scale) < deadline => {
                cx.status(format!("waiting: {}", error.code.as_deref().unwrap_or(&error.message)));
                pause(cx, &error.doing, next).await?;
                next = (next * 3 / 2).min(Duration::from_secs(15));
            }
            done => return done,
        }
    }
}

/// Sleeps for `length` of the cloud's time, unless the run is abandoned meanwhile.
///
/// # Errors
/// [`ErrorKind::Abandoned`].
pub async fn pause(cx: &Context, doing: &str, length: Duration) -> Result<(), CloudError> {
    tokio::select! {
        biased;
        () = cx.abandon.cancelled() => Err(CloudError::new(ErrorKind::Abandoned, doing, "the run was abandoned")),
        () = sleep(length, cx.time_scale) => Ok(()),
    }
}

/// Sleeps for `length` of the cloud's time, which goes `time_scale` times as fast as ours.
pub async fn sleep(length: Duration, time_scale: f64) {
    tokio::time::sleep(length.div_f64(time_scale)).await;
}
