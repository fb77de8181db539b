//! The files of a job that looks for drift: from the program itself, in a rehearsal. What they run is run as it is
//! written, and programs of others judge the files.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::recover::meddle;
use crate::support::binary::{Desk, Said};
use crate::support::hint::hint;
use crate::support::judge::{by_program, fixture};

/// Where an apply of a rehearsal stands whose real state would be in a bucket.
fn standing() -> Desk {
    let desk = Desk::simulated();
    desk.declare_with("state: s3://acme-state/ppm");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("metrics/other.prom", "");
    desk
}

fn schedule(desk: &Desk, form: &str, more: &[&str]) -> Said {
    desk.run(&[&["drift", "schedule", "--as", form, "--metrics", "metrics", "--user", "ppm"], more].concat())
}

fn moved(desk: &Desk, days: u32) {
    meddle(desk, "database.main", None, |object| object["declared"]["backup_days"] = json!(days));
}

/// The documents of a YAML file, through Python's own reader.
pub(crate) fn documents(desk: &Desk, name: &str) -> Vec<Value> {
    let text = desk.read(name);
    let parts = text.split("---\n").filter(|part| !part.lines().all(|line| line.starts_with('#')));
    parts.map(|part| ppm_infra::text::read_yaml(part).unwrap()).collect()
}

/// The command of a line of cron, with the shell it starts.
fn crontab(desk: &Desk, name: &str) -> (String, String) {
    let text = desk.read(name);
    let line = text.lines().find(|line| line.starts_with(|c: char| c.is_ascii_digit())).unwrap();
    let mut rest = line;
    for _ in 0..6 {
        rest = rest.split_once(' ').unwrap().1;
    }
    let when = line.split(' ').take(5).collect::<Vec<_>>().join(" ");
    assert!(!rest.replace(r"\%", "").contains('%'), "cron ends the command there: {rest}");
    (when, rest.replace(r"\%", "%"))
}

/// The settings of a section of a unit.
pub(crate) fn settings(desk: &Desk, name: &str, key: &str) -> Vec<String> {
    let text = desk.read(name);
    let found = text.lines().filter_map(|line| line.strip_prefix(&format!("{key}=")));
    found.map(str::to_owned).collect()
}

/// The words of a command line as systemd reads it (systemd.service, "Command lines"), quoted for a shell.
pub(crate) fn command_line(line: &str) -> String {
    let quoted: Vec<String> =
        words(line, "%$").iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    quoted.join(" ")
}

