//! What several tests need.

#[cfg(feature = "aws")]
pub(crate) mod emulator;
#[cfg(feature = "aws")]
pub(crate) mod lifecycle;
#[cfg(feature = "aws")]
pub(crate) mod platform;
