//! The partitions of AWS: each has names of its own for services, hosts and policies.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::support::binary::Desk;

/// A region of each partition that can be declared, and the service by which instances take on their role there. IAM
/// knows EC2 by no other name in China, and by no other than that of the first partition everywhere else ("IAM JSON
/// policy elements: Principal").
const REGIONS: [(&str, &str, &str); 4] = [
    ("us-east-1", "aws", "ec2.amazonaws.com"),
    ("us-gov-west-1", "aws-us-gov", "ec2.amazonaws.com"),
    ("cn-north-1", "aws-cn", "ec2.amazonaws.com.cn"),
    ("eusc-de-east-1", "aws-eusc", "ec2.amazonaws.com"),
];

/// What is recorded of a stack that a rehearsal made in this region.
fn standing(region: &str) -> Value {
    let desk = Desk::simulated();
    desk.write("plans/reference.yaml", &format!("stack: ppm-prod\nregion: {region}\n"));
    desk.run(&["apply", "--auto-approve"]).exit(0);
    let lockfile: Value = serde_json::from_str(&desk.read("state/ppm-prod.lock.json")).unwrap();
    lockfile["resources"].clone()
}

/// Every value of this key, at any depth.
fn all<'v>(key: &str, value: &'v Value, found: &mut Vec<&'v Value>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| all(key, item, found)),
        Value::Object(map) => {
            found.extend(map.get(key));
            map.values().for_each(|value| all(key, value, found));
        }
        _ => {}
    }
}

/// The services that the documents of permissions let roles be passed to.
fn passed_to() -> BTreeSet<String> {
    let mut services = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions");
    for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|ending| ending == "json") {
            let document: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
            let mut found = Vec::new();
            all("iam:PassedToService", &document, &mut found);
            let texts = found.into_iter().flat_map(|list| list.as_array().unwrap());
            services.extend(texts.map(|service| service.as_str().unwrap().to_owned()));
        }
    }
    services
}

#[test]
fn roles_trust_services_by_the_names_of_the_partition_and_may_be_passed_to_all_of_them() {
    let mut trusted = BTreeSet::new();
    for (region, partition, instances) in REGIONS {
        let resources = standing(region);
        for (role, service) in [("nodes", instances), ("cluster", "eks.amazonaws.com")] {
            let declared = &resources[format!("iam_role.{role}")]["declared"];
            assert_eq!(declared["trust"]["service"], service, "{region}: {declared}");
            trusted.insert(service.to_owned());
        }
        let text = resources.to_string();
        for arn in text.split('"').filter(|text| text.starts_with("arn:")) {
            assert!(arn.starts_with(&format!("arn:{partition}:")), "{region}: {arn}");
        }
        // Tokens of the cluster are for STS by this name in every partition ("IAM roles for service accounts").
        assert_eq!(resources["oidc_provider.main"]["declared"]["audiences"][0], "sts.amazonaws.com", "{region}");
    }
    assert_eq!(passed_to(), trusted, "what may be passed to whom, in docs/permissions");
}

#[test]
fn registries_are_those_of_the_partition_or_the_region_is_refused() {
    let desk = Desk::fast();
    let declare = |region: &str| {
        desk.write("plans/reference.yaml", &format!("stack: ppm-prod\nregion: {region}\n"));
    };
    for (region, suffix) in [
        ("ap-southeast-2", "amazonaws.com"),
        ("us-gov-east-1", "amazonaws.com"),
        ("cn-northwest-1", "amazonaws.com.cn"),
        ("eusc-de-east-1", "amazonaws.eu"),
    ] {
        declare(region);
        desk.run(&["offline-checklist"]).exit(0).says(&[&format!(".dkr.ecr.{region}.{suffix}/")]);
    }
    for region in ["us-iso-east-1", "us-iso-west-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"] {
        declare(region);
        desk.run(&["validate"]).exit(65).says(&["region", "apart from the internet"]);
    }
}
