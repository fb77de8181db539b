//! What must hold for every input.

use k8s_openapi::api::apps::v1::DeploymentStrategy;
use k8s_openapi::api::core::v1::{
    EnvVar, Lifecycle, PersistentVolume, PersistentVolumeClaim, Probe, TopologySpreadConstraint, Volume, VolumeMount,
};
use k8s_openapi::api::policy::v1::PodDisruptionBudgetSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use proptest::prelude::*;
use serde_json::Value;

use super::super::keys::ChartKey;
use super::super::{Exposure, Ingress, Inputs, StackFacts, Strategy as Replacement, document, review, values};
use super::{files, reference, rendered_by_the_chart, yaml};
use crate::handoff::tests::reads_as;
use crate::product::gcfg::tests::read;
use crate::product::gcfg::{GcfgSection, Leaf};
use crate::product::{FileSystem, Image, License, PING_PATH, UsageData};
use crate::text::yaml::tests::{parse, paths, plain_map};

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
    ) -> (Option<License>, Option<Image>, Option<FileSystem>) {
        (
            license_server.map(|server| License::Server(server.parse().unwrap())),
            image.map(|(repository, tag)| Image { repository: repository.parse().unwrap(), tag: tag.parse().unwrap() }),
            shared.map(|(id, access_point, path)| files(&id, access_point.as_deref(), &path)),
        )
    }
}

/// Values with everything that YAML, the chart and the server's format each find awkward.
fn leaves() -> impl Strategy<Value = Leaf> {
    let text = || r#"[^\p{Cc}\x{FEFF}\x{2028}\x{2029}\x{FFFE}\x{FFFF}]{0,12}|[#;"\\ '=a:{}%&*!-]{0,8}|yes|No|null|~|1e3|007|true|\{\{ \.x \}\}"#;
    prop_oneof![
        text().prop_map(Leaf::Text),
        any::<bool>().prop_map(Leaf::Flag),
        any::<i64>().prop_map(|number| Leaf::Text(number.to_string())),
        prop::collection::vec(text(), 1..4).prop_map(Leaf::List),
    ]
}

/// Settings of sections of ours and of others, under names of which none is decided here.
fn settings() -> impl Strategy<Value = Vec<GcfgSection>> {
    let heading = prop::sample::select(vec![
        "Server",
        "server",
        "Git",
        "N",
        "on",
        "Proxy",
        "Postgres",
        "METRICS",
        "Storage",
        "S3Storage \"a b\"",
        "S3Storage \"\"",
        "S3Storage \"x\\\\\"",
    ]);
    let keys = prop::collection::btree_map("X[a-z0-9-]{0,6}|Y|N0|Off1", leaves(), 1..4);
    let distinct = |keys: std::collections::BTreeMap<String, Leaf>| {
        let lower: std::collections::BTreeMap<String, (String, Leaf)> =
            keys.into_iter().map(|(key, leaf)| (key.to_lowercase(), (key, leaf))).collect();
        lower.into_values().collect::<Vec<_>>()
    };
    prop::collection::btree_map(heading, keys.prop_map(distinct), 0..4).prop_map(|sections| {
        let mut made: Vec<GcfgSection> = Vec::new();
        for (heading, keys) in sections {
            let empty = GcfgSection::headed(heading).expect("a heading");
            if made.iter().all(|other| !other.is_same_as(&empty)) {
                made.push(keys.into_iter().fold(empty, |section, (key, leaf)| section.set(&key, leaf)));
            }
        }
        made
    })
}

/// Whether the reader's heading `Name` or `Name/subsection` is this section.
fn is_headed(section: &GcfgSection, at: &str) -> bool {
    let read = match at.split_once('/') {
        None => GcfgSection::new(at),
        Some((name, subsection)) => GcfgSection::within(name, subsection),
    };
    read.is_same_as(section)
}

prop_compose! {
    fn further()(
        offline in prop::option::weighted(0.3, ("fs-[0-9a-f]{9}", prop::option::of("fsap-[0-9a-f]{8}"), "/mnt/(b|c/d)")),
        usage_data in prop::option::of(prop_oneof![Just(UsageData::Database), Just(UsageData::Schema)]),
        settings in settings(),
    ) -> (Option<FileSystem>, Option<UsageData>, Vec<GcfgSection>) {
        let offline = offline.map(|(id, access_point, path)| files(&id, access_point.as_deref(), &path));
        (offline, usage_data, settings)
    }
}

/// Names that stay text where the chart prints them without quotes.
fn bare(pattern: &'static str) -> impl Strategy<Value = String> {
    pattern.prop_filter("text for YAML 1.1", |name: &String| crate::text::is_bare_text(name))
}

