//! What has to be changed about a database, as one `ModifyDBInstance`. Pure.
//!
//! Everything is sent to be applied at once, not in the maintenance window: a run ends when its changes are in place.
//! RDS then applies whatever else was waiting for the window, too. A value that waits for the window counts as there.

use std::collections::BTreeSet;

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;
use aws_sdk_rds::types::{DbInstance, PendingModifiedValues};

use super::Database;
use crate::resources::database::storage_refusal;

/// From this size on, gp3 storage of `PostgreSQL` has IOPS of its own, which every change of it must then carry; below,
/// sending any is refused (RDS User Guide, "gp3 storage").
const OWN_IOPS_GIB: i32 = 400;
/// The least IOPS of such storage.
const LEAST_IOPS: i32 = 12_000;

/// What RDS tells of a database, with what waits for the window counted as there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct There {
    pub(super) instance_class: String,
    pub(super) engine_version: String,
    pub(super) storage_gib: i32,
    pub(super) storage_type: String,
    pub(super) multi_az: bool,
    pub(super) backup_days: i32,
    /// Whether RDS makes its storage larger by itself.
    pub(super) grows_itself: bool,
    /// Names of what waits for the window.
    pub(super) waiting: Vec<&'static str>,
}

impl There {
    /// Whether so much storage is asked for that there is more of already, because it grew by itself: that is no
    /// difference.
    fn has_grown_beyond(&self, asked: i32) -> bool {
        self.grows_itself && self.storage_gib > asked
    }
}

impl There {
    /// What is there or waits to be.
    pub(super) fn of(there: &DbInstance) -> Self {
        let pending = there.pending_modified_values();
        let mut waiting = Vec::new();
        let mut note = |name: &'static str, is_pending: bool| {
            if is_pending {
                waiting.push(name);
            }
        };
        let class = pending.and_then(|pending| pending.db_instance_class());
        let version = pending.and_then(|pending| pending.engine_version());
        let size = pending.and_then(PendingModifiedValues::allocated_storage);
        let kind = pending.and_then(|pending| pending.storage_type());
        let multi_az = pending.and_then(PendingModifiedValues::multi_az);
        let days = pending.and_then(PendingModifiedValues::backup_retention_period);
        note("class", class.is_some());
        note("version", version.is_some());
        note("storage", size.is_some() || kind.is_some());
        note("standby", multi_az.is_some());
        note("backup days", days.is_some());
        Self {
            instance_class: class.or(there.db_instance_class()).unwrap_or_default().to_owned(),
            engine_version: version.or(there.engine_version()).unwrap_or_default().to_owned(),
            storage_gib: size.or(there.allocated_storage()).unwrap_or_default(),
            grows_itself: there.max_allocated_storage().is_some_and(|limit| Some(limit) >= there.allocated_storage()),
            storage_type: kind.or(there.storage_type()).unwrap_or_default().to_owned(),
            multi_az: multi_az.or(there.multi_az()).unwrap_or_default(),
            backup_days: days.or(there.backup_retention_period()).unwrap_or_default(),
            waiting,
        }
    }
}

/// What is wanted, with ids where the declaration has references.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) declared: &'a Database,
    pub(super) security_groups: Vec<String>,
    pub(super) parameter_group: String,
}

/// Where the engine has to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Upgrade {
    pub(super) to: String,
    pub(super) major: bool,
}

/// Why the storage cannot become what is wanted, if so.
pub(super) fn refusal(wanted: &Database, there: &There) -> Option<String> {
    let from = u32::try_from(there.storage_gib).unwrap_or_default();
    if there.has_grown_beyond(number(wanted.storage_gib)) { None } else { storage_refusal(from, wanted.storage_gib) }
}

