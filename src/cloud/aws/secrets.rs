//! Secret values on their way: read where another call needs one, and kept out of every log.
//!
//! Promises: a value leaves this file only inside a [`SecretString`], and no error and no log line shows any part of it.
//!
//! Leaves making and storing values to the kind `secret`.

use secrecy::SecretString;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;

use super::{Clients, During};
use crate::cloud::vault::login_in;
use crate::cloud::{CloudError, ErrorKind};
use crate::model::secret::SecretText;

/// The login kept in the secret `arn`: user name and password (Secrets Manager `GetSecretValue`).
///
/// # Errors
/// What AWS answered: [`ErrorKind::NotFound`] also for a secret made a moment ago, which is worth a second try;
/// [`ErrorKind::Refused`] when the secret holds no login.
pub async fn login(aws: &Clients, arn: &str) -> Result<(String, SecretString), CloudError> {
    let doing = "read the login";
    let value = unlogged(aws.secrets.get_secret_value().secret_id(arn).send()).await.during(doing)?;
    let text: Option<SecretString> = value.secret_string.map(|text| SecretText::from(text).into());
    text.as_ref().and_then(login_in).ok_or_else(|| {
        // The parser's own words would quote the value.
        CloudError::new(ErrorKind::Refused, doing, format!("{arn} holds no JSON with the texts username and password"))
    })
}

/// Makes a call whose request or answer holds a secret, without a word in any log: at level `trace` the SDK prints
/// whole requests.
pub async fn unlogged<F: IntoFuture>(call: F) -> F::Output {
    call.into_future().with_subscriber(NoSubscriber::new()).await
}
