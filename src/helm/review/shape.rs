//! Keys the chart knows, each with a value of its kind.

use super::quantity::{milli, share};
use super::reading::plain_key;
use super::reviewer::{Reviewer, flag, members, spot, text, whole};
use super::types;
use crate::helm::keys::{Below, ChartKey, KEYS, Takes, Version};
use crate::text::{Member, Shape, SourceNode, is_bare_text, is_unprintable, nearest, shown, tree};

const SILENT: &str = "The chart has no schema: Helm takes the key without a word, and nothing comes of it.";

/// Keys that people take from elsewhere, and what the chart calls them.
const KNOWN_MISTAKES: [(&str, &str); 6] = [
    ("enableMigrations", "enableMigration"),
    ("image.pullPolicy", "image.imagePullPolicy"),
    ("imagePullSecrets", "image.imagePullSecrets"),
    ("replicaCount", "replicas"),
    ("env", "pod.env"),
    ("securityContext", "pod.securityContext"),
];

/// Checks the whole file.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    match &reviewer.root.shape {
        Shape::Map(members) => section(reviewer, "", members),
        Shape::Null => {}
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => {
            let what = format!("values are `key: value` lines, and this is {}", reviewer.root.in_words());
            reviewer.error(reviewer.root.place, "", what, "Helm refuses the file.", "write keys such as `replicas: 3`");
        }
    }
}

fn section(reviewer: &mut Reviewer<'_>, path: &str, members: &[Member]) {
    for member in members {
        let path = if path.is_empty() { member.key.clone() } else { format!("{path}.{}", member.key) };
        plain_key(reviewer, &path, member);
        match (ChartKey::find(&path), ChartKey::children(&path).is_empty()) {
            (Some(key), _) => value(reviewer, key, &path, member),
            (None, true) => unknown(reviewer, &path, member),
            (None, false) => subsection(reviewer, &path, member),
        }
    }
}

/// Whether something fails where null takes the chart's own value of a key away. Found by rendering every version with
/// each key null.
fn needs_value(reviewer: &Reviewer<'_>, path: &str) -> bool {
    let creates = reviewer.flag("sharedStorage.create", false);
    match path {
        "service.port" | "image.repository" | "config" | "livenessProbe" | "startupProbe" | "readinessProbe" => true,
        "pod.port" | "service.targetPort" => reviewer.facts.has_free_port(),
        "image.os" => !reviewer.facts.is_older_line() && reviewer.text("image.tag").is_none(),
        "license.file.mountPath" | "license.file.secretKey" => reviewer.text("license.file.secret").is_some(),
        "sharedStorage.path" => creates || reviewer.flag("sharedStorage.mount", false),
        "sharedStorage.accessModes" | "sharedStorage.requests.storage" => creates,
        "resources.requests.cpu" | "resources.requests.memory" | "resources.requests.ephemeralStorage" => {
            reviewer.flag("resources.requests.enabled", false)
        }
        "resources.limits.cpu" | "resources.limits.memory" | "resources.limits.ephemeralStorage" => {
            reviewer.flag("resources.limits.enabled", false)
        }
        _ => false,
    }
}

fn subsection(reviewer: &mut Reviewer<'_>, path: &str, member: &Member) {
    match &member.value.shape {
        Shape::Map(members) => section(reviewer, path, members),
        Shape::Null => reviewer.error(
            member.at,
            path,
            "nothing is written below",
            "Null removes the chart's own values of the section, and its templates fail or go without.",
            "delete the line, or write keys below it",
        ),
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) | Shape::List(_) => {
            let names = ChartKey::children(path).join(", ");
            let what = format!("expected keys indented below, found {}", member.value.in_words());
            reviewer.error(
                spot(member),
                path,
                what,
                "The chart's templates fail on it.",
                format!("the keys are: {names}"),
            );
        }
    }
}

