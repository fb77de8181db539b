//! The final snapshot of a database: what is left of it when it is deleted.
//!
//! Promises: returns only when a snapshot of this database is there, whole, and readable without any key that goes
//! with the stack. A snapshot that an earlier attempt of ours began is finished, and used while it is fresh: what was
//! written since would be lost.

use std::time::Duration;

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstance, DbSnapshot};

use super::{Database, DatabaseComputed};
use crate::cloud::aws::answer::if_there;
use crate::cloud::aws::tags::{tag_list, tags_of};
use crate::cloud::aws::{Clients, During, Writing};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, ErrorKind};
use crate::model::mark::FINAL_SNAPSHOT;
use crate::resources::kms_key::KmsKey;

// A first snapshot copies all of the storage: minutes for a small database, hours for a large one.
const AVAILABLE: WaitPolicy = WaitPolicy::seconds(180, 4 * 3600, 15);
// The database is busy for minutes with a backup or a change that began just before.
const BUSY: Duration = Duration::from_mins(30);
// A run that was cut short is repeated within the hour; after that the data has moved on.
const FRESH_SECONDS: i64 = 3600;
// AWS's own key for RDS: it belongs to the account and cannot be deleted.
const ACCOUNT_KEY: &str = "alias/aws/rds";
// Names are `<database>-final-<suffix of the attempt>`, and for a copy that, another suffix if the first one failed, and
// `-kept`.
const SUFFIX: usize = 6;
const KEPT: &str = "-kept";

/// Makes sure that the data outlives the database; answers the name of the snapshot.
pub(super) async fn keep(
    declared: &Database,
    known: &DatabaseComputed,
    there: &DbInstance,
    cx: &Writing<'_>,
) -> Result<String, CloudError> {
    let earlier: Vec<DbSnapshot> = list(cx.aws, &known.id)
        .await?
        .into_iter()
        .filter(|one| cx.ours(&tags_of(one.tag_list())) && reusable(one, there))
        .collect();
    let named = |kept: bool| {
        let such = earlier.iter().filter(|one| name_of(one).ends_with(KEPT) == kept);
        such.max_by_key(|one| taken(one).map(DateTime::secs)).map(|one| name_of(one).to_owned())
    };
    // The key goes with the stack, and with it everything that only this key opens.
    let key_goes = declared.kms_key.address().is_some() && cx.consent.covers::<KmsKey>();
    let begun = match named(true).filter(|_| key_goes) {
        // While a snapshot is taken or copied, RDS need not tell since when.
        Some(copy) if is_fresh(&finished(&copy, there, cx).await?, there) => Some(copy),
        Some(_) | None => None,
    };
    let copy = if let Some(copy) = begun {
        copy
    } else {
        let first = match named(false) {
            Some(first) if is_fresh(&finished(&first, there, cx).await?, there) => first,
            Some(_) | None => {
                let first = take(declared, &known.id, cx).await?;
                finished(&first, there, cx).await?;
                first
            }
        };
        if !key_goes {
            return Ok(first);
        }
        copy(declared, &first, cx).await?
    };
    let copied = finished(&copy, there, cx).await?;
    if copied.kms_key_id() == there.kms_key_id() {
        let message = format!("{copy} is encrypted with the key that goes with the stack; the database stays");
        return Err(CloudError::new(ErrorKind::Refused, "keep the data of the database", message));
    }
    let removed = cx.aws.rds.delete_db_snapshot().db_snapshot_identifier(copied_from(&copy, &known.id)).send().await;
    if_there(removed.during("delete the snapshot that was copied"))?;
    Ok(copy)
}

/// The name of the snapshot of which this is a copy.
fn copied_from<'a>(copy: &'a str, database: &str) -> &'a str {
    let name = format!("{database}{FINAL_SNAPSHOT}").len() + SUFFIX;
    copy.get(..name).unwrap_or(copy)
}

/// Orders the snapshot; answers its name.
async fn take(declared: &Database, database: &str, cx: &Writing<'_>) -> Result<String, CloudError> {
    let doing = "take the final snapshot of the database";
    let name = format!("{database}{FINAL_SNAPSHOT}{}", cx.mark.suffix());
    cx.status(format!("final snapshot {name}: ordered"));
    let ordered = retry_while(
        cx,
        BUSY,
        |error| error.is("InvalidDBInstanceState"),
        || async {
            cx.aws
                .rds
                .create_db_snapshot()
                .db_instance_identifier(database)
                .db_snapshot_identifier(&name)
                .set_tags(Some(tag_list(cx.tags(declared))))
                .send()
                .await
                .during(doing)
        },
    )
    .await;
    begun(ordered, &name, cx).await
}