/// Words as systemd reads them, in which each of `doubled` stands for itself where it stands twice.
fn words(line: &str, doubled: &str) -> Vec<String> {
    let (mut words, mut word, mut is_quoted, mut chars) = (Vec::new(), String::new(), false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => is_quoted = !is_quoted,
            '\\' => word.extend(chars.next()),
            c if doubled.contains(c) => {
                assert_eq!(chars.next(), Some(c), "a specifier or a variable: {line}");
                word.push(c);
            }
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

/// The folders that a service may write into.
fn writable(desk: &Desk, unit: &str) -> Vec<String> {
    let lines = settings(desk, unit, "ReadWritePaths");
    assert_eq!(lines.len(), 1);
    words(&lines[0], "%").iter().map(|path| path.strip_prefix('-').unwrap().to_owned()).collect()
}

#[test]
fn cron_says_nothing_while_all_is_in_sync_and_what_drifted_else() {
    let desk = standing();
    schedule(&desk, "cron", &["--every", "4"]).exit(0);
    let (when, command) = crontab(&desk, "drift-job/ppm-prod-drift.cron");
    assert_eq!(when, "17 */4 * * *");
    let said = desk.shell(&command).exit(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
    assert!(desk.read("metrics/ppm-prod-drift.prom").contains("ppm_infra_drift_in_sync"));
    moved(&desk, 1);
    desk.shell(&command).exit(2).says(&["drift of ppm-prod ended with 2", "backup_days  recorded 7, found 1"]);
    let held = desk.shell(&format!("exec 8< drift-job/ppm-prod-drift.sh; flock 8; {command}")).exit(75);
    held.says(&["before this one still runs"]);
    by_program("shellcheck", &["drift-job/ppm-prod-drift.sh"], &desk.path(""));
}

#[test]
fn the_service_of_systemd_runs_as_it_is_written_and_is_hardened() {
    let desk = standing();
    schedule(&desk, "systemd", &[]).exit(0).says(&["sudo systemctl enable --now ppm-prod-drift.timer"]);
    let unit = "drift-job/ppm-prod-drift.service";
    let start = settings(&desk, unit, "ExecStart");
    let folder = settings(&desk, unit, "WorkingDirectory");
    assert_eq!((start.len(), folder.len()), (1, 1));
    let run = format!("cd '{}' && {}", folder[0], command_line(&start[0]));
    desk.shell(&run).exit(0).says(&["In sync."]);
    moved(&desk, 1);
    desk.shell(&run).exit(2).says(&["backup_days  recorded 7, found 1"]);
    assert!(desk.read("metrics/ppm-prod-drift.prom").contains("severity=\"critical\"} 1\n"));

    let units = ["drift-job/ppm-prod-drift.service", "drift-job/ppm-prod-drift.timer"];
    if let Some(said) = by_program("systemd-analyze", &[&["verify"][..], &units].concat(), &desk.path("")) {
        assert!(!said.contains("ppm-prod-drift"), "{said}");
    }
    // Where the program or its folder is in somebody's home, that can be read: a tenth more of exposure.
    let is_at_home = settings(&desk, unit, "ProtectHome") == ["read-only"];
    let threshold = if is_at_home { "--threshold=12" } else { "--threshold=11" };
    let judged = ["security", "--offline=true", threshold, unit];
    by_program("systemd-analyze", &judged, &desk.path(""));
    let calendar = settings(&desk, "drift-job/ppm-prod-drift.timer", "OnCalendar");
    by_program("systemd-analyze", &["calendar", &calendar[0]], &desk.path(""));
}

#[test]
fn the_service_of_systemd_may_write_what_it_writes() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.write("metrics/other.prom", "");
    let unit = "drift-job/ppm-prod-drift.service";
    for folder in ["state", "my 50% $tate"] {
        if folder != "state" {
            std::fs::rename(desk.path("state"), desk.path(folder)).unwrap();
        }
        let asked = ["--state", folder, "drift", "schedule", "--as", "systemd", "--metrics", "metrics", "--force"];
        desk.run(&asked).exit(0);
        let before = desk.files();
        let start = settings(&desk, unit, "ExecStart");
        let place = settings(&desk, unit, "WorkingDirectory");
        let said = desk.shell(&format!("cd '{}' && {}", place[0], command_line(&start[0]))).exit(0);
        assert!(!said.stderr.contains("warning"), "{}", said.stderr);
        let after = desk.files();
        let written: Vec<_> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes)).collect();
        let (names, allowed) = (written.iter().map(|(path, _)| path.display().to_string()), writable(&desk, unit));
        let names: Vec<String> = names.collect();
        assert!(names.iter().any(|name| name.ends_with("ppm-prod.runs.jsonl")), "{names:?}");
        for name in names {
            assert!(allowed.iter().any(|folder| name.starts_with(&format!("{folder}/"))), "{name}: {allowed:?}");
        }
        let judged = by_program("systemd-analyze", &["verify", unit], &desk.path(""));
        assert!(judged.is_none_or(|said| !said.contains("ppm-prod-drift")));
        let judged = ["security", "--offline=true", "--threshold=12", unit];
        by_program("systemd-analyze", &judged, &desk.path(""));
    }
}