fn unknown(reviewer: &mut Reviewer<'_>, path: &str, member: &Member) {
    let (above, name) = path.rsplit_once('.').unwrap_or(("", path));
    let names = ChartKey::children(above);
    let meant = KNOWN_MISTAKES.iter().find(|(wrong, _)| *wrong == path).map(|(_, meant)| *meant);
    let meant = meant.or_else(|| nearest(name, names.iter().copied()));
    let elsewhere = KEYS.iter().find(|key| key.path.ends_with(&format!(".{name}")) || key.path == name);
    let remedy = match (meant, elsewhere) {
        (Some(meant), _) => format!("did you mean `{meant}`?"),
        (None, Some(key)) => format!("did you mean `{}`?", key.path),
        (None, None) => format!("the keys here are: {}", names.join(", ")),
    };
    reviewer.error(member.at, path, format!("the chart has no key `{path}`"), SILENT, remedy);
}

fn value(reviewer: &mut Reviewer<'_>, key: &ChartKey, path: &str, member: &Member) {
    if key.path != path {
        return;
    }
    let node = &member.value;
    let chart = reviewer.facts.chart();
    if let Some(why) = key.never {
        let is_allowed = key.until.is_some() && key.is_known_to(chart);
        if !is_allowed && !is_empty(node) {
            let remedy = instead(path);
            reviewer.error(spot(member), path, "this key must not be set", &format!("Set, {why}."), remedy);
        }
        return;
    }
    if let Some(since) = key.since.filter(|_| !key.is_known_to(chart) && path != "revisionHistoryLimit") {
        let what = format!("chart {} does not know this key", dotted(chart));
        reviewer.warning(member.at, path, what, SILENT, format!("delete it, or use chart {} or newer", dotted(since)));
    }
    if let Shape::Null = node.shape {
        if needs_value(reviewer, path) {
            let why = "Null takes the chart's own value away, and Kubernetes or the nodes want one.";
            reviewer.error(member.at, path, "no value is written", why, "delete the line, or write a value");
        }
        return;
    }
    if key.is_bare && bare_value(reviewer, path, key.takes, node) {
        return;
    }
    if !is(key.takes, node) {
        let what = format!("expected {}, found {}", key.takes.expected(), node.in_words());
        reviewer.error(spot(member), path, what, why_wrong(path), remedy(key.takes, node));
    } else if let ("command" | "args", Some(written)) = (path, text(node).filter(|text| !text.is_empty())) {
        types::command(reviewer, path, &written, spot(member));
    }
    if key.below != Below::Nothing && key.path != "config" {
        below(reviewer, path, node);
    }
}

fn dotted((major, minor, patch): Version) -> String {
    format!("{major}.{minor}.{patch}")
}

/// What the chart prints without quotes must be text all the same; says whether something was said.
fn bare_value(reviewer: &mut Reviewer<'_>, path: &str, takes: Takes, node: &SourceNode) -> bool {
    let written = match &node.shape {
        Shape::Text(text) if text.is_empty() => return false,
        Shape::Text(text) => text.clone(),
        // The chart's template asks whether there is a value at all.
        Shape::Flag(false) if takes == Takes::TextOrFalse => return false,
        Shape::Null | Shape::List(_) | Shape::Map(_) => return false,
        Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) => node.spelling.clone(),
    };
    if prints_as_itself(&written) {
        return false;
    }
    let what = format!("`{}` does not stay text", shown(&written));
    let why =
        "The chart prints this value without quotes, and quotes here do not help: Kubernetes gets something else.";
    let remedy = if written.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')) {
        format!("add a letter, such as ppm-{}", written.to_ascii_lowercase().replace('_', "-"))
    } else {
        "write letters, digits and `-`".to_owned()
    };
    reviewer.error(node.place, path, what, why, remedy);
    true
}

