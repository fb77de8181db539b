//! What is written, whole; that Kubernetes knows every field of it, and that a role can only read.

use k8s_openapi::api::batch::v1::CronJob;
use k8s_openapi::api::core::v1::{ConfigMap, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;

use super::*;
use crate::handoff::tests::reads_as;
use crate::model::audit::WatchedCalls;
use crate::permissions::{NetworkScope, PolicyPurpose, looking_for_drift, policy};
use crate::text::read_yaml;

/// A stack of whose names none is that of the documentation.
fn job() -> DriftJob {
    let scope = StackScope {
        stack: "acme".to_owned(),
        region: "cn-north-1".to_owned(),
        account: "444455556666".to_owned(),
        bucket: "acme-packages".to_owned(),
        key: None,
        network: NetworkScope::Connected,
        has_certificate: true,
        has_administrators: false,
        state: Some("s3://acme-state/team".parse().unwrap()),
        state_key: Some("arn:aws-cn:kms:cn-north-1:444455556666:key/1".parse().unwrap()),
    };
    DriftJob { scope, hours: 6, exit_on: None }
}

fn targets() -> [JobTarget; 6] {
    let machine = MachineJob {
        folder: "/srv/ppm infra".to_owned(),
        user: "ppm".to_owned(),
        program: "/usr/local/bin/ppm-infra".to_owned(),
        options: vec!["--state".to_owned(), "/srv/50%".to_owned()],
        declaration: "plans/acme.yaml".to_owned(),
        records: None,
        metrics: "/var/lib/prometheus/node-exporter".to_owned(),
        out: "/srv/ppm infra/drift-job".to_owned(),
    };
    let image = job().usual_image();
    let apart = ClusterFacts {
        namespace: "ppm".to_owned(),
        image: image.clone(),
        identity: JobIdentity::Apart {
            provider: "arn:aws-cn:iam::444455556666:oidc-provider/oidc.eks.cn-north-1.amazonaws.com.cn/id/1".to_owned(),
            issuer: "oidc.eks.cn-north-1.amazonaws.com.cn/id/1".to_owned(),
        },
        declaration: "stack: acme\nregion: cn-north-1\n".to_owned(),
    };
    let role = "arn:aws-cn:iam::444455556666:role/acme-drift".to_owned();
    let of_stack = ClusterFacts { identity: JobIdentity::OfStack { role }, ..apart.clone() };
    [
        JobTarget::Cron(machine.clone()),
        JobTarget::Systemd(machine),
        JobTarget::Kubernetes(apart),
        JobTarget::Kubernetes(of_stack),
        JobTarget::Github(RepositoryJob {
            repository: "acme/infra".to_owned(),
            branch: "main".to_owned(),
            image: image.clone(),
            declaration: "plans/acme.yaml".to_owned(),
        }),
        JobTarget::Eventbridge(TaskJob { image, declaration: "plans/acme.yaml".to_owned(), watched: watched() }),
    ]
}

fn watched() -> Vec<WatchedCalls> {
    let one = |service, member, parts: &[&'static str], names: &[&str], calls: &[&'static str]| WatchedCalls {
        service,
        member,
        parts: parts.iter().copied().collect(),
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        calls: calls.iter().copied().collect(),
    };
    vec![
        one("ec2", "resourcesSet.items[].resourceId", &[], &["vpc-1", "sg-1"], &["CreateTags", "DeleteTags"]),
        one("ec2", "vpcId", &[], &["vpc-1"], &["DeleteVpc", "ModifyVpcAttribute"]),
        one("eks", "name", &["nodegroupName"], &["acme"], &["DeleteNodegroup", "UpdateClusterConfig"]),
        one("iam", "roleName", &[], &["acme-nodes"], &["PutRolePolicy"]),
    ]
}

/// Everything of a job in one text.
fn whole(files: &JobFiles) -> String {
    let mut text = String::new();
    for JobFile { name, text: content } in &files.files {
        text.extend(["=== ", name, "\n", content]);
    }
    text += "=== next\n";
    for JobStep { why, line } in &files.next {
        text.extend(["# ", why, "\n", line, "\n"]);
    }
    text + "=== cannot see\n" + &files.blind.join("\n")
}

#[test]
fn everything_that_is_written() {
    let names = ["cron", "systemd", "kubernetes", "kubernetes_role_of_stack", "github", "eventbridge"];
    for (target, name) in targets().iter().zip(names) {
        insta::assert_snapshot!(name, whole(&job().files(target, "drift-job")));
    }
}

#[test]
fn nothing_of_the_documentation_is_left_in_a_policy() {
    let text = policy(&job().scope, PolicyPurpose::Drift).to_string();
    for theirs in ["ppm-prod", "us-east-1", "111122223333", "arn:aws:"] {
        assert!(!text.contains(theirs), "{theirs}: {text}");
    }
    for ours in [
        "arn:aws-cn:s3:::acme-packages\"",
        "arn:aws-cn:secretsmanager:cn-north-1:444455556666:secret:acme-*",
        "arn:aws-cn:s3:::acme-state/team/*",
        "arn:aws-cn:s3:::acme-state/team/acme.runs/*",
        "arn:aws-cn:s3:::acme-state\"",
        "key/1",
    ] {
        assert!(text.contains(ours), "{ours}: {text}");
    }
}

/// The actions of a policy that do more than read, each with its resource.
fn writing(policy: &Value) -> Vec<String> {
    let statements = policy["Statement"].as_array().unwrap();
    let actions = statements.iter().flat_map(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let all = statement["Action"].as_array().cloned().unwrap_or_else(|| vec![statement["Action"].clone()]);
        let actions = all.into_iter().map(|one| one.as_str().unwrap().to_owned());
        actions.map(|action| (action, statement["Resource"].to_string()))
    });
    let actions: Vec<(String, String)> = actions.collect();
    assert!(actions.len() > 50, "{actions:?}");
    let reads = |action: &str| {
        let (_, name) = action.split_once(':').unwrap();
        let reads = ["Describe", "Get", "List", "Lookup"].iter().any(|verb| name.starts_with(verb));
        (reads || action == "kms:Decrypt") && name != "GetSecretValue"
    };
    actions.into_iter().filter(|(action, _)| !reads(action)).map(|(action, on)| format!("{action} {on}")).collect()
}

