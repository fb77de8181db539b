//! `config`, on its way through the chart's printer and the server's reader.
//!
//! The chart prints numbers as floating point and quotes nothing; the reader cuts at `#` and `;`.

use std::collections::BTreeMap;

use super::reading::plain_key;
use super::reviewer::{Reviewer, flag, members};
use crate::product::gcfg::{has_setting_name, is_whole_quoted, read_value};
use crate::text::{Member, Place, Shape, SourceNode, is_unprintable};

const PRINTED: &str = "The chart prints numbers as floating point: from a million on as 1e+06, and 1.10 as 1.1.";
const CUT: &str = "The chart quotes nothing, and the server takes what follows for a comment.";
const STOPS: &str = "The chart quotes nothing, and the server does not start: it cannot read its settings.";
/// Sections that the chart's templates look into, the notes after an installation among them.
const LOOKED_INTO: [&str; 3] = ["Launcher", "Licensing", "Metrics"];
/// Settings that the chart's own values have.
const OF_CHART: [&str; 2] = ["config.HTTP.Listen", "config.Metrics.Enabled"];
/// From here on a number is printed with an exponent.
const EXPONENT_FROM: u128 = 1_000_000;

/// Checks every section and setting.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    let mut seen = BTreeMap::new();
    for section in reviewer.members("config") {
        once(reviewer, &mut seen, &section.key, "config", section);
        let path = format!("config.{}", section.key);
        plain_key(reviewer, &path, section);
        heading(reviewer, &path, section);
        match &section.value.shape {
            Shape::Map(settings) => {
                let mut seen = BTreeMap::new();
                for setting in settings {
                    once(reviewer, &mut seen, &setting.key, &path, setting);
                    check_setting(reviewer, &format!("{path}.{}", setting.key), setting);
                }
            }
            // Elsewhere an empty section arrives, or the chart's own is taken away.
            Shape::Null if !LOOKED_INTO.contains(&section.key.as_str()) => {}
            Shape::Null => reviewer.error(
                section.at,
                &path,
                "the section is empty",
                "Null in place of this section breaks the chart's templates.",
                "write its settings below, or delete the line",
            ),
            Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => reviewer.error(
                section.value.place,
                &path,
                format!("expected settings indented below, found {}", section.value.in_words()),
                "The chart's template fails on it.",
                "write `Setting: \"value\"` lines below it",
            ),
        }
    }
}

/// The reader compares names without regard to case, and takes the last of two.
fn once(reviewer: &mut Reviewer<'_>, seen: &mut BTreeMap<String, Place>, key: &str, above: &str, member: &Member) {
    if let Some(first) = seen.insert(key.to_ascii_lowercase(), member.at) {
        reviewer.error(
            member.at,
            &format!("{above}.{key}"),
            format!("`{key}` is in line {} already, in another case", first.line),
            "The server compares names without regard to case, and takes the last of the two.",
            "keep one of the two",
        );
    }
}

fn heading(reviewer: &mut Reviewer<'_>, path: &str, section: &Member) {
    let (name, subsection) = section.key.split_once(' ').unwrap_or((&section.key, "\"\""));
    let is_quoted = subsection.len() >= 2 && subsection.starts_with('"') && subsection.ends_with('"');
    if !has_setting_name(name) || !is_quoted || read_value(subsection).is_err() {
        let remedy = "write letters and digits, with a subsection as in 'S3Storage \"cache\"'";
        reviewer.error(section.at, path, format!("`{}` cannot name a section", section.key), STOPS, remedy);
    }
}

