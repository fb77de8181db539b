//! What somebody changed, added or left behind, so that commands have something to put right, to take away, or to remove.

use aws_sdk_ec2::types::{
    AttributeBooleanValue, Filter, IpPermission, IpRange, SecurityGroupRuleRequest, SecurityGroupRuleUpdate,
};
use aws_sdk_eks::types::{AccessScope, AccessScopeType, LogSetup, LogType, Logging, UpdateLabelsPayload};
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancerAttribute, TargetGroupAttribute};
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tagging, VersioningConfiguration,
};
use serde_json::{Value, json};

use super::Scene;

fn boolean(value: bool) -> AttributeBooleanValue {
    AttributeBooleanValue::builder().value(value).build()
}

fn from(range: &str, port: i32) -> IpPermission {
    let range = IpRange::builder().cidr_ip(range).build();
    IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port).ip_ranges(range).build()
}

fn everything() -> String {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// A change that `drift` shows, and who made it.
pub(super) async fn database(at: &Scene) {
    let change = at.aws.rds.modify_db_instance().db_instance_identifier("ppm-prod-database");
    change.backup_retention_period(1).apply_immediately(true).send().await.unwrap();
}

pub(super) async fn network(at: &Scene) {
    let ec2 = &at.aws.ec2;
    ec2.modify_vpc_attribute().vpc_id(at.id("vpc.main")).enable_dns_hostnames(boolean(false)).send().await.unwrap();
    let subnet = ec2.modify_subnet_attribute().subnet_id(at.id("subnet.private-a"));
    subnet.map_public_ip_on_launch(boolean(true)).send().await.unwrap();
    let [a, b, c] = ["a", "b", "c"].map(|zone| at.id(&format!("route_table.private-{zone}")));
    let route = ec2.delete_route().route_table_id(&a).destination_cidr_block("0.0.0.0/0");
    route.send().await.unwrap();
    let route = ec2.replace_route().route_table_id(&b).destination_cidr_block("0.0.0.0/0");
    route.gateway_id(at.id("internet_gateway.main")).send().await.unwrap();
    for table in [&b, &c] {
        let found = ec2.describe_route_tables().route_table_ids(table).send().await.unwrap();
        let association = found.route_tables()[0].associations()[0].route_table_association_id().unwrap().to_owned();
        if table == &b {
            ec2.disassociate_route_table().association_id(association).send().await.unwrap();
        } else {
            let other = ec2.replace_route_table_association().association_id(association);
            other.route_table_id(&a).send().await.unwrap();
        }
    }
    let endpoint = ec2.modify_vpc_endpoint().vpc_endpoint_id(at.id("vpc_endpoint.s3"));
    endpoint.remove_route_table_ids(&a).send().await.unwrap();
    let group = at.id("security_group.load-balancer");
    ec2.authorize_security_group_ingress().group_id(&group).ip_permissions(from("0.0.0.0/0", 22)).send().await.unwrap();
    let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let all = IpPermission::builder().ip_protocol("-1").ip_ranges(range).build();
    ec2.authorize_security_group_egress()
        .group_id(at.id("security_group.database"))
        .ip_permissions(all.clone())
        .send()
        .await
        .unwrap();
    let incoming = ec2.revoke_security_group_ingress().group_id(&group);
    incoming.ip_permissions(from("0.0.0.0/0", 443)).send().await.unwrap();
    let found = ec2.describe_security_groups().group_ids(&group).send().await.unwrap();
    let outgoing = found.security_groups()[0].ip_permissions_egress().to_vec();
    ec2.revoke_security_group_egress().group_id(&group).set_ip_permissions(Some(outgoing)).send().await.unwrap();
    let within = Filter::builder().name("group-id").values(&group).build();
    let rules = ec2.describe_security_group_rules().filters(within).send().await.unwrap();
    let http = rules.security_group_rules().iter().find(|rule| rule.from_port() == Some(80)).unwrap();
    let described = SecurityGroupRuleRequest::builder().ip_protocol("tcp").from_port(80).to_port(80);
    let described = described.cidr_ipv4("0.0.0.0/0").description("mine").build();
    let http = SecurityGroupRuleUpdate::builder().set_security_group_rule_id(http.security_group_rule_id.clone());
    let modified = ec2.modify_security_group_rules().group_id(&group);
    modified.security_group_rules(http.security_group_rule(described).build()).send().await.unwrap();
}

pub(super) async fn access(at: &Scene) {
    let (iam, kms) = (&at.aws.iam, &at.aws.kms);
    let role = iam.detach_role_policy().role_name("ppm-prod-nodes");
    role.policy_arn("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy").send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam.update_assume_role_policy().role_name("ppm-prod-cluster").policy_document(trust).send().await.unwrap();
    iam.update_role().role_name("ppm-prod-package-manager").description("mine").send().await.unwrap();
    iam.untag_role().role_name("ppm-prod-package-manager").tag_keys("Name").send().await.unwrap();
    let policy = at.id("iam_policy.package-manager");
    // A policy has room for five versions.
    for _ in 0..4 {
        let version = iam.create_policy_version().policy_arn(&policy).policy_document(everything());
        version.set_as_default(true).send().await.unwrap();
    }
    iam.untag_policy().policy_arn(&policy).tag_keys("Name").send().await.unwrap();
    let provider = at.id("oidc_provider.main");
    let client = iam.add_client_id_to_open_id_connect_provider().open_id_connect_provider_arn(&provider);
    client.client_id("others.example.com").send().await.unwrap();
    let client = iam.remove_client_id_from_open_id_connect_provider().open_id_connect_provider_arn(&provider);
    client.client_id("sts.amazonaws.com").send().await.unwrap();
    iam.untag_open_id_connect_provider().open_id_connect_provider_arn(&provider).tag_keys("Name").send().await.unwrap();
    let key = at.id("kms_key.main");
    let widened = r#"{"Version":"2012-10-17","Statement":[{"Sid":"AccountDecidesThroughIam","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"},{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*"}]}"#;
    kms.put_key_policy().key_id(&key).policy_name("default").policy(widened).send().await.unwrap();
    kms.update_key_description().key_id(&key).description("mine").send().await.unwrap();
    kms.disable_key_rotation().key_id(&key).send().await.unwrap();
    kms.untag_resource().key_id(&key).tag_keys("Name").send().await.unwrap();
    kms.disable_key().key_id(&key).send().await.unwrap();
    kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();
}

pub(super) async fn data(at: &Scene) {
    let (s3, rds, secrets) = (&at.aws.s3, &at.aws.rds, &at.aws.secrets);
    let bucket = at.id("bucket.packages");
    let suspended = VersioningConfiguration::builder().status(BucketVersioningStatus::Suspended).build();
    s3.put_bucket_versioning().bucket(&bucket).versioning_configuration(suspended).send().await.unwrap();
    let open = PublicAccessBlockConfiguration::builder().block_public_acls(true).build();
    s3.put_public_access_block().bucket(&bucket).public_access_block_configuration(open).send().await.unwrap();
    s3.delete_bucket_policy().bucket(&bucket).send().await.unwrap();
    s3.delete_bucket_ownership_controls().bucket(&bucket).send().await.unwrap();
    s3.delete_bucket_lifecycle().bucket(&bucket).send().await.unwrap();
    let there = s3.get_bucket_tagging().bucket(&bucket).send().await.unwrap();
    let kept = there.tag_set().iter().filter(|tag| tag.key() != "Name").cloned().collect();
    let tags = Tagging::builder().set_tag_set(Some(kept)).build().unwrap();
    s3.put_bucket_tagging().bucket(&bucket).tagging(tags).send().await.unwrap();
    let plain = ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256).build().unwrap();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(plain)
        .bucket_key_enabled(true)
        .build();
    let plain = ServerSideEncryptionConfiguration::builder().rules(rule).build().unwrap();
    let encryption = s3.put_bucket_encryption().bucket(&bucket).server_side_encryption_configuration(plain);
    encryption.send().await.unwrap();
    secrets.update_secret().secret_id(at.id("secret.database")).description("mine").send().await.unwrap();
    let key = secrets.untag_resource().secret_id(at.id("secret.encryption-key"));
    key.tag_keys("Name").send().await.unwrap();
    let subnets = ["a", "b", "c"].iter().map(|zone| at.id(&format!("subnet.private-{zone}"))).collect();
    rds.modify_db_subnet_group()
        .db_subnet_group_name("ppm-prod-database")
        .db_subnet_group_description("mine")
        .set_subnet_ids(Some(subnets))
        .send()
        .await
        .unwrap();
    let lax = Parameter::builder().parameter_name("rds.force_ssl").parameter_value("0");
    let lax = lax.apply_method(ApplyMethod::Immediate).build();
    let group = rds.modify_db_parameter_group().db_parameter_group_name(at.id("db_parameter_group.database"));
    group.parameters(lax).send().await.unwrap();
}

