//! Whether pods start, fit, and are ever replaced: replicas, strategy, spread, sizes, image, ends.

use super::connections;
use super::quantity::{amount, mebi, millis, of_replicas};
use super::reviewer::{Reviewer, find, flag, items, members, printed, spot, text};
use crate::helm::rollout::{Rollout, RolloutOutcome, Situation, Spread, play};
use crate::product::{Allocatable, allocatable};
use crate::text::{Place, SourceNode};

/// More pods and nodes than these behave as these do.
const PLAYED: u32 = 3;
/// Room of a node of which nothing is known.
const USUAL_ROOM: u32 = 3;

/// Checks everything about pods as a crowd.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    let replicas = replicas(reviewer);
    let sizes = resources(reviewer);
    strategy(reviewer, replicas, sizes);
    selector(reviewer);
    disruption(reviewer, replicas);
    connections::check(reviewer, replicas);
    image(reviewer);
    ending(reviewer);
    sandbox(reviewer);
}

fn number(reviewer: &Reviewer<'_>, path: &str, default: u32) -> u32 {
    reviewer.whole(path).and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
}

fn replicas(reviewer: &mut Reviewer<'_>) -> u32 {
    let path = "replicas";
    let replicas = number(reviewer, path, 1);
    if replicas == 0 {
        reviewer.error(reviewer.place(path), path, "no pod is wanted", "Nothing is served.", "write 3");
    }
    if let Some(nodes) = &reviewer.facts.nodes {
        let count = nodes.count;
        if replicas > count && strict(reviewer).is_some() {
            let what = format!("{replicas} replicas cannot each have a node of their own on {count}");
            let why = "The spread over nodes is strict; with one node away pods would wait for ever.";
            reviewer.error(
                reviewer.place(path),
                path,
                what,
                why,
                format!("write {count} or less, or declare more nodes"),
            );
        }
    }
    replicas
}

/// The strict spread over nodes, if one is written.
fn strict<'a>(reviewer: &Reviewer<'a>) -> Option<(&'a SourceNode, Spread)> {
    let constraints = reviewer.items("topologySpreadConstraints");
    let is = |node: &SourceNode, key: &str, wanted: &str| {
        find(node, &[key]).and_then(|member| text(&member.value)).is_some_and(|text| text == wanted)
    };
    let constraint = constraints.iter().find(|constraint| {
        is(constraint, "topologyKey", "kubernetes.io/hostname") && is(constraint, "whenUnsatisfiable", "DoNotSchedule")
    })?;
    let skew = find(constraint, &["maxSkew"]).and_then(|member| printed(&member.value)?.parse().ok());
    let keys = find(constraint, &["matchLabelKeys"]).map_or(&[][..], |member| items(&member.value));
    let spread = Spread {
        max_skew: skew.unwrap_or(1),
        honors_taints: is(constraint, "nodeTaintsPolicy", "Honor"),
        is_per_revision: keys.iter().any(|key| text(key).is_some_and(|key| key == "pod-template-hash")),
    };
    Some((constraint, spread))
}

/// How many pods fit on a node by what they request; nothing where that is not known.
fn resources(reviewer: &mut Reviewer<'_>) -> Option<u32> {
    for (kind, why) in [
        ("requests", "Pods are promised nothing, share what is left over, and are the first to be killed."),
        ("limits", "One pod may take all of a node from the others."),
    ] {
        let path = format!("resources.{kind}.enabled");
        if !reviewer.flag(&path, false) {
            reviewer.warning(reviewer.place(&path), &path, format!("the {kind} are off"), why, "write true");
        }
    }
    exceeding(reviewer);
    let allocatable = reviewer.facts.nodes.as_ref().and_then(|nodes| allocatable(&nodes.instance_type, nodes.disk_gib));
    let has_requests = reviewer.flag("resources.requests.enabled", false);
    let allocatable = allocatable.filter(|_| has_requests)?;
    Some(room(reviewer, allocatable))
}

