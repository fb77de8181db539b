//! Floor 5: from a declaration to the resources of the reference architecture. Pure.
//!
//! Promises: the same declaration, surroundings and record give the same resources. What was settled by an earlier
//! apply (zones, versions of add-ons, zones of the control plane) stays settled, so that a plan does not change because
//! AWS has something newer.
//!
//! Leaves to others what AWS calls are needed (resources) and in which order (engine).

mod access;
pub mod checks;
mod data;
mod declarable;
mod drift;
mod emitted;
mod endpoints;
mod front;
mod handles;
mod installed;
mod kubernetes;
mod names;
mod network;
mod origins;
mod outputs;
mod values;
mod versions;

use std::collections::BTreeMap;

pub use data::USER as DATABASE_USER;
pub use declarable::{AcceptContext, Declarable, declare};
pub use drift::{DriftRole, drift_role, permission_scope};
pub use emitted::{remember, values_are_for};
pub use handles::{Handles, Runtime, handles};
pub use installed::{Downgrade, downgrade};
pub use origins::origins;
pub use outputs::{NotReady, helm_facts, helm_inputs, outputs, standing};
pub use values::{NoValues, foreseen, hand_over, last_release};
pub use versions::engine_version;

use crate::engine::state::State;
use crate::model::address::Address;
use crate::model::handle::At;
use crate::model::mark::{ADDRESS_TAG, STACK_TAG, Tags};
use crate::model::partition::Partition;
use crate::model::reference::Ref;
use crate::model::resource::{Node, Resource};
use crate::model::surroundings::{Questions, Surroundings};
use crate::resources::kms_key::KmsKey;
use crate::resources::subnet::Subnet;
use crate::resources::vpc::Vpc;
use crate::stack::{Network, Stack};

/// What must be asked of the cloud before `stack` can be expanded, given what is recorded.
pub fn questions(stack: &Stack, state: &State) -> Questions {
    Questions {
        zones_for: network::asks_for_zones(stack, state).then(|| stack.kubernetes().nodes.instance_type.to_string()),
        addons: kubernetes::asked_addons(stack, state),
        optional: false,
    }
}

/// The resources of `stack`.
pub fn expand(stack: &Stack, surroundings: &Surroundings, state: &State) -> BTreeMap<Address, Node> {
    let mut expansion = Expansion { stack, surroundings, state, nodes: BTreeMap::new() };
    let net = network::network(&mut expansion);
    access::access(&mut expansion);
    drift::drift(&mut expansion);
    data::data(&mut expansion, &net);
    kubernetes::kubernetes(&mut expansion, &net);
    front::front(&mut expansion, &net);
    expansion.nodes
}

/// Where the rooms of the architecture put their resources.
struct Expansion<'a> {
    stack: &'a Stack,
    surroundings: &'a Surroundings,
    state: &'a State,
    nodes: BTreeMap<Address, Node>,
}

/// The network as the others need it.
struct NetworkRefs {
    vpc: Ref<Vpc>,
    /// Its address space; unknown when somebody else made it.
    cidr: Option<String>,
    /// Private subnets the nodes stand in.
    private: Vec<Ref<Subnet>>,
    /// Private subnets the control plane and the database may stand in: also those of zones the nodes have left.
    settled: Vec<Ref<Subnet>>,
    /// Public subnets.
    public: Vec<Ref<Subnet>>,
}

impl Expansion<'_> {
    /// Adds a resource.
    fn add<R: Resource>(&mut self, at: &At<R>, resource: &R) -> &mut Node {
        self.nodes.entry(at.address()).insert_entry(Node::new(resource)).into_mut()
    }

    /// The tags of a resource: those of the declaration, a name for consoles, and the marks.
    fn tags<R: Resource>(&self, at: &At<R>) -> Tags {
        let stack = self.stack.stack.as_str();
        let mut tags = self.stack.tags.clone();
        tags.insert("Name".to_owned(), names::object(stack, R::KIND.as_str(), at.name()));
        tags.insert(STACK_TAG.to_owned(), stack.to_owned());
        tags.insert(ADDRESS_TAG.to_owned(), at.to_string());
        tags
    }

    /// The declared document of a recorded resource.
    fn recorded<R: Resource>(&self, at: &At<R>) -> Option<R> {
        recorded(self.state, at)
    }

    /// The key that encrypts everything: the stack's own, or the one it was given.
    fn key(&self) -> Ref<KmsKey> {
        match &self.stack.storage.kms {
            Some(arn) => Ref::external(arn.to_string()),
            None => handles::KEY.to_ref(),
        }
    }

    /// The partition of the region.
    fn home(&self) -> &'static Partition {
        Partition::of_region(self.stack.region.as_str())
    }

    fn partition(&self) -> &str {
        &self.surroundings.partition
    }

    /// ARN of a policy that AWS keeps.
    fn aws_policy(&self, name: &str) -> String {
        format!("arn:{}:iam::aws:policy/{name}", self.partition())
    }

    fn owns_network(&self) -> bool {
        matches!(self.stack.network, Network::Made(_))
    }
}

/// The declared document of a recorded resource.
fn recorded<R: Resource>(state: &State, at: &At<R>) -> Option<R> {
    state.resources.get(&at.address())?.declared.read().ok()
}
