//! The values as a document: the order of the keys, and beside each why it is there.
//!
//! Promises: one comment style, above the line; keys in the order of the chart's questions (what runs, where, as whom,
//! with which settings, reached how, how big); nothing decided here that [`super::values()`] has not decided.

use std::fmt::Write as _;

use super::chart::{
    Domain, Probe, SecretVariable, Service, SpreadConstraint, UpdateStrategy, Values, has_exact_spread,
};
use super::keys::Version;
use super::{Inputs, config, form, objects};
use crate::product::{
    Amount, ENCRYPTION_KEY_BYTES, ENCRYPTION_KEY_VARIABLE, LICENSE_DIRECTORY, License, USAGE_PASSWORD_VARIABLE, gib,
};
use crate::text::yaml::{self, YamlEntry, YamlNode, entry, list, map, script};

/// Newest chart version the emitted keys were read against.
pub(super) const NEWEST_READ: Version = (0, 20, 4);

impl Values {
    /// Writes the file: YAML with a comment at each line that has a reason.
    pub fn to_yaml(&self) -> String {
        yaml::commented(&header(&self.inputs), &entries(self))
    }
}

/// The top-level keys.
pub(super) fn entries(values: &Values) -> Vec<YamlEntry> {
    let mut entries = vec![fullname(values)];
    entries.extend(image(values));
    entries.extend([
        replicas(values),
        entry("revisionHistoryLimit", values.chart.revision_history_limit)
            .why("How many old revisions stay for a rollback. Charts before 0.5.56 ignore it."),
        migration(values),
        entry("enableSandboxing", values.chart.enable_sandboxing).why(
            "Git builds run in a sandbox, away from the server's password, key and role. It needs the namespace label \
             pod-security.kubernetes.io/enforce=privileged; where nodes forbid it, Git builds are off and everything \
             else works.",
        ),
        strategy(values),
        spread(values),
        node_selector(values),
        disruption_budget(values),
        service_account(values),
        license(values),
        config::document(values),
        pod(values),
    ]);
    entries.extend(shared_storage(values));
    entries.push(service(values));
    entries.extend(objects::ingress(&values.chart));
    entries.extend(objects::extra(&values.chart));
    entries.extend([readiness(values), startup(values), liveness(values), resources(values)]);
    entries
}

fn header(inputs: &Inputs) -> Vec<String> {
    let Inputs { chart_version, release, namespace, .. } = inputs;
    let mut keys =
        "Every key is known to all chart versions from 0.5.43 to 0.20.4, apart from those said to be ignored. \
                    The chart has no schema: it takes a misspelt key without a word."
            .to_owned();
    if form::chart_version(chart_version).is_some_and(|version| version > NEWEST_READ) {
        let _ = write!(keys, " Version {chart_version} is newer than these; read its release notes first.");
    }
    vec![
        format!(
            "Values of the Helm chart rstudio-pm {chart_version} for release \"{release}\" in namespace \
             \"{namespace}\"."
        ),
        "Written by ppm-infra from the declaration and from what exists on AWS. Change the declaration and apply again \
         rather than this file."
            .to_owned(),
        keys,
        "Helm replaces lists as a whole: a second values file with pod.env, topologySpreadConstraints or extraObjects \
         drops the entries made here. Secrets are named here and never contained."
            .to_owned(),
    ]
}

fn fullname(values: &Values) -> YamlEntry {
    let name = &values.chart.fullname_override;
    entry("fullnameOverride", name).why(format!(
        "Fixed names, from package_manager.release: Service \"{name}\", ConfigMap \"{name}-config\". Another name \
         creates every object anew."
    ))
}

fn replicas(values: &Values) -> YamlEntry {
    entry("replicas", values.chart.replicas).why(format!(
        "From package_manager.replicas; each pod has a node of its own, and there are {}.",
        values.inputs.node_count
    ))
}

