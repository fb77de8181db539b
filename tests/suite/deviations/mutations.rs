//! Every row of every table is heard: its member is changed, and exactly one deviation tells it.

use std::collections::BTreeMap;

use ppm_infra::described::judge::DeviationClass;
use ppm_infra::described::table::{MemberClass, MemberRow};
use ppm_infra::model::address::Address;
use ppm_infra::model::described::CallAnswer;
use ppm_infra::model::error::{CloudError, ErrorKind};
use serde_json::{Value, json};

use super::seed::{DAY, NOW, World, add, put, steps};

/// So many changes are made at least.
const LEAST: usize = 600;

#[test]
fn what_is_in_sync_is_silent() {
    let world = World::in_sync();
    for at in world.recorded.keys() {
        assert_eq!(world.judge(&at.to_string()), [], "{at}");
    }
    let unseen = World { baselines: BTreeMap::new(), ..world };
    for at in unseen.recorded.keys() {
        assert_eq!(unseen.judge(&at.to_string()), [], "{at}, seen for the first time");
    }
}

#[test]
fn every_row_is_heard_by_its_class_its_path_and_how_grave_it_is() {
    let world = World::in_sync();
    let (mut made, mut wrong) = (0, Vec::new());
    for at in world.one_of_each() {
        for row in &world.table(&at).rows {
            for (number, changed) in changes(&world, &at, row).into_iter().enumerate() {
                made += 1;
                let found = changed.judge(&at.to_string());
                let told: Vec<_> = found.iter().map(|one| (one.class, one.path, Some(one.grade))).collect();
                let expected = (class_of(row), row.path, row.grade);
                let sound =
                    found.iter().all(|one| !one.what.is_empty() && one.what.len() < 500 && one.call == row.call);
                if told != [expected] || !sound {
                    wrong.push(format!("{} {} {} #{number}: {told:?}", at.kind, row.call, row.path));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "{} of {made}", wrong.len());
    println!("{made} changes of members");
    assert!(made >= LEAST, "{made} changes");
}

#[test]
fn what_could_not_be_read_is_never_in_sync() {
    let world = World::in_sync();
    let mut made = 0;
    for at in world.one_of_each() {
        let calls: Vec<String> = world.answers[&at].keys().cloned().collect();
        for call in calls {
            let mut changed = world.clone();
            let error = CloudError::new(ErrorKind::Denied, "look", "no");
            changed.answers.get_mut(&at).unwrap().insert(call.clone(), CallAnswer::Unread(error));
            let told: Vec<_> = changed.judge(&at.to_string()).iter().map(|one| (one.class, one.call)).collect();
            assert_eq!(told, [(DeviationClass::Unread, call.as_str())], "{at}");
            changed.answers.get_mut(&at).unwrap().remove(&call);
            assert_eq!(changed.judge(&at.to_string()), [], "{at}: {call} was not asked");
            made += 1;
        }
    }
    println!("{made} answers that could not be read");
    assert!(made > 100, "{made}");
}

fn class_of(row: &MemberRow) -> DeviationClass {
    match row.class {
        MemberClass::Default(_) | MemberClass::Baseline => DeviationClass::Undeclared,
        MemberClass::Extra { .. } => DeviationClass::Extra,
        MemberClass::ByAws => DeviationClass::ByAws,
        MemberClass::Lifecycle(_) => DeviationClass::Lifecycle,
        MemberClass::Identity => DeviationClass::Identity,
        MemberClass::Tracked(_) | MemberClass::Ignored | MemberClass::Root(_) => DeviationClass::Changed,
    }
}

/// The world with one member changed, in every way that makes sense for its row.
fn changes(world: &World, at: &Address, row: &MemberRow) -> Vec<World> {
    match &row.class {
        MemberClass::Default(_) | MemberClass::Baseline if row.path == "Attributes[]" => {
            vec![changed(world, at, row, |root| put(root, "Attributes{a.key.of.tomorrow}", json!("2")))]
        }
        MemberClass::Default(expected) => {
            others(row, expected).into_iter().map(|value| set(world, at, row, &value)).collect()
        }
        MemberClass::Baseline => moved(row).into_iter().map(|value| set(world, at, row, &value)).collect(),
        MemberClass::ByAws if row.grade.is_some() => {
            moved(row).into_iter().map(|value| set(world, at, row, &value)).collect()
        }
        MemberClass::Identity if row.grade.is_some() => vec![set(world, at, row, &json!("another"))],
        MemberClass::Lifecycle(_) => sick(row).into_iter().map(|value| set(world, at, row, &value)).collect(),
        MemberClass::Extra { .. } => strangers(row).into_iter().map(|value| join(world, at, row, value)).collect(),
        MemberClass::Tracked(_) => match row.path {
            "MinSize" | "MaxSize" if row.call.starts_with("autoscaling:") => {
                [json!(1), json!(9)].iter().map(|value| set(world, at, row, value)).collect()
            }
            "VPCZoneIdentifier" => vec![set(world, at, row, &json!("subnet-1,subnet-2"))],
            "PendingModifiedValues.DBInstanceIdentifier" | "PendingModifiedValues.DBSubnetGroupName" => {
                vec![set(world, at, row, &json!("another"))]
            }
            _ => Vec::new(),
        },
        MemberClass::ByAws | MemberClass::Identity | MemberClass::Ignored | MemberClass::Root(_) => Vec::new(),
    }
}

fn changed(world: &World, at: &Address, row: &MemberRow, change: impl Fn(&mut Value)) -> World {
    let mut world = world.clone();
    let roots = world.told(&at.to_string(), row.call);
    if roots.is_empty() {
        roots.push(json!({}));
    }
    change(&mut roots[0]);
    world
}

fn set(world: &World, at: &Address, row: &MemberRow, value: &Value) -> World {
    changed(world, at, row, |root| put(root, row.path, value.clone()))
}

/// Values that are not the default.
fn others(row: &MemberRow, expected: &Value) -> Vec<Value> {
    if row.path == "PolicyDocument" {
        let policy = |action: &str, resource: &str| {
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action,
                "Resource": resource, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}]})
        };
        return vec![json!(policy("s3:*", "arn:aws:s3:::one/*").to_string()), policy("*", "*")];
    }
    match expected {
        Value::Bool(expected) => vec![json!(!expected), json!((!expected).to_string())],
        Value::Number(_) => vec![json!(4711), json!("4711")],
        Value::String(_) => vec![json!("something-else"), json!("Else")],
        _ if row.path.ends_with(".*") => vec![json!({"Some": "thing"}), json!({"Other": {"Thing": 1}})],
        _ => vec![json!("something"), json!(true), json!(12)],
    }
}