#[test]
fn kubernetes_takes_the_manifests_and_the_job_runs_as_it_is_written() {
    let desk = standing();
    schedule(&desk, "kubernetes", &["--image", "registry.example.com/ppm-infra:1"]).exit(0).says(&[
        "cannot report that the cluster is gone",
        "podman push registry.example.com/ppm-infra:1",
        "aws iam create-role --region us-east-1 --role-name ppm-prod-drift",
    ]);
    let file = "drift-job/ppm-prod-drift.kubernetes.yaml";
    by_program("kubernetes-validate", &["--strict", "--kubernetes-version", "1.37", file], &desk.path(""));
    let manifests = documents(&desk, file);
    let of = |kind: &str| manifests.iter().find(|one| one["kind"] == kind).unwrap();
    let account = of("ServiceAccount");
    let role = "arn:aws:iam::111122223333:role/ppm-prod-drift";
    assert_eq!(account["metadata"]["annotations"]["eks.amazonaws.com/role-arn"], role);
    let pod = &of("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(container["image"], "registry.example.com/ppm-infra:1");
    let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();
    let folder = mount.strip_prefix("/work/").expect("the image works in /work");
    let declared = of("ConfigMap")["data"].as_object().unwrap();
    assert_eq!(declared["ppm-prod.yaml"], desk.read("plans/reference.yaml"), "the declaration as it was read");
    desk.shell("rm -r plans").exit(0);
    for (name, text) in declared {
        desk.write(&format!("{folder}/{name}"), text.as_str().unwrap());
    }
    let arguments: Vec<&str> =
        container["args"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let before = desk.files();
    desk.run(&arguments).exit(0).says(&["In sync."]);
    assert_eq!(desk.files(), before, "the root file system is read-only");
    moved(&desk, 1);
    desk.run(&arguments).exit(2);

    let trust: Value = serde_json::from_str(&desk.read("drift-job/ppm-prod-drift.kubernetes-trust.json")).unwrap();
    let statement = &trust["Statement"][0];
    let provider = statement["Principal"]["Federated"].as_str().unwrap();
    let issuer = provider.split_once(":oidc-provider/").unwrap().1;
    let conditions = &statement["Condition"]["StringEquals"];
    let name = format!(
        "system:serviceaccount:{}:{}",
        account["metadata"]["namespace"].as_str().unwrap(),
        account["metadata"]["name"].as_str().unwrap()
    );
    assert_eq!(conditions, &json!({format!("{issuer}:aud"): "sts.amazonaws.com", format!("{issuer}:sub"): name}));
}

#[test]
fn a_declared_role_is_the_role_of_the_job() {
    let desk = standing();
    let declared = desk.read("plans/reference.yaml");
    let manifests = "drift-job/ppm-prod-drift.kubernetes.yaml";
    desk.write("plans/reference.yaml", &format!("{declared}drift: {{job: kubernetes}}\n"));
    let before = desk.files();
    let said = schedule(&desk, "kubernetes", &[]).exit(1);
    let said = said.says(&["the next apply changes the role of the job: iam_policy.drift, iam_role.drift"]);
    assert_eq!(desk.files(), before);
    hint(&desk, &said, "comes first; write the files after it", "ppm-infra apply").approved("yes").exit(0);
    let said = schedule(&desk, "kubernetes", &[]).exit(0);
    assert!(said.stdout.contains("kubectl apply") && !said.stdout.contains("aws iam"), "{said}");
    let written: Vec<String> = desk.files().into_keys().map(|path| path.display().to_string()).collect();
    let written = written.iter().filter_map(|path| path.split_once("/drift-job/"));
    let written: Vec<&str> = written.map(|(_, name)| name).collect();
    assert_eq!(written, ["ppm-prod-drift.cronjob-alerts.yaml", "ppm-prod-drift.kubernetes.yaml"]);

    by_program("kubernetes-validate", &["--strict", "--kubernetes-version", "1.37", manifests], &desk.path(""));
    let documents = documents(&desk, manifests);
    let of = |kind: &str| documents.iter().find(|one| one["kind"] == kind).unwrap();
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    let role = &lockfile["resources"]["iam_role.drift"];
    let account = &of("ServiceAccount")["metadata"];
    assert_eq!(account["annotations"]["eks.amazonaws.com/role-arn"], role["computed"]["arn"]);
    let trusted = &role["declared"]["trust"]["service_account"];
    assert_eq!((&trusted["namespace"], &trusted["name"]), (&account["namespace"], &account["name"]));
    let container = &of("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(container["args"], json!(["drift", "plans/ppm-prod.yaml"]), "it records what it finds");

    // The role trusts the namespace that was applied.
    let elsewhere = format!("{declared}drift: {{job: kubernetes}}\npackage_manager: {{namespace: other}}\n");
    desk.write("plans/reference.yaml", &elsewhere);
    schedule(&desk, "kubernetes", &["--force"]).exit(1).says(&["changes the role of the job: iam_role.drift\n"]);
    // Other jobs have roles of their own, whatever is declared.
    schedule(&desk, "github", &["--repository", "acme/infra", "--branch", "main"])
        .exit(0)
        .says(&["aws iam create-role"]);
    desk.write("plans/reference.yaml", &declared);
    schedule(&desk, "kubernetes", &["--force"]).exit(1).says(&["the next apply changes the role of the job"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    schedule(&desk, "kubernetes", &["--force"]).exit(0).says(&["aws iam create-role"]);
}

#[test]
fn the_key_of_the_state_is_the_declared_one() {
    let desk = standing();
    let declared = desk.read("plans/reference.yaml");
    let [one, other] = ["1", "2"].map(|id| format!("arn:aws:kms:us-east-1:111122223333:key/{id}"));
    let ask = |key: &str| schedule(&desk, "cron", &["--force", "--state-key", key]);
    let policy = || desk.read("drift-job/ppm-prod-drift.policy.json");
    ask(&one).exit(0);
    assert!(policy().contains(&one));
    desk.write("plans/reference.yaml", &format!("{declared}drift: {{job: kubernetes}}\n"));
    ask(&one).exit(64).says(&[&one, "of the declaration none", "declare the key, and leave the option out"]);
    desk.write("plans/reference.yaml", &format!("{declared}drift: {{job: kubernetes, state_key: \"{other}\"}}\n"));
    ask(&one).exit(64).says(&[&one, &other]);
    assert!(policy().contains(&one), "nothing was written");
    ask(&other).exit(0);
    assert!(policy().contains(&other));
    schedule(&desk, "cron", &["--force"]).exit(0);
    assert!(policy().contains(&other));
}

/// Docker as far as a workflow needs it: what it is told to pass on is all that the program sees.
const DOCKER: &str = r#"#!/bin/sh
[ "$1" = login ] && exec cat > login.txt
[ "$1" = run ] || exit 125
shift
# Where the cloud of a test is, a container knows without being told.
kept="PATH PPM_INFRA_CLOUD PPM_INFRA_STATE PPM_INFRA_TIME_SCALE AWS_ENDPOINT_URL AWS_EC2_METADATA_DISABLED"
while :; do
    case $1 in
    --rm | --read-only) shift ;;
    --env) kept="$kept $2"; shift 2 ;;
    --cap-drop | --security-opt | --user | --volume) shift 2 ;;
    -*) exit 125 ;;
    *) break ;;
    esac
