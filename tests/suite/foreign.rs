//! Something that is not ours stands where something is wanted: whatever is offered then works as it is typed, and what
//! would be refused is not offered. The program itself, against the strict emulator.

use aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute;
use aws_sdk_iam::types::Tag as IamTag;
use aws_sdk_kms::types::Tag;
use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];
const APPLY: [&str; 2] = ["apply", "--auto-approve"];

/// A declaration of which nothing stands.
async fn bare() -> (Emulator, Desk, Clients) {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    let aws = emulator.clients().await;
    (emulator, desk, aws)
}

/// The commands of this program that were offered, as they are typed.
fn offered(said: &Said, command: &str) -> Vec<String> {
    let begin = format!("`ppm-infra {command} ");
    let all = format!("{}{}", said.stdout, said.stderr);
    let parts = all.split(&begin).skip(1);
    parts.map(|rest| format!("{command} {}", rest.split('`').next().unwrap())).collect()
}

/// Types a command that was offered.
fn follow(desk: &Desk, command: &str) {
    desk.shell(&format!("$PROGRAM {command} --auto-approve")).exit(0);
}

/// What `drift` finds of an object, for programs.
fn findings(desk: &Desk, address: &str) -> Vec<Value> {
    let report = desk.run(&["drift", "--json"]).exit(2).json().pop().unwrap();
    let all = report["findings"].as_array().unwrap().iter();
    all.filter(|one| one["address"] == address).cloned().collect()
}

fn stack_tags(stack: &str, address: &str) -> [(String, String); 2] {
    [("ppm-infra:stack", stack), ("ppm-infra:address", address)].map(|(key, value)| (key.to_owned(), value.to_owned()))
}

/// A key with an alias and these tags.
async fn key(aws: &Clients, alias: &str, tags: &[(String, String)]) -> String {
    let tags = tags.iter().map(|(key, value)| Tag::builder().tag_key(key).tag_value(value).build().unwrap());
    let made = aws.kms.create_key().set_tags(Some(tags.collect())).send().await.unwrap().key_metadata.unwrap().key_id;
    aws.kms.create_alias().alias_name(alias).target_key_id(&made).send().await.unwrap();
    made
}

/// A role with these tags.
async fn role(aws: &Clients, name: &str, tags: &[(String, String)]) {
    let trust = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let tags = tags.iter().map(|(key, value)| IamTag::builder().key(key).value(value).build().unwrap());
    let call = aws.iam.create_role().role_name(name).assume_role_policy_document(trust.to_string());
    call.set_tags(Some(tags.collect())).send().await.unwrap();
}

#[tokio::test]
async fn what_is_nobodys_is_taken_over_by_what_is_offered() {
    let (emulator, desk, aws) = bare().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    key(&aws, "alias/ppm-prod", &[]).await;
    role(&aws, "ppm-prod-cluster", &[]).await;
    // Marks of this stack, and of an address that nobody declares or records: it is taken without being offered.
    role(&aws, "ppm-prod-nodes", &stack_tags("ppm-prod", "iam_role.forgotten")).await;
    let login = json!({"username": "ppm", "password": "correcthorsebatterystaple"}).to_string();
    aws.secrets.create_secret().name("ppm-prod-database").secret_string(login).send().await.unwrap();
    let said = desk.run(&PLAN).exit(1);
    let commands = offered(&said, "adopt");
    assert_eq!(commands.len(), 3, "{said}");
    for command in commands {
        follow(&desk, &command);
    }
    desk.run(&APPLY).exit(0);
    desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn nothing_is_offered_that_would_be_refused() {
    let (emulator, desk, aws) = bare().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0, "ec2": 0}}));
    let bucket = "taken-by-somebody";
    desk.declare_with(&format!("storage: {{bucket: {bucket}}}"));
    emulator.post("/strict/settings", &json!({"extra": {"foreign_buckets": [bucket]}}));
    // A subnet group in another network can never stand in ours.
    let vpc = aws.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    let mut subnets = Vec::new();
    for (part, zone) in ["us-east-1a", "us-east-1b"].into_iter().enumerate() {
        let call = aws.ec2.create_subnet().vpc_id(&vpc).cidr_block(format!("10.9.{part}.0/24"));
        let made = call.availability_zone(zone).send().await.unwrap().subnet.unwrap();
        subnets.push(made.subnet_id.unwrap());
    }
    let call = aws.rds.create_db_subnet_group().db_subnet_group_name("ppm-prod-database");
    let call = call.db_subnet_group_description("theirs").set_subnet_ids(Some(subnets));
    call.send().await.unwrap();
    let said = desk.run(&PLAN).exit(1).says(&[bucket, "storage.bucket", "db_subnet_group.database", "its vpc"]);
    assert_eq!(offered(&said, "adopt"), Vec::<String>::new(), "{said}");
    // And it would be.
    desk.run(&["adopt", "bucket.packages", bucket, "--auto-approve"]).exit(1);
    desk.run(&["adopt", "db_subnet_group.database", "ppm-prod-database", "--auto-approve"]).exit(1);
}

#[tokio::test]
async fn what_another_stack_has_is_free_without_its_tag() {
    let (emulator, desk, aws) = bare().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    let id = key(&aws, "alias/ppm-prod", &stack_tags("other", "kms_key.main")).await;
    role(&aws, "ppm-prod-cluster", &stack_tags("other", "iam_role.cluster")).await;
    let said = desk.run(&PLAN).exit(1).says(&["stack other has it", "take the tag ppm-infra:stack off it"]);
    let commands = offered(&said, "adopt");
    assert_eq!(commands.len(), 2, "{said}");
    for command in &commands {
        desk.shell(&format!("$PROGRAM {command} --auto-approve")).exit(1).says(&["ppm-infra:stack"]);
    }
    aws.kms.untag_resource().key_id(id).tag_keys("ppm-infra:stack").send().await.unwrap();
    aws.iam.untag_role().role_name("ppm-prod-cluster").tag_keys("ppm-infra:stack").send().await.unwrap();
    for command in &commands {
        follow(&desk, command);
    }
    desk.run(&PLAN).exit(2);
}

