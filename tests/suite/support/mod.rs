//! What several tests need.

#[cfg(feature = "aws")]
pub(crate) mod control;
#[cfg(feature = "aws")]
pub(crate) mod emulator;
#[cfg(feature = "aws")]
pub(crate) mod lifecycle;
