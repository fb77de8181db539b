//! Versions that AWS does not run.

use crate::support::binary::Desk;
use crate::support::emulator::Emulator;

#[test]
fn a_kubernetes_that_eks_does_not_run_is_refused_by_plan_and_holds_up_neither_recovery_nor_end() {
    let emulator = Emulator::start(0);
    let desk = Desk::at(&emulator.endpoint(), 0);
    let unknown = "kubernetes:\n  version: \"1.39\"";
    let said = ["error: kubernetes.version: EKS offers no", "newest that is known here is \"1.36\""];
    desk.declare_with(unknown);
    desk.run(&["plan"]).exit(1).says(&said);
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&said).says(&["nothing was changed"]);
    assert_eq!(emulator.mutations(), 0, "nothing was written");

    desk.declare(&[]);
    desk.run(&["apply", "--auto-approve"]).exit(0);
    desk.declare_with(unknown);
    desk.run(&["plan"]).exit(1).says(&said);
    std::fs::remove_file(desk.path("state/ppm-prod.lock.json")).unwrap();
    desk.run(&["recover", "--auto-approve"]).exit(0);
    let destroy = ["destroy", "--delete-data", "database,bucket,key", "--no-final-snapshot", "--auto-approve"];
    desk.run(&destroy).exit(0);
}