fn exceeding(reviewer: &mut Reviewer<'_>) {
    if !reviewer.flag("resources.limits.enabled", false) {
        return;
    }
    let has_requests = reviewer.flag("resources.requests.enabled", false);
    for (name, request, limit) in
        [("cpu", "100m", "2000m"), ("memory", "2Gi", "4Gi"), ("ephemeralStorage", "100Mi", "200Mi")]
    {
        let read = if name == "cpu" { millis } else { mebi };
        let path = format!("resources.limits.{name}");
        let (asked, most) =
            (amount(reviewer, &format!("resources.requests.{name}"), request), amount(reviewer, &path, limit));
        if let (true, Some(asked_for), Some(allowed)) = (has_requests, read(&asked), read(&most))
            && asked_for > allowed
        {
            let what = format!("the limit of {most} is below the request of {asked}");
            reviewer.error(
                reviewer.place(&path),
                &path,
                what,
                "Kubernetes refuses the pods.",
                format!("write {asked} or more"),
            );
        }
        if name == "ephemeralStorage" && read(&most).is_some_and(|mebi| mebi < 1024) {
            let why = "Logs and Git builds take more, and the pod is evicted.";
            let what = format!("a pod may use {most} of disk");
            reviewer.error(reviewer.place(&path), &path, what, why, "write 20Gi");
        }
    }
}

/// How many pods fit; two must.
fn room(reviewer: &mut Reviewer<'_>, allocatable: Allocatable) -> u32 {
    let resources = [
        ("cpu", "100m", allocatable.millicores),
        ("memory", "2Gi", allocatable.memory_mib),
        ("ephemeralStorage", "100Mi", allocatable.ephemeral_mib),
    ];
    let mut room = u32::MAX;
    for (name, default, there) in resources {
        let path = format!("resources.requests.{name}");
        let written = amount(reviewer, &path, default);
        let each = if name == "cpu" { millis(&written) } else { mebi(&written) };
        let Some(each) = each.filter(|each| *each > 0) else { continue };
        room = room.min(u32::try_from(there / each).unwrap_or(u32::MAX));
        if 2 * each > there {
            let nodes = reviewer.facts.nodes.as_ref().map_or("node", |nodes| nodes.instance_type.as_str());
            let what = format!("two pods with {written} each do not fit on a {nodes}");
            let why = "A rollout puts the new pod beside the old one; without room for both it never ends.";
            reviewer.error(reviewer.place(&path), &path, what, why, "write less than half of the node");
        }
    }
    let path = "resources.limits.memory";
    let written = amount(reviewer, path, "4Gi");
    if reviewer.flag("resources.limits.enabled", false)
        && mebi(&written).is_some_and(|each| 2 * each > allocatable.memory_mib)
    {
        let why = "When both pods of a rollout grow, the node runs out of memory and kills one.";
        reviewer.warning(
            reviewer.place(path),
            path,
            format!("two pods with {written} each do not fit on a node"),
            why,
            "write less",
        );
    }
    room
}

fn strategy(reviewer: &mut Reviewer<'_>, replicas: u32, room: Option<u32>) {
    let kind = reviewer.text_or("strategy.type", "RollingUpdate");
    match kind.as_str() {
        "RollingUpdate" => rolling(reviewer, replicas, room),
        "Recreate" => {}
        _ => {
            let path = "strategy.type";
            let why = "Kubernetes refuses the Deployment.";
            reviewer.error(
                reviewer.place(path),
                path,
                format!("there is no strategy `{kind}`"),
                why,
                "write RollingUpdate or Recreate",
            );
        }
    }
    constraints(reviewer);
}

