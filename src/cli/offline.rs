//! `offline-checklist`: what to bring into a network that does not reach the internet.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{Common, File};
use super::failure::Failure;
use super::{exit, out};
use crate::handoff::{Site, offline_checklist};
use crate::stack::Targets;

use super::workplace::Declaration;

/// Prints the list. Nobody is asked.
pub(super) fn offline_checklist_of(common: &Common, args: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let stack = &declaration.stack;
    let list = offline_checklist(&Site {
        chart_version: stack.package_manager.chart_version.to_string(),
        region: stack.region.to_string(),
        account: stack.account.as_ref().map(ToString::to_string),
        postgres: stack.database.engine_version.major().to_string(),
        controller: stack.load_balancer.targets == Targets::TargetGroupBinding,
    });
    if common.json {
        out::data(&format!("{}\n", json!({"schema": 1, "command": "offline-checklist", "items": list})));
        return Ok(exit::DONE);
    }
    let mut text = format!("What {} needs from outside:\n", stack.stack);
    for item in list {
        let _ = write!(text, "\n  [ ] {}\n      {}\n", item.what, item.about);
        for command in item.commands {
            let _ = writeln!(text, "        {command}");
        }
    }
    out::data(&text);
    Ok(exit::DONE)
}
