//! Floor 2: what the audit log of the cloud tells of a change: who made it, from where, by what means, and how sure that
//! is. Pure: it is given records and asks for none.
//!
//! [`AuditEvent`] is one record of CloudTrail, read; [`Authorship`] is what several of them say about what changed
//! ([`AuditedChange`]).
//!
//! Promises never to name one person where it may have been another: whoever cannot be told apart is a candidate, and what
//! only reads, or was refused, changed nothing. Leaves to others which object is asked about and since when (`run`), the
//! call (`cloud`), and how it is told (`report`).

mod authorship;
mod caller;
mod delivered;
mod event;
#[cfg(test)]
mod tests;

pub use authorship::{AuditedChange, Author, Authorship, Confidence};
pub use caller::Caller;
pub use delivered::{AuditEventError, DETAIL_TYPE};
pub use event::{AuditEvent, Means, OURS};
