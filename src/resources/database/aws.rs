//! The calls of a database (RDS `CreateDBInstance`, `DescribeDBInstances`, `ModifyDBInstance`, `DeleteDBInstance`).
//!
//! The password comes from a secret of ours and is never managed by RDS, which would rotate it under a program that
//! reads it at start only. Every change is applied at once, not in the maintenance window (see [`change`]). Nothing is
//! deleted before its data is in a snapshot, unless that was declined (see [`snapshot`]).

mod change;
mod look;
pub(in crate::resources) mod password;
mod snapshot;
mod state;

use std::time::Duration;

use aws_sdk_rds::types::{DbEngineVersion, DbInstance, Endpoint, PendingModifiedValues};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use self::change::{There, Upgrade, Wanted, is_slow, modification, number, refusal};
use self::look::look;
pub(in crate::resources) use self::state::describe;
use self::state::{Calm, InstanceState, by_resource_id, gone, settled};
use super::version::{VersionMove, newest, way, ways_on};
use super::{Database, DatabaseComputed, LIFECYCLE_STANDARD};
use crate::cloud::aws::answer::{if_there, lacking, moment};
use crate::cloud::aws::kms::key_arn;
use crate::cloud::aws::rds::retag;
use crate::cloud::aws::secrets::{login, unlogged};
use crate::cloud::aws::tags::{tag_list, tags_of};
use crate::cloud::aws::takeover::take_over;
use crate::cloud::aws::words;
use crate::cloud::aws::{
    Census, Clients, During, HealthOf, Listed, Lookup, Provision, ReadOutcomes, Reading, Writing, one_by_one,
};
use crate::cloud::wait::{WaitPolicy, retry_while};
use crate::cloud::{CloudError, ErrorKind, health};

pub(in crate::resources) const ENGINE: &str = "postgres";
const PORT: u16 = 5432;

// Two zones take 12 to 20 minutes, with a first backup at the end; an hour is beyond anything seen.
const MADE: WaitPolicy = WaitPolicy::seconds(960, 3600, 10);
// Upgrades and new classes take 8 to 15 minutes, a large upgrade more than half an hour.
const CHANGED_SLOWLY: WaitPolicy = WaitPolicy::seconds(420, 4800, 10);
// Most settings are in place within half a minute.
const CHANGED: WaitPolicy = WaitPolicy::seconds(0, 4800, 10);
// Whatever goes on when a change or removal begins, a creation of an earlier run included.
const FREE: WaitPolicy = WaitPolicy::seconds(0, 4800, 10);
// Between the answer "available" and the next call something else may begin, such as a backup.
const BUSY: Duration = Duration::from_mins(30);
// What other services made a moment ago (key, secret, groups, subnets) is seen by RDS within seconds, at worst minutes.
const PARTS_SEEN: Duration = Duration::from_mins(2);
// Switching the protection off takes effect within seconds.
const UNPROTECTED: Duration = Duration::from_mins(1);

impl Provision for Database {
    type Health = health::DatabaseHealth;
    const CONFIRMED: bool = true;

