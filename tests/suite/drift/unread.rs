//! A call that fails, in whatever way: what it was about is not known, and never in sync or gone. Every call of a look, one
//! after the other.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_rds::types::{ApplyMethod, Parameter};
use futures_util::{StreamExt as _, stream};
use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::aws::Clients;
use ppm_infra::described::judge::Deviation;
use ppm_infra::run::{DriftReport, RunError};
use serde_json::{Value, json};

use crate::support::deed::Deed;
use crate::support::emulator::Line;
use crate::support::looks::{Baselines, StackRecord};
use crate::support::random::chosen;

/// Looks that go on at the same time: most of them wait for something.
const AT_ONCE: usize = 12;

/// How long a call is waited for: longer than any takes while others go on beside it, two processors for all of them.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lists of EKS come in pages of one, so that further pages are calls of their own.
fn in_pages() -> Value {
    json!({"extra": {"eks_page": 1}})
}

/// Without whose answer nobody knows which account is looked at: there is no look at all, and exit status 69. Nobody can be
/// denied it (STS API Reference, `GetCallerIdentity`).
const WHO: &str = "GetCallerIdentity";

/// A way to fail, and what the error means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Failure {
    Denied,
    Throttled,
    Broken,
    NoAnswer,
}

impl Failure {
    const ALL: [Self; 4] = [Self::Denied, Self::Throttled, Self::Broken, Self::NoAnswer];

    /// The order of it, to the emulator.
    fn order(self) -> Value {
        match self {
            Self::Denied => json!({"kind": "denied"}),
            Self::Throttled => json!({"kind": "throttle"}),
            Self::Broken => json!({"kind": "error500"}),
            Self::NoAnswer => json!({"kind": "delay", "seconds": PATIENCE.as_secs() + 2}),
        }
    }

    fn means(self) -> ErrorKind {
        match self {
            Self::Denied => ErrorKind::Denied,
            Self::Throttled => ErrorKind::Throttled,
            Self::Broken | Self::NoAnswer => ErrorKind::Unreachable,
        }
    }
}

/// One call of a look.
#[derive(Clone, Debug)]
struct Call {
    service: String,
    operation: String,
    /// Which of several calls of that operation, by when they arrive. Where there is one, it fails however often it is made:
    /// a list that cannot be had as a whole is asked for one by one.
    number: Option<u64>,
}

impl Call {
    fn all(calls: &[Value]) -> Vec<Self> {
        let mut made: BTreeMap<(String, String), u64> = BTreeMap::new();
        for call in calls {
            assert_eq!(call["mutating"], json!(false), "a look changes nothing: {call}");
            let name = |key: &str| call[key].as_str().unwrap().to_owned();
            *made.entry((name("service"), name("operation"))).or_default() += 1;
        }
        let each = |((service, operation), count): ((String, String), u64)| {
            let numbers = if count == 1 { vec![None] } else { (1..=count).map(Some).collect() };
            let one = move |number| Self { service: service.clone(), operation: operation.clone(), number };
            numbers.into_iter().map(one)
        };
        made.into_iter().flat_map(each).collect()
    }

    /// Every way in which each of them may fail.
    fn failures(calls: &[Self]) -> Vec<(Self, Failure)> {
        let all = calls.iter().flat_map(|call| Failure::ALL.map(|failure| (call.clone(), failure)));
        all.filter(|(call, failure)| call.operation != WHO || *failure != Failure::Denied).collect()
    }

    /// Has it fail at an emulator.
    fn fails(&self, failure: Failure, line: &Line) {
        let mut order = failure.order();
        order["service"] = json!(self.service);
        order["operation"] = json!(self.operation);
        if let Some(number) = self.number {
            order["nth"] = json!(number);
        }
        line.post("/strict/faults", &order);
    }
}

/// What a look of this process tells while one call fails and no client repeats it; or what is wrong with that.
async fn look_while(
    line: &Line,
    record: &StackRecord,
    call: &Call,
    failure: Failure,
) -> Result<Option<DriftReport>, String> {
    call.fails(failure, line);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    let clients = line.clients_with(RetryConfig::disabled(), timeouts).await;
    let looked = record.look(clients, &Baselines::new()).await;
    if line.get("/strict/faults")[0]["struck"] == json!(0) {
        return Err("it did not fail".to_owned());
    }
    match looked {
        Err(RunError::Cloud(error)) if call.operation == WHO && error.kind == failure.means() => Ok(None),
        Err(error) => Err(format!("there is no look: {error}")),
        Ok(_) if call.operation == WHO => Err("nobody knows whose account that is".to_owned()),
        Ok(report) if report.unread.is_empty() => Err("everything counts as read".to_owned()),
        Ok(report) => match report.unread.iter().find(|(_, error)| error.kind != failure.means()) {
            Some((address, error)) => Err(format!("{address}: {:?}: {error}", error.kind)),
            None => Ok(Some(report)),
        },
    }
}

/// What is wrong with a run of the program while one call is denied, which no client repeats.
fn run_while_denied(deed: &Deed, call: &Call) -> Result<(), String> {
    let (desk, fork) = deed.stage();
    call.fails(Failure::Denied, &fork);
    let said = desk.run(&deed.arguments);
    let report = said.json().pop().unwrap_or_default();
    let unread = report["unread"].as_array().is_some_and(|unread| !unread.is_empty());
    let in_doubt = report["drift"] == json!([]) && report["summary"]["in_sync"] == json!(false) && unread;
    if said.code != 3 || !in_doubt {
        return Err(said.to_string());
    }
    let history = desk.run(&["drift", "history", "--json"]).exit(0).json().pop().unwrap();
    match history["runs"].as_array().unwrap().last() {
        Some(run) if run["outcome"] == json!("incomplete") => Ok(()),
        other => Err(format!("it is remembered as {other:?}")),
    }
}

