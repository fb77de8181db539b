//! What the chart passes on to Kubernetes: fields that its types have, each with a value of its kind.
//!
//! Promises: what is judged here, every version of the API server from the declared one on judges the same.

use std::collections::BTreeMap;

use super::quantity::milli;
use super::reviewer::{Reviewer, flag, items, members, printed, spot, text, whole};
use super::storage::own_volumes;
use crate::helm::keys::{Below, ChartKey, KEYS};
use crate::helm::kubernetes::{Field, Holds, fields, told_apart_by};
use crate::text::{Member, Place, Shape, SourceNode, nearest};

const REFUSED: &str = "The chart hands it on as it stands, and Kubernetes refuses the object.";
const LEFT_OUT: &str =
    "The chart hands it on as it stands, and Kubernetes refuses the object or goes without the field.";

/// Labels by which Deployment and Service find their pods.
const SELECTED_BY: [&str; 2] = ["app.kubernetes.io/name", "app.kubernetes.io/instance"];

/// Checks every key whose value the chart passes on.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    for key in KEYS.iter().filter(|key| key.is_known_to(reviewer.facts.chart())) {
        let Below::Kubernetes(word) = key.below else { continue };
        let Some(member) = reviewer.at(key.path).filter(|_| is_written(reviewer, key.path)) else { continue };
        // A value of another shape than the chart's key is told by the check of keys.
        if matches!(member.value.shape, Shape::Map(_) | Shape::List(_)) {
            // The chart's own values stand below what is written here, and bring what must be there.
            let stands_alone = !holds_of_chart(key);
            judge(reviewer, key.path, &Holds::of(word), &member.value, stands_alone);
        }
    }
    labels(reviewer);
    volumes(reviewer);
}

/// Whether the chart's own values have something below the key.
fn holds_of_chart(key: &ChartKey) -> bool {
    matches!(
        key.path,
        "livenessProbe" | "startupProbe" | "readinessProbe" | "podDisruptionBudget" | "sharedStorage.selector"
    )
}

/// Whether the chart makes anything of the key.
fn is_written(reviewer: &Reviewer<'_>, path: &str) -> bool {
    match path.split('.').next().unwrap_or(path) {
        "ingress" => reviewer.flag("ingress.enabled", false),
        "serviceMonitor" => reviewer.flag("serviceMonitor.enabled", false),
        "sharedStorage" => reviewer.flag("sharedStorage.create", false),
        "readinessProbe" => reviewer.flag("readinessProbe.enabled", true),
        "livenessProbe" => reviewer.flag("livenessProbe.enabled", false),
        "startupProbe" => reviewer.flag("startupProbe.enabled", false),
        _ => true,
    }
}

fn judge(reviewer: &mut Reviewer<'_>, path: &str, holds: &Holds, node: &SourceNode, stands_alone: bool) {
    match (holds, &node.shape) {
        // What is null is not there.
        (_, Shape::Null) | (Holds::Anything, _) => {}
        (Holds::List(item), Shape::List(nodes)) => {
            for (n, node) in nodes.iter().enumerate() {
                judge(reviewer, &format!("{path}[{n}]"), item, node, true);
            }
            if let Holds::Object(name) = **item {
                repeated(reviewer, path, told_apart_by(name), nodes);
            }
        }
        (Holds::Map(value), Shape::Map(members)) => {
            for member in members {
                one(reviewer, &format!("{path}.{}", member.key), value, member, stands_alone);
            }
        }
        (Holds::Object(name), Shape::Map(members)) => object(reviewer, path, name, node.place, members, stands_alone),
        _ if fits(holds, node) => {}
        _ => wrong(reviewer, node.place, path, holds, node),
    }
}

