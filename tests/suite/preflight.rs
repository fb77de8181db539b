//! What would fail half way through an apply is told by `preflight`, in an account where everything else is well; and where
//! all is well it is silent. The program itself, against the strict emulator.

mod faults;
mod healthy;
mod seeds;

use serde_json::{Value, json};

use crate::support::binary::{Desk, Said};
use crate::support::emulator::Emulator;
use seeds::Seed;

/// An account, a declaration, and what is wrong there.
struct Fault {
    /// What is wrong, in words.
    name: &'static str,
    /// Lines that the declaration ends with.
    declared: &'static str,
    /// What was done to the account.
    seeds: &'static [Seed],
    /// What has to be said: the id of the check, or of the finding that no plan can be made for.
    told: &'static str,
}

/// Looks with the account as it was seeded; nothing may be written.
async fn preflight(declared: &str, seeds: &[Seed], stands: bool) -> (Said, usize) {
    let emulator = Emulator::start(0);
    emulator.post("/strict/settings", &json!({"consistency": {"kms": 0, "ec2": 0, "iam": 0}}));
    let mut desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    if stands {
        desk.run(&["apply", "--auto-approve"]).exit(0);
    }
    let mut text = declared.to_owned();
    for seed in seeds {
        text = seed.plant(&emulator, &mut desk, text).await;
    }
    seeds::declare(&desk, &text);
    emulator.post("/strict/log/clear", &Value::Null);
    let said = desk.run(&["preflight", "--json"]);
    (said, emulator.mutations())
}

/// The ids of all that was found, and is not only a warning; those of a plan that cannot be made as well.
fn told(said: &Said) -> Vec<String> {
    let documents = said.json();
    let of_checks = documents.iter().flat_map(|one| one["checks"].as_array().into_iter().flatten());
    let failed = of_checks.filter(|check| check["result"] == "fail").map(|check| check["id"].clone());
    let of_plan = documents.iter().flat_map(|one| one["findings"].as_array().into_iter().flatten());
    let ids = failed.chain(of_plan.map(|finding| finding["id"].clone()));
    ids.filter_map(|id| id.as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn what_would_fail_half_way_is_told_before_anything_is_written() {
    let (mut caught, mut missed) = (0, Vec::new());
    let all = faults::all();
    for fault in &all {
        let (said, mutations) = preflight(fault.declared, fault.seeds, fault.seeds.contains(&Seed::Standing)).await;
        assert_eq!(mutations, 0, "{}: nothing may be written", fault.name);
        let text = format!("{}{}", said.stdout, said.stderr);
        let is_told = told(&said).iter().any(|id| id == fault.told) || text.contains(fault.told);
        if said.code != 0 && is_told {
            caught += 1;
        } else {
            missed.push(format!("{}: {} expected, exit {}, {:?}", fault.name, fault.told, said.code, told(&said)));
        }
    }
    println!("{} seeded faults, {caught} of them told before anything was written", all.len());
    assert!(all.len() >= 50, "{}", all.len());
    assert_eq!(missed, Vec::<String>::new());
}

#[tokio::test]
async fn where_all_is_well_nothing_is_found() {
    for account in healthy::all() {
        let (said, mutations) =
            preflight(account.declared, account.seeds, account.seeds.contains(&Seed::Standing)).await;
        assert_eq!(mutations, 0, "{}", account.name);
        let found = said.json().remove(0);
        let counts = &found["summary"]["checks"];
        assert_eq!((&counts["fail"], &counts["unknown"]), (&json!(0), &json!(0)), "{}: {said}", account.name);
        assert!(counts["pass"].as_u64().unwrap() >= account.passes, "{}: {counts}", account.name);
        assert_eq!(said.code, 0, "{}: {said}", account.name);
    }
}

#[tokio::test]
async fn a_result_that_somebody_answers_for_does_not_count() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    desk.declare(&[]);
    emulator.post("/strict/settings", &json!({"quotas": {"L-1216C47A": 47}}));
    desk.run(&["plan"]).exit(1).says(&["error: node_group.main: 0 of 47 vCPUs", "request-service-quota-increase"]);
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&["nothing was changed", "--skip quota.vcpus=REASON"]);
    let skip = ["--skip", "quota.vcpus=raised on Monday"];
    let said = desk.run(&[&["preflight"], &skip[..]].concat()).exit(0);
    said.says(&["skipped quota.vcpus, because raised on Monday", "0 of 47 vCPUs", "none failed"]);
    desk.run(&["preflight", "--skip", "quota.vcpus"]).exit(64).says(&["with a reason"]);
    desk.run(&["preflight", "--skip", "quota.vcpu=x"]).exit(64).says(&["there is no check quota.vcpu", "quota.vcpus"]);
    emulator.post("/strict/settings", &json!({"quotas": {"L-1216C47A": 48}}));
    desk.run(&["preflight"]).exit(0).says(&["all passed"]);
    desk.run(&["preflight", "--full"]).exit(0).says(&["quota.vcpus", "permissions.service_roles"]);
}
