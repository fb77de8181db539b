//! Manifests by which software in the cluster fetches the values itself. They hold names and ARNs, never a value.

use serde_json::{Value, json};

use crate::helm::{
    DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, SECRETS_READER, secret_class,
};

/// What such manifests name.
#[derive(Clone, Debug)]
pub struct Names {
    /// Namespace of the release.
    pub namespace: String,
    /// Helm release.
    pub release: String,
    /// Region of the secrets.
    pub region: String,
    /// Secrets Manager secret with JSON `{"username": …, "password": …}` of the database user.
    pub database_secret_arn: String,
    /// Secrets Manager secret whose text is the encryption key.
    pub encryption_key_secret_arn: String,
}

/// Manifests for the External Secrets Operator: service account with `role_arn`, store, and one external secret for each
/// Secret.
pub fn external_secrets(names: &Names, role_arn: &str) -> Vec<Value> {
    let namespace = &names.namespace;
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": SECRETS_READER, "namespace": namespace, "annotations": {"eks.amazonaws.com/role-arn": role_arn}},
    });
    let store = json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": {"name": STORE, "namespace": namespace},
        "spec": {"provider": {"aws": {
            "service": "SecretsManager",
            "region": names.region,
            "auth": {"jwt": {"serviceAccountRef": {"name": SECRETS_READER}}},
        }}},
    });
    let database = json!({"key": names.database_secret_arn, "property": "password"});
    let key = json!({"key": names.encryption_key_secret_arn});
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
pub fn provider_class(names: &Names) -> Value {
    let (password, key) = ("database-password", "encryption-key");
    // The provider takes this list as text. JSON is YAML.
    let objects = json!([
        {"objectName": names.database_secret_arn, "jmesPath": [{"path": "password", "objectAlias": password}]},
        {"objectName": names.encryption_key_secret_arn, "objectAlias": key},
    ]);
    let synced = |name: &str, secret_key: &str, object: &str| json!({"secretName": name, "type": "Opaque", "data": [{"objectName": object, "key": secret_key}]});
    json!({
        "apiVersion": "secrets-store.csi.x-k8s.io/v1",
        "kind": "SecretProviderClass",
        "metadata": {"name": secret_class(&names.release), "namespace": names.namespace},
        "spec": {
            "provider": "aws",
            "parameters": {"region": names.region, "objects": format!("{objects:#}\n")},
            "secretObjects": [
                synced(DATABASE_SECRET, DATABASE_SECRET_KEY, password),
                synced(ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, key),
            ],
        },
    })
}