done
echo "$1" > image.txt
shift
set -- ppm-infra "$@"
for name in $kept; do
    eval "is_set=\${$name+1} value=\${$name-}"
    [ -z "$is_set" ] || set -- "$name=$value" "$@"
done
exec env -i "$@"
"#;

/// Runs the steps of a job of GitHub that are lines of a shell, as GitHub does; what the actions before them provide is a
/// folder and, in the environment, `credentials`. The step that looks ends with `look`.
pub(crate) fn run_steps(desk: &Desk, job: &Value, credentials: &str, look: i32) {
    desk.write("bin/docker", DOCKER);
    desk.write("bin/aws", "#!/bin/sh\necho \"password for $*\"\n");
    desk.shell("chmod +x bin/*").exit(0);
    let set = |env: &Value| -> String {
        let all = env.as_object().into_iter().flatten();
        let set = all.map(|(name, value)| format!("export {name}='{}'; ", value.as_str().unwrap()));
        set.collect::<Vec<_>>().concat()
    };
    let prelude = format!(
        "PATH=$PWD/bin:$PATH; export GITHUB_STEP_SUMMARY=summary.md AWS_ACCESS_KEY_ID=A AWS_SECRET_ACCESS_KEY=B \
         AWS_SESSION_TOKEN=C {credentials}; {}",
        set(&job["env"])
    );
    for step in job["steps"].as_array().unwrap().iter().filter(|step| step["run"].is_string()) {
        let name = step["name"].as_str().unwrap();
        // As GitHub: a file of lines, by bash, which ends at the first that fails.
        desk.write("step.sh", step["run"].as_str().unwrap());
        by_program("shellcheck", &["--shell=bash", "step.sh"], &desk.path(""));
        let env = set(&step["env"]).replace("${{ secrets.PPM_INFRA_HEARTBEAT }}", "");
        assert!(!env.contains("${{") && !desk.read("step.sh").contains("${{"), "a shell reads no expressions: {name}");
        let said = desk.shell(&format!("{prelude}{env}bash -e step.sh"));
        said.exit(if name == "Look" { look } else { 0 });
    }
}

