//! Orders to the emulator: failures, time, and what AWS does by itself.

use serde_json::Value;

use super::emulator::Emulator;

impl Emulator {
    /// Posts `order` to one of the emulator's control paths, such as `faults`, and answers what it said.
    pub(crate) fn order(&self, path: &str, order: &Value) -> Value {
        self.post(&format!("/strict/{path}"), order)
    }
}
