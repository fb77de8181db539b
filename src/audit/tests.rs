//! Records in the shape of "CloudTrail record contents" and "CloudTrail `userIdentity` element" (CloudTrail User Guide).

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::*;

const RECORDS: &str = include_str!("tests/records.json");

fn records() -> BTreeMap<String, Value> {
    serde_json::from_str(RECORDS).unwrap()
}

/// The record whose name begins so.
fn event(name: &str) -> AuditEvent {
    let records = records();
    let mut found = records.iter().filter(|(known, _)| known.starts_with(name));
    let (_, record) = found.next().unwrap_or_else(|| panic!("no record is called {name}"));
    assert!(found.next().is_none(), "two records are called {name}");
    AuditEvent::read(record).unwrap()
}

fn texts(all: &[&str]) -> BTreeSet<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

fn change(noun: &str, words: &[&str], values: &[&str]) -> AuditedChange {
    AuditedChange { noun: noun.to_owned(), words: texts(words), values: texts(values), is_gone: false }
}

fn inline() -> AuditedChange {
    change("Role", &["PolicyNames", "RolePolicies"], &["debug"])
}

/// How sure it is, and who it is.
fn told(events: &[&AuditEvent], changes: &[&AuditedChange]) -> Option<(Confidence, Vec<String>)> {
    let events: Vec<AuditEvent> = events.iter().map(|event| (*event).clone()).collect();
    let changes: Vec<AuditedChange> = changes.iter().map(|change| (*change).clone()).collect();
    let who = Authorship::of(&events, &changes, false)?;
    Some((who.confidence, who.authors.iter().map(|one| one.event.caller.name.clone()).collect()))
}

fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|one| (*one).to_owned()).collect()
}

#[test]
fn every_record_says_who_by_what_and_from_where() {
    let expected = [
        (
            "inline policy",
            "casey@example.com",
            Some("AdministratorAccess of IAM Identity Center"),
            "console",
            "203.0.113.7",
        ),
        ("rule by a user", "drew", None, "the AWS CLI", "198.51.100.20"),
        ("bucket policy", "GitHubActions", Some("terraform"), "Terraform", "192.0.2.44"),
        ("database", "the root user of 111122223333", None, "console", "203.0.113.9"),
        ("desired size", "autoscaling.amazonaws.com", None, "service", "autoscaling.amazonaws.com"),
        ("group by EKS", "AmazonEKS", Some("AWSServiceRoleForAmazonEKS"), "service", "eks.amazonaws.com"),
        ("session of a role", "i-0abc", Some("Deployer"), "Boto3", "198.51.100.3"),
        ("federated user", "erin", None, "console", "203.0.113.20"),
        ("key policy", "account 444455556666", None, "an AWS SDK", "192.0.2.1"),
        ("role read", "job", Some("ppm-prod-drift"), "ppm-infra", "10.0.0.5"),
        ("refused attempt", "mallory", None, "the AWS CLI", "192.0.2.66"),
        ("role made", "ann", Some("platform-admin"), "ppm-infra", "198.51.100.7"),
        (
            "role tagged",
            "casey@example.com",
            Some("AdministratorAccess of IAM Identity Center"),
            "CloudShell",
            "203.0.113.7",
        ),
        ("trust changed", "drew", None, "service", "cloudformation.amazonaws.com"),
        ("role deleted", "544894e8-80c1-707f-60e3-3ba6510dfac1", None, "aws-internal", "203.0.113.80"),
        ("node group", "drew", None, "the AWS CLI", "198.51.100.20"),
    ];
    assert_eq!(expected.len(), records().len(), "each record is read");
    for (name, who, role, means, from) in expected {
        let event = event(name);
        let by = match &event.means {
            Means::Program(name) => name.as_str(),
            other @ (Means::Console | Means::PpmInfra | Means::Service(_) | Means::Unknown) => other.word(),
        };
        let Caller { name: told, role: of, .. } = &event.caller;
        let read = (told.as_str(), of.as_deref(), by, event.from.as_deref());
        assert_eq!(read, (who, role, means, Some(from)), "{name}");
        assert_eq!(event.changes, !["role read", "refused attempt"].contains(&name), "{name}");
    }
    assert_eq!(event("session of a role").caller.source_identity.as_deref(), Some("ann"));
    assert!(event("desired size").caller.is_service && !event("group by EKS").caller.is_service);
    assert_eq!(event("group by EKS").means, Means::Service("eks.amazonaws.com".to_owned()));
    assert_eq!(event("inline policy").caller.arn.rsplit('/').next(), Some("casey@example.com"));
    assert_eq!(event("inline policy").at.to_string(), "2026-11-29T14:02:11Z");
}

