//! A rehearsal: the whole program without an account, which touches nothing of the real stack. And what may be named on
//! the command line.

use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::engine::Request;
use ppm_infra::resources;
use ppm_infra::run::event::EventKind;
use serde_json::{Value, json};

use crate::support::bench::{Bench, Ran};
use crate::support::binary::{Desk, Said};
use crate::support::random::paused;
use crate::support::reference::{Declared, reference};
use crate::support::watched::WatchedCloud;

const REHEARSAL: [&str; 2] = ["--cloud", "simulated:try.json"];

/// The arguments of a rehearsal.
fn rehearsed<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    REHEARSAL.into_iter().chain(arguments.iter().copied()).collect()
}

#[test]
fn it_keeps_everything_beside_its_world() {
    for state in ["", "state: s3://nobodys-bucket/ppm"] {
        let desk = Desk::fast();
        desk.declare_with(state);
        desk.run(&rehearsed(&["apply", "--auto-approve", "--values", "values.yaml"])).exit(0);
        desk.run(&rehearsed(&["kubeconfig"])).exit(0);
        desk.run(&rehearsed(&["drift"])).exit(0);
        let lockfile = desk.read("try.rehearsal/ppm-prod.lock.json");
        assert!(lockfile.contains("database.main"), "{lockfile}");
        assert!(desk.read("try.rehearsal/kubeconfig").contains("ppm-prod"));
        for real in ["state", ".kube"] {
            assert!(!desk.path(real).exists(), "{real} belongs to the real stack");
        }
        desk.run(&rehearsed(&["state", "migrate"])).exit(64);
    }
}

#[test]
fn a_folder_that_is_named_is_taken() {
    let desk = Desk::fast();
    desk.declare(&[]);
    desk.run(&rehearsed(&["--state", "elsewhere", "apply", "--auto-approve"])).exit(0);
    assert!(desk.path("elsewhere/ppm-prod.lock.json").exists());
    assert!(!desk.path("try.rehearsal").exists());
}

#[test]
fn programs_are_told_which_resources_stand_in_the_way_of_a_plan() {
    let desk = Desk::fast();
    desk.declare(&[]);
    let told = |arguments: &[&str], code| {
        let error = &desk.run(&rehearsed(arguments)).exit(code).json().remove(0)["error"];
        let finding = error["findings"][0].clone();
        (finding["id"].clone(), finding["address"].clone(), finding["what"].clone())
    };
    let (id, address, what) = told(&["plan", "--json", "--replace", "vpc.other"], 64);
    assert_eq!(
        (id, address, what),
        (json!("plan.not_recorded"), json!("vpc.other"), json!("it is not in the lockfile"))
    );
    desk.run(&rehearsed(&["apply", "--auto-approve"])).exit(0);
    let (id, address, what) = told(&["plan", "--json", "--replace", "database.main"], 1);
    assert_eq!((id, address), (json!("plan.protected"), json!("database.main")));
    assert_eq!(what, json!("it is protected and would be replaced"));
}

#[test]
fn events_are_numbered_without_a_gap_and_name_their_stack_and_run() {
    let desk = Desk::fast();
    desk.declare(&[]);
    let lines = desk.run(&rehearsed(&["apply", "--auto-approve", "--json", "--log-file", "log.json"])).exit(0).json();
    let events: Vec<&Value> = lines.iter().filter(|line| line["seq"].is_u64()).collect();
    assert!(events.len() > 90, "{} events", events.len());
    let run = &events[0]["run"];
    for (n, event) in (1..).zip(events.iter()) {
        assert_eq!((&event["seq"], &event["stack"], &event["run"]), (&json!(n), &json!("ppm-prod"), run), "{event}");
    }
    let logged = desk.read("log.json");
    assert!(logged.lines().all(|line| line.contains(run.as_str().unwrap())), "log lines carry the run {run}");
}

