//! The nodes of a standing stack: what EKS tells late, and what runs while the limits move. The program itself, against
//! the strict emulator.

use aws_sdk_eks::types::NodegroupScalingConfig;
use serde_json::{Value, json};

use crate::drift::Standing;

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const ATTACHMENT: &str = "target_attachment.nodes";

/// A stack whose node group is being made: EKS has answered, and the run has died.
async fn being_made() -> Standing {
    let at = Standing::with("").await;
    let id = at.id("node_group.main");
    let (cluster, group) = id.split_once('/').unwrap();
    at.aws.eks.delete_nodegroup().cluster_name(cluster).nodegroup_name(group).send().await.unwrap();
    at.desk.run(&["state", "rm", ATTACHMENT]).exit(0);
    at.desk.run(&["state", "rm", "node_group.main"]).exit(0);
    // From now on nothing happens by itself; the roles are known to EKS by then.
    at.emulator.post("/strict/settings", &json!({"scale": 1, "advance": 900}));
    let died = json!({"service": "eks", "operation": "DescribeNodegroup", "kind": "denied"});
    at.emulator.post("/strict/faults", &died);
    at.desk.run(&APPLY).exit(1).says(&["DescribeNodegroup"]);
    at.emulator.post("/strict/faults/clear", &json!({}));
    at.emulator.post("/strict/log/clear", &Value::Null);
    at
}

/// Nothing was ever asked with an empty name.
fn assert_all_named(at: &Standing) {
    for call in at.emulator.calls() {
        assert_ne!(call["outcome"], "ValidationError", "{call}");
    }
}

#[tokio::test]
async fn a_group_that_is_still_being_made_has_no_machines_to_attach_yet() {
    let at = being_made().await;
    at.desk.run(&PLAN).exit(2).says(&["node_group.main", ATTACHMENT]);
    let said = at.desk.run(&["drift"]).exit(2).says(&["the add-on is DEGRADED", "2 not declared by anybody."]);
    assert!(!said.stdout.contains("the node group is"), "it is recorded as unfinished: {said}");
    at.desk.run(&["plan", "--destroy"]).exit(0);
    // It is done meanwhile: what EKS tells now takes the place of what was recorded.
    at.emulator.post("/strict/settings", &json!({"scale": 0}));
    at.desk.run(&APPLY).exit(0);
    assert_all_named(&at);
    let group = at.computed("node_group.main", "autoscaling_group");
    assert_eq!(at.computed(ATTACHMENT, "autoscaling_group"), group);
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn a_group_that_failed_makes_room_for_another() {
    let at = being_made().await;
    let id = at.id("node_group.main");
    at.emulator.post("/strict/mutate", &json!({"kind": "nodegroup", "id": id, "action": "fail_creation"}));
    at.desk.run(&PLAN).exit(2).says(&["node_group.main", ATTACHMENT]);
    // It is recorded as unfinished, so nobody moved it.
    let said = at.desk.run(&["drift"]).exit(2).says(&["node_group.main", "CREATE_FAILED", "the add-on is DEGRADED"]);
    assert!(!said.stdout.contains("the node group is"), "{said}");
    at.desk.run(&["plan", "--destroy"]).exit(0);
    at.emulator.post("/strict/settings", &json!({"scale": 0}));
    at.desk.run(&APPLY).exit(0);
    assert_all_named(&at);
    at.desk.run(&PLAN).exit(0);
}

/// How many nodes there are at least, at most, and how many should run.
async fn sizes(at: &Standing) -> (i32, i32, i32) {
    let id = at.id("node_group.main");
    let (cluster, group) = id.split_once('/').unwrap();
    let found = at.aws.eks.describe_nodegroup().cluster_name(cluster).nodegroup_name(group).send().await.unwrap();
    let NodegroupScalingConfig { min_size, max_size, desired_size, .. } =
        found.nodegroup.unwrap().scaling_config.unwrap();
    (min_size.unwrap(), max_size.unwrap(), desired_size.unwrap())
}

fn nodes(at: &Standing, count: u32, max: u32) {
    let nodes = format!("kubernetes: {{nodes: {{count: {count}, max: {max}}}}}");
    at.desk.declare_with(&format!("{nodes}\npackage_manager: {{replicas: 2}}"));
}

#[tokio::test]
async fn limits_that_move_leave_what_runs_alone_where_they_can() {
    let at = Standing::with("kubernetes: {nodes: {count: 3, max: 6}}\npackage_manager: {replicas: 2}").await;
    let id = at.id("node_group.main");
    let runs = |value: u32| {
        at.emulator
            .post("/strict/mutate", &json!({"kind": "nodegroup", "id": id, "action": "desired", "value": value}));
    };
    for (count, max, running, left) in [
        // An autoscaler has decided: raising the least number drains nobody.
        (4, 6, 5, 5),
        (2, 6, 5, 5),
        (2, 8, 6, 6),
        // Fewer than there must be are made more.
        (4, 8, 2, 4),
    ] {
        runs(running);
        nodes(&at, count, max);
        at.desk.run(&APPLY).exit(0);
        assert_eq!(sizes(&at).await, (count.cast_signed(), max.cast_signed(), left), "{running} ran");
        at.desk.run(&PLAN).exit(0);
    }
    // More than there may be have to go, and the plan says so.
    runs(8);
    nodes(&at, 4, 5);
    at.desk.run(&PLAN).exit(2).says(&["8 nodes run and 5 may: applying drains 3 of them"]);
    at.desk.run(&APPLY).exit(0);
    assert_eq!(sizes(&at).await, (4, 5, 5));
    assert!(!at.desk.run(&PLAN).exit(0).stdout.contains("drains"));
}