#[test]
fn what_is_no_record_of_a_call_is_passed_over() {
    assert_eq!(AuditEvent::read(&json!({})), None);
    assert_eq!(AuditEvent::read(&json!({"eventName": "PutRolePolicy", "eventTime": "yesterday"})), None);
    let bare = AuditEvent::read(&json!({"eventName": "PutRolePolicy", "eventTime": "2026-11-29T14:02:11Z"})).unwrap();
    assert_eq!((bare.caller.name.as_str(), &bare.means), ("somebody whom the log does not name", &Means::Unknown));
    assert_eq!(bare.from, None);
}

#[test]
fn one_call_that_names_the_change_is_exact() {
    let casey = Some((Confidence::Exact, names(&["casey@example.com"])));
    let (policy, tagged) = (event("inline policy"), event("role tagged"));
    assert_eq!(told(&[&policy], &[&inline()]), casey);
    // What else was done to the object, and by whom, does not matter: it names something else.
    assert_eq!(told(&[&event("trust changed"), &tagged, &policy], &[&inline()]), casey);
    // Reading changes nothing, and neither does what was refused.
    assert_eq!(told(&[&event("role read"), &event("refused"), &policy], &[&inline()]), casey);
    assert_eq!(told(&[&event("role read"), &event("refused")], &[&inline()]), None);
    assert_eq!(told(&[], &[&inline()]), None);
}

#[test]
fn a_change_is_named_by_its_member_its_call_its_value_or_a_key() {
    let exact = |name: &str, change: AuditedChange| {
        // Beside it stands what somebody else did, which names nothing of it.
        let other = AuditEvent { request: json!({"tags": []}), response: Value::Null, ..event("refused") };
        let other = AuditEvent { changes: true, name: "TagThing".to_owned(), ..other };
        let who = told(&[&other, &event(name)], &[&change]);
        let expected = event(name).caller.name;
        assert_eq!(who, Some((Confidence::Exact, vec![expected])), "{name}: {change:?}");
    };
    exact("rule by a user", change("SecurityGroups", &["ingress"], &["0.0.0.0/0"]));
    exact("rule by a user", change("SecurityGroups", &["ingress", "IsEgress"], &[]));
    exact("rule by a user", change("SecurityGroups", &[], &["sgr-0fedcba9876543210"]));
    exact("bucket policy", change("Bucket", &["policy", "BucketPolicy", "Statement"], &[]));
    exact("database", change("DBInstances", &["backup_days", "BackupRetentionPeriod", "DBInstances"], &[]));
    exact("session of a role", change("LoadBalancers", &["Attributes"], &["idle_timeout.timeout_seconds"]));
    exact("federated user", change("Vpcs", &["tags"], &["team"]));
    exact("trust changed", change("Role", &["trust", "AssumeRolePolicyDocument", "Role"], &[]));
    // In a policy that is sent as text.
    exact("trust changed", change("Role", &[], &["sts:AssumeRole"]));
    exact("key policy", change("Key", &["policy", "Policy", "KeyPolicy"], &[]));
    exact("node group", change("Nodegroup", &["scalingConfig", "maxSize"], &[]));
}