#[test]
fn commands_that_are_named_mean_the_rehearsal_too() {
    let desk = Desk::fast();
    desk.declare(&[]);
    let saved = desk.run(&rehearsed(&["plan", "-o", "first.plan.json"])).exit(0);
    saved.says(&["ppm-infra --cloud simulated:try.json apply first.plan.json"]);
    let done = desk.run(&rehearsed(&["apply", "--auto-approve"])).exit(0);
    let done = done.says(&["rehearsal", "ppm-infra --cloud simulated:try.json status"]);
    assert!(!done.stdout.contains("\n  ppm-infra status"), "{done}");
    let unknown = desk.run(&rehearsed(&["plan", "--replace", "vpc.other"])).exit(64);
    unknown.says(&["`ppm-infra --cloud simulated:try.json state list`"]);
    // What stands in the environment need not be typed again.
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["plan", "-o", "first.plan.json"]).exit(0).says(&["exactly this: `ppm-infra apply first.plan.json`"]);
}

#[test]
fn arns_and_hosts_are_those_of_the_region_and_account() {
    for (region, partition, account, suffix) in [
        ("eu-west-1", "aws", "111122223333", "amazonaws.com"),
        ("us-gov-west-1", "aws-us-gov", "999988887777", "amazonaws.com"),
        ("cn-north-1", "aws-cn", "111122223333", "amazonaws.com.cn"),
    ] {
        let desk = Desk::fast();
        let certificate = format!("arn:{partition}:acm:{region}:{account}:certificate/");
        let (site, owner) = (format!("region: {region}\naccount: \"{account}\""), account);
        desk.declare(&[
            ("region: us-east-1", &site),
            ("arn:aws:acm:us-east-1:123456789012:certificate/", &certificate),
        ]);
        desk.run(&rehearsed(&["apply", "--auto-approve", "--values", "values.yaml"])).exit(0);
        let (lockfile, values) = (desk.read("try.rehearsal/ppm-prod.lock.json"), desk.read("values.yaml"));
        for text in [&lockfile, &values] {
            assert!(!text.contains("us-east-1"), "{region}: {text}");
            assert!(text.contains(&format!("arn:{partition}:iam::{owner}:role/")), "{region}: {text}");
        }
        for host in [format!(".{region}.rds.{suffix}"), format!(".{region}.elb.{suffix}")] {
            assert!(lockfile.contains(&host), "{host} in {lockfile}");
        }
        desk.run(&rehearsed(&["plan", "--detailed-exitcode"])).exit(0);
    }
}

#[test]
fn a_lockfile_of_which_nothing_stands_takes_any_account() {
    let desk = Desk::fast();
    desk.declare(&[]);
    desk.run(&rehearsed(&["apply", "--auto-approve"])).exit(0);
    desk.run(&rehearsed(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]))
        .exit(0);
    desk.declare(&[
        ("123456789012", "222233334444"),
        ("region: us-east-1", "region: us-east-1\naccount: \"222233334444\""),
    ]);
    // The values of the other account are not written over, and that is all that stands in the way.
    let plan = || desk.run(&rehearsed(&["plan", "--detailed-exitcode"]));
    plan().exit(64).says(&["46 to create", "these are the values of the stack ppm-prod in account 111122223333"]);
    desk.shell("rm try.rehearsal/ppm-prod.values.yaml").exit(0);
    plan().exit(2).says(&["46 to create", "222233334444"]);
}

#[test]
fn what_could_keep_the_program_waiting_for_ever_is_refused() {
    let desk = Desk::fast();
    desk.declare(&[]);
    desk.run(&rehearsed(&["apply", "--auto-approve"])).exit(0);
    desk.shell("mkfifo pipe").exit(0);
    let before = desk.files();
    let named = [("pipe", "a named pipe"), ("plans", "a folder"), ("/dev/zero", "a device")];
    for (command, code) in READING {
        for (named, what) in named {
            asked(&desk, command, named).exit(code).says(&[named, what, "name a file, or `-` to read"]);
        }
    }
    for command in KEEPING {
        for (named, what) in named.into_iter().chain(OPEN) {
            asked(&desk, command, named).exit(64).says(&[named, what, "name"]);
        }
    }
    assert_eq!(desk.files(), before, "nothing is written, and what was named stays what it is");
    desk.shell("test -p pipe").exit(0);
}