    fn flaw(field: &str, ordered: Option<&Value>) -> Option<&'static str> {
        let standby = ordered.and_then(Value::as_bool).filter(|_| field == "multi_az")?;
        Some(if standby {
            "it was ordered with a standby, and has none"
        } else {
            "it has a standby that nobody ordered"
        })
    }

    async fn observe(lookups: Vec<Lookup<Self>>, cx: &Reading<'_>) -> ReadOutcomes<Self> {
        one_by_one(lookups, |one| look(one, cx)).await
    }

    async fn census(here: &Census<'_>) -> Result<Listed, CloudError> {
        let pages = here.aws.rds.describe_db_instances().into_paginator().items().send();
        let all = pages.try_collect().await.during("list the databases")?;
        Ok(all.iter().map(|there| (computed(there).id, tags_of(there.tag_list()))).collect())
    }

    async fn create(&self, cx: &Writing<'_>) -> Result<DatabaseComputed, CloudError> {
        let doing = "create the database";
        let mut ordered = Box::pin(self.order(cx)).await;
        if ordered.as_ref().is_err_and(|error| error.kind == ErrorKind::Exists) {
            if let Some(there) = Box::pin(take_over(self, cx, doing)).await? {
                return Ok(there);
            }
            self.clear(cx).await?;
            ordered = Box::pin(self.order(cx)).await;
        }
        let computed = computed(&ordered?);
        cx.made(&computed).await?;
        let there = settled(&computed.id, doing, MADE, Calm::Thrice, cx, |_| true).await?;
        self.is_as_ordered(&there, cx)?;
        Ok(self::computed(&there))
    }

    async fn update(
        &self,
        from: &Self,
        known: &DatabaseComputed,
        cx: &Writing<'_>,
    ) -> Result<DatabaseComputed, CloudError> {
        let doing = "change the database";
        let mut there = settled(&known.id, doing, FREE, Calm::Once, cx, |_| true).await?;
        let wanted = Wanted {
            declared: self,
            security_groups: cx.all_ids(&self.security_groups)?,
            parameter_group: cx.id(&self.parameter_group)?,
        };
        let now = There::of(&there);
        if let Some(reason) = refusal(self, &now) {
            return Err(CloudError::new(ErrorKind::Refused, doing, reason));
        }
        let upgrade = self.upgrade(&now.engine_version, cx).await?;
        if let Some(call) = modification(&wanted, &there, upgrade.as_ref()) {
            let wait = if is_slow(&call) { CHANGED_SLOWLY } else { CHANGED };
            let call = call.db_instance_identifier(&known.id);
            let sent =
                retry_while(cx, BUSY, is_busy, || async { call.clone().send_with(&cx.aws.rds).await.during(doing) });
            match sent.await {
                Err(error) if words::rds::NO_CHANGE.tell(&error) => {}
                sent => {
                    sent?;
                    let shows = |there: &DbInstance| {
                        modification(&wanted, there, None).is_none()
                            && way(there.engine_version().unwrap_or_default(), &self.engine_version)
                                == VersionMove::Stay
                    };
                    there = settled(&known.id, doing, wait, Calm::Thrice, cx, shows).await?;
                }
            }
        }
        retag(cx.aws, &known.arn, &from.tags, &self.tags).await?;
        Ok(computed(&there))
    }

    async fn delete(declared: &Self, known: &DatabaseComputed, cx: &Writing<'_>) -> Result<(), CloudError> {
        let doing = "delete the database";
        let Some(mut there) = standing(known, cx).await? else { return Ok(()) };
        let known = &computed(&there);
        if InstanceState::of(&there) != InstanceState::Leaving {
            if !cx.consent.covers::<Self>() {
                let message = format!("{} holds data; --delete-data database deletes it", known.id);
                return Err(CloudError::new(ErrorKind::Refused, doing, message));
            }
            // What failed before it ever ran holds nothing.
            if !cx.consent.skip_final_snapshot && InstanceState::of(&there) != InstanceState::Stillborn {
                let doing = "take the final snapshot of the database";
                there = settled(&known.id, doing, FREE, Calm::Once, cx, |_| true).await.map_err(|mut error| {
                    error.message.push_str(". Without a final snapshot it can be deleted: --no-final-snapshot");
                    error
                })?;
                let kept = snapshot::keep(declared, known, &there, cx).await?;
                cx.status(format!("the data is kept in snapshot {kept}"));
            }
            remove(&there, cx).await?;
        }
        gone(known, doing, cx).await
    }
}

