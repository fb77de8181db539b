//! In which state a database is, and waiting for another.
//!
//! RDS says "available" for a moment between the stages of a creation and before a change begins to show: where that
//! matters, only several such answers in a row count.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_rds::types::DbInstance;

use super::change::There;
use super::{DatabaseComputed, is_same};
use crate::cloud::CloudError;
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::rds::filter;
use crate::cloud::aws::{Clients, During, Writing};
use crate::cloud::wait::{Poll, WaitPolicy, until};

// Four to ten minutes are usual.
const GONE: WaitPolicy = WaitPolicy::seconds(420, 3600, 10);
// After so many good answers, a minute at least, a change that still does not show is left to the next look.
const LONG_CALM: u32 = 6;
// So often, for two minutes at least, a database that was ordered a moment ago may be unknown.
const UNSEEN: u32 = 12;

/// What the status of a database means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InstanceState {
    /// It can be used and changed.
    Ready,
    /// RDS is at work on it, or it is in a state this program does not know.
    Busy,
    /// It needs a person.
    Trouble,
    /// It failed before it ever ran: there is nothing in it.
    Stillborn,
    /// It is being deleted.
    Leaving,
}

impl InstanceState {
    /// The state of an instance (RDS User Guide, "Viewing DB instance status").
    pub(super) fn of(there: &DbInstance) -> Self {
        match there.db_instance_status().unwrap_or_default() {
            // A full storage is made larger in this state, and only in this way left.
            "available" | "storage-optimization" | "storage-full" => Self::Ready,
            "deleting" | "delete-precheck" => Self::Leaving,
            // RDS tells when an instance was created only once it was.
            "failed" | "incompatible-create" | "insufficient-capacity" if there.instance_create_time().is_none() => {
                Self::Stillborn
            }
            "failed"
            | "incompatible-create"
            | "incompatible-network"
            | "incompatible-option-group"
            | "incompatible-parameters"
            | "incompatible-restore"
            | "insufficient-capacity"
            | "restore-error"
            | "inaccessible-encryption-credentials"
            | "inaccessible-encryption-credentials-recoverable"
            | "stopped" => Self::Trouble,
            _ => Self::Busy,
        }
    }

    /// What is worth saying of an instance in this state.
    pub(super) fn note(self, there: &DbInstance) -> Option<String> {
        let status = there.db_instance_status().unwrap_or("in no state told");
        match self {
            Self::Ready if status == "storage-full" => Some("its storage is full".to_owned()),
            Self::Ready | Self::Stillborn | Self::Leaving => None,
            Self::Busy => Some(format!("RDS is at work on it: {status}")),
            Self::Trouble => Some(format!("RDS says that it is {status}")),
        }
    }
}

/// How often in a row a database must be found at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calm {
    /// Nothing was ordered: once will do, if that is the first answer.
    Once,
    /// Something was ordered that may not show yet.
    Thrice,
}

impl Calm {
    /// Whether it is enough to have been found at rest so many times in a row.
    fn is_enough(self, times: u32, shows: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Once => true,
            Self::Thrice => times >= LONG_CALM || (times >= 3 && shows()),
        }
    }
}