#[test]
fn github_takes_the_workflow_and_its_steps_run_as_they_are_written() {
    let desk = standing();
    schedule(&desk, "github", &["--repository", "acme", "--branch", "main"]).exit(64).says(&["OWNER/NAME"]);
    schedule(&desk, "github", &["--repository", "acme/*", "--branch", "main"]).exit(64);
    schedule(&desk, "github", &["--repository", "acme/infra", "--branch", "*"]).exit(64);
    schedule(&desk, "github", &["--branch", "main"]).exit(64);
    schedule(&desk, "github", &["--repository", "acme/infra"]).exit(64);
    schedule(&desk, "github", &["--repository", "acme/infra", "--branch", "main"])
        .exit(0)
        .says(&["create-open-id-connect-provider"]);
    let file = "drift-job/ppm-prod-drift.github-workflow.yaml";
    by_program("check-jsonschema", &["--builtin-schema", "vendor.github-workflows", file], &desk.path(""));
    let trust: Value = serde_json::from_str(&desk.read("drift-job/ppm-prod-drift.github-trust.json")).unwrap();
    let condition = &trust["Statement"][0]["Condition"]["StringEquals"];
    assert_eq!(condition["token.actions.githubusercontent.com:sub"], "repo:acme/infra:ref:refs/heads/main");

    let workflow = documents(&desk, file).remove(0);
    let job = &workflow["jobs"]["drift"];
    assert_eq!(workflow["permissions"], json!({}));
    let used =
        ["actions/checkout@v4", "aws-actions/configure-aws-credentials@v4", "github/codeql-action/upload-sarif@v3"];
    let steps = job["steps"].as_array().unwrap();
    assert_eq!(steps.iter().filter_map(|step| step["uses"].as_str()).collect::<Vec<_>>(), used);
    let role = steps[1]["with"]["role-to-assume"].as_str().unwrap();
    assert_eq!(role, "arn:aws:iam::111122223333:role/ppm-prod-drift-github");

    let run = |look: i32| run_steps(&desk, job, "", look);
    run(0);
    assert_eq!(desk.read("image.txt").trim(), "111122223333.dkr.ecr.us-east-1.amazonaws.com/ppm-infra:0.1.0");
    assert!(desk.read("login.txt").contains("password for ecr get-login-password"));
    assert!(desk.read("summary.md").contains("**In sync.**") && desk.path("drift.sarif").exists());
    moved(&desk, 1);
    run(2);
    assert!(desk.read("summary.md").contains("recorded `7`, found `1`"), "{}", desk.read("summary.md"));
}

#[test]
fn cloudformation_takes_the_template_and_its_task_runs_as_it_is_written() {
    let desk = standing();
    let absolute = desk.path("plans/reference.yaml");
    schedule(&desk, "eventbridge", &[absolute.to_str().unwrap()]).exit(64).says(&["no file below this folder"]);
    schedule(&desk, "eventbridge", &["--image", "acme/ppm-infra:1"]).exit(0).says(&[
        "podman build --build-arg IMAGE=acme/ppm-infra:1 -f drift-job/ppm-prod-drift.Containerfile -t \
         acme/ppm-infra:1-ppm-prod-drift .",
        "aws cloudformation deploy --region us-east-1",
        "--s3-bucket acme-state --s3-prefix ppm-prod-drift",
    ]);
    let file = "drift-job/ppm-prod-drift.cloudformation.yaml";
    by_program("cfn-lint", &["--regions", "us-east-1", "--", file], &desk.path(""));
    let template = documents(&desk, file).remove(0);
    let resources = &template["Resources"];
    let container = &resources["Task"]["Properties"]["ContainerDefinitions"][0];
    assert_eq!((&container["ReadonlyRootFilesystem"], &container["User"]), (&json!(true), &json!("65532:65532")));

    // The image as its Containerfile makes it: a folder in which the program starts.
    let lines = desk.read("drift-job/ppm-prod-drift.Containerfile");
    let copy = lines.lines().find_map(|line| line.strip_prefix("COPY ")).unwrap();
    let copy: Vec<String> = serde_json::from_str(copy).unwrap();
    let declared = desk.read(&copy[0]);
    desk.shell("rm -r plans").exit(0);
    desk.write(copy[1].strip_prefix("/work/").unwrap(), &declared);
    let command: Vec<&str> =
        container["Command"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let before = desk.files();
    desk.run(&command).exit(0).says(&["In sync."]);
    assert_eq!(desk.files(), before, "the root file system is read-only");
}

#[test]
fn prometheus_takes_the_rules_and_they_fire_when_they_are_to() {
    let desk = standing();
    for (form, rules, test) in [
        ("systemd", "ppm-prod-drift.alerts.yaml", "metrics.test.yaml"),
        ("kubernetes", "ppm-prod-drift.cronjob-alerts.yaml", "cronjob.test.yaml"),
    ] {
        schedule(&desk, form, &["--force"]).exit(0);
        by_program("promtool", &["check", "rules", rules], &desk.path("drift-job"));
        let text = std::fs::read_to_string(fixture("drift-alerts").join(test)).unwrap();
        desk.write(&format!("drift-job/{test}"), &text);
        by_program("promtool", &["test", "rules", test], &desk.path("drift-job"));
    }
}

/// Every name of a metric of ours in a text.
fn metrics(text: &str) -> BTreeSet<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let names = text.split(|c| !is_name(c)).filter(|word| word.starts_with("ppm_infra_"));
    names.collect()
}

