//! Names people choose: of stacks, buckets and hosts.
//!
//! Promises: a name that parses fits every AWS object that will carry it; the message names the limit it would break.
//!
//! Leaves to others how names are composed, and whether they are taken.

use super::{ValueError, checked_string, shown};

/// The name of a stack: 3 to 20 of `a-z`, `0-9` and `-`, from which every AWS name is made as `<stack>-<role>`.
///
/// The limits behind it: load balancers and target groups end at 32 characters (`ELBv2` API), which leaves
/// [`StackName::ROOM`] for the role; DB instance identifiers start with a letter and have no double or trailing hyphen
/// (RDS API); the prefixes are reserved by EC2 (`sg-`), `ELBv2` (`internal-`) and S3 (`sthree-`, `amzn-s3-demo-`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StackName(String);

impl StackName {
    /// The most characters a stack's name may have.
    pub const LONGEST: usize = 20;
    /// The characters left for `-<role>` in the tightest AWS name.
    pub const ROOM: usize = 32 - Self::LONGEST;
}

checked_string!(StackName, check_stack, "a stack's name", "^[a-z][a-z0-9-]{1,18}[a-z0-9]$", "ppm-prod");

fn check_stack(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str, remedy: String| {
        Err(ValueError::new(format!("`{}` cannot name a stack: {why}", shown(text)), remedy))
    };
    let tidy = tidied(text);
    let instead = || {
        if tidy.len() >= 3 { format!("try {tidy}") } else { "try ppm-prod".to_owned() }
    };
    let length = text.chars().count();
    if length < 3 {
        return refuse("it must have at least 3 characters (S3 bucket names do)", instead());
    }
    if length > StackName::LONGEST {
        return refuse(
            &format!(
                "it has {length} characters, and with {} for the role, such as `-packages`, the name of its load \
                 balancer would break AWS's limit of 32 for load balancers and target groups",
                StackName::ROOM
            ),
            format!("shorten it to {} characters; {}", StackName::LONGEST, instead()),
        );
    }
    if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
        return refuse("it must start with a lowercase letter (RDS identifiers do)", instead());
    }
    if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        return refuse(
            &format!("`{}` is not among a-z, 0-9 and - (S3 and RDS names have no others)", wrong.escape_debug()),
            instead(),
        );
    }
    if text.ends_with('-') || text.contains("--") {
        return refuse("RDS identifiers have no double hyphen and none at the end", instead());
    }
    for (prefix, owner) in [
        ("sg-", "security groups may not be called so (EC2)"),
        ("internal-", "load balancers may not be called so (ELB)"),
        ("sthree-", "buckets may not be called so (S3)"),
        ("amzn-s3-demo-", "buckets may not be called so (S3)"),
    ] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return refuse(&format!("AWS reserves the prefix `{prefix}`: {owner}"), format!("try ppm-{rest}"));
        }
    }
    Ok(())
}

/// The nearest text of a stack name's alphabet and length; possibly too short.
fn tidied(text: &str) -> String {
    let mut tidy = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' };
        let doubled = c == '-' && tidy.ends_with('-');
        let leading = tidy.is_empty() && !c.is_ascii_lowercase();
        if !leading && !doubled && tidy.len() < StackName::LONGEST {
            tidy.push(c);
        }
    }
    tidy.trim_end_matches('-').to_owned()
}

/// A place in S3: `s3://bucket` or `s3://bucket/prefix`, the prefix of letters, digits and `. _ - /`.
///
/// Those are among the characters safe in keys everywhere (Amazon S3 User Guide, "Naming Amazon S3 objects").
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct S3Location(String);

checked_string!(S3Location, check_location, "a place in S3", "^s3://[a-z0-9].*$", "s3://acme-ppm-state/ppm");

impl S3Location {
    /// The bucket.
    pub fn bucket(&self) -> &str {
        self.split().0
    }

    /// What keys begin with; empty if nothing.
    pub fn prefix(&self) -> &str {
        self.split().1
    }

    fn split(&self) -> (&str, &str) {
        let rest = self.0.strip_prefix("s3://").unwrap_or(&self.0);
        rest.split_once('/').unwrap_or((rest, ""))
    }
}

fn check_location(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str| {
        let problem = format!("`{}` is no place in S3: {why}", shown(text));
        Err(ValueError::new(problem, "write it like s3://acme-ppm-state/ppm"))
    };
    let Some(rest) = text.strip_prefix("s3://") else { return refuse("it must begin with s3://") };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if let Err(error) = check_bucket(bucket) {
        return refuse(error.problem());
    }
    let strange = |c: &char| !(c.is_ascii_alphanumeric() || ['.', '_', '-', '/'].contains(c));
    if let Some(wrong) = prefix.chars().find(strange) {
        return refuse(&format!("`{}` is not among letters, digits and . _ - /", wrong.escape_debug()));
    }
    if prefix.trim_end_matches('/').split('/').any(|part| matches!(part, "." | "..")) || prefix.contains("//") {
        return refuse("its prefix has an empty or a dotted part");
    }
    if prefix.len() > 200 {
        return refuse("its prefix has more than 200 characters");
    }
    Ok(())
}