/// Waits until the database is at rest and shows what it should. After [`Calm::Thrice`] nothing may be pending either.
pub(super) async fn settled(
    name: &str,
    doing: &str,
    wait: WaitPolicy,
    calm: Calm,
    cx: &Writing<'_>,
    shows: impl Fn(&DbInstance) -> bool,
) -> Result<DbInstance, CloudError> {
    let (in_a_row, unseen) = (AtomicU32::new(0), AtomicU32::new(0));
    let stirs = AtomicBool::new(false);
    until(cx, doing, wait, || async {
        let Some(there) = describe(cx.aws, name).await? else {
            let new = calm == Calm::Thrice && unseen.fetch_add(1, Ordering::Relaxed) < UNSEEN;
            let gone = "it is gone".to_owned();
            return Ok(if new { Poll::Pending("not visible yet".to_owned()) } else { Poll::Failed(gone) });
        };
        unseen.store(0, Ordering::Relaxed);
        let status = there.db_instance_status().unwrap_or("in no state told").to_owned();
        let settings = there.db_parameter_groups().iter();
        let applying = settings.filter_map(|group| group.parameter_apply_status()).any(|status| status == "applying");
        let pending = calm == Calm::Thrice && (applying || !There::of(&there).waiting.is_empty());
        let addressed = there.endpoint().is_some_and(|endpoint| endpoint.address().is_some());
        let wait_on = |status: String| {
            in_a_row.store(0, Ordering::Relaxed);
            stirs.store(true, Ordering::Relaxed);
            Poll::Pending(status)
        };
        Ok(match InstanceState::of(&there) {
            InstanceState::Ready if pending => wait_on(format!("{status}, changes pending")),
            InstanceState::Ready if !addressed => wait_on(format!("{status}, without an address yet")),
            InstanceState::Ready => {
                let times = in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
                // What was at work a moment ago, or was never backed up, may be between two stages of its creation.
                let young = there.latest_restorable_time().is_none();
                let calm = if young || stirs.load(Ordering::Relaxed) { Calm::Thrice } else { calm };
                if calm.is_enough(times, || shows(&there)) { Poll::Ready(there) } else { Poll::Pending(status) }
            }
            InstanceState::Busy => wait_on(status),
            InstanceState::Trouble if status == "stopped" => Poll::Failed("it is stopped; start it first".to_owned()),
            InstanceState::Trouble | InstanceState::Stillborn => Poll::Failed(format!("RDS says that it is {status}")),
            InstanceState::Leaving => Poll::Failed("it is being deleted".to_owned()),
        })
    })
    .await
}

/// Waits until the database is gone.
pub(super) async fn gone(known: &DatabaseComputed, doing: &str, cx: &Writing<'_>) -> Result<(), CloudError> {
    until(cx, doing, GONE, || async {
        Ok(match describe(cx.aws, &known.id).await? {
            Some(there) if is_same(&there, known) => {
                Poll::Pending(there.db_instance_status().unwrap_or("in no state told").to_owned())
            }
            Some(_) | None => Poll::Ready(()),
        })
    })
    .await
}

/// The instance of this name.
pub(in crate::resources) async fn describe(aws: &Clients, name: &str) -> Result<Option<DbInstance>, CloudError> {
    let answer = aws.rds.describe_db_instances().db_instance_identifier(name).send().await;
    let found = if_there(answer.during("read the database"))?;
    Ok(found.and_then(|found| found.db_instances.unwrap_or_default().into_iter().next()))
}

/// The instance with this resource id, whatever its name is by now.
pub(super) async fn by_resource_id(aws: &Clients, id: &str) -> Result<Option<DbInstance>, CloudError> {
    if id.is_empty() {
        return Ok(None);
    }
    let answer = aws.rds.describe_db_instances().filters(filter("dbi-resource-id", [id])).send().await;
    let found = if_there(answer.during("look for the database under another name"))?;
    Ok(found.and_then(|found| found.db_instances.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::primitives::DateTime;

    use super::*;

    fn state(status: &str, created: bool) -> InstanceState {
        let created = created.then(|| DateTime::from_secs(1));
        InstanceState::of(&DbInstance::builder().db_instance_status(status).set_instance_create_time(created).build())
    }

    #[test]
    fn a_state_nobody_knows_yet_is_work_under_way() {
        assert_eq!(state("storage-initialization", true), InstanceState::Busy);
        assert_eq!(state("creating", false), InstanceState::Busy);
    }

    #[test]
    fn what_failed_after_it_ran_may_hold_data() {
        assert_eq!(state("failed", true), InstanceState::Trouble);
        assert_eq!(state("failed", false), InstanceState::Stillborn);
        assert_eq!(state("incompatible-network", false), InstanceState::Trouble);
    }

    #[test]
    fn a_moment_of_rest_is_not_enough_and_a_minute_is() {
        assert!(Calm::Once.is_enough(1, || false));
        assert!(!Calm::Thrice.is_enough(2, || true));
        assert!(Calm::Thrice.is_enough(3, || true));
        assert!(!Calm::Thrice.is_enough(3, || false), "a change that does not show yet");
        assert!(Calm::Thrice.is_enough(LONG_CALM, || false), "a change that never shows");
    }

    #[test]
    fn optimising_storage_is_no_reason_to_wait() {
        assert_eq!(state("storage-optimization", true), InstanceState::Ready);
    }
}
