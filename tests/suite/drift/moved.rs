//! What is drift: at least one move for every kind.

use aws_sdk_ec2::types::{AttributeBooleanValue, IpPermission, IpRange, Tag};
use aws_sdk_eks::types::{LogSetup, LogType, Logging, NodegroupScalingConfig, UpdateLabelsPayload, VpcConfigRequest};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, TargetGroupAttribute};
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, VersioningConfiguration,
};

use super::Standing;

fn off() -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(false).build()
}

fn everywhere(port: i32) -> IpPermission {
    let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).ip_ranges(range).build()
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a list of moves, one after the other")]
async fn in_the_network() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let ec2 = &aws.ec2;
    let vpc = at.id("vpc.main");
    at.drifts(
        &[("vpc.main", "dns_hostnames")],
        ec2.modify_vpc_attribute().vpc_id(&vpc).enable_dns_hostnames(off()).send(),
    )
    .await;
    at.drifts(
        &[("vpc.main", "tags.Name")],
        ec2.delete_tags().resources(&vpc).tags(Tag::builder().key("Name").build()).send(),
    )
    .await;

    let gateway = at.id("internet_gateway.main");
    let stack = Tag::builder().key("ppm-infra:stack").build();
    at.drifts(
        &[("internet_gateway.main", "tags.ppm-infra:stack")],
        ec2.delete_tags().resources(&gateway).tags(stack).send(),
    )
    .await;

    let subnet = at.id("subnet.private-a");
    let on = AttributeBooleanValue::builder().value(true).build();
    at.drifts(
        &[("subnet.private-a", "map_public_ip")],
        ec2.modify_subnet_attribute().subnet_id(&subnet).map_public_ip_on_launch(on).send(),
    )
    .await;
    let role = Tag::builder().key("kubernetes.io/role/elb").build();
    let public = at.id("subnet.public-b");
    at.drifts(
        &[("subnet.public-b", "tags.kubernetes.io/role/elb")],
        ec2.delete_tags().resources(&public).tags(role).send(),
    )
    .await;

    let address = at.id("elastic_ip.nat-a");
    let renamed = Tag::builder().key("Name").value("mine").build();
    at.drifts(&[("elastic_ip.nat-a", "tags.Name")], ec2.create_tags().resources(&address).tags(renamed.clone()).send())
        .await;
    let nat = at.id("nat_gateway.b");
    at.drifts(&[("nat_gateway.b", "tags.Name")], ec2.create_tags().resources(&nat).tags(renamed).send()).await;
    // A gateway that is gone leaves a route to nowhere behind.
    let nat = at.id("nat_gateway.c");
    at.drifts(
        &[
            ("nat_gateway.c", "gone"),
            ("route_table.private-c", "routes.0.0.0.0/0.blackhole"),
            ("route_table.private-c", "routes.0.0.0.0/0.nat_gateway"),
        ],
        ec2.delete_nat_gateway().nat_gateway_id(&nat).send(),
    )
    .await;

    let table = at.id("route_table.private-a");
    at.drifts(
        &[("route_table.private-a", "routes.0.0.0.0/0")],
        ec2.delete_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0").send(),
    )
    .await;
    at.drifts(
        &[
            ("route_table.private-a", "routes.0.0.0.0/0.internet_gateway"),
            ("route_table.private-a", "routes.0.0.0.0/0.nat_gateway"),
        ],
        ec2.replace_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0").gateway_id(&gateway).send(),
    )
    .await;
    let table = at.id("route_table.private-b");
    let found = ec2.describe_route_tables().route_table_ids(&table).send().await.unwrap();
    let association = found.route_tables()[0].associations()[0].route_table_association_id().unwrap().to_owned();
    at.drifts(
        &[("route_table.private-b", "subnets")],
        ec2.disassociate_route_table().association_id(association).send(),
    )
    .await;

    let endpoint = at.id("vpc_endpoint.s3");
    at.drifts(
        &[("vpc_endpoint.s3", "route_tables")],
        ec2.modify_vpc_endpoint().vpc_endpoint_id(&endpoint).remove_route_table_ids(&table).send(),
    )
    .await;

    let group = at.id("security_group.load-balancer");
    at.drifts(
        &[("security_group.load-balancer", "ingress")],
        ec2.authorize_security_group_ingress().group_id(&group).ip_permissions(everywhere(22)).send(),
    )
    .await;
    at.drifts(
        &[("security_group.load-balancer", "ingress")],
        ec2.revoke_security_group_ingress().group_id(&group).ip_permissions(everywhere(443)).send(),
    )
    .await;
    let group = at.id("security_group.database");
    let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let all = IpPermission::builder().ip_protocol("-1").ip_ranges(range).build();
    at.drifts(
        &[("security_group.database", "egress")],
        ec2.authorize_security_group_egress().group_id(&group).ip_permissions(all).send(),
    )
    .await;
    let rule = at.id("security_group_rule.database-from-nodes");
    let stack = Tag::builder().key("ppm-infra:stack").build();
    at.drifts(
        &[("security_group_rule.database-from-nodes", "tags.ppm-infra:stack")],
        ec2.delete_tags().resources(&rule).tags(stack).send(),
    )
    .await;
    at.drifts(
        &[("security_group_rule.database-from-nodes", "gone")],
        ec2.revoke_security_group_ingress().group_id(&group).security_group_rule_ids(rule).send(),
    )
    .await;
    let rule = at.id("security_group_rule.nodes-from-load-balancer");
    let group = at.computed("security_group_rule.nodes-from-load-balancer", "group_id");
    at.drifts(
        &[("security_group_rule.nodes-from-load-balancer", "gone")],
        ec2.revoke_security_group_ingress().group_id(&group).security_group_rule_ids(rule).send(),
    )
    .await;
    assert_eq!(at.moves, 18);
}

