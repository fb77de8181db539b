//! Secret values of the simulated cloud: made up from the ARN, the same in every run, and of no use anywhere.

use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Simulated, SimulatedObject, World};
use crate::cloud::vault::{OURS, SecretVersion, Stage, Vault};
use crate::cloud::{CloudError, Context, ErrorKind};
use crate::model::hex::hex_digits;

/// How far the exchange of a password is: versions are counted from 0, the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The current version.
    pub current: u32,
    /// The version that is to follow.
    pub pending: Option<u32>,
    /// The version whose password the database takes.
    pub taken: u32,
}

impl Simulated {
    /// Does one thing to how far the exchange of a password is.
    fn turn<T>(
        &self,
        arn: &str,
        doing: &str,
        act: impl FnOnce(&SimulatedObject, &mut Turn) -> Result<T, CloudError>,
    ) -> Result<T, CloudError> {
        let mut world = self.shelves();
        let before = world.turns.get(arn).copied().unwrap_or_default();
        let mut turn = before;
        let answer = act(secret(&world, arn, doing)?, &mut turn)?;
        if turn != before {
            world.rest(|world| {
                world.turns.insert(arn.to_owned(), turn);
            });
            if let Some(keep) = &self.keep {
                keep(&world)?;
            }
        }
        Ok(answer)
    }
}

impl Vault for Simulated {
    fn version<'a>(&'a self, arn: &'a str, stage: Stage) -> BoxFuture<'a, Result<Option<SecretVersion>, CloudError>> {
        let found = self.turn(arn, "read the secret", |object, turn| {
            let version = match stage {
                Stage::Current => Some(turn.current),
                Stage::Pending => turn.pending,
            };
            Ok(version.map(|version| SecretVersion { id: name(version), value: made_up(object, version) }))
        });
        Box::pin(async move { found })
    }

    fn stage_login<'a>(&'a self, arn: &'a str, _: &'a str, _: &'a Context) -> BoxFuture<'a, Result<(), CloudError>> {
        let done = self.turn(arn, "stage a new password", |_, turn| {
            turn.pending = Some(turn.pending.unwrap_or(turn.current) + 1);
            Ok(())
        });
        Box::pin(async move { done })
    }

    fn set_password<'a>(
        &'a self,
        database: &'a str,
        password: &'a SecretString,
        _: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        let doing = "change the password of the database";
        let login = {
            let world = self.shelves();
            let found = world.find("database", database);
            found.and_then(|o| o.declared.fields().find(|(field, _)| *field == "login").map(|(_, v)| v.clone()))
        };
        let login = login.as_ref().and_then(|login| login.get(super::ID)).and_then(Value::as_str).map(str::to_owned);
        let done = login.ok_or_else(|| missing(doing, database)).and_then(|arn| {
            self.turn(&arn, doing, |object, turn| {
                let fits = |version: &u32| {
                    let version = SecretVersion { id: String::new(), value: made_up(object, *version) };
                    version.login().is_some_and(|(_, known)| known.expose_secret() == password.expose_secret())
                };
                let known = [Some(turn.current), turn.pending].into_iter().flatten().find(fits);
                turn.taken = known.ok_or_else(|| {
                    CloudError::new(ErrorKind::Refused, doing, "this password stands in no version of the secret")
                })?;
                Ok(())
            })
        });
        Box::pin(async move { done })
    }

    fn promote<'a>(&'a self, arn: &'a str, next: &'a str, _: &'a str) -> BoxFuture<'a, Result<(), CloudError>> {
        let doing = "make the new password the current one";
        let done = self.turn(arn, doing, |_, turn| match turn.pending {
            Some(pending) if name(pending) == next => {
                turn.current = pending;
                Ok(())
            }
            Some(_) | None => Err(missing(doing, next)),
        });
        Box::pin(async move { done })
    }
}

/// The name of a version, as this program gives them.
fn name(version: u32) -> String {
    format!("{OURS}{version}")
}

fn secret<'w>(world: &'w World, arn: &str, doing: &str) -> Result<&'w SimulatedObject, CloudError> {
    world.find("secret", arn).ok_or_else(|| missing(doing, arn))
}

fn missing(doing: &str, what: &str) -> CloudError {
    CloudError::new(ErrorKind::NotFound, doing, format!("{what} does not exist"))
}

/// A value of the sort the secret holds.
fn made_up(object: &SimulatedObject, version: u32) -> SecretString {
    let content = object.declared.fields().find(|(field, _)| *field == "content").map(|(_, value)| value);
    let user = content.and_then(|content| content.pointer("/login/username")).and_then(Value::as_str);
    let bytes = content.and_then(|content| content.pointer("/random_hex/bytes")).and_then(Value::as_u64).unwrap_or(16);
    let digits = |count: u64| {
        let mut text = String::new();
        for part in 0_u64.. {
            if text.len() as u64 >= count {
                break;
            }
            let digest = Sha256::digest(format!("{} {version} {part}", object.id()));
            text.extend(hex_digits(&digest));
        }
        text.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        text
    };
    SecretString::from(match user {
        Some(user) => json!({"username": user, "password": digits(32)}).to_string(),
        None => digits(bytes * 2),
    })
}
