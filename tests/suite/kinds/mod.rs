//! Every kind of resource, one at a time, against the strict emulator.

mod access_entry;
mod addon;
mod cluster;
mod node_group;
mod vpc;
