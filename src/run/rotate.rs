//! Another password for the database, so that nobody is locked out whenever the process dies.
//!
//! Promises: at every instant the password the database takes stands in a version of the secret that can be read; run
//! again after a crash, what was begun is finished with the password that was staged, and no further one is made.
//!
//! | died after | the database takes | the secret holds |
//! |---|---|---|
//! | staging | the old password | old as current, new as pending |
//! | changing the database | the new one | old as current, new as pending |
//! | promoting | the new one | new as current, old as previous |
//!
//! In the second state a reader of the current version holds a password that is no good any more. So nothing that may
//! last stands between the two calls but the moment in which the database takes the password, and the next rotation,
//! or the next apply, ends that state.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{RunError, Session};
use crate::cloud::vault::{OURS, SecretVersion, Stage, Vault};
use crate::cloud::{CloudError, Consent, Context, ErrorKind};
use crate::model::address::Address;
use crate::model::index::IdIndex;
use crate::model::mark::Mark;
use crate::model::surroundings::Surroundings;

/// What is to be exchanged.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// The stack.
    pub stack: String,
    /// Where the database is recorded.
    pub address: Address,
    /// Its identifier.
    pub database: String,
    /// The secret with its login.
    pub secret: String,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotated {
    /// A password of this run is in place.
    Fresh,
    /// A rotation that was cut off is finished, with the password it had staged.
    Finished,
}

/// Exchanges the password.
///
/// # Errors
/// What the cloud answered. Whatever it is, running it again goes on from there.
pub async fn rotate(session: &Session, vault: &dyn Vault, rotation: &Rotation) -> Result<Rotated, RunError> {
    let arn = rotation.secret.as_str();
    let cx = context(session, rotation);
    let current = vault.version(arn, Stage::Current).await?.ok_or_else(|| holds_none(arn))?;
    let (user, _) = current.login().ok_or_else(|| no_login(arn))?;
    let (next, rotated) = if let Some(next) = pending(vault, arn, &current).await? {
        (next, Rotated::Finished)
    } else {
        if session.stop.is_draining() {
            return Err(RunError::Stopped);
        }
        vault.stage_login(arn, &user, &cx).await?;
        (pending(vault, arn, &current).await?.ok_or_else(|| holds_none(arn))?, Rotated::Fresh)
    };
    exchange(vault, rotation, &current, &next, &user, &cx).await?;
    Ok(rotated)
}

/// Finishes the rotation that an earlier run of this program was cut off in, if there is one. What others stage, such as
/// a rotation of Secrets Manager itself, is theirs to finish.
///
/// # Errors
/// As [`rotate`]. Nothing is made, and nothing further is staged.
pub async fn finish_rotation(session: &Session, vault: &dyn Vault, rotation: &Rotation) -> Result<bool, RunError> {
    let arn = rotation.secret.as_str();
    let ours = match vault.version(arn, Stage::Pending).await {
        Ok(staged) => staged.filter(|version| version.id.starts_with(OURS)),
        // Who may not read it cannot have begun it; and a secret that is gone is the plan's to see.
        Err(error) if matches!(error.kind, ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::Refused) => None,
        Err(error) => return Err(error.into()),
    };
    let Some(next) = ours else { return Ok(false) };
    let current = vault.version(arn, Stage::Current).await?.ok_or_else(|| holds_none(arn))?;
    if current.id == next.id {
        return Ok(false);
    }
    let (user, _) = current.login().ok_or_else(|| no_login(arn))?;
    exchange(vault, rotation, &current, &next, &user, &context(session, rotation)).await?;
    Ok(true)
}

/// Gives the database the staged password, and then makes it the one everybody reads.
async fn exchange(
    vault: &dyn Vault,
    rotation: &Rotation,
    current: &SecretVersion,
    next: &SecretVersion,
    user: &str,
    cx: &Context,
) -> Result<(), RunError> {
    let arn = rotation.secret.as_str();
    let (other, password) = next.login().ok_or_else(|| no_login(arn))?;
    if other != user {
        let message = format!("the staged version of {arn} is the login of another user than the current one");
        return Err(CloudError::new(ErrorKind::Refused, DOING, message).into());
    }
    vault.set_password(&rotation.database, &password, cx).await?;
    Ok(vault.promote(arn, &next.id, &current.id).await?)
}

const DOING: &str = "rotate the password of the database";

/// What was staged and is not yet current.
async fn pending(vault: &dyn Vault, arn: &str, current: &SecretVersion) -> Result<Option<SecretVersion>, CloudError> {
    Ok(vault.version(arn, Stage::Pending).await?.filter(|version| version.id != current.id))
}

fn holds_none(arn: &str) -> CloudError {
    CloudError::new(ErrorKind::NotFound, DOING, format!("{arn} does not show the version that is needed"))
}

fn no_login(arn: &str) -> CloudError {
    CloudError::new(ErrorKind::Refused, DOING, format!("a version of {arn} holds no login"))
}

/// What waiting needs. No object is made, so there is nothing to refer to and nobody to report an id to.
fn context(session: &Session, rotation: &Rotation) -> Context {
    let (reports, _) = mpsc::unbounded_channel();
    Context {
        ids: IdIndex::default(),
        mark: Mark {
            stack: rotation.stack.clone(),
            address: rotation.address.clone(),
            attempt: session.host.fresh_id(),
        },
        consent: Arc::new(Consent::default()),
        surroundings: Arc::new(Surroundings::default()),
        reports,
        abandon: session.stop.abandon_token(),
        time_scale: session.time_scale,
    }
}
