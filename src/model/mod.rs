//! Floor 1: the words of the program. No I/O, no async, no decisions.

pub mod address;
pub mod aspect;
pub mod causes;
pub mod component;
pub mod described;
pub mod document;
pub mod error;
pub mod facts;
pub mod finding;
pub mod handle;
pub mod hex;
pub mod index;
pub mod mark;
pub mod observation;
pub mod partition;
pub mod place;
pub mod policy;
pub mod reference;
pub mod resource;
pub mod secret;
pub mod send_guard;
pub mod shared;
pub mod site;
pub mod support;
pub mod surroundings;
pub mod values;
