//! Every kind of resource, one at a time, against the strict emulator.

mod cluster;
mod vpc;
