//! Commands of AWS's own command line that are named, run by it against the emulator.

use serde_json::{Value, json};

use crate::drift::Standing;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::hint::{follow, hint};

const PLAN: [&str; 2] = ["plan", "--detailed-exitcode"];

fn happens(emulator: &Emulator, order: &Value) {
    emulator.post("/strict/mutate", order);
}

#[tokio::test]
async fn a_key_that_cannot_be_used() {
    let at = Standing::with("").await;
    at.emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    let (aws, desk) = (&at.aws, &at.desk);
    let id = at.computed("kms_key.main", "key_id");
    aws.kms.disable_key().key_id(&id).send().await.unwrap();
    let said = desk.run(&["status"]);
    follow(desk, &said, "does it for a key of the stack", "aws kms enable-key").exit(0);
    desk.run(&PLAN).exit(0);
    aws.kms.disable_key().key_id(&id).send().await.unwrap();
    let said = desk.run(&["status"]);
    hint(desk, &said, "does it for a key of the stack", "ppm-infra apply").approved("yes").exit(0);
    desk.run(&PLAN).exit(0);
    for apply in [true, false] {
        aws.kms.schedule_key_deletion().key_id(&id).pending_window_in_days(7).send().await.unwrap();
        let said = desk.run(&["status"]);
        let drift = desk.run(&["plan"]);
        if apply {
            follow(desk, &said, "`, then `ppm-infra apply", "aws kms cancel-key-deletion").exit(0);
        } else {
            follow(desk, &drift, "will be deleted on", "aws kms cancel-key-deletion").exit(0);
        }
        hint(desk, &said, "`, then `ppm-infra apply", "ppm-infra apply").approved("yes").exit(0);
        desk.run(&PLAN).exit(0);
    }
}

#[tokio::test]
async fn a_database_that_ails() {
    let at = Standing::with("").await;
    let (desk, emulator) = (&at.desk, &at.emulator);
    let name = at.id("database.main");
    let status = |value: &str| {
        happens(emulator, &json!({"kind": "db_instance", "id": name, "action": "status", "value": value}));
    };
    status("failed");
    let said = desk.run(&["status"]).exit(1);
    follow(desk, &said, "the events of the database say why", "aws rds describe-events").exit(0).says(&["Events"]);
    status("stopped");
    let said = desk.run(&["status"]).exit(1);
    follow(desk, &said, "start it", "aws rds start-db-instance").exit(0);
    let said = desk.run(&["status"]).exit(1);
    assert!(!said.stdout.contains("the database is stopped"), "{said}");
    status("available");
    happens(emulator, &json!({"kind": "db_instance", "id": name, "action": "maintenance", "days": 5}));
    let said = desk.run(&["status"]).exit(1);
    // What the emulator does not do, the command line at least takes as it is typed.
    let choose = hint(desk, &said, "choose the time yourself", "aws rds apply-pending-maintenance-action");
    desk.shell(&format!("{} --generate-cli-skeleton output", choose.line())).exit(0);
}

#[tokio::test]
async fn what_could_not_be_read() {
    let at = Standing::with("").await;
    let (desk, emulator) = (&at.desk, &at.emulator);
    let denied = json!({"service": "*", "operation": "DescribeDBInstances", "kind": "denied"});
    emulator.post("/strict/faults", &denied);
    let said = desk.run(&["drift", "--json"]).exit(3);
    let told = said.json().pop().unwrap();
    let finding = &told["findings"][0];
    assert_eq!((&finding["id"], &finding["severity"]), (&json!("drift.unread"), &json!("unknown")), "{told}");
    assert_eq!((&finding["address"], &told["summary"]["unread"]), (&json!("database.main"), &json!(1)), "{told}");
    assert_eq!(finding["what"], told["unread"][0]["error"]);
    emulator.post("/strict/faults/clear", &json!({}));
    follow(desk, &said, "looks again", "ppm-infra drift").exit(0).says(&["In sync."]);
}

