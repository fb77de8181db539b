//! The role as a part of the stack: made, watched and removed with it.

use serde_json::{Value, json};

use super::{Watched, watched, watched_with};
use crate::support::binary::Said;
use crate::support::hint::{follow, hint};

const DECLARED: &str = "drift: {job: kubernetes}";
const ROLE: &str = "ppm-prod-drift";
const PLAN: [&str; 3] = ["plan", "--detailed-exitcode", "--json"];

/// What a plan would do, by address.
fn actions(said: &Said) -> Vec<String> {
    let plan = said.json().pop().unwrap();
    let all = plan["changes"].as_array().unwrap().iter();
    all.map(|one| format!("{} {}", one["action"].as_str().unwrap(), one["address"].as_str().unwrap())).collect()
}

impl Watched {
    /// The policy of the role, as it stands in IAM: the only one it has.
    async fn standing_policy(&self) -> Value {
        let iam = self.emulator.clients().await.iam;
        let attached = iam.list_attached_role_policies().role_name(ROLE).send().await.unwrap();
        let [policy] = attached.attached_policies() else { panic!("{attached:?}") };
        let inline = iam.list_role_policies().role_name(ROLE).send().await.unwrap();
        assert!(inline.policy_names().is_empty(), "{inline:?}");
        let arn = policy.policy_arn().unwrap();
        let policy = iam.get_policy().policy_arn(arn).send().await.unwrap().policy.unwrap();
        let version = policy.default_version_id().unwrap();
        let version = iam.get_policy_version().policy_arn(arn).version_id(version).send().await.unwrap();
        let text = version.policy_version.unwrap().document.unwrap();
        let text = percent_encoding::percent_decode_str(&text).decode_utf8().unwrap().into_owned();
        serde_json::from_str(&text).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_of_the_stack_sees_all_records_it_and_can_change_nothing() {
    let watched = watched_with(DECLARED).await;
    let policy = watched.standing_policy().await;
    watched.may(&policy);
    let job = &watched.job;
    watched.emulator.post("/strict/log/clear", &Value::Null);
    let seen = job.run(&["drift"]).exit(0).says(&["In sync. 48 objects"]);
    assert!(!seen.stderr.contains("warning"), "it is recorded: {seen}");
    watched.backup_days(1).await;
    job.run(&["drift"]).exit(2).says(&["backup_days  recorded 7, found 1", "1 new since"]);
    // The look before was recorded.
    job.run(&["drift"]).exit(2).says(&["Nothing new since"]);
    assert_eq!(watched.writes(), ["s3:PutObject"; 3]);
    watched.desk.run(&["drift", "history"]).exit(0);

    let count = watched.emulator.counts();
    watched.emulator.post("/strict/log/clear", &Value::Null);
    watched.is_denied_the_rest();
    assert_eq!((watched.writes(), watched.emulator.counts()), (Vec::new(), count));

    // Without the right to record it says so, and tells the same.
    let text = policy.to_string();
    watched.may(&serde_json::from_str(&text.replace("s3:PutObject", "s3:Nothing")).unwrap());
    job.run(&["drift"]).exit(2).says(&["warning", "backup_days  recorded 7, found 1"]);
    watched.emulator.expected_violations();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_and_goes_with_the_section_and_is_watched_meanwhile() {
    let watched = watched().await;
    let (desk, iam) = (&watched.desk, watched.emulator.clients().await.iam);
    let before = watched.emulator.counts();
    let bare = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{bare}{DECLARED}\n"));
    let said = desk.run(&PLAN).exit(2);
    assert_eq!(actions(&said), ["create iam_policy.drift", "create iam_role.drift"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
    desk.run(&["drift"]).exit(0).says(&["In sync. 48 objects"]);

    let admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    iam.attach_role_policy().role_name(ROLE).policy_arn(admin).send().await.unwrap();
    let said = desk.run(&["drift", "--json"]).exit(2);
    let said = said.says(&["AdministratorAccess, which allows everything"]);
    let found = said.json().pop().unwrap()["findings"][0].take();
    assert_eq!((found["address"].as_str(), found["severity"].as_str()), (Some("iam_role.drift"), Some("critical")));
    let text = desk.read("plans/reference.yaml");
    let line = text.lines().position(|line| line == DECLARED).unwrap() + 1;
    assert_eq!((found["file"].as_str(), found["line"].as_u64()), (Some("plans/reference.yaml"), Some(line as u64)));
    iam.detach_role_policy().role_name(ROLE).policy_arn(admin).send().await.unwrap();
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}]});
    iam.update_assume_role_policy().role_name(ROLE).policy_document(trust.to_string()).send().await.unwrap();
    desk.run(&["drift"]).exit(2).says(&["iam_role.drift", "trust"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift"]).exit(0);

    desk.write("plans/reference.yaml", &bare);
    let said = desk.run(&PLAN).exit(2);
    assert_eq!(actions(&said), ["delete iam_policy.drift", "delete iam_role.drift"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&PLAN).exit(0);
    assert_eq!(watched.emulator.counts(), before, "both are gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_with_the_stack() {
    let watched = watched_with(DECLARED).await;
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    let standing = || {
        let objects = watched.emulator.get("/strict/inventory")["objects"].take();
        ["iam_role", "iam_policy"].map(|kind| objects[kind].to_string().contains(ROLE))
    };
    assert_eq!(standing(), [true, true]);
    watched.desk.run(&destroy).exit(0);
    assert_eq!(standing(), [false, false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_made_by_hand_is_taken_over() {
    let watched = watched().await;
    let (desk, iam) = (&watched.desk, watched.emulator.clients().await.iam);
    let said = desk.run(&["drift", "schedule", "--as", "kubernetes"]).exit(0);
    follow(desk, &said, "aws iam create-role", "aws iam create-role").exit(0);
    follow(desk, &said, "aws iam put-role-policy", "aws iam put-role-policy").exit(0);
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}{DECLARED}\n"));
    let said = desk.run(&["plan"]).exit(1);
    hint(desk, &said, "takes it over", "ppm-infra adopt").approved("yes").exit(0);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    // The policy that was written into it stays until somebody takes it out.
    desk.run(&["drift"]).exit(2).says(&["iam_role.drift", "the inline policy ppm-prod-drift"]);
    iam.delete_role_policy().role_name(ROLE).policy_name(ROLE).send().await.unwrap();
    desk.run(&["drift"]).exit(0);
    watched.standing_policy().await;
}
