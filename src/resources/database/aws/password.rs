//! Another password for the master user (RDS `ModifyDBInstance`, `DescribeDBInstances`).
//!
//! Promises: a database that is busy is waited for before anything is ordered; once RDS has accepted the order, the
//! answer is that it was carried out, also where nobody saw that it was: RDS does not take it back, and whoever goes on
//! using the old password would be locked out.

use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_rds::types::DbInstance;
use secrecy::{ExposeSecret as _, SecretString};

use super::state::describe;
use super::{BUSY, is_busy};
use crate::cloud::aws::secrets::unlogged;
use crate::cloud::aws::{Clients, During};
use crate::cloud::wait::{Poll, WaitPolicy, retry_while, until};
use crate::cloud::{CloudError, Context, ErrorKind};

// "Resetting master credentials" takes half a minute as a rule; every further minute is one in which nobody knows which
// password is good.
const TAKEN: WaitPolicy = WaitPolicy::seconds(40, 300, 5);
// RDS shows a moment late that it is at work.
const IN_A_ROW: u32 = 3;

const DOING: &str = "change the password of the database";

/// Gives the master user of `database` this password.
///
/// # Errors
/// What RDS answered: nothing was changed then. [`ErrorKind::Abandoned`] when the run was abandoned while it waited.
pub(in crate::resources) async fn set_password(
    aws: &Clients,
    database: &str,
    password: &SecretString,
    cx: &Context,
) -> Result<(), CloudError> {
    retry_while(cx, BUSY, is_busy, || async {
        let call = aws.rds.modify_db_instance().db_instance_identifier(database).apply_immediately(true);
        unlogged(call.master_user_password(password.expose_secret()).send()).await.during(DOING)
    })
    .await?;
    let in_a_row = AtomicU32::new(0);
    let seen = until(cx, DOING, TAKEN, || async {
        let there = describe(aws, database).await?;
        let status = there.as_ref().and_then(|there| there.db_instance_status()).unwrap_or("not visible").to_owned();
        if !there.is_some_and(|there| has_taken(&there)) {
            in_a_row.store(0, Ordering::Relaxed);
            return Ok(Poll::Pending(status));
        }
        let times = in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(if times < IN_A_ROW { Poll::Pending(status) } else { Poll::Ready(()) })
    });
    match seen.await {
        Err(error) if error.kind != ErrorKind::Abandoned => Ok(()),
        seen => seen,
    }
}

/// Whether nothing shows that the new password is still to be taken.
fn has_taken(there: &DbInstance) -> bool {
    let waits = there.pending_modified_values().is_some_and(|waits| waits.master_user_password().is_some());
    let at_it = matches!(there.db_instance_status(), None | Some("resetting-master-credentials" | "modifying"));
    !waits && !at_it
}
