//! A stack as programs are shown it: under the keys by which it is declared, whatever it is taken apart into here.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{Chart, DeclaredDrift, PackageManager, Platform, Stack};
use crate::model::lifecycle::LifecycleDays;
use crate::model::put_right::PutRightRules;
use crate::model::values::{HostPort, SecretKey, SecretName};
use crate::product::License;

/// What runs on a cluster, as one section of a declaration says it.
#[derive(Serialize)]
struct Installed<'a> {
    #[serde(flatten)]
    manager: &'a PackageManager,
    license: LicenseKeys<'a>,
    #[serde(flatten)]
    chart: &'a Chart,
}

/// Where the license is, by the keys that say it; those that say nothing are null.
#[derive(Serialize)]
struct LicenseKeys<'a> {
    secret: Option<&'a SecretName>,
    key: Option<&'a SecretKey>,
    server: Option<&'a HostPort>,
}

impl<'a> LicenseKeys<'a> {
    fn of(license: &'a License) -> Self {
        match license {
            License::File { secret, key } => Self { secret: Some(secret), key: Some(key), server: None },
            License::Server(server) => Self { secret: None, key: None, server: Some(server) },
        }
    }
}

/// The keys under `drift`.
#[derive(Serialize)]
struct DriftKeys<'a> {
    #[serde(flatten)]
    drift: Option<&'a DeclaredDrift>,
    #[serde(flatten)]
    lifecycle: LifecycleDays,
    #[serde(skip_serializing_if = "Option::is_none")]
    put_right: Option<&'a PutRightRules>,
}

impl Serialize for Stack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            stack,
            region,
            account,
            platform,
            network,
            database,
            storage,
            load_balancer,
            package_manager: manager,
            protect,
            state,
            drift,
            lifecycle,
            put_right,
            usage,
            tags,
            waivers,
        } = self;
        let mut keys = serializer.serialize_map(None)?;
        keys.serialize_entry("stack", stack)?;
        keys.serialize_entry("region", region)?;
        keys.serialize_entry("account", account)?;
        keys.serialize_entry("architecture", &platform.architecture())?;
        keys.serialize_entry("network", network)?;
        match platform {
            Platform::Kubernetes(kubernetes) => {
                keys.serialize_entry("kubernetes", kubernetes)?;
                let license = LicenseKeys::of(&manager.license);
                keys.serialize_entry("package_manager", &Installed { manager, license, chart: &kubernetes.chart })?;
            }
        }
        keys.serialize_entry("database", database)?;
        keys.serialize_entry("storage", storage)?;
        keys.serialize_entry("load_balancer", load_balancer)?;
        keys.serialize_entry("protect", protect)?;
        keys.serialize_entry("state", state)?;
        let drift = DriftKeys { drift: drift.as_ref(), lifecycle: *lifecycle, put_right: put_right.as_ref() };
        keys.serialize_entry("drift", &drift)?;
        keys.serialize_entry("cost", usage)?;
        keys.serialize_entry("tags", tags)?;
        keys.serialize_entry("waivers", waivers)?;
        keys.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(lines: &str) -> Value {
        let text = format!("stack: ppm-prod\nregion: us-east-1\n{lines}");
        serde_json::to_value(Stack::parse("ppm.yaml", &text).unwrap()).unwrap()
    }

    #[test]
    fn what_is_declared_is_shown_under_the_key_that_declares_it() {
        let stack = shown("");
        assert_eq!(stack["architecture"], json!("kubernetes"));
        assert_eq!(stack["kubernetes"]["nodes"]["count"], json!(3));
        let manager = &stack["package_manager"];
        assert_eq!((&manager["replicas"], &manager["image"]), (&json!(3), &Value::Null));
        let keys: Vec<&str> = manager.as_object().unwrap().keys().map(String::as_str).collect();
        for key in [
            "namespace",
            "release",
            "chart_version",
            "secrets",
            "image",
            "database_connections",
            "shared_storage",
            "settings",
        ] {
            assert!(keys.contains(&key), "{key}: {keys:?}");
        }
        assert_eq!(manager["license"]["server"], Value::Null);
        assert!(manager["license"]["secret"].is_string() && manager["license"]["key"].is_string(), "{manager}");
    }

    #[test]
    fn a_license_server_is_shown_where_it_is_declared() {
        let stack = shown("package_manager: {license: {server: 'licenses.example.com:8989'}}\n");
        let license = &stack["package_manager"]["license"];
        assert_eq!(*license, json!({"secret": null, "key": null, "server": "licenses.example.com:8989"}));
    }
}