/// Whether a text that stands behind a key without quotes is read as itself.
pub(super) fn prints_as_itself(written: &str) -> bool {
    let (read, _) = tree(&format!("key: {written}\n"));
    let value = read.and_then(|node| match node.shape {
        Shape::Map(mut members) if members.len() == 1 => members.pop().map(|member| member.value),
        Shape::Null
        | Shape::Flag(_)
        | Shape::Whole(_)
        | Shape::Fraction(_)
        | Shape::Text(_)
        | Shape::List(_)
        | Shape::Map(_) => None,
    });
    let is_same = value.is_some_and(|node| node.shape == Shape::Text(written.to_owned()) && node.spelling == written);
    is_same && is_bare_text(written) && !written.contains(is_unprintable)
}

/// Booleans of YAML 1.1 among the keys that the chart hands on.
fn below(reviewer: &mut Reviewer<'_>, path: &str, node: &SourceNode) {
    for member in members(node) {
        let path = format!("{path}.{}", member.key);
        plain_key(reviewer, &path, member);
        below(reviewer, &path, &member.value);
    }
}

fn is_empty(node: &SourceNode) -> bool {
    matches!(node.shape, Shape::Null) || flag(node) == Some(false) || text(node).is_some_and(|text| text.is_empty())
}

fn is(takes: Takes, node: &SourceNode) -> bool {
    let is_false = flag(node) == Some(false);
    match takes {
        Takes::Text => text(node).is_some(),
        Takes::TextOrFalse => is_false || text(node).is_some(),
        Takes::Flag => flag(node).is_some(),
        Takes::Whole => whole(node).is_some_and(|number| number >= 0),
        Takes::WholeOrFalse => is_false || whole(node).is_some_and(|number| number >= 0),
        Takes::WholeOrShare => {
            whole(node).is_some_and(|number| number >= 0) || text(node).is_some_and(|text| share(&text).is_some())
        }
        Takes::Quantity => {
            text(node).is_some_and(|text| milli(&text).is_some())
                || whole(node).is_some()
                || matches!(node.shape, Shape::Fraction(_))
        }
        Takes::Map => matches!(node.shape, Shape::Map(_)),
        Takes::List => matches!(node.shape, Shape::List(_)),
        Takes::ListOrFalse => is_false || matches!(node.shape, Shape::List(_)),
    }
}

fn why_wrong(path: &str) -> &'static str {
    match path {
        "command" | "args" => {
            "The chart pastes the value as it stands: a list becomes one broken word, where a JSON text becomes a list."
        }
        _ => "The chart hands it on as it stands, and Kubernetes refuses the object or reads something else.",
    }
}

fn remedy(takes: Takes, node: &SourceNode) -> String {
    match takes {
        Takes::Text | Takes::TextOrFalse if matches!(node.shape, Shape::List(_)) => {
            "write a JSON text, such as '[\"/bin/sh\", \"-c\", \"…\"]'".to_owned()
        }
        Takes::Text | Takes::TextOrFalse => "write it in quotes".to_owned(),
        Takes::Flag => "write true or false, without quotes".to_owned(),
        Takes::Whole | Takes::WholeOrFalse => "write a number without quotes".to_owned(),
        Takes::WholeOrShare | Takes::Quantity | Takes::Map | Takes::List | Takes::ListOrFalse => {
            format!("write {}", takes.expected())
        }
    }
}

/// What does the work of a key that must not be set.
fn instead(path: &str) -> &'static str {
    match path {
        "nameOverride" => "use fullnameOverride",
        "image.tagPrefix" => "use image.tag, the whole tag",
        "license.file.contents" => "use license.file.secret, the name of a Secret",
        "awsAccessKeyId" | "awsSecretAccessKey" => "delete it; serviceAccount.annotations names the role",
        "rstudioPMKey" => "put the key into a Secret and name it in pod.env as PACKAGEMANAGER_ENCRYPTION_KEY",
        "pod.serviceAccountName" => "use serviceAccount.name",
        _ => "delete the line",
    }
}
