//! How many connections a class of database has room for.
//!
//! Promises: an estimate on the safe side for the families people use, silence about others.
//!
//! Leaves to others what to do about it.

use crate::model::values::DatabaseClass;

/// About how many connections a class of database has room for; none for families that are not known here.
///
/// Source: RDS User Guide, `max_connections`: memory in bytes / 9531392, at most 5000. Memory by family
/// and size: EC2's instance types, of which RDS's classes are made. A tenth is left for the system and for people.
pub(super) fn connection_room(class: &DatabaseClass) -> Option<u64> {
    let (family, size) = class.as_str().strip_prefix("db.")?.split_once('.')?;
    let burstable = family == "t3" || family == "t4g";
    let kind = family.chars().next()?;
    let numbered = family.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    let large: u64 = match kind {
        't' if burstable => 8,
        'm' if numbered => 8,
        'r' if numbered => 16,
        'c' if numbered => 4,
        _ => return None,
    };
    let gib = match size {
        "micro" if burstable => 1,
        "small" if burstable => 2,
        "medium" => large / 2,
        "large" => large,
        "xlarge" => large * 2,
        other => large * 2 * other.strip_suffix("xlarge")?.parse::<u64>().ok().filter(|n| (2..=96).contains(n))?,
    };
    Some(((gib << 30) / 9_531_392).min(5000) * 9 / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_class_follows_its_memory() {
        let room = |class: &str| connection_room(&class.parse().unwrap());
        assert_eq!(room("db.t3.xlarge"), Some(1621));
        assert_eq!(room("db.t4g.micro"), Some(100));
        assert_eq!(room("db.r6g.16xlarge"), Some(4500));
        assert_eq!(room("db.m6gd.2xlarge"), Some(3243));
        assert_eq!(room("db.serverless.v2"), None);
        assert_eq!(room("db.m6g.weird"), None);
    }
}
