//! A rehearsal: the whole program without an account, which touches nothing of the real stack. And what may be named on
//! the command line.

use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::engine::Request;
use ppm_infra::resources;
use ppm_infra::run::event::EventKind;

use crate::support::bench::{Bench, Ran};
use crate::support::binary::Desk;
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
    desk.run(&rehearsed(&["plan", "--detailed-exitcode"])).exit(2).says(&["46 to create", "222233334444"]);
}

#[test]
fn what_could_keep_the_program_waiting_for_ever_is_refused() {
    let desk = Desk::fast();
    desk.declare(&[]);
    desk.shell("mkfifo pipe").exit(0);
    for (named, what) in [("pipe", "a named pipe"), ("plans", "a folder"), ("/dev/zero", "a device")] {
        desk.run(&["validate", named]).exit(65).says(&[named, what, "name a file"]);
        desk.run(&["values", "--check", named]).exit(64).says(&[named, what]);
    }
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
    let reads = "mkfifo open; exec 3<>open; timeout -s INT -k 60 1 $PROGRAM validate - <&3; echo ended $?";
    desk.shell(reads).exit(0).says(&["ended 124"]);
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
