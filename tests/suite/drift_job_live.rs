//! The two jobs a person sets up first, from their files to a look at a stack that stands in the emulator: the service of
//! systemd, and the steps of the workflow of GitHub. Each has the rights of its own policy and no others.

use serde_json::Value;

use crate::drift_job::{command_line, documents, run_steps, settings};
use crate::drift_job_role::{JOB, switch, watched};
use crate::support::binary::Desk;
use crate::support::judge::by_schema;

fn policy(desk: &Desk, name: &str) -> Value {
    serde_json::from_str(&desk.read(&format!("drift-job/ppm-prod-drift.{name}.json"))).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_of_systemd_looks_with_nothing_but_what_its_unit_says() {
    let watched = watched().await;
    let desk = &watched.desk;
    desk.write("metrics/other.prom", "");
    let schedule = ["drift", "schedule", "--as", "systemd", "--metrics", "metrics", "--user", "ppm"];
    desk.run(&schedule).exit(0);
    watched.may(&policy(desk, "policy"));
    let unit = "drift-job/ppm-prod-drift.service";
    let one = |key: &str| {
        let all = settings(desk, unit, key);
        assert_eq!(all.len(), 1, "{key}: {all:?}");
        all[0].clone()
    };
    assert_eq!(one("EnvironmentFile"), "-/etc/ppm-infra/ppm-prod-drift.env");
    assert!(settings(desk, unit, "Environment").is_empty());
    let (url, heard) = switch("200 OK");
    let endpoint = watched.emulator.endpoint();
    // What a person writes into that file on a machine without a role.
    let told = format!(
        "AWS_ACCESS_KEY_ID={JOB}\nAWS_SECRET_ACCESS_KEY=secret\nAWS_ENDPOINT_URL={endpoint}\nPPM_INFRA_HEARTBEAT={url}\n"
    );
    desk.write("job.env", &told);
    // What systemd gives a service of a user beside it (systemd.exec, "Environment variables in spawned processes").
    let by_systemd = "LANG=C.UTF-8 PATH=/usr/bin:/bin HOME=/nonexistent USER=ppm LOGNAME=ppm SHELL=/usr/sbin/nologin";
    let (folder, start) = (one("WorkingDirectory"), command_line(&one("ExecStart")));
    assert!(start.starts_with("'/"), "systemd takes a path alone: {start}");
    let run = format!("variables=$(cat job.env); cd '{folder}' && env -i {by_systemd} $variables {start}");

    desk.shell(&run).exit(0).says(&["In sync. 46 objects"]);
    assert!(desk.read("metrics/ppm-prod-drift.prom").contains("ppm_infra_drift_in_sync{stack=\"ppm-prod\""));
    watched.backup_days(1).await;
    desk.shell(&run).exit(2).says(&["backup_days  recorded 7, found 1"]);
    assert!(desk.read("metrics/ppm-prod-drift.prom").contains("severity=\"critical\"} 1\n"));
    assert_eq!(heard.try_iter().count(), 2, "each look tells that it was there");
    assert_eq!(watched.writes(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_steps_of_github_look_with_nothing_but_a_checkout_and_a_role() {
    let watched = watched().await;
    let desk = &watched.desk;
    let schedule = ["drift", "schedule", "--as", "github", "--repository", "acme/infra", "--branch", "main"];
    desk.run(&schedule).exit(0);
    watched.may(&policy(desk, "github-policy"));
    let workflow = documents(desk, "drift-job/ppm-prod-drift.github-workflow.yaml").remove(0);
    let job = &workflow["jobs"]["drift"];
    // `actions/checkout`: the declaration where the workflow looks for it, and no lockfile.
    let checkout = &watched.job;
    checkout.write(job["env"]["DECLARATION"].as_str().unwrap(), &desk.read("plans/reference.yaml"));
    // `aws-actions/configure-aws-credentials`: credentials of the role in the environment.
    let role = format!("AWS_ACCESS_KEY_ID={JOB} AWS_SECRET_ACCESS_KEY=secret");
    let run = |look: i32| {
        run_steps(checkout, job, &format!("AWS_SESSION_TOKEN= {role}"), look);
        // `github/codeql-action/upload-sarif` gets this file.
        by_schema(&checkout.read("drift.sarif"), "sarif-2.1.0/schema.json");
    };
    run(0);
    assert!(checkout.read("summary.md").contains("**In sync.**"), "{}", checkout.read("summary.md"));
    watched.backup_days(1).await;
    run(2);
    assert!(checkout.read("summary.md").contains("recorded `7`, found `1`"), "{}", checkout.read("summary.md"));
    assert!(checkout.read("drift.sarif").contains("database.main"));
    assert_eq!(watched.writes(), Vec::<String>::new());
}
