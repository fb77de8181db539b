//! Mistakes put into the reference design and into plans for it: each is found by its own rule.

use std::collections::BTreeMap;

use ppm_infra::engine::plan::{Action, Plan};
use ppm_infra::engine::{Request, lint, plan};
use ppm_infra::model::address::Address;
use ppm_infra::model::document::Document;
use ppm_infra::model::finding::{Finding, Subject};
use ppm_infra::model::resource::Node;
use ppm_infra::resources::catalog;
use serde_json::{Value, json};

use super::seen::Ground;

type Nodes = BTreeMap<Address, Node>;

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

/// The node at an address, to be spoilt.
fn node<'a>(nodes: &'a mut Nodes, text: &str) -> &'a mut Node {
    nodes.get_mut(&at(text)).unwrap()
}

/// A document with another value in a field, or without the field.
fn with(document: &Document, field: &str, value: Value) -> Document {
    let others = document.fields().filter(|(name, _)| *name != field);
    let others = others.map(|(name, value)| (name.to_owned(), value.clone()));
    others.chain((!value.is_null()).then(|| (field.to_owned(), value))).collect()
}

fn set(nodes: &mut Nodes, text: &str, field: &str, value: Value) {
    let node = node(nodes, text);
    node.declared = with(&node.declared, field, value);
}

/// A tag of the resource at an address, instead of what stands there.
fn tag(nodes: &mut Nodes, text: &str, name: &str, value: Value) {
    let mut tags = node(nodes, text).declared.get("tags").cloned().unwrap();
    match value {
        Value::Null => drop(tags.as_object_mut().unwrap().remove(name)),
        value => tags[name] = value,
    }
    set(nodes, text, "tags", tags);
}

/// A copy under another name, with its own mark.
fn copy(nodes: &mut Nodes, from: &str, to: &str) {
    let copied = node(nodes, from).clone();
    nodes.insert(at(to), copied);
    if nodes[&at(to)].declared.get("tags").is_some() {
        tag(nodes, to, "ppm-infra:address", json!(to));
    }
}

/// That exactly these rules speak, each about the resource that is named.
#[track_caller]
fn assert_found(name: &str, found: &[Finding], expected: &[(&str, &str)]) {
    let told: Vec<(&str, String)> = found.iter().map(|one| (one.id, one.subject.to_string())).collect();
    for (id, about) in expected {
        assert!(told.contains(&(*id, (*about).to_owned())), "{name}: no {id} of {about} in {told:?}");
    }
    let strange = told.iter().filter(|(id, _)| !expected.iter().any(|(known, _)| known == id));
    assert_eq!(strange.collect::<Vec<_>>(), Vec::<&(&str, String)>::new(), "{name}");
    let said =
        |one: &Finding| matches!(one.subject, Subject::Resource(_)) && !one.what.is_empty() && !one.why.is_empty();
    assert!(found.iter().all(said), "{name}: {found:#?}");
}

/// What is wrong, the rules that say so with the resource they speak of, and how it is put in.
type Mistake = (&'static str, &'static [(&'static str, &'static str)], fn(&mut Nodes));

