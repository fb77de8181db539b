//! The `PostgreSQL` database (RDS).

#[cfg(feature = "aws")]
pub(super) mod aws;
mod bill;
mod terraform;
pub(crate) mod version;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::db_parameter_group::DbParameterGroup;
use super::db_subnet_group::DbSubnetGroup;
use super::kms_key::KmsKey;
use super::secret::Secret;
use super::security_group::SecurityGroup;
use crate::model::address::{Address, Kind};
use crate::model::audit::{AuditName, ChangingCalls};
use crate::model::billing::{Charge, KindBilling};
use crate::model::component::Component;
use crate::model::document::told_later;
use crate::model::facts::quota::Quota;
use crate::model::impact::{Affected, Going, Impact, ImpactClass, Noticed};
use crate::model::mark::Tags;
use crate::model::reference::Ref;
use crate::model::resource::{Field, Holds, ReplaceOrder, Resource};
use crate::model::site::Site;
use crate::model::terraform::{TerraformContext, TerraformError, TerraformObject};
use crate::{fields, id_alone};

/// No paid support after the end of the standard one (RDS `EngineLifecycleSupport`).
pub const LIFECYCLE_STANDARD: &str = "open-source-rds-extended-support-disabled";
/// Paid support after the end of the standard one.
pub const LIFECYCLE_EXTENDED: &str = "open-source-rds-extended-support";

/// The `PostgreSQL` database (RDS). Changes are applied at once, not in the maintenance window; with them goes whatever
/// else was waiting for the window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of RDS of its own")]
pub struct Database {
    /// Its identifier, lower case; unique in account and region.
    pub name: String,
    /// `17` means any 17.x; `17.4` means that or a newer minor.
    pub engine_version: String,
    /// Instance class, such as `db.t3.xlarge`.
    pub instance_class: String,
    /// Storage in GiB; only grows.
    pub storage_gib: u32,
    /// `gp3`.
    pub storage_type: String,
    /// Whether a second instance stands by in another zone.
    pub multi_az: bool,
    /// The subnets it may stand in.
    pub subnet_group: Ref<DbSubnetGroup>,
    /// Its firewalls.
    pub security_groups: BTreeSet<Ref<SecurityGroup>>,
    /// Its settings.
    pub parameter_group: Ref<DbParameterGroup>,
    /// The key that encrypts it.
    pub kms_key: Ref<KmsKey>,
    /// The secret with user and first password.
    pub login: Ref<Secret>,
    /// The user that owns it.
    pub username: String,
    /// The database inside that is made with it.
    pub database: String,
    /// Days that automatic backups are kept.
    pub backup_days: u32,
    /// When backups are made, UTC, such as `03:00-04:00`.
    pub backup_window: String,
    /// When AWS may maintain it, UTC, such as `sun:04:30-sun:05:30`.
    pub maintenance_window: String,
    /// Whether deleting it is refused.
    pub deletion_protection: bool,
    /// Whether it has a public address.
    pub publicly_accessible: bool,
    /// Whether AWS moves it to newer minors by itself.
    pub auto_minor_upgrade: bool,
    /// Whether snapshots get its tags.
    pub copy_tags_to_snapshot: bool,
    /// Whether there is paid support after the end of the standard one: [`LIFECYCLE_STANDARD`] or [`LIFECYCLE_EXTENDED`].
    pub lifecycle_support: String,
    /// Its tags.
    pub tags: Tags,
}

/// What AWS computes for a [`Database`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseComputed {
    /// Its identifier.
    pub id: String,
    /// `arn:…:db:…`
    pub arn: String,
    /// `db-…`: another one under the same identifier is another database.
    pub resource_id: String,
    /// Host name to connect to, told late in its creation.
    #[serde(default, deserialize_with = "told_later", skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Port to connect to.
    pub port: u16,
}

/// The least size, in GiB, to which storage of `from` GiB grows: a tenth more (RDS User Guide, "Increasing DB instance
/// storage capacity").
pub(crate) const fn least_growth(from: u32) -> u32 {
    from + from.div_ceil(10)
}

