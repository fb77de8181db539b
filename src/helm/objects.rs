//! Objects beside the chart's own: the Ingress, the target group's binding, the volumes.
//!
//! Promises: whatever stands in `extraObjects` survives the template engine, which the chart sends it through.

use super::chart::{ChartValues, TargetGroupBinding, Volume};
use super::{Ingress, SECRETS_DRIVER, TLS_POLICY};
use crate::product::{PING_PATH, SECRETS_DIRECTORY};
use crate::text::yaml::{YamlEntry, YamlNode, entry, list, map, script};

/// Nominal size of a volume: EFS has none and Kubernetes asks for one.
const NOMINAL_SIZE: &str = "1Ti";
/// Name of the volume of packages from outside, among those the chart itself gives the pods.
const OFFLINE: &str = "offline-data";
/// Name of the volume of the `SecretProviderClass`.
const MOUNTED_SECRETS: &str = "secrets-store";

/// The Ingress, where the controller makes the load balancer.
pub(super) fn ingress(chart: &ChartValues) -> Option<YamlEntry> {
    chart.ingress.as_ref().map(|ingress| {
        let host = map([entry("host", &ingress.host), entry("paths", list(["/"]))]);
        let body = map([
            entry("enabled", true),
            entry("ingressClassName", "alb"),
            entry("annotations", map(annotations(ingress))),
            entry("hosts", list([host])).why("From load_balancer.domain; other names are answered with 404."),
        ]);
        entry("ingress", body).why(
            "From it the AWS Load Balancer Controller, which must be installed first, makes a load balancer \
             (load_balancer.targets). It belongs to the controller: ppm-infra makes none, watches none and removes \
             none. Uninstall the release before the controller and the cluster.",
        )
    })
}