/// The call that makes `there` what is `wanted`; nothing if it is.
pub(super) fn modification(
    wanted: &Wanted<'_>,
    there: &DbInstance,
    upgrade: Option<&Upgrade>,
) -> Option<ModifyDbInstanceInputBuilder> {
    let Wanted { declared, security_groups, parameter_group } = wanted;
    let now = There::of(there);
    let mut call = ModifyDbInstanceInputBuilder::default();
    if let Some(Upgrade { to, major }) = upgrade {
        call = call.engine_version(to).set_allow_major_version_upgrade(major.then_some(true));
    }
    // The group of a new major has to come in the same call.
    let group = there.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    if group != Some(parameter_group) || upgrade.is_some_and(|upgrade| upgrade.major) {
        call = call.db_parameter_group_name(parameter_group);
    }
    if now.instance_class != declared.instance_class {
        call = call.db_instance_class(&declared.instance_class);
    }
    call = storage(call, declared, &now, there.iops());
    if now.multi_az != declared.multi_az {
        call = call.multi_az(declared.multi_az);
    }
    if now.backup_days != number(declared.backup_days) {
        call = call.backup_retention_period(number(declared.backup_days));
    }
    if security_groups_of(there) != security_groups.iter().map(String::as_str).collect() {
        call = call.set_vpc_security_group_ids(Some(security_groups.clone()));
    }
    if !same_window(there.preferred_backup_window(), &declared.backup_window) {
        call = call.preferred_backup_window(&declared.backup_window);
    }
    if !same_window(there.preferred_maintenance_window(), &declared.maintenance_window) {
        call = call.preferred_maintenance_window(&declared.maintenance_window);
    }
    if there.deletion_protection() != Some(declared.deletion_protection) {
        call = call.deletion_protection(declared.deletion_protection);
    }
    if there.publicly_accessible() != Some(declared.publicly_accessible) {
        call = call.publicly_accessible(declared.publicly_accessible);
    }
    if there.auto_minor_version_upgrade() != Some(declared.auto_minor_upgrade) {
        call = call.auto_minor_version_upgrade(declared.auto_minor_upgrade);
    }
    if there.copy_tags_to_snapshot() != Some(declared.copy_tags_to_snapshot) {
        call = call.copy_tags_to_snapshot(declared.copy_tags_to_snapshot);
    }
    // Databases older than the choice do not tell it.
    if there.engine_lifecycle_support().is_some_and(|told| told != declared.lifecycle_support) {
        call = call.engine_lifecycle_support(&declared.lifecycle_support);
    }
    let differs = call != ModifyDbInstanceInputBuilder::default();
    differs.then(|| call.apply_immediately(true))
}

fn storage(
    mut call: ModifyDbInstanceInputBuilder,
    declared: &Database,
    now: &There,
    iops: Option<i32>,
) -> ModifyDbInstanceInputBuilder {
    let size = number(declared.storage_gib);
    let grows = now.storage_gib != size && !now.has_grown_beyond(size);
    let other_type = now.storage_type != declared.storage_type;
    if grows {
        call = call.allocated_storage(size);
    }
    if other_type {
        call = call.storage_type(&declared.storage_type);
    }
    if (grows || other_type) && declared.storage_type == "gp3" && size >= OWN_IOPS_GIB {
        call = call.iops(iops.unwrap_or_default().max(LEAST_IOPS));
    }
    call
}

/// Whether this change takes minutes rather than moments.
pub(super) fn is_slow(call: &ModifyDbInstanceInputBuilder) -> bool {
    call.get_engine_version().is_some()
        || call.get_db_instance_class().is_some()
        || call.get_allocated_storage().is_some()
        || call.get_storage_type().is_some()
        || call.get_multi_az().is_some()
}

/// The firewalls of a database, but those that are on their way out.
pub(super) fn security_groups_of(there: &DbInstance) -> BTreeSet<&str> {
    let stays = there.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
    stays.filter_map(|group| group.vpc_security_group_id()).collect()
}

/// RDS tells windows in lower case.
pub(super) fn same_window(told: Option<&str>, asked: &str) -> bool {
    told.is_some_and(|told| told.eq_ignore_ascii_case(asked))
}

