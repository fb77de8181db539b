//! The event that a look was made for.

use serde_json::{Value, json};

use super::told_time;
use crate::audit::AuditEvent;
use crate::report::page::Remark;
use crate::report::text::{Label, Text};

/// Which call it was, and by whom: `Asked for by the event PutRolePolicy at 2026-11-30 02:00 UTC, by casey.`
pub(super) fn remark(event: &AuditEvent) -> Remark {
    let by = if event.caller.is_known() { format!(", by {}", event.caller.name) } else { String::new() };
    let words = format!("Asked for by the event {} at {}{by}.", event.name, told_time(event.at));
    Remark::Plain(Text::of(Label::Plain, words))
}

/// The same for programs.
pub(super) fn json(event: &AuditEvent) -> Value {
    let by = event.caller.is_known().then_some(&event.caller.name);
    json!({
        "event": event.name,
        "event_source": event.source,
        "event_id": event.id,
        "at": event.at,
        "name": by,
    })
}
