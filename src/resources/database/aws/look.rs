//! What is seen of a database: by its name, or by the id that no other ever has, whatever its name is by now.

use aws_sdk_rds::types::DbInstance;

use super::super::version::told;
use super::change::{There, same_window, security_groups_of};
use super::state::{InstanceState, by_resource_id, describe};
use super::{computed, is_same};
use crate::cloud::CloudError;
use crate::cloud::aws::tags::tags_of;
use crate::cloud::aws::{Lookup, Present, ReadOutcome, Reading};
use crate::model::mark::Tags;
use crate::model::observation::{ForeignObject, Remedy};
use crate::model::values::region_of;
use crate::resources::database::Database;

/// Looks for one database.
pub(super) async fn look(one: Lookup<Database>, cx: &Reading<'_>) -> Result<ReadOutcome<Database>, CloudError> {
    let expected = one.expected();
    let Some((_, known)) = &one.recorded else {
        let Some(there) = describe(cx.aws, &expected.name).await? else { return Ok(ReadOutcome::Absent) };
        let tags = tags_of(there.tag_list());
        if !cx.ours(&one.address, &tags) {
            return Ok(ReadOutcome::foreign(&expected.name, &tags, cx));
        }
        return Ok(see(&one, &there, &tags, Vec::new(), cx));
    };
    let named = describe(cx.aws, &known.id).await?;
    if let Some(there) = named.as_ref().filter(|there| is_same(there, known)) {
        return Ok(see(&one, there, &tags_of(there.tag_list()), Vec::new(), cx));
    }
    // The name says nothing; it may have been renamed, and the name be taken by another.
    if let Some(there) = by_resource_id(cx.aws, &known.resource_id).await? {
        let tags = tags_of(there.tag_list());
        return Ok(match named.map(|newcomer| displaced(&there, &newcomer)) {
            Some(newcomer) if one.declared.is_some() && !cx.removing => ReadOutcome::Foreign(newcomer),
            Some(newcomer) => {
                let advice = newcomer.remedy.advice(&one.address, &newcomer.id);
                let notes = [newcomer.because].into_iter().chain(advice).collect();
                see(&one, &there, &tags, notes, cx)
            }
            None => see(&one, &there, &tags, vec![renamed(&there, &expected.name)], cx),
        });
    }
    let Some(there) = named else { return Ok(ReadOutcome::Absent) };
    let tags = tags_of(there.tag_list());
    if !cx.ours(&one.address, &tags) {
        // Ours is gone: nobody who removes everything cares who has its name.
        return Ok(if cx.removing { ReadOutcome::Absent } else { ReadOutcome::foreign(&known.id, &tags, cx) });
    }
    let note = "it is another database than the recorded one, restored or made anew under the same name".to_owned();
    Ok(see(&one, &there, &tags, vec![note], cx))
}

/// The database that has the name of the recorded one, which stands under another.
fn displaced(recorded: &DbInstance, newcomer: &DbInstance) -> ForeignObject {
    let name = |there: &DbInstance| there.db_instance_identifier().unwrap_or_default().to_owned();
    let id = |there: &DbInstance| there.dbi_resource_id().unwrap_or_default().to_owned();
    let (is, was) = (name(newcomer), name(recorded));
    ForeignObject {
        because: format!(
            "{is} is another database now ({}), restored or made anew; the recorded one ({}) stands as {was}",
            id(newcomer),
            id(recorded)
        ),
        id: is,
        remedy: Remedy::AdoptInstead { of: was },
    }
}

/// How a database that somebody renamed gets its name back.
fn renamed(there: &DbInstance, name: &str) -> String {
    let now = there.db_instance_identifier().unwrap_or_default();
    let region = region_of(there.db_instance_arn().unwrap_or_default());
    format!(
        "somebody renamed it; `aws rds modify-db-instance --region {region} --db-instance-identifier {now} \
         --new-db-instance-identifier {name} --apply-immediately` gives it its name back, with a restart"
    )
}

