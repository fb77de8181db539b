//! What somebody put into objects of ours is taken away once it is named, and nothing else is.

use aws_sdk_ec2::types::{IpPermission, IpRange};
use aws_sdk_elasticloadbalancingv2::types::{Certificate, TargetDescription};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter,
};
use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::Desk;
use crate::support::hint::follow;

const ADMIN: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// Every name of what is not ours, by address.
fn extras(desk: &Desk) -> Vec<(String, String)> {
    let report = desk.run(&["drift", "--json", "--no-who"]).json().remove(0);
    let all = report["undeclared"].as_array().unwrap().iter().filter(|one| one["class"] == "drift.extra");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // What has no name of its own is named as findings name it, by the member of the answer.
    let name = |one: &Value| text(if one["name"].is_null() { &one["member"] } else { &one["name"] });
    all.map(|one| (text(&one["address"]), name(one))).collect()
}

fn everything() -> String {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

/// Puts something that is not ours into objects of many kinds of the reference stack; `computed` tells what AWS computed of
/// one.
pub(crate) async fn add_everywhere(aws: &Clients, computed: impl Fn(&str, &str) -> String) {
    let id = |address: &str| computed(address, "id");
    let role = aws.iam.put_role_policy().role_name("ppm-prod-package-manager").policy_name("admin");
    role.policy_document(everything()).send().await.unwrap();
    aws.iam.attach_role_policy().role_name("ppm-prod-nodes").policy_arn(ADMIN).send().await.unwrap();
    aws.iam.create_user().user_name("casey").send().await.unwrap();
    let ours = id("iam_policy.package-manager");
    aws.iam.attach_user_policy().user_name("casey").policy_arn(ours).send().await.unwrap();
    let provider = aws.iam.add_client_id_to_open_id_connect_provider();
    let provider = provider.open_id_connect_provider_arn(id("oidc_provider.main"));
    provider.client_id("somebody").send().await.unwrap();

    let entry = aws.eks.create_access_entry().cluster_name("ppm-prod");
    entry.principal_arn("arn:aws:iam::123456789012:user/casey").send().await.unwrap();

    let [vpc, table, gateway] = ["vpc.main", "route_table.public", "internet_gateway.main"].map(&id);
    let route = aws.ec2.create_route().route_table_id(table).destination_cidr_block("192.168.0.0/16");
    route.gateway_id(gateway).send().await.unwrap();
    let subnet = aws.ec2.create_subnet().vpc_id(&vpc).cidr_block("10.0.250.0/24");
    subnet.availability_zone("us-east-1a").send().await.unwrap();
    let group = aws.ec2.create_security_group().vpc_id(&vpc).group_name("others").description("others");
    group.send().await.unwrap();
    let range = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let ssh = IpPermission::builder().ip_protocol("tcp").from_port(22).to_port(22).ip_ranges(range).build();
    let firewall = computed("cluster.main", "security_group_id");
    aws.ec2.authorize_security_group_ingress().group_id(&firewall).ip_permissions(ssh).send().await.unwrap();
    let range = IpRange::builder().cidr_ip("203.0.113.0/24").build();
    let out = IpPermission::builder().ip_protocol("tcp").from_port(25).to_port(25).ip_ranges(range).build();
    aws.ec2.authorize_security_group_egress().group_id(&firewall).ip_permissions(out).send().await.unwrap();

    let condition =
        aws_sdk_elasticloadbalancingv2::types::RuleCondition::builder().field("path-pattern").values("/old/*");
    let answer = aws_sdk_elasticloadbalancingv2::types::FixedResponseActionConfig::builder().status_code("404").build();
    let action = aws_sdk_elasticloadbalancingv2::types::Action::builder()
        .r#type("fixed-response".into())
        .fixed_response_config(answer)
        .build();
    let rule = aws.elb.create_rule().listener_arn(id("listener.https")).priority(10).conditions(condition.build());
    rule.actions(action.clone()).send().await.unwrap();
    let listener = aws.elb.create_listener().load_balancer_arn(id("load_balancer.main")).port(8443);
    listener.protocol("HTTP".into()).default_actions(action).send().await.unwrap();

    let expiry = LifecycleRule::builder()
        .id("tidy")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(1).build());
    let bucket = id("bucket.packages");
    let there = aws.s3.get_bucket_lifecycle_configuration().bucket(&bucket).send().await.unwrap();
    let mut rules = there.rules().to_vec();
    rules.push(expiry.build().unwrap());
    let rules = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build().unwrap();
    aws.s3.put_bucket_lifecycle_configuration().bucket(&bucket).lifecycle_configuration(rules).send().await.unwrap();

    let (key, nodes) = (computed("kms_key.main", "key_id"), id("iam_role.nodes"));
    let arn = format!("arn:aws:iam::123456789012:role/{nodes}");
    let grant = aws.kms.create_grant().key_id(&key).grantee_principal(arn);
    grant.operations(aws_sdk_kms::types::GrantOperation::Decrypt).send().await.unwrap();
    aws.kms.create_alias().alias_name("alias/others").target_key_id(&key).send().await.unwrap();

    let reader = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS":
        "arn:aws:iam::123456789012:user/casey"}, "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]});
    let secret = aws.secrets.put_resource_policy().secret_id(id("secret.database"));
    secret.resource_policy(reader.to_string()).send().await.unwrap();
}

