//! The port to secret values: read when they are needed, and rotated without locking a reader out.
//!
//! Promises: a value travels in a [`SecretString`], whose debug form hides it and which has no other; no error quotes it.
//!
//! Leaves making and storing the first value to the kind `secret`, and the order of a rotation to the runner.

use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::{CloudError, Context};
use crate::model::secret::SecretText;

/// Which version of a secret is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The current one (`AWSCURRENT`).
    Current,
    /// The one that is to follow (`AWSPENDING`).
    Pending,
}

/// How the names of versions begin that this program staged (see [`Mark::token`](crate::model::mark::Mark::token)).
pub const OURS: &str = "ppm-infra-";

/// One version of a secret.
#[derive(Clone, Debug)]
pub struct SecretVersion {
    /// The name the store gave this version.
    pub id: String,
    /// What it holds.
    pub value: SecretString,
}

impl SecretVersion {
    /// User and password, if that is what it holds.
    pub fn login(&self) -> Option<(String, SecretString)> {
        login_in(&self.value)
    }
}

/// Where secret values are kept.
pub trait Vault: Send + Sync {
    /// The version of the secret `arn` at a stage; `None` if there is none.
    fn version<'a>(&'a self, arn: &'a str, stage: Stage) -> BoxFuture<'a, Result<Option<SecretVersion>, CloudError>>;

    /// Puts a fresh password for `user` beside the current one, as [`Stage::Pending`].
    fn stage_login<'a>(&'a self, arn: &'a str, user: &'a str, cx: &'a Context)
    -> BoxFuture<'a, Result<(), CloudError>>;

    /// Gives the master user of `database` this password, once the database can be changed, and waits until it is taken.
    /// The same password again is no error. An error means that the password before is still good, or that the run was
    /// abandoned: an order that was accepted is carried out, also where nobody waits for it.
    fn set_password<'a>(
        &'a self,
        database: &'a str,
        password: &'a SecretString,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>>;

    /// Makes version `next` the current one in place of `current`, which stays readable as the previous one.
    fn promote<'a>(&'a self, arn: &'a str, next: &'a str, current: &'a str) -> BoxFuture<'a, Result<(), CloudError>>;
}

/// User and password in the JSON of a login.
pub(super) fn login_in(text: &SecretString) -> Option<(String, SecretString)> {
    #[derive(serde::Deserialize)]
    struct Login {
        username: String,
        password: SecretText,
    }
    let Login { username, password } = serde_json::from_str(text.expose_secret()).ok()?;
    Some((username, SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_has_a_user_and_a_password_that_is_not_shown() {
        let text = SecretString::from(r#"{"username":"ppm","password":"canary","engine":"postgres"}"#);
        let version = SecretVersion { id: "1".to_owned(), value: text };
        let (user, password) = version.login().unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("ppm", "canary"));
        assert!(!format!("{version:?} {password:?}").contains("canary"));
    }

    #[test]
    fn anything_else_is_no_login() {
        for text in ["", "canary", r#"{"username":"ppm"}"#, r#"{"username":"ppm","password":5}"#] {
            assert!(login_in(&SecretString::from(text)).is_none(), "{text}");
        }
    }
}
