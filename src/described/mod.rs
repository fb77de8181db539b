//! Floor 2: what an answer of the cloud means for an object of the stack: the tables of what drift compares, read and
//! applied. Pure: it is given answers and asks for none.
//!
//! A table says of every member of every answer what a change of it means (`docs/drift-boundary.md`). [`table`] reads
//! them, [`root`] says how they are asked for, [`path`] finds members, [`rules`] says what makes a change grave, [`known`] which of what stands there the cloud
//! or its controllers put there, and [`judge`] puts it together: what of an object is not as anybody declared it.
//! [`further`] says what is worth asking then, and [`companions`] whose answers else it takes to judge one object.
//!
//! Promises that whatever is in sync is silent: the order of a list, the spelling of a policy and what the cloud moves by
//! itself are no deviation. Leaves to others the calls (`cloud`), what is recorded against what is observed (`engine`), and
//! how a deviation is told (`report`).

pub mod checks;
pub mod companions;
pub mod further;
pub mod judge;
pub mod known;
pub mod look;
pub mod path;
pub mod policies;
pub mod remembered;
pub mod removal;
pub mod root;
pub mod rules;
pub mod table;
pub mod tracked;
pub mod words;