impl HealthOf<Database> for health::DatabaseHealth {
    async fn read(known: &DatabaseComputed, aws: &Clients) -> Result<Option<Self>, CloudError> {
        let Some(found) = describe(aws, &known.id).await? else { return Ok(None) };
        let certificate = found.certificate_details();
        let authority = certificate.and_then(|c| c.ca_identifier()).or(found.ca_certificate_identifier());
        Ok(Some(Self {
            status: found.db_instance_status().unwrap_or("unknown").to_owned(),
            resource_id: found.dbi_resource_id().map(str::to_owned),
            engine_version: found.engine_version().unwrap_or_default().to_owned(),
            extended_support: found.engine_lifecycle_support().is_none_or(|told| told != LIFECYCLE_STANDARD),
            multi_az: found.multi_az().unwrap_or_default(),
            pending: found.pending_modified_values().map(pending).unwrap_or_default(),
            authority: authority.map(str::to_owned),
            certificate_until: certificate.and_then(|c| c.valid_till()).and_then(moment),
        }))
    }
}

/// What waits for the window. The password is named, never shown.
fn pending(waiting: &PendingModifiedValues) -> Vec<String> {
    let mut all = Vec::new();
    let mut put = |name: &str, value: Option<String>| all.extend(value.map(|value| format!("{name} {value}")));
    put("class", waiting.db_instance_class().map(str::to_owned));
    put("version", waiting.engine_version().map(str::to_owned));
    put("storage in GiB", waiting.allocated_storage().map(|n| n.to_string()));
    put("storage type", waiting.storage_type().map(str::to_owned));
    put("IOPS", waiting.iops().map(|n| n.to_string()));
    put("throughput", waiting.storage_throughput().map(|n| n.to_string()));
    put("standby", waiting.multi_az().map(|is| is.to_string()));
    put("days of backups", waiting.backup_retention_period().map(|n| n.to_string()));
    put("port", waiting.port().map(|n| n.to_string()));
    put("certificate authority", waiting.ca_certificate_identifier().map(str::to_owned));
    put("subnet group", waiting.db_subnet_group_name().map(str::to_owned));
    if waiting.master_user_password().is_some() {
        all.push("another password".to_owned());
    }
    all
}

impl Database {
    /// Orders the instance. Values that were made a moment ago may still be unknown to RDS.
    async fn order(&self, cx: &Writing<'_>) -> Result<DbInstance, CloudError> {
        let doing = "create the database";
        let unseen = |error: &CloudError| {
            let codes = ["KMSKeyNotAccessibleFault", "InvalidSubnet"];
            let group = words::rds::UNKNOWN_GROUP.tell(error);
            error.kind == ErrorKind::NotFound || group || codes.iter().any(|code| error.is(code))
        };
        let secret = cx.id(&self.login)?;
        let password = retry_while(cx, PARTS_SEEN, unseen, || self.password(&secret, cx)).await?;
        let groups = cx.all_ids(&self.security_groups)?;
        let (subnets, parameters) = (cx.id(&self.subnet_group)?, cx.id(&self.parameter_group)?);
        let key = cx.id(&self.kms_key)?;
        let made = retry_while(cx, PARTS_SEEN, unseen, || async {
            let call = cx
                .aws
                .rds
                .create_db_instance()
                .db_instance_identifier(&self.name)
                .engine(ENGINE)
                .engine_version(&self.engine_version)
                .engine_lifecycle_support(&self.lifecycle_support)
                .db_instance_class(&self.instance_class)
                .allocated_storage(number(self.storage_gib))
                .storage_type(&self.storage_type)
                .storage_encrypted(true)
                .kms_key_id(&key)
                .multi_az(self.multi_az)
                .db_subnet_group_name(&subnets)
                .set_vpc_security_group_ids(Some(groups.clone()))
                .db_parameter_group_name(&parameters)
                .master_username(&self.username)
                .master_user_password(password.expose_secret())
                .db_name(&self.database)
                .port(i32::from(PORT))
                .backup_retention_period(number(self.backup_days))
                .preferred_backup_window(&self.backup_window)
                .preferred_maintenance_window(&self.maintenance_window)
                .deletion_protection(self.deletion_protection)
                .publicly_accessible(self.publicly_accessible)
                .auto_minor_version_upgrade(self.auto_minor_upgrade)
                .copy_tags_to_snapshot(self.copy_tags_to_snapshot)
                .set_tags(Some(tag_list(cx.tags(self))));
            Box::pin(unlogged(call.send())).await.during(doing)
        })
        .await?;
        made.db_instance.ok_or_else(|| lacking(doing, "database"))
    }