/// A number as the SDK takes it; no limit of AWS comes near the end of its range.
pub(super) fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_rds::types::{DbParameterGroupStatus, VpcSecurityGroupMembership};

    use super::*;
    use crate::model::mark::Tags;
    use crate::model::reference::Ref;

    fn declared() -> Database {
        Database {
            name: "dev-database".to_owned(),
            engine_version: "17".to_owned(),
            instance_class: "db.t3.xlarge".to_owned(),
            storage_gib: 100,
            storage_type: "gp3".to_owned(),
            multi_az: true,
            subnet_group: Ref::named("database"),
            security_groups: BTreeSet::from([Ref::named("database")]),
            parameter_group: Ref::named("database"),
            kms_key: Ref::named("main"),
            login: Ref::named("database"),
            username: "ppm".to_owned(),
            database: "ppm".to_owned(),
            backup_days: 7,
            backup_window: "03:00-04:00".to_owned(),
            maintenance_window: "Sun:04:30-Sun:05:30".to_owned(),
            deletion_protection: true,
            publicly_accessible: false,
            auto_minor_upgrade: true,
            copy_tags_to_snapshot: true,
            lifecycle_support: "open-source-rds-extended-support-disabled".to_owned(),
            tags: Tags::new(),
        }
    }

    fn there() -> aws_sdk_rds::types::builders::DbInstanceBuilder {
        DbInstance::builder()
            .db_instance_class("db.t3.xlarge")
            .engine_version("17.6")
            .allocated_storage(100)
            .storage_type("gp3")
            .iops(3000)
            .multi_az(true)
            .backup_retention_period(7)
            .preferred_backup_window("03:00-04:00")
            .preferred_maintenance_window("sun:04:30-sun:05:30")
            .deletion_protection(true)
            .publicly_accessible(false)
            .auto_minor_version_upgrade(true)
            .copy_tags_to_snapshot(true)
            .engine_lifecycle_support("open-source-rds-extended-support-disabled")
            .db_parameter_groups(DbParameterGroupStatus::builder().db_parameter_group_name("pg17").build())
            .vpc_security_groups(VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").build())
    }

    fn change(
        declared: &Database,
        there: &DbInstance,
        upgrade: Option<&Upgrade>,
    ) -> Option<ModifyDbInstanceInputBuilder> {
        let wanted = Wanted { declared, security_groups: vec!["sg-1".to_owned()], parameter_group: "pg17".to_owned() };
        modification(&wanted, there, upgrade)
    }

    fn nothing() -> ModifyDbInstanceInputBuilder {
        ModifyDbInstanceInputBuilder::default().apply_immediately(true)
    }

    #[test]
    fn what_is_in_place_needs_no_call() {
        assert_eq!(change(&declared(), &there().build(), None), None);
    }

    #[test]
    fn only_what_differs_is_sent_and_at_once() {
        let wanted = Database { deletion_protection: false, ..declared() };
        assert_eq!(change(&wanted, &there().build(), None), Some(nothing().deletion_protection(false)));
        let wanted = Database { instance_class: "db.t3.large".to_owned(), ..declared() };
        let call = change(&wanted, &there().build(), None).unwrap();
        assert_eq!(call, nothing().db_instance_class("db.t3.large"));
        assert!(is_slow(&call) && !is_slow(&nothing().deletion_protection(true)));
    }

    #[test]
    fn a_lifecycle_that_is_told_is_compared() {
        let wanted = Database { lifecycle_support: "open-source-rds-extended-support".to_owned(), ..declared() };
        let call = change(&wanted, &there().build(), None);
        assert_eq!(call, Some(nothing().engine_lifecycle_support("open-source-rds-extended-support")));
        assert_eq!(change(&wanted, &there().set_engine_lifecycle_support(None).build(), None), None);
    }

    #[test]
    fn what_waits_for_the_window_counts_as_there() {
        let pending = PendingModifiedValues::builder().db_instance_class("db.t3.large").build();
        let waiting = there().pending_modified_values(pending).build();
        assert_eq!(There::of(&waiting).waiting, ["class"]);
        let wanted = Database { instance_class: "db.t3.large".to_owned(), ..declared() };
        assert_eq!(change(&wanted, &waiting, None), None);
        // Asking for what runs now takes the change back.
        let call = change(&declared(), &waiting, None);
        assert_eq!(call, Some(nothing().db_instance_class("db.t3.xlarge")));
    }

    #[test]
    fn a_new_major_brings_its_parameter_group_along() {
        let upgrade = Upgrade { to: "17.6".to_owned(), major: true };
        let expected = nothing().engine_version("17.6").allow_major_version_upgrade(true);
        let older = there().engine_version("16.9").build();
        let call = change(&declared(), &older, Some(&upgrade));
        assert_eq!(call, Some(expected.db_parameter_group_name("pg17")));
        let minor = Upgrade { to: "17.9".to_owned(), major: false };
        assert_eq!(change(&declared(), &there().build(), Some(&minor)), Some(nothing().engine_version("17.9")));
    }

    #[test]
    fn another_group_behind_the_same_reference_is_sent() {
        let wanted = declared();
        let wanted =
            Wanted { declared: &wanted, security_groups: vec!["sg-2".to_owned()], parameter_group: "pg18".to_owned() };
        let call = modification(&wanted, &there().build(), None);
        assert_eq!(call, Some(nothing().db_parameter_group_name("pg18").vpc_security_group_ids("sg-2")));
    }

    #[test]
    fn storage_carries_iops_only_where_it_has_its_own() {
        let wanted = Database { storage_gib: 200, ..declared() };
        assert_eq!(change(&wanted, &there().build(), None), Some(nothing().allocated_storage(200)));
        let wanted = Database { storage_gib: 400, ..declared() };
        assert_eq!(change(&wanted, &there().build(), None), Some(nothing().allocated_storage(400).iops(12_000)));
        let large = there().allocated_storage(500).iops(16_000).build();
        let wanted = Database { storage_gib: 600, ..declared() };
        assert_eq!(change(&wanted, &large, None), Some(nothing().allocated_storage(600).iops(16_000)));
    }

    #[test]
    fn storage_that_grew_by_itself_stays_as_it_is() {
        let grown = there().allocated_storage(120).max_allocated_storage(500).build();
        let wanted = Database { backup_days: 14, ..declared() };
        assert_eq!(refusal(&wanted, &There::of(&grown)), None);
        assert_eq!(change(&wanted, &grown, None), Some(nothing().backup_retention_period(14)));
        let wanted = Database { storage_gib: 200, ..declared() };
        assert_eq!(change(&wanted, &grown, None), Some(nothing().allocated_storage(200)));
    }

    #[test]
    fn storage_never_shrinks_and_grows_by_a_tenth() {
        let now = There::of(&there().build());
        let to = |storage_gib| refusal(&Database { storage_gib, ..declared() }, &now);
        assert!(to(99).unwrap().contains("cannot shrink"));
        assert!(to(109).unwrap().contains("110 GiB or more"));
        assert_eq!(to(100), None);
        assert_eq!(to(110), None);
    }
}
