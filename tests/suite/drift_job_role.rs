//! The role of a job that looks for drift, against the strict emulator, which enforces its policy: it sees everything and
//! changes nothing. And the heartbeat, which tells that there was a look.

mod of_stack;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use aws_sdk_rds::Client as Rds;
use serde_json::{Value, json};

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;
use crate::support::hint::{follow, hint};
use crate::support::kubernetes::{Kubernetes, get, put};

/// The access key of the job.
pub(crate) const JOB: &str = "AKIAJOB";

/// A stack that stands, its state in a bucket, and the folder of a job with nothing but the declaration.
pub(crate) struct Watched {
    /// Where it stands.
    pub(crate) emulator: Emulator,
    /// The folder in which it was applied.
    pub(crate) desk: Desk,
    /// The folder of the job.
    pub(crate) job: Desk,
    rds: Rds,
}

/// Applies the reference declaration with its state in a bucket.
pub(crate) async fn watched() -> Watched {
    watched_with("").await
}

/// The same, with more lines in the declaration.
async fn watched_with(lines: &str) -> Watched {
    let emulator = Emulator::start(0);
    let clients = emulator.clients().await;
    clients.s3.create_bucket().bucket("acme-ppm-state").send().await.unwrap();
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare_with(&format!("state: s3://acme-ppm-state/team\n{lines}"));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let job = Desk::at(&emulator.endpoint(), 0).with("AWS_ACCESS_KEY_ID", JOB);
    job.write("plans/ppm-prod.yaml", &desk.read("plans/reference.yaml"));
    Watched { emulator, desk, job, rds: clients.rds }
}

impl Watched {
    /// The policy as it is written for a job.
    fn policy(&self) -> Value {
        self.desk.run(&["drift", "schedule", "--as", "kubernetes", "--force"]).exit(0);
        serde_json::from_str(&self.desk.read("drift-job/ppm-prod-drift.policy.json")).unwrap()
    }

    /// From here on the job may do what the policy allows.
    pub(crate) fn may(&self, policy: &Value) {
        let mut extra = self.emulator.get("/strict/settings")["extra"].clone();
        extra["policies"] = json!({ JOB: policy });
        self.emulator.post("/strict/settings", &json!({ "extra": extra }));
    }

    /// Somebody sets for how many days backups are kept.
    pub(crate) async fn backup_days(&self, days: i32) {
        let change = self.rds.modify_db_instance().db_instance_identifier("ppm-prod-database");
        change.backup_retention_period(days).apply_immediately(true).send().await.unwrap();
    }

    /// What the job wrote: service and operation of each call.
    pub(crate) fn writes(&self) -> Vec<String> {
        let calls = self.emulator.calls();
        let own = calls.iter().filter(|call| call["access_key"] == JOB && call["mutating"] == true);
        let done = own.filter(|call| call["outcome"] == "ok");
        done.map(|call| format!("{}:{}", call["service"].as_str().unwrap(), call["operation"].as_str().unwrap()))
            .collect()
    }