fn rolling(reviewer: &mut Reviewer<'_>, replicas: u32, room: Option<u32>) {
    let path = "strategy.rollingUpdate";
    let place = reviewer.place("strategy.rollingUpdate.maxSurge");
    let sized = |reviewer: &Reviewer<'_>, of: u32| {
        let surge = of_replicas(reviewer, "strategy.rollingUpdate.maxSurge", "100%", of, true);
        (surge, of_replicas(reviewer, "strategy.rollingUpdate.maxUnavailable", "0", of, false))
    };
    if sized(reviewer, replicas) == (0, 0) {
        let why = "Kubernetes refuses the Deployment: nothing could ever be replaced.";
        reviewer.error(place, path, "neither more nor fewer pods may exist", why, "write `maxSurge: 1`");
        return;
    }
    let few = replicas.min(PLAYED);
    let count = reviewer.facts.nodes.as_ref().map_or(few, |nodes| nodes.count).clamp(few, few + 1);
    if few == 0 || reviewer.facts.nodes.as_ref().is_some_and(|nodes| nodes.count < replicas) {
        return;
    }
    let (max_surge, max_unavailable) = sized(reviewer, few);
    let spread = strict(reviewer).map(|(_, spread)| spread);
    let rollout =
        Rollout { replicas: few, max_surge: max_surge.min(few), max_unavailable: max_unavailable.min(few), spread };
    apart(reviewer, &rollout, count);
    let room = room.unwrap_or(USUAL_ROOM);
    let steady = || Situation::steady(count, few, room);
    if play(&rollout, steady()).stuck.is_some() {
        // Where two pods do not fit, that is said at the request already.
        if room > 1 {
            let why = "The new pods find no node and the old ones wait for them.";
            reviewer.error(
                place,
                path,
                "a rollout stops half way even while every node is well",
                why,
                "write `maxSurge: 1` and `maxUnavailable: 0`",
            );
        }
        return;
    }
    // A lone node that goes takes everything with it, however pods are spread.
    let Some(spread) = spread.filter(|_| count > 1) else { return };
    day_two(reviewer, &rollout, spread, &steady());
}

/// What happens to clusters in time.
fn day_two(reviewer: &mut Reviewer<'_>, rollout: &Rollout, spread: Spread, steady: &Situation) {
    let mut situations = vec![
        ("a node is cordoned or not ready", steady.clone().with_closed_node(true)),
        ("a node is cordoned while its pod runs on", steady.clone().with_closed_node(false)),
    ];
    if reviewer.members("nodeSelector").is_empty() {
        situations.push(("a node with a taint joins", steady.clone().with_empty_node(USUAL_ROOM, false)));
        situations.push(("a node without room joins", steady.clone().with_empty_node(0, true)));
    }
    let stuck: Vec<&str> = situations
        .into_iter()
        .filter(|(_, situation)| matches!(play(rollout, situation.clone()), RolloutOutcome { stuck: Some(_), .. }))
        .map(|(name, _)| name)
        .collect();
    if stuck.is_empty() {
        return;
    }
    let missing = match (spread.honors_taints, spread.is_per_revision) {
        (false, false) => {
            "add `nodeTaintsPolicy: Honor` and `matchLabelKeys: [pod-template-hash]`, with maxSurge 1 and maxUnavailable 0"
        }
        (false, true) => "add `nodeTaintsPolicy: Honor`",
        (true, false) => "add `matchLabelKeys: [pod-template-hash]`",
        (true, true) => "write `maxSurge: 1` and `maxUnavailable: 0`",
    };
    let place = strict(reviewer).map_or(Place::START, |(constraint, _)| constraint.place);
    let what = format!("a rollout can stop half way when {}", stuck.join(", or "));
    let why = "An unusable node counts as an empty one, or old and new pods are counted together, and new pods find no place.";
    reviewer.warning(place, "topologySpreadConstraints", what, why, missing);
}

