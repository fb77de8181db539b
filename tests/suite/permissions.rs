//! The table of permissions against the calls in the sources, in both directions, and the command that prints policies.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ppm_infra::permissions::calls;
use serde_json::Value;

use crate::support::binary::Desk;

#[cfg(feature = "aws")]
mod enforced;

/// Clients of the SDK as the sources call them, with the names of their services in IAM.
const CLIENTS: [(&str, &str); 12] = [
    ("acm", "acm"),
    ("autoscaling", "autoscaling"),
    ("cloudtrail", "cloudtrail"),
    ("ec2", "ec2"),
    ("eks", "eks"),
    ("elb", "elasticloadbalancing"),
    ("iam", "iam"),
    ("kms", "kms"),
    ("rds", "rds"),
    ("s3", "s3"),
    ("secrets", "secretsmanager"),
    ("service_quotas", "servicequotas"),
];

/// How the names of calls begin: what else is called on a client builds or configures it.
const VERBS: [&str; 36] = [
    "abort",
    "add",
    "allocate",
    "associate",
    "attach",
    "authorize",
    "cancel",
    "copy",
    "create",
    "delete",
    "deregister",
    "describe",
    "detach",
    "disable",
    "disassociate",
    "enable",
    "get",
    "head",
    "list",
    "lookup",
    "modify",
    "put",
    "release",
    "remove",
    "replace",
    "reset",
    "restore",
    "resume",
    "revoke",
    "schedule",
    "set",
    "simulate",
    "tag",
    "untag",
    "update",
    "upload",
];

/// The calls of a text, such as `aws.ec2.create_vpc()`, in lower case, as `ec2:createvpc`.
fn called(text: &str, found: &mut BTreeSet<String>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    for (client, service) in CLIENTS {
        for (at, _) in text.match_indices(client) {
            if text[..at].ends_with(is_word) {
                continue;
            }
            let Some(rest) = text[at + client.len()..].trim_start().strip_prefix('.') else { continue };
            let rest = rest.trim_start();
            let name = rest.split(|c: char| !is_word(c)).next().unwrap_or_default();
            let is_call = rest[name.len()..].trim_start().starts_with('(');
            if is_call && name.split_once('_').is_some_and(|(verb, _)| VERBS.contains(&verb)) {
                found.insert(format!("{service}:{}", name.replace('_', "")));
            }
        }
    }
}

fn sources(folder: &Path, found: &mut BTreeSet<String>) {
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            called(&std::fs::read_to_string(&path).unwrap(), found);
        }
    }
}

#[test]
fn the_table_has_every_call_of_the_program_and_no_other() {
    let mut made = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut made);
    assert!(made.len() > 200, "{}", made.len());
    let known: BTreeMap<String, &str> = calls()
        .iter()
        .map(|call| (format!("{}:{}", call.service, call.operation).to_lowercase(), call.action))
        .collect();
    let missing: Vec<&String> = made.iter().filter(|call| !known.contains_key(*call)).collect();
    assert!(missing.is_empty(), "src/permissions/table allows nobody to call {missing:?}");
    let idle: Vec<&str> = known.iter().filter(|(call, _)| !made.contains(*call)).map(|(_, action)| *action).collect();
    assert!(idle.is_empty(), "src/permissions/table has actions that no call of the program needs: {idle:?}");
}

#[test]
fn the_policy_is_printed_as_it_is_or_written_as_documents() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    let said = desk.run(&["iam-policy", "--for", "plan"]).exit(64);
    let said = said.says(&["not known before its first apply"]);
    assert_eq!(said.stdout, "");
    let account = ["--account", "123456789012"];
    let of = |purpose: &str, more: &[&str]| desk.run(&[&["iam-policy", "--for", purpose], &account[..], more].concat());
    let plan = of("plan", &[]).exit(0);
    let read: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan.stderr, "");
    assert_eq!(of("plan", &["--json"]).exit(0).stdout, plan.stdout, "it is JSON in any case");
    assert!(plan.stdout.contains("arn:aws:s3:::ppm-prod-123456789012"), "{plan}");

    let apply = of("apply", &[]).exit(0).says(&["IAM takes 6144 in a managed one", "--out FOLDER"]);
    let whole: Value = serde_json::from_str(&apply.stdout).unwrap();
    let written = of("apply", &["--out", "policies", "--json"]).exit(0).json();
    let names: Vec<String> = serde_json::from_value(written[0]["written"].clone()).unwrap();
    assert!(names.len() > 1 && names[0] == "policies/ppm-prod-apply-1.json", "{names:?}");
    let of_file = |name: &String| -> Vec<Value> {
        let policy: Value = serde_json::from_str(&desk.read(name)).unwrap();
        policy["Statement"].as_array().unwrap().clone()
    };
    let sorted = |mut all: Vec<Value>| {
        all.sort_unstable_by_key(ToString::to_string);
        all
    };
    assert_eq!(
        sorted(names.iter().flat_map(of_file).collect()),
        sorted(whole["Statement"].as_array().unwrap().clone())
    );
    of("plan", &["--out", "policies"]).exit(0).says(&["attach it to whoever runs plan"]);
    assert_eq!(of_file(&"policies/ppm-prod-plan.json".to_owned()), *read["Statement"].as_array().unwrap());

    desk.write("policies/ppm-prod-plan.json", "{}");
    of("plan", &["--out", "policies"]).exit(64).says(&["with other content, policies/ppm-prod-plan.json"]);
    of("plan", &["--out", "policies", "--force"]).exit(0);

    // After an apply the record tells the account.
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.run(&["iam-policy", "--for", "drift"]).exit(0).says(&["secret:ppm-prod-*"]);
    desk.declare_with("account: \"123456789012\"");
    desk.run(&["iam-policy", "--for", "plan", "--account", "111122223333"])
        .exit(64)
        .says(&["`--account` says 111122223333, and `account` of the declaration 123456789012"]);
}
