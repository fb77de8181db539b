//! What is done about drift, from the program itself in a rehearsal: it is accepted, waived or fixed.

mod accept;
mod fix;
mod pending;
mod put_right;
mod waive;

use ppm_infra::stack::Stack;
use serde_json::{Value, json};

use crate::support::binary::Desk;

/// A declaration with its comments, and values that stand in it once.
const DECLARED: &str = r#"# The packages of everybody.
stack: ppm-prod # first part of every name
region: us-east-1

# Who may reach it.
kubernetes:
  # The office.
  public_cidrs:
    # keep in order
    - 203.0.113.0/24
    - 198.51.100.0/24
  nodes:
    disk_gib: 123  # for Git builds

# The metadata.
database:
  instance_class: db.t3.xlarge # as in the architecture
  storage_gib: 120

  # Restored twice a year, see the wiki: "backup_days" of others are shorter.
  backup_days: 11
  multi_az: true

load_balancer:
  idle_timeout_seconds: 311
  allow_from: [192.0.2.0/24, 10.0.0.0/8]
  # From ACM.
  certificate: arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555
  domain: packages.example.com
# The end.
"#;

/// A desk on which a declaration stands.
fn standing(text: &str) -> Desk {
    let desk = Desk::simulated();
    desk.write("plans/prod.yaml", text);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0);
    desk
}

/// The same stack with its declaration written otherwise.
fn written(before: &Desk, text: &str) -> Desk {
    let parsed = |text: &str| Stack::parse("prod.yaml", text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(parsed(text), parsed(&before.read("plans/prod.yaml")), "it says the same: {text}");
    let desk = Desk::simulated();
    desk.write("plans/prod.yaml", text);
    for file in ["world.json", "state/ppm-prod.lock.json", "out/ppm-prod.values.yaml"] {
        desk.write(file, &before.read(file));
    }
    desk
}

/// Changes what is declared of an object in the world.
fn meddle(desk: &Desk, address: &str, change: impl FnOnce(&mut Value)) {
    crate::recover::meddle(desk, address, None, |object| change(&mut object["declared"]));
}

/// Several things that somebody moved: addresses, fields, and how the declaration says it afterwards.
fn move_all(desk: &Desk) -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
    meddle(desk, "database.main", |database| {
        database["instance_class"] = json!("db.m6g.xlarge");
        database["storage_gib"] = json!(240);
        database["backup_days"] = json!(3);
        database["multi_az"] = json!(false);
    });
    meddle(desk, "load_balancer.main", |balancer| balancer["idle_timeout_seconds"] = json!(622));
    meddle(desk, "node_group.main", |nodes| nodes["disk_gib"] = json!(456));
    meddle(desk, "cluster.main", |cluster| cluster["public_cidrs"] = json!(["198.51.101.0/24", "203.0.113.0/24"]));
    meddle(desk, "security_group.load-balancer", |group| {
        let text = group["ingress"].to_string().replace("10.0.0.0/8", "10.0.0.0/9");
        group["ingress"] = serde_json::from_str(&text).unwrap();
    });
    vec![
        ("database.main", "instance_class", "db.t3.xlarge", "db.m6g.xlarge"),
        ("database.main", "storage_gib", "120", "240"),
        ("database.main", "backup_days", "11", "3"),
        ("database.main", "multi_az", "true", "false"),
        ("load_balancer.main", "idle_timeout_seconds", "311", "622"),
        ("node_group.main", "disk_gib", "123", "456"),
        ("cluster.main", "public_cidrs", "198.51.100.0/24", "198.51.101.0/24"),
        ("security_group.load-balancer", "ingress", "10.0.0.0/8", "10.0.0.0/9"),
    ]
}
