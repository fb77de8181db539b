//! The keys of the chart `rstudio-pm`, as far as Helm cannot check them: the chart has no schema, so a misspelt key is
//! silently without effect.
//!
//! Promises: every key of the values of chart versions 0.5.43 and 0.20.4, and nothing else.
//!
//! Leaves to others what a key should be set to.

/// A key of the chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartKey {
    /// Path from the root, joined by `.`.
    pub path: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it does: one sentence.
    pub what: &'static str,
    /// Which of the two lines have it.
    pub lines: Lines,
    /// What may lie below it.
    pub below: Below,
    /// Why it must not be set beside what this program makes; nothing if it may.
    pub never: Option<&'static str>,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// Text, or `false` for none.
    TextOrFalse,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// A whole number, or `false` for none.
    WholeOrFalse,
    /// A whole number, or a share such as `"25%"`.
    WholeOrShare,
    /// An amount as Kubernetes writes them: `4`, `500m`, `8Gi`.
    Quantity,
    /// Keys with values.
    Map,
    /// Items.
    List,
    /// Items, or `false` for none.
    ListOrFalse,
}

impl Takes {
    /// What is taken, as the object of a sentence.
    pub fn expected(self) -> &'static str {
        match self {
            Takes::Text => "text",
            Takes::TextOrFalse => "text, or false",
            Takes::Flag => "true or false",
            Takes::Whole => "a whole number",
            Takes::WholeOrFalse => "a whole number, or false",
            Takes::WholeOrShare => "a whole number, or a share such as \"25%\"",
            Takes::Quantity => "an amount such as 4, 500m or 8Gi",
            Takes::Map => "keys with values, indented below",
            Takes::List => "a list",
            Takes::ListOrFalse => "a list, or false",
        }
    }
}

/// Chart lines that know a key. The others ignore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lines {
    /// 0.5.43 and 0.20.4.
    Both,
    /// Only 0.5.43; 0.20.4 may even fail on it.
    Older,
    /// Only 0.20.4.
    Newer,
}

/// What may lie below a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// The key holds one value.
    Nothing,
    /// The chart passes whatever is there on to Kubernetes or to the server.
    Anything,
}

impl ChartKey {
    /// Finds the key that this path sets: the path itself, or the open key above it.
    pub fn find(path: &str) -> Option<&'static ChartKey> {
        KEYS.iter().find(|key| {
            let below = path.strip_prefix(key.path);
            match key.below {
                Below::Nothing => below == Some(""),
                Below::Anything => below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')),
            }
        })
    }

    /// The words that may follow this section (`""` for the root), in the order of the table.
    pub fn children(section: &str) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for key in KEYS {
            let rest = if section.is_empty() {
                Some(key.path)
            } else {
                key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
            };
            let name = rest.map(|rest| rest.split('.').next().unwrap_or(rest));
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }

    const fn open(self) -> ChartKey {
        ChartKey { below: Below::Anything, ..self }
    }

    const fn never(self, why: &'static str) -> ChartKey {
        ChartKey { never: Some(why), ..self }
    }

    const fn newer(self) -> ChartKey {
        ChartKey { lines: Lines::Newer, ..self }
    }

    const fn older(self) -> ChartKey {
        ChartKey { lines: Lines::Older, ..self }
    }
}

const fn key(path: &'static str, takes: Takes, what: &'static str) -> ChartKey {
    ChartKey { path, takes, what, lines: Lines::Both, below: Below::Nothing, never: None }
}

const STATIC_KEYS: &str = "static keys of AWS do not expire, and the pods have the role of their service account";

