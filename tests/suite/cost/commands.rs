//! The commands that tell what a stack costs.

use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::hint::follow;

/// What the reference stack costs in us-east-1, as docs/cost.md works it out.
const REFERENCE: i64 = 2_021_625_000;

fn desk() -> Desk {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk
}

#[test]
fn an_estimate_needs_nothing_but_the_declaration() {
    let desk = desk();
    let before = desk.files();
    let said = desk.run(&["cost", "--cloud", "aws"]).exit(0).says(&[
        "Network  USD 110 a month",
        "3 × c6a.4xlarge",
        "2,190 hours × 0.612",
        "1,340",
        "USD 2,022 a month.",
        "List prices of 2024-07-01 to 2026-09-01",
        "Not included",
        "`cost.package_tb` is not declared",
    ]);
    assert_eq!(said.stderr, "", "{said}");
    assert!(!said.stdout.contains("no price"), "{said}");
    let told = desk.run(&["cost", "--json"]).exit(0).json().remove(0);
    assert_eq!(told["summary"]["micro_usd"], REFERENCE);
    assert_eq!(told["summary"]["prices"], json!({"oldest": "2024-07-01", "newest": "2026-09-01"}));
    assert_eq!(told["summary"]["without_price"], 0);
    let lines = told["lines"].as_array().unwrap();
    assert_eq!(lines.iter().filter_map(|line| line["micro_usd"].as_i64()).sum::<i64>(), REFERENCE);
    let nodes = lines.iter().find(|line| line["item"] == "ec2 c6a.4xlarge").unwrap();
    assert_eq!(
        *nodes,
        json!({
            "objects": ["node_group.main"], "component": "kubernetes", "what": "3 × c6a.4xlarge", "item": "ec2 c6a.4xlarge",
            "quantity": "2190", "unit": "hour",
            "price": {"micro_usd": 612_000, "date": "2026-07-20", "is_assumed": false},
            "micro_usd": 1_340_280_000, "because": null,
        })
    );
    let free: Vec<&str> = told["free"].as_array().unwrap().iter().filter_map(|one| one["because"].as_str()).collect();
    assert!(free.contains(&"a subnet costs nothing"), "{free:?}");
    assert_eq!(desk.files(), before, "nothing is written");
}

#[test]
fn what_would_be_otherwise_is_told_beside_what_is_declared() {
    let desk = desk();
    let what_if = ["cost", "--set", "database.multi_az=false", "--set", "network.nat=single"];
    desk.run(&what_if).exit(0).says(&[
        "USD 2,022 → 1,726 a month (-295), with database.multi_az=false, network.nat=single.",
        "Otherwise than declared",
        "database.main",
        "446 → 223",
    ]);
    let told = desk.run(&[&what_if[..], &["--json"]].concat()).exit(0).json().remove(0);
    assert_eq!(told["summary"]["declared_micro_usd"], REFERENCE);
    // 211.70 and 11.50 in place of 422.67 and 23.00; two gateways and their addresses less.
    let saved = 422_670_000 - 211_700_000 + 11_500_000 + 2 * (32_850_000 + 3_650_000);
    assert_eq!(told["summary"]["micro_usd"], REFERENCE - saved);
    let differs: Vec<&str> =
        told["differs"].as_array().unwrap().iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(differs, ["database.main", "elastic_ip.nat-b", "elastic_ip.nat-c", "nat_gateway.b", "nat_gateway.c"]);
    for (setting, status, said) in [
        ("database.multi_az", 64, "is no setting"),
        ("database.size=3", 64, "there is no key `database.size` to set"),
        ("database.storage_gib=many", 64, "whole number"),
        ("network.zones=9", 64, "out of range"),
        ("network.cidr=10.0.0.0/24", 65, "problem in plans/reference.yaml with network.cidr=10.0.0.0/24"),
    ] {
        desk.run(&["cost", "--set", setting]).exit(status).says(&[said]);
    }
}

#[test]
fn a_spreadsheet_has_every_digit_of_every_line() {
    let desk = desk();
    let said = desk.run(&["cost", "--csv"]).exit(0);
    let mut lines = said.stdout.lines();
    let names = "stack,region,component,objects,what,item,quantity,unit,unit_price,price_date,usd_a_month,remark";
    assert_eq!(lines.next(), Some(names));
    let all: Vec<&str> = lines.collect();
    let nodes = "ppm-prod,us-east-1,kubernetes,node_group.main,3 × c6a.4xlarge,ec2 c6a.4xlarge,2190,hour,0.612,2026-07-20,1340.280000,";
    assert!(all.contains(&nodes), "{said}");
    let left_out =
        "ppm-prod,us-east-1,data,bucket.packages,packages,,,,,,,not included: `cost.package_tb` is not declared";
    assert!(all.contains(&left_out), "{said}");
    desk.run(&["cost", "--csv", "--json"]).exit(64).says(&["cannot be used with"]);
}

