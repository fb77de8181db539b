//! The finished file as people see it, and what must hold for every input.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::gcfg::tests::read;
use super::keys::{ChartKey, Lines};
use super::yaml::tests::{parse, paths, plain_map};
use super::{
    Command, Exposure, Image, Ingress, Inputs, License, SharedStorage, Strategy as Replacement, ValuesError,
    Whereabouts, document, next_commands, values,
};

/// The reference architecture with every default.
pub(super) fn reference() -> Inputs {
    Inputs {
        namespace: "ppm".into(),
        release: "ppm".into(),
        chart_version: "0.20.4".into(),
        replicas: 3,
        database_connections: 50,
        license: License::File { secret: "rstudio-pm-license".into(), key: "rstudio-pm.lic".into() },
        image: None,
        shared_storage: None,
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

/// What the chart does with `config`: sections and keys sorted, values as they stand.
fn rendered_by_the_chart(values: &Value) -> String {
    let mut file = String::new();
    for (section, settings) in values["config"].as_object().expect("a map of sections") {
        let _ = writeln!(file, "[{section}]");
        for (key, value) in settings.as_object().expect("a map of settings") {
            let _ = writeln!(file, "{key} = {}", value.as_str().expect("text"));
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
    let repository = "111122223333.dkr.ecr.us-east-1.amazonaws.com/posit/package-manager".into();
    Image { repository, tag: "2026.08.0-ubuntu-24.04".into() }
}

fn file_system(access_point: Option<&str>) -> SharedStorage {
    let access_point = access_point.map(str::to_owned);
    SharedStorage { file_system: "fs-0123456789abcdef0".into(), access_point, path: "/data".into() }
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
    let license = License::Server("licenses.example.com:8989".into());
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
        license: License::Server("licenses.example.com:8989".into()),
        image: Some(mirror()),
        shared_storage: Some(file_system(Some("fsap-0123456789abcdef0"))),
        instance_type: "r6i.8xlarge".into(),
        disk_gib: 500,
        strategy: Replacement::Recreate,
        ..behind_an_ingress(ingress())
    };
    insta::assert_snapshot!(yaml(&inputs));
}

#[test]
fn commands() {
    let text = |inputs: &Inputs, path: &str, air_gapped: bool| {
        let declaration = "plans/my stack.yaml".to_owned();
        next_commands(inputs, &Whereabouts { values: path.to_owned(), declaration, air_gapped })
            .iter()
            .fold(String::new(), |text, Command { comment, line }| text + "# " + comment + "\n" + line + "\n")
    };
    insta::assert_snapshot!("commands_node_port", text(&reference(), "out/values.yaml", false));
    insta::assert_snapshot!("commands_air_gapped", text(&reference(), "out/values.yaml", true));
    let inputs = Inputs { address: None, ..target_group_binding() };
    insta::assert_snapshot!("commands_pods_as_targets", text(&inputs, "my values's.yaml", false));
    let inputs = Inputs {
        license: License::Server("licenses.example.com:8989".into()),
        shared_storage: Some(file_system(None)),
        strategy: Replacement::Recreate,
        ..behind_an_ingress(ingress())
    };
    insta::assert_snapshot!("commands_ingress", text(&inputs, "out/values.yaml", false));
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
        .filter(|path| ChartKey::find(path).is_some_and(|key| key.lines != Lines::Both))
        .collect();
    assert_eq!(ignored_by_one, ["revisionHistoryLimit"]);
}

#[test]
fn kubernetes_older_than_the_affinity_policy_gets_none() {
    let before = yaml(&Inputs { kubernetes_minor: 25, ..reference() });
    assert!(!before.contains("nodeAffinityPolicy") && !before.contains("matchLabelKeys:"));
}

#[test]
fn the_connection_budget_counts_the_extra_pod() {
    // 180 or so connections: three pods with 50 fit, a fourth does not.
    let small = Inputs { database_instance_class: "db.t3.small".into(), ..reference() };
    assert!(matches!(values(&small), Err(ValuesError::TooManyConnections { pods: 4, wanted: 200, .. })));
    assert!(values(&Inputs { strategy: Replacement::Recreate, ..small.clone() }).is_ok());
    assert!(values(&Inputs { kubernetes_minor: 26, ..small }).is_ok());
}

fn exposures() -> impl Strategy<Value = Exposure> {
    let name = "[a-z]([a-z0-9-]{0,8}[a-z0-9])?/[0-9a-f]{16}";
    let networks = prop::collection::vec("10\\.[0-9]\\.0\\.0/16", 1..4);
    let subnets = prop::collection::vec("subnet-[0-9a-f]{8,17}", 0..4);
    let certificate = prop::option::of("arn:aws:acm:eu-west-1:111122223333:certificate/[0-9a-f]{8}");
    prop_oneof![
        (30000_u16..=32767).prop_map(|port| Exposure::NodePort { port }),
        (name, "vpc-[0-9a-f]{8,17}").prop_map(|(name, vpc_id)| Exposure::TargetGroupBinding {
            target_group_arn: format!("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/{name}"),
            vpc_id,
        }),
        ("[a-z]{1,8}\\.[a-z]{2,5}", any::<bool>(), certificate, networks, subnets, 1_u32..4000).prop_map(
            |(host, is_internal, certificate_arn, allow_from, subnets, idle_timeout_seconds)| {
                let ingress = Ingress { host, is_internal, certificate_arn, allow_from, idle_timeout_seconds, subnets };
                Exposure::Ingress(ingress)
            }
        ),
    ]
}

prop_compose! {
    fn extras()(
        license_server in prop::option::weighted(0.3, "[a-z]{1,8}\\.[a-z]{2,5}:[1-9][0-9]{0,3}"),
        image in prop::option::weighted(0.3, ("[a-z]{1,8}(\\.[a-z]{2,4}(:5000)?/[a-z]{1,8})?", "[a-z0-9]{1,8}|1e3|0x1f|10")),
        shared in prop::option::weighted(0.3, ("fs-[0-9a-f]{8}", prop::option::of("fsap-[0-9a-f]{8}"), "/(data|mnt/a)")),
    ) -> (Option<License>, Option<Image>, Option<SharedStorage>) {
        (
            license_server.map(License::Server),
            image.map(|(repository, tag)| Image { repository, tag }),
            shared.map(|(file_system, access_point, path)| SharedStorage { file_system, access_point, path }),
        )
    }
}

prop_compose! {
    fn names()(
        // Words that YAML 1.1 would not leave as text are names too.
        namespace in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?|on|no|y|null|1e3|0x1f",
        release in "[a-z]([a-z0-9-]{0,8}[a-z0-9])?|yes|off|true",
        license_secret in "[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z0-9]{1,3})?|1\\.5|null",
        license_key in "[A-Za-z0-9_][A-Za-z0-9_.-]{0,12}|123|no",
        bucket in "[a-z0-9][a-z0-9.-]{1,20}[a-z0-9]|111122223333|1e10",
        database_name in "[A-Za-z][A-Za-z0-9_]{0,12}",
        database_user in "[A-Za-z][A-Za-z0-9_]{0,12}",
        label_key in "([a-z0-9]{1,5}\\.[a-z]{2,3}/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,6}[A-Za-z0-9])?|on|1\\.0",
        label_value in "[A-Za-z0-9]([A-Za-z0-9_.-]{0,8}[A-Za-z0-9])?|true|07|1e3",
        host in "[a-z0-9]{1,8}(\\.[a-z0-9]{1,8}){0,2}",
    ) -> Inputs {
        Inputs {
            namespace, release, bucket,
            license: License::File { secret: license_secret, key: license_key }, database_name, database_user,
            node_label: (label_key, label_value),
            database_host: host.clone(),
            load_balancer_dns_name: Some(host),
            ..reference()
        }
    }
}

prop_compose! {
    fn good_inputs()(
        names in names(),
        exposure in exposures(),
        (license, image, shared_storage) in extras(),
        chart_version in prop_oneof![Just("0.5.43"), Just("0.20.4"), Just("1.0.0")],
        replicas in 1_u32..6,
        more_nodes in 0_u32..3,
        database_connections in 1_u32..=100,
        class in prop_oneof![Just("db.t3.xlarge"), Just("db.r6i.large"), Just("db.x9.huge")],
        address in prop::option::of("https?://[a-z0-9]{1,8}(\\.[a-z]{1,5}){0,2}(:[1-9][0-9]{0,3})?"),
        kubernetes_minor in 24_u32..40,
        instance_type in "(c6a|m6i|m5|r6i)\\.(x|2x|4x|8x)large|t3\\.large",
        disk_gib in 20_u32..500,
        is_rolling in any::<bool>(),
    ) -> Inputs {
        let is_made_here = !matches!(exposure, Exposure::Ingress(_));
        Inputs {
            exposure,
            license: license.unwrap_or(names.license),
            image,
            shared_storage,
            load_balancer_dns_name: names.load_balancer_dns_name.filter(|_| is_made_here),
            chart_version: chart_version.into(),
            replicas,
            node_count: replicas + more_nodes,
            database_connections,
            database_instance_class: class.into(),
            address,
            kubernetes_minor,
            instance_type,
            disk_gib,
            strategy: if is_rolling { Replacement::Rolling } else { Replacement::Recreate },
            region: "eu-west-1".into(),
            database_secret_arn: reference().database_secret_arn.replace("us-east-1", "eu-west-1"),
            encryption_key_secret_arn: reference().encryption_key_secret_arn.replace("us-east-1", "eu-west-1"),
            ..names
        }
    }
}

proptest! {
    #[test]
    fn the_file_reads_back_as_the_tree_it_was_written_from(inputs in good_inputs()) {
        let values = values(&inputs).expect("good inputs");
        let yaml = values.to_yaml();
        prop_assert_eq!(parse(&yaml), plain_map(&document::entries(&values)));
        prop_assert_eq!(super::values(&inputs).expect("good inputs").to_yaml(), yaml);
    }

    #[test]
    fn every_key_is_one_of_the_charts_and_allowed(inputs in good_inputs()) {
        for path in paths(&document::entries(&values(&inputs).expect("good inputs"))) {
            let key = ChartKey::find(&path);
            prop_assert!(key.is_some_and(|key| key.never.is_none() && key.lines != Lines::Older), "{}", path);
        }
    }

    #[test]
    fn the_server_reads_what_was_meant(inputs in good_inputs()) {
        let values = values(&inputs).expect("good inputs");
        let file = rendered_by_the_chart(&parse(&values.to_yaml()));
        prop_assert_eq!(&file, &values.config().to_gcfg());
        let read = read(&file).expect("readable");
        let setting = |section: &str, key: &str| {
            read.iter().find(|(s, k, _)| s == section && k == key).map(|(.., value)| value.clone())
        };
        let (default, bucket, directory) = match inputs.shared_storage {
            None => ("s3", Some((inputs.bucket, inputs.region)), None),
            Some(storage) => ("file", None, Some(storage.path)),
        };
        prop_assert_eq!(setting("S3Storage", "Bucket").zip(setting("S3Storage", "Region")), bucket);
        prop_assert_eq!(setting("Server", "DataDir"), directory);
        prop_assert_eq!(setting("Storage", "Default"), Some(default.to_owned()));
        prop_assert_eq!(setting("Server", "Address"), inputs.address);
        prop_assert_eq!(setting("PostgresPool", "MaxOpenConnections"), Some(inputs.database_connections.to_string()));
        let url = format!(
            "postgres://{}@{}:5432/{}?sslmode=require", inputs.database_user, inputs.database_host, inputs.database_name
        );
        prop_assert_eq!(setting("Postgres", "URL"), Some(url));
    }

    #[test]
    fn everything_under_config_is_in_double_quotes(inputs in good_inputs()) {
        let yaml = values(&inputs).expect("good inputs").to_yaml();
        let config = yaml.lines().skip_while(|line| *line != "config:").skip(1).take_while(|line| !line.is_empty());
        for line in config.map(str::trim).filter(|line| !line.starts_with('#') && !line.ends_with(':')) {
            prop_assert!(line.contains(": \"") && line.ends_with('"'), "{}", line);
        }
    }

    #[test]
    fn names_and_selectors_agree(inputs in good_inputs()) {
        let file = parse(&yaml(&inputs));
        let release = inputs.release.as_str();
        prop_assert_eq!(&file["fullnameOverride"], release);
        prop_assert_eq!(&file["serviceAccount"]["name"], release);
        for constraint in file["topologySpreadConstraints"].as_array().expect("a list") {
            prop_assert_eq!(&constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/instance"], release);
        }
        prop_assert_eq!(&file["nodeSelector"][&inputs.node_label.0], &inputs.node_label.1);
        match inputs.exposure {
            Exposure::NodePort { port } => prop_assert_eq!(&file["service"]["nodePort"], port),
            Exposure::TargetGroupBinding { target_group_arn, .. } => {
                prop_assert_eq!(&file["extraObjects"][0]["spec"]["serviceRef"]["name"], release);
                prop_assert_eq!(&file["extraObjects"][0]["spec"]["targetGroupARN"], &target_group_arn);
            }
            Exposure::Ingress(ingress) => {
                prop_assert_eq!(&file["ingress"]["hosts"][0]["host"], &ingress.host);
                let annotations = &file["ingress"]["annotations"];
                prop_assert_eq!(&annotations["alb.ingress.kubernetes.io/healthcheck-path"], "/__ping__");
            }
        }
    }
}