fn one(reviewer: &mut Reviewer<'_>, path: &str, holds: &Holds, member: &Member, stands_alone: bool) {
    let is_nested = matches!(member.value.shape, Shape::List(_) | Shape::Map(_));
    if is_nested && matches!(holds, Holds::List(_) | Holds::Map(_) | Holds::Object(_)) {
        judge(reviewer, path, holds, &member.value, stands_alone);
    } else if !matches!(member.value.shape, Shape::Null) && !fits(holds, &member.value) {
        wrong(reviewer, spot(member), path, holds, &member.value);
    }
}

fn object(reviewer: &mut Reviewer<'_>, path: &str, name: &str, at: Place, members: &[Member], stands_alone: bool) {
    let known = fields(name);
    if known.is_empty() {
        return;
    }
    // The chart takes this one for itself.
    let of_chart = if path.ends_with("Probe") && !path.contains('.') { "enabled" } else { "" };
    for member in members.iter().filter(|member| member.key != of_chart) {
        let below = format!("{path}.{}", member.key);
        match known.iter().find(|field| field.name == member.key) {
            Some(field) => {
                version(reviewer, &below, field, member.at);
                one(reviewer, &below, &field.holds, member, stands_alone);
            }
            None => unknown(reviewer, &below, name, known, member),
        }
    }
    for field in known.iter().filter(|field| field.is_required && stands_alone) {
        let is_there = |member: &Member| member.key == field.name && !matches!(member.value.shape, Shape::Null);
        if !members.iter().any(is_there) {
            let what = format!("`{}` is missing", field.name);
            reviewer.error(at, path, what, REFUSED, format!("add `{}: {}`", field.name, example(&field.holds)));
        }
    }
}

fn unknown(reviewer: &mut Reviewer<'_>, path: &str, name: &str, known: &[Field], member: &Member) {
    let names: Vec<&str> = known.iter().map(|field| field.name).collect();
    let remedy = match nearest(&member.key, names.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the fields are: {}", names.join(", ")),
    };
    reviewer.error(member.at, path, format!("Kubernetes' {name} has no field `{}`", member.key), LEFT_OUT, remedy);
}

fn version(reviewer: &mut Reviewer<'_>, path: &str, field: &Field, at: Place) {
    let Some(minor) = reviewer.facts.kubernetes_minor else { return };
    let what = format!("Kubernetes 1.{minor} does not know this field");
    if let Some(since) = field.since.filter(|since| minor < *since) {
        reviewer.error(at, path, what, LEFT_OUT, format!("delete it, or use Kubernetes 1.{since} or newer"));
    } else if field.until.is_some_and(|until| until < minor) {
        reviewer.error(at, path, what, LEFT_OUT, "delete it");
    }
}

fn wrong(reviewer: &mut Reviewer<'_>, at: Place, path: &str, holds: &Holds, node: &SourceNode) {
    let remedy = match holds {
        Holds::Text if matches!(node.shape, Shape::List(_) | Shape::Map(_)) => "write text".to_owned(),
        Holds::Text => "write it in quotes".to_owned(),
        Holds::Flag => "write true or false, without quotes".to_owned(),
        Holds::Whole | Holds::Number => "write a number without quotes".to_owned(),
        Holds::WholeOrText | Holds::Amount | Holds::Anything | Holds::List(_) | Holds::Map(_) | Holds::Object(_) => {
            format!("write {}", expected(holds))
        }
    };
    reviewer.error(at, path, format!("expected {}, found {}", expected(holds), node.in_words()), REFUSED, remedy);
}

fn expected(holds: &Holds) -> &'static str {
    match holds {
        Holds::Text => "text",
        Holds::Flag => "true or false",
        Holds::Whole => "a whole number",
        Holds::Number => "a number",
        Holds::WholeOrText => "a whole number, or text",
        Holds::Amount => "an amount such as 4, 500m or 8Gi",
        Holds::Anything => "a value",
        Holds::List(_) => "a list",
        Holds::Map(_) | Holds::Object(_) => "keys with values, indented below",
    }
}

