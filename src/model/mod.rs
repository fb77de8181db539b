//! Words every other room uses: validated values and their spelling.
//!
//! Promises: no I/O, no async, no decisions; a value that exists is valid.
//!
//! Leaves to others what the values mean together: rules across keys are `stack`'s.

pub mod values;
