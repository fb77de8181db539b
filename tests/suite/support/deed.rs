//! A run of the program against the strict emulator that is about to be disturbed, and what is there when it is not.

use std::collections::BTreeMap;

use serde_json::Value;

use super::binary::Desk;
use super::emulator::{Counts, Emulator, Fork, Line};

/// A run that is disturbed, and what is there before it.
pub(crate) struct Deed {
    emulator: Emulator,
    files: BTreeMap<&'static str, String>,
    /// What is typed.
    pub(crate) arguments: Vec<&'static str>,
    look: Vec<&'static str>,
    /// What is there after a run nobody disturbed.
    pub(crate) whole: Counts,
    /// The calls of it.
    pub(crate) calls: Vec<Value>,
}

const APPLY: [&str; 2] = ["apply", "--auto-approve"];
const LOCKFILE: &str = "state/ppm-prod.lock.json";

impl Deed {
    /// The first apply, by an emulator that has done it once and forgotten it.
    pub(crate) fn first_apply() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        let (whole, calls) = (emulator.counts(), emulator.calls());
        emulator.post("/strict/reset", &Value::Null);
        let look = vec!["plan", "--detailed-exitcode"];
        Self { emulator, files: BTreeMap::new(), arguments: APPLY.into(), look, whole, calls }
    }

    /// The removal of everything.
    pub(crate) fn destruction() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        emulator.post("/strict/log/clear", &Value::Null);
        let files = BTreeMap::from([(LOCKFILE, desk.read(LOCKFILE))]);
        let arguments =
            vec!["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
        let look = vec!["plan", "--destroy", "--detailed-exitcode"];
        let mut deed = Self { emulator, files, arguments, look, whole: Counts::new(), calls: Vec::new() };
        let (desk, fork) = deed.stage();
        desk.run(&deed.arguments).exit(0);
        (deed.whole, deed.calls) = (fork.counts(), fork.calls());
        deed
    }

    /// A look for drift at a stack that nobody has touched, by an emulator with these settings.
    pub(crate) fn look_for_drift(settings: &Value) -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        emulator.post("/strict/settings", settings);
        emulator.post("/strict/log/clear", &Value::Null);
        let files = BTreeMap::from([(LOCKFILE, desk.read(LOCKFILE))]);
        let arguments = vec!["drift", "--json"];
        desk.run(&arguments).exit(0);
        let (whole, calls) = (emulator.counts(), emulator.calls());
        Self { emulator, files, arguments, look: vec!["drift"], whole, calls }
    }

    /// Putting back what somebody changed and took away.
    pub(crate) async fn fix_of_drift() -> Self {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        desk.run(&APPLY).exit(0);
        let lockfile: Value = serde_json::from_str(&desk.read(LOCKFILE)).unwrap();
        let id = |address: &str| lockfile["resources"][address]["computed"]["id"].as_str().unwrap().to_owned();
        let aws = emulator.clients().await;
        let days = aws.rds.modify_db_instance().db_instance_identifier(id("database.main"));
        days.backup_retention_period(1).apply_immediately(true).send().await.unwrap();
        aws.elb.delete_listener().listener_arn(id("listener.http")).send().await.unwrap();
        aws.s3.delete_public_access_block().bucket(id("bucket.packages")).send().await.unwrap();
        aws.s3.delete_bucket_policy().bucket(id("bucket.packages")).send().await.unwrap();
        let nodes = aws.iam.detach_role_policy().role_name("ppm-prod-nodes");
        nodes.policy_arn("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy").send().await.unwrap();
        emulator.post("/strict/log/clear", &Value::Null);
        let files = BTreeMap::from([(LOCKFILE, desk.read(LOCKFILE))]);
        let named = ["database.main", "listener.http", "bucket.packages", "iam_role.nodes"];
        let arguments = [&["drift", "fix", "--auto-approve"], &named[..]].concat();
        let look = vec!["plan", "--detailed-exitcode"];
        let mut deed = Self { emulator, files, arguments, look, whole: Counts::new(), calls: Vec::new() };
        let (desk, fork) = deed.stage();
        desk.run(&deed.arguments).exit(0);
        (deed.whole, deed.calls) = (fork.counts(), fork.calls());
        deed
    }

    /// How many calls of it write.
    pub(crate) fn writes(&self) -> u64 {
        self.calls.iter().filter(|call| call["mutating"] == true).count() as u64
    }

    /// The world and the folder before the run.
    pub(crate) fn stage(&self) -> (Desk, Fork) {
        let fork = self.emulator.fork();
        let desk = Desk::at(&fork.endpoint(), 0);
        desk.declare(&[]);
        for (name, text) in &self.files {
            desk.write(name, text);
        }
        (desk, fork)
    }

    /// Goes on as if nothing had happened.
    pub(crate) fn assert_finished_by_the_next(&self, desk: &Desk, line: &Line, what: &str) {
        let next = desk.run(&self.arguments);
        assert_eq!(next.code, 0, "{what}: {next}");
        self.assert_nothing_left_to_do(desk, line, what);
    }

    /// The end is as it is when nobody disturbs.
    pub(crate) fn assert_nothing_left_to_do(&self, desk: &Desk, line: &Line, what: &str) {
        let look = desk.run(&self.look);
        assert_eq!(look.code, 0, "{what}: nothing is left to do: {look}");
        assert_eq!(line.counts(), self.whole, "{what}: nothing lost, nothing left behind, nothing twice");
    }
}
