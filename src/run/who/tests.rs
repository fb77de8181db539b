use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::audit::Confidence;
use crate::cloud::ErrorKind;
use crate::engine::plan::{StepKey, StepPart};
use crate::model::address::Kind;
use crate::model::audit::AuditRecords;
use crate::model::resource::{KindFacts, OnChange};
use crate::run::since::{FORMAT, RunChanges, RunFinding, RunOutcome, StepTime};

const DATABASE: &str = "rds:DescribeDBInstances\tDBInstances[]\troot\tall\thigh\tx\n\
    rds:DescribeDBInstances\tBackupRetentionPeriod\ttracked\tbackup_days\thigh\tx\n\
    rds:DescribeDBInstances\tMultiAZ\ttracked\tmulti_az\thigh\tx";
const ROLE: &str = "iam:GetRole\tRole\troot\teach\thigh\tx\niam:ListRolePolicies\t\troot\teach\t-\tx\n\
    iam:ListRolePolicies\tPolicyNames[]\textra\tinline policy\thigh\tx";

fn catalog() -> Catalog {
    let kind = |name, audit, described| {
        (Kind::new(name), KindFacts { audit: Some(audit), described, ..KindFacts::plain(&[]) })
    };
    [
        kind("database", AuditName::of("rds", "id"), DATABASE),
        kind("iam_role", AuditName::of("iam", "id"), ROLE),
        kind("node_group", AuditName::part("eks", "cluster_name", "name"), ""),
        kind("security_group", AuditName::of("ec2", "id"), ""),
        kind("vpc", AuditName::of("ec2", "id"), ""),
        (Kind::new("thing"), KindFacts::plain(&[])),
    ]
    .into()
}

fn at(address: &str) -> Address {
    address.parse().unwrap()
}

fn hour(n: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + n * 3600).unwrap()
}

fn run(n: i64, kind: RunKind, found: &[&str]) -> RunEntry {
    let finding = |address: &&str| RunFinding {
        id: "drift.changed".to_owned(),
        subject: (*address).to_owned(),
        address: Some((*address).to_owned()),
        value: String::new(),
        severity: "high".to_owned(),
        what: String::new(),
        first_seen: hour(0),
        taken_over: false,
        waived: false,
    };
    RunEntry {
        format: FORMAT,
        run: "0a".to_owned(),
        at: hour(n),
        kind,
        tool: String::new(),
        serial: 1,
        outcome: RunOutcome::Drifted,
        elapsed_ms: 2_000,
        looked_at: 3,
        only: None,
        changes: RunChanges::default(),
        findings: found.iter().map(finding).collect(),
        steps: Vec::new(),
        taken_away: Vec::new(),
        put_right: Vec::new(),
        baseline: None,
        notices: BTreeMap::new(),
    }
}

#[test]
fn it_was_done_since_the_last_run_that_left_the_object_well() {
    let before = |n: i64| hour(n) - SignedDuration::from_secs(2);
    let vpc = at("vpc.main");
    let runs =
        [run(1, RunKind::Drift, &[]), run(2, RunKind::Drift, &["vpc.main"]), run(3, RunKind::Drift, &["vpc.main"])];
    assert_eq!(since(&vpc, &runs, hour(4)), before(1), "what came to be while it looked counts");
    assert_eq!(since(&at("subnet.a"), &runs, hour(4)), before(3), "each object by itself");
    // An apply put it back, as far as it touched it.
    let step = StepKey { address: vpc.clone(), part: StepPart::Create };
    let step = StepTime { step, elapsed_ms: 1, case: String::new() };
    let applied = RunEntry { steps: vec![step], ..run(4, RunKind::Apply, &[]) };
    assert_eq!(since(&vpc, &[runs[1].clone(), applied], hour(5)), before(4));
    assert_eq!(since(&vpc, &[runs[1].clone(), run(4, RunKind::Apply, &[])], hour(5)), hour(5) - KEPT);
    assert_eq!(since(&vpc, &[], hour(5)), hour(5) - KEPT, "all that the log keeps");
    assert_eq!(since(&vpc, &runs[..1], hour(24 * 100)), hour(24 * 100) - KEPT, "and no more");
}

fn moved(path: &str, before: Value, after: Value) -> Drift {
    let [before, after] = [before, after].map(Shown::Value);
    Drift::Moved(vec![FieldDiff { path: path.to_owned(), before, after, on_change: OnChange::Update }])
}

