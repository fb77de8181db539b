//! What the plan can know, the plan says, before the first write: worlds that were written down, and real facts from the
//! emulator.

#[cfg(feature = "aws")]
mod access;
#[cfg(feature = "aws")]
mod certificate;
#[cfg(feature = "aws")]
mod database;
#[cfg(feature = "aws")]
mod network;
mod rehearsed;
#[cfg(feature = "aws")]
mod removal;
#[cfg(feature = "aws")]
mod storage;
#[cfg(feature = "aws")]
mod versions;
#[cfg(feature = "aws")]
mod zones;

#[cfg(feature = "aws")]
use serde_json::Value;

#[cfg(feature = "aws")]
use crate::support::binary::Desk;
#[cfg(feature = "aws")]
use crate::support::emulator::Emulator;

/// What the only check that fails says, and that plan, apply and a saved plan are refused by it.
#[cfg(feature = "aws")]
fn refused(emulator: &Emulator, desk: &Desk) -> Value {
    emulator.post("/strict/log/clear", &Value::Null);
    let said = desk.run(&["plan", "--json", "-o", "p.plan.json"]).exit(1);
    let mut told = said.json();
    assert_eq!(told.len(), 1, "one document: {said}");
    let plan = told.remove(0);
    assert_eq!(plan["summary"]["checks"]["fail"], 1, "{plan}");
    desk.run(&["apply", "--auto-approve"]).exit(1).says(&["1 check failed", "nothing was changed"]);
    assert_eq!(emulator.mutations(), 0, "nothing was written");
    assert!(!desk.path("state/ppm-prod.lock.json").exists());
    let checks = plan["checks"].as_array().unwrap();
    checks.iter().find(|check| check["result"] == "fail").unwrap()["findings"][0].clone()
}
