//! The forms that AWS, Kubernetes, Helm and the chart demand of texts.
//!
//! Promises: a text that holds contains no whitespace, quotes, braces, control characters or characters that mean
//! something to a shell, so that nothing in the values file or in a command can be broken out of.

use super::{DATABASE_SECRET, ENCRYPTION_SECRET};
use crate::text::is_bare_text;

/// A form of text.
pub(super) struct Form {
    /// Says whether a text has the form.
    pub(super) holds: fn(&str) -> bool,
    /// The form in words, after "expected".
    pub(super) expected: &'static str,
}

/// Oldest chart version the emitted keys were read against.
const OLDEST_CHART: (u32, u32, u32) = (0, 5, 43);

pub(super) const NAMESPACE: Form = Form {
    holds: |text| is_label(text, 63) && is_bare_text(text),
    expected: "lower-case letters, digits and hyphens, at most 63, and nothing that YAML takes for a number or a boolean",
};
/// A Service name must begin with a letter; 53 is Helm's own limit for releases.
pub(super) const RELEASE: Form = Form {
    holds: |text| {
        is_label(text, 53) && text.starts_with(|first: char| first.is_ascii_lowercase()) && is_bare_text(text)
    },
    expected: "lower-case letters, digits and hyphens, beginning with a letter, at most 53, and no word such as `on`",
};
pub(super) const CHART_VERSION: Form = Form {
    holds: |text| chart_version(text).is_some_and(|version| version >= OLDEST_CHART),
    expected: "three numbers like 0.20.4, at least 0.5.43",
};
pub(super) const LICENSE_SECRET: Form = Form {
    holds: |text| is_subdomain(text) && is_bare_text(text) && text != DATABASE_SECRET && text != ENCRYPTION_SECRET,
    expected: "the name of a Kubernetes Secret of its own",
};
pub(super) const SECRET_KEY: Form =
    Form { holds: is_secret_key, expected: "letters, digits, `-`, `_` and `.`, beginning with neither `.` nor `-`" };
pub(super) const ROLE: Form = Form { holds: is_role, expected: "the ARN of an IAM role" };
pub(super) const HOST: Form = Form { holds: is_host, expected: "a host name" };
/// What RDS allows for names of databases and users; none of it needs encoding in a URL.
pub(super) const DATABASE_NAME: Form =
    Form { holds: is_identifier, expected: "a letter, then letters, digits and `_`, at most 63" };
pub(super) const BUCKET: Form = Form { holds: is_bucket, expected: "the name of an S3 bucket" };
pub(super) const REGION: Form = Form { holds: is_region, expected: "a region like us-east-1" };
pub(super) const LABEL_KEY: Form =
    Form { holds: is_label_key, expected: "a label key outside kubernetes.io and k8s.io, which EKS refuses" };
pub(super) const LABEL_VALUE: Form = Form { holds: is_label_value, expected: "a label value" };
pub(super) const SECRET: Form = Form { holds: is_secret, expected: "the ARN of a Secrets Manager secret" };
pub(super) const CLUSTER: Form = Form { holds: is_cluster, expected: "letters, digits, `-` and `_`, at most 100" };
pub(super) const ADDRESS: Form = Form { holds: is_address, expected: "http:// or https:// and a host, without a path" };
pub(super) const TARGET_GROUP: Form = Form { holds: is_target_group, expected: "the ARN of a target group" };
pub(super) const CERTIFICATE: Form = Form { holds: is_certificate, expected: "the ARN of an ACM certificate" };
pub(super) const NETWORK: Form = Form { holds: is_network, expected: "a network like 10.0.0.0/16" };
pub(super) const SUBNET: Form = Form { holds: |text| is_id(text, "subnet-"), expected: "the id of a subnet" };
pub(super) const VPC: Form = Form { holds: is_vpc, expected: "the id of a VPC" };