    /// Everything that changes something, or reads what a job has no business with, is denied.
    fn is_denied_the_rest(&self) {
        assert_ne!(self.job.run(&["apply", "--auto-approve"]).code, 0);
        assert_ne!(self.job.run(&["destroy", "--auto-approve"]).code, 0);
        let bucket = "ppm-prod-123456789012";
        for denied in [
            "ec2 create-vpc --cidr-block 10.9.0.0/16",
            "rds modify-db-instance --db-instance-identifier ppm-prod-database --backup-retention-period 3",
            "iam create-role --role-name x --assume-role-policy-document {}",
            "iam update-assume-role-policy --role-name ppm-prod-nodes --policy-document {}",
            "iam put-role-policy --role-name ppm-prod-drift --policy-name more --policy-document {}",
            &format!("s3api put-bucket-policy --bucket {bucket} --policy {{}}"),
            &format!("s3api list-objects-v2 --bucket {bucket}-other"),
            &format!("s3api get-object --bucket {bucket} --key x out"),
            "s3api put-object --bucket acme-ppm-state --key team/ppm-prod.state.json",
            "s3api put-object --bucket acme-ppm-state --key team/other.runs/x.json",
            "s3api get-object --bucket acme-ppm-state --key other/x out",
            "s3api delete-object --bucket acme-ppm-state --key team/ppm-prod.state.json",
            "s3api delete-object --bucket acme-ppm-state --key team/ppm-prod.runs/x.json",
            "secretsmanager get-secret-value --secret-id ppm-prod-database",
            "sts assume-role --role-arn arn:aws:iam::123456789012:role/platform-admin --role-session-name xx",
        ] {
            let said = self.job.shell(&format!("aws --endpoint-url \"$AWS_ENDPOINT_URL\" --region us-east-1 {denied}"));
            let words = ["denied", "Denied", "not authorized"];
            assert!(said.code != 0 && words.iter().any(|word| said.stderr.contains(word)), "{denied}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_sees_all_that_drifted_and_can_change_nothing() {
    let watched = watched().await;
    let policy = watched.policy();
    watched.may(&policy);
    let job = &watched.job;
    job.run(&["drift"]).exit(0).says(&["In sync. 46 objects"]);
    watched.backup_days(1).await;
    let seen = job.run(&["drift"]).exit(2).says(&["backup_days  recorded 7, found 1"]);
    // The file of Helm values is on the machine that applied, and nowhere else.
    let values = "Helm values\n  out/ppm-prod.values.yaml is not on this machine, and was not compared.\n\n";
    assert!(seen.stdout.contains(values), "{seen}");
    let whole = watched.desk.run(&["drift", "plans/reference.yaml"]).exit(2).stdout;
    assert_eq!(seen.stdout.replace(values, ""), whole.replace("reference", "ppm-prod"));

    let count = watched.emulator.counts();
    watched.is_denied_the_rest();
    assert_eq!((watched.writes(), watched.emulator.counts()), (Vec::new(), count));

    // That the policy is enforced at all: without an action, what needs it is not read.
    let without: Value =
        serde_json::from_str(&policy.to_string().replace("rds:DescribeDBInstances", "rds:Nothing")).unwrap();
    watched.may(&without);
    job.run(&["drift"]).exit(3).says(&["database.main", "rds:DescribeDBInstances"]);
    watched.emulator.expected_violations();
}

/// A dead man's switch: answers every request with a status, and tells its first line.
pub(crate) fn switch(status: &'static str) -> (String, Receiver<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}/ping/5ec7e7", listener.local_addr().unwrap());
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            let _ = lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
            let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            if told.send(first).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heartbeat_tells_of_every_look_and_of_no_failure() {
    let watched = watched().await;
    let (url, heard) = switch("200 OK");
    let job = watched.job.with("PPM_INFRA_HEARTBEAT", &url);
    let beats = || heard.try_iter().collect::<Vec<_>>();
    let beat = ["GET /ping/5ec7e7 HTTP/1.1"];
    job.run(&["drift"]).exit(0);
    assert_eq!(beats(), beat);
    job.run(&["drift", "--report", "none/a.md"]).exit(1);
    assert_eq!(beats(), [""; 0], "what was to be written was not");
    let change =
        watched.rds.modify_db_instance().db_instance_identifier("ppm-prod-database").backup_retention_period(1);
    change.apply_immediately(true).send().await.unwrap();
    job.run(&["drift"]).exit(2);
    assert_eq!(beats(), beat);
    let lost = job.with("AWS_ACCESS_KEY_ID", "EXPIRED");
    lost.run(&["drift"]).exit(69);
    assert_eq!(beats(), [""; 0]);

    let job = lost.with("AWS_ACCESS_KEY_ID", "AKIAJOB");
    let (refusing, _heard) = switch("404 Not Found");
    for (url, why) in
        [(refusing.as_str(), "status 404"), ("http://127.0.0.1:9/5ec7e7", "not reached"), ("5ec7e7", "no URL")]
    {
        let said = job.run(&["drift", "--heartbeat", url]).exit(2).says(&["the heartbeat did not arrive", why]);
        assert!(!said.stderr.contains("5ec7e7"), "the URL is a secret: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_typed_next_is_taken_by_iam_and_by_kubernetes() {
    let watched = watched().await;
    let desk = &watched.desk;
    let _cluster = Kubernetes::of(desk);
    let said = desk.run(&["drift", "schedule", "--as", "kubernetes"]).exit(0);
    follow(desk, &said, "aws iam create-role", "aws iam create-role").exit(0);
    follow(desk, &said, "aws iam put-role-policy", "aws iam put-role-policy").exit(0);
    put(desk, &[json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ppm"}})]);
    follow(desk, &said, "kubectl apply --server-side", "kubectl apply --server-side").exit(0);
    let job = get(desk, "cronjob/ppm-prod-drift");
    assert_eq!(job["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"], 900);
    let said =
        desk.run(&["drift", "schedule", "--as", "github", "--repository", "acme/infra", "--branch", "main"]).exit(0);
    follow(desk, &said, "aws iam create-open-id-connect-provider", "aws iam create-open-id-connect-provider").exit(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_elsewhere_takes_a_state_that_was_moved_into_a_bucket() {
    let emulator = Emulator::start(0);
    emulator.clients().await.s3.create_bucket().bucket("acme-ppm-state").send().await.unwrap();
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    let said = desk.run(&["drift", "schedule", "--as", "cron"]).exit(1);
    hint(&desk, &said, "comes first; write the files after it", "ppm-infra apply").approved("yes").exit(0);
    let said = desk.run(&["drift", "schedule", "--as", "kubernetes"]).exit(1);
    let text = desk.read("plans/reference.yaml");
    desk.write("plans/reference.yaml", &format!("{text}\nstate: s3://acme-ppm-state/team\n"));
    follow(&desk, &said, "moves the lockfile there", "ppm-infra state migrate").exit(0);
    desk.run(&["drift", "schedule", "--as", "kubernetes"]).exit(0);
}
