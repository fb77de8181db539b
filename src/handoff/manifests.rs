//! Kubernetes Secrets with their values in them, for a pipe to kubectl.
//!
//! Promises: a value goes from its owner into one text that is wiped, and stands nowhere else on the way.

use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use crate::helm::{DATABASE_SECRET, DATABASE_SECRET_KEY, ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY};
use crate::model::secret::SecretText;
use crate::product::License;
use crate::text::yaml::{is_word, word};

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

/// A Secret with one key.
struct Secret<'a> {
    namespace: &'a str,
    name: &'a str,
    key: &'a str,
    value: Option<&'a SecretString>,
    is_immutable: bool,
}

/// The manifests for `namespace`, one YAML document each.
pub fn secrets(namespace: &str, license: &License, material: &Material) -> SecretText {
    let mut text = SecretText::default();
    if let License::File { secret, key } = license {
        let (name, key, value) = (secret.as_str(), key.as_str(), material.license.as_ref());
        Secret { namespace, name, key, value, is_immutable: false }.write(&mut text);
    }
    let (name, key, value) = (DATABASE_SECRET, DATABASE_SECRET_KEY, material.database_password.as_ref());
    Secret { namespace, name, key, value, is_immutable: false }.write(&mut text);
    // Replacing it would make everything unreadable that was encrypted with it: Kubernetes is to refuse that.
    let (name, key, value) = (ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, material.encryption_key.as_ref());
    Secret { namespace, name, key, value, is_immutable: true }.write(&mut text);
    text
}

impl Secret<'_> {
    /// Adds the manifest, if there is a value for it.
    fn write(&self, text: &mut SecretText) {
        let Some(value) = self.value else { return };
        // In base64 no line end can be added or lost on the way.
        let mut digits = SecretText::default();
        digits.push_base64(&STANDARD, value.expose_secret().as_bytes());
        let quote = if is_word(digits.expose()) { "" } else { "\"" };
        let (name, namespace, key) = (word(self.name), word(self.namespace), word(self.key));
        let immutable = if self.is_immutable { "immutable: true\n" } else { "" };
        for part in [
            "---\napiVersion: v1\ndata:\n  ",
            &key,
            ": ",
            quote,
            digits.expose(),
            quote,
            "\n",
            immutable,
            "kind: Secret\nmetadata:\n  name: ",
            &name,
            "\n  namespace: ",
            &namespace,
            "\ntype: Opaque\n",
        ] {
            text.push_str(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::text::read_yaml;

    /// Made of values that look like something else in YAML.
    fn printed(namespace: &str, password: &str, key: &str) -> SecretText {
        // That it takes and gives nothing that is not wiped is a matter of types.
        let writer: fn(&str, &License, &Material) -> SecretText = secrets;
        let license = License::File { secret: "license".parse().unwrap(), key: "1".parse().unwrap() };
        let material = Material {
            database_password: Some(SecretString::from(password)),
            encryption_key: Some(SecretString::from(key)),
            license: None,
        };
        writer(namespace, &license, &material)
    }

    #[test]
    fn whatever_the_values_the_manifests_read_back() {
        // In base64: a word, nothing, signs that are no part of a word, digits first.
        for (password, key) in [("foo", "hunter2"), ("", "???>>>"), ("\u{37f}\n", "a\n")] {
            let text = printed("on-1", password, key);
            let read: Vec<Value> = text.expose().split("---\n").skip(1).map(|one| read_yaml(one).unwrap()).collect();
            let secret = |name: &str, key: &str, value: &str| {
                let mut digits = SecretText::default();
                digits.push_base64(&STANDARD, value.as_bytes());
                json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                       "metadata": {"name": name, "namespace": "on-1"}, "data": {key: digits.expose()}})
            };
            let mut immutable = secret(ENCRYPTION_SECRET, ENCRYPTION_SECRET_KEY, key);
            immutable["immutable"] = json!(true);
            assert_eq!(read, [secret(DATABASE_SECRET, DATABASE_SECRET_KEY, password), immutable], "{}", text.expose());
        }
    }
}
