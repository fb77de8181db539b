//! The reference architecture of Posit Package Manager on AWS: planned, applied, checked, destroyed.

pub mod model;
pub mod stack;
