//! What several tests need.

pub(crate) mod bench;
pub(crate) mod binary;
pub(crate) mod cut;
#[cfg(feature = "aws")]
pub(crate) mod emulator;
pub(crate) mod lab;
#[cfg(feature = "aws")]
pub(crate) mod lifecycle;
pub(crate) mod memory;
#[cfg(feature = "aws")]
pub(crate) mod platform;
pub(crate) mod random;
pub(crate) mod reference;
pub(crate) mod story;
pub(crate) mod toys;
