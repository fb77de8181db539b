//! A job of Kubernetes: a `CronJob` in the cluster of the stack, with a role of its own.

use serde_json::{Value, json};

use super::{DEADLINE_MINUTES, DriftJob, JobFile, JobFiles, JobStep, NO_RECORD, alerts, policy, role_steps};
use crate::helm::shell_word;
use crate::permissions::looking_for_drift;
use crate::text::yaml;

/// What a job in the cluster has to know of it.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// The namespace it runs in.
    pub namespace: String,
    /// The image of the program.
    pub image: String,
    /// The role that the job takes.
    pub identity: JobIdentity,
    /// The text of the declaration.
    pub declaration: String,
}

/// The role that a job in the cluster takes.
#[derive(Clone, Debug)]
pub enum JobIdentity {
    /// One that is a part of the stack, and stands.
    OfStack {
        /// Its ARN.
        role: String,
    },
    /// One that a person makes. It only reads.
    Apart {
        /// ARN of the OIDC provider of the cluster.
        provider: String,
        /// The issuer of its tokens, without `https://`.
        issuer: String,
    },
}

/// The user `nonroot` of the image.
const UID: u32 = 65532;

/// Key of the Secret with the URL of a dead man's switch.
const HEARTBEAT: &str = "heartbeat";

/// AWS does not answer, or refuses the credentials: what another attempt may mend.
const UNREACHABLE: u8 = 69;

pub(super) fn files(job: &DriftJob, cluster: &ClusterFacts, out: &str) -> JobFiles {
    let (name, namespace) = (job.name(), &cluster.namespace);
    let manifests = job.file(".kubernetes.yaml");
    let mut files = vec![JobFile { name: manifests.clone(), text: text(job, cluster) }];
    let mut next = vec![image(&cluster.image)];
    if let JobIdentity::Apart { provider, issuer } = &cluster.identity {
        let [reading, trust] = [".policy.json", ".kubernetes-trust.json"].map(|rest| job.file(rest));
        let subject = format!("system:serviceaccount:{namespace}:{name}");
        next.extend(role_steps(&job.scope.region, &name, &trust, &reading, out));
        files.push(JobFile::json(reading, &looking_for_drift(&job.scope)));
        files.push(JobFile::json(trust, &policy::trust(provider, issuer, &subject)));
    }
    files.push(alerts::of_cronjob(job, namespace));
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
    let head = format!("Looks for drift of {}. Written by ppm-infra drift schedule --as kubernetes.", job.scope.stack);
    let manifests = [account(job, cluster), declaration(job, cluster), network(job, cluster), cron_job(job, cluster)];
    yaml::commented(&[head], &[]) + &yaml::documents(&manifests)
}

fn metadata(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    json!({"name": job.name(), "namespace": cluster.namespace, "labels": labels(job)})
}

fn labels(job: &DriftJob) -> Value {
    json!({"app.kubernetes.io/name": "ppm-infra", "app.kubernetes.io/component": "drift", "app.kubernetes.io/instance": job.scope.stack})
}

/// The account that the role trusts. The token for AWS is projected by EKS; that for the cluster's own API is not wanted.
fn account(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let role = match &cluster.identity {
        JobIdentity::OfStack { role } => role.clone(),
        JobIdentity::Apart { .. } => job.iam(&format!("role/{}", job.name())),
    };
    let mut metadata = metadata(job, cluster);
    metadata["annotations"] = json!({"eks.amazonaws.com/role-arn": role});
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata, "automountServiceAccountToken": false})
}

fn declaration(job: &DriftJob, cluster: &ClusterFacts) -> Value {
    let key = format!("{}.yaml", job.scope.stack);
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
    let options: &[&str] = match cluster.identity {
        JobIdentity::OfStack { .. } => &[],
        JobIdentity::Apart { .. } => &[NO_RECORD],
    };
    let container = json!({
        "name": "drift",
        "image": cluster.image,
        "args": job.image_arguments(options),
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
