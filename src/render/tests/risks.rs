//! What a reviewer sees first: risks, the order of objects, and what is told once.

use super::*;
use crate::model::impact::{Affected, Impact, ImpactClass};
use crate::model::place::Place;
use crate::report::ObjectView;

fn update(declared: &Value, diffs: Vec<FieldDiff>) -> Action {
    Action::Update {
        prior: recorded(declared, "id"),
        via: Vec::new(),
        declared: document(declared),
        after: BTreeSet::new(),
        works_through: BTreeSet::new(),
        diffs,
        why: Why::Changed,
    }
}

fn replace(why: Why, diffs: Vec<FieldDiff>) -> Action {
    Action::Replace {
        prior: recorded(&json!({}), "id-old"),
        declared: document(&json!({})),
        after: BTreeSet::new(),
        works_through: BTreeSet::new(),
        diffs,
        why,
        order: ReplaceOrder::CreateFirst,
    }
}

fn tag() -> FieldDiff {
    diff("tags.team", &json!(null), &json!("data-science"), OnChange::Update)
}

fn tagged() -> Action {
    update(&json!({}), vec![tag()])
}

/// A plan in which everything is noticed that can be: by everybody, by somebody, by nobody.
pub(super) fn risky_plan() -> Plan {
    let scheme = diff("scheme", &json!("internet-facing"), &json!("internal"), OnChange::Replace);
    let class = diff("instance_class", &json!("db.t3.xlarge"), &json!("db.r6g.xlarge"), OnChange::Update);
    let cidr = diff("cidr", &json!("10.0.0.0/16"), &json!("10.8.0.0/16"), OnChange::Replace);
    let follows = |on: &str| replace(Why::DependencyReplaced(address(on)), Vec::new());
    let gone = |id: &str| Action::Delete { prior: recorded(&json!({}), id), why: Why::Undeclared };
    let mut plan = plan([
        ("bucket.packages", tagged()),
        ("cluster.main", tagged()),
        ("database.main", update(&json!({}), vec![class, tag()])),
        ("elastic_ip.nat-b", gone("eipalloc-b")),
        ("elastic_ip.nat-c", gone("eipalloc-c")),
        ("kms_key.main", tagged()),
        ("listener.https", update(&json!({}), vec![diff("port", &json!(1), &json!(2), OnChange::Update)])),
        ("load_balancer.main", replace(Why::Changed, vec![scheme])),
        ("subnet.private-a", follows("vpc.main")),
        ("target_attachment.nodes", follows("subnet.private-a")),
        ("vpc.main", replace(Why::Changed, vec![cidr])),
    ]);
    let another = |ip: &str| Impact::of(ImpactClass::NewAddress, Affected::Upstream, "it is given back").about(ip);
    let failover = Impact::lasting(ImpactClass::Failover, (60, 120), Affected::Everybody, "the standby takes over");
    let failover = Impact { field: Some("instance_class".into()), ..failover };
    let outage = Impact::of(ImpactClass::Outage, Affected::Everybody, "requests fail until DNS follows");
    let name = Impact::of(ImpactClass::NewAddress, Affected::Everybody, "it has another name").about("lb.example");
    plan.impact = [
        ("database.main", vec![failover]),
        ("elastic_ip.nat-b", vec![another("192.0.2.2")]),
        ("elastic_ip.nat-c", vec![another("192.0.2.3")]),
        ("load_balancer.main", vec![outage, name]),
    ]
    .into_iter()
    .map(|(at, impacts)| (address(at), impacts))
    .collect();
    plan
}

pub(super) fn origins() -> Origins {
    let mut origins = Origins::default();
    for (at, field, key, line) in [
        ("load_balancer.main", "scheme", "load_balancer.scheme", 40),
        ("vpc.main", "cidr", "network.cidr", 12),
        ("vpc.main", "", "network", 10),
        ("database.main", "instance_class", "database.instance_class", 21),
        ("elastic_ip.nat-b", "", "network.nat", 11),
    ] {
        let place = Place { line, ..Place::START };
        origins.insert(&address(at), field, Origin { key: key.to_owned(), place, is_written: true });
    }
    origins
}

fn risky(is_full: bool) -> String {
    let (catalog, origins) = (catalog(), origins());
    let view = PlanView { origins: &origins, verbose: is_full, ..plan_view(&catalog) };
    plan_text(&planned(risky_plan()), &view).to_string()
}

#[test]
fn risks_come_first_the_dangerous_objects_next_and_what_is_alike_once() {
    insta::assert_snapshot!(risky(false));
}

#[test]
fn in_full_nothing_is_folded() {
    let told = risky(true);
    assert_eq!(told.matches("tags.team").count(), 4, "{told}");
    assert!(!told.contains("The same for many") && !told.contains("--full"), "{told}");
}

