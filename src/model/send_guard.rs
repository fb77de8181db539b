//! Whether a request may still leave this process.
//!
//! Asked last of all, attempt by attempt: a process that was stopped after it had decided to write, and woken much later,
//! notices here that it lost the lock meanwhile.

use std::fmt;
use std::sync::Arc;

/// Says whether a request may be sent at this moment.
#[derive(Clone)]
pub struct SendGuard(Arc<dyn Fn() -> bool + Send + Sync>);

impl SendGuard {
    /// The error of a request that was held back.
    pub const REFUSAL: &'static str = "this run does not hold the stack any more";

    /// One that allows what `allows` says.
    pub fn new(allows: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allows))
    }

    /// One that always allows.
    pub fn always() -> Self {
        Self::new(|| true)
    }

    /// Whether a request may be sent now.
    pub fn allows(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for SendGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SendGuard").field(&self.allows()).finish()
    }
}
