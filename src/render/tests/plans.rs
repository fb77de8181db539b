//! Plans to look at.

use super::*;
use crate::architecture::{expand, questions};
use crate::engine::{self, Request};
use crate::model::observation::Observation;
use crate::stack::Stack;

/// The reference stack, planned where nothing stands yet.
pub(super) fn first_plan() -> Plan {
    let stack = Stack::parse("reference.yaml", include_str!("../../../plans/reference.yaml")).unwrap();
    let state = State::empty("ppm-prod", "us-east-1", "6f1c".to_owned(), "0");
    let mut surroundings = planned(plan([])).surroundings;
    for asked in questions(&stack, &state).addons {
        surroundings.addons.insert(asked, "v1.20.1-eksbuild.1".to_owned());
    }
    let nodes = expand(&stack, &surroundings, &state);
    let observed = nodes.keys().map(|address| (address.clone(), Observation::Absent)).collect();
    engine::plan(&catalog(), &nodes, &state, &observed, &Request::default()).unwrap()
}

fn create(declared: &Value, why: Why) -> Action {
    Action::Create { declared: document(declared), after: BTreeSet::new(), why }
}

fn update<const N: usize>(why: Why, via: &[Value], diffs: [FieldDiff; N]) -> Action {
    Action::Update {
        prior: recorded(&json!({}), "id"),
        via: via.iter().map(document).collect(),
        declared: document(&json!({})),
        after: BTreeSet::new(),
        works_through: BTreeSet::new(),
        diffs: diffs.into(),
        why,
    }
}

fn replace<const N: usize>(why: Why, order: ReplaceOrder, diffs: [FieldDiff; N]) -> Action {
    let declared = json!({"cidr": "10.0.1.0/24", "vpc": {"$ref": "vpc.main"}});
    Action::Replace {
        prior: recorded(&declared, "id-old"),
        declared: document(&declared),
        after: BTreeSet::new(),
        works_through: BTreeSet::new(),
        diffs: diffs.into(),
        why,
        order,
    }
}

fn changed(path: &str, before: &Value, after: &Value) -> FieldDiff {
    diff(path, before, after, OnChange::Update)
}

fn network() -> Vec<(&'static str, Action)> {
    let moved = || FieldDiff {
        path: "vpc".to_owned(),
        before: shown(&json!({"$ref": "vpc.main"})),
        after: Shown::AfterApply(address("vpc.main")),
        on_change: OnChange::Replace,
    };
    let cidr = |before: &str, after: &str| diff("cidr", &json!(before), &json!(after), OnChange::Replace);
    let rule = |port: u16, cidr: &str| json!({"protocol": "tcp", "from_port": port, "to_port": port, "peer": {"cidr": cidr}, "description": "Users"});
    let follows = Why::DependencyReplaced(address("vpc.main"));
    let firewall = [
        changed(
            "ingress",
            &json!([rule(22, "0.0.0.0/0"), rule(443, "0.0.0.0/0")]),
            &json!([rule(443, "0.0.0.0/0"), rule(80, "10.0.0.0/8")]),
        ),
        changed("tags.Name", &json!("lb"), &json!("ppm-prod-load-balancer")),
        changed("tags.ppm-infra:stack", &json!(null), &json!("ppm-prod")),
        changed("tags.team", &json!("a"), &json!("b")),
    ];
    vec![
        ("vpc.main", replace(Why::Changed, ReplaceOrder::CreateFirst, [cidr("10.0.0.0/16", "10.8.0.0/16")])),
        ("subnet.private-a", replace(follows, ReplaceOrder::DeleteFirst, [moved()])),
        (
            "subnet.private-b",
            replace(Why::Changed, ReplaceOrder::DeleteFirst, [cidr("10.0.1.0/24", "10.0.9.0/24"), moved()]),
        ),
        ("elastic_ip.nat-a", Action::Forget { why: Why::Undeclared }),
        ("nat_gateway.a", create(&json!({"subnet": {"$ref": "subnet.public-a"}}), Why::Vanished)),
        ("security_group.load-balancer", update(Why::Changed, &[], firewall)),
    ]
}

fn everything_else() -> Vec<(&'static str, Action)> {
    let read = |actions: Value| json!([{"Sid": "ReadPackages", "Effect": "Allow", "Action": actions}]);
    let policy =
        changed("document.Statement", &read(json!(["s3:GetObject"])), &read(json!(["s3:GetObject", "s3:PutObject"])));
    let bigger = [changed("multi_az", &json!(false), &json!(true)), changed("storage_gib", &json!(100), &json!(200))];
    let climb = diff("version", &json!("1.31"), &json!("1.33"), OnChange::UpdateStepwise);
    let mut cluster = update(Why::Changed, &[json!({"version": "1.32"})], [climb]);
    if let Action::Update { declared, .. } = &mut cluster {
        declared.set("version", json!("1.33"));
    }
    let degraded = Why::Tainted("it was left degraded".to_owned());
    let http = recorded(&json!({"protocol": "HTTP", "port": 80}), "arn");
    vec![
        ("iam_policy.package-manager", update(Why::Changed, &[], [policy])),
        ("iam_role.nodes", update(Why::Unfinished, &[], [])),
        ("database.main", update(Why::Changed, &[], bigger)),
        ("bucket.packages", replace(Why::Requested, ReplaceOrder::DeleteFirst, [])),
        ("secret.database", Action::NoOp { record: None }),
        ("cluster.main", cluster),
        ("addon.coredns", replace(degraded, ReplaceOrder::DeleteFirst, [])),
        ("listener.http", Action::Delete { prior: http, why: Why::Undeclared }),
        ("listener.https", create(&json!({"protocol": "HTTPS", "port": 443}), Why::New)),
    ]
}

/// A plan with every action and every reason.
pub(super) fn mixed_plan() -> Plan {
    let mut plan = plan(network().into_iter().chain(everything_else()));
    let days = changed("backup_days", &json!(7), &json!(1));
    let storage = changed("storage_gib", &json!(200), &json!(100));
    plan.drift.insert(address("nat_gateway.a"), Drift::Gone);
    plan.drift.insert(address("database.main"), Drift::Moved(vec![days.clone(), storage]));
    plan.drift.insert(address("secret.database"), Drift::Moved(vec![days]));
    plan.adopted.insert(address("iam_role.nodes"), recorded(&json!({}), "ppm-prod-nodes"));
    plan.deposed.push((address("target_group.main"), "arn:aws:elasticloadbalancing:tg/old".to_owned()));
    plan.notes.insert(address("database.main"), vec!["16.8 is newer than 16.4".to_owned(), "another".to_owned()]);
    plan.notes.insert(address("vpc.main"), Vec::new());
    plan
}
