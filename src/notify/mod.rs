//! Floor 3: how somebody outside is told something: signed, tried again, within a bound of time.
//!
//! Promises: what is told either arrives, or it is said why not, within [`BOUND`]. An address that is a secret is never
//! shown: neither by [`Target`], nor in an error.
//!
//! Leaves to others what is told, in which form (report, render), and what comes of it that it did not arrive (cli).

mod signature;
mod target;

#[cfg(feature = "aws")]
mod courier;

use std::time::Duration;

use futures_core::future::BoxFuture;

#[cfg(feature = "aws")]
pub use courier::NetworkCourier;
pub use signature::{SigningSecret, signed};
pub use target::{Target, TargetError, TargetUrl};

use crate::cloud::wait::sleep;

/// How often it is tried.
const TRIES: u32 = 3;

/// How long all tries together may take: whoever waits for the result of a run waits no longer.
const BOUND: Duration = Duration::from_secs(10);

/// How long to wait before the second try; before the third, twice as long.
const PAUSE: Duration = Duration::from_millis(500);

/// What is to arrive somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parcel {
    /// A request with a body of JSON.
    Post {
        /// Where to.
        url: TargetUrl,
        /// Its headers beside those of the content.
        headers: Vec<(&'static str, String)>,
        /// Its body.
        body: String,
    },
    /// A message to a topic of SNS.
    Publish {
        /// The ARN of the topic.
        topic: String,
        /// The subject, as SNS takes it.
        subject: String,
        /// The text.
        text: String,
    },
}

/// Why something did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DeliveryError {
    /// What was answered, without secrets.
    pub message: String,
    /// Whether another try may do.
    pub is_transient: bool,
}

/// Carries parcels, each once.
pub trait Courier: Send + Sync {
    /// Brings it there.
    fn bring<'a>(&'a self, parcel: &'a Parcel) -> BoxFuture<'a, Result<(), DeliveryError>>;
}

/// Brings a parcel to where it belongs, with several tries. Time goes `time_scale` times as fast between them.
///
/// # Errors
/// Why it did not arrive, as far as the last try knows.
pub async fn deliver(courier: &dyn Courier, parcel: &Parcel, time_scale: f64) -> Result<(), DeliveryError> {
    let mut told = None;
    let all = async {
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match courier.bring(parcel).await {
                Ok(()) => return Ok(()),
                Err(error) if error.is_transient && attempt < TRIES => {
                    told = Some(error);
                    sleep(pause, time_scale).await;
                    pause *= 2;
                }
                Err(error) => return Err(error),
            }
        }
        unreachable!("the last try returns")
    };
    match tokio::time::timeout(BOUND, all).await {
        Ok(done) => done,
        Err(_) => Err(told.unwrap_or_else(|| DeliveryError {
            message: format!("no answer within {} s", BOUND.as_secs()),
            is_transient: true,
        })),
    }
}

/// The subject as SNS takes it: up to 100 characters of ASCII, without control characters ("Publish", Amazon SNS API
/// Reference).
pub fn sns_subject(subject: &str) -> String {
    const LONGEST: usize = 100;
    let ascii: String = subject.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    if ascii.len() <= LONGEST { ascii } else { format!("{}...", &ascii[..LONGEST - 3]) }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers one after the other; then never.
    struct Script(Mutex<Vec<Result<(), DeliveryError>>>);

    impl Courier for Script {
        fn bring<'a>(&'a self, _: &'a Parcel) -> BoxFuture<'a, Result<(), DeliveryError>> {
            Box::pin(async {
                let next = self.0.lock().unwrap().pop();
                match next {
                    Some(answer) => answer,
                    None => std::future::pending().await,
                }
            })
        }
    }

    fn failed(message: &str, is_transient: bool) -> Result<(), DeliveryError> {
        Err(DeliveryError { message: message.to_owned(), is_transient })
    }

    /// What comes of these answers, the seconds it took, and how many of them were left.
    async fn tried(answers: Vec<Result<(), DeliveryError>>) -> (Result<(), String>, u64, usize) {
        let script = Script(Mutex::new(answers.into_iter().rev().collect()));
        let parcel = Parcel::Publish { topic: String::new(), subject: String::new(), text: String::new() };
        let begun = tokio::time::Instant::now();
        let done = deliver(&script, &parcel, 1.0).await.map_err(|error| error.message);
        let left = script.0.lock().unwrap().len();
        (done, begun.elapsed().as_secs(), left)
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_tried_three_times_and_no_longer_than_the_bound() {
        assert_eq!(tried(vec![Ok(())]).await, (Ok(()), 0, 0));
        assert_eq!(tried(vec![failed("500", true), failed("500", true), Ok(())]).await, (Ok(()), 1, 0));
        let four = vec![failed("1", true), failed("2", true), failed("3", true), Ok(())];
        assert_eq!(tried(four).await, (Err("3".to_owned()), 1, 1));
        assert_eq!(tried(vec![failed("404", false), Ok(())]).await, (Err("404".to_owned()), 0, 1));
        assert_eq!(tried(vec![]).await, (Err("no answer within 10 s".to_owned()), 10, 0));
        assert_eq!(tried(vec![failed("500", true)]).await, (Err("500".to_owned()), 10, 0));
    }

    #[test]
    fn a_subject_fits_into_what_sns_takes() {
        assert_eq!(sns_subject("ppm-prod: 1 \u{2713}\n"), "ppm-prod: 1 ??");
        let long = sns_subject(&"x".repeat(120));
        assert!(long.len() == 100 && long.ends_with("x..."), "{long}");
    }
}