#[tokio::test]
async fn in_who_may_do_what() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let (iam, kms) = (&aws.iam, &aws.kms);
    at.drifts(
        &[("iam_role.nodes", "policies")],
        iam.detach_role_policy()
            .role_name("ppm-prod-nodes")
            .policy_arn("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy")
            .send(),
    )
    .await;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    at.drifts(
        &[("iam_role.cluster", "trust.service")],
        iam.update_assume_role_policy().role_name("ppm-prod-cluster").policy_document(trust).send(),
    )
    .await;
    at.drifts(
        &[("iam_role.package-manager", "description")],
        iam.update_role().role_name("ppm-prod-package-manager").description("mine").send(),
    )
    .await;
    let policy = at.id("iam_policy.package-manager");
    let open = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#;
    at.drifts(
        &[("iam_policy.package-manager", "document.Statement")],
        iam.create_policy_version().policy_arn(&policy).policy_document(open).set_as_default(true).send(),
    )
    .await;
    at.drifts(
        &[("iam_policy.package-manager", "tags.Name")],
        iam.untag_policy().policy_arn(&policy).tag_keys("Name").send(),
    )
    .await;
    let provider = at.id("oidc_provider.main");
    at.drifts(
        &[("oidc_provider.main", "audiences")],
        iam.add_client_id_to_open_id_connect_provider()
            .open_id_connect_provider_arn(&provider)
            .client_id("others.example.com")
            .send(),
    )
    .await;

    let key = at.id("kms_key.main");
    at.drifts(&[("kms_key.main", "rotation")], kms.disable_key_rotation().key_id(&key).send()).await;
    at.drifts(&[("kms_key.main", "enabled")], kms.disable_key().key_id(&key).send()).await;
    at.drifts(
        &[("kms_key.main", "enabled"), ("kms_key.main", "scheduled_deletion")],
        kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send(),
    )
    .await;
    let widened = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AccountDecidesThroughIam","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*"}]}"#;
    at.drifts(
        &[("kms_key.main", "policy.Statement")],
        kms.put_key_policy().key_id(&key).policy_name("default").policy(widened).send(),
    )
    .await;
    at.drifts(&[("kms_key.main", "description")], kms.update_key_description().key_id(&key).description("mine").send())
        .await;
    assert_eq!(at.moves, 11);
}

#[tokio::test]
async fn in_what_holds_data() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let (s3, rds, secrets) = (&aws.s3, &aws.rds, &aws.secrets);
    let bucket = at.id("bucket.packages");
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    at.drifts(
        &[("bucket.packages", "versioning")],
        s3.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send(),
    )
    .await;
    let open = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(false)
        .restrict_public_buckets(true)
        .build();
    at.drifts(
        &[("bucket.packages", "public_access_block.block_public_policy")],
        s3.put_public_access_block().bucket(&bucket).public_access_block_configuration(open).send(),
    )
    .await;
    at.drifts(&[("bucket.packages", "policy")], s3.delete_bucket_policy().bucket(&bucket).send()).await;
    let plain = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().unwrap();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(plain)
        .bucket_key_enabled(true)
        .build();
    let plain = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    at.drifts(
        &[("bucket.packages", "kms_key")],
        s3.put_bucket_encryption().bucket(&bucket).server_side_encryption_configuration(plain).send(),
    )
    .await;
    at.drifts(&[("bucket.packages", "abort_uploads_days")], s3.delete_bucket_lifecycle().bucket(&bucket).send()).await;

    let login = at.id("secret.database");
    at.drifts(
        &[("secret.database", "description")],
        secrets.update_secret().secret_id(&login).description("mine").send(),
    )
    .await;
    let key = at.id("secret.encryption-key");
    at.drifts(
        &[("secret.encryption-key", "tags.Name")],
        secrets.untag_resource().secret_id(&key).tag_keys("Name").send(),
    )
    .await;

    at.drifts(
        &[("db_subnet_group.database", "description")],
        rds.modify_db_subnet_group()
            .db_subnet_group_name("ppm-prod-database")
            .db_subnet_group_description("mine")
            .set_subnet_ids(Some(["a", "b", "c"].iter().map(|z| at.id(&format!("subnet.private-{z}"))).collect()))
            .send(),
    )
    .await;
    let group = at.id("db_parameter_group.database");
    let lax = Parameter::builder()
        .parameter_name("rds.force_ssl")
        .parameter_value("0")
        .apply_method(ApplyMethod::Immediate)
        .build();
    at.drifts(
        &[("db_parameter_group.database", "parameters.rds.force_ssl")],
        rds.modify_db_parameter_group().db_parameter_group_name(&group).parameters(lax).send(),
    )
    .await;
    let modify = || rds.modify_db_instance().db_instance_identifier("ppm-prod-database").apply_immediately(true);
    at.drifts(&[("database.main", "backup_days")], modify().backup_retention_period(1).send()).await;
    at.drifts(&[("database.main", "deletion_protection")], modify().deletion_protection(false).send()).await;
    at.drifts(&[("database.main", "multi_az")], modify().multi_az(false).send()).await;
    at.drifts(&[("database.main", "publicly_accessible")], modify().publicly_accessible(true).send()).await;
    assert_eq!(at.moves, 13);
}