fn strategy(values: &Values) -> YamlEntry {
    match values.chart.strategy {
        UpdateStrategy::Recreate => entry("strategy", map([entry("type", "Recreate")])).why(
            "All pods stop before new ones start, because chart or image change: two versions of Package Manager must \
             not work on one database. Nothing is served in between. The next apply without a version change brings \
             RollingUpdate back.",
        ),
        UpdateStrategy::Rolling { max_surge, max_unavailable } => {
            let (surge_why, unavailable_why) = if max_surge > 0 {
                (
                    "One extra pod at a time: room on one node and one more pool of database connections.",
                    "Never fewer pods serving than declared.",
                )
            } else {
                (
                    "No extra pod: before Kubernetes 1.27 the spread below counts old and new pods together, and the \
                     extra one might never be placed.",
                    "So one pod goes before its successor comes.",
                )
            };
            let rolling = map([
                entry("maxSurge", max_surge).why(surge_why),
                entry("maxUnavailable", max_unavailable).why(unavailable_why),
            ]);
            entry("strategy", map([entry("type", "RollingUpdate"), entry("rollingUpdate", rolling)])).why(
                "For changes of settings. Chart and image versions change with Recreate, which ppm-infra writes here \
                 when they do.",
            )
        }
    }
}

fn spread(values: &Values) -> YamlEntry {
    let constraints = values.chart.topology_spread_constraints.iter().map(constraint);
    let why = if has_exact_spread(&values.inputs) {
        "The chart passes this on word for word, so the release name is written out. After a node was away pods may \
         share a node; kubectl rollout restart spreads them again."
    } else {
        "The chart passes this on word for word, so the release name is written out. Kubernetes before 1.27 has no \
         nodeTaintsPolicy and matchLabelKeys to rely on: a cordoned node can hold up a rollout until it is back or gone."
    };
    entry("topologySpreadConstraints", list(constraints)).why(why)
}

fn constraint(constraint: &SpreadConstraint) -> YamlNode {
    let (topology, unsatisfiable, why) = match constraint.domain {
        Domain::Node => ("kubernetes.io/hostname", "DoNotSchedule", "Replicas on different nodes, strictly."),
        Domain::Zone => {
            ("topology.kubernetes.io/zone", "ScheduleAnyway", "And in different zones where there is a choice.")
        }
    };
    let mut entries = vec![
        entry("maxSkew", 1_u32).why(why),
        entry("topologyKey", topology),
        entry("whenUnsatisfiable", unsatisfiable),
    ];
    if constraint.has_node_affinity_policy {
        entries.push(entry("nodeAffinityPolicy", "Honor").why("Nodes outside nodeSelector do not count."));
    }
    if constraint.has_node_taints_policy {
        entries.push(entry("nodeTaintsPolicy", "Honor").why(
            "Nodes that are cordoned, not ready or tainted do not count; by default they would, as empty ones, and \
             stop every rollout.",
        ));
    }
    if constraint.is_per_revision {
        entries.push(entry("matchLabelKeys", list(["pod-template-hash"])).why("Each revision is spread by itself."));
    }
    let labels =
        map([entry("app.kubernetes.io/name", "rstudio-pm"), entry("app.kubernetes.io/instance", &constraint.instance)]);
    entries.push(entry("labelSelector", map([entry("matchLabels", labels)])));
    map(entries)
}

fn node_selector(values: &Values) -> YamlEntry {
    let labels = values.chart.node_selector.iter().map(|(key, value)| entry(key, value));
    entry("nodeSelector", map(labels))
        .why("The label of the node group made for Package Manager; keeps other nodes out of the count above.")
}

fn disruption_budget(values: &Values) -> YamlEntry {
    let budget = map([entry("maxUnavailable", values.chart.pod_disruption_budget.max_unavailable)]);
    entry("podDisruptionBudget", budget).why("Nodes are drained one pod at a time.")
}

