//! A recorded run: every event there is, and its rendering line by line.

use super::*;

/// An event `seconds` after the start.
pub(in crate::render) fn at(seconds: i64, kind: EventKind) -> Event {
    let at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
    Event { schema: EVENTS, at, stack: "ppm-prod".to_owned(), run: "0123abcd".to_owned(), seq: 0, kind }
}

/// A run in which everything happens that can happen.
pub(in crate::render) fn events() -> Vec<Event> {
    let create = |name: &str| step(name, StepPart::Create);
    let (vpc, cluster) = (create("vpc.main"), create("cluster.main"));
    let (ip, nat) = (create("elastic_ip.nat-a"), create("nat_gateway.a"));
    let waiting = |status: &str, elapsed_ms| EventKind::StepWaiting {
        step: create("cluster.main"),
        status: status.to_owned(),
        elapsed_ms,
    };
    let moved = diff("backup_days", &json!(7), &json!(1), OnChange::Update);
    let tag = diff("tags.team", &json!("a"), &json!(null), OnChange::Update);
    let drifted = |name: &str, gone, diffs| EventKind::DriftFound { address: address(name), gone, diffs };
    let counts = Counts { create: 5, unchanged: 1, drifted: 2, ..Counts::default() };
    let report = RunReport {
        succeeded: 2,
        failed: vec![(ip.clone(), limit())],
        skipped: 1,
        not_started: 1,
        abandoned: vec![cluster.clone()],
        serial: 42,
        elapsed_ms: 185_000,
        ..RunReport::default()
    };
    let mut all = vec![
        at(0, EventKind::RunStarted { command: "apply".to_owned(), stack: "ppm-prod".to_owned(), serial: 41 }),
        at(0, EventKind::RefreshStarted { total: 3 }),
        at(2, EventKind::RefreshFinished { present: 1, absent: 1, unread: 1 }),
        at(2, drifted("database.main", false, vec![moved, tag])),
        at(2, drifted("nat_gateway.b", true, Vec::new())),
        at(2, EventKind::PlanReady { counts, typical_seconds: 1172 }),
        at(5, EventKind::Adopted { address: address("bucket.packages"), id: "ppm-prod-111122223333".to_owned() }),
        at(5, EventKind::ExecuteStarted { steps: 5 }),
        at(5, EventKind::StepStarted { step: vpc.clone(), typical_seconds: 10, p90_seconds: 10, behind_seconds: 0 }),
        at(5, EventKind::StepStarted { step: ip.clone(), typical_seconds: 3, p90_seconds: 3, behind_seconds: 0 }),
        at(9, EventKind::StepFailed { step: ip.clone(), error: limit(), elapsed_ms: 4_000 }),
        at(9, EventKind::StepSkipped { step: nat, because: ip }),
        at(15, EventKind::StepFinished { step: vpc, id: Some("vpc-0abc".to_owned()), elapsed_ms: 10_000 }),
        at(
            15,
            EventKind::StepStarted { step: cluster.clone(), typical_seconds: 600, p90_seconds: 600, behind_seconds: 0 },
        ),
        at(20, waiting("CREATING", 5_000)),
        at(30, waiting("CREATING", 15_000)),
        at(140, EventKind::Draining { running: 1 }),
        at(140, waiting("UPDATING", 125_000)),
        at(185, EventKind::Abandoned { unfinished: vec![cluster] }),
        at(185, EventKind::StateWritten { serial: 42 }),
        at(185, EventKind::RunFinished { report }),
    ];
    for (seq, event) in (1..).zip(&mut all) {
        event.seq = seq;
    }
    all
}

/// Events with `text` wherever the cloud has a say.
pub(in crate::render) fn failing(text: &str) -> Vec<Event> {
    let one = step("database.main", StepPart::Create);
    let error = StepFailure {
        doing: text.to_owned(),
        code: Some(text.to_owned()),
        message: text.to_owned(),
        request_id: Some(text.to_owned()),
    };
    vec![
        at(0, EventKind::ExecuteStarted { steps: 1 }),
        at(
            0,
            EventKind::StepStarted {
                step: one.clone(),
                typical_seconds: u64::MAX,
                p90_seconds: u64::MAX,
                behind_seconds: 0,
            },
        ),
        at(1, EventKind::StepWaiting { step: one.clone(), status: text.to_owned(), elapsed_ms: u64::MAX }),
        at(2, EventKind::StepFailed { step: one, error, elapsed_ms: u64::MAX }),
    ]
}

#[test]
fn a_run_line_by_line() {
    let paper = Paper::default();
    let view = ProgressView { time_scale: 60.0, symbols: true, colour: false };
    let mut lines = Lines::new(Box::new(paper.clone()), view);
    for event in &events() {
        crate::run::event::Sink::event(&mut lines, event);
    }
    assert!(!paper.text().contains('\r'));
    insta::assert_snapshot!(paper.text(), @r"
        0s          apply of ppm-prod begins at serial 41
        0s          reading 3 objects
        2s          read: 1 there, 1 not there, 1 not readable
        2s          drift database.main: backup_days recorded 7, found 1; tags.team recorded a, found none
        2s          drift nat_gateway.b: gone
        2s          plan: 5 to create; takes about 20 min
        5s          adopted bucket.packages: ppm-prod-111122223333
        5s     0/5  5 steps to carry out
        5s     0/5  create vpc.main: started, usually 1s
        5s     0/5  create elastic_ip.nat-a: started, usually 1s
        9s     1/5  create elastic_ip.nat-a: failed after 4s: could not allocate the address: AddressLimitExceeded: The maximum number of addresses has been reached. (request id 7f3c0d52)
        9s     2/5  create nat_gateway.a: skipped because of create elastic_ip.nat-a
       15s     3/5  create vpc.main: done in 10s, vpc-0abc
       15s     3/5  create cluster.main: started, usually 10s
       20s     3/5  create cluster.main: CREATING, 5s of about 10s
    2m 20s     3/5  stopping: nothing new starts, 1 step still running
    2m 20s     3/5  create cluster.main: UPDATING, 2m 05s of about 10s
    3m 05s     3/5  left running: create cluster.main
    3m 05s     3/5  recorded at serial 42
    3m 05s     3/5  incomplete after 3m 05s: 2 succeeded, 1 failed, 1 skipped, 1 not begun
    ");
}
