//! Secret values on AWS: Secrets Manager keeps them, RDS takes the password (`GetSecretValue`, `PutSecretValue`,
//! `UpdateSecretVersionStage`, `ModifyDBInstance`).

use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};

use super::database::aws::password::set_password;
use super::dispatch::Aws;
use super::secret::{SecretContent, fresh};
use crate::cloud::aws::During;
use crate::cloud::aws::secrets::unlogged;
use crate::cloud::vault::{SecretVersion, Stage, Vault};
use crate::cloud::{CloudError, Context, ErrorKind};
use crate::model::secret::SecretText;

impl Stage {
    /// The label Secrets Manager has for it ("Secret versions").
    fn label(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
        }
    }
}

impl Vault for Aws {
    fn version<'a>(&'a self, arn: &'a str, stage: Stage) -> BoxFuture<'a, Result<Option<SecretVersion>, CloudError>> {
        Box::pin(async move {
            let call = self.clients().secrets.get_secret_value().secret_id(arn).version_stage(stage.label());
            let answer = match unlogged(call.send()).await.during("read the secret") {
                // There is a current version always; without the other one this is how it is said.
                Err(error) if error.kind == ErrorKind::NotFound && stage == Stage::Pending => return Ok(None),
                answer => answer?,
            };
            let id = answer.version_id.unwrap_or_default();
            let text = answer.secret_string.map(|text| SecretText::from(text).into());
            text.map(|value| Some(SecretVersion { id, value }))
                .ok_or_else(|| CloudError::new(ErrorKind::Refused, "read the secret", format!("{arn} holds no text")))
        })
    }

    fn stage_login<'a>(
        &'a self,
        arn: &'a str,
        user: &'a str,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let value = fresh(&SecretContent::Login { username: user.to_owned() })?;
            let call = self.clients().secrets.put_secret_value().secret_id(arn).client_request_token(cx.mark.token(0));
            let call = call.version_stages(Stage::Pending.label()).secret_string(value.expose_secret());
            unlogged(call.send()).await.during("stage a new password").map(drop)
        })
    }

    fn set_password<'a>(
        &'a self,
        database: &'a str,
        password: &'a SecretString,
        cx: &'a Context,
    ) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(set_password(self.clients(), database, password, cx))
    }

    fn promote<'a>(&'a self, arn: &'a str, next: &'a str, current: &'a str) -> BoxFuture<'a, Result<(), CloudError>> {
        Box::pin(async move {
            let call = self.clients().secrets.update_secret_version_stage().secret_id(arn);
            let call = call.version_stage(Stage::Current.label()).move_to_version_id(next);
            let call = call.remove_from_version_id(current);
            let answer = call.send().await.during("make the new password the current one");
            // Where the first answer was lost, the repetition is refused: the label has moved already.
            if answer.as_ref().is_err_and(|error| error.is("InvalidParameterException"))
                && self.version(arn, Stage::Current).await?.is_some_and(|version| version.id == next)
            {
                return Ok(());
            }
            answer.map(drop)
        })
    }
}