#[tokio::test]
async fn in_the_cluster_and_before_it() {
    let mut at = Standing::with("").await;
    let aws = at.aws.clone();
    let (eks, elb, autoscaling) = (&aws.eks, &aws.elb, &aws.autoscaling);
    let narrow = VpcConfigRequest::builder()
        .endpoint_public_access(true)
        .endpoint_private_access(true)
        .public_access_cidrs("203.0.113.0/24")
        .build();
    at.drifts(
        &[("cluster.main", "public_cidrs")],
        eks.update_cluster_config().name("ppm-prod").resources_vpc_config(narrow).send(),
    )
    .await;
    let every = [LogType::Api, LogType::Audit, LogType::Authenticator, LogType::ControllerManager, LogType::Scheduler];
    let quiet = LogSetup::builder().set_types(Some(every.to_vec())).enabled(false).build();
    at.drifts(
        &[("cluster.main", "logging")],
        eks.update_cluster_config().name("ppm-prod").logging(Logging::builder().cluster_logging(quiet).build()).send(),
    )
    .await;
    at.drifts(
        &[("addon.kube-proxy", "gone")],
        eks.delete_addon().cluster_name("ppm-prod").addon_name("kube-proxy").send(),
    )
    .await;
    let principal = at.computed("access_entry.creator", "principal_arn");
    at.drifts(
        &[("access_entry.creator", "policies")],
        eks.disassociate_access_policy()
            .cluster_name("ppm-prod")
            .principal_arn(&principal)
            .policy_arn("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy")
            .send(),
    )
    .await;
    let nodes = at.computed("node_group.main", "name");
    let wider = NodegroupScalingConfig::builder().min_size(3).desired_size(3).max_size(9).build();
    let update = || eks.update_nodegroup_config().cluster_name("ppm-prod").nodegroup_name(&nodes);
    at.drifts(&[("node_group.main", "max")], update().scaling_config(wider).send()).await;
    let unlabelled = UpdateLabelsPayload::builder().remove_labels("ppm-infra/nodes").build();
    at.drifts(&[("node_group.main", "labels.ppm-infra/nodes")], update().labels(unlabelled).send()).await;

    let balancer = at.id("load_balancer.main");
    let attribute = |key: &str, value: &str| LoadBalancerAttribute::builder().key(key).value(value).build();
    let set = |key: &str, value: &str| {
        elb.modify_load_balancer_attributes().load_balancer_arn(&balancer).attributes(attribute(key, value)).send()
    };
    at.drifts(&[("load_balancer.main", "idle_timeout_seconds")], set("idle_timeout.timeout_seconds", "60")).await;
    at.drifts(&[("load_balancer.main", "deletion_protection")], set("deletion_protection.enabled", "false")).await;
    at.drifts(
        &[("load_balancer.main", "tags.Name")],
        elb.remove_tags().resource_arns(&balancer).tag_keys("Name").send(),
    )
    .await;

    let targets = at.id("target_group.main");
    at.drifts(
        &[("target_group.main", "health_check.path")],
        elb.modify_target_group().target_group_arn(&targets).health_check_path("/").send(),
    )
    .await;
    let slow = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("300").build();
    at.drifts(
        &[("target_group.main", "deregistration_delay_seconds")],
        elb.modify_target_group_attributes().target_group_arn(&targets).attributes(slow).send(),
    )
    .await;
    let https = at.id("listener.https");
    at.drifts(
        &[("listener.https", "ssl_policy")],
        elb.modify_listener().listener_arn(&https).ssl_policy("ELBSecurityPolicy-2016-08").send(),
    )
    .await;
    let http = at.id("listener.http");
    at.drifts(&[("listener.http", "gone")], elb.delete_listener().listener_arn(&http).send()).await;
    let group = at.computed("node_group.main", "autoscaling_group");
    at.drifts(
        &[("target_attachment.nodes", "gone")],
        autoscaling
            .detach_load_balancer_target_groups()
            .auto_scaling_group_name(&group)
            .target_group_arns(&targets)
            .send(),
    )
    .await;
    assert_eq!(at.moves, 14);
}
