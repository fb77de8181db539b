//! When a lease holds and when it is over: times in, verdicts out. No clock, no I/O.
//!
//! Promises: for as long as a holder's [`LeaseTimer`] lets it write, nobody's [`judge`] calls the lease expired, whatever
//! the two clocks show, if only both run at the same speed; a lease that ran out stays so.
//!
//! Leaves to others that a write already on its way when the lease ran out comes to nothing: the state's own chain of
//! conditional writes sees to that (`s3`).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::LockInfo;

/// How long a lease holds after its last beat.
pub const VALID: Duration = Duration::from_secs(60);
/// How often its holder renews it: three beats may fail before anything happens.
pub const EVERY: Duration = Duration::from_secs(15);
/// Without a beat for so long nothing new is started: what runs may then still be recorded in the other half.
pub const STARTS: Duration = Duration::from_secs(30);
/// The store tells the age of an object in whole seconds, from two of its own machines: a judge is so much more patient
/// than a holder.
pub const SLACK: Duration = Duration::from_secs(3);

/// The version of the lease's text this program writes.
pub(super) const FORMAT: u32 = 1;

/// What stands in the bucket for as long as somebody works on a stack, and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Version of this text.
    pub lease: u32,
    /// Grows by one with every holder; every write of the state carries it.
    pub epoch: u64,
    /// Tells holders apart, also two that have the same name and process number.
    pub id: String,
    /// Who works.
    pub holder: LockInfo,
    /// Grows by one with every renewal.
    pub beat: u64,
    /// When the holder renewed it last, by its own clock; for people only.
    pub beaten: String,
    /// Whether the holder is done.
    pub released: bool,
}

/// What somebody else may make of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody works: take it, with this epoch.
    Free(u64),
    /// Somebody works.
    Held(Box<Lease>),
    /// Its holder was not heard of for too long: take it, with the next epoch, and say whose it was.
    Expired(Box<Lease>),
}

impl Verdict {
    /// The epoch of the next holder; `None` if the lease cannot be taken now.
    pub fn epoch(&self) -> Option<u64> {
        match self {
            Self::Free(epoch) => Some(*epoch),
            Self::Expired(lease) => Some(lease.epoch + 1),
            Self::Held(_) => None,
        }
    }
}

/// Judges a lease that did not change for `unchanged`: by the store's own clock, or by how long we watched it.
pub fn judge(lease: Option<Lease>, unchanged: Duration) -> Verdict {
    match lease {
        None => Verdict::Free(1),
        Some(lease) if lease.released => Verdict::Free(lease.epoch + 1),
        Some(lease) if unchanged >= VALID + SLACK => Verdict::Expired(Box::new(lease)),
        Some(lease) => Verdict::Held(Box::new(lease)),
    }
}

/// A moment by two clocks: one that never jumps but may stand still while the machine sleeps, and one that may jump but
/// goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// By the clock that never jumps.
    pub steady: Duration,
    /// By the clock of the wall.
    pub wall: Duration,
}

impl Moment {
    /// How long ago `earlier` was: as long as the clock that says more.
    pub fn since(self, earlier: Self) -> Duration {
        self.steady.saturating_sub(earlier.steady).max(self.wall.saturating_sub(earlier.wall))
    }
}

/// What a holder may still do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeaseState {
    /// It may start and write.
    Healthy,
    /// It may not start anything new, but write down how what runs ends.
    AtRisk,
    /// It may do nothing any more.
    Expired,
}

/// A holder's view of its own lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTimer {
    /// When the last beat that arrived was *sent*: nobody can have seen it earlier.
    sent: Moment,
    over: bool,
}

impl LeaseTimer {
    /// The timer of a lease that was taken by a call sent at `sent`.
    pub fn begun(sent: Moment) -> Self {
        Self { sent, over: false }
    }

    /// What its holder may do now.
    pub fn state(&self, now: Moment) -> LeaseState {
        let silent = self.silent(now);
        if self.over || silent >= VALID {
            LeaseState::Expired
        } else if silent >= STARTS {
            LeaseState::AtRisk
        } else {
            LeaseState::Healthy
        }
    }

    /// How long ago the last beat that arrived was sent.
    pub fn silent(&self, now: Moment) -> Duration {
        now.since(self.sent)
    }

    /// A beat sent at `sent` arrived. What had run out before does not come back: somebody may have looked meanwhile.
    pub fn renewed(&mut self, sent: Moment, now: Moment) {
        if self.state(now) == LeaseState::Expired {
            self.over = true;
        } else {
            self.sent = sent;
        }
    }

    /// Somebody else holds the lease, or wrote.
    pub fn end(&mut self) {
        self.over = true;
    }
}

#[cfg(test)]
mod tests {
    use super::LeaseState::{AtRisk, Expired, Healthy};
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment { steady: Duration::from_secs(seconds), wall: Duration::from_secs(1000 + seconds) }
    }

    fn lease(epoch: u64, released: bool) -> Lease {
        let holder = LockInfo::default();
        let (id, beaten) = ("a".to_owned(), String::new());
        Lease { lease: FORMAT, epoch, id, holder, beat: 1, beaten, released }
    }

    #[test]
    fn a_lease_is_had_when_there_is_none_it_was_given_back_or_nobody_beats() {
        assert_eq!(judge(None, Duration::ZERO), Verdict::Free(1));
        assert_eq!(judge(Some(lease(4, true)), Duration::ZERO), Verdict::Free(5));
        assert_eq!(judge(Some(lease(4, false)), Duration::from_secs(62)).epoch(), None);
        assert_eq!(judge(Some(lease(4, false)), Duration::from_secs(63)).epoch(), Some(5));
    }

    #[test]
    fn a_lease_weakens_and_runs_out_and_stays_so() {
        let mut timer = LeaseTimer::begun(at(0));
        let states = [0, 29, 30, 59, 60].map(|seconds| timer.state(at(seconds)));
        assert_eq!(states, [Healthy, Healthy, AtRisk, AtRisk, Expired]);
        timer.renewed(at(45), at(50));
        assert_eq!(timer.state(at(74)), Healthy);
        // A beat sent in time whose answer came too late: somebody may have looked in between.
        timer.renewed(at(100), at(106));
        assert_eq!(timer.state(at(101)), Expired);
        let mut timer = LeaseTimer::begun(at(0));
        timer.end();
        timer.renewed(at(1), at(2));
        assert_eq!(timer.state(at(2)), Expired);
    }

    #[test]
    fn a_machine_that_slept_knows_by_the_clock_on_the_wall() {
        let timer = LeaseTimer::begun(at(0));
        let woken = Moment { steady: Duration::from_secs(2), ..at(300) };
        assert_eq!(timer.state(woken), LeaseState::Expired);
    }

    #[test]
    fn nobody_is_sent_away_before_who_holds_has_stopped() {
        // The beat is sent at 0 and arrives at `arrives`; a judge may look whenever.
        for arrives in 0..30 {
            let timer = LeaseTimer::begun(at(0));
            for looks in arrives..200 {
                let age = Duration::from_secs(looks - arrives);
                if matches!(judge(Some(lease(1, false)), age), Verdict::Expired(_)) {
                    assert_eq!(timer.state(at(looks)), LeaseState::Expired, "arrived {arrives}, looked at {looks}");
                }
            }
        }
    }
}
