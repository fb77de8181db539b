//! Placeholder.

pub mod helm;
