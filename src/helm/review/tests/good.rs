//! Files in which nothing is found.

use super::{
    Inputs, StackFacts, behind_an_ingress, checked, edits, file, ingress, reference, review, target_group_binding,
};
use crate::helm::Strategy;
use crate::helm::tests::settings;
use crate::helm::tests::{files, license_from_a_server};
use crate::product::{Image, UsageData};

fn with_storage() -> Inputs {
    let storage = files("fs-0123456789abcdef0", None, "/data");
    Inputs { shared_storage: Some(storage), ..reference() }
}

#[test]
fn files_of_this_program() {
    let license = license_from_a_server();
    let image =
        Some(Image { repository: "mirror.example.com:5000/ppm".parse().unwrap(), tag: "2026.08.0".parse().unwrap() });
    let all = [
        reference(),
        target_group_binding(),
        behind_an_ingress(ingress()),
        with_storage(),
        Inputs { license, ..reference() },
        Inputs { image, ..reference() },
        Inputs { strategy: Strategy::Recreate, ..reference() },
        Inputs { chart_version: "0.5.43".into(), ..reference() },
        Inputs { address: None, ..reference() },
        Inputs { settings: settings(), usage_data: Some(UsageData::Schema), ..reference() },
        Inputs { usage_data: Some(UsageData::Database), ..with_storage() },
        Inputs { replicas: 1, node_count: 1, ..reference() },
        Inputs { replicas: 5, node_count: 7, instance_type: "t3.large".into(), disk_gib: 20, ..reference() },
    ];
    for inputs in all {
        let review = checked(&file(&inputs), &inputs);
        assert_eq!(review.findings, [], "{review}");
    }
}

#[test]
fn good_edits() {
    let good = file(&reference());
    for edit in edits("valid") {
        let [from, to] = &edit[..] else { panic!("{edit:?}") };
        assert!(good.contains(from), "the file has no `{from}`");
        let review = checked(&good.replacen(from, to, 1), &reference());
        assert_eq!(review.findings, [], "{to}: {review}");
    }
}

/// What the chart's own values lack: the same for both lines.
#[rustfmt::skip]
const REQUIRED: [(&str, &str); 12] = [
    ("fullnameOverride: \"\"", "fullnameOverride: \"ppm\""),
    ("    secret: false", "    secret: rstudio-pm-license"),
    ("  type: ClusterIP", "  type: NodePort"),
    ("  nodePort: false", "  nodePort: 30443"),
    ("  env: []", "  env:\n    - {name: PACKAGEMANAGER_ENCRYPTION_KEY, valueFrom: {secretKeyRef: {name: a, key: k}}}\n    - {name: PACKAGEMANAGER_POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}\n    - {name: PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}"),
    ("    enabled: false\n    memory: \"2Gi\"", "    enabled: true\n    memory: \"2Gi\""),
    ("    enabled: false\n    memory: \"4Gi\"", "    enabled: true\n    memory: \"4Gi\""),
    ("    ephemeralStorage: \"200Mi\"", "    ephemeralStorage: \"20Gi\""),
    ("  # -- Annotations for the ServiceAccount, if any\n  annotations: {}", "  annotations: {eks.amazonaws.com/role-arn: \"arn:aws:iam::111122223333:role/ppm-prod-package-manager\"}"),
    ("config:\n", "config:\n  Database: {Provider: postgres}\n  Postgres: {URL: \"postgres://ppm@ppm-prod.abc123.us-east-1.rds.amazonaws.com:5432/ppm?sslmode=require\"}\n"),
    ("  HTTP:\n", "  Storage: {Default: s3}\n  S3Storage: {Bucket: ppm-prod-111122223333, Region: us-east-1}\n  HTTP:\n"),
    ("replicas: 1", "replicas: 1 # one pod"),
];

