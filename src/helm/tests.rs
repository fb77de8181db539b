//! The finished file as people see it, and what must hold for every input.

mod random;

use std::fmt::Write as _;

use serde_json::Value;

use super::keys::ChartKey;
use super::{
    Exposure, Ingress, Inputs, ShellCommand, Strategy as Replacement, ValuesError, Whereabouts, document,
    next_commands, values,
};
use crate::product::gcfg::{GcfgSection, Leaf};
use crate::product::{FileSystem, Image, License, TooManyConnections, UsageData};
use crate::text::yaml::tests::{parse, paths};

/// The reference architecture with every default.
pub(super) fn reference() -> Inputs {
    Inputs {
        namespace: "ppm".into(),
        release: "ppm".into(),
        chart_version: "0.20.4".into(),
        replicas: 3,
        database_connections: 50,
        license: License::File {
            secret: "rstudio-pm-license".parse().unwrap(),
            key: "rstudio-pm.lic".parse().unwrap(),
        },
        secrets_by_pods: false,
        image: None,
        shared_storage: None,
        offline_data: None,
        usage_data: None,
        settings: Vec::new(),
        role_arn: "arn:aws:iam::111122223333:role/ppm-prod-package-manager".into(),
        database_host: "ppm-prod.abc123.us-east-1.rds.amazonaws.com".into(),
        database_port: 5432,
        database_name: "ppm".into(),
        database_user: "ppm".into(),
        database_instance_class: "db.t3.xlarge".into(),
        bucket: "ppm-prod-111122223333".into(),
        region: "us-east-1".into(),
        address: Some("https://packages.example.com".into()),
        load_balancer_dns_name: Some("ppm-prod-1234567890.us-east-1.elb.amazonaws.com".into()),
        exposure: Exposure::NodePort { port: 30443 },
        node_label: ("ppm-infra/stack".into(), "ppm-prod".into()),
        kubernetes_minor: 33,
        instance_type: "c6a.4xlarge".into(),
        disk_gib: 100,
        node_count: 3,
        strategy: Replacement::Rolling,
        database_secret_arn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:ppm-prod-database-AbCdEf".into(),
        encryption_key_secret_arn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:ppm-prod-encryption-GhIjKl"
            .into(),
        cluster_name: "ppm-prod".into(),
    }
}

/// The reference architecture with pods as targets.
pub(super) fn target_group_binding() -> Inputs {
    Inputs {
        exposure: Exposure::TargetGroupBinding {
            target_group_arn:
                "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/ppm-prod-1/0123456789abcdef".into(),
            vpc_id: "vpc-0123456789abcdef0".into(),
        },
        ..reference()
    }
}

/// An Ingress open to all.
pub(super) fn ingress() -> Ingress {
    Ingress {
        host: "packages.example.com".into(),
        is_internal: false,
        certificate_arn: Some("arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222".into()),
        allow_from: vec!["0.0.0.0/0".into()],
        idle_timeout_seconds: 300,
        subnets: Vec::new(),
    }
}

fn yaml(inputs: &Inputs) -> String {
    values(inputs).expect("good inputs").to_yaml()
}

/// What the chart does with `config`: sections and keys sorted, values as they stand, lists one line for each item.
fn rendered_by_the_chart(values: &Value) -> String {
    let mut file = String::new();
    for (section, settings) in values["config"].as_object().expect("a map of sections") {
        let _ = writeln!(file, "[{section}]");
        for (key, value) in settings.as_object().expect("a map of settings") {
            let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for item in items {
                let _ = writeln!(file, "{key} = {}", item.as_str().expect("text"));
            }
        }
        file.push('\n');
    }
    file
}

#[test]
fn node_port() {
    insta::assert_snapshot!(yaml(&reference()));
}

#[test]
fn secrets_that_pods_mount() {
    let inputs = Inputs { secrets_by_pods: true, offline_data: Some(file_system(None)), ..reference() };
    let pod = &parse(&yaml(&inputs))["pod"];
    let names = |list: &str| -> Vec<Value> {
        pod[list].as_array().expect("a list").iter().map(|each| each["name"].clone()).collect()
    };
    assert_eq!(names("volumes"), ["offline-data", "secrets-store"]);
    assert_eq!(names("volumeMounts"), names("volumes"));
    assert_eq!(pod["volumes"][1]["csi"]["volumeAttributes"]["secretProviderClass"], "ppm-secrets");
    assert_eq!(pod["volumes"][1]["csi"]["readOnly"], true);
}