#[tokio::test]
async fn what_is_not_ours() {
    let at = Standing::with("").await;
    let (aws, desk) = (&at.aws, &at.desk);
    at.emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    // The alias of our key, given to another.
    let ours = at.computed("kms_key.main", "key_id");
    let theirs = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    at.emulator.post("/strict/settings", &json!({"advance": 600}));
    aws.kms.update_alias().alias_name("alias/ppm-prod").target_key_id(&theirs).send().await.unwrap();
    let said = desk.run(&PLAN).exit(1).says(&[&ours]);
    follow(desk, &said, "aws kms update-alias", "aws kms update-alias").exit(0);
    desk.run(&PLAN).exit(0);
    // A secret that is gone, and made again by hand.
    let arn = at.id("secret.encryption-key");
    aws.secrets.delete_secret().secret_id(&arn).force_delete_without_recovery(true).send().await.unwrap();
    let said = desk.run(&PLAN).exit(1);
    let made = aws.secrets.create_secret().name("ppm-prod-encryption-key").secret_string("0f".repeat(512));
    made.send().await.unwrap();
    hint(desk, &said, "makes the secret", "ppm-infra adopt").approved("yes").exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
}

#[tokio::test]
async fn names_that_others_have() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    let aws = emulator.clients().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0}}));
    let key = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    aws.kms.create_alias().alias_name("alias/ppm-prod").target_key_id(&key).send().await.unwrap();
    let said = desk.run(&["plan"]).exit(1);
    hint(&desk, &said, "takes it over", "ppm-infra adopt").approved("yes").exit(0);
    desk.run(&["state", "show", "kms_key.main"]).exit(0).says(&[&key]);
    // One that is about to go holds the name.
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[("stack: ppm-prod", "stack: ppm-test")]);
    let key = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    aws.kms.create_alias().alias_name("alias/ppm-test").target_key_id(&key).send().await.unwrap();
    aws.kms.schedule_key_deletion().key_id(&key).send().await.unwrap();
    let said = desk.run(&PLAN).exit(1);
    follow(&desk, &said, "aws kms delete-alias", "aws kms delete-alias").exit(0);
    desk.run(&PLAN).exit(2);
    // A region that is none, and credentials that are none.
    desk.declare(&[("region: us-east-1", "region: moon-dark-1")]);
    let said = desk.run(&["plan"]).exit(65);
    let listed = follow(&desk, &said, "us-east-1 and eu-central-1 are two", "aws ec2 describe-regions");
    listed.exit(0).says(&["eu-central-1"]);
    desk.declare(&[]);
    let nobody = desk.with("AWS_ACCESS_KEY_ID", "INVALID");
    let said = nobody.run(&["plan"]).exit(69);
    let asked = follow(&nobody, &said, "check them with", "aws sts get-caller-identity");
    assert_ne!(asked.code, 0, "they are no good, and that is what it says: {asked}");
    let good = nobody.with("AWS_ACCESS_KEY_ID", "AKIATEST");
    follow(&good, &said, "check them with", "aws sts get-caller-identity").exit(0).says(&["123456789012"]);
}

