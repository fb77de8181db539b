//! Words AWS gives: regions, instance types, ids.
//!
//! Promises: a word that parses has the shape AWS documents; a near miss is spelled out.
//!
//! Leaves to others whether AWS knows the word today.

use super::{ValueError, checked_string, shown};

/// An AWS region such as `us-east-1`; checked for shape only, so that a new region needs no new release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

checked_string!(Region, check_region, "a region", "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", "us-east-1");

fn check_region(text: &str) -> Result<(), ValueError> {
    if is_region(text) {
        return Ok(());
    }
    if let Some(region) = text.strip_suffix(|c: char| c.is_ascii_lowercase())
        && is_region(region)
    {
        return Err(ValueError::new(
            format!("`{}` is an availability zone, and a region is wanted", shown(text)),
            format!("write {region}; the zones are chosen with network.zones"),
        ));
    }
    let problem = format!("`{}` is not an AWS region", shown(text));
    let lower = text.trim().to_ascii_lowercase().replace([' ', '_'], "-");
    if is_region(&lower) {
        return Err(ValueError::new(problem, format!("write {lower}")));
    }
    Err(ValueError::new(problem, "write it as AWS does, such as us-east-1 or eu-central-1"))
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else {
        return false;
    };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    (2..=4).contains(&area.len())
        && word(area)
        && !middle.is_empty()
        && middle.iter().all(word)
        && (1..=2).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// An EC2 instance type such as `c6a.4xlarge`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceType(String);

checked_string!(InstanceType, check_instance_type, "an instance type", r"^[a-z0-9-]+\.[a-z0-9-]+$", "c6a.4xlarge");

fn check_instance_type(text: &str) -> Result<(), ValueError> {
    if is_family_and_size(text) {
        return Ok(());
    }
    if let Some(plain) = text.strip_prefix("db.")
        && is_family_and_size(plain)
    {
        return Err(ValueError::new(
            format!("`{}` is a class of databases, and an instance type is wanted", shown(text)),
            format!("write {plain}"),
        ));
    }
    Err(ValueError::new(
        format!("`{}` is not an instance type: it is a family, a dot and a size", shown(text)),
        "write it as EC2 does, such as c6a.4xlarge",
    ))
}

/// A class of RDS instances such as `db.t3.xlarge`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatabaseClass(String);

checked_string!(
    DatabaseClass,
    check_database_class,
    "a class of databases",
    r"^db\.[a-z0-9-]+\.[a-z0-9-]+$",
    "db.t3.xlarge"
);

fn check_database_class(text: &str) -> Result<(), ValueError> {
    if text.strip_prefix("db.").is_some_and(is_family_and_size) {
        return Ok(());
    }
    let problem = format!("`{}` is not a class of databases: it is `db.`, a family, a dot and a size", shown(text));
    if is_family_and_size(text) && !text.starts_with("db.") {
        return Err(ValueError::new(problem, format!("write db.{text}")));
    }
    Err(ValueError::new(problem, "write it as RDS does, such as db.t3.xlarge"))
}

fn is_family_and_size(text: &str) -> bool {
    let word = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    text.split_once('.').is_some_and(|(family, size)| word(family) && word(size))
}

/// The id of a VPC somebody else made, such as `vpc-0a1b2c3d`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VpcId(String);

checked_string!(VpcId, check_vpc, "a VPC's id", "^vpc-[0-9a-f]{8,17}$", "vpc-0a1b2c3d4e5f67890");

fn check_vpc(text: &str) -> Result<(), ValueError> {
    check_id(text, "vpc-", "the id of a VPC", <VpcId as super::TextValue>::EXAMPLE)
}

/// The id of a subnet somebody else made, such as `subnet-0a1b2c3d`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetId(String);

checked_string!(SubnetId, check_subnet, "a subnet's id", "^subnet-[0-9a-f]{8,17}$", "subnet-0a1b2c3d4e5f67890");

fn check_subnet(text: &str) -> Result<(), ValueError> {
    check_id(text, "subnet-", "the id of a subnet", <SubnetId as super::TextValue>::EXAMPLE)
}

/// EC2 ids end in 8 (old) or 17 (since 2016) hexadecimal digits.
fn check_id(text: &str, prefix: &str, what: &str, example: &str) -> Result<(), ValueError> {
    let hexadecimal = |rest: &str| {
        (8..=17).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    if text.strip_prefix(prefix).is_some_and(hexadecimal) {
        return Ok(());
    }
    Err(ValueError::new(
        format!("`{}` is not {what}", shown(text)),
        format!("write it as EC2 shows it, such as {example}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_of_every_partition_have_the_shape() {
        for text in
            ["us-east-1", "us-gov-west-1", "cn-northwest-1", "ap-southeast-7", "us-isob-east-1", "eusc-de-east-1"]
        {
            assert!(text.parse::<Region>().is_ok(), "{text}");
        }
        for (text, remedy) in [
            ("us-east-1a", "write us-east-1;"),
            ("US East 1", "write us-east-1"),
            ("useast1", "as AWS does"),
            ("us-1", "as AWS does"),
            ("us--1", "as AWS does"),
        ] {
            assert!(text.parse::<Region>().unwrap_err().remedy().contains(remedy), "{text}");
        }
    }

    #[test]
    fn instance_types_and_database_classes_are_told_apart() {
        assert_eq!("db.t3.xlarge".parse::<InstanceType>().unwrap_err().remedy(), "write t3.xlarge");
        assert_eq!("t3.xlarge".parse::<DatabaseClass>().unwrap_err().remedy(), "write db.t3.xlarge");
        assert!("u-6tb1.112xlarge".parse::<InstanceType>().is_ok());
        for text in ["c6a", "c6a.", ".large", "c6a.4x.large", "C6a.large"] {
            assert!(text.parse::<InstanceType>().is_err(), "{text}");
        }
        for text in ["db.t3", "db..large", "db.t3."] {
            assert!(text.parse::<DatabaseClass>().is_err(), "{text}");
        }
    }

    #[test]
    fn ids_of_ec2_have_their_prefix() {
        assert!("vpc-0a1b2c3d".parse::<VpcId>().is_ok());
        for text in ["subnet-0a1b2c3d", "vpc-", "vpc-xyz12345", "vpc-0A1B2C3D", "0a1b2c3d"] {
            assert!(text.parse::<VpcId>().is_err(), "{text}");
        }
        assert!("subnet-0a1b2c3d".parse::<SubnetId>().is_ok());
    }
}
