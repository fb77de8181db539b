//! A job of Kubernetes: a `CronJob` in the cluster of the stack, with a role of its own.

use serde_json::{Value, json};

use super::{DEADLINE_MINUTES, DriftJob, JobFile, JobFiles, JobStep, alerts, policy, role_steps};
use crate::helm::shell_word;
use crate::text::yaml;

/// What a job in the cluster has to know of it.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// The namespace it runs in.
    pub namespace: String,
    /// The image of the program.
    pub image: String,
    /// ARN of the OIDC provider of the cluster.
    pub provider: String,
    /// The issuer of its tokens, without `https://`.
    pub issuer: String,
    /// The text of the declaration.
    pub declaration: String,
}

/// The user `nonroot` of the image.
const UID: u32 = 65532;

/// Key of the Secret with the URL of a dead man's switch.
const HEARTBEAT: &str = "heartbeat";

/// AWS does not answer, or refuses the credentials: what another attempt may mend.
const UNREACHABLE: u8 = 69;

pub(super) fn files(job: &DriftJob, cluster: &ClusterFacts, out: &str) -> JobFiles {
    let (name, namespace) = (job.name(), &cluster.namespace);
    let (manifests, reading, trust) =
        (job.file(".kubernetes.yaml"), job.file(".policy.json"), job.file(".kubernetes-trust.json"));
    let subject = format!("system:serviceaccount:{namespace}:{name}");
    let files = vec![
        JobFile { name: manifests.clone(), text: text(job, cluster) },
        JobFile::json(reading.clone(), &policy::reading(job)),
        JobFile::json(trust.clone(), &policy::trust(&cluster.provider, &cluster.issuer, &subject)),
        alerts::of_cronjob(job, namespace),
    ];
    let mut next = vec![image(&cluster.image)];
    next.extend(role_steps(&job.region, &name, &trust, &reading, out));
    next.push(JobStep::new(
        "the job",
        format!("kubectl apply --server-side -f {}", shell_word(&format!("{out}/{manifests}"))),
    ));
    next.push(JobStep::new(
        "a first look",
        format!("kubectl -n {namespace} create job --from=cronjob/{name} {name}-first"),
    ));
    next.push(JobStep::new(
        "what it says; a Job that failed with exit status 2 has found drift",
        format!("kubectl -n {namespace} logs --follow job/{name}-first"),
    ));
    let blind = vec![
        "A job inside the cluster cannot report that the cluster is gone, or that its nodes are: then nothing runs it. The \
         alerts PackageManagerDriftNotLookedFor and PackageManagerDriftUnknown tell, if Prometheus runs elsewhere."
            .to_owned(),
        format!(
            "A dead man's switch elsewhere tells as well, and without Prometheus, once its URL is known: \
             `kubectl -n {namespace} create secret generic {name} --from-literal={HEARTBEAT}=URL`"
        ),
        "It looks at the declaration in its ConfigMap: after every apply with another declaration, write and apply these files \
         again."
            .to_owned(),
        "It does not see the file of Helm values, which is on the machine that applies.".to_owned(),
    ];
    JobFiles { files, next, blind }
}

/// How the image gets to where the job takes it from.
pub(super) fn image(image: &str) -> JobStep {
    let image = shell_word(image);
    JobStep::new(
        "the image, from the Containerfile of ppm-infra; log in to the registry first",
        format!("podman build -t {image} . && podman push {image}"),
    )
}

fn text(job: &DriftJob, cluster: &ClusterFacts) -> String {
    let head = format!("Looks for drift of {}. Written by ppm-infra drift schedule --as kubernetes.", job.stack);
    let manifests = [account(job, cluster), declaration(job, cluster), network(job, cluster), cron_job(job, cluster)];
    yaml::commented(&[head], &[]) + &yaml::documents(&manifests)
}

fn metadata(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    json!({"name": job.name(), "namespace": cluster.namespace, "labels": labels(job)})
}

fn labels(job: &DriftJob) -> Value {
    json!({"app.kubernetes.io/name": "ppm-infra", "app.kubernetes.io/component": "drift", "app.kubernetes.io/instance": job.stack})
}

/// The account that the role trusts. The token for AWS is projected by EKS; that for the cluster's own API is not wanted.
fn account(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let mut metadata = metadata(job, cluster);
    metadata["annotations"] = json!({"eks.amazonaws.com/role-arn": job.iam(&format!("role/{}", job.name()))});
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": false})
}

fn declaration(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let key = format!("{}.yaml", job.stack);
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(job, cluster), "data": {key: cluster.declaration}})
}

/// Nobody talks to it; it talks to AWS and asks for names.
fn network(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let port = |protocol: &str, port: u16| json!({"protocol": protocol, "port": port});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(job, cluster),
        "spec": {
            "podSelector": {"matchLabels": labels(job)},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [{"ports": [port("TCP", 443), port("TCP", 53), port("UDP", 53)]}],
        },
    })
}

fn cron_job(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let deadline = u32::from(DEADLINE_MINUTES) * 60;
    let container = json!({
        "name": "drift",
        "image": cluster.image,
        "args": job.image_arguments(),
        "env": [
            {"name": "AWS_EC2_METADATA_DISABLED", "value": "true"},
            {"name": "PPM_INFRA_HEARTBEAT", "valueFrom": {
                "secretKeyRef": {"name": job.name(), "key": HEARTBEAT, "optional": true},
            }},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": true,
        },
        // `kubectl describe` shows how the report ends.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": "declaration", "mountPath": "/work/plans", "readOnly": true}],
    });
    let pod = json!({
        "metadata": {"labels": labels(job)},
        "spec": {
            "serviceAccountName": job.name(),
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "restartPolicy": "Never",
            // What the pod security level "restricted" asks for. The group reads the projected token.
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": UID, "runAsGroup": UID, "fsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
            "volumes": [{"name": "declaration", "configMap": {"name": job.name()}}],
        },
    });
    json!({
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata(job, cluster),
        "spec": {
            "schedule": job.cron(),
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            // One that is later than the next would be is left out.
            "startingDeadlineSeconds": 1800,
            "successfulJobsHistoryLimit": 1,
            "failedJobsHistoryLimit": 3,
            "jobTemplate": {
                "metadata": {"labels": labels(job)},
                "spec": {
                    "activeDeadlineSeconds": deadline,
                    "backoffLimit": 2,
                    // Drift is found again by every attempt.
                    "podFailurePolicy": {"rules": [{
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "drift", "operator": "NotIn", "values": [UNREACHABLE]},
                    }]},
                    "template": pod,
                },
            },
        },
    })
}
