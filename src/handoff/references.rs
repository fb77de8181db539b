//! Manifests by which software in the cluster fetches the values itself. They hold names and ARNs, never a value.

use serde_json::{Value, json};

use crate::helm::{DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, Inputs};

/// Service account by which the External Secrets Operator reads: the subject in the trust policy of its role.
pub const READER: &str = "ppm-secrets-reader";

/// Manifests for the External Secrets Operator: service account with `role_arn`, store, and one external secret for each
/// Secret.
pub fn external_secrets(inputs: &Inputs, role_arn: &str) -> Vec<Value> {
    let namespace = &inputs.namespace;
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": READER, "namespace": namespace, "annotations": {"eks.amazonaws.com/role-arn": role_arn}},
    });
    let store = json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": STORE, "namespace": namespace},
        "spec": {"provider": {"aws": {
            "service": "SecretsManager",
            "region": inputs.region,
            "auth": {"jwt": {"serviceAccountRef": {"name": READER}}},
        }}},
    });
    let database = json!({"key": inputs.database_secret_arn, "property": "password"});
    let key = json!({"key": inputs.encryption_key_secret_arn});
    vec![
        account,
        store,
        external(namespace, DATABASE_SECRET, DATABASE_SECRET_KEY, &database),
        external(namespace, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, &key),
    ]
}

const STORE: &str = "ppm-aws";

fn external(namespace: &str, name: &str, key: &str, remote: &Value) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": {"kind": "SecretStore", "name": STORE},
            // Without its ExternalSecret the Secret stays: pods that start again still find it.
            "target": {"name": name, "creationPolicy": "Orphan"},
            "data": [{"secretKey": key, "remoteRef": remote}],
        },
    })
}

/// Manifest for the Secrets Store CSI driver and its AWS provider. Its Secrets exist only while a pod mounts the volume.
pub fn provider_class(inputs: &Inputs) -> Value {
    let (password, key) = ("database-password", "encryption-key");
    // The provider takes this list as text. JSON is YAML.
    let objects = json!([
        {"objectName": inputs.database_secret_arn, "jmesPath": [{"path": "password", "objectAlias": password}]},
        {"objectName": inputs.encryption_key_secret_arn, "objectAlias": key},
    ]);
    let synced = |name: &str, secret_key: &str, object: &str| json!({"secretName": name, "type": "Opaque", "data": [{"objectName": object, "key": secret_key}]});
    json!({
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": format!("{}-secrets", inputs.release), "namespace": inputs.namespace},
        "spec": {
            "provider": "aws",
            "parameters": {"region": inputs.region, "objects": format!("{objects:#}\n")},
            "secretObjects": [
                synced(DATABASE_SECRET, DATABASE_SECRET_KEY, password),
                synced(ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, key),
            ],
        },
    })
}