fn check_setting(reviewer: &mut Reviewer<'_>, path: &str, setting: &Member) {
    plain_key(reviewer, path, setting);
    if !has_setting_name(&setting.key) {
        let what = format!("`{}` cannot name a setting", setting.key);
        reviewer.error(setting.at, path, what, STOPS, "write letters, digits and `-`, beginning with a letter");
    }
    match &setting.value.shape {
        // Null takes the chart's own value away, and the server has one of its own.
        Shape::Null if OF_CHART.contains(&path) => {}
        Shape::Null => reviewer.error(
            setting.at,
            path,
            "no value is written",
            "Depending on the chart the setting is empty or not there.",
            "write \"\" for an empty value, or delete the line",
        ),
        Shape::Map(inner) => {
            let first = inner.first().map_or("cache", |member| member.key.as_str());
            let section = path.rsplit('.').nth(1).unwrap_or("Section");
            reviewer.error(
                setting.at,
                path,
                "a setting cannot have keys of its own",
                "The chart prints it as map[…], which the server takes for text.",
                format!("write a subsection beside the section: '{section} \"{}\"': {{{first}: …}}", setting.key),
            );
        }
        Shape::List(items) if items.is_empty() => reviewer.error(
            setting.value.place,
            path,
            "the list has no items",
            "Nothing of it arrives at the server.",
            "delete the line, or write items",
        ),
        Shape::List(items) => items.iter().for_each(|item| scalar(reviewer, path, item)),
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => {
            scalar(reviewer, path, &setting.value);
        }
    }
}

fn scalar(reviewer: &mut Reviewer<'_>, path: &str, node: &SourceNode) {
    let quoted = format!("write \"{}\", in quotes", node.spelling);
    match &node.shape {
        Shape::Null | Shape::List(_) | Shape::Map(_) => reviewer.error(
            node.place,
            path,
            format!("expected text, found {}", node.in_words()),
            "The chart prints it in a way the server does not read.",
            "write items of text",
        ),
        Shape::Flag(flag) if !node.spelling.eq_ignore_ascii_case(&flag.to_string()) => reviewer.warning(
            node.place,
            path,
            format!("`{}` without quotes is a boolean in YAML 1.1, which Helm reads", node.spelling),
            &format!("It arrives as {flag}."),
            format!("write {flag}, or \"{}\" if the word itself is meant", node.spelling),
        ),
        Shape::Flag(_) => {}
        Shape::Whole(number) => {
            if number.unsigned_abs() >= EXPONENT_FROM || number.to_string() != node.spelling {
                reviewer.error(node.place, path, "this number arrives in another spelling", PRINTED, quoted);
            }
        }
        Shape::Fraction(number) => {
            if number.to_string() != node.spelling {
                reviewer.error(node.place, path, "this number arrives in another spelling", PRINTED, quoted);
            }
        }
        Shape::Text(text) => written(reviewer, path, node, text),
    }
}

/// Text against what the server reads of it.
fn written(reviewer: &mut Reviewer<'_>, path: &str, node: &SourceNode, text: &str) {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    let remedy = format!("quote it for the server too: '\"{}\"'", escaped.replace('\'', "''"));
    if let Some(c) = text.chars().find(|c| is_unprintable(*c)) {
        let what = format!("the value contains the character U+{:04X}", u32::from(c));
        reviewer.error(node.place, path, what, STOPS, "leave it out; the format has no way to write it");
        return;
    }
    match read_value(text) {
        Err(_) => {
            reviewer.error(
                node.place,
                path,
                "a quote or a backslash stands where the server has no use for it",
                STOPS,
                remedy,
            );
        }
        Ok(read) if read == text || is_whole_quoted(text) => {}
        Ok(read) => {
            let what = if read.trim() == text.trim() {
                "spaces at the ends, which the server drops".to_owned()
            } else {
                format!("the server reads only `{read}`")
            };
            reviewer.error(node.place, path, what, CUT, remedy);
        }
    }
}

/// A setting as the server reads it, by section and name without regard to case.
pub(super) fn setting<'a>(reviewer: &Reviewer<'a>, section: &str, name: &str) -> Option<(&'a Member, String)> {
    let section = reviewer.members("config").iter().find(|member| member.key.eq_ignore_ascii_case(section))?;
    let setting = members(&section.value).iter().find(|member| member.key.eq_ignore_ascii_case(name))?;
    let printed = match flag(&setting.value) {
        Some(flag) => flag.to_string(),
        None => super::reviewer::printed(&setting.value)?,
    };
    read_value(&printed).ok().filter(|text| !text.is_empty()).map(|text| (setting, text))
}