fn service_account(values: &Values) -> YamlEntry {
    let account = &values.chart.service_account;
    let annotations = map([entry("eks.amazonaws.com/role-arn", &account.role_arn)
        .why("The IAM role made for Package Manager: its bucket and its key.")]);
    let account = map([
        entry("create", account.create),
        entry("name", &account.name).why(format!("The role trusts this subject alone: {}", values.inputs.subject())),
        entry("annotations", annotations),
    ]);
    entry("serviceAccount", account)
}

fn image(values: &Values) -> Option<YamlEntry> {
    values.chart.image.as_ref().map(|image| {
        let image = map([
            entry("repository", image.repository.as_str()),
            entry("tag", image.tag.as_str()).why("Whole, because the two chart lines compose a tag in different ways."),
        ]);
        entry("image", image).why(
            "From package_manager.image. The chart's version does not choose the image any more, so the tag must fit it.",
        )
    })
}

fn migration(values: &Values) -> YamlEntry {
    let why = match values.chart.shared_storage {
        None => {
            "Off, as in newer charts: the job only changes owners on a shared volume, and there is none. Chart 0.5.43 \
             has it on."
        }
        Some(_) => {
            "Off, as in newer charts: the job would change owners on the shared volume, as root and with an image from \
             Docker Hub; everything there must belong to user 999. Chart 0.5.43 has it on."
        }
    };
    entry("enableMigration", values.chart.enable_migration).why(why)
}

fn shared_storage(values: &Values) -> Option<YamlEntry> {
    values.chart.shared_storage.as_ref().map(|volume| {
        let storage = map([
            entry("mount", true),
            entry("name", &volume.claim).why("The claim in extraObjects below."),
            entry("path", &volume.path)
                .why("Outside /var/lib/rstudio-pm, which the image's start script rearranges; Server.DataDir follows."),
        ]);
        entry("sharedStorage", storage)
            .why("From package_manager.shared_storage: all pods keep packages there, in place of the bucket.")
    })
}

fn license(values: &Values) -> YamlEntry {
    let (secret, key) = match &values.chart.license {
        License::File { secret, key } => (secret, key),
        License::Server(server) => {
            return entry(
                "license",
                map([entry("server", server.as_str()).why(
                    "From package_manager.license: the license server, which the pods must reach. The chart sets \
                     Licensing.LicenseType to remote.",
                )]),
            );
        }
    };
    let file = map([
        entry("secret", secret.as_str()).why(
            "From package_manager.license; must exist in the namespace before the release. A renewed license needs a \
             restart of the pods.",
        ),
        entry("secretKey", key.as_str()),
        entry("mountPath", LICENSE_DIRECTORY)
            .why("Outside /var/lib/rstudio-pm, which the image's start script rearranges."),
    ]);
    entry("license", map([entry("file", file)]))
}

fn pod(values: &Values) -> YamlEntry {
    let pod = &values.chart.pod;
    let command = list([YamlNode::from("/bin/sh"), YamlNode::from("-c"), script(pod.pre_stop)]);
    let pre_stop = map([entry("exec", map([entry("command", command)]))]);
    let mut entries = vec![
        entry("env", list(pod.env.iter().map(variable))),
        entry("terminationGracePeriodSeconds", pod.termination_grace_period_seconds)
            .why("Long downloads and Git builds may finish."),
        entry("lifecycle", map([entry("preStop", pre_stop).why(
            "First the load balancer and kube-proxy stop sending, then the server is told to end: the start script of \
             newer images would swallow the signal and every pod would be killed after the whole grace period.",
        )])),
    ];
    entries.extend(objects::pod_volumes(&values.chart));
    entry("pod", map(entries)).why(
        "Must exist as Secrets in the namespace before the release. They are read at start: a changed Secret needs a \
         restart of the pods.",
    )
}

