//! How grave a change of a field is that somebody else found.

use ppm_infra::described::table::{MemberClass, MemberRow};
use ppm_infra::described::tracked::{TrackedVerdict, severity_of};
use ppm_infra::model::finding::Grade::{self, Critical, High, Low, Medium};
use serde_json::{Value, json};

use super::seed::World;

fn verdict(world: &World, at: &str, path: &str, before: &Value, after: &Value) -> TrackedVerdict {
    world.look(&at.parse().unwrap(), |look| severity_of(&look, path, before, after)).unwrap()
}

#[test]
fn a_change_is_as_grave_as_the_table_and_its_rules_say() {
    let world = World::in_sync();
    let rule = |cidr: &str, port: u16, told: &str| json!({"description": told, "from_port": port, "to_port": port, "protocol": "tcp", "peer": {"cidr": cidr}});
    let users = || json!([rule("0.0.0.0/0", 443, "Users")]);
    let policy = |principal: Value| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject",
            "Resource": "*"}]})
    };
    let group = |name: &str| json!({"$ref": format!("security_group.{name}")});
    let cases: Vec<(&str, &str, Value, Value, Grade)> = vec![
        ("database.main", "backup_days", json!(7), json!(1), Critical),
        ("database.main", "backup_days", json!(7), json!(9), High),
        ("database.main", "publicly_accessible", json!(false), json!(true), Critical),
        ("database.main", "tags.owner", json!("a"), json!("b"), Low),
        ("database.main", "security_groups", json!([group("database")]), json!([]), Critical),
        (
            "database.main",
            "security_groups",
            json!([group("database")]),
            json!([group("database"), {"id": "sg-9"}]),
            High,
        ),
        ("cluster.main", "public_access", json!(false), json!(true), Critical),
        ("cluster.main", "public_access", json!(true), json!(false), High),
        ("cluster.main", "public_cidrs", json!(["10.0.0.0/8"]), json!(["0.0.0.0/0"]), Critical),
        ("cluster.main", "logging", json!(["api", "audit"]), json!(["api"]), High),
        ("cluster.main", "logging", json!(["api"]), json!(["api", "audit"]), Medium),
        ("node_group.main", "max", json!(3), json!(1), High),
        ("node_group.main", "max", json!(3), json!(5), Medium),
        ("node_group.main", "count", json!(3), json!(0), Critical),
        ("target_group.main", "health_check.interval_seconds", json!(15), json!(30), Low),
        ("target_group.main", "health_check.timeout_seconds", json!(5), json!(6), Medium),
        ("target_group.main", "health_check.matcher", json!("200"), json!("404"), High),
        ("bucket.packages", "policy", Value::Null, policy(json!("*")), Critical),
        ("bucket.packages", "policy", Value::Null, policy(json!({"AWS": "999988887777"})), Critical),
        ("bucket.packages", "policy", policy(json!({"AWS": "111122223333"})), Value::Null, High),
        (
            "iam_role.nodes",
            "trust",
            json!({"service": "ec2.amazonaws.com"}),
            json!({"other": policy(json!("*"))}),
            Critical,
        ),
        ("iam_role.nodes", "policies", json!([{"id": "a"}]), json!([]), Critical),
        ("security_group.load-balancer", "ingress", users(), json!([rule("0.0.0.0/0", 443, "Others")]), Low),
        (
            "security_group.load-balancer",
            "ingress",
            users(),
            json!([rule("0.0.0.0/0", 443, "Users"), rule("0.0.0.0/0", 22, "")]),
            Critical,
        ),
        (
            "security_group.load-balancer",
            "ingress",
            users(),
            json!([rule("0.0.0.0/0", 443, "Users"), rule("10.0.0.0/8", 22, "")]),
            High,
        ),
        ("security_group.load-balancer", "ingress", users(), json!([]), High),
        ("security_group.load-balancer", "egress", json!([]), json!([rule("0.0.0.0/0", 443, "")]), High),
        (
            "security_group_rule.database-from-nodes",
            "peer",
            json!({"group": "sg-1"}),
            json!({"cidr": "0.0.0.0/0"}),
            Critical,
        ),
        ("subnet.private-a", "map_public_ip", json!(false), json!(true), Critical),
        ("vpc.main", "dns_support", json!(true), json!(false), Critical),
        ("load_balancer.main", "scheme", json!("internal"), json!("internet-facing"), Critical),
        ("kms_key.main", "enabled", json!(true), json!(false), Critical),
    ];
    for (at, path, before, after, grade) in cases {
        let told = verdict(&world, at, path, &before, &after);
        assert_eq!(told.grade, grade, "{at} {path}: {before} to {after}");
    }
    let name = world.look(&"addon.coredns".parse().unwrap(), |look| {
        severity_of(&look, "kubernetes_version", &json!("1.34"), &json!("1.35"))
    });
    assert_eq!(name, None, "no answer tells it");
}

#[test]
fn every_tracked_row_is_weighed() {
    let world = World::in_sync();
    let mut weighed = 0;
    for at in world.one_of_each() {
        let stands = |row: &&MemberRow| !row.path.starts_with("PendingModifiedValues.");
        for row in world.table(&at).rows.iter().filter(stands) {
            let MemberClass::Tracked(fields) = &row.class else { continue };
            for field in fields {
                let told = verdict(&world, &at.to_string(), field, &json!("one"), &json!("other"));
                assert!(Some(told.grade) >= row.grade || told.rule.is_some(), "{at} {field}: {told:?}");
                assert!(!told.why.is_empty() || !row.rules.is_empty(), "{at} {field}");
                weighed += 1;
            }
        }
    }
    println!("{weighed} fields of tracked rows");
    assert!(weighed >= 200, "{weighed}");
}