pub(super) async fn cluster(at: &Scene) {
    let (eks, elb, autoscaling) = (&at.aws.eks, &at.aws.elb, &at.aws.autoscaling);
    let every = [LogType::Api, LogType::Audit, LogType::Authenticator, LogType::ControllerManager, LogType::Scheduler];
    let quiet = LogSetup::builder().set_types(Some(every.to_vec())).enabled(false).build();
    let logging = Logging::builder().cluster_logging(quiet).build();
    eks.update_cluster_config().name("ppm-prod").logging(logging).send().await.unwrap();
    eks.delete_addon().cluster_name("ppm-prod").addon_name("kube-proxy").send().await.unwrap();
    let entry = eks.disassociate_access_policy().cluster_name("ppm-prod");
    let entry = entry.principal_arn(at.computed("access_entry.creator", "principal_arn"));
    let admin = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
    entry.policy_arn(admin).send().await.unwrap();
    let entry = eks.associate_access_policy().cluster_name("ppm-prod");
    let entry = entry.principal_arn(at.computed("access_entry.creator", "principal_arn"));
    let view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
    let everywhere = AccessScope::builder().r#type(AccessScopeType::Cluster).build();
    entry.policy_arn(view).access_scope(everywhere).send().await.unwrap();
    let unlabelled = UpdateLabelsPayload::builder().remove_labels("ppm-infra/nodes").build();
    let nodes = eks.update_nodegroup_config().cluster_name("ppm-prod");
    let nodes = nodes.nodegroup_name(at.computed("node_group.main", "name"));
    nodes.labels(unlabelled).send().await.unwrap();
    let cluster = eks.describe_cluster().name("ppm-prod").send().await.unwrap().cluster.unwrap();
    eks.untag_resource().resource_arn(cluster.arn.unwrap()).tag_keys("Name").send().await.unwrap();
    let balancer = at.id("load_balancer.main");
    let idle = LoadBalancerAttribute::builder().key("idle_timeout.timeout_seconds").value("60").build();
    elb.modify_load_balancer_attributes().load_balancer_arn(&balancer).attributes(idle).send().await.unwrap();
    elb.remove_tags().resource_arns(&balancer).tag_keys("Name").send().await.unwrap();
    let targets = at.id("target_group.main");
    elb.modify_target_group().target_group_arn(&targets).health_check_path("/").send().await.unwrap();
    let slow = TargetGroupAttribute::builder().key("deregistration_delay.timeout_seconds").value("300").build();
    elb.modify_target_group_attributes().target_group_arn(&targets).attributes(slow).send().await.unwrap();
    let https = elb.modify_listener().listener_arn(at.id("listener.https"));
    https.ssl_policy("ELBSecurityPolicy-2016-08").send().await.unwrap();
    let group = at.computed("node_group.main", "autoscaling_group");
    let detach = autoscaling.detach_load_balancer_target_groups().auto_scaling_group_name(&group);
    detach.target_group_arns(&targets).send().await.unwrap();
}

