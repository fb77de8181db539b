//! Declarations that are accepted, and what they mean.

use super::{HEAD, parsed};
use crate::product::License;
use crate::product::gcfg::{GcfgSection, Leaf};
use crate::stack::{Architecture, NatPlacement, Network, Protected, Scheme, Stack, Targets};

#[test]
fn defaults_are_the_reference_architecture() {
    let stack = parsed("");
    assert_eq!(stack.platform.architecture(), Architecture::Kubernetes);
    let Network::Made(network) = &stack.network else { panic!("the default makes a network") };
    assert_eq!((network.cidr.to_string().as_str(), network.zones), ("10.0.0.0/16", 3));
    assert_eq!(network.nat, NatPlacement::PerZone);
    assert_eq!(stack.kubernetes().version.declared().to_string(), "1.36");
    assert_eq!(stack.kubernetes().service_cidr.to_string(), "172.20.0.0/16");
    let nodes = &stack.kubernetes().nodes;
    assert_eq!((nodes.count, nodes.max, nodes.disk_gib), (3, 3, 100));
    assert_eq!(nodes.instance_type.as_str(), "c6a.4xlarge");
    assert!(!nodes.is_autoscaled());
    let database = &stack.database;
    assert_eq!(database.instance_class.as_str(), "db.t3.xlarge");
    assert_eq!((database.storage_gib, database.multi_az, database.backup_days), (100, true, 7));
    assert_eq!(database.engine_version.declared().to_string(), "17");
    assert_eq!((&stack.storage.bucket, &stack.storage.kms), (&None, &None));
    let balancer = &stack.load_balancer;
    assert_eq!((balancer.scheme, balancer.targets), (Scheme::InternetFacing, Targets::NodePort));
    assert_eq!((balancer.node_port, balancer.idle_timeout_seconds), (None, 300));
    let manager = &stack.package_manager;
    assert_eq!((manager.replicas, manager.database_connections), (3, 50));
    assert_eq!(stack.chart().version.to_string(), "0.20.4");
    let License::File { secret, key } = &manager.license else { panic!("{:?}", manager.license) };
    assert_eq!((secret.as_str(), key.as_str()), ("rstudio-pm-license", "rstudio-pm.lic"));
    assert_eq!(stack.protect.into_iter().collect::<Vec<_>>(), [Protected::Database, Protected::Bucket, Protected::Key]);
    assert!(stack.tags.is_empty());
}

#[test]
fn the_committed_reference_is_the_reference() {
    let text = include_str!("../../../plans/reference.yaml");
    let reference = Stack::parse("plans/reference.yaml", text).unwrap();
    let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555";
    let short = parsed(&format!("load_balancer: {{domain: packages.example.com, certificate: \"{certificate}\"}}\n"));
    assert_eq!(reference, short);
    assert!(text.lines().count() <= 25);
}

/// What is declared, whether it is written or a default.
fn declared(stack: &Stack) -> serde_json::Value {
    serde_json::to_value(stack).unwrap()
}

#[test]
fn many_spellings_are_one_declaration() {
    let defaults = parsed("");
    for text in [
        "network:\n",
        "kubernetes:\n  nodes:\n    # count: 4\n",
        "protect: [key, bucket, database]\n",
        "tags: {}\n",
        &format!("kubernetes: {{version: '{}', nodes: {{count: 0x3}}}}\n", defaults.kubernetes().version.declared()),
        "'network': {\"nat\": per_zone}\n",
        "database: &here {multi_az: true}\n",
        "...\n",
        "# a comment with \ttabs\n\n\n",
    ] {
        assert_eq!(declared(&parsed(text)), declared(&defaults), "{text}");
    }
    assert_eq!(Stack::parse("x", &format!("\u{feff}---\n{HEAD}")).unwrap(), defaults);
    assert_eq!(Stack::parse("x", &HEAD.replace('\n', "\r\n")).unwrap(), defaults);
    let json = r#"{"stack": "ppm-prod", "region": "us-east-1", "database": {"multi_az": true}}"#;
    assert_eq!(Stack::parse("x.json", json).unwrap(), defaults);
}