#[test]
fn pods_as_targets() {
    insta::assert_snapshot!(yaml(&target_group_binding()));
}

#[test]
fn recreate() {
    insta::assert_snapshot!(yaml(&Inputs { strategy: Replacement::Recreate, ..reference() }));
}

#[test]
fn no_address() {
    insta::assert_snapshot!(yaml(&Inputs { address: None, ..reference() }));
}

#[test]
fn old_kubernetes() {
    insta::assert_snapshot!(yaml(&Inputs { kubernetes_minor: 26, ..reference() }));
}

#[test]
fn other_nodes_and_database() {
    let inputs = Inputs {
        chart_version: "0.21.0".into(),
        instance_type: "m6i.2xlarge".into(),
        disk_gib: 20,
        node_count: 4,
        database_instance_class: "db.x2g.large".into(),
        ..reference()
    };
    insta::assert_snapshot!(yaml(&inputs));
}

/// The reference architecture behind somebody else's load balancer.
pub(super) fn behind_an_ingress(ingress: Ingress) -> Inputs {
    Inputs { exposure: Exposure::Ingress(ingress), load_balancer_dns_name: None, ..reference() }
}

fn mirror() -> Image {
    let repository = "111122223333.dkr.ecr.us-east-1.amazonaws.com/posit/package-manager".parse().unwrap();
    Image { repository, tag: "2026.08.0-ubuntu-24.04".parse().unwrap() }
}

/// A file system of this id, and what of it is mounted where.
pub(super) fn files(file_system: &str, access_point: Option<&str>, path: &str) -> FileSystem {
    FileSystem {
        file_system: file_system.parse().unwrap(),
        access_point: access_point.map(|id| id.parse().unwrap()),
        path: path.parse().unwrap(),
    }
}

fn file_system(access_point: Option<&str>) -> FileSystem {
    files("fs-0123456789abcdef0", access_point, "/data")
}

pub(super) fn license_from_a_server() -> License {
    License::Server("licenses.example.com:8989".parse().unwrap())
}

#[test]
fn behind_an_ingress_with_a_certificate() {
    insta::assert_snapshot!(yaml(&behind_an_ingress(ingress())));
}

#[test]
fn behind_an_ingress_inside_an_existing_network() {
    let ingress = Ingress {
        is_internal: true,
        certificate_arn: None,
        allow_from: vec!["10.0.0.0/8".into(), "192.168.0.0/16".into()],
        idle_timeout_seconds: 600,
        subnets: vec!["subnet-0a1b2c3d".into(), "subnet-0a1b2c3e".into()],
        ..ingress()
    };
    let address = Some("http://packages.example.com".into());
    insta::assert_snapshot!(yaml(&Inputs { address, ..behind_an_ingress(ingress) }));
}

#[test]
fn registry_mirror() {
    insta::assert_snapshot!(yaml(&Inputs { image: Some(mirror()), ..reference() }));
}

#[test]
fn license_server() {
    let license = license_from_a_server();
    insta::assert_snapshot!(yaml(&Inputs { license, ..reference() }));
}

#[test]
fn shared_storage() {
    insta::assert_snapshot!(yaml(&Inputs { shared_storage: Some(file_system(None)), ..reference() }));
}

#[test]
fn shared_storage_and_pods_as_targets() {
    let shared_storage = Some(file_system(Some("fsap-0123456789abcdef0")));
    insta::assert_snapshot!(yaml(&Inputs { shared_storage, ..target_group_binding() }));
}

fn offline_data() -> FileSystem {
    files("fs-0fedcba9876543210", Some("fsap-0fedcba9876543210"), "/mnt/ppm-offline")
}

