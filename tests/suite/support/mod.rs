//! What several tests need.

pub(crate) mod binary;
#[cfg(feature = "aws")]
pub(crate) mod emulator;
#[cfg(feature = "aws")]
pub(crate) mod lifecycle;
#[cfg(feature = "aws")]
pub(crate) mod platform;
