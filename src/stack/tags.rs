//! What AWS and this program allow as tags.
//!
//! Promises: a tag that passes is accepted by every service of the stack and fights with no controller over itself.
//!
//! Leaves to others organisations' tag policies, which only AWS knows.

use std::collections::BTreeMap;

use crate::model::mark::TAG_PREFIX;
use crate::model::values::shown;
use crate::text::{Member, Problem, Shape};

/// The most tags of a person's own: AWS allows 50 on an object, and this program and the services need some.
pub(super) const MOST: usize = 40;

/// Source: AWS Tagging User Guide, "Tag naming limits and requirements".
pub(super) const LONGEST_KEY: usize = 128;
pub(super) const LONGEST_VALUE: usize = 256;

/// Prefixes that belong to somebody, and to whom. The last ones belong to controllers inside the cluster, which add
/// and remove them at any time.
const TAKEN: &[(&str, &str)] = &[
    ("aws:", "AWS reserves it"),
    (TAG_PREFIX, "this program marks what it owns with it"),
    ("kubernetes.io/", "Kubernetes sets it"),
    ("k8s.io/", "Kubernetes sets it"),
    ("eks:", "EKS sets it"),
    ("elbv2.k8s.aws/", "the AWS Load Balancer Controller sets it"),
    ("ingress.k8s.aws/", "the AWS Load Balancer Controller sets it"),
    ("karpenter.sh/", "Karpenter sets it"),
];

/// The tags themselves; what is no text is left out.
pub(super) fn read(members: &[Member]) -> BTreeMap<String, String> {
    let pair = |member: &Member| match &member.value.shape {
        Shape::Text(value) => Some((member.key.clone(), value.clone())),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::List(_) | Shape::Map(_) => None,
    };
    members.iter().filter_map(pair).collect()
}

/// Everything that is wrong with tags written under the key `path`.
pub(super) fn check(path: &str, members: &[Member]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, member) in members.iter().enumerate() {
        let path = format!("{path}.{}", member.key);
        let lower = member.key.to_lowercase();
        let twin = members[..index].iter().find(|other| other.key.to_lowercase() == lower);
        if let Err((message, hint)) = check_key(&member.key, twin.map(|twin| twin.key.as_str())) {
            problems.push(Problem::new(member.at, &path, message, hint));
        }
        let spelling = shown(&member.value.spelling);
        let (place, refusal) = match &member.value.shape {
            Shape::Text(value) => (member.value.place, check_value(value)),
            Shape::Whole(_) | Shape::Fraction(_) | Shape::Flag(_) => (
                member.value.place,
                Err((
                    format!("YAML reads `{spelling}` as {}, and a tag's value is text", member.value.in_words()),
                    format!("put it in quotes: \"{spelling}\""),
                )),
            ),
            Shape::Null | Shape::List(_) | Shape::Map(_) => (
                if member.value.shape == Shape::Null { member.at } else { member.value.place },
                Err((
                    format!("expected a tag's value, found {}", member.value.in_words()),
                    "write one text; an empty one is \"\"".to_owned(),
                )),
            ),
        };
        if let Err((message, hint)) = refusal {
            problems.push(Problem::new(place, &path, message, hint));
        }
    }
    if let Some(first) = members.get(MOST) {
        problems.push(Problem::new(
            first.at,
            path,
            format!("there are {} tags, and at most {MOST} fit", members.len()),
            "AWS allows 50 on an object, and some are this program's; remove the least useful",
        ));
    }
    problems
}

/// Checks a tag's key; `twin` is another key that differs by case alone.
fn check_key(key: &str, twin: Option<&str>) -> Result<(), (String, String)> {
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
fn check_value(value: &str) -> Result<(), (String, String)> {
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
