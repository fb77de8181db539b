//! Instance types that zones do not offer, on the emulator, and what neither recovery nor the end have to ask.

use serde_json::{Value, json};

use super::refused;
use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

/// Questions that only making needs an answer to.
const OF_MAKING: [(&str, &str); 3] =
    [("ec2", "DescribeAvailabilityZones"), ("ec2", "DescribeInstanceTypeOfferings"), ("eks", "DescribeAddonVersions")];

/// Of the three zones of ap-east-1 one offers no c6a, and all of them offer c5; eu-north-1 offers no c6a at all.
fn declare(desk: &Desk, region: &str, instance_type: &str) {
    let nodes = format!("kubernetes:\n  nodes:\n    instance_type: {instance_type}\n");
    desk.write("plans/reference.yaml", &format!("stack: ppm-prod\nregion: {region}\n{nodes}"));
}

#[test]
fn a_type_that_the_zones_in_use_do_not_offer_is_refused_by_plan() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    declare(&desk, "eu-north-1", "c6a.4xlarge");
    assert_eq!(refused(&emulator, &desk)["what"], "eu-north-1 does not offer c6a.4xlarge");
    declare(&desk, "ap-east-1", "c6a.4xlarge");
    let found = refused(&emulator, &desk);
    assert!(found["remedy"].as_str().unwrap().starts_with("write `network.zones: 2`, or another type"), "{found}");

    declare(&desk, "ap-east-1", "c5.4xlarge");
    desk.run(&["apply", "--auto-approve"]).exit(0);
    declare(&desk, "ap-east-1", "c6a.4xlarge");
    emulator.post("/strict/log/clear", &Value::Null);
    desk.run(&["plan"]).exit(1).says(&[
        "error: kubernetes.nodes.instance_type: c6a.4xlarge is not offered in ap-east-1b",
        "go back to \"c5.4xlarge\"",
        "--> plans/reference.yaml:5:",
    ]);
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&["nothing was changed"]);
    assert_eq!(emulator.mutations(), 0, "nothing was written");

    // Whoever looks for what stands, or takes it away, asks for nothing that only making needs.
    for (service, operation) in OF_MAKING {
        emulator.post("/strict/faults", &json!({"service": service, "operation": operation, "kind": "denied"}));
    }
    std::fs::remove_file(desk.path("state/ppm-prod.lock.json")).unwrap();
    desk.run(&["plan"]).exit(1).says(&["not authorized to perform"]);
    desk.run(&["recover", "--auto-approve"]).exit(0).says(&["of 45 objects declared"]);
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    desk.run(&destroy).exit(0).says(&["found 0 objects"]);
}