#[test]
fn what_has_no_price_says_so_and_is_in_no_sum() {
    let desk = Desk::simulated();
    desk.declare(&[("region: us-east-1", "region: eu-west-3"), ("acm:us-east-1", "acm:eu-west-3")]);
    desk.run(&["cost"]).exit(0).says(&[
        "elb alb-hour",
        "no price is known in this region",
        "2 lines without a price in eu-west-3",
    ]);
    let told = desk.run(&["cost", "--json"]).exit(0).json().remove(0);
    let missing: Vec<&Value> = told["lines"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|line| !line["item"].is_null() && line["price"].is_null())
        .collect();
    assert_eq!(missing.len(), 2, "{missing:#?}");
    assert!(missing.iter().all(|line| line["micro_usd"].is_null() && line["because"].is_string()), "{missing:#?}");
    let csv = desk.run(&["cost", "--csv"]).exit(0);
    assert!(csv.stdout.contains(",elb alb-hour,730,,,,,no price is known in eu-west-3\n"), "{csv}");
    desk.run(&["plan"]).exit(0).says(&["without 2 items that have no price in eu-west-3; "]);
}

#[test]
fn a_plan_tells_what_it_changes_of_the_cost() {
    let desk = desk();
    let dates = "List prices of 2024-07-01 to 2026-09-01";
    let first = "Cost: USD 0 → 2,022 a month (+2,022): node_group.main +1,364, database.main +446, 3 × nat_gateway +99, the rest +113. ";
    let said = desk.run(&["plan", "-o", "first.plan.json"]).exit(0).says(&[&format!("{first}{dates}; ")]);
    follow(&desk, &said, "has the lines", "ppm-infra cost").exit(0).says(&["USD 2,022 a month."]);
    desk.run(&["show", "first.plan.json"]).exit(0).says(&[&format!("{first}{dates}; ")]);
    desk.run(&["apply", "--auto-approve"]).exit(0).says(&[first]);
    let same = desk.run(&["plan"]).exit(0).says(&["No changes."]);
    assert!(!same.stdout.contains("Cost:"), "{same}");
    desk.declare_with("tags:\n  team: data");
    desk.run(&["plan"]).exit(0).says(&[&format!("Cost: USD 2,022 a month, as before. {dates}; ")]);
    desk.declare(&[]);
    desk.declare_with("database:\n  multi_az: false\nnetwork:\n  nat: single");
    desk.run(&["plan"]).exit(0).says(&[
        "Cost: USD 2,022 → 1,726 a month (-295): database.main -222, 2 × nat_gateway -66, 2 × elastic_ip -7.30. ",
    ]);
    let told = desk.run(&["plan", "--json"]).exit(0).json().remove(0);
    let cost = &told["cost"];
    let saved = -(422_670_000 - 211_700_000 + 11_500_000 + 2 * (32_850_000 + 3_650_000));
    assert_eq!((&cost["before_micro_usd"], &cost["delta_micro_usd"]), (&json!(REFERENCE), &json!(saved)));
    assert_eq!(cost["causes"][0], json!({"objects": ["database.main"], "micro_usd": -222_470_000}));
    assert_eq!(cost["causes"][1]["objects"], json!(["nat_gateway.b", "nat_gateway.c"]));
    assert_eq!(cost["without_price"], json!([]));
    assert_eq!(cost["region"], "us-east-1");
}

#[test]
fn what_destroy_keeps_goes_on_costing_and_a_last_snapshot_too() {
    let desk = desk();
    desk.declare_with("protect: []");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let kept = "Cost: USD 2,022 → 447 a month (-1,574), for what is kept: database.main 446, kms_key.main 1.00, 2 × secret 0.80. ";
    desk.run(&["plan", "--destroy"]).exit(0).says(&[kept]);
    // 100 GB of snapshot at 0.095, beside the key that is kept.
    let snapshot = "Cost: USD 2,022 → 11 a month (-2,011), for what is kept: database.main 9.50, kms_key.main 1.00. ";
    desk.run(&["plan", "--destroy", "--delete-data", "database,bucket"]).exit(0).says(&[snapshot]);
    let none = ["plan", "--destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--json"];
    let told = desk.run(&none).exit(0).json().remove(0);
    assert_eq!((&told["cost"]["after_micro_usd"], &told["cost"]["remaining"]), (&json!(0), &json!([])));
    desk.run(&["destroy", "--auto-approve"])
        .exit(0)
        .says(&[kept, "were kept. What was kept costs about USD 447 a month as long as it stands."]);
}