#[test]
fn two_of_a_kind_are_not_many_and_what_is_noticed_is_never_folded() {
    let mut plan = plan([("bucket.packages", tagged()), ("kms_key.main", tagged())]);
    let told = text(plan.clone(), Goal::Converge, false);
    assert_eq!(told.matches("tags.team").count(), 2, "{told}");
    plan.actions.insert(address("cluster.main"), tagged());
    let told = text(plan.clone(), Goal::Converge, false);
    assert_eq!(told.matches("tags.team").count(), 1, "{told}");
    assert!(told.contains("3 objects"), "{told}");
    let notice = Impact::of(ImpactClass::Access, Affected::ShutOut, "a tag decides who may come in");
    plan.impact.insert(address("cluster.main"), vec![Impact { field: Some("tags".into()), ..notice }]);
    let told = text(plan.clone(), Goal::Converge, false);
    assert_eq!(told.matches("tags.team").count(), 3, "{told}");
    // Where there are many all the same, the one that is noticed stands by itself.
    plan.actions.insert(address("vpc.main"), tagged());
    let told = text(plan, Goal::Converge, false);
    assert!(told.contains("3 objects") && told.matches("tags.team").count() == 2, "{told}");
    assert!(told.contains("~ cluster.main  update in place  access"), "{told}");
}

#[test]
fn a_value_that_somebody_changed_is_not_said_to_have_been_edited() {
    let mut plan = risky_plan();
    let moved = diff("cidr", &json!("10.8.0.0/16"), &json!("10.0.0.0/16"), OnChange::Replace);
    plan.drift.insert(address("vpc.main"), Drift::Moved(vec![moved]));
    let (catalog, origins) = (catalog(), origins());
    let view = PlanView { origins: &origins, ..plan_view(&catalog) };
    let told = plan_text(&planned(plan), &view).to_string();
    assert!(told.contains("because somebody changed its cidr, and network.cidr (line 12) says otherwise"), "{told}");
}

#[test]
fn programs_are_told_each_risk_once_and_each_change_its_own() {
    let catalog = catalog();
    let page = plan_json(&planned(risky_plan()), &plan_view(&catalog));
    let classes: Vec<&str> =
        page["risks"].as_array().unwrap().iter().map(|one| one["class"].as_str().unwrap()).collect();
    assert_eq!(classes, ["outage", "new_address", "new_address", "failover"]);
    assert_eq!(page["risks"][1]["addresses"], json!(["elastic_ip.nat-b", "elastic_ip.nat-c"]));
    assert_eq!(page["risks"][1]["which"], json!(["192.0.2.2", "192.0.2.3"]));
    let change =
        |at: &str| page["changes"].as_array().unwrap().iter().find(|one| one["address"] == at).unwrap().clone();
    assert_eq!(
        change("database.main")["impact"],
        json!([{"class": "failover", "lasts": {"least": 60, "most": 120}, "affected": "everybody",
            "what": "the standby takes over", "which": null, "field": "instance_class"}])
    );
    assert_eq!(change("cluster.main")["impact"], json!([]));
    assert_eq!(
        change("target_attachment.nodes")["reasons"],
        json!(["subnet.private-a is replaced", "vpc.main is replaced", "its cidr changes"])
    );
    assert_eq!(page["noticed"].as_array().unwrap().len(), 4);
    assert_eq!(page["changes"].as_array().unwrap().len(), 11, "nothing is folded for programs");
}

#[test]
fn an_object_is_explained_with_its_fields_its_ties_and_what_becomes_of_it() {
    let (catalog, origins, plan) = (catalog(), origins(), risky_plan());
    let database = json!({"instance_class": "db.r6g.xlarge", "engine_version": "17", "storage_gib": 100,
        "parameter_group": {"$ref": "db_parameter_group.database"}, "tags": {"team": "data", "Name": "x"}});
    let mut nodes = BTreeMap::from([(address("database.main"), crate::model::resource::Node::of(document(&database)))]);
    let group = json!({"family": "postgres17"});
    nodes.insert(address("db_parameter_group.database"), crate::model::resource::Node::of(document(&group)));
    let mut view = ObjectView {
        stack: "ppm-prod",
        address: &address("database.main"),
        nodes: &nodes,
        recorded: Some(&recorded(&database, "ppm-prod-database")),
        catalog: &catalog,
        origins: &origins,
        source: DeclarationText { file: "plans/prod.yaml", text: DECLARED },
        plan: Some(&plan),
    };
    insta::assert_snapshot!(crate::render::text(&Page::of_object(&view).unwrap(), true).to_string());
    let page = crate::render::json(&Page::of_object(&view).unwrap());
    assert_eq!(page["needs"], json!([{"address": "db_parameter_group.database", "by": ["its parameter_group"]}]));
    let other = address("db_parameter_group.database");
    view.address = &other;
    let page = crate::render::json(&Page::of_object(&view).unwrap());
    assert_eq!(page["needed_by"][0]["address"], "database.main");
    let unknown = address("vpc.other");
    view.address = &unknown;
    view.recorded = None;
    assert!(Page::of_object(&view).is_none(), "what nobody knows has no page");
}