/// The name of an S3 bucket: 3 to 63 of `a-z`, `0-9` and `-`.
///
/// Source: Amazon S3 User Guide, "General purpose bucket naming rules". Dots, which S3 allows, are refused: with
/// them the bucket's certificate does not match over TLS.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BucketName(String);

checked_string!(BucketName, check_bucket, "a bucket's name", "^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", "ppm-prod-packages");

fn check_bucket(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str| {
        Err(ValueError::new(
            format!("`{}` cannot name a bucket: {why}", shown(text)),
            "write it like ppm-prod-packages",
        ))
    };
    let length = text.chars().count();
    if !(3..=63).contains(&length) {
        return refuse(&format!("S3 wants 3 to 63 characters, and it has {length}"));
    }
    if text.contains('.') {
        return refuse("with a dot in it the bucket's TLS certificate would not match");
    }
    if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        return refuse(&format!("`{}` is not among a-z, 0-9 and -", wrong.escape_debug()));
    }
    if text.starts_with('-') || text.ends_with('-') {
        return refuse("it must start and end with a letter or a digit");
    }
    if let Some(prefix) = ["xn--", "sthree-", "amzn-s3-demo-"].iter().find(|prefix| text.starts_with(**prefix)) {
        return refuse(&format!("S3 reserves the prefix `{prefix}`"));
    }
    if let Some(suffix) = ["-s3alias", "--ol-s3", "--x-s3", "--table-s3"].iter().find(|suffix| text.ends_with(**suffix))
    {
        return refuse(&format!("S3 reserves the suffix `{suffix}`"));
    }
    Ok(())
}

/// A host name under which people reach Package Manager, such as `packages.example.com`.
///
/// Source: RFC 1123, section 2.1: labels of up to 63 letters, digits and hyphens, 253 characters in all.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName(String);

checked_string!(
    DomainName,
    check_domain,
    "a domain",
    r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
    "packages.example.com"
);

fn check_domain(text: &str) -> Result<(), ValueError> {
    let refuse =
        |why: &str, remedy: &str| Err(ValueError::new(format!("`{}` is not a domain: {why}", shown(text)), remedy));
    let example = "write a host name such as packages.example.com";
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', ':']).next().unwrap_or_default();
        return refuse("it is an address with a scheme", &format!("write the host name alone: {host}"));
    }
    if text.contains('/') || text.contains(':') {
        return refuse("a path or port does not belong to it", example);
    }
    if text.starts_with("*.") {
        return refuse("a wildcard is no single host", example);
    }
    let lower = text.to_ascii_lowercase();
    if lower != text {
        return refuse("it must be in lowercase", &format!("write {lower}"));
    }
    if text.len() > 253 {
        return refuse("it is over 253 characters long", example);
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !text.contains('.') || !text.split('.').all(label) {
        return refuse("it must be labels of a-z, 0-9 and - joined by dots", example);
    }
    if text.parse::<std::net::Ipv4Addr>().is_ok() {
        return refuse("it is an address", example);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_name_says_which_limit_it_breaks() {
        for (text, problem, remedy) in [
            ("pp", "at least 3", "ppm-prod"),
            ("package-manager-production", "limit of 32", "try package-manager-prod"),
            ("1ppm", "start with a lowercase letter", "try ppm"),
            ("Ppm-Prod", "start with a lowercase letter", "try ppm-prod"),
            ("ppm_prod", "`_` is not among", "try ppm-prod"),
            ("ppm-", "double hyphen", "try ppm"),
            ("ppm--prod", "double hyphen", "try ppm-prod"),
            ("sg-ppm", "`sg-`", "try ppm-ppm"),
            ("internal-ppm", "`internal-`", "try ppm-ppm"),
            ("sthree-ppm", "`sthree-`", "try ppm-ppm"),
        ] {
            let error = text.parse::<StackName>().unwrap_err();
            assert!(error.problem().contains(problem), "{text}: {error}");
            assert!(error.remedy().contains(remedy), "{text}: {error}");
        }
        assert!("a-b".parse::<StackName>().is_ok());
        assert!("abcdefghij0123456789".parse::<StackName>().is_ok());
    }

    #[test]
    fn bucket_names_follow_the_rules_of_s3() {
        for (text, problem) in [
            ("ab", "3 to 63"),
            ("a.b.c", "TLS"),
            ("Abc", "`A`"),
            ("-abc", "start and end"),
            ("abc-", "start and end"),
            ("xn--abc", "prefix"),
            ("sthree-abc", "prefix"),
            ("abc-s3alias", "suffix"),
            ("abc--x-s3", "suffix"),
        ] {
            assert!(text.parse::<BucketName>().unwrap_err().problem().contains(problem), "{text}");
        }
        assert!("a".repeat(64).parse::<BucketName>().is_err());
        assert!("0--9".parse::<BucketName>().is_ok());
    }

    #[test]
    fn a_domain_is_a_host_name_alone() {
        for (text, remedy) in [
            ("https://packages.example.com/x", "alone: packages.example.com"),
            ("packages.example.com:443", "such as"),
            ("*.example.com", "such as"),
            ("Packages.example.com", "write packages.example.com"),
            ("packages", "such as"),
            ("packages..com", "such as"),
            ("-a.com", "such as"),
            ("10.0.0.1", "such as"),
        ] {
            assert!(text.parse::<DomainName>().unwrap_err().remedy().contains(remedy), "{text}");
        }
    }
}
