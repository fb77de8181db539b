//! Kubernetes Secrets with their values in them, for a pipe to kubectl.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::helm::{DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY};
use crate::model::base64;
use crate::product::License;
use crate::text::yaml::{self, YamlNode};

/// Values for the Secrets; what is not given is left out.
#[derive(Debug, Default)]
pub struct Material {
    /// Password of the database user.
    pub database_password: Option<SecretString>,
    /// Encryption key of Package Manager.
    pub encryption_key: Option<SecretString>,
    /// Text of the license file.
    pub license: Option<SecretString>,
}

/// The manifests for `namespace`, one YAML document each.
pub fn secrets(namespace: &str, license: &License, material: &Material) -> SecretString {
    let mut text = String::new();
    let mut add = |name: &str, key: &str, value: &Option<SecretString>, fixed: bool| {
        if let Some(value) = value {
            text.push_str("---\n");
            text.push_str(&yaml::document(&YamlNode::from(&secret(namespace, name, key, value, fixed))));
        }
    };
    if let License::File { secret, key } = license {
        add(secret.as_str(), key.as_str(), &material.license, false);
    }
    add(DATABASE_SECRET, DATABASE_SECRET_KEY, &material.database_password, false);
    // Whoever replaced it would make everything unreadable that was encrypted with it: Kubernetes is to refuse that.
    add(ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, &material.encryption_key, true);
    SecretString::from(text)
}

fn secret(namespace: &str, name: &str, key: &str, value: &SecretString, immutable: bool) -> Value {
    let mut manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": "Opaque",
        // In base64 no line end can be added or lost on the way.
        "data": {key: base64::standard(value.expose_secret().as_bytes())},
    });
    if immutable {
        manifest["immutable"] = json!(true);
    }
    manifest
}
