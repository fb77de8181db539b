//! The one door to what differs between two runs of the same thing: clock, fresh ids, signals.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::cloud::wait::sleep;
use crate::model::hex::hex_digits;
use crate::model::send_guard::SendGuard;

/// Clock and fresh ids of this run.
#[derive(Clone, Debug)]
pub struct Host {
    source: Source,
}

#[derive(Clone, Debug)]
enum Source {
    System,
    Pinned(Arc<AtomicU64>),
}

impl Host {
    /// The real one.
    pub fn system() -> Self {
        Self { source: Source::System }
    }

    /// One for tests: time stands still at the epoch plus `start` seconds, ids count up.
    pub fn pinned(start: u64) -> Self {
        Self { source: Source::Pinned(Arc::new(AtomicU64::new(start))) }
    }

    /// What time it is.
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    pub fn now(&self) -> Timestamp {
        match &self.source {
            Source::System => Timestamp::now(),
            Source::Pinned(_) => Timestamp::UNIX_EPOCH,
        }
    }

    /// A fresh id: 32 hexadecimal digits.
    ///
    /// # Panics
    /// When the operating system has no randomness to give.
    pub fn fresh_id(&self) -> String {
        match &self.source {
            Source::System => {
                let mut bytes = [0u8; 16];
                getrandom::fill(&mut bytes).expect("the operating system gives randomness");
                hex_digits(&bytes).collect()
            }
            Source::Pinned(next) => {
                let n = next.fetch_add(1, Ordering::Relaxed);
                // Names take the first digits as a suffix, so those must differ.
                format!("{n:06x}{n:026x}")
            }
        }
    }
}

/// Distinguishes a run from all others, and numbers its events.
#[derive(Clone, Debug)]
pub struct RunId {
    id: Arc<str>,
    seq: Arc<AtomicU64>,
}

/// As many digits of a fresh id tell runs apart in a log.
const RUN_DIGITS: usize = 8;

impl RunId {
    /// A new one.
    pub fn fresh(host: &Host) -> Self {
        Self { id: host.fresh_id()[..RUN_DIGITS].into(), seq: Arc::default() }
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// The number of the next event, from 1.
    pub(super) fn next(&self) -> u64 {
        self.seq.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// The wish to stop, in two degrees: first drain (start nothing new, await what runs), then abandon (leave at once,
/// intents recorded).
#[derive(Clone, Default)]
pub struct Stop {
    drain: CancellationToken,
    abandon: CancellationToken,
    guard: Arc<OnceLock<SendGuard>>,
    /// Whether it listens to signals already: what is heard twice would count twice.
    listens: Arc<OnceLock<()>>,
}

/// How long leaving may take once the second signal has come: to say what is left running, and to give a lease back.
const GRACE: Duration = Duration::from_secs(3);

/// What shells give a process that Ctrl-C ended: 128 and the number of the signal.
const INTERRUPTED: i32 = 130;

/// Ends the process. What was begun stands in the journal already.
#[expect(clippy::exit, reason = "whatever still runs cannot be interrupted in another way")]
fn leave() -> ! {
    std::process::exit(INTERRUPTED)
}

impl std::fmt::Debug for Stop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stop").field("draining", &self.is_draining()).field("abandoned", &self.is_abandoned()).finish()
    }
}

impl Stop {
    /// Nobody wishes to stop yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next degree.
    pub fn more(&self) {
        if self.drain.is_cancelled() {
            self.abandon.cancel();
        } else {
            self.drain.cancel();
        }
    }

    /// From now on `guard` is asked before every call: a process that slept may have lost its lock before anything in it
    /// has noticed. The first guard stays.
    pub fn guard(&self, guard: SendGuard) {
        // There is one lock in a run.
        let _ = self.guard.set(guard);
    }

    /// Whether calls may be sent at this moment.
    pub fn may_send(&self) -> bool {
        self.guard.get().is_none_or(SendGuard::allows)
    }

    /// Leave at once.
    pub fn abandon(&self) {
        self.drain.cancel();
        self.abandon.cancel();
    }

    /// Start nothing new.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Whether nothing new may start.
    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// Whether to leave at once.
    pub fn is_abandoned(&self) -> bool {
        self.abandon.is_cancelled()
    }

    /// Waits for the wish to drain.
    pub async fn drained(&self) {
        self.drain.cancelled().await;
    }

    /// Waits for the wish to leave at once.
    pub async fn abandoned(&self) {
        self.abandon.cancelled().await;
    }

    /// What waits in the cloud watch to leave at once.
    pub fn abandon_token(&self) -> CancellationToken {
        self.abandon.clone()
    }

    /// Lets Ctrl-C and SIGTERM ask to stop, each time by one degree, until the process ends. After the second the process
    /// ends within [`GRACE`] also where something cannot be interrupted, such as a file on a network that is gone; after
    /// the third at once.
    ///
    /// # Errors
    /// When the operating system refuses to tell of signals.
    #[expect(clippy::disallowed_methods, reason = "listens until the process ends; there is nobody to join it")]
    pub fn on_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        if self.listens.set(()).is_err() {
            return Ok(());
        }
        let mut interrupts = signal(SignalKind::interrupt())?;
        let mut terms = signal(SignalKind::terminate())?;
        let stop = self.clone();
        tokio::spawn(async move {
            loop {
                let overdue = async {
                    stop.abandoned().await;
                    sleep(GRACE, 1.0).await;
                };
                tokio::select! {
                    _ = interrupts.recv() => {}
                    _ = terms.recv() => {}
                    () = overdue => leave(),
                }
                if stop.is_abandoned() {
                    leave();
                }
                stop.more();
            }
        });
        Ok(())
    }
}