fn recorded(computed: Value) -> Recorded {
    Recorded::found(crate::model::resource::Known {
        declared: serde_json::from_value(json!({"name": "ppm"})).unwrap(),
        computed: serde_json::from_value(computed).unwrap(),
    })
}

#[test]
fn a_change_has_the_words_of_its_table_and_the_values_of_one_side() {
    let tables = MemberTables::of(&catalog());
    let of = |address: &str, drift: Drift, computed: Value| {
        let report = DriftReport { drift: [(at(address), drift)].into(), ..DriftReport::default() };
        let table = tables.get(&at(address).kind);
        changes(&report, &at(address), table, ("ppm-a", &recorded(computed))).remove(0)
    };
    let days = of("database.main", moved("backup_days", json!(7), json!(1)), json!({"id": "ppm"}));
    assert_eq!(days.noun, "DBInstances");
    assert!(days.words.contains("backup_days") && days.words.contains("BackupRetentionPeriod"), "{days:?}");
    assert!(!days.words.contains("MultiAZ"), "{days:?}");
    assert_eq!(days.values, BTreeSet::new());
    let tag = of("vpc.main", moved("tags.team", json!("a"), json!("b")), json!({"id": "vpc-1"}));
    assert_eq!(tag.values, ["a", "b", "team"].map(str::to_owned).into());
    let rules = (json!([{"peer": "10.0.0.0/8"}]), json!([{"peer": "10.0.0.0/8"}, {"peer": "0.0.0.0/0"}]));
    let rule = of("security_group.a", moved("ingress", rules.0, rules.1), json!({"id": "sg-1"}));
    assert_eq!(rule.values, ["0.0.0.0/0".to_owned()].into());
    let role = of("iam_role.a", Drift::Gone, json!({"id": "ppm-a", "arn": "arn:x"}));
    assert_eq!((role.noun.as_str(), role.is_gone, role.values), ("Role", true, ["arn:x".to_owned()].into()));
    let own = of("iam_role.a", moved("description", json!("ppm-a"), json!("other")), json!({"id": "ppm-a"}));
    assert_eq!(own.values, ["other".to_owned()].into(), "its own name tells nothing");
}

#[test]
fn what_nobody_declared_is_named_by_its_call_its_member_and_its_name() {
    let deviation = |class| Deviation {
        address: at("iam_role.a"),
        class,
        call: "iam:ListRolePolicies",
        path: "PolicyNames[]",
        field: None,
        grade: Grade::High,
        before: Value::Null,
        after: Value::Null,
        member: Some("admin".to_owned()),
        what: String::new(),
        why: String::new(),
        remember: None,
        way_out: None,
    };
    let classes = [DeviationClass::Extra, DeviationClass::Lifecycle, DeviationClass::ByAws];
    let report = DriftReport { deviations: classes.map(deviation).into(), ..DriftReport::default() };
    let found = changes(&report, &at("iam_role.a"), None, ("ppm-a", &recorded(json!({"id": "ppm-a"}))));
    let [change] = found.as_slice() else { panic!("nobody makes an end that comes near: {found:?}") };
    assert!(["PolicyNames", "RolePolicies"].iter().all(|word| change.words.contains(*word)), "{change:?}");
    assert_eq!(change.values, ["admin".to_owned()].into());
    assert_eq!(by_gravity(&report), [&at("iam_role.a")]);
}

/// A stack of so many roles, all of which were changed; the last one gravely.
fn changed(n: usize) -> (State, DriftReport) {
    let mut state = State::empty("ppm", "us-east-1", "lineage".to_owned(), "test");
    let mut report = DriftReport::default();
    let mut resources = BTreeMap::new();
    for i in 0..n {
        let address = at(&format!("iam_role.r{i:02}"));
        resources.insert(address.clone(), recorded(json!({"id": format!("ppm-r{i:02}")})));
        report.drift.insert(address.clone(), moved("description", json!("a"), json!("bbbb")));
        if i + 1 == n {
            report.grades.insert((address, "description".to_owned()), Grade::Critical);
        }
    }
    state.resources = resources.into();
    (state, report)
}