#[test]
fn one_person_is_likely_where_no_single_call_names_the_change() {
    let casey = Some((Confidence::Likely, names(&["casey@example.com"])));
    let (policy, tagged) = (event("inline policy"), event("role tagged"));
    let description = change("Role", &["description", "Description"], &["Pods"]);
    assert_eq!(told(&[&policy], &[&description]), casey, "the call names something else");
    assert_eq!(told(&[&tagged, &policy], &[&description]), casey);
    let again = AuditEvent { id: "again".to_owned(), at: tagged.at, ..policy.clone() };
    assert_eq!(told(&[&again, &policy], &[&inline()]), casey, "one of two");
    let who = Authorship::of(&[tagged.clone(), policy.clone()], &[description], false).unwrap();
    assert_eq!((who.authors[0].event.name.as_str(), who.authors[0].events), ("TagRole", 2), "the newest is told");
    // Both changed, each by a call of its own.
    assert_eq!(told(&[&tagged, &policy], &[&inline(), &change("Role", &["tags"], &["team"])]), casey);
    assert_eq!(told(&[&policy], &[&inline(), &change("Role", &["tags"], &["team"])]), casey, "one of two is named");
}

#[test]
fn several_persons_are_candidates_the_newest_first() {
    let description = change("Role", &["description", "Description"], &[]);
    let (policy, trust, made) = (event("inline policy"), event("trust changed"), event("role made"));
    let who = told(&[&trust, &policy], &[&description]);
    assert_eq!(who, Some((Confidence::Candidates, names(&["drew", "casey@example.com"]))));
    // Two sessions of one role are two persons.
    let mut robin = policy.clone();
    robin.caller.arn = robin.caller.arn.replace("casey", "robin");
    robin.caller.name = robin.caller.name.replace("casey", "robin");
    assert_eq!(told(&[&policy, &robin], &[&inline()]).unwrap().0, Confidence::Candidates);
    let others = [event("rule by a user"), event("bucket policy"), event("database"), policy.clone(), robin];
    let who = Authorship::of(&others, std::slice::from_ref(&description), false).unwrap();
    assert_eq!((who.confidence, who.authors.len(), who.others), (Confidence::Candidates, 3, 2));
    // What this program did is no cause as long as there is another.
    assert_eq!(told(&[&policy, &made], &[&description]).unwrap().1, names(&["casey@example.com"]));
    assert_eq!(told(&[&made], &[&description]), Some((Confidence::Exact, names(&["ann"]))));
}

#[test]
fn where_older_records_were_not_read_nobody_is_the_only_one() {
    let policy = [event("inline policy")];
    let confidence = |changes: &[AuditedChange]| Authorship::of(&policy, changes, true).unwrap().confidence;
    assert_eq!(confidence(&[inline()]), Confidence::Likely);
    assert_eq!(confidence(&[change("Role", &["description"], &[])]), Confidence::Candidates);
}

#[test]
fn what_is_gone_was_taken_away_by_a_call_that_takes_away() {
    let gone = |noun: &str, id: &str| AuditedChange { is_gone: true, ..change(noun, &[], &[id]) };
    let deleted = event("role deleted");
    let role = gone("Role", "ppm-prod");
    let who = told(&[&event("trust changed"), &deleted, &event("inline policy")], &[&role]);
    assert_eq!(who, Some((Confidence::Exact, vec![deleted.caller.name.clone()])));
    let policy = AuditEvent { name: "DeleteRolePolicy".to_owned(), ..deleted.clone() };
    assert_eq!(told(&[&policy, &deleted], &[&role]).unwrap().0, Confidence::Exact, "the policy is not it");
    assert_eq!(told(&[&policy], &[&role]).unwrap().0, Confidence::Likely);
    // A rule is named by its id; a key is deleted on a day to come.
    let rule = gone("SecurityGroupRules", "sgr-0fedcba9876543210");
    let (opened, closed) = (event("rule by a user"), event("group by EKS"));
    assert_eq!(told(&[&opened, &closed], &[&rule]), Some((Confidence::Exact, names(&["AmazonEKS"]))));
    let key = AuditEvent { name: "ScheduleKeyDeletion".to_owned(), ..event("key policy") };
    assert_eq!(told(&[&event("key policy"), &key], &[&gone("Key", "key")]).unwrap().0, Confidence::Exact);
}

#[test]
fn a_part_is_named_by_what_was_done_to_it() {
    let event = event("node group");
    assert!(event.names("ppm-prod-nodes-000001") && event.names("ppm-prod") && !event.names("ppm-prod-nodes"));
}