/// The values of the charts themselves, where they are at hand: `PPM_INFRA_CHARTS` names a folder with unpacked charts,
/// `rstudio-pm-0.5.43` and `rstudio-pm-0.20.4`.
#[test]
#[expect(clippy::disallowed_methods, reason = "what is tested is chosen outside")]
fn the_charts_own_values_with_what_they_lack() {
    let Ok(folder) = std::env::var("PPM_INFRA_CHARTS") else {
        eprintln!("PPM_INFRA_CHARTS is not set: the charts' own values are not compared");
        return;
    };
    for chart_version in ["0.5.43", "0.20.4"] {
        let path = std::path::Path::new(&folder).join(format!("rstudio-pm-{chart_version}/values.yaml"));
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("there is no {}: the chart's own values are not compared", path.display());
            continue;
        };
        let inputs = Inputs { chart_version: chart_version.into(), ..reference() };
        let bare = checked(&text, &inputs);
        assert!(bare.findings.iter().all(|finding| !finding.what.contains("no key")), "{bare}");
        let whole = REQUIRED.iter().fold(text, |text, (from, to)| {
            assert!(text.contains(from), "the chart's values have no `{from}`");
            text.replacen(from, to, 1)
        });
        let review = checked(&whole, &inputs);
        assert_eq!(review.findings, [], "{review}");
    }
}

/// The same required settings alone, on top of whatever the chart has.
#[test]
fn the_least_that_is_needed() {
    let text = "\
fullnameOverride: ppm
license: {file: {secret: rstudio-pm-license, secretKey: rstudio-pm.lic}}
service: {type: NodePort, nodePort: 30443}
serviceAccount:
  annotations: {eks.amazonaws.com/role-arn: \"arn:aws:iam::111122223333:role/ppm-prod-package-manager\"}
pod:
  env:
    - {name: PACKAGEMANAGER_ENCRYPTION_KEY, valueFrom: {secretKeyRef: {name: a, key: k}}}
    - {name: PACKAGEMANAGER_POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}
    - {name: PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}
config:
  Database: {Provider: postgres}
  Postgres: {URL: \"postgres://ppm@ppm-prod.abc123.us-east-1.rds.amazonaws.com/ppm?sslmode=require\"}
  Storage: {Default: s3}
  S3Storage: {Bucket: ppm-prod-111122223333, Region: us-east-1}
resources:
  requests: {enabled: true}
  limits: {enabled: true, ephemeralStorage: 20Gi}
";
    let review = checked(text, &reference());
    assert_eq!(review.findings, [], "{review}");
}

/// A volume that pods share asks for no role, nor for a bucket; neither do a database and a server of licenses.
#[test]
fn shared_storage_without_a_role() {
    let common = "\
fullnameOverride: ppm
license: {server: \"licenses.example.com:8989\"}
service: {type: NodePort, nodePort: 30443}
pod:
  env:
    - {name: PACKAGEMANAGER_ENCRYPTION_KEY, valueFrom: {secretKeyRef: {name: a, key: k}}}
    - {name: PACKAGEMANAGER_POSTGRES_PASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}
    - {name: PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD, valueFrom: {secretKeyRef: {name: b, key: k}}}
resources:
  requests: {enabled: true}
  limits: {enabled: true, ephemeralStorage: 20Gi}
";
    let config = |more: &str| {
        let database =
            "Postgres: {URL: \"postgres://ppm@ppm-prod.abc123.us-east-1.rds.amazonaws.com/ppm?sslmode=require\"}";
        format!("config:\n  Database: {{Provider: postgres}}\n  {database}\n{more}")
    };
    for (storage, more) in [
        ("sharedStorage: {create: true}\n", ""),
        ("sharedStorage: {create: true}\n", "  Storage: {Default: file}\n"),
        ("sharedStorage: {mount: true, name: ppm-data}\n", ""),
        ("sharedStorage: {create: true, path: /data}\n", "  Server: {DataDir: /data}\n"),
        ("sharedStorage: {create: true, path: /data}\n", "  Server: {DataDir: /data/here}\n"),
    ] {
        let text = format!("{common}{storage}{}", config(more));
        let review = review("values.yaml", &text, &StackFacts::default());
        assert_eq!(review.findings, [], "{storage}{more}{review}");
    }
}

#[test]
fn a_file_without_a_stack_is_checked_by_itself() {
    let review = review("values.yaml", &file(&reference()), &StackFacts::default());
    assert_eq!(review.findings, [], "{review}");
}
