//! Bad input: a clear error with place, cause and remedy, the documented exit status, and nothing changed.

use crate::support::binary::{Desk, Said};

/// Runs both a command that looks and one that writes; neither may change anything; both end with `code` and say
/// `texts`.
fn refused(desk: &Desk, code: i32, texts: &[&str]) -> Said {
    let before = desk.files();
    desk.run(&["plan"]).exit(code).says(texts);
    let said = desk.run(&["apply", "--auto-approve"]).exit(code).says(texts);
    assert_eq!(desk.files(), before, "nothing was changed");
    said
}

fn declared(lines: &str, texts: &[&str]) {
    let desk = Desk::simulated();
    desk.declare_with(lines);
    refused(&desk, 65, texts);
    desk.run(&["validate"]).exit(65).says(texts);
}

#[test]
fn a_syntax_error_is_shown_in_its_line() {
    declared("network: [", &["plans/reference.yaml", "error"]);
}

#[test]
fn an_unknown_key_gets_the_nearest_right_one() {
    declared("databse:\n  multi_az: true", &["databse", "database"]);
    declared("database:\n  multi_zone: true", &["multi_zone", "multi_az"]);
}

#[test]
fn a_wrong_type_says_what_was_expected() {
    declared("database:\n  multi_az: 3", &["multi_az", "true or false"]);
    declared("kubernetes:\n  nodes:\n    count: many", &["count", "number"]);
}

#[test]
fn networks_must_be_networks_and_not_overlap() {
    declared("network:\n  cidr: 10.0.0.300/16", &["10.0.0.300/16"]);
    declared("network:\n  cidr: 10.0.1.0/16", &["10.0.0.0/16"]);
    declared("network:\n  cidr: 172.20.0.0/16", &["overlap", "service_cidr"]);
}

#[test]
fn one_zone_is_too_few() {
    declared("network:\n  zones: 1", &["zones", "2"]);
}

#[test]
fn names_must_fit_aws_and_architectures_must_be_known() {
    let desk = Desk::simulated();
    desk.declare(&[("stack: ppm-prod", "stack: ppm-production-environment")]);
    refused(&desk, 65, &["ppm-production-environment", "20"]);
    desk.declare(&[("architecture: kubernetes", "architecture: server")]);
    refused(&desk, 65, &["server", "not supported"]);
    desk.declare(&[("architecture: kubernetes", "architecture: serverless")]);
    refused(&desk, 65, &["serverless", "kubernetes"]);
}

#[test]
fn settings_that_are_decided_elsewhere_or_secret_are_refused() {
    let settings = |lines: &str| format!("package_manager:\n  settings:\n    {lines}");
    declared(&settings("HTTP: {Listen: ':80'}"), &["HTTP.Listen is fixed", "port 4242", "delete the line"]);
    declared(&settings("Proxy: {Password: hunter2}"), &["a secret in plain text", "`rspm encrypt`"]);
    declared(&settings("Metrics:"), &["the section is empty", "delete the line"]);
}

#[test]
fn files_must_be_there_and_chosen() {
    let desk = Desk::simulated();
    refused(&desk, 64, &["no declaration in plans/", "ppm-infra init"]);
    desk.run(&["plan", "plans/missing.yaml"]).exit(65).says(&["there is no file plans/missing.yaml", "hint"]);
    desk.declare(&[]);
    desk.write("plans/other.yaml", "stack: other\nregion: eu-west-1\n");
    refused(&desk, 64, &["2 declarations", "plans/other.yaml, plans/reference.yaml", "name one"]);
    desk.run(&["plan", "plans/missing.plan.json"]).exit(65);
    desk.run(&["apply", "missing.plan.json"]).exit(64).says(&["no saved plan"]);
}

#[test]
fn the_command_line_is_checked() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["paln"]).exit(64).says(&["plan"]);
    desk.run(&["plan", "--replace", "nonsense"]).exit(64).says(&["kind.name"]);
    desk.run(&["plan", "--replace", "vpc.main"]).exit(64).says(&["vpc.main is not in the lockfile"]);
    desk.run(&["plan", "--cloud", "azure"]).exit(64).says(&["no cloud `azure`"]);
    desk.run(&["apply"]).exit(64).says(&["--auto-approve"]);
    desk.run(&["destroy", "--delete-data", "everything"]).exit(64).says(&["database", "bucket", "key"]);
    desk.run(&["output", "nothing"]).exit(64).says(&["no output `nothing`"]);
    desk.run(&["explain", "databse"]).exit(64).says(&["did you mean"]);
}

