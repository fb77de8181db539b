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
//! 3. Its id is stable and goes into [`ids`] and `docs/checks.md`.

mod access;
mod account;
mod builder;
mod database;
mod endpoints;
mod front;
mod network;
mod quotas;
mod removal;
mod storage;
#[cfg(test)]
mod tests;
mod versions;
mod zones;

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::handles;
use crate::engine::plan::Plan;
use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::facts::quota::Quota;
use crate::model::facts::{FactQuery, Facts};
use crate::model::finding::Check;
use crate::model::surroundings::Surroundings;
use crate::stack::{Places, Stack};

/// What tells which facts the checks need.
#[derive(Clone, Copy, Debug)]
pub struct QueryContext<'a> {
    /// What is declared.
    pub stack: &'a Stack,
    /// The account and region.
    pub surroundings: &'a Surroundings,
    /// What is recorded.
    pub state: &'a State,
    /// Whether everything is to go.
    pub destroy: bool,
    /// Whether a database that goes leaves a last snapshot.
    pub makes_final_snapshot: bool,
    /// What is to be made anew though nothing differs.
    pub replace: &'a BTreeSet<Address>,
    /// Whether what takes a second or more is asked as well, such as what IAM would let the caller do.
    pub is_thorough: bool,
}

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
    /// Seconds that carrying it out seldom takes longer than.
    pub p90_seconds: u64,
    /// When the credentials end, if anybody said so.
    pub credentials_end: Option<Timestamp>,
    /// Whether everything is to go.
    pub destroy: bool,
    /// The time of the plan.
    pub now: Timestamp,
}

/// What the checks have to know of things that are not the stack's own. What goes needs none of what it was made with,
/// and is kept by what stands on it or in it.
pub fn query(cx: &QueryContext<'_>) -> FactQuery {
    let QueryContext { stack, surroundings, state, .. } = *cx;
    if cx.destroy {
        return FactQuery {
            removal: removal::query(state),
            quotas: quotas::query_of_removal(state, cx.makes_final_snapshot),
            ..FactQuery::default()
        };
    }
    let makes_nodes = !state.resources.contains_key(&handles::NODES.address());
    FactQuery {
        keys: storage::keys(stack),
        certificates: front::certificates(stack),
        principals: access::principals(stack, surroundings, state),
        network: network::query(stack),
        database: database::query(stack, state),
        zones_of_type: zones::query(stack, surroundings, state),
        removal: None,
        quotas: quotas::query(cx),
        simulation: account::simulation(cx),
        service_roles: account::service_roles(cx),
        disk_encryption: makes_nodes,
        endpoint_services: endpoints::query(cx),
        state_bucket: stack.state.as_ref().filter(|_| cx.is_thorough).map(|state| state.bucket().to_owned()),
    }
}

/// Every check that the declaration and the plan give reason for.
pub fn checks(cx: &CheckContext<'_>) -> Vec<Check> {
    let all = made(cx);
    debug_assert!(all.iter().all(|check| ids().contains(check.id)), "every check is listed");
    all
}

fn made(cx: &CheckContext<'_>) -> Vec<Check> {
    if cx.destroy {
        return removal::checks(cx).into_iter().chain(quotas::checks(cx)).collect();
    }
    let all = [
        Some(access::caller(cx)),
        access::admins(cx),
        Some(versions::kubernetes(cx)),
        zones::instance_type(cx),
        zones::count(cx),
        Some(versions::postgresql(cx)),
        database::class(cx),
        database::zones(cx),
        database::storage(cx),
        storage::kms(cx),
        front::certificate(cx),
        front::plain(cx),
        endpoints::services(cx),
    ];
    let rest = network::checks(cx).into_iter().chain(account::checks(cx)).chain(quotas::checks(cx));
    all.into_iter().flatten().chain(rest).collect()
}

/// The ids of all checks, those of quotas excepted.
const IDS: [&str; 25] = [
    "caller",
    "credentials",
    "database.engine_version",
    "database.instance_class",
    "database.storage_gib",
    "database.zones",
    "kubernetes.admins",
    "kubernetes.nodes.disk_key",
    "kubernetes.nodes.instance_type",
    "kubernetes.version",
    "load_balancer.certificate",
    "load_balancer.https",
    "network.addresses",
    "network.endpoint_services",
    "network.routes",
    "network.service_range",
    "network.subnets",
    "network.vpc",
    "network.zones",
    "permissions",
    "permissions.service_roles",
    "removal.cluster",
    "removal.network",
    "state",
    "storage.kms",
];

/// The ids of all checks.
pub fn ids() -> BTreeSet<&'static str> {
    IDS.into_iter().chain(Quota::ALL.map(|quota| quota.facts().id)).collect()
}

/// The checks that a declaration by itself gives reason for, whatever stands: what they find are warnings at most.
pub fn of_declaration(stack: &Stack, places: &Places, now: Timestamp) -> Vec<Check> {
    versions::of_declaration(stack, places, now)
}
