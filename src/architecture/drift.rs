//! The role of the job that looks for drift, where it is declared as a part of the stack.

use std::collections::{BTreeMap, BTreeSet};

use super::access::packages_bucket;
use super::handles::{DRIFT_POLICY, DRIFT_ROLE, OIDC_PROVIDER};
use super::{Expansion, recorded, standing};
use crate::drift_job::job_name;
use crate::engine::state::{State, Status};
use crate::model::address::Address;
use crate::model::handle::At;
use crate::model::policy::Policy;
use crate::model::resource::Resource;
use crate::permissions::{NetworkScope, PolicyPurpose, StackScope, policy};
use crate::resources::iam_policy::IamPolicy;
use crate::resources::iam_role::{IamRole, Trust};
use crate::stack::{Connectivity, DeclaredDrift, JobPlace, Network, Stack};

/// Adds the role of the job and what it may do.
pub(super) fn drift(expansion: &mut Expansion<'_>) {
    let Some((mut policy, mut role)) = designed(expansion.stack, &expansion.surroundings.account) else { return };
    policy.tags = expansion.tags(&DRIFT_POLICY);
    role.tags = expansion.tags(&DRIFT_ROLE);
    expansion.add(&DRIFT_POLICY, &policy);
    expansion.add(&DRIFT_ROLE, &role);
}

/// Both without their tags, for a stack in this account.
fn designed(stack: &Stack, account: &str) -> Option<(IamPolicy, IamRole)> {
    let DeclaredDrift { job: JobPlace::Kubernetes, .. } = stack.drift.as_ref()?;
    let name = job_name(stack.stack.as_str());
    let scope = permission_scope(stack, account);
    let policy = IamPolicy {
        name: name.clone(),
        description: "What the job that looks for drift may do".to_owned(),
        document: Policy::new(&policy(&scope, PolicyPurpose::Drift)),
        tags: BTreeMap::new(),
    };
    let role = IamRole {
        name: name.clone(),
        description: "The job in the cluster that looks for drift".to_owned(),
        trust: Trust::ServiceAccount {
            provider: OIDC_PROVIDER.to_ref(),
            namespace: stack.chart().namespace.to_string(),
            name,
        },
        policies: BTreeSet::from([DRIFT_POLICY.to_ref()]),
        tags: BTreeMap::new(),
    };
    Some((policy, role))
}

/// The stack in this account, as its policies are limited to it.
pub fn permission_scope(stack: &Stack, account: &str) -> StackScope {
    StackScope {
        stack: stack.stack.to_string(),
        region: stack.region.to_string(),
        account: account.to_owned(),
        bucket: packages_bucket(stack, account),
        key: stack.storage.kms.clone(),
        network: network(&stack.network),
        has_certificate: stack.load_balancer.certificate.is_some(),
        has_administrators: !stack.kubernetes().admins.is_empty(),
        state: stack.state.clone(),
        state_key: stack.drift.as_ref().and_then(|drift| drift.state_key.clone()),
    }
}

fn network(declared: &Network) -> NetworkScope {
    match declared {
        Network::Made(made) => match made.connectivity {
            Connectivity::Internet => NetworkScope::Connected,
            Connectivity::AirGapped => NetworkScope::AirGapped,
        },
        Network::Existing(existing) => NetworkScope::Existing {
            vpc: existing.vpc.to_string(),
            subnets: existing.private_subnets.union(&existing.public_subnets).map(ToString::to_string).collect(),
        },
    }
}

/// How the role of the job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DriftRole {
    /// It is no part of the stack, and none is left of one that was.
    Undeclared,
    /// The next apply makes these, changes what they allow or trust, or removes them.
    Pending(BTreeSet<Address>),
    /// It stands as it is declared.
    Standing {
        /// Its ARN.
        arn: String,
    },
}