fn annotations(ingress: &Ingress) -> Vec<YamlEntry> {
    let key = |name: &str| format!("alb.ingress.kubernetes.io/{name}");
    let scheme = if ingress.is_internal { "internal" } else { "internet-facing" };
    let mut entries = vec![
        entry(&key("scheme"), scheme).why("From load_balancer.scheme."),
        entry(&key("target-type"), "ip").why("The pods themselves; the Service has no port on the nodes."),
    ];
    if let Some(arn) = &ingress.certificate_arn {
        entries.extend([
            entry(&key("listen-ports"), script(r#"[{"HTTP":80},{"HTTPS":443}]"#)),
            entry(&key("ssl-redirect"), "443"),
            entry(&key("certificate-arn"), arn).why("From load_balancer.certificate."),
            entry(&key("ssl-policy"), TLS_POLICY).why(
                "TLS 1.2 and 1.3, as for load balancers made here. The controller's own would accept 1.0 and 1.1.",
            ),
        ]);
    } else {
        entries.push(
            entry(&key("listen-ports"), script(r#"[{"HTTP":80}]"#)).why("No load_balancer.certificate is declared."),
        );
    }
    entries.push(entry(&key("inbound-cidrs"), ingress.allow_from.join(",")).why("From load_balancer.allow_from."));
    if !ingress.subnets.is_empty() {
        entries.push(
            entry(&key("subnets"), ingress.subnets.join(","))
                .why("From network.existing. Without them the controller would look for tagged subnets."),
        );
    }
    let attributes = format!(
        "idle_timeout.timeout_seconds={},routing.http.drop_invalid_header_fields.enabled=true",
        ingress.idle_timeout_seconds
    );
    entries.extend([
        entry(&key("load-balancer-attributes"), attributes)
            .why("From load_balancer.idle_timeout_seconds; 60 seconds would cut first downloads."),
        entry(&key("target-group-attributes"), "deregistration_delay.timeout_seconds=60"),
        entry(&key("healthcheck-path"), PING_PATH).why("The controller's own / is not answered with 200."),
        entry(&key("healthcheck-interval-seconds"), "15"),
        entry(&key("healthcheck-timeout-seconds"), "5"),
        entry(&key("healthy-threshold-count"), "2"),
        entry(&key("unhealthy-threshold-count"), "3"),
        entry(&key("success-codes"), "200"),
    ]);
    entries
}

/// `extraObjects`, if there are any.
pub(super) fn extra(chart: &ChartValues) -> Option<YamlEntry> {
    let mut whys = Vec::new();
    let mut objects = Vec::new();
    if let Some(made) = &chart.binding {
        whys.push(
            "Makes the AWS Load Balancer Controller, which must be installed first, keep the target group filled with \
             the pods. It removes every other target, so nothing else may register there. Uninstall the release before \
             the controller.",
        );
        objects.push(binding(made));
    }
    if let Some(made) = &chart.shared_storage {
        whys.push(
            "The volume and the claim of sharedStorage, written out because the chart cannot name a volume without a \
             storage class. Both stay when the release is uninstalled.",
        );
        objects.extend([volume(made, "From package_manager.shared_storage."), claim(made)]);
    }
    if let Some(made) = &chart.offline_data {
        whys.push(
            "The volume and the claim of the packages that are brought in from outside (package_manager.offline_data). \
             Both stay when the release is uninstalled.",
        );
        objects.extend([volume(made, "From package_manager.offline_data."), claim(made)]);
    }
    (!objects.is_empty()).then(|| entry("extraObjects", list(objects)).why(whys.join(" ")))
}

/// `pod.volumes` and `pod.volumeMounts`, if there are any. The chart mounts the shared volume itself.
pub(super) fn pod_volumes(chart: &ChartValues) -> Vec<YamlEntry> {
    let (volumes, mounts): (Vec<YamlNode>, Vec<YamlNode>) =
        offline_data(chart).into_iter().chain(secret_class(chart)).unzip();
    if volumes.is_empty() {
        return Vec::new();
    }
    vec![entry("volumes", list(volumes)), entry("volumeMounts", list(mounts))]
}

/// Volume and mount of packages from outside.
fn offline_data(chart: &ChartValues) -> Option<(YamlNode, YamlNode)> {
    let data = chart.offline_data.as_ref()?;
    let claim = map([entry("claimName", &data.claim), entry("readOnly", true)]);
    let volume =
        map([entry("name", OFFLINE).why("The claim in extraObjects below."), entry("persistentVolumeClaim", claim)]);
    let mount = map([
        entry("name", OFFLINE).why(
            "From package_manager.offline_data: packages that were brought in from outside, to be read and never \
             written. Which setting leads the server there is for package_manager.settings to say.",
        ),
        entry("mountPath", &data.path),
        entry("readOnly", true),
    ]);
    Some((volume, mount))
}

/// Volume and mount of the class from which the CSI driver makes Secrets.
fn secret_class(chart: &ChartValues) -> Option<(YamlNode, YamlNode)> {
    let class = chart.secret_class.as_ref()?;
    let csi = map([
        entry("driver", SECRETS_DRIVER),
        entry("readOnly", true),
        entry("volumeAttributes", map([entry("secretProviderClass", class)])),
    ]);
    let volume = map([
        entry("name", MOUNTED_SECRETS).why(
            "From package_manager.secrets: csi. The driver makes the Secrets above while a pod mounts this class, which \
             `ppm-infra secrets` prints; without the mount no pod ever starts.",
        ),
        entry("csi", csi),
    ]);
    let mount = map([
        entry("name", MOUNTED_SECRETS),
        entry("mountPath", SECRETS_DIRECTORY)
            .why("Nothing reads the files; the variables above come from the Secrets."),
        entry("readOnly", true),
    ]);
    Some((volume, mount))
}

/// Text as it must stand where the template engine reads it.
fn templated(text: &str) -> String {
    text.replace("{{", "{{ `{{` }}")
}

fn binding(binding: &TargetGroupBinding) -> YamlNode {
    let service = map([entry("name", templated(&binding.service)), entry("port", binding.port)]);
    let spec = map([
        entry("serviceRef", service),
        entry("targetGroupARN", templated(&binding.target_group_arn))
            .why("The target group made beside the load balancer; its security group rules are made there too."),
        entry("targetType", "ip").why("Said here, like the VPC, so that the controller need not ask AWS to admit it."),
        entry("vpcID", templated(&binding.vpc_id)),
    ]);
    map([
        entry("apiVersion", "elbv2.k8s.aws/v1beta1"),
        entry("kind", "TargetGroupBinding"),
        entry("metadata", map([entry("name", templated(&binding.name))])),
        entry("spec", spec),
    ])
}

fn kept(name: &str) -> YamlNode {
    let keep = map([entry("helm.sh/resource-policy", "keep")]);
    map([entry("name", templated(name)), entry("annotations", keep)])
}

fn volume(volume: &Volume, why: &str) -> YamlNode {
    let csi = map([entry("driver", "efs.csi.aws.com"), entry("volumeHandle", templated(&volume.handle)).why(why)]);
    let claim = map([entry("namespace", templated(&volume.namespace)), entry("name", templated(&volume.claim))]);
    let spec = map([
        entry("capacity", map([entry("storage", NOMINAL_SIZE)])).why("Kubernetes wants a size; EFS grows by itself."),
        entry("accessModes", list(["ReadWriteMany"])),
        entry("persistentVolumeReclaimPolicy", "Retain"),
        entry("storageClassName", ""),
        entry("mountOptions", list(["tls", "lookupcache=pos"]))
            .why("Encrypted, and a file that another pod has just written is found."),
        entry("csi", csi),
        entry("claimRef", claim).why("No other claim may take it."),
    ]);
    map([
        entry("apiVersion", "v1"),
        entry("kind", "PersistentVolume"),
        entry("metadata", kept(&volume.name)),
        entry("spec", spec),
    ])
}

fn claim(volume: &Volume) -> YamlNode {
    let resources = map([entry("requests", map([entry("storage", NOMINAL_SIZE)]))]);
    let spec = map([
        entry("accessModes", list(["ReadWriteMany"])),
        entry("storageClassName", "").why("Empty, so that no storage class makes another volume."),
        entry("volumeName", templated(&volume.name)),
        entry("resources", resources),
    ]);
    map([
        entry("apiVersion", "v1"),
        entry("kind", "PersistentVolumeClaim"),
        entry("metadata", kept(&volume.claim)),
        entry("spec", spec),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_are_handed_through_the_template_engine() {
        // The engine prints what stands between backticks as it is.
        assert_eq!(templated("a{{ .b }}c"), "a{{ `{{` }} .b }}c");
        assert_eq!(templated("{a}"), "{a}");
    }
}
