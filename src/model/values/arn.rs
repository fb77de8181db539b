//! Accounts and ARNs.
//!
//! Promises: an `Arn` has six parts of the documented shape, so reading one out never fails.
//!
//! Leaves to others which services and resources make sense where: they compare [`ArnParts`].

use super::{ValueError, checked_string, shown};

/// An AWS account: twelve digits, kept as text because leading zeros count.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

checked_string!(AccountId, check_account, "an account", "^[0-9]{12}$", "111122223333");

fn check_account(text: &str) -> Result<(), ValueError> {
    if is_account(text) {
        return Ok(());
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let problem = format!("`{}` is not an AWS account: an account is 12 digits", shown(text));
    if is_account(&digits) && text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
        return Err(ValueError::new(problem, format!("write \"{digits}\"")));
    }
    Err(ValueError::new(problem, "write it in quotes, such as \"111122223333\""))
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// An Amazon Resource Name: `arn:partition:service:region:account:resource`.
///
/// Source: AWS General Reference, "Amazon Resource Names (ARNs)". Region and account are empty for services that
/// have none (IAM has no region, S3 neither).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn(String);

/// The region in the text of an ARN; empty where it has none.
pub fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// What an [`Arn`] is made of; parts an ARN of that service does not have are empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArnParts<'a> {
    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub partition: &'a str,
    /// The service's namespace, such as `acm`.
    pub service: &'a str,
    /// The region, or empty.
    pub region: &'a str,
    /// The account's twelve digits, `aws` for what AWS owns, or empty.
    pub account: &'a str,
    /// Everything after the fifth colon, such as `role/ppm-prod-nodes`.
    pub resource: &'a str,
}

impl Arn {
    /// The parts, borrowed.
    pub fn parts(&self) -> ArnParts<'_> {
        split(&self.0).expect("an Arn is made only of text that splits")
    }
}

checked_string!(
    Arn,
    check_arn,
    "an ARN",
    "^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:([0-9]{12}|aws)?:.+$",
    "arn:aws:iam::111122223333:role/platform-admins"
);

fn split(text: &str) -> Option<ArnParts<'_>> {
    let mut parts = text.splitn(6, ':');
    let ("arn", partition, service, region, account, resource) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?)
    else {
        return None;
    };
    Some(ArnParts { partition, service, region, account, resource })
}

fn check_arn(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str| {
        Err(ValueError::new(
            format!("`{}` is not an ARN: {why}", shown(text)),
            "copy it from the console or the AWS CLI; it looks like arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE",
        ))
    };
    let Some(parts) = split(text) else {
        return refuse("it must be six parts joined by colons, the first being `arn`");
    };
    let word = |part: &str| part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !parts.partition.starts_with("aws") || !word(parts.partition) {
        return refuse("the second part is a partition such as `aws`, `aws-cn` or `aws-us-gov`");
    }
    if parts.service.is_empty() || !word(parts.service) {
        return refuse("the third part is a service in lowercase, such as `acm`");
    }
    if !word(parts.region) {
        return refuse("the fourth part is a region such as `us-east-1`, or empty");
    }
    if !(parts.account.is_empty() || parts.account == "aws" || is_account(parts.account)) {
        return refuse("the fifth part is an account of 12 digits, or empty");
    }
    if parts.resource.is_empty() {
        return refuse("the sixth part, the resource, is missing");
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse("it contains white space");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_gives_its_parts() {
        let arn: Arn = "arn:aws-us-gov:iam::111122223333:role/team/a:b".parse().unwrap();
        let parts = arn.parts();
        assert_eq!((parts.partition, parts.service, parts.region), ("aws-us-gov", "iam", ""));
        assert_eq!((parts.account, parts.resource), ("111122223333", "role/team/a:b"));
        assert!("arn:aws:iam::aws:policy/AmazonEKSClusterPolicy".parse::<Arn>().is_ok());
    }

    #[test]
    fn an_arn_says_which_part_is_wrong() {
        for (text, part) in [
            ("arn:aws:acm:us-east-1", "six parts"),
            ("urn:aws:acm:us-east-1:111122223333:x", "six parts"),
            ("arn:gcp:acm:us-east-1:111122223333:x", "partition"),
            ("arn:aws::us-east-1:111122223333:x", "service"),
            ("arn:aws:acm:US:111122223333:x", "region"),
            ("arn:aws:acm:us-east-1:1111:x", "12 digits"),
            ("arn:aws:acm:us-east-1:111122223333:", "resource"),
            ("arn:aws:acm:us-east-1:111122223333:a b", "white space"),
        ] {
            let error = text.parse::<Arn>().unwrap_err();
            assert!(error.problem().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn an_account_written_with_hyphens_is_spelled_out() {
        let error = "1111-2222-3333".parse::<AccountId>().unwrap_err();
        assert_eq!(error.remedy(), "write \"111122223333\"");
        assert!("11112222333".parse::<AccountId>().unwrap_err().remedy().contains("quotes"));
    }
}