/// What somebody added, of which a look for drift asks more.
pub(super) async fn added(at: &Scene) {
    let (ec2, iam) = (&at.aws.ec2, &at.aws.iam);
    let copy = at.aws.rds.create_db_snapshot().db_instance_identifier("ppm-prod-database");
    copy.db_snapshot_identifier("mine").send().await.unwrap();
    let inline = iam.put_role_policy().role_name("ppm-prod-nodes").policy_name("more");
    inline.policy_document(everything()).send().await.unwrap();
    let group = ec2.create_security_group().vpc_id(at.id("vpc.main")).group_name("theirs").description("theirs");
    let group = group.send().await.unwrap().group_id.unwrap();
    let balancer = at.aws.elb.set_security_groups().load_balancer_arn(at.id("load_balancer.main"));
    let both = vec![group, at.id("security_group.load-balancer")];
    balancer.set_security_groups(Some(both)).send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam.create_role().role_name("argo").assume_role_policy_document(trust).send().await.unwrap();
    let entry = at.aws.eks.create_access_entry().cluster_name("ppm-prod");
    entry.principal_arn("arn:aws:iam::123456789012:role/argo").send().await.unwrap();
    let more = Parameter::builder().parameter_name("log_min_duration_statement").parameter_value("5");
    let more = more.apply_method(ApplyMethod::Immediate).build();
    let settings = at.aws.rds.modify_db_parameter_group();
    let settings = settings.db_parameter_group_name(at.id("db_parameter_group.database"));
    settings.parameters(more).send().await.unwrap();
}