prop_compose! {
    fn names()(
        namespace in bare("[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?|on-1|x1e3"),
        release in bare("[a-z]([a-z0-9-]{0,8}[a-z0-9])?|nulls|y-y"),
        license_secret in bare("[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?(\\.[a-z0-9]{1,3})?|1\\.5\\.0"),
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
            license: License::File { secret: license_secret.parse().unwrap(), key: license_key.parse().unwrap() },
            database_name, database_user,
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
        (offline_data, usage_data, settings) in further(),
        chart_version in prop_oneof![Just("0.5.43"), Just("0.20.4"), Just("1.0.0")],
        replicas in 1_u32..6,
        more_nodes in 0_u32..3,
        database_connections in 1_u32..=60,
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
            offline_data,
            usage_data,
            settings,
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
    #![proptest_config(ProptestConfig::with_cases(150))]

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
            prop_assert!(key.is_some_and(|key| key.never.is_none() && key.is_known_to((0, 20, 4))), "{}", path);
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
            Some(storage) => ("file", None, Some(storage.path.to_string())),
        };
        prop_assert_eq!(setting("S3Storage", "Bucket").zip(setting("S3Storage", "Region")), bucket);
        prop_assert_eq!(setting("Server", "DataDir"), directory);
        prop_assert_eq!(setting("Storage", "Default"), Some(default.to_owned()));
        prop_assert_eq!(setting("Server", "Address"), inputs.address);
        prop_assert_eq!(setting("PostgresPool", "MaxOpenConnections"), Some(inputs.database_connections.to_string()));
        let url = |database: &str, more: &str| Some(format!(
            "postgres://{}@{}:5432/{database}?sslmode=require{more}", inputs.database_user, inputs.database_host
        ));
        let own = inputs.database_name.as_str();
        let (main, usage) = match inputs.usage_data {
            None => (url(own, ""), None),
            Some(UsageData::Database) => (url(own, ""), url(&format!("{own}_usage"), "")),
            Some(UsageData::Schema) => (url(own, "&search_path=public"), url(own, "&search_path=usage_data")),
        };
        prop_assert_eq!(setting("Postgres", "URL"), main);
        prop_assert_eq!(setting("Postgres", "UsageDataURL"), usage);
        for section in &inputs.settings {
            for (key, leaf) in section.settings() {
                let wanted: Vec<String> = match leaf {
                    Leaf::Text(text) => vec![text.clone()],
                    Leaf::Flag(flag) => vec![flag.to_string()],
                    Leaf::List(items) => items.clone(),
                };
                let found: Vec<String> = read
                    .iter()
                    .filter(|(at, name, _)| is_headed(section, at) && name == key)
                    .map(|(.., value)| value.clone())
                    .collect();
                prop_assert_eq!(found, wanted, "{}.{}\n{}", section.heading(), key, file);
            }
        }
    }

    #[test]
    fn our_own_check_finds_nothing(inputs in good_inputs()) {
        // Before 1.27 there is something to warn of, whatever is written.
        let inputs = Inputs { kubernetes_minor: inputs.kubernetes_minor.max(27), ..inputs };
        let found = review("values.yaml", &yaml(&inputs), &StackFacts::from(&inputs));
        prop_assert_eq!(&found.findings, &[], "{}", found);
    }

    #[test]
    fn everything_under_config_is_in_double_quotes(inputs in good_inputs()) {
        let yaml = values(&inputs).expect("good inputs").to_yaml();
        let config = yaml.lines().skip_while(|line| *line != "config:").skip(1).take_while(|line| !line.is_empty());
        for line in config.map(str::trim).filter(|line| !line.starts_with('#') && !line.ends_with(':')) {
            prop_assert!((line.contains(": \"") || line.starts_with("- \"")) && line.ends_with('"'), "{}", line);
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
                prop_assert_eq!(&annotations["alb.ingress.kubernetes.io/healthcheck-path"], PING_PATH);
            }
        }
    }

    #[test]
    fn kubernetes_knows_every_field_that_the_chart_passes_on(inputs in good_inputs()) {
        let file = parse(&yaml(&inputs));
        let mut read = vec![
            reads_as::<DeploymentStrategy>(&file["strategy"]),
            reads_as::<Vec<TopologySpreadConstraint>>(&file["topologySpreadConstraints"]),
            reads_as::<PodDisruptionBudgetSpec>(&file["podDisruptionBudget"]),
            reads_as::<Vec<EnvVar>>(&file["pod"]["env"]),
            reads_as::<Lifecycle>(&file["pod"]["lifecycle"]),
        ];
        for probe in ["readinessProbe", "startupProbe"] {
            let mut probe = file[probe].clone();
            // The chart's own switch.
            probe.as_object_mut().expect("a probe").remove("enabled");
            read.push(reads_as::<Probe>(&probe));
        }
        if let Some(volumes) = file["pod"].get("volumes") {
            read.extend([reads_as::<Vec<Volume>>(volumes), reads_as::<Vec<VolumeMount>>(&file["pod"]["volumeMounts"])]);
        }
        for object in file.get("extraObjects").and_then(Value::as_array).into_iter().flatten() {
            read.push(match object["kind"].as_str() {
                Some("PersistentVolume") => reads_as::<PersistentVolume>(object),
                Some("PersistentVolumeClaim") => reads_as::<PersistentVolumeClaim>(object),
                Some("TargetGroupBinding") => reads_as::<ObjectMeta>(&object["metadata"]),
                other => Err(format!("{other:?} is not checked")),
            });
        }
        prop_assert_eq!(read.into_iter().collect::<Result<(), String>>(), Ok(()));
    }
}
