//! The request limits of EC2, enforced: a stack with many endpoints keeps within them by itself.

use serde_json::json;

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// What may be refused all the same: the emulator's bucket begins to fill when the first call arrives, and on a busy machine
/// that is late. Unpaced, twelve come within a second to a bucket of four.
const EARLY: usize = 2;

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
    assert!(refused(&emulator, "CreateVpcEndpoint") <= EARLY);
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    desk.run(&destroy).exit(0);
    assert!(refused(&emulator, "DeleteVpcEndpoints") <= EARLY);
    let removed = emulator.calls().iter().filter(|call| call["operation"] == "DeleteVpcEndpoints").count();
    assert!(removed > 8, "{removed} endpoints were removed");
}