#[tokio::test]
async fn certificates_keys_and_people() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let aws = emulator.clients().await;
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0, "iam": 0}}));
    let declared = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    let absent = declared.replace("/11111111", "/00000000");
    desk.declare(&[(declared, &absent)]);
    let said = desk.run(&["plan"]).exit(1);
    follow(&desk, &said, "list those there are with `aws acm", "aws acm list-certificates").exit(0).says(&[declared]);
    desk.declare(&[(&format!("  certificate: {declared}\n"), "")]);
    let said = desk.run(&["plan"]).exit(0);
    let made = follow(&desk, &said, "--validation-method DNS", "aws acm request-certificate").exit(0);
    let arn = made.json_document()["CertificateArn"].as_str().unwrap().to_owned();
    desk.declare(&[(declared, &arn)]);
    happens(&emulator, &json!({"kind": "certificate", "id": arn, "action": "issue"}));
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    // A key that is not there, or of the wrong kind.
    let key = |arn: &str| desk.declare_with(&format!("storage:\n  kms: {arn}"));
    let other = aws.kms.create_key().send().await.unwrap().key_metadata.unwrap();
    key("arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000");
    let said = desk.run(&["plan"]).exit(1);
    follow(&desk, &said, "list the keys there are", "aws kms list-keys").exit(0).says(&[&other.key_id]);
    let rsa = aws.kms.create_key().key_spec(aws_sdk_kms::types::KeySpec::Rsa2048);
    let rsa = rsa.key_usage(aws_sdk_kms::types::KeyUsageType::EncryptDecrypt).send().await.unwrap();
    key(rsa.key_metadata.unwrap().arn.as_deref().unwrap());
    let said = desk.run(&["plan"]).exit(1);
    let made = follow(&desk, &said, "use a symmetric key", "aws kms create-key").exit(0).json_document();
    let (id, arn) = (made["KeyMetadata"]["KeyId"].as_str().unwrap(), made["KeyMetadata"]["Arn"].as_str().unwrap());
    key(arn);
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    aws.kms.disable_key().key_id(id).send().await.unwrap();
    let said = desk.run(&["plan"]).exit(1);
    follow(&desk, &said, "enable it with", "aws kms enable-key").exit(0);
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    aws.kms.schedule_key_deletion().key_id(id).pending_window_in_days(7).send().await.unwrap();
    let said = desk.run(&["plan"]).exit(1);
    follow(&desk, &said, "or keep it", "aws kms cancel-key-deletion").exit(0);
    follow(&desk, &said, "or keep it", "aws kms enable-key").exit(0);
    desk.run(&["plan"]).exit(0).says(&["checks passed"]);
    // Nobody of that name.
    aws.iam.create_user().user_name("ann").send().await.unwrap();
    desk.declare_with("kubernetes:\n  admins:\n    - arn:aws:iam::123456789012:user/bob");
    let said = desk.run(&["plan"]).exit(1);
    follow(&desk, &said, "list those there are with `aws iam", "aws iam list-users").exit(0).says(&["user/ann"]);
    // A class that RDS does not have.
    desk.declare_with("database:\n  instance_class: db.x9.large");
    let said = desk.run(&["plan"]).exit(1);
    let listed =
        follow(&desk, &said, "list those there are with `aws rds", "aws rds describe-orderable-db-instance-options");
    listed.exit(0).says(&["db."]);
    // A network and subnets that are not there.
    let vpc = aws.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await.unwrap().vpc.unwrap().vpc_id.unwrap();
    emulator.post("/strict/settings", &json!({"advance": 600}));
    let existing = |vpc: &str| {
        desk.declare_with(&format!(
            "network:\n  existing:\n    vpc: {vpc}\n    private_subnets: [subnet-00000000000000000, \
             subnet-00000000000000001]\n    public_subnets: [subnet-00000000000000002, subnet-00000000000000003]"
        ));
    };
    existing("vpc-00000000000000000");
    let said = desk.run(&["plan"]);
    follow(&desk, &said, "list those there are with `aws ec2", "aws ec2 describe-vpcs").exit(0).says(&[&vpc]);
    existing(&vpc);
    let said = desk.run(&["plan"]);
    follow(&desk, &said, "list those of the network", "aws ec2 describe-subnets").exit(0).says(&["Subnets"]);
    follow(&desk, &said, "`aws ec2 modify-vpc-attribute", "aws ec2 modify-vpc-attribute").exit(0);
}

#[tokio::test]
async fn what_keeps_a_stack_from_going() {
    let at = Standing::with("").await;
    let (aws, desk) = (&at.aws, &at.desk);
    let groups = aws.eks.list_nodegroups().cluster_name("ppm-prod").send().await.unwrap();
    let own = groups.nodegroups()[0].clone();
    let own = aws.eks.describe_nodegroup().cluster_name("ppm-prod").nodegroup_name(own).send().await.unwrap();
    let own = own.nodegroup.unwrap();
    let gpu = aws.eks.create_nodegroup().cluster_name("ppm-prod").nodegroup_name("gpu");
    gpu.node_role(own.node_role().unwrap()).set_subnets(Some(own.subnets().to_vec())).send().await.unwrap();
    let said = desk.run(&["plan", "--destroy"]).exit(1);
    follow(desk, &said, "move what runs on it", "aws eks delete-nodegroup").exit(0);
    desk.run(&["plan", "--destroy"]).exit(0);
}