#[tokio::test]
async fn a_key_of_others_that_is_about_to_go_only_holds_the_name() {
    let (emulator, desk, aws) = bare().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    let id = key(&aws, "alias/ppm-prod", &[]).await;
    aws.kms.schedule_key_deletion().key_id(&id).send().await.unwrap();
    let said = desk.run(&PLAN).exit(1).says(&["`aws kms delete-alias --region us-east-1 --alias-name alias/ppm-prod`"]);
    assert_eq!(offered(&said, "adopt"), Vec::<String>::new(), "{said}");
    aws.kms.delete_alias().alias_name("alias/ppm-prod").send().await.unwrap();
    desk.run(&PLAN).exit(2);
}

#[tokio::test]
async fn an_alias_that_somebody_moved_comes_back_by_the_command_that_is_named() {
    let at = Standing::with("").await;
    let ours = at.computed("kms_key.main", "key_id");
    let theirs = at.aws.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    at.emulator.post("/strict/settings", &json!({"advance": 600}));
    at.aws.kms.update_alias().alias_name("alias/ppm-prod").target_key_id(&theirs).send().await.unwrap();
    let back = format!("`aws kms update-alias --region us-east-1 --alias-name alias/ppm-prod --target-key-id {ours}`");
    let said = at.desk.run(&PLAN).exit(1).says(&[&theirs, &back]);
    assert_eq!(offered(&said, "adopt"), Vec::<String>::new(), "{said}");
    at.desk.run(&["drift"]).exit(2).says(&["kms_key.main", &theirs, &back]);
    let told = findings(&at.desk, "kms_key.main");
    let last = told.last().unwrap();
    assert!(last["what"].as_str().unwrap().contains(&back), "what leads on stands beside the reason: {told:?}");
    at.aws.kms.update_alias().alias_name("alias/ppm-prod").target_key_id(&ours).send().await.unwrap();
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn a_role_made_anew_by_hand_is_taken_over_in_place_of_the_one_that_is_gone() {
    let at = Standing::with("").await;
    let name = at.id("iam_role.cluster");
    let attached = at.aws.iam.list_attached_role_policies().role_name(&name).send().await.unwrap();
    for policy in attached.attached_policies() {
        let arn = policy.policy_arn().unwrap();
        at.aws.iam.detach_role_policy().role_name(&name).policy_arn(arn).send().await.unwrap();
    }
    at.aws.iam.delete_role().role_name(&name).send().await.unwrap();
    role(&at.aws, &name, &[]).await;
    let said = at.desk.run(&PLAN).exit(1);
    let [command] = offered(&said, "adopt").try_into().unwrap();
    at.desk.run(&["drift"]).exit(2).says(&[&format!("`ppm-infra {command}`")]);
    // That ours is gone and that another stands in its place is one finding.
    let told = findings(&at.desk, "iam_role.cluster");
    assert_eq!(told.iter().map(|one| &one["id"]).collect::<Vec<_>>(), ["drift.foreign"]);
    assert!(told[0]["remedy"].as_str().unwrap().contains(&format!("`ppm-infra {command}`")), "{told:?}");
    follow(&at.desk, &command);
    at.desk.run(&APPLY).exit(0);
    at.desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn what_is_made_by_hand_in_place_of_what_is_gone_is_offered_and_taken() {
    let at = Standing::with("").await;
    let (secrets, elb) = (&at.aws.secrets, &at.aws.elb);
    let (arn, balancer) = (at.id("secret.encryption-key"), at.id("load_balancer.main"));
    secrets.delete_secret().secret_id(&arn).force_delete_without_recovery(true).send().await.unwrap();
    let name = "ppm-prod-encryption-key";
    secrets.create_secret().name(name).secret_string("0f".repeat(512)).send().await.unwrap();

    let found = elb.describe_load_balancers().load_balancer_arns(&balancer).send().await.unwrap();
    let there = found.load_balancers()[0].clone();
    let off = LoadBalancerAttribute::builder().key("deletion_protection.enabled").value("false").build();
    elb.modify_load_balancer_attributes().load_balancer_arn(&balancer).attributes(off).send().await.unwrap();
    elb.delete_load_balancer().load_balancer_arn(&balancer).send().await.unwrap();
    let subnets = there.availability_zones().iter().filter_map(|zone| zone.subnet_id()).map(str::to_owned).collect();
    let call = elb.create_load_balancer().name(there.load_balancer_name().unwrap()).set_subnets(Some(subnets));
    call.set_security_groups(there.security_groups).send().await.unwrap();

    let said = at.desk.run(&PLAN).exit(1).says(&["secret.encryption-key", "load_balancer.main"]);
    let commands = offered(&said, "adopt");
    assert_eq!(commands.len(), 2, "{said}");
    let drift = at.desk.run(&["drift"]).exit(2);
    for command in &commands {
        assert!(drift.stdout.contains(&format!("`ppm-infra {command}`")), "{drift}");
        follow(&at.desk, command);
    }
    at.desk.run(&APPLY).exit(0);
    at.desk.run(&PLAN).exit(0);
    at.desk.run(&["drift"]).exit(0);
}
