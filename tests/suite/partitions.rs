//! The partitions of AWS: each has names of its own for services, hosts and policies.

use std::collections::BTreeSet;

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

/// The services that the policy of `apply` lets the roles of the stack be passed to in a region.
fn passed_to(region: &str) -> BTreeSet<String> {
    let desk = Desk::fast();
    desk.write("plans/reference.yaml", &format!("stack: ppm-prod\nregion: {region}\n"));
    let policy = desk.run(&["iam-policy", "--for", "apply", "--account", "111122223333"]).exit(0).stdout;
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let mut found = Vec::new();
    all("iam:PassedToService", &policy, &mut found);
    let texts = found.into_iter().flat_map(|list| list.as_array().unwrap());
    texts.map(|service| service.as_str().unwrap().to_owned()).collect()
}

#[test]
fn roles_trust_services_by_the_names_of_the_partition_and_may_be_passed_to_all_of_them() {
    for (region, partition, instances) in REGIONS {
        let resources = standing(region);
        // Under which of its names EC2 is handed the role of nodes is documented nowhere: both are allowed.
        let mut trusted = BTreeSet::from(["ec2.amazonaws.com".to_owned()]);
        for (role, service) in [("nodes", instances), ("cluster", "eks.amazonaws.com")] {
            let declared = &resources[format!("iam_role.{role}")]["declared"];
            assert_eq!(declared["trust"]["service"], service, "{region}: {declared}");
            trusted.insert(service.to_owned());
        }
        assert_eq!(passed_to(region), trusted, "what may be passed to whom");
        let text = resources.to_string();
        for arn in text.split('"').filter(|text| text.starts_with("arn:")) {
            assert!(arn.starts_with(&format!("arn:{partition}:")), "{region}: {arn}");
        }
        // Tokens of the cluster are for STS by this name in every partition ("IAM roles for service accounts").
        assert_eq!(resources["oidc_provider.main"]["declared"]["audiences"][0], "sts.amazonaws.com", "{region}");
    }
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
