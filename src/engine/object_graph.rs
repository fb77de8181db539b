//! How the objects of a stack hang together: in which zones each stands, and what it needs.
//!
//! Promises: what an object needs is among the objects; the same plan gives the same graph. Says nothing of the order of steps,
//! which a schedule has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::plan::{Action, Plan};
use super::state::State;
use crate::model::address::Address;
use crate::model::document::Document;
use crate::model::reference::references;
use crate::model::resource::Node;

/// The field in which an object names its availability zone.
const ZONE: &str = "zone";

/// The objects of a stack, and what each needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectGraph {
    /// The objects.
    pub objects: BTreeMap<Address, GraphObject>,
}

/// One object among others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphObject {
    /// The availability zones it stands in; none where it belongs to the region as a whole.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub zones: BTreeSet<String>,
    /// What it needs: each with the reason, or without one where it points there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub needs: BTreeMap<Address, Option<String>>,
}

/// One object before it is known what the others are.
struct Part<'a> {
    declared: &'a Document,
    /// What it has to come after without pointing there, and why where that is known.
    after: BTreeMap<&'a Address, &'a str>,
}

impl ObjectGraph {
    /// Everything that a declaration asks for.
    pub fn of_nodes(nodes: &BTreeMap<Address, Node>) -> Self {
        let parts = nodes.iter().map(|(address, node)| {
            let Node { declared, after, .. } = node;
            (address, Part { declared, after: after.iter().map(|(to, why)| (to, *why)).collect() })
        });
        Self::of_parts(&parts.collect())
    }

    /// Everything that `plan` is about, as it will be; what goes, as it was. `state` is what it was made from.
    pub fn of_plan(plan: &Plan, state: &State) -> Self {
        let parts = plan.actions.iter().filter_map(|(address, action)| {
            let (declared, after) = match action {
                Action::NoOp { record: Some(record) } => (&record.declared, &record.after),
                Action::NoOp { record: None } | Action::Forget { .. } => {
                    let recorded = plan.recorded(state, address)?;
                    (&recorded.declared, &recorded.after)
                }
                Action::Create { declared, after, .. }
                | Action::Update { declared, after, .. }
                | Action::Replace { declared, after, .. } => (declared, after),
                Action::Delete { prior, .. } => (&prior.declared, &prior.after),
            };
            Some((address, Part { declared, after: after.iter().map(|to| (to, "")).collect() }))
        });
        Self::of_parts(&parts.collect())
    }

    fn of_parts(parts: &BTreeMap<&Address, Part<'_>>) -> Self {
        let mut objects: BTreeMap<Address, GraphObject> = BTreeMap::new();
        for (address, part) in parts {
            let mut needs: BTreeMap<Address, Option<String>> =
                part.after.iter().map(|(to, why)| ((*to).clone(), Some((*why).to_owned()))).collect();
            needs.extend(references(part.declared).into_iter().map(|to| (to, None)));
            needs.retain(|to, _| to != *address && parts.contains_key(to));
            let zones = part.declared.text(ZONE).map(str::to_owned).into_iter().collect();
            objects.insert((*address).clone(), GraphObject { zones, needs });
        }
        let mut graph = Self { objects };
        graph.place();
        graph
    }