#[test]
fn every_policy_of_a_job_reads_and_no_more() {
    let policy = looking_for_drift(&job().scope);
    assert_eq!(writing(&policy), [""; 0]);
    // IAM takes 10,240 characters in the policies within one role.
    assert!(policy.to_string().len() < 10_240);
}

#[test]
fn the_role_of_the_stack_leaves_runs_beside_the_state_and_changes_nothing_else() {
    let mut scope = job().scope;
    assert_eq!(
        writing(&policy(&scope, PolicyPurpose::Drift)),
        [
            "s3:PutObject \"arn:aws-cn:s3:::acme-state/team/acme.runs/*\"",
            "kms:GenerateDataKey \"arn:aws-cn:kms:cn-north-1:444455556666:key/1\"",
        ]
    );
    scope.state_key = None;
    for (state, runs) in [
        ("s3://acme-state", "arn:aws-cn:s3:::acme-state/acme.runs/*"),
        ("s3://acme-state/a/b/", "arn:aws-cn:s3:::acme-state/a/b/acme.runs/*"),
    ] {
        scope.state = Some(state.parse().unwrap());
        assert_eq!(writing(&policy(&scope, PolicyPurpose::Drift)), [format!("s3:PutObject \"{runs}\"")]);
    }
}

#[test]
fn kubernetes_knows_every_field() {
    let [_, _, apart, of_stack, ..] = targets();
    for target in [apart, of_stack] {
        let files = job().files(&target, "out").files;
        let (_, manifests) = files[0].text.split_once("---\n").unwrap();
        for manifest in manifests.split("---\n").map(|one| read_yaml(one).unwrap()) {
            let read = match manifest["kind"].as_str().unwrap() {
                "ServiceAccount" => reads_as::<ServiceAccount>(&manifest),
                "ConfigMap" => reads_as::<ConfigMap>(&manifest),
                "NetworkPolicy" => reads_as::<NetworkPolicy>(&manifest),
                "CronJob" => reads_as::<CronJob>(&manifest),
                other => panic!("{other} is not checked"),
            };
            assert_eq!(read, Ok(()));
        }
    }
}

#[test]
fn every_part_of_a_day_has_its_expression() {
    for (hours, cron) in [(1, "17 * * * *"), (8, "17 */8 * * *"), (24, "17 6 * * *")] {
        assert_eq!(DriftJob { hours, ..job() }.cron(), cron);
    }
}
