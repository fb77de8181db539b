//! What `EventBridge` does with the calls that reached the emulator, by the rules of a job that looks for drift.

use std::path::Path;

use ppm_infra::drift_job::{DriftJob, JobTarget, TaskJob};
use ppm_infra::engine::state::State;
use ppm_infra::permissions::{NetworkScope, StackScope};
use ppm_infra::resources::catalog;
use ppm_infra::run::watched;
use ppm_infra::store::read_lockfile;
use ppm_infra::text::read_yaml;
use serde_json::{Value, json};

use super::binary::Desk;
use super::emulator::Line;

const LOCKFILE: &str = "state/ppm-prod.lock.json";

/// The record of the stack of a desk.
pub(crate) fn record(desk: &Desk) -> State {
    read_lockfile(Path::new(LOCKFILE), &desk.read(LOCKFILE), &catalog()).unwrap()
}

/// The template of a job for a stack as it is recorded.
pub(crate) fn template(desk: &Desk) -> Value {
    let state = record(desk);
    let scope = StackScope {
        stack: state.stack.clone(),
        region: "us-east-1".to_owned(),
        account: state.account.clone(),
        bucket: "acme-packages".to_owned(),
        key: None,
        network: NetworkScope::Connected,
        has_certificate: true,
        has_administrators: false,
        state: Some("s3://acme-state/team".parse().unwrap()),
        state_key: None,
    };
    let job = DriftJob { scope, hours: 6, exit_on: None };
    let watched = watched(&catalog(), &state);
    let task =
        TaskJob { image: "acme/ppm-infra:1".to_owned(), declaration: "plans/reference.yaml".to_owned(), watched };
    let files = job.files(&JobTarget::Eventbridge(task), "out").files;
    read_yaml(&files[0].text).unwrap()
}

/// The rules of a template that start a task.
pub(crate) fn rules(template: &Value) -> Vec<Value> {
    let resources = template["Resources"].as_object().unwrap().iter();
    let rules = resources.filter(|(name, _)| name.starts_with("On")).map(|(_, rule)| rule["Properties"].clone());
    rules.collect()
}

/// An event that started a task, with the variables the task was given.
#[derive(Clone, Debug)]
pub(crate) struct Started {
    pub(crate) event: Value,
    pub(crate) environment: Vec<(String, String)>,
}

/// What the rules start for the calls from an index of the log on.
pub(crate) fn started(line: &Line, rules: &[Value], since: u64) -> Vec<Started> {
    let mut all = Vec::new();
    for rule in rules {
        let order = json!({
            "pattern": rule["EventPattern"],
            "transformer": rule["Targets"][0]["InputTransformer"],
            "since": since,
        });
        for one in line.post("/strict/eventbridge", &order).as_array().unwrap() {
            let container = &one["input"]["containerOverrides"][0];
            assert_eq!(container["name"], "drift", "the container of the task");
            let environment = container["environment"].as_array().unwrap().iter();
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let environment = environment.map(|one| (text(&one["name"]), text(&one["value"])));
            all.push(Started { event: one["event"].clone(), environment: environment.collect() });
        }
    }
    all
}

/// What somebody changed from an index of the log on, as `EventBridge` is told of it.
pub(crate) fn changes(line: &Line, since: u64) -> Vec<Value> {
    let all = line.post("/strict/eventbridge", &json!({ "since": since }));
    let all = all.as_array().unwrap().iter().map(|one| one["event"].clone());
    all.filter(|event| event["detail"]["errorCode"].is_null()).collect()
}

/// The index of the log from which on nothing has been called yet.
pub(crate) fn now(line: &Line) -> u64 {
    line.calls().last().map_or(0, |call| call["index"].as_u64().unwrap() + 1)
}