/// How the role of the job stands, by the record alone.
pub fn drift_role(stack: &Stack, state: &State) -> DriftRole {
    let Some((policy, role)) = designed(stack, &state.account) else {
        let mut left = BTreeSet::from([DRIFT_POLICY.address(), DRIFT_ROLE.address()]);
        left.retain(|at| state.resources.contains_key(at));
        return if left.is_empty() { DriftRole::Undeclared } else { DriftRole::Pending(left) };
    };
    let made = standing(state, &DRIFT_ROLE).ok();
    let mut pending = BTreeSet::new();
    if finished(state, &DRIFT_POLICY).is_none_or(|there| there.document != policy.document) {
        pending.insert(DRIFT_POLICY.address());
    }
    let is_other = |there: IamRole| (there.trust, there.policies) != (role.trust, role.policies);
    if made.is_none() || finished(state, &DRIFT_ROLE).is_none_or(is_other) {
        pending.insert(DRIFT_ROLE.address());
    }
    match made {
        Some(made) if pending.is_empty() => DriftRole::Standing { arn: made.arn },
        Some(_) | None => DriftRole::Pending(pending),
    }
}

/// What was asked for of a recorded resource, if no step that makes it so was cut short.
fn finished<R: Resource>(state: &State, at: &At<R>) -> Option<R> {
    let status = &state.resources.get(&at.address())?.status;
    if *status == Status::Ready { recorded(state, at) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::architecture::expand;
    use crate::engine::state::Recorded;
    use crate::model::document::Document;
    use crate::model::resource::{Known, Node};
    use crate::model::surroundings::Surroundings;

    const HEAD: &str = "stack: ppm-prod\nregion: us-east-1\n";
    const JOB: &str = "state: s3://acme-state/team\ndrift: {job: kubernetes}\n";
    const ACCOUNT: &str = "111122223333";

    fn declared(text: &str) -> Stack {
        Stack::parse("ppm.yaml", text).unwrap()
    }

    fn fresh() -> State {
        let mut state = State::empty("ppm-prod", "us-east-1", "6f1c".to_owned(), "0");
        ACCOUNT.clone_into(&mut state.account);
        state
    }

    fn nodes(stack: &Stack) -> BTreeMap<Address, Node> {
        let surroundings = Surroundings {
            account: ACCOUNT.to_owned(),
            partition: "aws".to_owned(),
            principal: format!("arn:aws:iam::{ACCOUNT}:user/ops"),
            zones: ["us-east-1a", "us-east-1b", "us-east-1c"].map(str::to_owned).to_vec(),
            other_zones: Vec::new(),
            addons: BTreeMap::new(),
        };
        expand(stack, &surroundings, &fresh())
    }

    /// The record of an apply of both.
    fn applied(stack: &Stack) -> State {
        let (policy, role) = designed(stack, ACCOUNT).unwrap();
        let mut state = fresh();
        let mut record = |address: Address, declared: Document, computed: Value| {
            let computed = Document::of(&computed);
            state.resources.insert(address, Recorded::found(Known { declared, computed }));
        };
        record(DRIFT_POLICY.address(), Document::of(&policy), json!({"id": "arn:policy"}));
        let made = json!({"id": "ppm-prod-drift", "arn": "arn:role", "unique_id": "AROA"});
        record(DRIFT_ROLE.address(), Document::of(&role), made);
        state
    }

    #[test]
    fn the_section_adds_a_role_and_its_policy_and_changes_nothing_else() {
        let without = nodes(&declared(&format!("{HEAD}state: s3://acme-state/team\n")));
        let mut with = nodes(&declared(&format!("{HEAD}{JOB}")));
        let policy = with.remove(&DRIFT_POLICY.address()).unwrap();
        let role = with.remove(&DRIFT_ROLE.address()).unwrap();
        assert_eq!(with, without);
        let policy: IamPolicy = policy.declared.read().unwrap();
        let role: IamRole = role.declared.read().unwrap();
        assert_eq!((role.name.as_str(), policy.name.as_str()), ("ppm-prod-drift", "ppm-prod-drift"));
        assert_eq!((role.tags["Name"].as_str(), role.tags["ppm-infra:stack"].as_str()), ("ppm-prod-drift", "ppm-prod"));
        assert_eq!(role.policies, BTreeSet::from([DRIFT_POLICY.to_ref()]));
        let only = Trust::ServiceAccount {
            provider: OIDC_PROVIDER.to_ref(),
            namespace: "ppm".to_owned(),
            name: "ppm-prod-drift".to_owned(),
        };
        assert_eq!(role.trust, only);
    }

    #[test]
    fn iam_takes_the_policy_of_a_stack_with_the_longest_names() {
        // "IAM and AWS STS quotas": characters of a managed policy, white space not counted.
        const MOST: usize = 6144;
        let (bucket, prefix, stack) = ("b".repeat(63), "p".repeat(200), "s".repeat(20));
        let key = format!("arn:aws-us-gov:kms:us-gov-west-1:{ACCOUNT}:key/mrk-{}", "1".repeat(32));
        let stack = declared(&format!(
            "stack: {stack}\nregion: us-gov-west-1\nstorage: {{bucket: {bucket}}}\nstate: s3://c{}/{prefix}\n\
             drift: {{job: kubernetes, state_key: \"{key}\"}}\n",
            "c".repeat(62)
        ));
        let (policy, role) = designed(&stack, ACCOUNT).unwrap();
        let text = policy.document.document().to_string();
        assert!(text.contains(&key) && text.contains(&bucket) && text.contains(&prefix), "{text}");
        let size = text.chars().filter(|c| !c.is_whitespace()).count();
        assert!(size <= MOST, "{size}");
        // The name of a role ends at 64.
        assert!(role.name.len() <= 64, "{}", role.name);
    }

    #[test]
    fn what_may_be_made_by_apply_covers_both() {
        let may = crate::permissions::policy(&permission_scope(&declared(HEAD), ACCOUNT), PolicyPurpose::Apply);
        let statements = may["Statement"].as_array().unwrap();
        for (id, kind) in [("Policies", "policy"), ("Roles", "role")] {
            let ours = format!("arn:aws:iam::{ACCOUNT}:{kind}/{}", job_name("ppm-prod"));
            let statement = statements.iter().find(|one| one["Sid"] == id).unwrap();
            let pattern = statement["Resource"].as_str().unwrap();
            assert!(ours.starts_with(pattern.strip_suffix('*').unwrap()), "{ours}: {pattern}");
        }
    }

    #[test]
    fn a_role_stands_when_what_is_declared_of_it_was_applied() {
        let stack = declared(&format!("{HEAD}{JOB}"));
        let both = || DriftRole::Pending([DRIFT_POLICY.address(), DRIFT_ROLE.address()].into());
        assert_eq!(drift_role(&declared(HEAD), &fresh()), DriftRole::Undeclared);
        assert_eq!(drift_role(&stack, &fresh()), both());
        let state = applied(&stack);
        assert_eq!(drift_role(&stack, &state), DriftRole::Standing { arn: "arn:role".to_owned() });
        let elsewhere = declared(&format!("{HEAD}{JOB}package_manager: {{namespace: other}}\n"));
        assert_eq!(drift_role(&elsewhere, &state), DriftRole::Pending([DRIFT_ROLE.address()].into()));
        let moved = declared(&format!("{HEAD}{}", JOB.replace("team", "group")));
        assert_eq!(drift_role(&moved, &state), DriftRole::Pending([DRIFT_POLICY.address()].into()));
        assert_eq!(drift_role(&declared(HEAD), &state), both(), "it goes with the next apply");
        let mut cut_short = state;
        for recorded in cut_short.resources.values_mut() {
            recorded.status = Status::Unfinished;
        }
        assert_eq!(drift_role(&stack, &cut_short), both());
    }
}