/// Pods that refuse each other's nodes.
fn apart(reviewer: &mut Reviewer<'_>, rollout: &Rollout, count: u32) {
    let path = "affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution";
    let is_by_node = reviewer.items(path).iter().any(|term| {
        find(term, &["topologyKey"])
            .and_then(|member| text(&member.value))
            .is_some_and(|key| key == "kubernetes.io/hostname")
    });
    if is_by_node && rollout.max_unavailable == 0 && count <= rollout.replicas {
        let why = "Old and new pods refuse each other's nodes, and there is no free one: a rollout never ends.";
        let remedy = "delete it; topologySpreadConstraints spread the pods";
        reviewer.error(reviewer.place(path), path, "the new pod finds no node", why, remedy);
    }
}

fn constraints(reviewer: &mut Reviewer<'_>) {
    let path = "topologySpreadConstraints";
    let minor = reviewer.facts.kubernetes_minor.unwrap_or(u32::MAX);
    let release = reviewer.facts.release.clone();
    for constraint in reviewer.items(path) {
        for (key, since) in [("nodeAffinityPolicy", 26), ("nodeTaintsPolicy", 26), ("matchLabelKeys", 27)] {
            if let Some(member) = find(constraint, &[key]).filter(|_| minor < since) {
                let why = "The API server drops what it does not know.";
                reviewer.error(
                    member.at,
                    path,
                    format!("{key} is not there before Kubernetes 1.{since}"),
                    why,
                    "delete it",
                );
            }
        }
        if let Some(member) = find(constraint, &["maxSkew"])
            && printed(&member.value).and_then(|skew| skew.parse::<u32>().ok()).is_none_or(|skew| skew == 0)
        {
            let why = "Kubernetes refuses the pods.";
            reviewer.error(spot(member), path, "the least skew is 1", why, "write 1");
        }
        labels(reviewer, constraint, release.as_deref());
    }
}

/// A selector that finds none of our pods spreads nothing.
fn labels(reviewer: &mut Reviewer<'_>, constraint: &SourceNode, release: Option<&str>) {
    let path = "topologySpreadConstraints";
    let Some(selector) = find(constraint, &["labelSelector", "matchLabels"]) else {
        let why = "Without a selector no pod counts, and nothing is spread.";
        let remedy = "add `labelSelector: {matchLabels: {app.kubernetes.io/name: rstudio-pm, …}}`";
        reviewer.error(constraint.place, path, "it is not said which pods count", why, remedy);
        return;
    };
    for member in members(&selector.value) {
        let expected = match member.key.as_str() {
            "app.kubernetes.io/name" => Some("rstudio-pm"),
            "app.kubernetes.io/instance" => release,
            _ => continue,
        };
        if let (Some(expected), Some(written)) = (expected, printed(&member.value))
            && written != expected
        {
            let why = "No pod carries that label, and nothing is spread.";
            let what = format!("the pods carry `{expected}`, and not `{written}`");
            reviewer.error(spot(member), path, what, why, format!("write \"{expected}\""));
        }
    }
}

fn selector(reviewer: &mut Reviewer<'_>) {
    let path = "nodeSelector";
    let Some(nodes) = &reviewer.facts.nodes else { return };
    let (key, value) = nodes.label.clone();
    if let Some(member) = reviewer.members(path).iter().find(|member| member.key == key)
        && printed(&member.value).is_none_or(|written| written != value)
    {
        let why = "No node carries that label, and every pod waits.";
        reviewer.error(
            spot(member),
            path,
            format!("the nodes carry {key}: {value}"),
            why,
            format!("write \"{value}\""),
        );
    }
}