/// All keys, in the order of the chart's own values.
pub const KEYS: &[ChartKey] = &[
    key("nameOverride", Takes::Text, "Name of the chart in labels.")
        .never("it changes the label app.kubernetes.io/name, which the spread over nodes selects"),
    key("fullnameOverride", Takes::Text, "Name of every object of the release."),
    key("versionOverride", Takes::Text, "Version of Package Manager, used where image.tag is empty."),
    key("sharedStorage.create", Takes::Flag, "Whether the chart makes the claim of the shared volume."),
    key("sharedStorage.name", Takes::Text, "Name of the claim; empty for one made from the release."),
    key("sharedStorage.mount", Takes::Flag, "Whether the claim is mounted though the chart did not make it."),
    key("sharedStorage.path", Takes::Text, "Where the claim is mounted."),
    key("sharedStorage.storageClassName", Takes::TextOrFalse, "Storage class of the claim."),
    key("sharedStorage.accessModes", Takes::List, "Access modes of the claim; several pods need ReadWriteMany.").open(),
    key("sharedStorage.requests.storage", Takes::Text, "Size of the claim."),
    key("sharedStorage.annotations", Takes::Map, "Annotations of the claim.").open(),
    key("sharedStorage.selector", Takes::Map, "Selector of the claim.").open(),
    key("sharedStorage.volumeName", Takes::Text, "Volume the claim is bound to."),
    key("image.repository", Takes::Text, "Registry and repository of the image."),
    key("image.tagPrefix", Takes::Text, "Begins the tag where image.tag is empty.")
        .older()
        .never("chart 0.20.0 and later fail on it"),
    key("image.os", Takes::Text, "Ends the tag where image.tag is empty.").newer(),
    key("image.tag", Takes::Text, "The whole tag of the image."),
    key("image.imagePullPolicy", Takes::Text, "When nodes pull the image."),
    key("image.imagePullSecrets", Takes::List, "Secrets for a private registry.").open(),
    key("strategy.type", Takes::Text, "RollingUpdate, or Recreate for a change of version."),
    key("strategy.rollingUpdate.maxSurge", Takes::WholeOrShare, "Pods beyond replicas during an update."),
    key("strategy.rollingUpdate.maxUnavailable", Takes::WholeOrShare, "Pods that may be missing during an update."),
    key("license.key", Takes::TextOrFalse, "License key; each new pod activates it again."),
    key("license.server", Takes::TextOrFalse, "License server, host:port."),
    key("license.file.contents", Takes::TextOrFalse, "The license file itself.")
        .never("it puts the license into the values and into Helm's record of the release"),
    key("license.file.mountPath", Takes::Text, "Where the license is mounted."),
    key("license.file.mountSubPath", Takes::Flag, "Whether the file alone is mounted."),
    key("license.file.secretKey", Takes::Text, "Key in the Secret with the license file."),
    key("license.file.secret", Takes::TextOrFalse, "Secret with the license file."),
    key("service.type", Takes::Text, "ClusterIP, NodePort or LoadBalancer."),
    key("service.annotations", Takes::Map, "Annotations of the Service.").open(),
    key("service.clusterIP", Takes::Text, "Address of the Service."),
    key("service.loadBalancerIP", Takes::Text, "Address of the Service of type LoadBalancer."),
    key("service.nodePort", Takes::WholeOrFalse, "Port of the nodes, for type NodePort."),
    key("service.port", Takes::Whole, "Port of the Service."),
    key("service.targetPort", Takes::Whole, "Port of the pods.").newer(),
    key("replicas", Takes::Whole, "How many pods serve."),
    key("awsAccessKeyId", Takes::TextOrFalse, "Access key of AWS.").never(STATIC_KEYS),
    key("awsSecretAccessKey", Takes::TextOrFalse, "Secret access key of AWS.").never(STATIC_KEYS),
    key("rstudioPMKey", Takes::TextOrFalse, "Encryption key of Package Manager.")
        .never("it puts the encryption key into the values and into Helm's record of the release"),
    key("command", Takes::TextOrFalse, "Command of the container, as a JSON text."),
    key("args", Takes::TextOrFalse, "Arguments of the container, as a JSON text."),
    key("enableSandboxing", Takes::Flag, "Whether Git builds run in a sandbox."),
    key("enableMigration", Takes::Flag, "Whether a job changes owners on the shared volume."),
    key("rootCheckIsFatal", Takes::Flag, "Whether settings that ask for root are refused."),
    key("pod.env", Takes::List, "Environment of the container.").open(),
    key("pod.volumes", Takes::List, "More volumes.").open(),
    key("pod.volumeMounts", Takes::List, "Where they are mounted.").open(),
    key("pod.serviceAccountName", Takes::Text, "Service account of the pods.")
        .never("it overrides serviceAccount.name, so that the pods run without their role"),
    key("pod.annotations", Takes::Map, "Annotations of the pods.").open(),
    key("pod.labels", Takes::Map, "Labels of the pods.").open(),
    key("pod.lifecycle", Takes::Map, "Hooks of the container.").open(),
    key("pod.securityContext", Takes::Map, "Security context of the pods.").open(),
    key("pod.containerSecurityContext", Takes::Map, "Security context of the container.").open(),
    key("pod.port", Takes::Whole, "Port of the container.").newer(),
    key("pod.terminationGracePeriodSeconds", Takes::Whole, "How long a pod may take to end."),
    key("pod.hostAliases", Takes::List, "Lines of the hosts file.").open().newer(),
    key("extraObjects", Takes::List, "More objects, sent through the template engine.").open(),
    key("resources.requests.enabled", Takes::Flag, "Whether requests are written at all."),
    key("resources.requests.memory", Takes::Quantity, "Memory a pod is promised."),
    key("resources.requests.cpu", Takes::Quantity, "CPU a pod is promised."),
    key("resources.requests.ephemeralStorage", Takes::Quantity, "Disk a pod is promised."),
    key("resources.limits.enabled", Takes::Flag, "Whether limits are written at all."),
    key("resources.limits.memory", Takes::Quantity, "Memory a pod may use."),
    key("resources.limits.cpu", Takes::Quantity, "CPU a pod may use."),
    key("resources.limits.ephemeralStorage", Takes::Quantity, "Disk a pod may use before it is evicted."),
    key("livenessProbe", Takes::Map, "Decides whether a pod is restarted.").open(),
    key("startupProbe", Takes::Map, "Gives the first start its time.").open(),
    key("readinessProbe", Takes::Map, "Decides whether a pod gets requests.").open(),
    key("initContainers", Takes::ListOrFalse, "Containers that run first.").open(),
    key("ingress.enabled", Takes::Flag, "Whether there is an Ingress."),
    key("ingress.ingressClassName", Takes::Text, "Class of the Ingress."),
    key("ingress.annotations", Takes::Map, "Annotations of the Ingress.").open(),
    key("ingress.hosts", Takes::List, "Hosts of the Ingress, each with its paths.").open(),
    key("ingress.tls", Takes::List, "Certificates of the Ingress.").open(),
    key("serviceAccount.create", Takes::Flag, "Whether the chart makes the service account."),
    key("serviceAccount.name", Takes::Text, "Name of the service account."),
    key("serviceAccount.annotations", Takes::Map, "Annotations of the service account: the IAM role.").open(),
    key("serviceAccount.labels", Takes::Map, "Labels of the service account; the chart does not write them.").open(),
    key("serviceMonitor.enabled", Takes::Flag, "Whether there is a ServiceMonitor."),
    key("serviceMonitor.namespace", Takes::Text, "Namespace of the ServiceMonitor."),
    key("serviceMonitor.additionalLabels", Takes::Map, "Labels of the ServiceMonitor.").open(),
    key("config", Takes::Map, "Settings of the server, by section.").open(),
    key("extraContainers", Takes::List, "Containers beside Package Manager.").open(),
    key("affinity", Takes::Map, "Affinity of the pods.").open(),
    key("nodeSelector", Takes::Map, "Labels of the nodes the pods run on.").open(),
    key("topologySpreadConstraints", Takes::List, "How pods are spread.").open(),
    key("tolerations", Takes::List, "Taints the pods tolerate.").open(),
    key("priorityClassName", Takes::Text, "Priority of the pods."),
    key("podDisruptionBudget", Takes::Map, "How many pods may be missing when nodes are drained.").open(),
    key("revisionHistoryLimit", Takes::Whole, "How many old revisions stay.").newer(),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_at_and_below_themselves() {
        let found = |path: &str| ChartKey::find(path).map(|key| key.path);
        assert_eq!(found("replicas"), Some("replicas"));
        assert_eq!(found("replicas.x"), None);
        assert_eq!(found("config.Server.Address"), Some("config"));
        assert_eq!(found("configuration"), None);
        assert_eq!(found("pod.lifecycle.preStop.exec.command"), Some("pod.lifecycle"));
        assert_eq!(found("resources.requests"), None);
        assert_eq!(found("enableMigrations"), None);
    }

    #[test]
    fn a_section_knows_what_is_in_it() {
        assert_eq!(ChartKey::children("strategy"), ["type", "rollingUpdate"]);
        assert_eq!(ChartKey::children("license.file").len(), 5);
        assert!(ChartKey::children("").contains(&"config") && ChartKey::children("replicas").is_empty());
    }

    #[test]
    fn no_key_hides_another() {
        for key in KEYS {
            assert_eq!(ChartKey::find(key.path), Some(key));
        }
    }
}
