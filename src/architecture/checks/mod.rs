//! Checks: what the plan can know of the world around the stack, it says before the first write.
//!
//! Promises: a check fails only when a step of this plan would be refused, or would make what cannot work; what stands
//! already and is not touched is a warning at most, so that no plan is held up by something it does not use. What could
//! not be read is unknown. Every finding points at the key of the declaration and says what to do. Pure.
//!
//! Leaves to others the reading (`resources::facts` on AWS, the simulated cloud) and the showing (`render`).
//!
//! To add a check:
//! 1. What it has to know goes into [`FactQuery`] and [`Facts`], with the call in `resources/facts/` and an answer in
//!    `cloud/simulated/facts.rs`; the action of the call into `src/permissions/table/`.
//! 2. Its question goes into [`query`], and its judgement into a file here: a function from [`CheckContext`] to a [`Check`],
//!    or to none where the declaration gives nothing to ask.
//! 3. Its id is stable and goes into `docs/checks.md`.

mod access;
mod builder;
mod database;
mod front;
mod network;
mod removal;
mod storage;
#[cfg(test)]
mod tests;
mod versions;
mod zones;

use jiff::Timestamp;

use crate::engine::plan::Plan;
use crate::engine::state::State;
use crate::model::facts::{FactQuery, Facts};
use crate::model::finding::Check;
use crate::model::surroundings::Surroundings;
use crate::stack::{Places, Stack};

/// Everything a check may look at.
#[derive(Clone, Copy, Debug)]
pub struct CheckContext<'a> {
    /// What is declared.
    pub stack: &'a Stack,
    /// Where it is declared.
    pub places: &'a Places,
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// Facts of things that are not the stack's own.
    pub facts: &'a Facts,
    /// What is recorded.
    pub state: &'a State,
    /// What will be done.
    pub plan: &'a Plan,
    /// Whether everything is to go.
    pub destroy: bool,
    /// The time of the plan.
    pub now: Timestamp,
}

/// What the checks have to know of things that are not the stack's own. What goes needs none of what it was made with,
/// and is kept by what stands on it or in it.
pub fn query(stack: &Stack, surroundings: &Surroundings, state: &State, destroy: bool) -> FactQuery {
    if destroy {
        return FactQuery { removal: removal::query(state), ..FactQuery::default() };
    }
    FactQuery {
        keys: storage::keys(stack),
        certificates: front::certificates(stack),
        principals: access::principals(stack, surroundings, state),
        network: network::query(stack),
        database: database::query(stack, state),
        zones_of_type: zones::query(stack, surroundings, state),
        removal: None,
    }
}

/// Every check that the declaration gives reason for.
pub fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    if cx.destroy {
        return removal::checks(cx);
    }
    let all = [
        Some(access::caller(cx)),
        access::admins(cx),
        Some(versions::kubernetes(cx)),
        zones::instance_type(cx),
        zones::count(cx),
        Some(versions::postgresql(cx)),
        database::class(cx),
        database::storage(cx),
        storage::kms(cx),
        front::certificate(cx),
        front::plain(cx),
    ];
    all.into_iter().flatten().chain(network::checks(cx)).collect()
}

/// The checks that a declaration by itself gives reason for, whatever stands: what they find are warnings at most.
pub fn of_declaration(stack: &Stack, places: &Places, now: Timestamp) -> Vec<Check> {
    versions::of_declaration(stack, places, now)
}