fn disruption(reviewer: &mut Reviewer<'_>, replicas: u32) {
    let path = "podDisruptionBudget";
    let why = "No pod may ever be moved: draining a node waits for ever, and so does an update of the node group.";
    let (most, least) = ("podDisruptionBudget.maxUnavailable", "podDisruptionBudget.minAvailable");
    match (reviewer.at(most), reviewer.at(least)) {
        (Some(_), Some(member)) => {
            let why = "Kubernetes refuses the object.";
            reviewer.error(
                member.at,
                path,
                "both maxUnavailable and minAvailable are written",
                why,
                "keep maxUnavailable: 1",
            );
        }
        (Some(_), None) if replicas > 0 && of_replicas(reviewer, most, "1", replicas, true) == 0 => {
            reviewer.error(reviewer.place(most), path, "no pod may be missing", why, "write 1");
        }
        (None, Some(_)) if replicas > 0 && of_replicas(reviewer, least, "0", replicas, true) >= replicas => {
            reviewer.error(
                reviewer.place(least),
                path,
                "every pod must be there",
                why,
                "write `maxUnavailable: 1` instead",
            );
        }
        (Some(_) | None, None) | (None, Some(_)) => {}
    }
}

fn image(reviewer: &mut Reviewer<'_>) {
    let (repository, tag) = (reviewer.text("image.repository"), reviewer.text("image.tag"));
    if tag.as_deref() == Some("latest") {
        let path = "image.tag";
        let why = "It is another image every day, and two versions may not work on one database.";
        reviewer.error(reviewer.place(path), path, "the tag is latest", why, "write the whole tag of one version");
    }
    let (own, other, line) = if reviewer.facts.is_older_line() {
        ("rstudio/rstudio-package-manager", "posit/package-manager", "0.5")
    } else {
        ("posit/package-manager", "rstudio/rstudio-package-manager", "0.20")
    };
    let is_other = repository.as_deref().is_some_and(|repository| repository == other);
    if is_other && tag.is_none() {
        let path = "image.repository";
        let what = format!("chart {line} composes a tag that {other} does not have");
        reviewer.error(
            reviewer.place(path),
            path,
            what,
            "The nodes cannot pull it.",
            format!("write {own}, or add image.tag"),
        );
    }
    let path = "image.imagePullPolicy";
    let policy = reviewer.text_or(path, "IfNotPresent");
    if !["Always", "IfNotPresent", "Never"].contains(&policy.as_str()) {
        let why = "Kubernetes refuses the pods.";
        reviewer.error(reviewer.place(path), path, format!("there is no policy `{policy}`"), why, "write IfNotPresent");
    }
}

fn ending(reviewer: &mut Reviewer<'_>) {
    let path = "pod.terminationGracePeriodSeconds";
    let grace = number(reviewer, path, 120);
    let command =
        reviewer.items("pod.lifecycle.preStop.exec.command").iter().filter_map(text).collect::<Vec<_>>().join(" ");
    let words: Vec<&str> = command.split([' ', ';', '\n']).filter(|word| !word.is_empty()).collect();
    let slept = words.windows(2).filter(|pair| pair[0] == "sleep").filter_map(|pair| pair[1].parse::<u32>().ok()).sum();
    if grace <= slept {
        let what = format!("a pod has {grace} seconds to end, and its hook alone takes {slept}");
        let why = "Pods are killed before the server is told to end, in the middle of downloads.";
        reviewer.error(reviewer.place(path), path, what, why, format!("write {}", (slept + 105).max(120)));
    }
}

fn sandbox(reviewer: &mut Reviewer<'_>) {
    let path = "enableSandboxing";
    if !reviewer.flag(path, true) {
        let why = "Git builds run beside the database password, the encryption key and the role.";
        reviewer.warning(reviewer.place(path), path, "builds run without a sandbox", why, "write true");
    }
    let path = "enableMigration";
    if reviewer.at(path).is_some_and(|member| flag(&member.value) == Some(true))
        && (reviewer.flag("sharedStorage.create", false) || reviewer.flag("sharedStorage.mount", false))
    {
        let why = "A job changes owners on the shared volume before every upgrade, as root and from Docker Hub.";
        reviewer.warning(reviewer.place(path), path, "the migration is on", why, "write false");
    }
}
