//! What AWS and this program allow as tags.
//!
//! Promises: a tag that passes is accepted by every service of the stack and fights with no controller over itself.
//!
//! Leaves to others organisations' tag policies, which only AWS knows.

use crate::model::values::shown;

/// The most tags of a person's own: AWS allows 50 on an object, and this program and the services need some.
pub(super) const MOST: usize = 40;

/// Source: AWS Tagging User Guide, "Tag naming limits and requirements".
pub(super) const LONGEST_KEY: usize = 128;
pub(super) const LONGEST_VALUE: usize = 256;

/// Prefixes that belong to somebody, and to whom. The last ones belong to controllers inside the cluster, which add
/// and remove them at any time.
const TAKEN: &[(&str, &str)] = &[
    ("aws:", "AWS reserves it"),
    ("ppm-infra:", "this program marks what it owns with it"),
    ("kubernetes.io/", "Kubernetes sets it"),
    ("k8s.io/", "Kubernetes sets it"),
    ("eks:", "EKS sets it"),
    ("elbv2.k8s.aws/", "the AWS Load Balancer Controller sets it"),
    ("ingress.k8s.aws/", "the AWS Load Balancer Controller sets it"),
    ("karpenter.sh/", "Karpenter sets it"),
];

/// Checks a tag's key; `twin` is another key that differs by case alone.
pub(super) fn check_key(key: &str, twin: Option<&str>) -> Result<(), (String, String)> {
    let lower = key.to_lowercase();
    if let Some((prefix, whose)) = TAKEN.iter().find(|(prefix, _)| lower.starts_with(prefix)) {
        return Err((format!("tag keys may not start with `{prefix}`: {whose}"), "choose another key".to_owned()));
    }
    if lower == "name" {
        return Err((
            "the tag `Name` is set by this program, to the name of each object".to_owned(),
            "choose another key, such as `application`".to_owned(),
        ));
    }
    if let Some(twin) = twin {
        return Err((
            format!("`{}` and `{}` are one key to IAM, which ignores case", shown(twin), shown(key)),
            "keep one of the two".to_owned(),
        ));
    }
    check_text(key, "key", LONGEST_KEY)?;
    if key.is_empty() {
        return Err(("a tag's key is empty".to_owned(), "write a key, such as `team`".to_owned()));
    }
    Ok(())
}

/// Checks a tag's value, which may be empty.
pub(super) fn check_value(value: &str) -> Result<(), (String, String)> {
    check_text(value, "value", LONGEST_VALUE)
}

fn check_text(text: &str, what: &str, longest: usize) -> Result<(), (String, String)> {
    let length = text.chars().count();
    if length > longest {
        return Err((
            format!("a tag's {what} has at most {longest} characters, and this one has {length}"),
            "shorten it".to_owned(),
        ));
    }
    match text.chars().find(|c| !(c.is_alphanumeric() || " _.:/=+-@".contains(*c))) {
        Some(wrong) => Err((
            format!("`{}` may not stand in a tag's {what}", wrong.escape_debug()),
            "RDS, ELB and IAM allow letters, digits, space and _ . : / = + - @".to_owned(),
        )),
        None => Ok(()),
    }
}
