//! The one integration binary: every test program links the whole SDK, so there is one.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod edits;
#[cfg(feature = "aws")]
mod kinds;
mod planner;
mod support;
