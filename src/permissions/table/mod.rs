//! Every call of the program, the action of IAM it needs, and on what. A call has the name of its action unless a row says
//! otherwise.
//!
//! Sources: "Actions, resources, and condition keys for AWS services" (Service Authorization Reference), and the pages of the
//! services on what they ask in the name of the caller. What makes tagged objects asks for the action that tags, too.

mod data;
mod identity;
mod network;
mod platform;

use super::permission::{Permission, PolicyPurpose};

/// Every row.
pub(super) fn all() -> impl Iterator<Item = &'static Permission> {
    [network::ROWS, platform::ROWS, data::ROWS, identity::ROWS].into_iter().flatten()
}

// Who is given a row, by the commands. Looking whether something can be made is of no use to `destroy`, what tells of health
// none to `apply`; `apply` removes what is not declared any more and what it replaces, but no data.
const ALL: &[PolicyPurpose] =
    &[PolicyPurpose::Plan, PolicyPurpose::Apply, PolicyPurpose::Drift, PolicyPurpose::Destroy];
const PLAN_APPLY_DRIFT: &[PolicyPurpose] = &[PolicyPurpose::Plan, PolicyPurpose::Apply, PolicyPurpose::Drift];
const PLAN_APPLY_DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Plan, PolicyPurpose::Apply, PolicyPurpose::Destroy];
const PLAN_DRIFT_DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Plan, PolicyPurpose::Drift, PolicyPurpose::Destroy];
const APPLY_DRIFT_DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Apply, PolicyPurpose::Drift, PolicyPurpose::Destroy];
const PLAN_APPLY: &[PolicyPurpose] = &[PolicyPurpose::Plan, PolicyPurpose::Apply];
const PLAN_DRIFT: &[PolicyPurpose] = &[PolicyPurpose::Plan, PolicyPurpose::Drift];
const APPLY_DRIFT: &[PolicyPurpose] = &[PolicyPurpose::Apply, PolicyPurpose::Drift];
const APPLY_DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Apply, PolicyPurpose::Destroy];
const DRIFT_DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Drift, PolicyPurpose::Destroy];
const PLAN: &[PolicyPurpose] = &[PolicyPurpose::Plan];
const APPLY: &[PolicyPurpose] = &[PolicyPurpose::Apply];
const DRIFT: &[PolicyPurpose] = &[PolicyPurpose::Drift];
const DESTROY: &[PolicyPurpose] = &[PolicyPurpose::Destroy];
const DRIFT_FIX: &[PolicyPurpose] = &[PolicyPurpose::DriftFix];
/// Calls for what the architecture declares of no stack.
const NOBODY: &[PolicyPurpose] = &[];