/// The number before `word` wherever it is in a text.
fn numbers_before(word: &str, text: &str) -> Vec<u32> {
    let parts: Vec<&str> = text.split(word).collect();
    let last = |part: &&str| part.split_whitespace().next_back()?.parse().ok();
    parts[..parts.len() - 1].iter().filter_map(last).collect()
}

#[test]
fn the_readme_promises_as_many_objects_as_are_made() {
    let readme = include_str!("../../README.md");
    let (before, rest) = readme.split_once("## Try it: a rehearsal").unwrap();
    let (rehearsal, after) = rest.split_once("\n## ").unwrap();
    let desk = Desk::fast();
    let mut made = Vec::new();
    for line in rehearsal.lines().filter(|line| line.starts_with("    ppm-infra")) {
        let typed = line.split('#').next().unwrap().replace(" apply ", " apply --auto-approve ");
        // No pods run in a rehearsal, and that is what status says.
        let said = desk.shell(&typed).exit(typed.contains(" status ").into());
        made.extend(numbers_before("to create.", &said.stdout));
        assert_eq!(
            numbers_before("objects", line),
            if typed.contains(" apply ") { made.clone() } else { vec![] },
            "{line}"
        );
    }
    assert_eq!(made.len(), 1, "one of the commands makes them");
    assert!(desk.path("try.rehearsal").exists(), "as it says");
    // Everywhere else it speaks of the reference declaration, which has a certificate.
    desk.declare(&[]);
    let all = numbers_before("to create.", &desk.run(&rehearsed(&["plan"])).exit(0).stdout);
    let told =
        [before, after].map(|text| [numbers_before("objects", text), numbers_before("to create.", text)].concat());
    let told = told.concat();
    assert!(told.len() > 3 && told.iter().all(|told| all == [*told]), "{told:?} and not {all:?}");
}

#[test]
fn a_pipe_in_the_place_of_a_file_of_the_state_is_damage() {
    for name in ["ppm-prod.lock.json", "ppm-prod.journal", "ppm-prod.lock"] {
        let desk = Desk::fast();
        desk.declare(&[]);
        desk.run(&rehearsed(&["apply", "--auto-approve"])).exit(0);
        desk.shell(&format!("cd try.rehearsal; rm -f {name}; mkfifo {name}")).exit(0);
        let locks = name == "ppm-prod.lock";
        let said = asked(&desk, "apply --auto-approve", "").exit(78);
        said.says(&[&format!("try.rehearsal/{name} is damaged: it is a named pipe, not a file")]);
        asked(&desk, if locks { "lock status" } else { "plan" }, "").exit(78).says(&["a named pipe"]);
        if !locks {
            asked(&desk, "recover --auto-approve", "").exit(0);
            asked(&desk, "plan --detailed-exitcode", "").exit(0);
        }
    }
}

/// Commands that read the file NAMED, and how they end where it is none.
const READING: [(&str, i32); 9] = [
    ("validate NAMED", 65),
    ("plan NAMED", 65),
    ("apply --auto-approve NAMED", 65),
    ("destroy --auto-approve NAMED", 65),
    ("output -f NAMED", 65),
    ("values --check NAMED", 64),
    ("show NAMED", 64),
    ("secrets --license NAMED", 64),
    ("state push NAMED", 64),
];

/// Commands that write the file NAMED, or keep something in it.
const KEEPING: [&str; 9] = [
    "init --set stack=ppm-two --set region=us-east-1 NAMED",
    "init --full NAMED",
    "plan -o NAMED",
    "apply --auto-approve --values NAMED",
    "values --out NAMED",
    "kubeconfig --out NAMED",
    "--cloud simulated:NAMED plan",
    "--cloud simulated:NAMED apply --auto-approve",
    "--cloud simulated:NAMED status",
];

