//! Whether Kubernetes knows every field of what is handed to it: what it does not know it drops without a word.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Secret, ServiceAccount};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::product::{License, UsageData};
use crate::text::read_yaml;

/// Says what of `value` is lost, or read as something else, on the way through the type of Kubernetes.
pub(crate) fn reads_as<T: DeserializeOwned + Serialize>(value: &Value) -> Result<(), String> {
    let read: T = serde_json::from_value(value.clone()).map_err(|error| format!("{error}: {value}"))?;
    let again = serde_json::to_value(read).map_err(|error| error.to_string())?;
    if again == *value { Ok(()) } else { Err(format!("{value} is read as {again}")) }
}

/// Every manifest there is, by its kind.
fn manifests() -> Vec<Value> {
    let job = |usage_data: Option<UsageData>, application: Option<(String, String)>| {
        database_job(&DatabaseJob {
            namespace: "ppm".to_owned(),
            host: "db.example.com".to_owned(),
            port: 5432,
            user: "ppm".to_owned(),
            database: "ppm".to_owned(),
            usage_data,
            image: "docker.io/library/postgres:17".to_owned(),
            application,
        })
    };
    let arn = |name: &str| format!("arn:aws:secretsmanager:us-east-1:111122223333:secret:{name}");
    let names = Names {
        namespace: "ppm".to_owned(),
        release: "ppm".to_owned(),
        region: "us-east-1".to_owned(),
        database_secret_arn: arn("database"),
        encryption_key_secret_arn: arn("encryption-key"),
    };
    let license = License::File { secret: "license".parse().unwrap(), key: "ppm.lic".parse().unwrap() };
    let value = || Some(SecretString::from("value"));
    let material = Material { database_password: value(), encryption_key: value(), license: value() };
    let secrets = secrets("ppm", &license, &material);
    let secrets = secrets.expose().split("---\n").filter(|one| !one.is_empty()).map(|one| read_yaml(one).unwrap());
    let application = Some(("app".to_owned(), "app-login".to_owned()));
    let mut all: Vec<Value> = secrets.collect();
    all.extend(external_secrets(&names, "arn:aws:iam::111122223333:role/reader"));
    all.push(provider_class(&names));
    all.extend([job(None, None), job(Some(UsageData::Database), None), job(Some(UsageData::Schema), application)]);
    all
}

#[test]
fn kubernetes_knows_every_field_of_every_manifest() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for manifest in manifests() {
        let kind = manifest["kind"].as_str().unwrap();
        let read = match kind {
            "Secret" => reads_as::<Secret>(&manifest),
            "ServiceAccount" => reads_as::<ServiceAccount>(&manifest),
            "Job" => reads_as::<Job>(&manifest),
            // Kinds that others add to Kubernetes: all that is its own of them is who they are.
            "SecretStore" | "ExternalSecret" | "SecretProviderClass" => reads_as::<ObjectMeta>(&manifest["metadata"]),
            other => panic!("{other} is not checked"),
        };
        assert_eq!(read, Ok(()), "{kind}");
        *seen.entry(kind.to_owned()).or_default() += 1;
    }
    let counts: Vec<(&str, u32)> = seen.iter().map(|(kind, count)| (kind.as_str(), *count)).collect();
    let expected = [
        ("ExternalSecret", 2),
        ("Job", 3),
        ("Secret", 3),
        ("SecretProviderClass", 1),
        ("SecretStore", 1),
        ("ServiceAccount", 1),
    ];
    assert_eq!(counts, expected);
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_found() {
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "a", "nmespace": "b"}});
    assert!(reads_as::<ServiceAccount>(&account).unwrap_err().contains("nmespace"));
    let job = json!({"apiVersion": "batch/v2", "kind": "Job", "metadata": {}});
    assert!(reads_as::<Job>(&job).is_err());
}
