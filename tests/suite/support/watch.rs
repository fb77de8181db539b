//! An end for what does not end by itself: the test that waits for it fails, and the others go on.

use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// Longer than any test takes, on the slowest machine.
const LIMIT: Duration = Duration::from_secs(15 * 60);

/// Kills a process that is still there after a quarter of an hour, unless this was dropped before.
pub(crate) struct Watch {
    _over: Sender<()>,
}

impl Watch {
    /// Watches one process.
    #[cfg(feature = "aws")]
    pub(crate) fn over(id: u32) -> Self {
        Self::on(id.to_string())
    }

    /// Watches a process that leads a group, and all that it starts.
    pub(crate) fn over_group(id: u32) -> Self {
        Self::on(format!("-{id}"))
    }

    #[expect(clippy::print_stderr, reason = "nobody would know why it ended")]
    fn on(target: String) -> Self {
        let (over, waiting) = channel::<()>();
        std::thread::spawn(move || {
            if waiting.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                eprintln!("process {target} does not end: it is killed after {} s", LIMIT.as_secs());
                let _ = Command::new("kill").args(["-KILL", "--", &target]).status();
            }
        });
        Self { _over: over }
    }
}