/// Values that were not seen before.
fn moved(row: &MemberRow) -> Vec<Value> {
    match row.path {
        "Entries[].*" => {
            vec![
                json!({"RuleNumber": 50, "Egress": false, "RuleAction": "deny", "Protocol": "6", "CidrBlock": "1.2.3.4/32"}),
            ]
        }
        "Instances[].LifecycleState" => vec![json!("Standby"), json!("Detached")],
        "VersionIdsToStages{}[]" => vec![json!("SOMEBODYS")],
        "DesiredCapacity" => vec![json!(5), json!("6")],
        // One sick target of two; none that is well is another thing.
        "TargetHealth.State" => Vec::new(),
        path if path.ends_with(".*") => vec![json!({"Of": "another"}), Value::Null],
        _ => vec![json!("another"), Value::Null],
    }
}

/// Values that a check tells.
fn sick(row: &MemberRow) -> Vec<Value> {
    match row.path {
        "Status" => vec![json!("EXPIRED"), json!("REVOKED")],
        "NotAfter" | "CertificateDetails.ValidTill" => {
            vec![json!(NOW + 29 * DAY), json!("2026-12-24T00:00:00Z"), json!(NOW - DAY)]
        }
        "RenewalSummary.RenewalStatus" => vec![json!("PENDING_VALIDATION"), json!("FAILED")],
        "endOfStandardSupportDate" | "endOfExtendedSupportDate" => vec![json!(NOW + 80 * DAY), json!(NOW - DAY)],
        "releaseVersion" => vec![json!("1.34.1-20261020")],
        "LastChangedDate" | "Versions[].CreatedDate" => vec![json!(NOW - 400 * DAY)],
        "DeletedDate" => vec![json!(NOW - DAY)],
        "KeyState" => vec![json!("Unavailable"), json!("PendingImport")],
        "ValidTo" => vec![json!(NOW + DAY)],
        "DBParameterGroups[].ParameterApplyStatus" => vec![json!("pending-reboot")],
        "health.issues[].code" => vec![json!("AccessDenied"), json!("InternalFailure")],
        "*" => vec![json!({"id": "1", "notAfter": NOW + DAY})],
        _ => vec![json!("DEGRADED"), json!("rejected")],
    }
}

/// Members that nobody declared, in the shape of their row.
fn strangers(row: &MemberRow) -> Vec<Value> {
    if row.path == "ResourcePolicy" {
        let policy = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:DescribeSecret",
            "Principal": {"AWS": "arn:aws:iam::111122223333:role/other"}, "Resource": "*"}]});
        return vec![json!(policy.to_string()), policy];
    }
    if row.path == "*" || row.path.ends_with(".*") {
        return vec![
            json!({"Name": "stranger-1", "Id": "stranger-1"}),
            json!({"Description": "somebody's", "Id": "2"}),
        ];
    }
    vec![json!("stranger-1"), json!("arn:aws:service:us-east-1:111122223333:thing/stranger-2")]
}

/// The world with one more member in a list.
fn join(world: &World, at: &Address, row: &MemberRow, value: Value) -> World {
    let mut world = world.clone();
    let root = world.table(at).of_call(row.call).next().unwrap().path;
    let name = at.to_string();
    if row.path == "*" {
        world.told(&name, row.call).push(value);
    } else if row.place.is_listed() {
        let place = {
            let roots = world.told(&name, row.call);
            if roots.is_empty() {
                roots.push(json!({}));
            }
            elements(&roots[0], row.path)
        };
        add(&mut world.told(&name, row.call)[0], row.path, place, value);
    } else if root.ends_with("[]") {
        let mut one = json!({});
        put(&mut one, row.path, value);
        world.told(&name, row.call).push(one);
    } else {
        return set(&world, at, row, &value);
    }
    world
}

/// How many elements the innermost list of a path has.
fn elements(root: &Value, path: &str) -> usize {
    let steps = steps(path);
    let last = steps.iter().rposition(|step| step == "[]").unwrap();
    let mut at = root;
    for step in &steps[..last] {
        at = if step == "[]" { &at[0] } else { &at[step.as_str()] };
    }
    at.as_array().map_or(0, Vec::len)
}
