//! What certainly will not end well ends soon and with its cause, and not when AWS gives up some twenty minutes later. The
//! program itself, against the strict emulator, whose clock runs sixty times as fast as ours.

use std::time::Duration;

use aws_sdk_ec2::types::{AttributeBooleanValue, Filter, IpPermission, UserIdGroupPair};
use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const ATTACHMENT: &str = "target_attachment.nodes";
/// What is asked while nodes are waited for.
const NODES: &str = "DescribeNodegroup";

/// A stack that stands, but for its nodes.
async fn without_nodes() -> Standing {
    let mut at = Standing::with("").await;
    let id = at.id("node_group.main");
    let (cluster, group) = id.split_once('/').unwrap();
    at.aws.eks.delete_nodegroup().cluster_name(cluster).nodegroup_name(group).send().await.unwrap();
    at.desk.run(&["state", "rm", ATTACHMENT]).exit(0);
    at.desk.run(&["state", "rm", "node_group.main"]).exit(0);
    // The roles are known to EKS by then.
    at.emulator.post("/strict/settings", &json!({"advance": 900, "scale": 60, "consistency": {"kms": 0}}));
    at.desk = at.desk.with("PPM_INFRA_TIME_SCALE", "60");
    at.emulator.post("/strict/log/clear", &Value::Null);
    at
}