#[test]
fn a_lockfile_that_cannot_be_right_is_refused() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let lockfile = "state/ppm-prod.lock.json";
    let whole = desk.read(lockfile);

    desk.write(lockfile, &whole[..whole.len() / 2]);
    refused(&desk, 78, &["state/ppm-prod.lock.json", "damaged", "show HEAD:"]);
    desk.write(lockfile, &whole.replace("\"region\": \"us-east-1\"", "\"region\": \"us-west-2\""));
    refused(&desk, 78, &["changed by something other than ppm-infra"]);
    desk.write(lockfile, &whole.replace("\"format\": 1", "\"format\": 99"));
    refused(&desk, 78, &["format 99", "use the ppm-infra that wrote it"]);
    desk.write(lockfile, "");
    refused(&desk, 78, &["damaged"]);
    std::fs::remove_file(desk.path(lockfile)).unwrap();
    std::fs::create_dir(desk.path(lockfile)).unwrap();
    refused(&desk, 78, &["could not read", lockfile]);
    std::fs::remove_dir(desk.path(lockfile)).unwrap();
    desk.write(lockfile, &whole);
    desk.run(&["plan", "--detailed-exitcode"]).exit(0);
}

#[test]
fn a_renamed_stack_is_refused_with_a_way_out() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.declare(&[("stack: ppm-prod", "stack: ppm-live")]);
    refused(
        &desk,
        1,
        &["ppm-live", "was applied as ppm-prod", "write `stack: ppm-prod` again", "cp plans/reference.yaml"],
    );
    // The last way out: once nothing of it stands, the name is free to change.
    desk.declare(&[]);
    desk.run(&["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"]).exit(0);
    desk.declare(&[("stack: ppm-prod", "stack: ppm-live")]);
    desk.run(&["plan", "--detailed-exitcode"]).exit(2).says(&["46 to create"]);
}

#[test]
fn the_account_of_the_declaration_is_the_only_one() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    // A rehearsal is in whatever account the declaration names; what was made before stands in another one.
    desk.declare(&[
        ("123456789012", "999988887777"),
        ("region: us-east-1", "region: us-east-1\naccount: \"999988887777\""),
    ]);
    let said = desk.run(&["plan"]).exit(1);
    said.says(&["account 999988887777", "the lockfile names 111122223333", "under another stack name"]);
}

#[cfg(feature = "aws")]
mod on_aws {
    use serde_json::json;

    use super::{Desk, refused};
    use crate::support::emulator::Emulator;

    #[test]
    fn credentials_must_be_there_and_valid() {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0).without("AWS_ACCESS_KEY_ID").without("AWS_SECRET_ACCESS_KEY");
        desk.declare(&[]);
        refused(&desk, 69, &["could not find out whose account this is", "hint"]);
        let desk = Desk::at(&emulator.endpoint(), 0).with("AWS_ACCESS_KEY_ID", "EXPIRED");
        desk.declare(&[]);
        refused(&desk, 69, &["ExpiredToken", "aws sso login"]);
        let desk = Desk::at(&emulator.endpoint(), 0).with("AWS_ACCESS_KEY_ID", "INVALID");
        desk.declare(&[]);
        refused(&desk, 69, &["InvalidClientTokenId"]);
        // EC2 says the same less clearly, and is asked at the same time.
        let late = json!({"service": "sts", "operation": "GetCallerIdentity", "kind": "delay", "seconds": 1});
        emulator.post("/strict/faults", &late);
        refused(&desk, 69, &["InvalidClientTokenId", "could not find out whose account this is"]);
        assert_eq!(emulator.mutations(), 0);
    }

    #[test]
    fn an_endpoint_that_does_not_answer_is_told_apart() {
        let desk = Desk::at("http://127.0.0.1:9", 0);
        desk.declare(&[]);
        refused(&desk, 69, &["could not find out whose account this is", "check the network"]);
    }

    #[test]
    fn another_account_is_not_touched() {
        let emulator = Emulator::start(0);
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[
            ("123456789012", "999988887777"),
            ("region: us-east-1", "region: us-east-1\naccount: \"999988887777\""),
        ]);
        refused(&desk, 1, &["account 123456789012", "999988887777"]);
        assert_eq!(emulator.mutations(), 0);
    }

    #[tokio::test]
    async fn names_taken_by_others_are_told_before_anything_is_made() {
        let emulator = Emulator::start(0);
        let clients = emulator.clients().await;
        let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
        clients
            .iam
            .create_role()
            .role_name("ppm-prod-cluster")
            .assume_role_policy_document(trust)
            .send()
            .await
            .unwrap();
        emulator
            .post("/strict/settings", &serde_json::json!({"extra": {"foreign_buckets": ["ppm-prod-123456789012"]}}));
        let before = emulator.mutations();
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        let texts = [
            "iam_role.cluster",
            "bucket.packages",
            "does not belong to this stack",
            "never changes what is not its own",
        ];
        refused(&desk, 1, &texts);
        assert_eq!(emulator.mutations(), before);
    }

    #[test]
    fn a_call_that_is_denied_is_neither_there_nor_gone() {
        let emulator = Emulator::start(0);
        emulator.post(
            "/strict/faults",
            &serde_json::json!({"service": "rds", "operation": "DescribeDBInstances", "every": 1, "kind": "denied"}),
        );
        let desk = Desk::at(&emulator.endpoint(), 0);
        desk.declare(&[]);
        refused(&desk, 3, &["database.main", "AccessDenied", "nothing was planned or changed"]);
        assert_eq!(emulator.mutations(), 0);
    }
}
