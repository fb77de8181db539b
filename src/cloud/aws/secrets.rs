//! Secret values on their way: read where another call needs one, and kept out of every log.
//!
//! Promises: a value leaves this file only inside a [`SecretString`], and no error and no log line shows any part of it.
//!
//! Leaves making and storing values to the kind `secret`.

use secrecy::SecretString;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::{Clients, During};
use crate::cloud::{CloudError, ErrorKind};

/// The login kept in the secret `arn`: user name and password (Secrets Manager `GetSecretValue`).
///
/// # Errors
/// What AWS answered: [`ErrorKind::NotFound`] also for a secret made a moment ago, which is worth a second try;
/// [`ErrorKind::Refused`] when the secret holds no login.
pub async fn login(aws: &Clients, arn: &str) -> Result<(String, SecretString), CloudError> {
    let doing = "read the login";
    let value = unlogged(aws.secrets.get_secret_value().secret_id(arn).send()).await.during(doing)?;
    let text = value.secret_string.map(SecretString::from);
    text.as_ref().and_then(parse).ok_or_else(|| {
        // The parser's own words would quote the value.
        CloudError::new(ErrorKind::Refused, doing, format!("{arn} holds no JSON with the texts username and password"))
    })
}

/// Makes a call whose request or answer holds a secret, without a word in any log: at level `trace` the SDK prints
/// whole requests.
pub async fn unlogged<F: IntoFuture>(call: F) -> F::Output {
    call.into_future().with_subscriber(NoSubscriber::new()).await
}

fn parse(text: &SecretString) -> Option<(String, SecretString)> {
    use secrecy::ExposeSecret as _;

    #[derive(serde::Deserialize)]
    struct Login {
        username: String,
        password: String,
    }
    let Login { username, password } = serde_json::from_str(text.expose_secret()).ok()?;
    Some((username, SecretString::from(password)))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_login_has_a_user_and_a_password_that_is_not_shown() {
        let text = SecretString::from(r#"{"username":"ppm","password":"canary","engine":"postgres"}"#);
        let (user, password) = parse(&text).unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("ppm", "canary"));
        assert!(!format!("{password:?}").contains("canary"));
    }

    #[test]
    fn anything_else_is_no_login() {
        for text in ["", "canary", r#"{"username":"ppm"}"#, r#"{"username":"ppm","password":5}"#] {
            assert!(parse(&SecretString::from(text)).is_none(), "{text}");
        }
    }
}