#[tokio::test]
async fn what_is_named_goes_and_nothing_else() {
    let standing = Standing::with("").await;
    let desk = &standing.desk;
    add_everywhere(&standing.aws, |address, field| standing.computed(address, field)).await;
    let added = extras(desk);
    let names: Vec<String> = added.iter().map(|(address, name)| format!("{address} {name}")).collect();
    assert_eq!(added.len(), 16, "{names:#?}");

    // Without its name nothing goes, and what is no extra has no such name.
    let said = desk.run(&["drift", "fix", "iam_role.nodes", "--auto-approve"]).exit(0);
    said.says(&["No changes"]);
    let said = desk.run(&["drift", "fix", "iam_role.nodes", "admin", "--auto-approve"]).exit(1);
    let said = said.says(&["iam_role.nodes has no admin that is not ours; it has", ADMIN]);
    follow(desk, &said, "shows what is not declared, and names it", "ppm-infra drift").exit(2).says(&[ADMIN]);
    let ours = "AmazonEKSWorkerNodePolicy";
    desk.run(&["drift", "fix", "iam_role.nodes", ours, "--auto-approve"]).exit(1).says(&["has no AmazonEKS"]);
    desk.run(&["drift", "fix", "iam_role.nodes", ADMIN]).exit(64).says(&["To be taken away", ADMIN, "--auto-approve"]);
    assert_eq!(extras(desk), added);

    let lockfile = desk.read("state/ppm-prod.lock.json");
    let (first, rest) = added.split_first().unwrap();
    let said = desk.run(&["drift", "--json", "--no-who"]).exit(2);
    assert!(said.stdout.contains("takes it away"), "{said}");
    let said = desk.run(&["drift", "fix", &first.0, &first.1, "--auto-approve", "--json"]).exit(0).json();
    assert_eq!(said[0]["extras"][0]["name"], json!(first.1), "{said:?}");
    assert_eq!(said[1]["taken_away"][0]["address"], json!(first.0), "{said:?}");
    assert_eq!(extras(desk), rest, "one was named");

    let mut words = vec!["drift", "fix", "--auto-approve"];
    words.extend(rest.iter().flat_map(|(address, name)| [address.as_str(), name.as_str()]));
    desk.run(&words).exit(0).says(&[&format!("{} taken away.", rest.len())]);
    assert_eq!(extras(desk), []);
    desk.run(&["drift"]).exit(0).says(&["In sync."]);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
    assert_eq!(desk.read("state/ppm-prod.lock.json"), lockfile, "nothing of it was ever recorded");
    let history = desk.run(&["drift", "history", "--json"]).exit(0).json().remove(0);
    let taken: Vec<&Value> =
        history["runs"].as_array().unwrap().iter().flat_map(|run| run["taken_away"].as_array().unwrap()).collect();
    assert_eq!(taken.len(), 16, "{history}");
}

const OTHER_CERTIFICATE: &str = "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-2222-2222-222222222222";

/// Puts something that is not ours where machines, names and addresses are.
async fn add_around_the_nodes(at: &Standing) {
    let aws = &at.aws;
    let nodes = aws.autoscaling.describe_auto_scaling_groups().send().await.unwrap();
    let group = nodes.auto_scaling_groups()[0].auto_scaling_group_name().unwrap();
    for process in ["HealthCheck", "AZRebalance"] {
        let suspended = aws.autoscaling.suspend_processes().auto_scaling_group_name(group);
        suspended.scaling_processes(process).send().await.unwrap();
    }
    at.emulator.post("/strict/mutate", &json!({"kind": "classic_load_balancer", "action": "create", "id": "old"}));
    let classic = aws.autoscaling.attach_load_balancers().auto_scaling_group_name(group);
    classic.load_balancer_names("old").send().await.unwrap();

    let (vpc, table) = (at.id("vpc.main"), at.id("route_table.private-a"));
    let further = aws.ec2.associate_vpc_cidr_block().vpc_id(&vpc).cidr_block("100.64.0.0/16");
    further.send().await.unwrap();
    let gateway = aws.ec2.create_vpn_gateway().r#type("ipsec.1".into()).send().await.unwrap();
    let gateway = gateway.vpn_gateway.unwrap().vpn_gateway_id.unwrap();
    aws.ec2.attach_vpn_gateway().vpn_gateway_id(&gateway).vpc_id(&vpc).send().await.unwrap();
    aws.ec2.enable_vgw_route_propagation().route_table_id(table).gateway_id(&gateway).send().await.unwrap();

    let role = format!("arn:aws:iam::123456789012:role/{}", at.id("iam_role.nodes"));
    let pods = aws.eks.create_pod_identity_association().cluster_name("ppm-prod").namespace("default");
    pods.service_account("casey").role_arn(&role).send().await.unwrap();
    let database = aws.rds.add_role_to_db_instance().db_instance_identifier(at.id("database.main"));
    database.role_arn(role).feature_name("s3Export").send().await.unwrap();

    let machine = aws.ec2.run_instances().image_id("ami-12c6146b").min_count(1).max_count(1);
    let machine = machine.subnet_id(at.id("subnet.private-a")).send().await.unwrap();
    let stranger = TargetDescription::builder().id(machine.instances()[0].instance_id().unwrap()).build();
    let target = aws.elb.register_targets().target_group_arn(at.id("target_group.main"));
    target.targets(stranger).send().await.unwrap();
    let name = Certificate::builder().certificate_arn(OTHER_CERTIFICATE).build();
    let listener = aws.elb.add_listener_certificates().listener_arn(at.id("listener.https"));
    listener.certificates(name).send().await.unwrap();
}

