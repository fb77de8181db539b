//! What differs without meaning anything: never drift, never a change.

use std::future::ready;

use aws_sdk_ec2::types::{IpPermission, IpRange, Tag};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, LoadBalancerAttribute, RuleCondition,
    TargetGroupTuple, TargetTypeEnum,
};
use aws_sdk_s3::types::{
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use serde_json::{Value, json};

use super::Standing;

#[tokio::test]
async fn what_means_nothing_is_no_drift() {
    // An autoscaler may move the size between three and nine.
    let mut at = Standing::with("kubernetes:\n  nodes:\n    max: 9").await;
    let aws = at.aws.clone();
    let never = |value| ready(Ok::<_, ()>(value));

    let policy = r#"{"Statement":[{"Resource":["*"],"Action":["kms:*"],"Principal":{"AWS":["123456789012"]},"Effect":"Allow","Sid":"AccountDecidesThroughIam"}],"Version":"2012-10-17"}"#;
    let key = at.id("kms_key.main");
    at.stays(
        "a key policy in another order",
        aws.kms.put_key_policy().key_id(&key).policy_name("default").policy(policy).send(),
    )
    .await;

    let bucket = at.id("bucket.packages");
    let policy = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Condition":{{"Bool":{{"aws:SecureTransport":["false"]}}}},"Resource":["arn:aws:s3:::{bucket}/*","arn:aws:s3:::{bucket}"],"Action":["s3:*"],"Principal":{{"AWS":"*"}},"Effect":"Deny","Sid":"NothingWithoutTls"}}}}"#
    );
    at.stays("a bucket policy in another order", aws.s3.put_bucket_policy().bucket(&bucket).policy(policy).send())
        .await;

    let trust = r#"{ "Statement": { "Action": ["sts:AssumeRole"], "Effect": "Allow",  "Principal": {"Service": ["eks.amazonaws.com"]} }, "Version": "2012-10-17" }"#;
    at.stays(
        "a trust policy in another order",
        aws.iam.update_assume_role_policy().role_name("ppm-prod-cluster").policy_document(trust).send(),
    )
    .await;

    let minor =
        json!({"kind": "db_instance", "id": "ppm-prod-database", "action": "minor_version", "version": "17.99"});
    at.stays("a newer minor of the engine", never(at.emulator.post("/strict/mutate", &minor))).await;

    let nodes = at.computed("node_group.main", "name");
    let size = json!({"kind": "nodegroup", "id": format!("ppm-prod/{nodes}"), "action": "desired", "value": 5});
    at.stays("a size an autoscaler chose", never(at.emulator.post("/strict/mutate", &size))).await;

    let rules = json!({"kind": "cluster", "id": "ppm-prod", "action": "controller_rules"});
    at.stays("rules a load balancer controller added", never(at.emulator.post("/strict/mutate", &rules))).await;

    let by_id = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .kms_master_key_id(at.computed("kms_key.main", "key_id"))
        .build()
        .unwrap();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_id)
        .bucket_key_enabled(true)
        .build();
    let by_id = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    at.stays(
        "a key by its id instead of its ARN",
        aws.s3.put_bucket_encryption().bucket(&bucket).server_side_encryption_configuration(by_id).send(),
    )
    .await;

    let foreign = Tag::builder().key("cost-center").value("42").build();
    let vpc = at.id("vpc.main");
    let ec2 = &aws.ec2;
    at.stays("a tag of others on the network", ec2.create_tags().resources(&vpc).tags(foreign).send()).await;
    let arn = at.computed("database.main", "arn");
    let foreign = aws_sdk_rds::types::Tag::builder().key("backup").value("daily").build();
    at.stays(
        "a tag of others on the database",
        aws.rds.add_tags_to_resource().resource_name(&arn).tags(foreign).send(),
    )
    .await;
    let cluster = at.computed("cluster.main", "arn");
    at.stays(
        "a tag of others on the cluster",
        aws.eks.tag_resource().resource_arn(&cluster).tags("team", "data").send(),
    )
    .await;

    at.stays(
        "a policy of others on a role",
        aws.iam
            .attach_role_policy()
            .role_name("ppm-prod-nodes")
            .policy_arn("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
            .send(),
    )
    .await;
    let secret = at.id("secret.database");
    let rotated = r#"{"username":"ppm","password":"anotherpassword"}"#;
    at.stays(
        "another password in the secret",
        aws.secrets.put_secret_value().secret_id(&secret).secret_string(rotated).send(),
    )
    .await;
    assert_eq!(at.moves, 12);
}

/// What AWS does by itself, and ways to say the same in other words.
#[tokio::test]
async fn what_comes_to_the_same_is_no_drift() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let never = |value| ready(Ok::<_, ()>(value));
    let by_itself = |kind: &str, id: &str, action: &str, value: &str| json!({"kind": kind, "id": id, "action": action, "value": value});
    let nodes = format!("ppm-prod/{}", at.computed("node_group.main", "name"));
    for (what, order) in [
        ("a failover of the database", by_itself("db_instance", "ppm-prod-database", "failover", "")),
        (
            "another authority of the database's certificate",
            by_itself("db_instance", "ppm-prod-database", "ca_certificate", "rds-ca-rsa4096-g1"),
        ),
        ("maintenance that is planned", by_itself("db_instance", "ppm-prod-database", "maintenance", "system-update")),
        ("another version of the platform of EKS", by_itself("cluster", "ppm-prod", "platform_version", "")),
        ("a load balancer of the controller", by_itself("cluster", "ppm-prod", "controller_balancer", "")),
        ("a node that was replaced", by_itself("nodegroup", &nodes, "lose_instance", "")),
    ] {
        at.stays(what, never(at.emulator.post("/strict/mutate", &order))).await;
    }

    let window = aws.rds.modify_db_instance().db_instance_identifier("ppm-prod-database");
    at.stays("a window in capitals", window.preferred_maintenance_window("Sun:04:30-Sun:05:30").send()).await;
    let mut subnets = ["private-c", "private-b", "private-a"].map(|name| at.id(&format!("subnet.{name}"))).to_vec();
    let group = aws.rds.modify_db_subnet_group().db_subnet_group_name(at.id("db_subnet_group.database"));
    at.stays("subnets of the database in another order", group.set_subnet_ids(Some(subnets)).send()).await;
    subnets = ["public-b", "public-c", "public-a"].map(|name| at.id(&format!("subnet.{name}"))).to_vec();
    let balancer = aws.elb.set_subnets().load_balancer_arn(at.id("load_balancer.main"));
    at.stays("subnets of the load balancer in another order", balancer.set_subnets(Some(subnets)).send()).await;

    let tuple = TargetGroupTuple::builder().target_group_arn(at.id("target_group.main")).weight(7).build();
    let forward = ForwardActionConfig::builder().target_groups(tuple).build();
    let forward = Action::builder().r#type(ActionTypeEnum::Forward).order(1).forward_config(forward).build();
    let listener = aws.elb.modify_listener().listener_arn(at.id("listener.https"));
    at.stays("where a listener leads, in the longer form", listener.default_actions(forward).send()).await;

    let group = at.id("security_group.load-balancer");
    let filter = aws_sdk_ec2::types::Filter::builder().name("group-id").values(&group).build();
    let rules = aws.ec2.describe_security_group_rules().filters(filter).send().await.unwrap();
    let rule = rules.security_group_rules().iter().find(|rule| rule.is_egress() == Some(false)).unwrap();
    let id = rule.security_group_rule_id().unwrap();
    let revoke = aws.ec2.revoke_security_group_ingress().group_id(&group).security_group_rule_ids(id);
    revoke.send().await.unwrap();
    let range = IpRange::builder().cidr_ip(rule.cidr_ipv4().unwrap()).set_description(rule.description.clone()).build();
    let again = IpPermission::builder().ip_protocol("tcp").set_from_port(rule.from_port).set_to_port(rule.to_port);
    let again =
        aws.ec2.authorize_security_group_ingress().group_id(&group).ip_permissions(again.ip_ranges(range).build());
    at.stays("a rule that was taken away and put back", again.send()).await;

    let policy = at.id("iam_policy.package-manager");
    let version = aws.iam.get_policy_version().policy_arn(&policy).version_id("v1").send().await.unwrap();
    let document = version.policy_version.unwrap().document.unwrap();
    let document = percent_encoding::percent_decode_str(&document).decode_utf8().unwrap().into_owned();
    let mut document: Value = serde_json::from_str(&document).unwrap();
    document["Statement"].as_array_mut().unwrap().reverse();
    let version = aws.iam.create_policy_version().policy_arn(&policy).set_as_default(true);
    at.stays("a policy in another version of the same", version.policy_document(document.to_string()).send()).await;
    assert_eq!(at.moves, 12);
}

#[tokio::test]
async fn what_others_do_beside_us_is_told_and_left_alone() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let (ec2, vpc) = (&aws.ec2, at.id("vpc.main"));
    let (table, gateway) = (at.id("route_table.public"), at.id("internet_gateway.main"));
    at.adds(
        ("route_table.public", "drift.extra", "high", "the route 192.168.0.0/16"),
        ec2.create_route().route_table_id(&table).destination_cidr_block("192.168.0.0/16").gateway_id(&gateway).send(),
    )
    .await;
    at.adds(
        ("vpc.main", "drift.extra", "medium", "the subnet subnet-"),
        ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.250.0/24").availability_zone("us-east-1a").send(),
    )
    .await;

    let balancer = at.id("load_balancer.main");
    let http2 = LoadBalancerAttribute::builder().key("routing.http2.enabled").value("false").build();
    at.adds(
        ("load_balancer.main", "drift.undeclared", "low", "routing.http2.enabled"),
        aws.elb.modify_load_balancer_attributes().load_balancer_arn(&balancer).attributes(http2).send(),
    )
    .await;
    let https = at.id("listener.https");
    let answer = FixedResponseActionConfig::builder().status_code("404").build();
    let action = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(answer).build();
    let condition = RuleCondition::builder().field("path-pattern").values("/private/*").build();
    at.adds(
        ("listener.https", "drift.extra", "high", "the listener rule"),
        aws.elb.create_rule().listener_arn(&https).priority(10).conditions(condition).actions(action).send(),
    )
    .await;
    let other = aws
        .elb
        .create_target_group()
        .name("others")
        .protocol(aws_sdk_elasticloadbalancingv2::types::ProtocolEnum::Http)
        .port(30500)
        .vpc_id(&vpc)
        .target_type(TargetTypeEnum::Instance)
        .send()
        .await
        .unwrap();
    let other = other.target_groups()[0].target_group_arn().unwrap().to_owned();
    let group = at.computed("node_group.main", "autoscaling_group");
    at.adds(
        ("target_attachment.nodes", "drift.extra", "high", "targetgroup/others"),
        aws.autoscaling
            .attach_load_balancer_target_groups()
            .auto_scaling_group_name(&group)
            .target_group_arns(other)
            .send(),
    )
    .await;
    assert_eq!(at.moves, 5);
}
