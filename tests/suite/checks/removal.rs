//! What keeps a stack from going, on the emulator.

use serde_json::json;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

const DESTROY: [&str; 5] = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];

#[tokio::test]
async fn node_groups_and_load_balancers_of_others_are_told_before_anything_goes() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let aws = emulator.clients().await;
    let refused = |says: &[&str]| {
        emulator.post("/strict/log/clear", &json!(null));
        desk.run(&DESTROY).exit(1).says(says).says(&["1 check failed", "nothing was changed"]);
        desk.run(&["plan", "--destroy"]).exit(1).says(says);
        assert_eq!(emulator.mutations(), 0, "nothing is removed");
    };

    let groups = aws.eks.list_nodegroups().cluster_name("ppm-prod").send().await.unwrap();
    let own = groups.nodegroups()[0].clone();
    let own = aws.eks.describe_nodegroup().cluster_name("ppm-prod").nodegroup_name(own).send().await.unwrap();
    let own = own.nodegroup.unwrap();
    let gpu = aws.eks.create_nodegroup().cluster_name("ppm-prod").nodegroup_name("gpu");
    let gpu = gpu.node_role(own.node_role().unwrap()).set_subnets(Some(own.subnets().to_vec()));
    gpu.send().await.unwrap();
    let remedy = "aws eks delete-nodegroup --region us-east-1 --cluster-name ppm-prod --nodegroup-name gpu";
    refused(&["error: cluster.main: the node group gpu stands on the cluster", remedy]);
    aws.eks.delete_nodegroup().cluster_name("ppm-prod").nodegroup_name("gpu").send().await.unwrap();

    let made =
        emulator.post("/strict/mutate", &json!({"kind": "cluster", "id": "ppm-prod", "action": "controller_balancer"}));
    let arn = made["load_balancer"].as_str().unwrap().to_owned();
    refused(&["error: cluster.main: Kubernetes made the load balancer", &arn]);
    aws.elb.delete_load_balancer().load_balancer_arn(&arn).send().await.unwrap();
    aws.ec2.delete_security_group().group_id(made["group"].as_str().unwrap()).send().await.unwrap();

    // What may not be read holds nothing up.
    emulator.post("/strict/faults", &json!({"service": "eks", "operation": "ListFargateProfiles", "kind": "denied"}));
    desk.run(&["plan", "--destroy"]).exit(0).says(&["unknown: cluster.main:", "eks:ListFargateProfiles"]);
    desk.run(&DESTROY).exit(0);
}