const MISTAKES: [Mistake; 26] = [
    ("nothing is wrong", &[], |_| ()),
    ("what everybody points at is missing", &[("design.dangling", "subnet.private-a")], |nodes| {
        nodes.remove(&at("vpc.main"));
    }),
    ("one of a set is missing", &[("design.dangling", "cluster.main")], |nodes| {
        nodes.remove(&at("subnet.private-b"));
    }),
    ("what a policy speaks of is missing", &[("design.dangling", "iam_policy.package-manager")], |nodes| {
        nodes.remove(&at("kms_key.main"));
    }),
    ("a name is misspelt", &[("design.dangling", "nat_gateway.a")], |nodes| {
        set(nodes, "nat_gateway.a", "elastic_ip", json!({"$ref": "elastic_ip.nat-x"}));
    }),
    ("it points at another kind", &[("design.shape", "nat_gateway.a")], |nodes| {
        set(nodes, "nat_gateway.a", "subnet", json!({"$ref": "vpc.main"}));
    }),
    (
        "it points at itself",
        &[("design.itself", "vpc.main"), ("design.shape", "vpc.main"), ("design.circle", "vpc.main")],
        |nodes| {
            set(nodes, "vpc.main", "cidr", json!({"$ref": "vpc.main"}));
        },
    ),
    ("a kind that there is not", &[("design.kind", "subnets.private-z")], |nodes| {
        copy(nodes, "subnet.private-a", "subnets.private-z");
    }),
    ("a field that there is not", &[("design.shape", "vpc.main")], |nodes| {
        set(nodes, "vpc.main", "dns", json!(true));
    }),
    ("a field is missing", &[("design.shape", "database.main")], |nodes| {
        set(nodes, "database.main", "instance_class", Value::Null);
    }),
    ("a number in the place of a text", &[("design.shape", "bucket.packages")], |nodes| {
        set(nodes, "bucket.packages", "ownership", json!(1));
    }),
    ("two buckets of one name", &[("design.one_object", "bucket.packages-again")], |nodes| {
        copy(nodes, "bucket.packages", "bucket.packages-again");
    }),
    ("two subnets of one range", &[("design.one_object", "subnet.private-z")], |nodes| {
        copy(nodes, "subnet.private-a", "subnet.private-z");
    }),
    ("two listeners on one port", &[("design.one_object", "listener.https")], |nodes| {
        set(nodes, "listener.https", "port", json!(80));
    }),
    ("two roles of one name", &[("design.one_object", "iam_role.nodes")], |nodes| {
        let name = node(nodes, "iam_role.cluster").declared.get("name").cloned().unwrap();
        set(nodes, "iam_role.nodes", "name", name);
    }),
    ("one address for two gateways", &[("design.one_object", "nat_gateway.b")], |nodes| {
        set(nodes, "nat_gateway.b", "elastic_ip", json!({"$ref": "elastic_ip.nat-a"}));
    }),
    ("one rule twice", &[("design.one_object", "security_group_rule.nodes-once-more")], |nodes| {
        copy(nodes, "security_group_rule.nodes-from-load-balancer", "security_group_rule.nodes-once-more");
    }),
    ("a circle of two", &[("design.circle", "subnet.private-a"), ("design.shape", "subnet.private-a")], |nodes| {
        set(nodes, "subnet.private-a", "zone", json!({"$ref": "db_subnet_group.database"}));
    }),
    ("it follows itself", &[("design.order", "node_group.main")], |nodes| {
        node(nodes, "node_group.main").after.insert(at("node_group.main"), "it is slow");
    }),
    ("order without a reason", &[("design.order", "node_group.main")], |nodes| {
        node(nodes, "node_group.main").after.insert(at("bucket.packages"), " ");
    }),
    ("order that is there already", &[("design.order", "node_group.main")], |nodes| {
        node(nodes, "node_group.main").after.insert(at("cluster.main"), "it needs a cluster");
    }),
    ("order against what it is needed for", &[("design.order", "cluster.main")], |nodes| {
        node(nodes, "cluster.main").after.insert(at("node_group.main"), "nodes first");
    }),
    ("order of a kind that there is not", &[("design.order", "bucket.packages")], |nodes| {
        node(nodes, "bucket.packages").works_through.insert(at("kms_keys.main"), "the key opens it");
    }),
    ("it cannot outlive what is not declared", &[("design.dangling", "target_group.main")], |nodes| {
        node(nodes, "target_group.main").replaced_with.insert(at("load_balancer.other"), "it serves one");
    }),
    ("the mark of another address", &[("design.mark", "subnet.public-a")], |nodes| {
        tag(nodes, "subnet.public-a", "ppm-infra:address", json!("subnet.public-b"));
    }),
    ("tags without the mark of the stack", &[("design.mark", "kms_key.main")], |nodes| {
        tag(nodes, "kms_key.main", "ppm-infra:stack", Value::Null);
    }),
];

