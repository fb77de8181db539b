//! Whether the inputs have the forms they must have and agree with each other.
//!
//! Leaves the forms themselves to `form`, sizes and budgets to `sizing` and `connections`.

use super::form::{self, Form};
use super::{Exposure, Ingress, Inputs, ValuesError};
use crate::product::{License, usage_database};

/// Refuses inputs that are malformed or contradict each other.
pub(super) fn inputs(inputs: &Inputs) -> Result<(), ValuesError> {
    texts(inputs)?;
    numbers(inputs)?;
    exposure(inputs)?;
    license(&inputs.license)?;
    extras(inputs)?;
    for (field, arn) in [
        ("database_secret_arn", &inputs.database_secret_arn),
        ("encryption_key_secret_arn", &inputs.encryption_key_secret_arn),
    ] {
        in_region(field, arn, &inputs.region)?;
    }
    if inputs.replicas > inputs.node_count {
        return Err(ValuesError::MoreReplicasThanNodes { replicas: inputs.replicas, node_count: inputs.node_count });
    }
    Ok(())
}

fn texts(inputs: &Inputs) -> Result<(), ValuesError> {
    let rules: [(&'static str, &str, &Form); 14] = [
        ("namespace", &inputs.namespace, &form::NAMESPACE),
        ("release", &inputs.release, &form::RELEASE),
        ("chart_version", &inputs.chart_version, &form::CHART_VERSION),
        ("role_arn", &inputs.role_arn, &form::ROLE),
        ("database_host", &inputs.database_host, &form::HOST),
        ("database_name", &inputs.database_name, &form::DATABASE_NAME),
        ("database_user", &inputs.database_user, &form::DATABASE_NAME),
        ("bucket", &inputs.bucket, &form::BUCKET),
        ("region", &inputs.region, &form::REGION),
        ("node_label key", &inputs.node_label.0, &form::LABEL_KEY),
        ("node_label value", &inputs.node_label.1, &form::LABEL_VALUE),
        ("database_secret_arn", &inputs.database_secret_arn, &form::SECRET),
        ("encryption_key_secret_arn", &inputs.encryption_key_secret_arn, &form::SECRET),
        ("cluster_name", &inputs.cluster_name, &form::CLUSTER),
    ];
    rules.into_iter().try_for_each(|(field, value, form)| matches(field, value, form))?;
    optional("load_balancer_dns_name", inputs.load_balancer_dns_name.as_ref(), &form::HOST)?;
    optional("address", inputs.address.as_ref(), &form::ADDRESS)
}

fn license(license: &License) -> Result<(), ValuesError> {
    match license {
        License::File { secret, key } => {
            matches("license_secret", secret.as_str(), &form::LICENSE_SECRET)?;
            matches("license_key", key.as_str(), &form::SECRET_KEY)
        }
        License::Server(_) => Ok(()),
    }
}

/// File systems beside each other, and the place of usage data.
fn extras(inputs: &Inputs) -> Result<(), ValuesError> {
    if let (Some(storage), Some(data)) = (&inputs.shared_storage, &inputs.offline_data) {
        if data.overlaps(storage) {
            let expected = "a path apart from that of the shared storage";
            return Err(invalid("offline data path", data.path.as_str(), expected));
        }
        if data.is_same_as(storage) {
            let expected = "another file system than the shared storage, or another access point of it";
            return Err(invalid("offline data", data.file_system.as_str(), expected));
        }
    }
    if inputs.usage_data.is_some() {
        matches("usage database", &usage_database(&inputs.database_name), &form::DATABASE_NAME)?;
    }
    Ok(())
}

fn numbers(inputs: &Inputs) -> Result<(), ValuesError> {
    let counts = [
        ("replicas", inputs.replicas),
        // The server's pool takes 0 for "no limit".
        ("database_connections", inputs.database_connections),
        ("database_port", inputs.database_port.into()),
    ];
    let zero = counts.into_iter().find(|(_, count)| *count == 0);
    zero.map_or(Ok(()), |(field, _)| Err(invalid(field, "0", "at least 1")))
}

fn exposure(inputs: &Inputs) -> Result<(), ValuesError> {
    match &inputs.exposure {
        // The range that Kubernetes reserves for node ports.
        Exposure::NodePort { port } if (30000..=32767).contains(port) => Ok(()),
        Exposure::NodePort { port } => Err(invalid("exposure port", &port.to_string(), "a port from 30000 to 32767")),
        Exposure::TargetGroupBinding { target_group_arn, vpc_id } => {
            matches("target_group_arn", target_group_arn, &form::TARGET_GROUP)?;
            in_region("target_group_arn", target_group_arn, &inputs.region)?;
            matches("vpc_id", vpc_id, &form::VPC)
        }
        Exposure::Ingress(ingress) => check_ingress(ingress, &inputs.region),
    }
}

fn check_ingress(ingress: &Ingress, region: &str) -> Result<(), ValuesError> {
    matches("ingress host", &ingress.host, &form::HOST)?;
    optional("certificate_arn", ingress.certificate_arn.as_ref(), &form::CERTIFICATE)?;
    if let Some(arn) = &ingress.certificate_arn {
        in_region("certificate_arn", arn, region)?;
    }
    ingress.allow_from.iter().try_for_each(|network| matches("allow_from", network, &form::NETWORK))?;
    ingress.subnets.iter().try_for_each(|subnet| matches("subnet", subnet, &form::SUBNET))
}

fn optional(field: &'static str, value: Option<&String>, form: &Form) -> Result<(), ValuesError> {
    value.map_or(Ok(()), |value| matches(field, value, form))
}

fn matches(field: &'static str, value: &str, form: &Form) -> Result<(), ValuesError> {
    if (form.holds)(value) { Ok(()) } else { Err(invalid(field, value, form.expected)) }
}

fn invalid(field: &'static str, value: &str, expected: &'static str) -> ValuesError {
    ValuesError::Invalid { field, value: value.to_owned(), expected }
}

fn in_region(field: &'static str, arn: &str, region: &str) -> Result<(), ValuesError> {
    if arn.split(':').nth(3) == Some(region) {
        Ok(())
    } else {
        Err(ValuesError::OtherRegion { field, arn: arn.to_owned(), region: region.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::helm::tests::{ingress, reference, target_group_binding};
    use crate::product::{FileSystem, UsageData};

    fn file(secret: &str, key: &str) -> License {
        License::File { secret: secret.parse().unwrap(), key: key.parse().unwrap() }
    }

    /// Shared storage at `/data`, and other data at a path.
    fn two(file_system: &str, path: &str) -> (Option<FileSystem>, Option<FileSystem>) {
        let files = |file_system: &str, path: &str| FileSystem {
            file_system: file_system.parse().unwrap(),
            access_point: None,
            path: path.parse().unwrap(),
        };
        (Some(files("fs-00000002", "/data")), Some(files(file_system, path)))
    }

    fn refused(change: impl FnOnce(&mut Inputs)) -> String {
        let mut changed = reference();
        change(&mut changed);
        inputs(&changed).expect_err("the change must be refused").to_string()
    }

    #[test]
    fn the_reference_passes() {
        assert_eq!(inputs(&reference()), Ok(()));
        assert_eq!(inputs(&target_group_binding()), Ok(()));
        let exposure = Exposure::Ingress(ingress());
        assert_eq!(inputs(&Inputs { exposure, load_balancer_dns_name: None, ..reference() }), Ok(()));
    }

    #[test]
    fn every_malformed_input_is_named() {
        type Case = (fn(&mut Inputs), &'static str);
        let cases: [Case; 37] = [
            (|i| i.namespace = "Ppm".into(), "namespace"),
            (|i| i.namespace = "ppm-".into(), "namespace"),
            (|i| i.release = "1ppm".into(), "release"),
            (|i| i.release = "p".repeat(54), "release"),
            (|i| i.chart_version = "^0.20".into(), "chart_version"),
            (|i| i.chart_version = "0.5.42".into(), "chart_version"),
            (|i| i.chart_version = "0.20.4-1".into(), "chart_version"),
            (|i| i.license = file("ppm-secrets", "a.lic"), "license_secret"),
            (|i| i.license = file("license", ".x"), "license_key"),
            (|i| (i.shared_storage, i.offline_data) = two("fs-00000001", "/data/in"), "offline data path"),
            (|i| (i.shared_storage, i.offline_data) = two("fs-00000002", "/mnt"), "offline data"),
            (|i| (i.usage_data, i.database_name) = (Some(UsageData::Database), "p".repeat(60)), "usage database"),
            (|i| i.exposure = Exposure::Ingress(Ingress { host: "a b".into(), ..ingress() }), "ingress host"),
            (|i| i.exposure = Exposure::Ingress(Ingress { allow_from: vec!["all".into()], ..ingress() }), "allow_from"),
            (|i| i.exposure = Exposure::Ingress(Ingress { subnets: vec!["a,b".into()], ..ingress() }), "subnet"),
            (
                |i| i.exposure = Exposure::Ingress(Ingress { certificate_arn: Some("x".into()), ..ingress() }),
                "certificate_arn",
            ),
            (|i| i.role_arn = "arn:aws:iam::1:role/x".into(), "role_arn"),
            (|i| i.role_arn = "arn:aws:iam::111122223333:user/x".into(), "role_arn"),
            (|i| i.database_host = "db host".into(), "database_host"),
            (|i| i.database_port = 0, "database_port"),
            (|i| i.database_name = "p-pm".into(), "database_name"),
            (|i| i.database_user = "p@m".into(), "database_user"),
            (|i| i.bucket = "Bucket".into(), "bucket"),
            (|i| i.bucket = "bu".into(), "bucket"),
            (|i| i.region = "us-east".into(), "region"),
            (|i| i.address = Some("packages.example.com".into()), "address"),
            (|i| i.address = Some("https://packages.example.com/".into()), "address"),
            (|i| i.address = Some("https://packages.example.com:x".into()), "address"),
            (|i| i.load_balancer_dns_name = Some("a$b".into()), "load_balancer_dns_name"),
            (|i| i.node_label.0 = "node.kubernetes.io/role".into(), "node_label key"),
            (|i| i.node_label.1 = String::new(), "node_label value"),
            (|i| i.replicas = 0, "replicas"),
            (|i| i.database_connections = 0, "database_connections"),
            (|i| i.exposure = Exposure::NodePort { port: 29999 }, "exposure port"),
            (|i| i.database_secret_arn = "arn:aws:kms:us-east-1:111122223333:key/x".into(), "database_secret_arn"),
            (|i| i.encryption_key_secret_arn = "$(id)".into(), "encryption_key_secret_arn"),
            (|i| i.cluster_name = "-ppm".into(), "cluster_name"),
        ];
        for (change, field) in cases {
            let message = refused(change);
            assert!(message.starts_with(&format!("{field} is `")), "{field}: {message}");
        }
    }

    #[test]
    fn a_target_group_must_be_one_of_this_region() {
        let binding = |target_group_arn: &str, vpc_id: &str| Exposure::TargetGroupBinding {
            target_group_arn: target_group_arn.to_owned(),
            vpc_id: vpc_id.to_owned(),
        };
        let here = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/ppm-prod-1/0123456789abcdef";
        let there = here.replace("us-east-1", "eu-west-1");
        assert!(refused(|i| i.exposure = binding(&there, "vpc-0a")).contains("not in region us-east-1"));
        assert!(refused(|i| i.exposure = binding("{{ .Values.x }}", "vpc-0a")).contains("ARN of a target group"));
        assert!(refused(|i| i.exposure = binding(here, "vpc-{{")).contains("id of a VPC"));
    }

    #[test]
    fn more_replicas_than_nodes_name_both_ways_out() {
        let message = refused(|i| i.replicas = 4);
        assert!(
            message.contains("package_manager.replicas") && message.contains("kubernetes.nodes.count"),
            "{message}"
        );
    }

    #[test]
    fn other_partitions_and_label_forms_pass() {
        let mut other = reference();
        other.region = "us-gov-west-1".into();
        other.role_arn = "arn:aws-us-gov:iam::111122223333:role/team/ppm+x@y".into();
        other.database_secret_arn = "arn:aws-us-gov:secretsmanager:us-gov-west-1:111122223333:secret:a/b-AbCdEf".into();
        other.encryption_key_secret_arn = other.database_secret_arn.clone();
        other.node_label = ("eks.amazonaws.com/nodegroup".into(), "ppm-prod_1.a".into());
        other.address = Some("http://packages:8080".into());
        assert_eq!(inputs(&other), Ok(()));
    }
}