    /// Whether what can never be changed is as it was ordered; the rest is looked at afterwards.
    fn is_as_ordered(&self, there: &DbInstance, cx: &Writing<'_>) -> Result<(), CloudError> {
        let key = key_arn(&cx.surroundings, &cx.aws.region, &cx.id(&self.kms_key)?);
        let encrypted = there.storage_encrypted() == Some(true) && there.kms_key_id() == Some(&key);
        // An alias says nothing of the key that is meant.
        if encrypted || (key.starts_with("alias/") && there.storage_encrypted() == Some(true)) {
            return Ok(());
        }
        let found = there.kms_key_id().unwrap_or("no key");
        let message = format!("it was ordered to be encrypted with {key}, and has {found}");
        Err(CloudError::new(ErrorKind::Refused, "create the database as it was ordered", message))
    }

    async fn password(&self, secret: &str, cx: &Writing<'_>) -> Result<SecretString, CloudError> {
        let (user, password) = login(cx.aws, secret).await?;
        if user == self.username {
            return Ok(password);
        }
        let message = format!("{secret} is the login of {user}, and the database is to belong to {}", self.username);
        Err(CloudError::new(ErrorKind::Refused, "create the database", message))
    }

    /// Waits until the name is free: what is left under it is being deleted, or never came to life and can go.
    async fn clear(&self, cx: &Writing<'_>) -> Result<(), CloudError> {
        let Some(left) = describe(cx.aws, &self.name).await? else { return Ok(()) };
        if InstanceState::of(&left) == InstanceState::Stillborn {
            cx.status("removing what is left of a failed attempt");
            remove(&left, cx).await?;
        }
        gone(&computed(&left), "make room for the database", cx).await
    }

    /// Where the engine has to go from the version that is `there`.
    async fn upgrade(&self, there: &str, cx: &Writing<'_>) -> Result<Option<Upgrade>, CloudError> {
        let doing = "upgrade the database";
        let to = |to: String, major| Ok(Some(Upgrade { to, major }));
        match way(there, &self.engine_version) {
            VersionMove::Stay => Ok(None),
            VersionMove::Minor(version) => to(version, false),
            VersionMove::Major(version) => to(version, true),
            VersionMove::AnyOf(major) => {
                // RDS would take its default minor, which may not be reachable from a newer minor of an older major.
                let targets = upgrade_targets(cx.aws, there).await?;
                let targets: Vec<&str> = targets.iter().map(String::as_str).collect();
                let Some(version) = newest(targets.iter().copied(), major) else {
                    let message = format!("there is no way from {there} to {major}: {}", ways_on(there, &targets));
                    return Err(CloudError::new(ErrorKind::Refused, doing, message));
                };
                to(version.to_owned(), true)
            }
            VersionMove::Back => {
                let wanted = &self.engine_version;
                let message = format!("RDS never goes back, and {there} is newer than the declared {wanted}");
                Err(CloudError::new(ErrorKind::Refused, doing, message))
            }
        }
    }
}

/// The database that is to go: the recorded one, whatever its name is by now, else one of ours that was restored or made
/// anew under its name. What took its place in the record stays.
async fn standing(known: &DatabaseComputed, cx: &Writing<'_>) -> Result<Option<DbInstance>, CloudError> {
    let named = describe(cx.aws, &known.id).await?;
    if named.as_ref().is_some_and(|there| is_same(there, known)) {
        return Ok(named);
    }
    if let Some(there) = by_resource_id(cx.aws, &known.resource_id).await? {
        return Ok(Some(there));
    }
    let successor = cx.ids.computed(&cx.mark.address).and_then(|recorded| recorded.text("resource_id"));
    Ok(named.filter(|there| cx.ours(&tags_of(there.tag_list())) && there.dbi_resource_id() != successor))
}