#[test]
fn an_existing_network_takes_the_place_of_the_keys_that_make_one() {
    let stack = parsed(
        "network:\n  existing:\n    vpc: vpc-0a1b2c3d\n    private_subnets: [subnet-00000001, subnet-00000002]\n    \
         public_subnets: [subnet-00000003, subnet-00000004]\n",
    );
    let Network::Existing(network) = stack.network else { panic!("an existing network") };
    assert_eq!(network.vpc.as_str(), "vpc-0a1b2c3d");
    assert_eq!((network.private_subnets.len(), network.public_subnets.len()), (2, 2));
}

#[test]
fn an_internal_load_balancer_needs_no_public_subnets() {
    let stack = parsed(
        "network:\n  existing: {vpc: vpc-0a1b2c3d, private_subnets: [subnet-00000001, subnet-00000002]}\n\
         load_balancer: {scheme: internal}\n",
    );
    assert!(matches!(stack.network, Network::Existing(network) if network.public_subnets.is_empty()));
}

#[test]
fn a_higher_maximum_declares_an_autoscaler() {
    let nodes = parsed("kubernetes: {nodes: {count: 3, max: 6}}\n").kubernetes().nodes.clone();
    assert!(nodes.is_autoscaled());
    let nodes = parsed("kubernetes: {nodes: {count: 5}}\n").kubernetes().nodes.clone();
    assert_eq!((nodes.max, nodes.is_autoscaled()), (5, false));
}

#[test]
fn subnets_of_every_size_of_network_lie_apart() {
    for prefix in 16..=20 {
        let stack = parsed(&format!("network: {{cidr: 10.0.0.0/{prefix}, zones: 4}}\n"));
        let Network::Made(network) = stack.network else { panic!("a made network") };
        let subnets: Vec<_> = (0..4)
            .flat_map(|zone| [network.private_subnet(zone).unwrap(), network.public_subnet(zone).unwrap()])
            .collect();
        for (index, one) in subnets.iter().enumerate() {
            assert!(network.cidr.contains(one));
            assert!(subnets[index + 1..].iter().all(|other| !one.overlaps(other)), "{subnets:?}");
        }
        assert_eq!(network.private_subnet(4), None);
    }
}

#[test]
fn what_aws_allows_is_allowed() {
    for text in [
        "kubernetes: {public_cidrs: []}\n",
        "kubernetes: {admins: ['arn:aws:iam::111122223333:role/team/admins', 'arn:aws:iam::111122223333:user/ada']}\n",
        "protect: []\n",
        "database: {engine_version: '16.8', instance_class: db.r6g.large, multi_az: false, backup_days: 35}\n",
        "network: {cidr: 100.64.0.0/16}\n",
        "network: {cidr: 192.168.16.0/20, zones: 2}\n",
        "storage: {kms: 'arn:aws:kms:us-east-1:111122223333:key/mrk-1234'}\n",
        "tags: {team: 'data science', Größe: groß, empty: ''}\n",
        "load_balancer: {targets: target_group_binding}\n",
        "load_balancer: {targets: ingress, domain: packages.example.com}\n",
        "package_manager: {license: {server: 'licenses.example.com:8989'}}\n",
        "package_manager: {image: {repository: ghcr.io/posit-dev/package-manager, tag: '2026.08.0'}}\n",
        "package_manager: {shared_storage: {file_system: fs-0123456789abcdef0}}\n",
        "package_manager: {shared_storage: {file_system: fs-01234567}, offline_data: {file_system: fs-01234567, access_point: fsap-01234567}}\n",
        "package_manager: {shared_storage: {file_system: fs-01234567}, settings: {S3Storage: {Bucket: b}, Storage: {Cache: s3}}}\n",
        "package_manager: {settings: {Launcher: {ServerUser: rstudio-pm}, HTTPS: {Listen: ':4243', Key: /etc/tls/key.pem}}}\n",
        "package_manager: {settings: {Proxy: {Password: Qu0lI/gridhu85sqChwFtP2wFkqCcWt9owBpxFjAhKFaU2ZraBB2LM62Ieo=}}}\n",
        "package_manager: {settings: {Proxy: {Password: ''}, Some: {RequireToken: true}, S3Storage: {Prefix: p}}}\n",
        "package_manager: {settings: {'S3Storage \"cache\"': {Bucket: b, Region: eu-west-1}, Server: {DataDir: /srv}}}\n",
        "package_manager: {settings: {}, usage_data: database}\n",
        "kubernetes: {nodes: {count: 5}}\npackage_manager: {chart_version: 0.5.43, replicas: 5}\n",
        "kubernetes: {nodes: {count: 1}}\npackage_manager: {replicas: 1}\n",
        "state: s3://bkt\ndrift: {job: kubernetes, state_key: 'arn:aws:kms:us-east-1:111122223333:key/mrk-1234'}\n",
    ] {
        parsed(text);
    }
}