/// Orders a copy under the key of the account; answers its name.
async fn copy(declared: &Database, first: &str, cx: &Writing<'_>) -> Result<String, CloudError> {
    let doing = "copy the final snapshot of the database";
    let mut name = format!("{first}{KEPT}");
    // A copy that failed keeps its name.
    if describe(cx.aws, &name).await?.is_some_and(|there| there.status() == Some("failed")) {
        name = format!("{first}-{}{KEPT}", cx.mark.suffix());
    }
    // Naming the alias to KMS is what makes AWS create the key of an account that never used it (KMS `DescribeKey`).
    cx.aws.kms.describe_key().key_id(ACCOUNT_KEY).send().await.during("find the account's key for RDS")?;
    cx.status(format!("final snapshot {name}: ordered"));
    let ordered = cx
        .aws
        .rds
        .copy_db_snapshot()
        .source_db_snapshot_identifier(first)
        .target_db_snapshot_identifier(&name)
        .kms_key_id(ACCOUNT_KEY)
        .set_tags(Some(tag_list(cx.tags(declared))))
        .send()
        .await
        .during(doing);
    begun(ordered, &name, cx).await
}

/// The name of an ordered snapshot. One of that name that exists already is fine if it is ours: its order was repeated.
async fn begun<T>(ordered: Result<T, CloudError>, name: &str, cx: &Writing<'_>) -> Result<String, CloudError> {
    match ordered {
        Err(error) if error.kind == ErrorKind::Exists => match describe(cx.aws, name).await? {
            Some(found) if cx.ours(&tags_of(found.tag_list())) => Ok(name.to_owned()),
            Some(_) | None => Err(error),
        },
        ordered => ordered.map(|_| name.to_owned()),
    }
}

/// Waits until a snapshot is there, and looks whether it is whole.
async fn finished(name: &str, there: &DbInstance, cx: &Writing<'_>) -> Result<DbSnapshot, CloudError> {
    let doing = "keep the data of the database";
    let found = until(cx, doing, AVAILABLE, || async {
        let Some(found) = describe(cx.aws, name).await? else {
            return Ok(Poll::Pending(format!("final snapshot {name}: not visible yet")));
        };
        Ok(match found.status().unwrap_or_default() {
            "available" => Poll::Ready(found),
            "failed" | "deleting" | "deleted" | "incompatible-restore" => {
                Poll::Failed(format!("final snapshot {name} is {}", found.status().unwrap_or_default()))
            }
            status => {
                let progress = found.percent_progress().unwrap_or_default();
                Poll::Pending(format!("final snapshot {name}: {status}, {progress} %"))
            }
        })
    })
    .await?;
    match flaw(&found, there) {
        None => {
            cx.status(format!("final snapshot {name}: available"));
            Ok(found)
        }
        Some(flaw) => {
            let message = format!("final snapshot {name} {flaw}; the database stays");
            Err(CloudError::new(ErrorKind::Refused, doing, message))
        }
    }
}

/// What shows that an available snapshot is not the whole database, if anything does.
fn flaw(snapshot: &DbSnapshot, there: &DbInstance) -> Option<String> {
    if snapshot.status() != Some("available") {
        return Some("is not available".to_owned());
    }
    let (holds, should) = (snapshot.allocated_storage(), there.allocated_storage());
    if holds != should {
        let gib = |size: Option<i32>| size.unwrap_or_default();
        return Some(format!("holds {} GiB of storage, the database {} GiB", gib(holds), gib(should)));
    }
    let encrypted = there.storage_encrypted().unwrap_or(false);
    (encrypted && snapshot.encrypted() != Some(true)).then(|| "is not encrypted".to_owned())
}

