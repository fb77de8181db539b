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
    /// Which of the two lines have it.
    pub lines: Lines,
    /// What may lie below it.
    pub below: Below,
    /// Why it must not be set beside what this program makes; nothing if it may.
    pub never: Option<&'static str>,
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
}

const fn value(path: &'static str) -> ChartKey {
    ChartKey { path, lines: Lines::Both, below: Below::Nothing, never: None }
}

const fn open(path: &'static str) -> ChartKey {
    ChartKey { below: Below::Anything, ..value(path) }
}

const fn never(path: &'static str, why: &'static str) -> ChartKey {
    ChartKey { never: Some(why), ..value(path) }
}

const fn newer(key: ChartKey) -> ChartKey {
    ChartKey { lines: Lines::Newer, ..key }
}

const fn older(key: ChartKey) -> ChartKey {
    ChartKey { lines: Lines::Older, ..key }
}

const STATIC_KEYS: &str = "static AWS keys; the pods use the role of their service account";

/// All keys, in the order of the chart's own values.
pub const KEYS: &[ChartKey] = &[
    never("nameOverride", "changes the label app.kubernetes.io/name, which the spread over nodes selects"),
    value("fullnameOverride"),
    value("versionOverride"),
    value("sharedStorage.create"),
    value("sharedStorage.name"),
    value("sharedStorage.mount"),
    value("sharedStorage.path"),
    value("sharedStorage.storageClassName"),
    open("sharedStorage.accessModes"),
    value("sharedStorage.requests.storage"),
    open("sharedStorage.annotations"),
    open("sharedStorage.selector"),
    value("sharedStorage.volumeName"),
    value("image.repository"),
    older(never("image.tagPrefix", "makes chart 0.20.0 and later fail")),
    newer(value("image.os")),
    value("image.tag"),
    value("image.imagePullPolicy"),
    open("image.imagePullSecrets"),
    value("strategy.type"),
    value("strategy.rollingUpdate.maxSurge"),
    value("strategy.rollingUpdate.maxUnavailable"),
    value("license.key"),
    value("license.server"),
    never("license.file.contents", "puts the license into the values and into Helm's record of the release"),
    value("license.file.mountPath"),
    value("license.file.mountSubPath"),
    value("license.file.secretKey"),
    value("license.file.secret"),
    value("service.type"),
    open("service.annotations"),
    value("service.clusterIP"),
    value("service.loadBalancerIP"),
    value("service.nodePort"),
    value("service.port"),
    newer(value("service.targetPort")),
    value("replicas"),
    never("awsAccessKeyId", STATIC_KEYS),
    never("awsSecretAccessKey", STATIC_KEYS),
    never("rstudioPMKey", "puts the encryption key into the values and into Helm's record of the release"),
    value("command"),
    value("args"),
    value("enableSandboxing"),
    value("enableMigration"),
    value("rootCheckIsFatal"),
    open("pod.env"),
    open("pod.volumes"),
    open("pod.volumeMounts"),
    never("pod.serviceAccountName", "overrides serviceAccount.name, so that the pods run without their role"),
    open("pod.annotations"),
    open("pod.labels"),
    open("pod.lifecycle"),
    open("pod.securityContext"),
    open("pod.containerSecurityContext"),
    newer(value("pod.port")),
    value("pod.terminationGracePeriodSeconds"),
    newer(open("pod.hostAliases")),
    open("extraObjects"),
    value("resources.requests.enabled"),
    value("resources.requests.memory"),
    value("resources.requests.cpu"),
    value("resources.requests.ephemeralStorage"),
    value("resources.limits.enabled"),
    value("resources.limits.memory"),
    value("resources.limits.cpu"),
    value("resources.limits.ephemeralStorage"),
    open("livenessProbe"),
    open("startupProbe"),
    open("readinessProbe"),
    open("initContainers"),
    value("ingress.enabled"),
    value("ingress.ingressClassName"),
    open("ingress.annotations"),
    open("ingress.hosts"),
    open("ingress.tls"),
    value("serviceAccount.create"),
    value("serviceAccount.name"),
    open("serviceAccount.annotations"),
    open("serviceAccount.labels"),
    value("serviceMonitor.enabled"),
    value("serviceMonitor.namespace"),
    open("serviceMonitor.additionalLabels"),
    open("config"),
    open("extraContainers"),
    open("affinity"),
    open("nodeSelector"),
    open("topologySpreadConstraints"),
    open("tolerations"),
    value("priorityClassName"),
    open("podDisruptionBudget"),
    newer(value("revisionHistoryLimit")),
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
    fn no_key_hides_another() {
        for key in KEYS {
            assert_eq!(ChartKey::find(key.path), Some(key));
        }
    }
}