fn variable(variable: &SecretVariable) -> YamlNode {
    let why = match variable.name {
        ENCRYPTION_KEY_VARIABLE => format!(
            "{ENCRYPTION_KEY_BYTES} random bytes in hexadecimal, the same for all pods and for the life of the database: \
             without it stored tokens and Git credentials cannot be read."
        ),
        USAGE_PASSWORD_VARIABLE => {
            "The same password; Package Manager 2024.08.2 does not take it from the variable above.".to_owned()
        }
        _ => "The password of the database user.".to_owned(),
    };
    let reference = map([entry("name", variable.secret), entry("key", variable.key)]);
    map([entry("name", variable.name).why(why), entry("valueFrom", map([entry("secretKeyRef", reference)]))])
}

fn service(values: &Values) -> YamlEntry {
    match values.chart.service {
        Service::NodePort { port, node_port } => entry(
            "service",
            map([
                entry("type", "NodePort"),
                entry("port", port),
                entry("nodePort", node_port)
                    .why("The port of the target group and of the security group rule; all three must agree."),
            ]),
        )
        .why("The load balancer's targets are the nodes, each answering on one fixed port (load_balancer.targets)."),
        Service::ClusterIp { port } => entry("service", map([entry("type", "ClusterIP"), entry("port", port)]))
            .why("The load balancer's targets are the pods themselves (load_balancer.targets)."),
    }
}

fn probe(probe: &Probe, timeout_why: &str, failure_why: &str) -> YamlNode {
    let http = map([entry("path", probe.path), entry("port", probe.port)]);
    let mut entries = vec![
        entry("enabled", true),
        entry("httpGet", http),
        entry("initialDelaySeconds", probe.initial_delay_seconds),
        entry("periodSeconds", probe.period_seconds),
        entry("timeoutSeconds", probe.timeout_seconds).why(timeout_why),
    ];
    entries.extend(probe.success_threshold.map(|times| entry("successThreshold", times)));
    entries.push(entry("failureThreshold", probe.failure_threshold).why(failure_why));
    map(entries)
}

fn readiness(values: &Values) -> YamlEntry {
    let timeout_why = "The chart's one second is too short for a server that is busy building.";
    entry("readinessProbe", probe(&values.chart.readiness_probe, timeout_why, ""))
        .why("Decides whether a pod gets requests.")
}

fn startup(values: &Values) -> YamlEntry {
    let startup = &values.chart.startup_probe;
    let minutes = startup.period_seconds * startup.failure_threshold / 60;
    let failure_why = format!("{minutes} minutes, so that a migration of the database is not cut off half way.");
    entry("startupProbe", probe(startup, "", &failure_why)).why("Gives the first start its time.")
}

fn liveness(values: &Values) -> YamlEntry {
    entry("livenessProbe", map([entry("enabled", values.chart.liveness_probe_enabled)])).why(
        "Off: in offline mode, which administrators switch on, the server answers 503, and a probe would restart it \
         for ever.",
    )
}

fn resources(values: &Values) -> YamlEntry {
    let Inputs { instance_type, disk_gib, .. } = &values.inputs;
    let allocatable = &values.sizing.allocatable;
    let amounts = |amount: &Amount| {
        map([
            entry("enabled", true),
            entry("cpu", amount.cpu()),
            entry("memory", amount.memory()),
            entry("ephemeralStorage", amount.ephemeral_storage()),
        ])
    };
    let resources = map([
        entry("requests", amounts(&values.chart.resources.requests)).why("What a pod is promised."),
        entry("limits", amounts(&values.chart.resources.limits))
            .why("What it may use. The chart's 200Mi of ephemeral storage would evict it at once."),
    ]);
    entry("resources", resources).why(format!(
        "For {instance_type} with {disk_gib} GiB of disk, which leaves about {}m CPU, {} memory and {} storage to \
         pods: two pods fit on a node, as a rollout needs. The chart sets nothing by default.",
        allocatable.millicores,
        gib(allocatable.memory_mib),
        gib(allocatable.ephemeral_mib),
    ))
}