#[test]
fn every_mistake_in_a_design_is_found() {
    let ground = Ground::whole();
    for (name, expected, spoil) in MISTAKES {
        let mut nodes = ground.nodes.clone();
        spoil(&mut nodes);
        assert_found(name, &lint::design(&catalog(), "ppm-prod", &nodes), expected);
    }
    // Ladders, which the reference has only while a version rises.
    let rung = |version: &str| {
        let declared = &ground.nodes[&at("cluster.main")].declared;
        with(declared, "version", json!(version))
    };
    let ladders = [("it falls", rung("1.99")), ("it stays", ground.nodes[&at("cluster.main")].declared.clone())];
    for (name, rung) in ladders {
        let mut nodes = ground.nodes.clone();
        node(&mut nodes, "cluster.main").ladder.push(rung);
        assert_found(name, &lint::design(&catalog(), "ppm-prod", &nodes), &[("design.ladder", "cluster.main")]);
    }
    let mut nodes = ground.nodes.clone();
    node(&mut nodes, "vpc.main").ladder.push(Document::default());
    assert_found("it leads nowhere", &lint::design(&catalog(), "ppm-prod", &nodes), &[("design.ladder", "vpc.main")]);
}

/// A plan of the reference stack in which something is asked for, and what is done about each address.
fn planned(ground: &Ground, replace: &[&str]) -> Plan {
    let ask = Request { replace: replace.iter().map(|text| at(text)).collect(), ..Request::default() };
    plan(&catalog(), &ground.nodes, &ground.state, &ground.observed, &ask).unwrap()
}

#[test]
fn every_mistake_in_a_plan_is_found() {
    let ground = Ground::whole();
    let found = |plan: &Plan| lint::plan(&catalog(), plan, &ground.state);
    // What points at what is replaced is changed as well.
    let mut plan = planned(&ground, &["target_group.main"]);
    assert_found("as it is", &found(&plan), &[]);
    let https = at("listener.https");
    let attached = at("target_attachment.nodes");
    assert!(plan.actions[&https].is_change() && plan.actions[&attached].makes_new());
    let whole = plan.clone();
    plan.actions.insert(https.clone(), Action::NoOp { record: None });
    assert_found("a listener left behind", &found(&plan), &[("plan.left_behind", "listener.https")]);
    // Users are led to the new group once the nodes are in it.
    let mut plan = whole.clone();
    let Some(Action::Replace { declared, after, why, .. }) = plan.actions.get(&attached).cloned() else { panic!() };
    plan.actions.insert(attached, Action::Create { declared, after, why });
    assert_found("as it is", &found(&plan), &[]);
    let Some(Action::Update { after, prior, .. }) = plan.actions.get_mut(&https) else { panic!() };
    after.clear();
    prior.after.clear();
    assert_found("a door to an empty room", &found(&plan), &[("plan.front_door", "listener.https")]);
    // Something that stays relies on what goes.
    let mut plan = planned(&ground, &[]);
    let recorded = |text: &str| ground.state.resources[&at(text)].clone();
    let why = ppm_infra::engine::plan::Why::Undeclared;
    plan.actions.insert(at("kms_key.main"), Action::Delete { prior: recorded("kms_key.main"), why: why.clone() });
    let dangling = ["bucket.packages", "database.main", "cluster.main"].map(|text| ("plan.dangling", text));
    assert_found("a key goes from under its data", &found(&plan), &dangling);
    let mut plan = planned(&ground, &[]);
    plan.actions.insert(at("iam_role.nodes"), Action::Forget { why });
    assert_found("a role is forgotten", &found(&plan), &[("plan.dangling", "node_group.main")]);
}