/// What is open already, and no place for a file.
const OPEN: [(&str, &str); 3] =
    [("/dev/stdin", "standard input"), ("/dev/stdout", "an open file"), ("/dev/fd/0", "an open file")];

/// Runs a command with this name in it. Its standard input stays open and says nothing: whoever reads it is stopped.
fn asked(desk: &Desk, command: &str, named: &str) -> Said {
    let cloud = if command.contains("--cloud") { String::new() } else { format!("{} ", REHEARSAL.join(" ")) };
    let command = command.replace("NAMED", named);
    desk.shell(&format!("mkfifo open; exec 3<>open; rm open; timeout -s KILL 20 $PROGRAM {cloud}{command} <&3"))
}

#[test]
fn a_cloud_that_there_is_not_is_refused_before_the_state_of_another_is_touched() {
    let desk = Desk::fast();
    desk.declare(&[]);
    desk.run(&rehearsed(&["--state", "state", "apply", "--auto-approve"])).exit(0);
    let before = desk.files();
    for command in ["state rm vpc.main", "state list", "output", "plan", "unlock --force", "destroy --auto-approve"] {
        let arguments: Vec<&str> = ["--cloud", "simulate:try.json"].into_iter().chain(command.split(' ')).collect();
        desk.run(&arguments).exit(64).says(&["there is no cloud `simulate:try.json`", "`simulated:FILE`"]);
    }
    assert_eq!(desk.files(), before);
}

#[test]
fn standard_input_is_a_declaration_too() {
    let desk = Desk::fast();
    desk.declare(&[]);
    for way in ["$PROGRAM validate - < plans/reference.yaml", "cat plans/reference.yaml | $PROGRAM validate /dev/stdin"]
    {
        desk.shell(way).exit(0).says(&["is valid: stack ppm-prod"]);
    }
    desk.shell("echo 'stack: [' | $PROGRAM validate -").exit(65).says(&["standard input"]);
    // Two stacks from the same place are two stacks, not one that was renamed.
    let plan = "$PROGRAM --cloud simulated:try.json";
    desk.shell(&format!("{plan} apply --auto-approve - < plans/reference.yaml")).exit(0);
    desk.shell(&format!("sed s/ppm-prod/ppm-two/ plans/reference.yaml | {plan} plan -"))
        .exit(0)
        .says(&["46 to create"]);
}

#[test]
fn a_signal_ends_what_only_reads_at_once() {
    let desk = Desk::fast();
    // Standard input stays open and says nothing: without the signal this would wait for ever. 124: the signal was enough.
    desk.declare(&[]);
    for signal in ["INT", "TERM"] {
        for reads in ["validate -", "plan -", "show /dev/stdin", "values --check -"] {
            let reads = format!("exec 3<>open; timeout -s {signal} -k 60 0.3 $PROGRAM {reads} <&3; echo ended $?");
            desk.shell(&format!("rm -f open; mkfifo open; {reads}")).exit(0).says(&["ended 124"]);
        }
    }
}

fn looks(ran: &Ran) -> Vec<&EventKind> {
    ran.events.iter().filter(|event| matches!(event, EventKind::LookingAgain { .. })).collect()
}

#[test]
fn what_is_looked_for_and_until_when_is_told() {
    paused().block_on(async {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", false);
        let cloud = WatchedCloud::before(bench.cloud.clone());
        bench.session.cloud = cloud.clone();
        let policy = "iam_policy.package-manager".parse().unwrap();
        bench.cloud.fault(Verb::Create, "iam_policy.package-manager".parse().unwrap(), Fault::LoseAnswer);
        cloud.hide(&policy, 3);
        let ran = bench.run(&Declared(reference()), &Request::default()).await;
        let told = looks(&ran);
        let EventKind::LookingAgain { missing, interrupted, waited_seconds, at_most_seconds } = told[0] else {
            unreachable!("they were picked out")
        };
        assert_eq!((missing.as_slice(), *interrupted), ([policy].as_slice(), true));
        assert_eq!(*waited_seconds, 0);
        assert!(*at_most_seconds >= 10, "{told:?}");
    });
}