/// Says whether the text is 1 to `most` characters, all allowed, the outer ones letters or digits.
fn is_name(text: &str, most: usize, allowed: fn(char) -> bool) -> bool {
    let ends_well = |end: Option<char>| end.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= most && text.chars().all(allowed) && ends_well(text.chars().next()) && ends_well(text.chars().last())
}

/// DNS label as in RFC 1123, lower case.
fn is_label(text: &str, most: usize) -> bool {
    is_name(text, most, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_label(label, 63))
}

fn is_host(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(|label| is_name(label, 63, |c| c.is_ascii_alphanumeric() || c == '-'))
}

/// Reads `1.2.3`; no ranges, no suffixes, no leading zeros, because Helm must get exactly one version.
pub(super) fn chart_version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().ok().filter(|number| number.to_string() == part));
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(Some(major)), Some(Some(minor)), Some(Some(patch)), None) => Some((major, minor, patch)),
        _ => None,
    }
}

fn is_secret_key(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && !text.starts_with(['.', '-']) && text.chars().all(allowed)
}

fn is_identifier(text: &str) -> bool {
    text.len() <= 63
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn is_bucket(text: &str) -> bool {
    text.len() >= 3 && is_name(text, 63, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.'))
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else {
        return false;
    };
    let is_word = |word: &&str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    is_word(area) && !middle.is_empty() && middle.iter().all(is_word) && is_number(number)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn is_label_value(text: &str) -> bool {
    is_name(text, 63, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

fn is_label_key(text: &str) -> bool {
    let Some((prefix, name)) = text.split_once('/') else {
        return is_label_value(text);
    };
    let reserved = |domain: &str| prefix == domain || prefix.ends_with(&format!(".{domain}"));
    is_subdomain(prefix) && is_label_value(name) && !reserved("kubernetes.io") && !reserved("k8s.io")
}

fn is_cluster(text: &str) -> bool {
    text.len() <= 100
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// Takes a URL with nothing after the host: a load balancer passes paths through unchanged, so Package Manager cannot
/// live below one.
fn is_address(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return false;
    };
    match rest.split_once(':') {
        Some((host, port)) => is_host(host) && is_number(port) && port.parse::<u16>().is_ok_and(|port| port > 0),
        None => is_host(rest),
    }
}

/// Splits an ARN of the service into region, account and resource.
fn arn<'a>(text: &'a str, service: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [scheme, partition, named, region, account, resource] = parts.as_slice() else {
        return None;
    };
    let is_partition = partition.starts_with("aws") && partition.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let is_account = account.len() == 12 && is_number(account);
    (*scheme == "arn" && is_partition && *named == service && is_account).then_some((region, account, resource))
}

fn is_path(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '=' | ',' | '.' | '@' | '-');
    !text.is_empty() && text.chars().all(allowed)
}

fn is_role(text: &str) -> bool {
    arn(text, "iam")
        .is_some_and(|(region, _, resource)| region.is_empty() && resource.strip_prefix("role/").is_some_and(is_path))
}

fn is_secret(text: &str) -> bool {
    arn(text, "secretsmanager").is_some_and(|(_, _, resource)| resource.strip_prefix("secret:").is_some_and(is_path))
}

fn is_target_group(text: &str) -> bool {
    arn(text, "elasticloadbalancing")
        .is_some_and(|(_, _, resource)| resource.strip_prefix("targetgroup/").is_some_and(is_path))
}

fn is_vpc(text: &str) -> bool {
    is_id(text, "vpc-")
}

fn is_id(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix).is_some_and(|id| !id.is_empty() && id.chars().all(|c| c.is_ascii_hexdigit()))
}

fn is_certificate(text: &str) -> bool {
    arn(text, "acm").is_some_and(|(_, _, resource)| resource.strip_prefix("certificate/").is_some_and(is_path))
}

fn is_network(text: &str) -> bool {
    text.split_once('/').is_some_and(|(address, prefix)| {
        address.parse::<std::net::IpAddr>().is_ok() && is_number(prefix) && prefix.parse::<u8>().is_ok_and(|p| p <= 128)
    })
}
