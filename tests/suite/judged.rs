//! AWS's published service models judge what tests send, and a test that sends what they do not allow fails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use aws_sdk_autoscaling::error::ProvideErrorMetadata;

use crate::support::emulator::{Emulator, Line};

/// Asks for the target groups of a group without a name, and answers how AWS refuses that.
async fn ask_of_nobody(line: &Line) -> (String, String) {
    let call = line.clients().await.autoscaling.describe_load_balancer_target_groups().auto_scaling_group_name("");
    let error = call.send().await.unwrap_err();
    (error.code().unwrap().to_owned(), error.message().unwrap().to_owned())
}

/// Whether a test that lets go of this fails.
fn fails(emulator: impl Sized) -> bool {
    catch_unwind(AssertUnwindSafe(|| drop(emulator))).is_err()
}

#[tokio::test]
async fn an_empty_name_is_refused_in_the_words_of_aws_and_told_when_expected() {
    let emulator = Emulator::start(0);
    let (code, message) = ask_of_nobody(&emulator).await;
    assert_eq!(code, "ValidationError");
    assert_eq!(
        message,
        "1 validation error detected: Value '' at 'autoScalingGroupName' failed to satisfy constraint: \
         Member must have length greater than or equal to 1"
    );
    let told = emulator.expected_violations();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["operation"], "DescribeLoadBalancerTargetGroups");
    assert!(!fails(emulator), "what was expected fails nobody");
}

#[tokio::test]
async fn a_request_that_no_model_allows_fails_its_test_also_in_a_copy() {
    let emulator = Emulator::apart();
    let copy = emulator.fork();
    ask_of_nobody(&copy).await;
    let other = emulator.fork();
    assert!(fails(copy), "the copy it was sent to");
    assert!(!fails(other), "no other copy");
    ask_of_nobody(&emulator).await;
    let later = emulator.fork();
    assert!(!fails(later), "nor one that was made behind it");
    assert!(fails(emulator), "the first one");
}
