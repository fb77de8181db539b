//! The rules of a job that events start, against the emulator: they match whatever changes an object of the stack, and what
//! they pass on leads to that object.

use std::collections::BTreeSet;

use ppm_infra::model::audit::ChangingCalls;
use ppm_infra::resources::catalog;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::events::{Started, changes, now, rules, started};

const STATE: &str = "state: s3://acme-ppm-state/team";

/// A stack that stands with its state in a bucket, and the rules that were written for it.
struct Job {
    emulator: Emulator,
    desk: Desk,
    template: Value,
    rules: Vec<Value>,
}

async fn job() -> Job {
    let emulator = Emulator::start(0);
    emulator.clients().await.s3.create_bucket().bucket("acme-ppm-state").send().await.unwrap();
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare_with(STATE);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["drift", "schedule", "--as", "eventbridge", "--image", "acme/ppm-infra:1"]).exit(0);
    let template = ppm_infra::text::read_yaml(&desk.read("drift-job/ppm-prod-drift.cloudformation.yaml")).unwrap();
    let rules = rules(&template);
    Job { emulator, desk, template, rules }
}

impl Job {
    /// Runs the container that an event starts.
    fn run(&self, one: &Started) -> Value {
        let container = &self.template["Resources"]["EventTask"]["Properties"]["ContainerDefinitions"][0];
        let words = container["Command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap());
        // The image has the declaration in `plans/`.
        let command: Vec<&str> =
            words.map(|word| word.strip_prefix("plans/").map_or(word, |_| "plans/reference.yaml")).collect();
        let set = one.environment.iter().map(|(name, value)| format!("{name}='{}' ", value.replace('\'', r"'\''")));
        let line = format!("{}ppm-infra {} --json", set.collect::<String>(), command.join(" "));
        let said = self.desk.shell(&line);
        let mut told = said.json().pop().unwrap_or_else(|| panic!("{said}"));
        told["exit"] = json!(said.code);
        told
    }
}

impl Job {
    /// Calls from an index of the log on that changed something and started no look.
    fn unseen(&self, since: u64) -> Vec<String> {
        let started = started(&self.emulator, &self.rules, since);
        let ids: BTreeSet<&str> = started.iter().filter_map(|one| one.event["id"].as_str()).collect();
        let mut unseen = changes(&self.emulator, since);
        unseen.retain(|event| !ids.contains(event["id"].as_str().unwrap()));
        let text = |event: &Value, key: &str| event["detail"][key].as_str().unwrap().to_owned();
        let names: BTreeSet<String> =
            unseen.iter().map(|event| format!("{} {}", text(event, "eventSource"), text(event, "eventName"))).collect();
        names.into_iter().collect()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[test]
fn each_call_is_one_that_changes_something_and_names_what_the_table_says() {
    let emulator = Emulator::start(0);
    let kinds = catalog();
    let all: Vec<&ChangingCalls> = kinds.values().flat_map(|facts| facts.changed_by).collect();
    let services: BTreeSet<&str> = all.iter().map(|one| one.service).collect();
    let mut seen = 0;
    for service in services {
        let known = emulator.get(&format!("/strict/operations?service={service}"));
        for one in all.iter().filter(|one| one.service == service) {
            for call in one.calls {
                let members = texts(&known[call]);
                assert!(!members.is_empty(), "{service} has no call {call} that changes anything");
                for member in [one.member].into_iter().chain(one.part.map(|(member, _)| member)) {
                    let place = member.replace("[]", "");
                    // EKS names a cluster by either of these.
                    let place = if place == "clusterName" { "name".to_owned() } else { place };
                    assert!(members.contains(&place.as_str()), "{call} has no {member}: {members:?}");
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 200, "{seen}");
    assert!(kinds.iter().all(|(_, facts)| !facts.changed_by.is_empty()), "every kind is changed by something");
}

#[tokio::test]
async fn a_change_by_hand_starts_a_look_that_finds_it_and_nothing_else() {
    let job = job().await;
    let casey = job.emulator.clients_of("USERcasey").await;
    // What drifted before is found by the schedule.
    let days = casey.rds.modify_db_instance().db_instance_identifier("ppm-prod-database").backup_retention_period(1);
    days.apply_immediately(true).send().await.unwrap();
    let since = now(&job.emulator);
    let everything =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
    let policy = casey.iam.put_role_policy().role_name("ppm-prod-nodes").policy_name("debug");
    policy.policy_document(everything.to_string()).send().await.unwrap();
    let started = started(&job.emulator, &job.rules, since);
    let [one] = started.as_slice() else { panic!("{started:#?}") };
    let told = job.run(one);
    assert_eq!((&told["exit"], &told["only"]), (&json!(2), &json!(["iam_role.nodes"])), "{told:#}");
    let [finding] = told["findings"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    assert_eq!((&finding["id"], &finding["severity"]), (&json!("drift.extra"), &json!("critical")));
    assert_eq!((&told["event"]["event"], &told["event"]["name"]), (&json!("PutRolePolicy"), &json!("USERcasey")));
    let who = &told["who"]["objects"][0]["authors"];
    assert_eq!((who.as_array().unwrap().len(), &who[0]["name"]), (1, &json!("USERcasey")));

    // CloudTrail cannot be asked about it yet: the event itself tells.
    job.emulator.post("/strict/settings", &json!({"scale": 1, "consistency": {"cloudtrail": 900}}));
    let told = job.run(one);
    assert_eq!(told["who"]["objects"][0]["authors"][0]["arn"], "arn:aws:iam::123456789012:user/USERcasey", "{told:#}");
}

#[tokio::test]
async fn what_changes_nothing_of_ours_starts_nothing() {
    let job = job().await;
    let since = now(&job.emulator);
    job.desk.run(&["drift", "--no-record"]).exit(0);
    let aws = job.emulator.clients_of("USERdrew").await;
    // Reads, changes of what is nobody's of ours, and what was refused.
    aws.iam.get_role().role_name("ppm-prod-nodes").send().await.unwrap();
    let network = aws.ec2.create_vpc().cidr_block("10.99.0.0/16").send().await.unwrap();
    let network = network.vpc.unwrap().vpc_id.unwrap();
    aws.ec2.create_subnet().vpc_id(&network).cidr_block("10.99.0.0/24").send().await.unwrap();
    let tag = aws_sdk_ec2::types::Tag::builder().key("ppm-infra:stack").value("ppm-prod").build();
    aws.ec2.create_tags().resources(&network).tags(tag).send().await.unwrap();
    aws.s3.create_bucket().bucket("somebody-elses").send().await.unwrap();
    let none = aws.iam.delete_role_policy().role_name("ppm-prod-nodes").policy_name("none").send().await;
    assert!(none.is_err());
    assert_eq!(changes(&job.emulator, since).len(), 4, "somebody changed something");
    let started = started(&job.emulator, &job.rules, since);
    assert!(started.is_empty(), "{started:#?}");
}

#[tokio::test]
async fn calls_of_ours_start_nothing_and_the_same_by_another_start_a_look() {
    let mut job = job().await;
    let since = now(&job.emulator);
    job.desk.declare_with(&format!("{STATE}\ntags: {{ team: blue }}"));
    job.desk.run(&["apply", "--auto-approve"]).exit(0);
    assert!(changes(&job.emulator, since).len() > 20, "an apply tags everything");
    assert!(started(&job.emulator, &job.rules, since).is_empty(), "ours");

    // As another program would do it.
    job.desk = job.desk.with("AWS_SDK_UA_APP_ID", "other");
    job.desk.declare_with(&format!("{STATE}\ntags: {{ team: red }}"));
    let since = now(&job.emulator);
    job.desk.run(&["apply", "--auto-approve"]).exit(0);
    assert_eq!(job.unseen(since), [""; 0]);
    let since = now(&job.emulator);
    let data = ["--delete-data", "database,bucket,key", "--no-final-snapshot"];
    job.desk.run(&[&["destroy", "--auto-approve"][..], &data].concat()).exit(0);
    assert_eq!(job.unseen(since), ["ec2.amazonaws.com DisassociateRouteTable"], "it names an association alone");
}
