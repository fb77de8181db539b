//! What several tests need.

pub(crate) mod bench;
pub(crate) mod binary;
pub(crate) mod cut;
#[cfg(feature = "aws")]
pub(crate) mod deed;
#[cfg(feature = "aws")]
pub(crate) mod emulator;
pub(crate) mod fixture;
pub(crate) mod hint;
pub(crate) mod lab;
#[cfg(feature = "aws")]
pub(crate) mod lifecycle;
#[cfg(feature = "aws")]
pub(crate) mod live;
pub(crate) mod memory;
pub(crate) mod mutate;
#[cfg(feature = "aws")]
pub(crate) mod platform;
pub(crate) mod postgres;
pub(crate) mod random;
pub(crate) mod reference;
pub(crate) mod story;
pub(crate) mod toys;
pub(crate) mod watch;
pub(crate) mod watched;
