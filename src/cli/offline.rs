//! `offline-checklist`: what to bring into a network that does not reach the internet.

use std::fmt::Write as _;

use serde_json::json;

use super::args::{Common, File};
use super::failure::Failure;
use super::{exit, out};
use crate::handoff::{OfflineSite, Packages, offline_checklist};
use crate::product::gcfg::GcfgSection;
use crate::render::document;
use crate::stack::Targets;

use super::workplace::Declaration;

/// Whether `text` names `path` or something below it, and not only a path that begins or ends alike.
fn names(text: &str, path: &str) -> bool {
    let in_a_name = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    text.match_indices(path)
        .any(|(at, _)| !text[..at].ends_with(in_a_name) && !text[at + path.len()..].starts_with(in_a_name))
}

/// The first setting that names a path.
fn naming(settings: &[GcfgSection], path: &str) -> Option<String> {
    settings.iter().find_map(|section| {
        let found = section.settings().iter().find(|(_, leaf)| leaf.texts().iter().any(|text| names(text, path)));
        found.map(|(key, _)| format!("{}.{key}", section.heading()))
    })
}

/// Prints the list. Nobody is asked.
pub(super) fn offline_checklist_of(common: &Common, args: &File) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.as_deref())?;
    let stack = &declaration.stack;
    let manager = &stack.package_manager;
    let list = offline_checklist(&OfflineSite {
        chart_version: stack.chart().version.to_string(),
        region: stack.region.to_string(),
        account: stack.account.as_ref().map(ToString::to_string),
        postgres: stack.database.engine_version.declared().major().to_string(),
        controller: stack.load_balancer.targets == Targets::TargetGroupBinding,
        packages: match &manager.offline_data {
            None => Packages::Nowhere,
            Some(data) => {
                let (file_system, path) = (data.file_system.to_string(), data.path.to_string());
                match naming(&manager.settings, &path) {
                    Some(setting) => Packages::Named { file_system, path, setting },
                    None => Packages::Mounted { file_system, path },
                }
            }
        },
    });
    if common.json {
        out::data(&format!("{}\n", document(Some("offline-checklist"), [("items", json!(list))])));
        return Ok(exit::DONE);
    }
    let mut text = format!("What {} needs from outside:\n", stack.stack);
    for item in list {
        let _ = write!(text, "\n  [ ] {}\n      {}\n", item.what, item.about);
        for command in item.commands {
            let _ = writeln!(text, "        {command}");
        }
    }
    out::told(&text);
    Ok(exit::DONE)
}