    /// Finds out in which zones those stand that name none: where what they point at stands, or where everything stands that
    /// needs them, if that is one zone.
    fn place(&mut self) {
        let named: BTreeMap<Address, BTreeSet<String>> =
            self.objects.iter().map(|(at, object)| (at.clone(), object.zones.clone())).collect();
        for object in self.objects.values_mut().filter(|object| object.zones.is_empty()) {
            let pointed_at = object.needs.iter().filter(|(_, why)| why.is_none());
            object.zones = pointed_at.flat_map(|(to, _)| named[to].iter().cloned()).collect();
        }
        let mut users: BTreeMap<Address, Vec<BTreeSet<String>>> = BTreeMap::new();
        for object in self.objects.values() {
            for to in object.needs.keys() {
                users.entry(to.clone()).or_default().push(object.zones.clone());
            }
        }
        for (address, object) in self.objects.iter_mut().filter(|(_, object)| object.zones.is_empty()) {
            let Some(first) = users.get(address).and_then(|users| users.first()) else { continue };
            if first.len() == 1 && users[address].iter().all(|zones| zones == first) {
                object.zones.clone_from(first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::engine::plan::{Base, Why};
    use crate::engine::state::Recorded;
    use crate::model::resource::Known;

    fn at(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn to(address: &str) -> Value {
        json!({"$ref": address})
    }

    fn node(declared: &Value) -> Node {
        Node::of(Document::of(declared))
    }

    fn nodes() -> BTreeMap<Address, Node> {
        let mut gateway = node(&json!({"subnet": to("subnet.a"), "address": to("elastic_ip.a")}));
        gateway.after.insert(at("internet_gateway.main"), "no way out without it");
        let all = [
            ("vpc.main", node(&json!({"cidr": "10.0.0.0/16"}))),
            ("internet_gateway.main", node(&json!({"vpc": to("vpc.main")}))),
            ("subnet.a", node(&json!({"vpc": to("vpc.main"), "zone": "z-a"}))),
            ("subnet.b", node(&json!({"vpc": to("vpc.main"), "zone": "z-b"}))),
            ("elastic_ip.a", node(&json!({"role": "nat"}))),
            ("nat_gateway.a", gateway),
            ("cluster.main", node(&json!({"subnets": [to("subnet.a"), to("subnet.b"), to("subnet.gone")]}))),
            ("addon.dns", node(&json!({"cluster": to("cluster.main")}))),
        ];
        all.into_iter().map(|(name, node)| (at(name), node)).collect()
    }

    fn zones(graph: &ObjectGraph, of: &str) -> Vec<String> {
        graph.objects[&at(of)].zones.iter().cloned().collect()
    }

    #[test]
    fn objects_stand_where_what_they_point_at_stands() {
        let graph = ObjectGraph::of_nodes(&nodes());
        let told = ["subnet.a", "nat_gateway.a", "elastic_ip.a", "cluster.main", "addon.dns", "vpc.main"];
        let told = told.map(|of| zones(&graph, of).join(" "));
        assert_eq!(told, ["z-a", "z-a", "z-a", "z-a z-b", "", ""], "an address stands where its only user does");
    }

    #[test]
    fn what_is_needed_is_there_and_has_its_reason() {
        let graph = ObjectGraph::of_nodes(&nodes());
        let needs = &graph.objects[&at("nat_gateway.a")].needs;
        let told: Vec<(String, Option<&str>)> =
            needs.iter().map(|(to, why)| (to.to_string(), why.as_deref())).collect();
        let why = Some("no way out without it");
        let expected = [("elastic_ip.a", None), ("internet_gateway.main", why), ("subnet.a", None)];
        assert_eq!(told, expected.map(|(to, why)| (to.to_owned(), why)));
        assert_eq!(graph.objects[&at("cluster.main")].needs.len(), 2, "what is no object is left out");
    }

    #[test]
    fn a_plan_tells_what_stays_what_comes_and_what_goes() {
        let recorded = |declared: Value, after: &[&str]| {
            let known = Known { declared: Document::of(&declared), computed: Document::default() };
            Recorded { after: after.iter().map(|to| at(to)).collect(), ..Recorded::found(known) }
        };
        let mut state = State::empty("s", "r", "l".to_owned(), "0");
        state.resources.insert(at("vpc.main"), recorded(json!({}), &[]));
        let create = |declared: Value| Action::Create {
            declared: Document::of(&declared),
            after: BTreeSet::from([at("vpc.main")]),
            why: Why::New,
        };
        let gone = recorded(json!({"vpc": to("vpc.main"), "zone": "z"}), &[]);
        let actions = [
            ("vpc.main", Action::NoOp { record: None }),
            ("bucket.new", create(json!({}))),
            ("subnet.old", Action::Delete { prior: gone, why: Why::Undeclared }),
            ("teapot.gone", Action::Forget { why: Why::Vanished }),
        ];
        let plan = Plan {
            stack: "s".to_owned(),
            base: Base { lineage: "l".to_owned(), serial: 1 },
            moved: Vec::new(),
            drift: BTreeMap::new(),
            actions: actions.into_iter().map(|(name, action)| (at(name), action)).collect(),
            deposed: Vec::new(),
            kept: BTreeMap::new(),
            kept_old: Vec::new(),
            adopted: BTreeMap::new(),
            impact: BTreeMap::new(),
            notes: BTreeMap::new(),
        };
        let graph = ObjectGraph::of_plan(&plan, &state);
        let told: Vec<(String, usize)> =
            graph.objects.iter().map(|(at, object)| (at.to_string(), object.needs.len())).collect();
        let expected = [("bucket.new", 1), ("subnet.old", 1), ("vpc.main", 0)];
        assert_eq!(told, expected.map(|(at, needs)| (at.to_owned(), needs)));
        let text = serde_json::to_string(&graph).unwrap();
        assert_eq!(serde_json::from_str::<ObjectGraph>(&text).unwrap(), graph);
    }
}
