//! Whatever is declared, the values are such that our own check finds nothing and every rollout ends.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use ppm_infra::architecture::{helm_facts, helm_inputs};
use ppm_infra::engine::state::State;
use ppm_infra::helm::keys::ChartKey;
use ppm_infra::helm::rollout::{Rollout, Situation, Spread, play};
use ppm_infra::helm::{Strategy as Replacement, review, values};
use ppm_infra::stack::Stack;
use proptest::prelude::*;
use serde_json::Value;

use crate::support::random::check;
use crate::support::reference::Standing;

/// A declaration out of parts that are each right by themselves.
fn any_declaration() -> impl Strategy<Value = String> {
    let nodes = (
        1..7u32,
        0..3u32,
        prop::sample::select(vec![
            "c6a.4xlarge",
            "m6i.2xlarge",
            "m5.large",
            "r6i.8xlarge",
            "t3.large",
            "c5.9xlarge",
            "m7i.xlarge",
        ]),
        20..400u32,
        prop::sample::select(vec!["1.27", "1.30", "1.34"]),
    );
    let database =
        (1..100u32, prop::sample::select(vec!["db.t3.xlarge", "db.t3.small", "db.r6g.large", "db.x2g.large"]));
    let front = prop_oneof![
        (30000..32768u32).prop_map(|port| format!("{{domain: packages.example.com, node_port: {port}}}")),
        Just("{}".to_owned()),
        Just("{targets: target_group_binding, scheme: internal}".to_owned()),
        Just("{targets: ingress, domain: packages.example.com, allow_from: [10.0.0.0/8, 192.0.2.0/24]}".to_owned()),
        Just("{targets: ingress, domain: p.example.com, scheme: internal, idle_timeout_seconds: 4000, certificate: 'arn:aws:acm:us-east-1:111122223333:certificate/1-2'}".to_owned()),
    ];
    let network = prop_oneof![
        Just(""),
        Just(
            "network: {existing: {vpc: vpc-0a1b2c3d, private_subnets: [subnet-00000001, subnet-00000002], public_subnets: [subnet-00000003, subnet-00000004]}}\n"
        ),
    ];
    let license = prop::sample::select(vec![
        "",
        ", license: {server: 'l.example.com:8989'}",
        ", license: {secret: other, key: a.lic}",
    ]);
    let image = prop::sample::select(vec!["", ", image: {repository: mirror.example.com:5000/ppm, tag: '1e3'}"]);
    let storage = prop::sample::select(vec![
        "",
        ", shared_storage: {file_system: fs-0123456789abcdef0}",
        ", shared_storage: {file_system: fs-01234567, access_point: fsap-01234567, path: /mnt/a}",
    ]);
    let further = (
        prop::sample::select(vec![
            "",
            ", offline_data: {file_system: fs-abcdef01}",
            ", offline_data: {file_system: fs-0123456789abcdef0, access_point: fsap-11111111, path: /mnt/b}",
        ]),
        prop::sample::select(vec!["", ", usage_data: database", ", usage_data: schema"]),
        any_settings(),
    );
    let names =
        (prop::sample::select(vec!["ppm", "on-1", "nulls", "x1e3"]), prop::sample::select(vec!["0.5.43", "0.20.4"]));
    (nodes, database, front, network, (license, image), storage, further, names).prop_map(
        |((replicas, more, machine, disk, version), (each, class), front, network, (license, image), storage, (offline, usage, settings), (name, chart))| {
            format!(
                "stack: ppm-prod\nregion: us-east-1\n{network}load_balancer: {front}\nkubernetes: {{version: '{version}', \
                 nodes: {{count: {}, instance_type: {machine}, disk_gib: {disk}}}}}\ndatabase: {{instance_class: {class}}}\n\
                 package_manager: {{namespace: \"{name}\", release: \"{name}\", chart_version: '{chart}', replicas: {replicas}, \
                 database_connections: {each}{license}{image}{storage}{offline}{usage}{settings}}}\n",
                replicas + more
            )
        },
    )
}

/// Settings as people write them, in flow style, with values that YAML, the chart and the server find awkward.
fn any_settings() -> impl Strategy<Value = String> {
    let section = prop::sample::select(vec![
        "Git",
        "git",
        "Server",
        "Proxy",
        "N",
        "Storage",
        "S3Storage",
        "HTTPS",
        "Launcher",
        "'S3Storage \"cache\"'",
        "'S3Storage \"a\\\\\"'",
        "Manifest",
        "Postgres",
    ]);
    let key = "PollInterval|URL|Cache|Prefix|Listen|ServerUser|DataDir|X[a-z0-9-]{0,4}|N|on";
    // Any text between single quotes, some of it without, and lists.
    let text =
        || r#"[^\p{Cc}\p{Zl}\p{Zp}\x{FEFF}\x{FFFE}\x{FFFF}']{0,10}|[#;"\\ =a:{}%&*!-]{0,6}|file|s3|:4242|/data/x|root"#;
    let value = prop_oneof![
        text().prop_map(|text| format!("'{text}'")),
        prop::collection::vec(text(), 1..3).prop_map(|items| format!("['{}']", items.join("', '"))),
        "true|false|0|7|1000000|-3|111122223333|yes|No|5m".prop_map(|plain| plain),
    ];
    let keys = prop::collection::btree_map(key, value, 1..4);
    prop::collection::btree_map(section, keys, 0..3).prop_map(|sections| {
        let line = |(section, keys): (&str, BTreeMap<String, String>)| {
            let keys: Vec<String> = keys.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            format!("{section}: {{{}}}", keys.join(", "))
        };
        let sections: Vec<String> = sections.into_iter().map(line).collect();
        if sections.is_empty() { String::new() } else { format!(", settings: {{{}}}", sections.join(", ")) }
    })
}

