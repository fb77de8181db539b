//! What a database is billed for.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::{Database, LIFECYCLE_EXTENDED};
use crate::model::billing::{Billing, BillingContext, Charge, HOURS};
use crate::model::money::Quantity;
use crate::model::support::{Phase, Product};

/// Years of extended support at the first price; then it is dearer (Amazon RDS for `PostgreSQL` pricing, "Extended Support").
const YEARS_AT_FIRST_PRICE: i64 = 2;

/// Charges of a database (Amazon RDS for `PostgreSQL` pricing).
pub(super) fn billing(database: &Database, context: &BillingContext) -> Billing {
    let zones = if database.multi_az { "multi-az" } else { "single-az" };
    let standby = if database.multi_az { " with standby" } else { "" };
    let Database { instance_class, storage_type, storage_gib, .. } = database;
    let instance = format!("rds postgresql.{zones}.{instance_class}");
    let storage = format!("rds postgresql.storage-{storage_type}.{zones}");
    let gib = u64::from(*storage_gib);
    let mut charges = vec![
        Charge::hourly(format!("{instance_class}{standby}"), instance, 1),
        Charge::monthly(format!("{gib} GiB {storage_type}{standby}"), storage, gib),
    ];
    charges.extend(extended_support(database, context.today));
    let free = "as much as the storage is free, and how much more there is nobody declares";
    charges.push(Charge::not_included("backups", free));
    if instance_class.starts_with("db.t") {
        charges.push(Charge::not_included("CPU credits", "nothing that is declared says how busy it is"));
    }
    Billing::Charged(charges)
}

/// What the last snapshot of a database costs that is deleted: as much as its storage at most.
pub(super) fn last_snapshot(database: &Database) -> Charge {
    let gib = u64::from(database.storage_gib);
    Charge::monthly(format!("last snapshot, {gib} GiB at most"), "rds postgresql.backup-storage", gib)
}

/// What support past the standard one costs: for each vCPU, those of the standby as well (RDS User Guide, "Amazon RDS Extended
/// Support charges"). Nothing where none was chosen: RDS then upgrades the database.
fn extended_support(database: &Database, today: Date) -> Option<Charge> {
    if database.lifecycle_support != LIFECYCLE_EXTENDED {
        return None;
    }
    let major = database.engine_version.split('.').next().unwrap_or_default();
    let what = format!("extended support of PostgreSQL {major}");
    let Some(lifetime) = Product::PostgreSql.lifetime(major) else {
        return Some(Charge::not_included(what, "when its standard support ends is not known"));
    };
    match lifetime.phase(today) {
        Phase::Standard(_) => return None,
        Phase::Extended(_) | Phase::Over => {}
    }
    let Some(vcpus) = vcpus(&database.instance_class) else {
        return Some(Charge::not_included(what, "how many vCPUs the class has is not known"));
    };
    let instances = if database.multi_az { 2 } else { 1 };
    let dearer_from = lifetime.standard_until.and_then(|end| end.checked_add(YEARS_AT_FIRST_PRICE.years()).ok());
    let item = if dearer_from.is_some_and(|from| from < today) {
        "rds postgresql.extended-support-year3"
    } else {
        "rds postgresql.extended-support-year1-2"
    };
    Some(Charge::of(what, item, Quantity::whole(HOURS).times(vcpus).times(instances)))
}

/// How many vCPUs an instance class has: by its size, which means the same in all families that RDS for `PostgreSQL` has (RDS User
/// Guide, "Hardware specifications for DB instance classes"). Nothing for a size that is not known.
fn vcpus(instance_class: &str) -> Option<u64> {
    Some(match instance_class.rsplit('.').next()? {
        "micro" | "small" | "medium" if !instance_class.starts_with("db.t") => return None,
        "micro" | "small" | "medium" | "large" => 2,
        "xlarge" => 4,
        size => size.strip_suffix("xlarge")?.parse::<u64>().ok()?.checked_mul(4)?,
    })
}
