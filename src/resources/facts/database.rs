//! What RDS offers for a database, and what one runs (RDS `DescribeDBEngineVersions`, `DescribeDBInstances`,
//! `DescribeOrderableDBInstanceOptions`).

use std::collections::BTreeSet;

use aws_sdk_rds::types::OrderableDbInstanceOption;
use futures_util::future::join;

use super::fact;
use crate::cloud::aws::{Clients, During};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::facts::Fact;
use crate::model::facts::database::{DatabaseOffers, DatabaseOption, DatabaseQuery, RunningEngine};
use crate::resources::database::aws::{ENGINE, describe, upgrade_targets};
use crate::resources::database::version::newest_meant;

/// Everything asked of RDS.
pub(super) async fn offers(aws: &Clients, ask: &DatabaseQuery) -> DatabaseOffers {
    let offered = async {
        let versions = versions(aws).await;
        let meant = versions.as_ref().map(|all| newest_meant(all.iter().map(String::as_str), &ask.version));
        let options = match meant {
            Ok(Some(version)) => fact(options(aws, &ask.instance_class, version).await),
            Ok(None) => Fact::Missing,
            Err(error) => fact(Err(error.clone())),
        };
        (fact(versions), options)
    };
    let ((versions, options), running) = join(offered, running(aws, ask.standing.as_deref())).await;
    DatabaseOffers { versions, options, running: fact(running) }
}

async fn versions(aws: &Clients) -> Result<BTreeSet<String>, CloudError> {
    let pages = aws.rds.describe_db_engine_versions().engine(ENGINE).into_paginator().items().send();
    let found = pages.try_collect().await.during("list the versions of the database engine")?;
    Ok(found.into_iter().filter_map(|one| one.engine_version).collect())
}

async fn options(aws: &Clients, class: &str, version: &str) -> Result<Vec<DatabaseOption>, CloudError> {
    let ask = aws.rds.describe_orderable_db_instance_options().engine(ENGINE).engine_version(version);
    let pages = ask.db_instance_class(class).vpc(true).into_paginator().items().send();
    let found = pages.try_collect().await.during("find what can be ordered of the database's class")?;
    Ok(found.iter().map(option).collect())
}

fn option(told: &OrderableDbInstanceOption) -> DatabaseOption {
    let gib = |told: Option<i32>, unlimited: u32| told.and_then(|gib| gib.try_into().ok()).unwrap_or(unlimited);
    DatabaseOption {
        storage_type: told.storage_type().unwrap_or_default().to_owned(),
        least_gib: gib(told.min_storage_size(), 0),
        most_gib: gib(told.max_storage_size(), u32::MAX),
        multi_az: told.multi_az_capable().unwrap_or_default(),
        zones: told.availability_zones().iter().filter_map(|zone| zone.name()).map(str::to_owned).collect(),
    }
}

async fn running(aws: &Clients, standing: Option<&str>) -> Result<RunningEngine, CloudError> {
    let doing = "read what the database runs";
    let none = || CloudError::new(ErrorKind::NotFound, doing, "no database stands");
    let there = describe(aws, standing.ok_or_else(none)?).await?.ok_or_else(none)?;
    let version = there.engine_version().unwrap_or_default().to_owned();
    let targets = upgrade_targets(aws, &version).await?.into_iter().collect();
    Ok(RunningEngine { version, targets })
}