#[tokio::test]
async fn what_nodes_networks_and_names_got_besides_goes_as_well() {
    let standing = Standing::with("").await;
    let desk = &standing.desk;
    add_around_the_nodes(&standing).await;
    let added = extras(desk);
    let of: Vec<&str> = added.iter().map(|(address, _)| address.as_str()).collect();
    assert_eq!(added.len(), 9, "{of:?}");

    // Of two processes one is named.
    let (address, process) = added.iter().find(|(_, name)| name == "HealthCheck").unwrap();
    desk.run(&["drift", "fix", "--auto-approve", address, process]).exit(0).says(&["1 taken away."]);
    let rest = extras(desk);
    assert_eq!(rest.len(), 8, "{rest:?}");
    assert!(rest.iter().any(|(_, name)| name == "AZRebalance"), "{rest:?}");

    let mut words = vec!["drift", "fix", "--auto-approve"];
    words.extend(rest.iter().flat_map(|(address, name)| [address.as_str(), name.as_str()]));
    desk.run(&words).exit(0).says(&["8 taken away."]);
    assert_eq!(extras(desk), []);
    desk.run(&["drift"]).exit(0).says(&["In sync."]);
    let balancer = standing.aws.elb.describe_target_health().target_group_arn(standing.id("target_group.main"));
    let served = balancer.send().await.unwrap();
    assert_eq!(served.target_health_descriptions().len(), 3, "the nodes stay targets: {served:?}");
}

#[tokio::test]
async fn what_is_not_taken_away_from_here_and_what_is_refused_is_told() {
    let standing = Standing::with("").await;
    let Standing { desk, aws, emulator, .. } = &standing;
    let topic = aws_sdk_s3::types::TopicConfiguration::builder().id("hear").events("s3:ObjectCreated:*".into());
    let topic = topic.topic_arn("arn:aws:sns:us-east-1:123456789012:hear").build().unwrap();
    let heard = aws_sdk_s3::types::NotificationConfiguration::builder().topic_configurations(topic).build();
    let bucket = aws.s3.put_bucket_notification_configuration().bucket(standing.id("bucket.packages"));
    bucket.notification_configuration(heard).skip_destination_validation(true).send().await.unwrap();
    for name in ["one", "two"] {
        let role = aws.iam.put_role_policy().role_name("ppm-prod-nodes").policy_name(name);
        role.policy_document(everything()).send().await.unwrap();
    }
    let added = extras(desk);
    assert_eq!(added.len(), 3, "{added:?}");
    let fix = ["drift", "fix", "--auto-approve", "bucket.packages", "hear", "iam_role.nodes", "one"];
    desk.run(&fix).exit(1).says(&["hear of bucket.packages is not taken away from here", "are written as one"]);
    assert_eq!(extras(desk), added, "nothing of what was named with it went");

    emulator.post("/strict/faults", &json!({"service": "iam", "operation": "DeleteRolePolicy", "kind": "denied"}));
    let said = desk.run(&["drift", "fix", "--auto-approve", "iam_role.nodes", "one", "two"]).exit(1);
    let said = said.says(&["could not take one of iam_role.nodes away", "0 taken away, 2 not."]);
    assert_eq!(extras(desk), added);
    emulator.post("/strict/faults/clear", &json!({}));
    let again = follow(desk, &said, "what is gone stays so", "ppm-infra drift fix iam_role.nodes one two");
    again.exit(64).says(&["nobody can answer"]);
    let report = desk.run(&["drift", "--json", "--no-who"]).exit(2);
    let takes = follow(desk, &report, "takes it away", "ppm-infra drift fix iam_role.nodes one");
    takes.exit(64).says(&["To be taken away", "nobody can answer"]);
}