/// The first call of an operation, once it was made.
async fn called(emulator: &Emulator, operation: &str) -> Value {
    loop {
        if let Some(call) = emulator.calls().into_iter().find(|call| call["operation"] == operation) {
            return call;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The cause is told; says how many seconds of AWS's time after the call that began it nobody waits any more.
#[expect(clippy::print_stdout, reason = "a figure of what is measured")]
fn ended(emulator: &Emulator, said: Said, cause: &str, (from, waits): (&Value, &str)) -> Said {
    let said = said.exit(1).says(&[cause]);
    let last = emulator.calls().into_iter().rfind(|call| call["operation"] == waits).unwrap();
    let seconds = last["at"].as_f64().unwrap() - from["at"].as_f64().unwrap();
    println!("{cause}: told after {seconds:.0} s");
    said
}

/// What happens to the account while nodes are made, and what is said of it.
struct Cause {
    says: &'static str,
    happens: fn(Standing) -> std::pin::Pin<Box<dyn Future<Output = Standing>>>,
}

/// Makes the nodes, and lets something happen the moment they are asked for. EKS itself must not have given up yet.
async fn told_early(cause: Cause) {
    let at = without_nodes().await;
    let apply = at.desk.start(&APPLY);
    let began = called(&at.emulator, "CreateNodegroup").await;
    let at = (cause.happens)(at).await;
    let said = ended(&at.emulator, apply.end(), cause.says, (&began, NODES));
    let groups = at.aws.eks.list_nodegroups().cluster_name("ppm-prod").send().await.unwrap();
    let group = at.aws.eks.describe_nodegroup().cluster_name("ppm-prod").nodegroup_name(&groups.nodegroups()[0]);
    let status = group.send().await.unwrap().nodegroup.unwrap().status.unwrap();
    assert_eq!(status.as_str(), "CREATING", "EKS has not given up: {said}");
}

async fn detached(at: Standing, policy: &str) -> Standing {
    let call = at.aws.iam.detach_role_policy().role_name("ppm-prod-nodes");
    call.policy_arn(format!("arn:aws:iam::aws:policy/{policy}")).send().await.unwrap();
    at
}

#[tokio::test]
async fn machines_that_may_not_register() {
    told_early(Cause {
        says: "lacks the policy AmazonEKSWorkerNodePolicy",
        happens: |at| Box::pin(detached(at, "AmazonEKSWorkerNodePolicy")),
    })
    .await;
}

#[tokio::test]
async fn machines_that_may_not_pull_images() {
    told_early(Cause {
        says: "lacks the policy AmazonEC2ContainerRegistryPullOnly",
        happens: |at| Box::pin(detached(at, "AmazonEC2ContainerRegistryPullOnly")),
    })
    .await;
}

#[tokio::test]
async fn machines_without_network() {
    told_early(Cause {
        says: "lacks the policy AmazonEKS_CNI_Policy",
        happens: |at| Box::pin(detached(at, "AmazonEKS_CNI_Policy")),
    })
    .await;
}

#[tokio::test]
async fn machines_that_may_not_enter_the_cluster() {
    told_early(Cause {
        says: "has no access entry",
        happens: |at| {
            Box::pin(async move {
                let role = at.computed("iam_role.nodes", "arn");
                let call = at.aws.eks.delete_access_entry().cluster_name("ppm-prod").principal_arn(role);
                call.send().await.unwrap();
                at
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_network_without_names() {
    told_early(Cause {
        says: "DNS resolution or DNS host names are off",
        happens: |at| {
            Box::pin(async move {
                let off = AttributeBooleanValue::builder().value(false).build();
                let call = at.aws.ec2.modify_vpc_attribute().vpc_id(at.id("vpc.main")).enable_dns_hostnames(off);
                call.send().await.unwrap();
                at
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_network_without_a_way_out() {
    told_early(Cause {
        says: "has no way out and no endpoint of the registry",
        happens: |at| {
            Box::pin(async move {
                for zone in ["a", "b", "c"] {
                    let table = at.id(&format!("route_table.private-{zone}"));
                    let call = at.aws.ec2.delete_route().route_table_id(table).destination_cidr_block("0.0.0.0/0");
                    call.send().await.unwrap();
                }
                at
            })
        },
    })
    .await;
}

#[tokio::test]
async fn a_way_out_that_leads_to_what_is_gone() {
    told_early(Cause {
        says: "which is gone (route table",
        happens: |at| {
            Box::pin(async move {
                for zone in ["a", "b", "c"] {
                    let gateway = at.id(&format!("nat_gateway.{zone}"));
                    at.aws.ec2.delete_nat_gateway().nat_gateway_id(gateway).send().await.unwrap();
                }
                // It takes AWS a minute until the route is dead.
                at.emulator.post("/strict/settings", &json!({"advance": 60}));
                at
            })
        },
    })
    .await;
}

async fn closed(aws: &Clients) {
    let told = aws.eks.describe_cluster().name("ppm-prod").send().await.unwrap().cluster.unwrap();
    let group = told.resources_vpc_config.unwrap().cluster_security_group_id.unwrap();
    let filter = Filter::builder().name("group-id").values(&group).build();
    let there = aws.ec2.describe_security_groups().filters(filter).send().await.unwrap();
    let from_itself = |rule: &&IpPermission| {
        rule.user_id_group_pairs().iter().any(|pair: &UserIdGroupPair| pair.group_id() == Some(group.as_str()))
    };
    let rule = there.security_groups()[0].ip_permissions().iter().find(from_itself).unwrap().clone();
    aws.ec2.revoke_security_group_ingress().group_id(&group).ip_permissions(rule).send().await.unwrap();
}

#[tokio::test]
async fn a_firewall_between_nodes_and_control_plane() {
    told_early(Cause {
        says: "lets nothing in from itself",
        happens: |at| {
            Box::pin(async move {
                closed(&at.aws).await;
                at
            })
        },
    })
    .await;
}

#[tokio::test]
async fn machines_whose_disks_cannot_be_encrypted() {
    let at = without_nodes().await;
    let key = at.aws.kms.create_key().send().await.unwrap().key_metadata.unwrap();
    at.aws.kms.disable_key().key_id(&key.key_id).send().await.unwrap();
    at.emulator.post("/strict/settings", &json!({"extra": {"disk_key": key.arn.unwrap()}}));
    let skip = ["--skip", "kubernetes.nodes.disk_key=to see what happens"];
    let apply = at.desk.start(&[&APPLY, &skip[..]].concat());
    let began = called(&at.emulator, "CreateNodegroup").await;
    ended(&at.emulator, apply.end(), "machines cannot be started", (&began, NODES)).says(&["Client.InvalidKMSKey"]);
}

#[tokio::test]
async fn machines_for_which_the_account_has_no_vcpus() {
    let at = without_nodes().await;
    at.emulator.post("/strict/settings", &json!({"quotas": {"L-1216C47A": 47}}));
    let apply = at.desk.start(&[&APPLY[..], &["--skip", "quota.vcpus=to see what happens"]].concat());
    let began = called(&at.emulator, "CreateNodegroup").await;
    ended(&at.emulator, apply.end(), "VcpuLimitExceeded", (&began, NODES));
}

/// A stack that is made from nothing, and something that fails while it is made.
async fn fails((operation, waits): (&str, &str), order: Value, says: &str) {
    let emulator = Emulator::start(60);
    let desk = Desk::at(&emulator.endpoint(), 60);
    desk.declare(&[]);
    let apply = desk.start(&APPLY);
    let began = called(&emulator, operation).await;
    emulator.post("/strict/mutate", &order);
    // What was begun beside it is finished first.
    ended(&emulator, apply.end(), says, (&began, waits));
}

#[tokio::test]
async fn a_database_that_ails_before_it_stands() {
    for status in ["incompatible-network", "inaccessible-encryption-credentials"] {
        let order = json!({"kind": "db_instance", "id": "ppm-prod-database", "action": "status", "value": status});
        fails(("CreateDBInstance", "DescribeDBInstances"), order, &format!("RDS says that it is {status}")).await;
    }
}

#[tokio::test]
async fn a_cluster_that_fails() {
    let order = json!({"kind": "cluster", "id": "ppm-prod", "action": "fail_creation"});
    fails(("CreateCluster", "DescribeCluster"), order, "FAILED").await;
}
