//! Looks at a stack that nobody touches, over and over, by an AWS that throttles and whose readers lag behind each other: not
//! one of them finds anything.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use ppm_infra::run::DriftReport;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::deed::Deed;
use crate::support::emulator::Fork;
use crate::support::looks::{Baselines, StackRecord, assert_no_drift};
use crate::support::random::wants_all;

/// Looks that go on at the same time, each at an emulator of its own: there are two cores.
const AT_ONCE: usize = 2;

/// Lists whose last object is missing at times: those of objects that EC2 makes at once and shows a moment later.
const LAGGING: [&str; 8] = [
    "DescribeVpcs",
    "DescribeSubnets",
    "DescribeAddresses",
    "DescribeNatGateways",
    "DescribeRouteTables",
    "DescribeInternetGateways",
    "DescribeVpcEndpoints",
    "DescribeSecurityGroups",
];

/// So many readers see what the one before did not: whatever is missing is there when the look asks once more.
const LAGS_EVERY: u32 = 8;

/// How the clients of the program repeat ([`Clients::connect`](ppm_infra::cloud::aws::Clients::connect)), a thousand times as
/// fast.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(8)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(20))
}

/// Looks until nobody wants more, and answers how many calls there were, how many of them were throttled, and how many
/// lists lacked an object.
async fn look_on(fork: Fork, record: StackRecord, left: Arc<AtomicUsize>) -> [u64; 3] {
    let clients = async || fork.clients_with(retries(), TimeoutConfig::disabled()).await;
    let first = record.look(clients().await, &Baselines::new()).await.unwrap();
    assert_in_sync(&first, "undisturbed");
    let mut orders = vec![json!({"kind": "throttle", "every": 5})];
    orders.extend(
        LAGGING.map(|operation| json!({"service": "ec2", "operation": operation, "kind": "lag", "every": LAGS_EVERY})),
    );
    fork.post("/strict/faults", &json!(orders));
    fork.post("/strict/log/clear", &json!({}));
    while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
        // Each look is that of a process of its own.
        let report = record.look(clients().await, &first.baselines).await.unwrap();
        assert_in_sync(&report, "throttled");
    }
    let struck = fork.get("/strict/faults");
    let struck =
        |rules: Range<usize>| struck.as_array().unwrap()[rules].iter().map(|rule| rule["struck"].as_u64().unwrap());
    let calls = fork.get("/strict/summary")["total"].as_u64().unwrap();
    [calls, struck(0..1).sum(), struck(1..1 + LAGGING.len()).sum()]
}

fn assert_in_sync(report: &DriftReport, what: &str) {
    assert_no_drift(report, what);
    assert!(report.unread.is_empty(), "{what}: {:#?}", report.unread);
    assert!(report.deviations.is_empty(), "{what}: {:#?}", report.deviations);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_untouched_stack_is_in_sync_however_often_it_is_looked_at() {
    let looks = if wants_all() { 1_000 } else { 10 };
    let deed = Deed::look_for_drift(&json!({}));
    let (desk, _fork) = deed.stage();
    let record = StackRecord::of(&desk).await;
    let left = Arc::new(AtomicUsize::new(looks));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(look_on(deed.stage().1, record.clone(), Arc::clone(&left)));
    }
    let mut all = [0; 3];
    for counts in workers.join_all().await {
        for (sum, more) in all.iter_mut().zip(counts) {
            *sum += more;
        }
    }
    let [calls, throttled, lagging] = all;
    println!(
        "{looks} looks, {calls} calls, {throttled} of them throttled, {lagging} lists that lacked an object: 0 findings"
    );
    assert!(throttled * 100 >= calls * 19, "{throttled} of {calls} were throttled");
    assert!(lagging > 0, "readers lagged");
}