/// Where RDS can go from this version. One that is withdrawn is told only with `IncludeAll`, and databases go on with it.
pub(in crate::resources) async fn upgrade_targets(aws: &Clients, version: &str) -> Result<Vec<String>, CloudError> {
    let call = aws.rds.describe_db_engine_versions().engine(ENGINE).engine_version(version).include_all(true);
    let answer = call.send().await.during("find the versions the database can be upgraded to")?;
    let targets = answer.db_engine_versions().iter().flat_map(DbEngineVersion::valid_upgrade_target);
    Ok(targets.filter_map(|target| target.engine_version()).map(str::to_owned).collect())
}

/// Orders the end of an instance. Its data is in a snapshot by now, or there is none.
async fn remove(there: &DbInstance, cx: &Writing<'_>) -> Result<(), CloudError> {
    let name = there.db_instance_identifier().unwrap_or_default();
    // Only where RDS is at work, or may be by now, is there another state to wait for.
    let passes = matches!(InstanceState::of(there), InstanceState::Ready | InstanceState::Busy);
    let passing = |error: &CloudError| passes && is_busy(error);
    let order = || async {
        let call = cx.aws.rds.delete_db_instance().db_instance_identifier(name).skip_final_snapshot(true);
        call.delete_automated_backups(true).send().await.during("delete the database").map(drop)
    };
    let unprotect = || async {
        let call = cx.aws.rds.modify_db_instance().db_instance_identifier(name);
        let call = call.deletion_protection(false).apply_immediately(true);
        call.send().await.during("switch the deletion protection of the database off").map(drop)
    };
    let protected = there.deletion_protection().unwrap_or(false);
    let ordered = if !protected {
        retry_while(cx, BUSY, passing, order).await
    } else if passes {
        if if_there(retry_while(cx, BUSY, passing, unprotect).await)?.is_none() {
            return Ok(());
        }
        retry_while(cx, BUSY, passing, || retry_while(cx, UNPROTECTED, is_protected, order)).await
    } else {
        // Nothing about it can be changed as a rule, and it may go all the same.
        match order().await {
            Err(refused) if is_protected(&refused) => {
                unprotect().await.map_err(|mut error| {
                    let status = there.db_instance_status().unwrap_or_default();
                    error.message = format!(
                        "{}. It is {status}, and its deletion protection keeps it: switch that off in the RDS console, \
                         or ask AWS to",
                        error.message
                    );
                    error
                })?;
                retry_while(cx, UNPROTECTED, is_protected, order).await
            }
            ordered => ordered,
        }
    };
    match ordered {
        Err(error) if is_leaving(&error) => Ok(()),
        ordered => if_there(ordered).map(drop),
    }
}

/// Its deletion protection is on, or was a moment ago.
fn is_protected(error: &CloudError) -> bool {
    words::rds::PROTECTED.tell(error)
}

/// RDS is at work on it and will be done.
fn is_busy(error: &CloudError) -> bool {
    error.is("InvalidDBInstanceState") && !is_leaving(error)
}

/// Somebody ordered its end before.
fn is_leaving(error: &CloudError) -> bool {
    words::rds::LEAVING.tell(error)
}

/// Whether what is there is the object that was recorded: names are used again, resource ids never.
fn is_same(there: &DbInstance, known: &DatabaseComputed) -> bool {
    known.resource_id.is_empty() || there.dbi_resource_id() == Some(&known.resource_id)
}

fn computed(there: &DbInstance) -> DatabaseComputed {
    let endpoint = there.endpoint();
    let port = endpoint.and_then(Endpoint::port).and_then(|port| u16::try_from(port).ok());
    DatabaseComputed {
        id: there.db_instance_identifier().unwrap_or_default().to_owned(),
        arn: there.db_instance_arn().unwrap_or_default().to_owned(),
        resource_id: there.dbi_resource_id().unwrap_or_default().to_owned(),
        // Told late in the creation.
        address: endpoint.and_then(|endpoint| endpoint.address()).map(str::to_owned),
        port: port.unwrap_or(PORT),
    }
}
