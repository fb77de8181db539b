//! A look at some objects alone, of a stack that stands in the emulator: what it costs, and that it finds the same.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types::TargetDescription;
use serde_json::{Value, json};

use super::{days, history, standing, subjects, team, told};
use crate::drift::Standing;
use crate::support::inbox::Inbox;

/// How many calls a look makes, and to which operations.
fn calls(at: &Standing, only: &[&str]) -> (usize, BTreeSet<String>) {
    at.emulator.post("/strict/log/clear", &Value::Null);
    let named = only.iter().flat_map(|address| ["--only", address]);
    let args: Vec<&str> = ["drift", "--no-record", "--no-who"].into_iter().chain(named).collect();
    at.desk.run(&args).exit(0);
    let calls = at.emulator.calls();
    (calls.len(), calls.iter().map(|call| call["operation"].as_str().unwrap().to_owned()).collect())
}

#[tokio::test]
async fn only_what_is_needed_is_asked() {
    let at = Standing::with("").await;
    let (all, _) = calls(&at, &[]);
    for (address, most) in [
        ("security_group.database", 3),
        ("iam_role.nodes", 4),
        ("database.main", 5),
        ("target_group.main", 7),
        ("subnet.private-a", 12),
        ("bucket.packages", 10),
    ] {
        let (n, operations) = calls(&at, &[address]);
        assert!(n <= most && n * 6 < all, "{address}: {n} of {all}: {operations:?}");
    }
}

/// Everything that is told of one object, without when it was seen first.
fn findings(at: &Standing, address: &str, more: &[&str]) -> Vec<Value> {
    let said = at.desk.run(&[&["drift", "--no-record", "--no-who", "--json"], more].concat());
    let all = told(&said)["findings"].as_array().unwrap().clone();
    all.into_iter().filter(|one| one["address"] == address).collect()
}

#[tokio::test]
async fn it_finds_what_a_look_at_everything_finds() {
    let at = Standing::with("").await;
    // What is judged by the answers of others: a group that lets everybody in, a target that is none of our nodes, and a list
    // that filters everything.
    let open = at.aws.ec2.authorize_security_group_ingress().group_id(at.id("security_group.load-balancer"));
    open.ip_protocol("-1").cidr_ip("0.0.0.0/0").send().await.unwrap();
    let database = at.aws.rds.modify_db_instance().db_instance_identifier(at.id("database.main"));
    let groups = database.vpc_security_group_ids(at.id("security_group.load-balancer"));
    groups.apply_immediately(true).send().await.unwrap();
    let stranger = TargetDescription::builder().id("i-0123456789abcdef0").build();
    let target = at.aws.elb.register_targets().target_group_arn(at.id("target_group.main"));
    let _ = target.targets(stranger).send().await;
    let role = at.aws.iam.put_role_policy().role_name("ppm-prod-nodes").policy_name("all");
    let all = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    role.policy_document(all.to_string()).send().await.unwrap();
    let told = told(&at.desk.run(&["drift", "--no-record", "--no-who", "--json"]).exit(2));
    let drifted: BTreeSet<String> = told["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["address"].as_str().map(str::to_owned))
        .collect();
    assert!(drifted.len() >= 3, "{drifted:?}");
    assert!(drifted.contains("database.main") && drifted.contains("iam_role.nodes"), "{drifted:?}");
    for address in &drifted {
        let (alone, all) = (findings(&at, address, &["--only", address]), findings(&at, address, &[]));
        assert_eq!(alone, all, "{address}");
    }
}

#[tokio::test]
async fn what_is_needed_beside_it_and_cannot_be_read_is_not_in_sync() {
    let at = Standing::with("").await;
    at.emulator.post(
        "/strict/faults",
        &json!({"service": "autoscaling", "operation": "DescribeAutoScalingGroups", "kind": "denied"}),
    );
    let said = at.desk.run(&["drift", "--only", "target_group.main", "--no-record", "--json"]).exit(3);
    assert!(told(&said)["unread"].as_array().is_some_and(|all| !all.is_empty()), "{said}");
}

#[tokio::test]
async fn whoever_waits_for_looks_at_everything_does_not_hear_of_others() {
    let at = Standing::with("").await;
    let inbox = Inbox::answering(&[]);
    let url = inbox.url("/beat");
    at.desk.run(&["drift", "--only", "vpc.main", "--heartbeat", &url]).exit(0);
    assert_eq!(inbox.letters().len(), 0);
    at.desk.run(&["drift", "--heartbeat", &url]).exit(0);
    assert_eq!(inbox.letters().len(), 1);
}

#[test]
fn somebody_is_told_of_news_and_the_daily_message_is_left_to_looks_at_everything() {
    let desk = standing();
    days(&desk, 1);
    team(&desk, "x");
    let inbox = Inbox::answering(&[]);
    let target = format!("webhook:{}", inbox.url("/"));
    let look = |more: &[&str]| desk.run(&[&["drift", "--notify", &target], more].concat()).exit(2);
    let last = || serde_json::from_str::<Value>(&inbox.letters().pop().unwrap().body).unwrap();
    look(&["--only", "vpc.main"]);
    let letter = last();
    assert_eq!((&letter["reason"], &letter["left_out"]), (&json!("news"), &json!(45)));
    assert_eq!(letter["new"].as_array().unwrap().len(), 1, "{letter}");
    look(&["--only", "vpc.main"]);
    assert_eq!(inbox.letters().len(), 1, "nothing is new");
    look(&[]);
    assert_eq!((inbox.letters().len(), &last()["left_out"]), (2, &json!(0)));
    assert_eq!(history(&desk).last().unwrap()["notices"].as_object().unwrap().len(), 1);
    assert_eq!(subjects(&told(&desk.run(&["drift", "--no-record", "--json"]))).len(), 2);
}