/// Whether a snapshot of an earlier attempt can stand for the database as it is now.
fn reusable(snapshot: &DbSnapshot, there: &DbInstance) -> bool {
    let database = there.db_instance_identifier().unwrap_or_default();
    let ours = name_of(snapshot).starts_with(&format!("{database}{FINAL_SNAPSHOT}"));
    let same = snapshot.dbi_resource_id() == there.dbi_resource_id();
    let state = match snapshot.status() {
        Some("creating" | "copying") => taken(snapshot).is_none() || is_fresh(snapshot, there),
        Some("available") => is_fresh(snapshot, there) && flaw(snapshot, there).is_none(),
        _ => false,
    };
    ours && same && state
}

/// Whether a snapshot was begun so short a time ago that it counts as of now.
fn is_fresh(snapshot: &DbSnapshot, there: &DbInstance) -> bool {
    // Until when the data can be restored lags behind now by minutes: the only clock here that is AWS's own.
    match (taken(snapshot), there.latest_restorable_time()) {
        (Some(taken), Some(now)) => now.secs() - taken.secs() < FRESH_SECONDS,
        _ => false,
    }
}

fn name_of(snapshot: &DbSnapshot) -> &str {
    snapshot.db_snapshot_identifier().unwrap_or_default()
}

/// When the data was as the snapshot holds it: a copy is as old as what it copies.
fn taken(snapshot: &DbSnapshot) -> Option<&DateTime> {
    snapshot.original_snapshot_create_time().or(snapshot.snapshot_create_time())
}

async fn list(aws: &Clients, database: &str) -> Result<Vec<DbSnapshot>, CloudError> {
    let call = aws.rds.describe_db_snapshots().db_instance_identifier(database).snapshot_type("manual");
    let pages = call.into_paginator().items().send();
    pages.try_collect().await.during("look for earlier snapshots of the database")
}

async fn describe(aws: &Clients, name: &str) -> Result<Option<DbSnapshot>, CloudError> {
    let answer = aws.rds.describe_db_snapshots().db_snapshot_identifier(name).send().await;
    let found = if_there(answer.during("read the final snapshot"))?;
    Ok(found.and_then(|found| found.db_snapshots.unwrap_or_default().into_iter().next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> DbInstance {
        DbInstance::builder()
            .db_instance_identifier("dev-database")
            .dbi_resource_id("db-1")
            .allocated_storage(100)
            .storage_encrypted(true)
            .latest_restorable_time(DateTime::from_secs(10_000))
            .build()
    }

    fn snapshot() -> aws_sdk_rds::types::builders::DbSnapshotBuilder {
        DbSnapshot::builder()
            .db_snapshot_identifier("dev-database-final-abc123")
            .dbi_resource_id("db-1")
            .status("available")
            .allocated_storage(100)
            .encrypted(true)
            .snapshot_create_time(DateTime::from_secs(9_000))
    }

    #[test]
    fn a_copy_tells_by_its_name_what_it_is_of() {
        for copy in ["dev-database-final-abc123-kept", "dev-database-final-abc123-def456-kept"] {
            assert_eq!(copied_from(copy, "dev-database"), "dev-database-final-abc123");
        }
    }

    #[test]
    fn a_fresh_whole_snapshot_of_this_database_is_used_again() {
        assert!(reusable(&snapshot().build(), &database()));
        assert!(reusable(&snapshot().status("creating").allocated_storage(0).build(), &database()));
        let untold = snapshot().status("creating").set_snapshot_create_time(None).build();
        assert!(reusable(&untold, &database()) && !is_fresh(&untold, &database()), "its age is told in the end");
    }

    #[test]
    fn anything_else_is_not() {
        let other = [
            snapshot().dbi_resource_id("db-2"),
            snapshot().db_snapshot_identifier("dev-database-before-upgrade"),
            snapshot().status("failed"),
            snapshot().allocated_storage(50),
            snapshot().encrypted(false),
            snapshot().snapshot_create_time(DateTime::from_secs(6_000)),
            snapshot().original_snapshot_create_time(DateTime::from_secs(6_000)),
            // Begun by a run hours ago, and still not done.
            snapshot().status("creating").snapshot_create_time(DateTime::from_secs(6_000)),
            snapshot().status("copying").original_snapshot_create_time(DateTime::from_secs(6_000)),
        ];
        for one in other {
            let one = one.build();
            assert!(!reusable(&one, &database()), "{one:?}");
        }
        let unbacked = DbInstance::builder().db_instance_identifier("dev-database").dbi_resource_id("db-1");
        assert!(!reusable(&snapshot().build(), &unbacked.allocated_storage(100).build()), "nothing tells its age");
    }
}
