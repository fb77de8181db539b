//! What the policies say, that IAM takes them, and that looking is only looking.

use std::collections::BTreeSet;

use super::*;
use crate::model::document::canonical_pretty;

/// A stack of whose names none is that of the documentation.
fn scope() -> StackScope {
    StackScope {
        stack: "acme".to_owned(),
        region: "eu-west-1".to_owned(),
        account: "444455556666".to_owned(),
        bucket: "acme-packages".to_owned(),
        key: None,
        network: NetworkScope::Connected,
        has_certificate: true,
        has_administrators: false,
        state: None,
        state_key: None,
    }
}

/// The one whose policies are the largest: every name as long as it may be, in a partition with a long name.
fn largest() -> StackScope {
    StackScope {
        stack: "s".repeat(20),
        region: "us-gov-west-1".to_owned(),
        bucket: "b".repeat(63),
        has_administrators: true,
        state: Some(format!("s3://{}/{}", "c".repeat(63), "p".repeat(100)).parse().unwrap()),
        state_key: Some("arn:aws-us-gov:kms:us-gov-west-1:444455556666:key/1".parse().unwrap()),
        ..scope()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value.as_array() {
        Some(all) => all.iter().filter_map(Value::as_str).collect(),
        None => value.as_str().into_iter().collect(),
    }
}

/// Each action of a policy.
fn actions(policy: &Value) -> BTreeSet<&str> {
    policy["Statement"].as_array().unwrap().iter().flat_map(|one| texts(&one["Action"])).collect()
}

#[test]
fn everything_that_is_allowed() {
    for purpose in PolicyPurpose::ALL {
        insta::assert_snapshot!(purpose.word(), canonical_pretty(&policy(&scope(), purpose)));
    }
}

#[test]
fn iam_takes_every_document_and_nothing_is_lost_in_between() {
    for scope in [scope(), largest()] {
        for purpose in PolicyPurpose::ALL {
            let whole = policy(&scope, purpose);
            let parts = split(&whole, "acme-x");
            let mut names = BTreeSet::new();
            let mut statements = Vec::new();
            for part in &parts {
                assert!(characters(&part.policy) <= IAM_LIMIT, "{}: {}", part.name, characters(&part.policy));
                assert!(names.insert(&part.name), "{}", part.name);
                assert_eq!(part.policy["Version"], "2012-10-17");
                statements.extend(part.policy["Statement"].as_array().unwrap().iter().map(ToString::to_string));
            }
            let mut all: Vec<_> = whole["Statement"].as_array().unwrap().iter().map(ToString::to_string).collect();
            all.sort_unstable();
            statements.sort_unstable();
            assert_eq!(statements, all, "{}", purpose.word());
            // What a job or a person that looks is given stands in one policy.
            if matches!(purpose, PolicyPurpose::Plan | PolicyPurpose::Drift) {
                assert_eq!(parts.iter().map(|part| part.name.as_str()).collect::<Vec<_>>(), ["acme-x"]);
            }
            // A role takes ten managed policies ("IAM and AWS STS quotas").
            assert!(parts.len() <= 5, "{}: {}", purpose.word(), parts.len());
        }
    }
}

#[test]
fn ids_of_statements_are_letters_and_digits_and_no_two_are_alike() {
    for purpose in PolicyPurpose::ALL {
        let mut seen = BTreeSet::new();
        for statement in policy(&largest(), purpose)["Statement"].as_array().unwrap() {
            let id = statement["Sid"].as_str().unwrap().to_owned();
            assert!(id.chars().all(|c| c.is_ascii_alphanumeric()), "{id}");
            assert!(seen.insert(id.clone()), "{id}");
        }
    }
}

#[test]
fn who_looks_can_change_nothing_and_read_no_secret() {
    for purpose in [PolicyPurpose::Plan, PolicyPurpose::Drift] {
        let policy = policy(&scope(), purpose);
        let all = actions(&policy);
        assert!(all.len() > 50, "{all:?}");
        for action in all {
            let (_, name) = action.split_once(':').unwrap();
            let reads = ["Describe", "Get", "List", "Lookup", "Simulate"].iter().any(|verb| name.starts_with(verb));
            assert!(reads && name != "GetSecretValue", "{}: {action}", purpose.word());
        }
    }
}

#[test]
fn what_writes_is_limited_to_the_stack() {
    for purpose in [PolicyPurpose::Apply, PolicyPurpose::Destroy] {
        for statement in policy(&scope(), purpose)["Statement"].as_array().unwrap() {
            let id = statement["Sid"].as_str().unwrap();
            // Every database stands in a group of options; that of AWS is the only one we use.
            let is_ours = |one: &&str| one.contains("acme") || one.ends_with(":og:default:*");
            let is_limited = texts(&statement["Resource"]).iter().all(is_ours)
                || statement["Condition"].to_string().contains("acme");
            let reads = texts(&statement["Action"]).iter().all(|one| {
                ["Describe", "Get", "List", "Simulate"]
                    .iter()
                    .any(|verb| one.split(':').nth(1).unwrap().starts_with(verb))
            });
            // Where AWS gives neither name nor tag: see `target`.
            let known = [
                "InterfacesOfNodes",
                "MakeRules",
                "Rules",
                "IdentityProvider",
                "InstanceProfiles",
                "FirstUseOfAService",
            ];
            assert!(is_limited || reads || known.contains(&id), "{id}: {statement}");
        }
    }
}

#[test]
fn a_stack_without_a_network_of_its_own_makes_none() {
    let existing = NetworkScope::Existing { vpc: "vpc-1".to_owned(), subnets: vec!["subnet-1".to_owned()] };
    let own = policy(&scope(), PolicyPurpose::Apply);
    let given = policy(&StackScope { network: existing, ..scope() }, PolicyPurpose::Apply);
    for action in ["ec2:CreateVpc", "ec2:DeleteSubnet", "ec2:CreateNatGateway", "ec2:CreateRoute"] {
        assert!(actions(&own).contains(action) && !actions(&given).contains(action), "{action}");
    }
    let statement = given["Statement"].as_array().unwrap().iter().find(|one| one["Sid"] == "ExistingNetwork").unwrap();
    assert_eq!(
        texts(&statement["Resource"]),
        ["arn:aws:ec2:eu-west-1:444455556666:vpc/vpc-1", "arn:aws:ec2:eu-west-1:444455556666:subnet/subnet-1"]
    );
    let gapped = policy(&StackScope { network: NetworkScope::AirGapped, ..scope() }, PolicyPurpose::Apply);
    assert!(!actions(&gapped).contains("ec2:CreateNatGateway"));
    assert!(actions(&gapped).contains("route53:AssociateVPCWithHostedZone"));
}

#[test]
fn a_key_that_somebody_else_keeps_is_used_and_not_changed() {
    let key: Arn = "arn:aws:kms:eu-west-1:444455556666:key/1".parse().unwrap();
    let given = policy(&StackScope { key: Some(key), ..scope() }, PolicyPurpose::Apply);
    let about: Vec<&Value> =
        given["Statement"].as_array().unwrap().iter().filter(|one| one.to_string().contains(":key/")).collect();
    let [statement] = about.as_slice() else { panic!("{about:?}") };
    assert_eq!(statement["Resource"], "arn:aws:kms:eu-west-1:444455556666:key/1");
    assert_eq!(texts(&statement["Action"]), ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"]);
}

#[test]
fn the_state_in_a_bucket_is_read_by_all_and_written_by_who_changes() {
    let mut scope = largest();
    scope.state = Some("s3://acme-state/a/b/".parse().unwrap());
    let about = |purpose| {
        let policy = policy(&scope, purpose);
        let statements = policy["Statement"].as_array().unwrap().clone();
        let found = statements.into_iter().find(|one| one["Action"] == "s3:PutObject");
        found.map(|one| one["Resource"].as_str().unwrap().to_owned())
    };
    let stack = &scope.stack;
    assert_eq!(about(PolicyPurpose::Plan), None);
    assert_eq!(about(PolicyPurpose::Apply).unwrap(), "arn:aws-us-gov:s3:::acme-state/a/b/*");
    assert_eq!(about(PolicyPurpose::Drift).unwrap(), format!("arn:aws-us-gov:s3:::acme-state/a/b/{stack}.runs/*"));
    assert!(!actions(&looking_for_drift(&scope)).contains("s3:PutObject"));
}

#[test]
fn every_row_names_a_service_and_a_purpose() {
    for row in table::all() {
        let (service, name) = row.parts();
        assert!(!service.is_empty() && name.starts_with(char::is_uppercase), "{}", row.action);
        assert!(!row.targets().is_empty(), "{}", row.action);
        let everywhere = [scope(), largest(), StackScope { network: NetworkScope::AirGapped, ..scope() }];
        let is_used =
            everywhere.iter().any(|scope| PolicyPurpose::ALL.into_iter().any(|purpose| row.is_for(scope, purpose)));
        let only = NetworkScope::Existing { vpc: String::new(), subnets: Vec::new() };
        let existing = StackScope { network: only, ..scope() };
        // The architecture declares keys enabled and buckets with a policy.
        let by_nobody = ["s3:DeleteBucketPolicy", "kms:DisableKey", "kms:DisableKeyRotation"].contains(&row.action);
        assert_ne!(is_used || row.is_for(&existing, PolicyPurpose::Apply), by_nobody, "{}", row.action);
    }
}