/// Settings that join sections of ours, have sections of their own, and need quoting.
pub(super) fn settings() -> Vec<GcfgSection> {
    let versions = Leaf::List(vec!["/opt/R/4.5.1".into(), "/opt/R/4;4".into()]);
    vec![
        GcfgSection::new("Git").text("PollInterval", "10m").set("AllowUnsandboxedGitBuilds", Leaf::Flag(false)),
        GcfgSection::within("S3Storage", "cache").text("Prefix", "a#b"),
        GcfgSection::new("server").set("RVersion", versions),
        GcfgSection::new("Debug").text("N", "1000000").text("Path", r"C:\"),
    ]
}

#[test]
fn further_settings() {
    insta::assert_snapshot!(yaml(&Inputs { settings: settings(), ..reference() }));
}

#[test]
fn packages_from_outside() {
    let settings = vec![GcfgSection::new("Manifest").text("URL", "file:///mnt/ppm-offline")];
    insta::assert_snapshot!(yaml(&Inputs { offline_data: Some(offline_data()), settings, ..reference() }));
}

#[test]
fn packages_from_outside_beside_shared_storage() {
    let shared_storage = Some(file_system(None));
    insta::assert_snapshot!(yaml(&Inputs {
        offline_data: Some(offline_data()),
        shared_storage,
        ..target_group_binding()
    }));
}

#[test]
fn usage_data_in_a_database() {
    let inputs = Inputs { usage_data: Some(UsageData::Database), ..reference() };
    insta::assert_snapshot!(yaml(&inputs));
}

#[test]
fn usage_data_in_a_schema() {
    insta::assert_snapshot!(yaml(&Inputs { usage_data: Some(UsageData::Schema), ..reference() }));
}

#[test]
fn a_setting_of_ours_is_not_taken_over() {
    for (section, key) in [("Server", "Address"), ("storage", "default"), ("METRICS", "enabled")] {
        let settings = vec![GcfgSection::new(section).text(key, "x")];
        let refused = values(&Inputs { settings, ..reference() });
        assert!(matches!(refused, Err(ValuesError::Config(_))), "{section}.{key}");
    }
}

#[test]
fn older_chart() {
    insta::assert_snapshot!(yaml(&Inputs { chart_version: "0.5.43".into(), ..reference() }));
}

#[test]
fn everything_of_ones_own() {
    let inputs = Inputs {
        namespace: "packages".into(),
        release: "library".into(),
        replicas: 5,
        node_count: 6,
        database_connections: 40,
        license: license_from_a_server(),
        image: Some(mirror()),
        shared_storage: Some(file_system(Some("fsap-0123456789abcdef0"))),
        offline_data: Some(offline_data()),
        usage_data: Some(UsageData::Schema),
        settings: settings(),
        instance_type: "r6i.8xlarge".into(),
        disk_gib: 500,
        strategy: Replacement::Recreate,
        ..behind_an_ingress(ingress())
    };
    insta::assert_snapshot!(yaml(&inputs));
}

#[test]
fn commands() {
    let told = |inputs: &Inputs, path: &str, air_gapped: bool, secrets_by_pods: bool| {
        let inputs = &Inputs { secrets_by_pods, ..inputs.clone() };
        let declaration = "plans/my stack.yaml".to_owned();
        next_commands(inputs, &Whereabouts { values: path.to_owned(), declaration, air_gapped })
            .iter()
            .fold(String::new(), |text, ShellCommand { comment, line }| text + "# " + comment + "\n" + line + "\n")
    };
    let text = |inputs: &Inputs, path: &str, air_gapped: bool| told(inputs, path, air_gapped, false);
    insta::assert_snapshot!("commands_node_port", text(&reference(), "out/values.yaml", false));
    insta::assert_snapshot!("commands_air_gapped", text(&reference(), "out/values.yaml", true));
    let inputs = Inputs { address: None, ..target_group_binding() };
    insta::assert_snapshot!("commands_pods_as_targets", text(&inputs, "my values's.yaml", false));
    let inputs = Inputs {
        license: license_from_a_server(),
        shared_storage: Some(file_system(None)),
        strategy: Replacement::Recreate,
        ..behind_an_ingress(ingress())
    };
    insta::assert_snapshot!("commands_ingress", text(&inputs, "out/values.yaml", false));
    let inputs = Inputs {
        offline_data: Some(offline_data()),
        shared_storage: Some(file_system(None)),
        usage_data: Some(UsageData::Database),
        ..reference()
    };
    insta::assert_snapshot!("commands_usage_data", text(&inputs, "out/values.yaml", true));
    let lines: Vec<String> =
        told(&inputs, "v.yaml", false, true).lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let at = |part: &str| lines.iter().position(|line| line.contains(part)).expect("a command");
    let order = [at("--with-database-job"), at("helm upgrade"), at("kubectl -n ppm wait"), at("rollout status")];
    assert!(order.is_sorted(), "the password is there once pods mount it: {lines:#?}");
}

#[test]
fn the_server_reads_the_reference_settings() {
    // Written by hand from what both chart lines render for these values, to the byte.
    let expected = "\
[Database]
Provider = postgres

[HTTP]
Listen = :4242

[Metrics]
Enabled = true

[Postgres]
URL = postgres://ppm@ppm-prod.abc123.us-east-1.rds.amazonaws.com:5432/ppm?sslmode=require

[PostgresPool]
MaxOpenConnections = 50

[S3Storage]
Bucket = ppm-prod-111122223333
Region = us-east-1

[Server]
Address = https://packages.example.com

[Storage]
Default = s3

";
    let values = values(&reference()).expect("good inputs");
    assert_eq!(values.config().to_gcfg(), expected);
    assert_eq!(rendered_by_the_chart(&parse(&values.to_yaml())), expected);
}

#[test]
fn one_file_serves_both_chart_lines() {
    let older = yaml(&Inputs { chart_version: "0.5.43".into(), ..reference() });
    assert_eq!(older.replace("0.5.43 for", "0.20.4 for"), yaml(&reference()));
    let ignored_by_one: Vec<String> = paths(&document::entries(&values(&reference()).expect("good inputs")))
        .into_iter()
        .filter(|path| ChartKey::find(path).is_some_and(|key| key.since.is_some() || key.until.is_some()))
        .collect();
    assert_eq!(ignored_by_one, ["revisionHistoryLimit"]);
}

#[test]
fn kubernetes_older_than_the_affinity_policy_gets_none() {
    let before = yaml(&Inputs { kubernetes_minor: 25, ..reference() });
    assert!(!before.contains("nodeAffinityPolicy") && !before.contains("matchLabelKeys:"));
}

#[test]
fn nodes_that_are_too_small_name_the_key_to_change() {
    for (instance_type, disk_gib, key) in [
        ("c5.large", 100, "choose a larger kubernetes.nodes.instance_type"),
        ("c6a.4xlarge", 12, "raise kubernetes.nodes.disk_gib"),
        ("x1e.large", 100, "set kubernetes.nodes.instance_type to one of c5, c6a"),
    ] {
        let refused = values(&Inputs { instance_type: instance_type.into(), disk_gib, ..reference() });
        let error = refused.expect_err("too small").to_string();
        assert!(error.contains(&format!(": {key}")), "{error}");
    }
}

#[test]
fn the_connection_budget_counts_the_extra_pod() {
    let is_refused = |inputs: &Inputs, pods: u64, pools: u64, wanted: u64| {
        let Err(ValuesError::Connections(error)) = values(inputs) else { return false };
        let both = "lower package_manager.database_connections or choose a larger database.instance_class";
        assert!(ValuesError::from(error.clone()).to_string().ends_with(both));
        matches!(error, TooManyConnections { pods: p, pools: q, wanted: w, .. } if (p, q, w) == (pods, pools, wanted))
    };
    // 180 or so connections: three pods with 50 fit, a fourth does not.
    let small = Inputs { database_instance_class: "db.t3.small".into(), ..reference() };
    assert!(is_refused(&small, 4, 1, 200));
    assert!(values(&Inputs { strategy: Replacement::Recreate, ..small.clone() }).is_ok());
    assert!(values(&Inputs { kubernetes_minor: 26, ..small }).is_ok());
    // And the pool of usage data: 399 or so.
    let twice =
        Inputs { database_instance_class: "db.t3.medium".into(), usage_data: Some(UsageData::Schema), ..reference() };
    assert!(is_refused(&twice, 4, 2, 400));
    assert!(values(&Inputs { usage_data: None, ..twice }).is_ok());
}