#[test]
fn settings_are_what_was_written_whatever_their_order() {
    let stack = parsed(
        "package_manager:\n  settings:\n    Git: {PollInterval: 5m, Retries: 3, Unsafe: false}\n    \
         Debug: {Log: [a, 'b']}\n    'S3Storage \"a b\"': {Prefix: ''}\n",
    );
    let list = Leaf::List(vec!["a".to_owned(), "b".to_owned()]);
    let expected = [
        GcfgSection::new("Debug").set("Log", list),
        GcfgSection::new("Git").text("PollInterval", "5m").text("Retries", "3").set("Unsafe", Leaf::Flag(false)),
        GcfgSection::within("S3Storage", "a b").text("Prefix", ""),
    ];
    assert_eq!(stack.package_manager.settings, expected);
    let turned = "package_manager:\n  settings:\n    'S3Storage \"a b\"': {Prefix: ''}\n    Debug: {Log: [a, 'b']}\n    \
                  Git: {Unsafe: false, Retries: 3, PollInterval: 5m}\n";
    assert_eq!(parsed(turned), stack);
}

#[test]
fn a_stack_serialises_as_it_was_declared() {
    let json = serde_json::to_value(parsed("account: \"111122223333\"\n")).unwrap();
    assert_eq!(json["stack"], "ppm-prod");
    assert_eq!(json["account"], "111122223333");
    assert_eq!(json["network"]["made"]["nat"], "per_zone");
    assert_eq!(json["kubernetes"]["version"], "1.36");
    assert_eq!(json["protect"], serde_json::json!(["database", "bucket", "key"]));
    let days = serde_json::json!({"image_days": 30, "password_days": 365, "certificate_days": 30});
    assert_eq!(json["drift"], days);
    let json =
        serde_json::to_value(parsed("drift: {image_days: 14, password_days: 90, certificate_days: 45}\n")).unwrap();
    let days = serde_json::json!({"image_days": 14, "password_days": 90, "certificate_days": 45});
    assert_eq!(json["drift"], days);
    let json = serde_json::to_value(parsed("drift:\n  put_right:\n    window: 22:00-04:00\n")).unwrap();
    let rules = serde_json::json!({"changes": ["changed"], "severities": ["low", "medium"], "window": "22:00-04:00",
        "at_most": 3, "cool_down_hours": 24});
    assert_eq!(json["drift"]["put_right"], rules);
    let json = serde_json::to_value(parsed("state: s3://bkt\ndrift: {job: kubernetes}\n")).unwrap();
    assert_eq!(json["drift"]["job"], "kubernetes");
    assert!(json["drift"]["state_key"].is_null() && json["drift"]["put_right"].is_null(), "{json}");
}