/// Tries some of the failures, all of them on demand, and demands that nothing is wrong with any. Says how many there are.
async fn try_some(calls: &[Call], try_one: impl AsyncFn(&Call, Failure) -> Result<(), String>) -> String {
    let all = Call::failures(calls);
    let counted = format!("{} calls, {} ways in which one of them fails", calls.len(), all.len());
    let some: Vec<_> =
        all.into_iter().enumerate().filter(|(number, _)| chosen(*number)).map(|(_, case)| case).collect();
    let tried = stream::iter(&some).map(async |(call, failure)| {
        let Call { service, operation, number } = call;
        let tried = try_one(call, *failure).await;
        tried.map_err(|wrong| format!("{failure:?} {service} {operation} {number:?}: {wrong}"))
    });
    let tried: Vec<Result<(), String>> = tried.buffer_unordered(AT_ONCE).collect().await;
    let counted = format!("{counted}, {} of them tried", tried.len());
    let wrong: Vec<String> = tried.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    counted
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_call_of_a_look_answers_what_it_was_about_is_not_known() {
    let deed = Deed::look_for_drift(&in_pages());
    let record = StackRecord::of(&deed.stage().0).await;
    let calls = Call::all(&deed.calls);
    assert!(calls.len() >= 80, "{calls:?}");
    let counted = try_some(&calls, async |call, failure| {
        let (_, fork) = deed.stage();
        match look_while(&fork, &record, call, failure).await? {
            Some(report) if !report.drift.is_empty() => return Err(format!("drift: {:?}", report.drift)),
            Some(report) if report.deviations.iter().any(Deviation::is_drift) => {
                return Err(format!("{:?}", report.deviations));
            }
            Some(_) if failure == Failure::Denied => {
                tokio::task::block_in_place(|| run_while_denied(&deed, call))?;
            }
            Some(_) | None => {}
        }
        Ok(())
    })
    .await;
    println!("{counted}");
}

/// How often each operation was called.
fn counted(calls: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls {
        *counts.entry(call["operation"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Does so much that every call is made which follows a finding, as far as findings need no earlier look.
async fn meddle(aws: &Clients, bucket: &str) {
    let nodes = "ppm-prod-nodes";
    let policy =
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListAllMyBuckets","Resource":"*"}]}"#;
    aws.iam.put_role_policy().role_name(nodes).policy_name("more").policy_document(policy).send().await.unwrap();
    let copy = aws.rds.create_db_snapshot().db_instance_identifier("ppm-prod-database");
    copy.db_snapshot_identifier("copy").send().await.unwrap();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"123456789012"}}]}"#;
    aws.iam.create_role().role_name("guest").assume_role_policy_document(trust).send().await.unwrap();
    let entry = aws.eks.create_access_entry().cluster_name("ppm-prod");
    entry.principal_arn("arn:aws:iam::123456789012:role/guest").send().await.unwrap();
    aws.s3.delete_public_access_block().bucket(bucket).send().await.unwrap();
    aws.s3.delete_bucket_policy().bucket(bucket).send().await.unwrap();
    aws.s3.delete_bucket_ownership_controls().bucket(bucket).send().await.unwrap();
    let jit =
        Parameter::builder().parameter_name("work_mem").parameter_value("8192").apply_method(ApplyMethod::Immediate);
    let group = aws.rds.modify_db_parameter_group().db_parameter_group_name("ppm-prod-postgres17");
    group.parameters(jit.build()).send().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_told_though_what_follows_it_cannot_be_read() {
    let deed = Deed::look_for_drift(&in_pages());
    let (desk, meddled) = deed.stage();
    let record = StackRecord::of(&desk).await;
    meddle(&meddled.clients().await, "ppm-prod-123456789012").await;
    meddled.post("/strict/log/clear", &json!({}));
    let found = record.look(meddled.clients().await, &Baselines::new()).await.unwrap();
    assert!(found.unread.is_empty(), "{:#?}", found.unread);
    let usual = counted(&deed.calls);
    let all = counted(&meddled.calls());
    let follows = |operation: &String| all[operation] > usual.get(operation).copied().unwrap_or_default();
    let following: Vec<Call> =
        Call::all(&meddled.calls()).into_iter().filter(|call| follows(&call.operation)).collect();
    assert!(following.len() >= 12, "{following:?}");
    let told = |report: &DriftReport| -> BTreeSet<String> {
        let of = |one: &Deviation| format!("{} {:?} {:?}", one.address, one.class, one.member);
        let beside = report.deviations.iter().filter(|one| one.is_drift()).map(of);
        report.drift.keys().map(ToString::to_string).chain(beside).collect()
    };
    let counted = try_some(&following, async |call, failure| {
        let Some(report) = look_while(&meddled.fork(), &record, call, failure).await? else {
            return Err("there was a look before".to_owned());
        };
        // Where a look asks anyway, more of the object may be unknown.
        let unread: Vec<String> = report.unread.keys().map(|address| format!("{address} ")).collect();
        let is_excused = |what: &String| {
            usual.contains_key(&call.operation) && unread.iter().any(|address| format!("{what} ").starts_with(address))
        };
        let (whole, left) = (told(&found), told(&report));
        let lost: Vec<&String> = whole.difference(&left).filter(|what| !is_excused(what)).collect();
        if lost.is_empty() { Ok(()) } else { Err(format!("no longer told: {lost:?}")) }
    })
    .await;
    println!("{counted}");
}
