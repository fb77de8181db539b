//! Whether the database has enough connections for all pods at once.
//!
//! Promises: refuses only what cannot work; a class it does not know is let through and reported as unknown.

/// Connections that must stay free: the slots that `PostgreSQL` keeps for superusers, the agent of RDS, and a person with a shell.
const RESERVED: u64 = 10;

/// The servers together may open more connections than the database accepts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{pods} pods with {}{each} connections each may open {wanted}, but {instance_class} accepts about {limit}, of which \
     {reserved} are kept for administration",
    if *pools > 1 { format!("{pools} pools of ") } else { String::new() }
)]
pub struct TooManyConnections {
    /// Most pods that exist at one time, the extra one of a rollout included.
    pub pods: u64,
    /// Pools of one pod; usage data has one of its own where it has a place of its own.
    pub pools: u64,
    /// Connections of one pool.
    pub each: u32,
    /// Connections of all pods.
    pub wanted: u64,
    /// Class of the database.
    pub instance_class: String,
    /// Estimate of its `max_connections`.
    pub limit: u64,
    /// Connections the pods must leave free.
    pub reserved: u64,
}

/// What the pods may open and what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most pods that exist at one time.
    pub pods: u64,
    /// Pools of each of them.
    pub pools: u64,
    /// Connections of all of them.
    pub wanted: u64,
    /// Estimate of `max_connections`, if the class is known.
    pub limit: Option<u64>,
}

impl Budget {
    /// Says whether twice the pools would fit too. Package Manager may keep one more for usage data.
    pub fn holds_twice(&self) -> bool {
        self.limit.is_none_or(|limit| 2 * self.wanted + RESERVED <= limit)
    }
}

/// Works out the budget. Each pool of each pod may open `each` connections.
///
/// # Errors
/// When the database of this class accepts fewer.
pub fn budget(pods: u64, pools: u64, each: u32, instance_class: &str) -> Result<Budget, TooManyConnections> {
    let wanted = pods * pools * u64::from(each);
    let limit = max_connections(instance_class);
    match limit {
        Some(limit) if wanted + RESERVED > limit => Err(TooManyConnections {
            pods,
            pools,
            each,
            wanted,
            instance_class: instance_class.to_owned(),
            limit,
            reserved: RESERVED,
        }),
        Some(_) | None => Ok(Budget { pods, pools, wanted, limit }),
    }
}

/// About how many connections all pods together may open on a class of database; nothing for a class that is not known
/// here.
pub fn connection_room(instance_class: &str) -> Option<u64> {
    max_connections(instance_class).map(|limit| limit.saturating_sub(RESERVED))
}

/// Estimates the default of `max_connections`: `LEAST(DBInstanceClassMemory/9531392, 5000)` (Amazon RDS User Guide,
/// "Quotas and constraints"), where `DBInstanceClassMemory` is what the operating system and RDS leave of the memory.
/// How much they take is not published; the estimate stays just below what instances report.
fn max_connections(instance_class: &str) -> Option<u64> {
    let memory_mib = memory_gib(instance_class)? * 1024;
    let left_mib = (memory_mib * 96 / 100).saturating_sub(300);
    Some((left_mib * 1024 * 1024 / 9_531_392).min(5000))
}

fn memory_gib(instance_class: &str) -> Option<u64> {
    let (family, size) = instance_class.strip_prefix("db.")?.split_once('.')?;
    let large = match family {
        "t3" | "t4g" | "m5" | "m5d" | "m6g" | "m6gd" | "m6i" | "m6id" | "m7g" | "m7i" | "m8g" => 8,
        "r5" | "r5d" | "r6g" | "r6gd" | "r6i" | "r6id" | "r7g" | "r7i" | "r8g" => 16,
        _ => return None,
    };
    match size {
        "micro" if family.starts_with('t') => Some(1),
        "small" if family.starts_with('t') => Some(2),
        "medium" if family.starts_with('t') => Some(4),
        "large" => Some(large),
        "xlarge" => Some(2 * large),
        _ => {
            let times: u64 = size.strip_suffix("xlarge")?.parse().ok()?;
            (2..=48).contains(&times).then_some(2 * large * times)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_stay_just_below_what_instances_report() {
        let estimates =
            ["db.t3.micro", "db.t3.small", "db.t3.medium", "db.m5.large", "db.t3.xlarge", "db.r6i.24xlarge"]
                .map(|class| max_connections(class).expect("a known class"));
        assert_eq!(estimates, [75, 183, 399, 832, 1697, 5000]);
    }

    #[test]
    fn the_reference_holds_even_a_second_pool() {
        let budget = budget(4, 1, 50, "db.t3.xlarge").expect("the reference fits");
        assert_eq!(budget, Budget { pods: 4, pools: 1, wanted: 200, limit: Some(1697) });
        assert!(budget.holds_twice());
        assert!(!super::budget(4, 1, 50, "db.t3.medium").expect("200 of 399").holds_twice());
    }

    #[test]
    fn too_many_connections_are_refused() {
        let error = budget(4, 1, 50, "db.t3.small").expect_err("200 of 183").to_string();
        assert!(error.contains("4 pods with 50 connections each may open 200, but db.t3.small"), "{error}");
        assert!(budget(173, 1, 1, "db.t3.small").is_ok());
        assert!(budget(174, 1, 1, "db.t3.small").is_err());
    }

    #[test]
    fn a_second_pool_counts() {
        let error = budget(4, 2, 50, "db.t3.medium").expect_err("400 of 399").to_string();
        assert!(error.contains("4 pods with 2 pools of 50 connections each may open 400"), "{error}");
        assert_eq!(budget(4, 2, 48, "db.t3.medium").expect("384 of 399").wanted, 384);
    }

    #[test]
    fn the_room_is_what_a_budget_may_take() {
        assert_eq!(connection_room("db.t3.small"), Some(173));
        assert_eq!(connection_room("db.x2g.large"), None);
    }

    #[test]
    fn an_unknown_class_is_let_through() {
        for class in ["db.x2g.large", "db.m5", "m5.large", "db.m5.micro", "db.m5.1xlarge"] {
            assert_eq!(budget(4, 1, 50, class).expect("not refused").limit, None, "{class}");
        }
    }
}