fn example(holds: &Holds) -> &'static str {
    match holds {
        Holds::Flag => "true",
        Holds::Whole | Holds::Number | Holds::WholeOrText => "1",
        Holds::Amount => "1Gi",
        Holds::Text | Holds::Anything | Holds::List(_) | Holds::Map(_) | Holds::Object(_) => "…",
    }
}

fn fits(holds: &Holds, node: &SourceNode) -> bool {
    let is_amount = |text: &str| milli(text).is_some();
    match holds {
        Holds::Text => text(node).is_some(),
        Holds::Flag => flag(node).is_some(),
        Holds::Whole => whole(node).is_some(),
        Holds::Number => whole(node).is_some() || matches!(node.shape, Shape::Fraction(_)),
        Holds::WholeOrText => whole(node).is_some() || text(node).is_some(),
        Holds::Amount => {
            whole(node).is_some()
                || matches!(node.shape, Shape::Fraction(_))
                || text(node).is_some_and(|text| is_amount(&text))
        }
        Holds::Anything => true,
        Holds::List(_) | Holds::Map(_) | Holds::Object(_) => false,
    }
}

/// Items of which Kubernetes takes each once.
fn repeated(reviewer: &mut Reviewer<'_>, path: &str, by: &[&str], nodes: &[SourceNode]) {
    if by.is_empty() {
        return;
    }
    let mut seen: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
    for (n, node) in nodes.iter().enumerate() {
        let value = |key: &&str| {
            let member = members(node).iter().find(|member| member.key == **key);
            member.and_then(|member| printed(&member.value))
        };
        let key: Vec<_> = by.iter().map(value).collect();
        // What lacks it is told as lacking it.
        if key.first().is_none_or(Option::is_none) {
            continue;
        }
        let name = key.iter().flatten().cloned().collect::<Vec<_>>().join(", ");
        if let Some(before) = seen.insert(key, n) {
            let what = format!("{} `{name}` is there twice, first as item {}", by.join(" and "), before + 1);
            let why = "Kubernetes takes each once: it refuses the object, or the last one hides the others.";
            reviewer.error(node.place, &format!("{path}[{n}]"), what, why, "keep one of them");
        }
    }
}

fn labels(reviewer: &mut Reviewer<'_>) {
    for member in reviewer.members("pod.labels").iter().filter(|member| SELECTED_BY.contains(&member.key.as_str())) {
        let why = "Deployment and Service find their pods by this label, and the chart writes it already.";
        let what = format!("`{}` is the chart's own label", member.key);
        reviewer.error(member.at, "pod.labels", what, why, "delete the line, or use a label of another name");
    }
}

/// Volumes under a name that the chart gives away itself.
fn volumes(reviewer: &mut Reviewer<'_>) {
    let own = own_volumes(reviewer);
    for volume in reviewer.items("pod.volumes") {
        let named = members(volume).iter().find(|member| member.key == "name");
        let Some((member, name)) = named.and_then(|member| Some((member, text(&member.value)?))) else { continue };
        if own.contains(&name.as_str()) {
            let why = "Kubernetes takes each name once, and refuses the pods.";
            let what = format!("the chart has a volume `{name}` of its own");
            reviewer.error(spot(member), "pod.volumes", what, why, "give it another name");
        }
    }
}

/// Commands that the chart prints as they stand: Kubernetes wants a list of words.
pub(super) fn command(reviewer: &mut Reviewer<'_>, path: &str, written: &str, at: Place) {
    let (read, _) = crate::text::tree(written);
    let is_list = read.is_some_and(|node| {
        matches!(node.shape, Shape::List(_)) && items(&node).iter().all(|word| text(word).is_some())
    });
    if !is_list {
        let remedy = format!("write a JSON text, such as '[\"{}\"]'", written.replace(' ', "\", \""));
        let why = "The chart prints the value as it stands, and Kubernetes takes a list of words alone.";
        reviewer.error(at, path, "this is no list of words", why, remedy);
    }
}