fn see(
    one: &Lookup<Database>,
    there: &DbInstance,
    tags: &Tags,
    mut notes: Vec<String>,
    cx: &Reading<'_>,
) -> ReadOutcome<Database> {
    let state = InstanceState::of(there);
    // Nobody can use either. To who removes it, it is there.
    let of_no_use = match state {
        InstanceState::Leaving => !cx.removing,
        InstanceState::Stillborn => !cx.removing && one.declared.is_some(),
        InstanceState::Ready | InstanceState::Busy | InstanceState::Trouble => false,
    };
    if of_no_use {
        return ReadOutcome::Absent;
    }
    let texts: Vec<&Database> = one.recorded.iter().map(|(recorded, _)| recorded).chain(&one.declared).collect();
    let now = There::of(there);
    let (engine_version, newer) = told(&now.engine_version, texts.iter().map(|text| text.engine_version.as_str()));
    notes.extend(newer);
    notes.extend(state.note(there));
    notes.extend(waits(there, &now));
    let window = |told: Option<&str>, of: fn(&Database) -> &String| {
        let asked = texts.iter().map(|text| of(text)).find(|asked| same_window(told, asked));
        asked.cloned().unwrap_or_else(|| told.unwrap_or_default().to_owned())
    };
    let mut storage_gib = u32::try_from(now.storage_gib).unwrap_or_default();
    // Storage that grows by itself is no difference; switched on behind our back, that is worth a word.
    if let Some(limit) = there.max_allocated_storage().filter(|_| now.grows_itself) {
        notes.push(format!("its storage grows by itself, from {storage_gib} GiB now up to {limit} GiB"));
        let asked = texts.first().map_or(storage_gib, |text| text.storage_gib);
        storage_gib = storage_gib.min(asked);
    }
    let group = there.db_parameter_groups().first().and_then(|group| group.db_parameter_group_name());
    let subnets = there.db_subnet_group().and_then(|group| group.db_subnet_group_name());
    let waiting = now.waiting.iter().map(|what| (*what).to_owned()).collect();
    let declared = Database {
        name: there.db_instance_identifier().unwrap_or_default().to_owned(),
        engine_version,
        instance_class: now.instance_class,
        storage_gib,
        storage_type: now.storage_type,
        multi_az: now.multi_az,
        subnet_group: cx.refer(subnets.unwrap_or_default()),
        security_groups: security_groups_of(there).into_iter().map(|id| cx.refer(id)).collect(),
        parameter_group: cx.refer(group.unwrap_or_default()),
        kms_key: cx.refer(there.kms_key_id().unwrap_or_default()),
        login: one.expected().login.clone(),
        username: there.master_username().unwrap_or_default().to_owned(),
        database: there.db_name().unwrap_or_default().to_owned(),
        backup_days: u32::try_from(now.backup_days).unwrap_or_default(),
        backup_window: window(there.preferred_backup_window(), |text| &text.backup_window),
        maintenance_window: window(there.preferred_maintenance_window(), |text| &text.maintenance_window),
        deletion_protection: there.deletion_protection().unwrap_or(false),
        publicly_accessible: there.publicly_accessible().unwrap_or(false),
        auto_minor_upgrade: there.auto_minor_version_upgrade().unwrap_or(false),
        copy_tags_to_snapshot: there.copy_tags_to_snapshot().unwrap_or(false),
        lifecycle_support: there.engine_lifecycle_support().unwrap_or(&one.expected().lifecycle_support).to_owned(),
        tags: one.managed(tags),
    };
    let settled = match state {
        InstanceState::Busy => false,
        // Without an address it is between two stages of its creation.
        InstanceState::Ready => there.endpoint().is_some(),
        // No waiting helps.
        InstanceState::Trouble | InstanceState::Stillborn | InstanceState::Leaving => true,
    };
    ReadOutcome::Present(Box::new(Present { declared, computed: computed(there), notes, waiting, settled }))
}

/// What waits for the maintenance window or for a restart.
fn waits(there: &DbInstance, now: &There) -> Vec<String> {
    let mut notes = Vec::new();
    if !now.waiting.is_empty() {
        notes.push(format!("waits for the maintenance window: {}", now.waiting.join(", ")));
    }
    let restart = |status: Option<&str>| status == Some("pending-reboot");
    if there.db_parameter_groups().iter().any(|group| restart(group.parameter_apply_status())) {
        notes.push("some of its settings take effect when it is restarted".to_owned());
    }
    notes
}