fn record(user: &str, call: &str, role: &str) -> Value {
    json!({
        "eventName": call, "eventTime": "2026-05-28T20:00:00Z", "readOnly": false,
        "userIdentity": {"type": "IAMUser", "arn": format!("arn:aws:iam::1:user/{user}"), "userName": user},
        "requestParameters": {"roleName": role, "description": "bbbb"},
    })
}

async fn answered(
    (state, report): &(State, DriftReport),
    answer: impl Fn(&AuditQuery) -> Result<Option<AuditRecords>, CloudError>,
) -> (WhoReport, Vec<AuditQuery>) {
    let asked_for = Mutex::new(Vec::new());
    let ask = async |query| {
        let answer = answer(&query);
        asked_for.lock().unwrap().push(query);
        answer
    };
    let told = asked((&catalog(), state), report, &[], (hour(5), 2.0), ask).await;
    (told, asked_for.into_inner().unwrap())
}

#[tokio::test]
async fn the_gravest_are_asked_about_once_each_and_the_rest_is_counted() {
    let (told, queries) = answered(&changed(23), |query| {
        Ok(Some(AuditRecords { records: vec![record("casey", "UpdateRole", &query.name)], is_cut: false, calls: 1 }))
    })
    .await;
    assert_eq!((told.told.len(), told.left_out, told.failed.clone()), (20, 3, None));
    let names: Vec<&str> = queries.iter().map(|query| query.name.as_str()).collect();
    assert_eq!((names.len(), names[0], names[1], names[19]), (20, "ppm-r22", "ppm-r00", "ppm-r18"));
    let first = &queries[0];
    assert_eq!((first.service, first.from, first.to, first.time_scale), ("iam", hour(5) - KEPT, hour(5), 2.0));
    let slow = AuditRecords { calls: 9, ..AuditRecords::default() };
    let (told_late, queries) = answered(&changed(23), |_| Ok(Some(slow.clone()))).await;
    assert_eq!((queries.len(), told_late.left_out), (5, 18), "45 calls are enough");
    let who = told.told[&at("iam_role.r22")].who.clone().unwrap();
    assert_eq!((who.confidence, who.authors[0].event.caller.name.as_str()), (Confidence::Exact, "casey"));
}

#[tokio::test]
async fn a_log_that_refuses_is_asked_no_more_and_none_is_no_failure() {
    let denied = CloudError::new(ErrorKind::Denied, "look up", "no");
    let (told, queries) = answered(&changed(3), |query| match query.name.as_str() {
        "ppm-r00" => Err(denied.clone()),
        _ => Ok(Some(AuditRecords::default())),
    })
    .await;
    assert_eq!((queries.len(), told.failed), (2, Some(denied)));
    let nothing = LookedUp { since: hour(5) - KEPT, who: None, read: 0, is_cut: false };
    assert_eq!(told.told, [(at("iam_role.r02"), nothing)].into(), "what it told before stands");
    let (told, queries) = answered(&changed(3), |_| Ok(None)).await;
    assert_eq!((queries.len(), told), (1, WhoReport::default()));
    assert_eq!(answered(&changed(0), |_| Ok(None)).await.1, [], "nobody asks where nothing drifted");
}

#[tokio::test]
async fn of_a_whole_only_what_was_done_to_the_part_counts() {
    let (mut state, mut report) = changed(0);
    let computed = json!({"id": "ppm/nodes-1", "cluster_name": "ppm", "name": "nodes-1"});
    state.resources = BTreeMap::from([(at("node_group.main"), recorded(computed))]).into();
    report.drift.insert(at("node_group.main"), Drift::Gone);
    let event = |user: &str, group: &str| {
        let mut event = record(user, "DeleteNodegroup", "");
        event["requestParameters"] = json!({"name": "ppm", "nodegroupName": group});
        event
    };
    let records = vec![event("drew", "nodes-2"), event("casey", "nodes-1")];
    let answer = AuditRecords { records, is_cut: false, calls: 1 };
    let (told, queries) = answered(&(state, report), |_| Ok(Some(answer.clone()))).await;
    assert_eq!((queries[0].service, queries[0].name.as_str()), ("eks", "ppm"));
    let who = told.told[&at("node_group.main")].who.clone().unwrap();
    assert_eq!((who.confidence, who.authors[0].event.caller.name.as_str()), (Confidence::Exact, "casey"));
}