#[test]
fn rules_and_dashboard_name_no_metric_that_is_not_written() {
    let desk = standing();
    schedule(&desk, "cron", &[]).exit(0);
    desk.run(&["drift", "--prometheus", "metrics/a.prom"]).exit(0);
    let written = desk.read("metrics/a.prom");
    let written = metrics(&written);
    for file in ["drift-job/ppm-prod-drift.dashboard.json", "drift-job/ppm-prod-drift.alerts.yaml"] {
        let text = desk.read(file);
        let named = metrics(&text);
        assert!(named.len() >= 3 && named.is_subset(&written), "{file}: {named:?}");
    }
}

#[test]
fn a_file_that_was_edited_is_not_written_over() {
    let desk = standing();
    schedule(&desk, "cron", &[]).exit(0);
    let before = desk.files();
    schedule(&desk, "cron", &[]).exit(0);
    assert_eq!(desk.files(), before, "the same again changes nothing");
    schedule(&desk, "cron", &["--every", "12"]).exit(64).says(&[
        "nothing was written",
        "drift-job/ppm-prod-drift.cron",
        "--force",
    ]);
    assert_eq!(desk.files(), before);
    schedule(&desk, "cron", &["--every", "12", "--force"]).exit(0);
    assert!(desk.read("drift-job/ppm-prod-drift.cron").contains("17 */12 * * *"));
    schedule(&desk, "cron", &["--out", "elsewhere"]).exit(0);
    assert!(desk.path("elsewhere/ppm-prod-drift.sh").exists());
}

#[test]
fn a_job_without_what_it_needs_is_refused() {
    let desk = Desk::simulated();
    desk.declare(&[]);
    schedule(&desk, "cron", &[]).exit(1).says(&["nothing of ppm-prod is recorded", "`ppm-infra apply"]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let before = desk.files();
    schedule(&desk, "kubernetes", &[]).exit(1).says(&["cannot read it", "state: s3://", "--as systemd"]);
    schedule(&desk, "cron", &["--every", "5"]).exit(64);
    desk.run(&["drift", "schedule", "--as", "cron", "--user", "a b"]).exit(64).says(&["`a b` is no name"]);
    assert_eq!(desk.files(), before);
    let told = desk.run(&["drift", "schedule", "--as", "cron", "--json"]).exit(0).json().pop().unwrap();
    assert_eq!(told["command"], "drift schedule");
    assert_eq!(told["written"][0], "drift-job/ppm-prod-drift.sh");
    assert!(told["next"][0].is_string() && told["cannot_see"][0].is_string(), "{told}");
}

#[test]
fn strange_names_are_words_of_every_command() {
    let desk = standing();
    let strange = "plans/a b%d $HOME '\"\\.yaml";
    desk.write(strange, &desk.read("plans/reference.yaml"));
    desk.write("me %n $x/other.prom", "");
    for form in ["cron", "systemd"] {
        let asked = ["drift", "schedule", "--as", form, "--metrics", "me %n $x", "--user", "ppm", "--out", "50% off"];
        desk.run(&[&asked[..], &["--force", strange]].concat()).exit(0);
    }
    let (_, command) = crontab(&desk, "50% off/ppm-prod-drift.cron");
    desk.shell(&command).exit(0);
    let start = settings(&desk, "50% off/ppm-prod-drift.service", "ExecStart");
    desk.shell("rm 'me %n $x/ppm-prod-drift.prom'").exit(0);
    desk.shell(&command_line(&start[0])).exit(0);
    assert!(desk.path("me %n $x/ppm-prod-drift.prom").exists());
}
