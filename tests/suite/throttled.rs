//! The request limits of EC2, enforced: a stack with many endpoints keeps within them by itself.

use serde_json::json;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// How many calls were refused for coming too fast.
fn refused(emulator: &Emulator, operation: &str) -> usize {
    let calls = emulator.calls();
    calls.iter().filter(|call| call["operation"] == operation && call["status"] == 503).count()
}

#[test]
fn a_stack_with_many_endpoints_is_made_and_removed_at_the_pace_ec2_takes() {
    let emulator = Emulator::start(20);
    emulator.post("/strict/settings", &json!({"extra": {"throttle": true}}));
    let desk = Desk::at(&emulator.endpoint(), 20);
    desk.declare_with(
        "network: {connectivity: air_gapped}\n\
         package_manager: {image: {repository: registry.example.com/ppm, tag: \"2026.08.0-ubuntu-24.04\"}}",
    );
    let applied = desk.run(&["apply", "--auto-approve"]).exit(0);
    assert!(applied.stderr.contains("waiting for its turn: EC2 takes few such calls at once"), "{applied}");
    assert_eq!(refused(&emulator, "CreateVpcEndpoint"), 0);
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    desk.run(&destroy).exit(0);
    assert_eq!(refused(&emulator, "DeleteVpcEndpoints"), 0);
    let removed = emulator.calls().iter().filter(|call| call["operation"] == "DeleteVpcEndpoints").count();
    assert!(removed > 8, "{removed} endpoints were removed");
}
