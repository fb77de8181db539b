//! The pace of calls that AWS takes by small buckets of their own: no faster than it takes them.
//!
//! EC2 lets each action in by a token bucket. A call that finds it empty is refused, and the SDK's repetitions draw from the
//! same bucket: with a dozen endpoints they can be used up before it has filled again. So a call waits here for its turn,
//! before the SDK sees it. Only the buckets are kept that one stack by itself can empty. CloudTrail counts its look-ups in the
//! same way.
//!
//! Source: Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API", request token bucket sizes; CloudTrail API
//! Reference, `LookupEvents`.
//!
//! Leaves to the SDK's repetitions what others take from the same buckets: they belong to account and region.

use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota};

use super::Writing;

/// Calls that draw from one bucket each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paced {
    /// `CreateVpcEndpoint`.
    CreateVpcEndpoint,
    /// `ModifyVpcEndpoint`.
    ModifyVpcEndpoint,
    /// `DeleteVpcEndpoints`.
    DeleteVpcEndpoints,
    /// `LookupEvents` of CloudTrail.
    LookupEvents,
}

/// How many of each leave at once, of calls to EC2. It takes four; one is left for others of the account, and because what was sent at
/// different times may arrive at the same.
const AT_ONCE: NonZeroU32 = NonZeroU32::new(3).expect("it is not zero");

/// After how long one more: EC2 takes 0.3 a second.
const EVERY: Duration = Duration::from_millis(3_500);

/// After how long one look-up more, of which none leaves beside another: CloudTrail takes two a second.
const LOOK_UP_EVERY: Duration = Duration::from_millis(500);

/// The buckets. Clones draw from the same ones.
#[derive(Clone, Debug, Default)]
pub struct Pace([Arc<OnceLock<DefaultDirectRateLimiter>>; 4]);

impl Pace {
    /// Waits until EC2 takes such a call, and says so where it has to wait.
    pub async fn turn(&self, call: Paced, cx: &Writing<'_>) {
        let limiter = self.limiter(call, cx.cx.time_scale);
        if limiter.check().is_ok() {
            return;
        }
        cx.status("waiting for its turn: EC2 takes few such calls at once");
        limiter.until_ready().await;
    }

    /// Waits until AWS takes such a call, of a cloud that is `time_scale` times as fast as ours.
    pub async fn wait(&self, call: Paced, time_scale: f64) {
        self.limiter(call, time_scale).until_ready().await;
    }

    /// The bucket of a cloud that is `time_scale` times as fast as ours.
    fn limiter(&self, call: Paced, time_scale: f64) -> &DefaultDirectRateLimiter {
        self.0[call as usize].get_or_init(|| {
            let (every, at_once) = match call {
                Paced::CreateVpcEndpoint | Paced::ModifyVpcEndpoint | Paced::DeleteVpcEndpoints => (EVERY, AT_ONCE),
                Paced::LookupEvents => (LOOK_UP_EVERY, NonZeroU32::MIN),
            };
            let every = every.div_f64(time_scale).max(Duration::from_nanos(1));
            let quota = Quota::with_period(every).expect("the period is not zero");
            DefaultDirectRateLimiter::direct(quota.allow_burst(at_once))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_leave_at_once_as_each_bucket_holds() {
        let pace = Pace::default();
        for call in [Paced::CreateVpcEndpoint, Paced::DeleteVpcEndpoints] {
            let left = (0..20).take_while(|_| pace.limiter(call, 1.0).check().is_ok()).count();
            assert_eq!(left, 3, "{call:?}");
        }
        let left = (0..20).take_while(|_| pace.limiter(Paced::LookupEvents, 1.0).check().is_ok()).count();
        assert_eq!(left, 1, "look-ups come one by one");
        assert!(pace.clone().limiter(Paced::CreateVpcEndpoint, 1.0).check().is_err(), "clones draw from the same");
        assert!(pace.limiter(Paced::ModifyVpcEndpoint, 1.0).check().is_ok(), "each call has a bucket of its own");
    }
}