/// The record of the reference stack once it stands: what AWS computed.
fn standing() -> State {
    crate::support::random::paused().block_on(async { Standing::new().await.bench.state() })
}

#[test]
fn every_declaration_that_is_accepted_leads_to_values_without_a_finding() {
    let state = standing();
    check(50, any_declaration, |_, text| {
        let Ok(stack) = Stack::parse("random.yaml", &text) else { return };
        let inputs = helm_inputs(&stack, &state).unwrap();
        for strategy in [Replacement::Rolling, Replacement::Recreate] {
            let inputs = ppm_infra::helm::Inputs { strategy, ..inputs.clone() };
            let yaml = values(&inputs).unwrap_or_else(|error| panic!("{error}\n{text}")).to_yaml();
            let review = review("values.yaml", &yaml, &helm_facts(&stack, &state));
            assert_eq!(review.findings, [], "{review}\n{text}");
            let file: Value = serde_json::to_value(serde_saphyr::from_str::<Value>(&yaml).unwrap()).unwrap();
            assert_known("", &file);
            assert_ends(&file);
        }
    });
}

#[test]
fn most_of_these_declarations_are_accepted() {
    let counters: [AtomicU32; 5] = Default::default();
    let count = |counter: &AtomicU32, one: bool| {
        counter.fetch_add(u32::from(one), Ordering::Relaxed);
    };
    let [tried, accepted, settings, offline, usage] = &counters;
    check(200, any_declaration, |_, text| {
        let is_accepted = Stack::parse("random.yaml", &text).is_ok();
        count(tried, true);
        count(accepted, is_accepted);
        for (counter, key) in [(settings, " settings: {"), (offline, " offline_data: {"), (usage, " usage_data: ")] {
            count(counter, is_accepted && text.contains(key));
        }
    });
    let [tried, accepted, settings, offline, usage] = counters.map(AtomicU32::into_inner);
    assert!(accepted * 2 > tried, "{accepted} of {tried}");
    for (key, with) in [("settings", settings), ("offline_data", offline), ("usage_data", usage)] {
        assert!(with * 5 > tried, "{key}: {with} of {tried}");
    }
}

/// Every key is one that both lines know, or that one ignores, and none that must not be set.
fn assert_known(path: &str, value: &Value) {
    if let Some(key) = ChartKey::find(path) {
        assert!(key.never.is_none(), "{path}");
        assert!(
            (key.is_known_to((0, 5, 43)) && key.is_known_to((0, 20, 4))) || path == "revisionHistoryLimit",
            "{path}"
        );
        return;
    }
    let map = value.as_object().unwrap_or_else(|| panic!("{path} is no key of the chart"));
    for (key, value) in map {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        assert!(ChartKey::find(&below).is_some() || !ChartKey::children(&below).is_empty(), "{below}");
        assert_known(&below, value);
    }
}

/// The rollout that the file describes, in every situation in which a cluster may be.
fn assert_ends(file: &Value) {
    if file["strategy"]["type"] == "Recreate" {
        return;
    }
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let constraint = &file["topologySpreadConstraints"][0];
    let rolling = &file["strategy"]["rollingUpdate"];
    let spread = Spread {
        max_skew: number(&constraint["maxSkew"]),
        honors_taints: constraint["nodeTaintsPolicy"] == "Honor",
        is_per_revision: constraint["matchLabelKeys"][0] == "pod-template-hash",
    };
    // More pods than four behave as four do.
    let replicas = number(&file["replicas"]).min(4);
    let rollout = Rollout {
        replicas,
        max_surge: number(&rolling["maxSurge"]),
        max_unavailable: number(&rolling["maxUnavailable"]),
        spread: Some(spread),
    };
    let steady = |nodes| Situation::steady(nodes, replicas, 3);
    let mut situations =
        vec![steady(replicas), steady(replicas).with_empty_node(3, false), steady(replicas).with_empty_node(0, true)];
    if replicas > 1 {
        situations.push(steady(replicas).with_closed_node(true));
        situations.push(steady(replicas).with_closed_node(false));
        situations.push(steady(replicas).without_node());
        situations.push(steady(replicas + 1).with_closed_node(true));
    }
    for situation in situations {
        assert_eq!(play(&rollout, situation.clone()).stuck, None, "{situation:?}");
    }
}