/// Why storage of one size, in GiB, cannot become another, if so (RDS User Guide, "Increasing DB instance storage
/// capacity").
pub(crate) fn storage_refusal(from: u32, to: u32) -> Option<String> {
    if to < from {
        return Some(format!(
            "storage of {from} GiB cannot shrink to {to} GiB. Declare {from}, or make another database and copy the \
             data"
        ));
    }
    // RDS would round up, and what is there would differ from what is declared for ever.
    let least = least_growth(from);
    (to > from && to < least)
        .then(|| format!("storage grows by a tenth at least: from {from} GiB to {least} GiB or more, not to {to} GiB"))
}

id_alone!(DatabaseComputed { arn, resource_id, address, port });

/// What follows from every change of storage (RDS User Guide, "Working with storage for Amazon RDS DB instances").
const OPTIMISED: Impact = Impact::of(
    ImpactClass::NoOutage,
    Affected::Everybody,
    "the database goes on, and may be slower while RDS moves its storage: minutes, or more than a day",
);

/// Whether the engine moves to another major version.
fn is_major(from: &Database, to: &Database) -> bool {
    version::major(&from.engine_version) != version::major(&to.engine_version)
}

impl Resource for Database {
    const KIND: Kind = Kind::new("database");
    const WHAT: &'static str = "the PostgreSQL database (RDS)";
    const COMPONENT: Component = Component::Data;
    const SUMMARY: &'static str = "PostgreSQL {engine_version}, {instance_class}, {storage_gib} GiB";
    const HOLDS: Holds =
        Holds::Data { word: "database", told: "The database; a last snapshot is taken and verified first" };
    const FIELDS: &'static [Field] = fields!(Database {
        name: Replace,
        engine_version: Update,
        instance_class: Update,
        storage_gib: Update,
        storage_type: Update,
        multi_az: Update,
        subnet_group: Replace,
        security_groups: Update,
        parameter_group: Update,
        kms_key: Replace,
        login: Ignore,
        username: Replace,
        database: Replace,
        backup_days: Update,
        backup_window: Update,
        maintenance_window: Update,
        deletion_protection: Update,
        publicly_accessible: Update,
        auto_minor_upgrade: Update,
        copy_tags_to_snapshot: Update,
        lifecycle_support: Update,
        tags: Update
    });
    // The identifier is fixed.
    const REPLACE: ReplaceOrder = ReplaceOrder::DeleteFirst;
    const IDENTITY: &'static [&'static str] = &["name"];
    const AUDIT: AuditName = AuditName::of("rds", "id");
    // RDS User Guide: "Settings for DB instances", column "Downtime notes"; "Upgrades of the RDS for PostgreSQL DB engine";
    // "Failing over a Multi-AZ DB instance" (60 to 120 seconds). How long an upgrade takes is the field's experience.
    const NOTICED: &'static [Noticed<Self>] = &[
        Noticed::when(
            "engine_version",
            "to another major version",
            is_major,
            Impact::lasting(
                ImpactClass::Outage,
                (480, 1500),
                Affected::Everybody,
                "the database and its standby are upgraded at the same time, and do not answer meanwhile",
            ),
        ),
        Noticed::when(
            "engine_version",
            "to another major version",
            is_major,
            Impact::of(
                ImpactClass::NoWayBack,
                Affected::Operators,
                "RDS never goes back; the snapshot it takes before the upgrade brings back the data of that moment, as another database",
            ),
        ),
        Noticed::when(
            "engine_version",
            "within its major version",
            |from, to| !is_major(from, to),
            Impact::lasting(
                ImpactClass::Outage,
                (60, 600),
                Affected::Everybody,
                "the database and its standby are upgraded at the same time, and do not answer meanwhile",
            ),
        ),
        Noticed::when(
            "engine_version",
            "within its major version",
            |from, to| !is_major(from, to),
            Impact::of(ImpactClass::NoWayBack, Affected::Operators, "RDS never goes back to an older version"),
        ),
        Noticed::when(
            "instance_class",
            "with a standby",
            |from, to| from.multi_az && to.multi_az,
            Impact::lasting(
                ImpactClass::Failover,
                (60, 120),
                Affected::Everybody,
                "the standby is changed first and takes over; what needs the database in between fails",
            ),
        ),
        Noticed::when(
            "instance_class",
            "without a standby",
            |from, to| !(from.multi_az && to.multi_az),
            Impact::lasting(
                ImpactClass::Outage,
                (300, 900),
                Affected::Everybody,
                "the database moves to another machine and does not answer meanwhile",
            ),
        ),
        Noticed::always(
            "parameter_group",
            Impact::of(
                ImpactClass::NoOutage,
                Affected::Operators,
                "settings that need a restart take effect at the next one, which an upgrade brings with it",
            ),
        ),
        Noticed::when(
            "storage_gib",
            "when it grows",
            |from, to| to.storage_gib > from.storage_gib,
            Impact::of(
                ImpactClass::NoWayBack,
                Affected::Operators,
                "storage never shrinks, and RDS refuses the next change of it for six hours",
            ),
        ),
        Noticed::always("storage_gib", OPTIMISED),
        Noticed::always("storage_type", OPTIMISED),
        Noticed::when(
            "multi_az",
            "when the standby goes",
            |_, to| !to.multi_az,
            Impact::of(
                ImpactClass::LessResilient,
                Affected::Everybody,
                "no standby takes over any more: when the machine or its zone fails, there is no database until RDS has mended it",
            ),
        ),
        Noticed::when(
            "multi_az",
            "when a standby comes",
            |_, to| to.multi_az,
            Impact::of(
                ImpactClass::NoOutage,
                Affected::Everybody,
                "the database is slower while its standby is filled",
            ),
        ),
        Noticed::when(
            "backup_days",
            "between none and some",
            |from, to| (from.backup_days == 0) != (to.backup_days == 0),
            Impact::lasting(
                ImpactClass::Outage,
                (30, 120),
                Affected::Everybody,
                "RDS restarts the database to switch backups on or off",
            ),
        ),
        Noticed::when(
            "backup_days",
            "when there are fewer",
            |from, to| to.backup_days < from.backup_days,
            Impact::of(
                ImpactClass::DataAtRisk,
                Affected::Operators,
                "backups older than that go, and with them the way back to those days",
            ),
        ),
        Noticed::when(
            "deletion_protection",
            "when it is switched off",
            |_, to| !to.deletion_protection,
            Impact::of(ImpactClass::DataAtRisk, Affected::Operators, "deleting the database is refused no more"),
        ),
    ];
    const CHANGED_BY: &'static [ChangingCalls] = &[
        ChangingCalls::of(
            "rds",
            "dBInstanceIdentifier",
            "id",
            &[
                "ModifyDBInstance",
                "RebootDBInstance",
                "StartDBInstance",
                "StopDBInstance",
                "PromoteReadReplica",
                "AddRoleToDBInstance",
                "CreateDBSnapshot",
                "DeleteDBInstance",
            ],
        ),
        ChangingCalls::TAGS_OF_RDS,
    ];
    const BILLING: KindBilling<Self> = KindBilling::Asked(bill::billing);
    type Computed = DatabaseComputed;

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }

    fn left_behind(&self) -> Vec<Charge> {
        vec![bill::last_snapshot(self)]
    }

    fn takes(&self) -> Vec<(Quota, u64)> {
        vec![(Quota::DatabaseInstances, 1), (Quota::DatabaseStorage, u64::from(self.storage_gib))]
    }

    fn leaves(&self, _: &DatabaseComputed, going: Going) -> Vec<Impact> {
        let what = match going {
            Going::Deleted => "its data goes; a last snapshot is taken and verified first, unless that was declined",
            Going::Replaced(_) => "its data goes, and the new one is empty",
            Going::MadeAgain => "the new one is empty",
        };
        vec![Impact::of(ImpactClass::DataLoss, Affected::Everybody, what).about(&self.name)]
    }

    fn terraform(
        &self,
        computed: &DatabaseComputed,
        _: &TerraformContext<'_>,
    ) -> Result<TerraformObject, TerraformError> {
        Ok(terraform::object(self, computed))
    }

    fn sample(&self, _: &Address, serial: u64, site: &Site) -> DatabaseComputed {
        DatabaseComputed {
            id: self.name.clone(),
            arn: site.arn("rds", &format!("db:{}", self.name)),
            resource_id: format!("db-{serial:026}"),
            address: Some(site.host(&format!("{}.c0000000", self.name), "rds")),
            port: 5432,
        }
    }
}