/// What hangs on a role and a policy that the next apply removes.
pub(super) async fn around_a_role(at: &Scene) {
    let iam = &at.aws.iam;
    hang(at, "iam_policy.secrets-reader", "ppm-prod-secrets-reader", "stray").await;
    iam.create_group().group_name("ops").send().await.unwrap();
    let group = iam.attach_group_policy().group_name("ops").policy_arn(at.id("iam_policy.secrets-reader"));
    group.send().await.unwrap();
    at.aws.rds.delete_db_snapshot().db_snapshot_identifier("mine").send().await.unwrap();
    let ec2 = &at.aws.ec2;
    let theirs = Filter::builder().name("group-name").values("theirs").build();
    let found = ec2.describe_security_groups().filters(theirs).send().await.unwrap();
    ec2.delete_security_group().group_id(found.security_groups()[0].group_id().unwrap()).send().await.unwrap();
}

/// A user with a policy of ours, and a role of ours with a policy and a profile that are not.
async fn hang(at: &Scene, policy: &str, role: &str, name: &str) {
    let iam = &at.aws.iam;
    iam.create_user().user_name(name).send().await.unwrap();
    iam.attach_user_policy().user_name(name).policy_arn(at.id(policy)).send().await.unwrap();
    let inline = iam.put_role_policy().role_name(role).policy_name(name);
    inline.policy_document(everything()).send().await.unwrap();
    let profile = format!("eks-{name}");
    iam.create_instance_profile().instance_profile_name(&profile).send().await.unwrap();
    let put = iam.add_role_to_instance_profile().instance_profile_name(&profile).role_name(role);
    put.send().await.unwrap();
}

/// Puts into objects of the stack what is not its own, and answers the command that takes all of it away.
pub(super) async fn extras(at: &Scene) -> Vec<String> {
    crate::taken_away::add_everywhere(&at.aws, |address, field| at.computed(address, field)).await;
    let report = at.desk.run(&["drift", "--json", "--no-who"]).json().remove(0);
    let all = report["undeclared"].as_array().unwrap().iter().filter(|one| one["class"] == "drift.extra");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let words = all.flat_map(|one| {
        [text(&one["address"]), text(if one["name"].is_null() { &one["member"] } else { &one["name"] })]
    });
    ["drift", "fix", "--auto-approve"].into_iter().map(str::to_owned).chain(words).collect()
}

/// What is in the way of a destroy: data, and what hangs on roles and policies.
pub(super) async fn leftovers(at: &Scene) {
    let (s3, iam) = (&at.aws.s3, &at.aws.iam);
    let bucket = at.id("bucket.packages");
    for _ in 0..2 {
        s3.put_object().bucket(&bucket).key("a/b").body(b"x".to_vec().into()).send().await.unwrap();
    }
    s3.create_multipart_upload().bucket(&bucket).key("half").send().await.unwrap();
    hang(at, "iam_policy.package-manager", "ppm-prod-nodes", "left").await;
    iam.create_group().group_name("builders").send().await.unwrap();
    let group = iam.attach_group_policy().group_name("builders").policy_arn(at.id("iam_policy.package-manager"));
    group.send().await.unwrap();
    interfaces_stay(at, 1);
}

/// From here on so many interfaces of nodes stay behind when nodes go.
pub(super) fn interfaces_stay(at: &Scene, count: u32) {
    let mut extra = at.emulator.get("/strict/settings")["extra"].clone();
    extra["cni_leaks"] = json!(count);
    at.emulator.post("/strict/settings", &json!({ "extra": extra }));
}
