//! `secrets`: values from Secrets Manager to the cluster, by a pipe, and another password for the database.

use std::io::IsTerminal as _;

use clap::ValueEnum as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::args::{Common, Rotatable, SecretsArgs, SecretsCommand, SecretsForm};
use super::failure::Failure;
use super::work::StackRun;
use super::{exit, out, pods, show, workplace};
use crate::architecture::{self, NotReady, handles, standing};
use crate::cloud::vault::{SecretVersion, Stage, Vault};
use crate::engine::state::State;
use crate::handoff::{self, DatabaseJob, Material, Names};
use crate::helm::{DATABASE_JOB, DATABASE_SECRET, ENCRYPTION_SECRET, secret_class, shell_word};
use crate::model::handle::At;
use crate::model::secret::SecretText;
use crate::product::{ENCRYPTION_KEY_BYTES, License};
use crate::resources::database::DatabaseComputed;
use crate::resources::iam_role::IamRoleComputed;
use crate::resources::secret::Secret;
use crate::run::{self, Rotated, Rotation, Stop};
use crate::stack::{SecretsBy, Stack};
use crate::store::file;
use crate::text::yaml;
use workplace::{Connection, Declaration};

/// Characters of an encryption key, two for each byte.
const KEY_LENGTH: usize = 2 * ENCRYPTION_KEY_BYTES as usize;

/// Prints manifests, or rotates.
pub(super) async fn secrets(common: &Common, args: SecretsArgs, stop: Stop) -> Result<u8, Failure> {
    match args.instead {
        Some(SecretsCommand::Rotate { what: Rotatable::EncryptionKey, .. }) => Err(key_stays()),
        Some(SecretsCommand::Rotate { what: Rotatable::Database, file, auto_approve }) => {
            let declaration = Declaration::load(file.file.as_deref())?;
            rotate(common, &declaration, auto_approve, stop).await
        }
        None => print(common, &args, stop).await,
    }
}

async fn print(common: &Common, args: &SecretsArgs, stop: Stop) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let mut home = workplace::home(common, &declaration)?;
    let state = workplace::load(&mut home, &declaration).await?.state;
    let stack = &declaration.stack;
    let form = args.form.unwrap_or(match stack.chart().secrets {
        SecretsBy::Kubectl => SecretsForm::Kubectl,
        SecretsBy::ExternalSecrets => SecretsForm::ExternalSecrets,
        SecretsBy::Csi => SecretsForm::Csi,
    });
    let place = &stack.package_manager.license;
    if args.license.is_some() && matches!(place, License::Server(_)) {
        return Err(Failure::new(
            exit::USAGE,
            "a server hands the licenses out, so there is no Secret for a license file",
        )
        .hint("leave `--license` away, or take `package_manager.license.server` out of the declaration"));
    }
    let holds_values = form == SecretsForm::Kubectl || args.license.is_some();
    if holds_values && !args.to_terminal && std::io::stdout().is_terminal() {
        return Err(Failure::new(exit::USAGE, "this prints secrets, and somebody looks on: stdout is a terminal")
            .hint(format!("hand them on: `ppm-infra secrets{} | kubectl apply --server-side -f -`", asked_for(args)))
            .hint("to see them all the same, say `--to-terminal`"));
    }
    if common.json {
        return Err(Failure::new(exit::USAGE, "manifests are YAML; `--json` has nothing to say here"));
    }
    let Sources { names, database, reader } = sources(args, form, stack, &state)?;
    let mut material = Material { license: license(args)?, ..Material::default() };
    let mut manifests: Vec<Value> = Vec::new();
    if let Some(role) = reader {
        manifests.extend(handoff::external_secrets(&names, &role.arn));
    }
    if form == SecretsForm::Csi {
        manifests.push(handoff::provider_class(&names));
    }
    if let Some(server) = database {
        manifests.push(handoff::database_job(&job(args, &declaration, &state, server)?));
    }
    if form == SecretsForm::Kubectl {
        let Connection { vault, .. } = workplace::connect(common, stack, stop).await?;
        material.database_password = Some(password(&*vault, &names.database_secret_arn).await?);
        material.encryption_key = Some(encryption_key(&*vault, &names.encryption_key_secret_arn).await?);
    }
    let secret = handoff::secrets(&names.namespace, place, &material);
    out::data(secret.expose());
    out::data(&yaml::documents(&manifests));
    out::note(&remarks(args, form, stack));
    Ok(exit::DONE)
}

/// The options that say what is to be printed, as they are typed.
fn asked_for(args: &SecretsArgs) -> String {
    let SecretsArgs { license, form, with_database_job, application_role, database_image, .. } = args;
    let form = form.and_then(|form| Some(form.to_possible_value()?.get_name().to_owned()));
    let secret = application_role.as_ref().map(|_| args.application_secret.clone());
    let options = [
        ("--license", license.as_ref().map(|path| path.display().to_string())),
        ("--as", form),
        ("--with-database-job", with_database_job.then(String::new)),
        ("--application-role", application_role.clone()),
        ("--application-secret", secret),
        ("--database-image", database_image.clone()),
    ];
    let typed = options.into_iter().filter_map(|(option, value)| {
        let value = value?;
        Some(if value.is_empty() { format!(" {option}") } else { format!(" {option} {}", shell_word(&value)) })
    });
    typed.collect()
}

/// What stands of what the manifests are made from.
struct Sources {
    names: Names,
    /// For the Job.
    database: Option<DatabaseComputed>,
    /// The role by which the External Secrets Operator reads.
    reader: Option<IamRoleComputed>,
}

/// Looks for what is needed for these manifests, and for nothing else.
fn sources(args: &SecretsArgs, form: SecretsForm, stack: &Stack, state: &State) -> Result<Sources, Failure> {
    let declared = stack.chart().secrets;
    if form == SecretsForm::Csi && declared != SecretsBy::Csi {
        return Err(undeclared("csi", "the role of the pods may not read the secrets"));
    }
    let handles = handles(stack);
    let role = standing(state, &handles.secrets_reader);
    if form == SecretsForm::ExternalSecrets && declared != SecretsBy::ExternalSecrets && role.is_err() {
        return Err(undeclared("external_secrets", "there is no role by which it could read"));
    }
    let secret = |at: &At<Secret>| standing(state, at).map(|secret| secret.id);
    let reader = if form == SecretsForm::ExternalSecrets { role.map(Some) } else { Ok(None) };
    let database = if args.with_database_job { standing(state, &handles.database).map(Some) } else { Ok(None) };
    let secrets = NotReady::both(secret(&handles.database_login), secret(&handles.encryption_key));
    let ((database_secret_arn, encryption_key_secret_arn), (database, reader)) =
        NotReady::both(secrets, NotReady::both(database, reader))?;
    let names = Names {
        namespace: stack.chart().namespace.to_string(),
        release: stack.chart().release.to_string(),
        region: stack.region.to_string(),
        database_secret_arn,
        encryption_key_secret_arn,
    };
    Ok(Sources { names, database, reader })
}

/// What else has to be known, on stderr.
fn remarks(args: &SecretsArgs, form: SecretsForm, stack: &Stack) -> String {
    let mut lines = Vec::new();
    if let (None, License::File { secret, key }) = (&args.license, &stack.package_manager.license) {
        lines.push(format!(
            "The license is not among them (`--license FILE` adds it): Secret {secret} with the key {key}."
        ));
    }
    if form == SecretsForm::Csi {
        lines.push(format!(
            "{DATABASE_SECRET} and {ENCRYPTION_SECRET} exist only while a pod mounts {}, which the values say \
             (pod.volumes, pod.volumeMounts). `ppm-infra values --check FILE` says whether an edited file still does.",
            secret_class(stack.chart().release.as_str())
        ));
    }
    match (args.with_database_job, form) {
        (false, _) if stack.package_manager.usage_data.is_some() => lines.push(
            "The place for usage data (package_manager.usage_data) is made by a Job, which is not among them: \
             `--with-database-job` adds it. The server does not start before it is made."
                .to_owned(),
        ),
        (true, SecretsForm::Csi) => lines.push(format!(
            "The Job {DATABASE_JOB} gets its password once a pod of Package Manager mounts that volume."
        )),
        (true | false, _) => {}
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn job(
    args: &SecretsArgs,
    declaration: &Declaration,
    state: &State,
    server: DatabaseComputed,
) -> Result<DatabaseJob, Failure> {
    let role = args.application_role.clone();
    if let Some(role) = role.as_deref().filter(|role| !is_role(role)) {
        return Err(Failure::new(exit::USAGE, format!("`{role}` is no name for a role"))
            .hint("1 to 63 of a-z, 0-9 and _, a letter first, as in `ppm_app`"));
    }
    let stack = &declaration.stack;
    let host = server.address.ok_or_else(|| NotReady([handles(stack).database.address()].into()))?;
    let major = architecture::engine_version(stack, state).major();
    Ok(DatabaseJob {
        namespace: stack.chart().namespace.to_string(),
        host,
        port: server.port,
        user: architecture::DATABASE_USER.to_owned(),
        database: architecture::DATABASE_USER.to_owned(),
        usage_data: stack.package_manager.usage_data,
        image: args
            .database_image
            .clone()
            .unwrap_or_else(|| format!("{}/library/postgres:{major}", registry(declaration))),
        application: role.map(|role| (role, args.application_secret.clone())),
    })
}

/// Where images come from: where nothing reaches the internet, the registry of the image of Package Manager.
fn registry(declaration: &Declaration) -> String {
    let stack = &declaration.stack;
    let mirror = stack.chart().image.as_ref().filter(|_| stack.network.is_air_gapped());
    let host = mirror.and_then(|image| image.repository.as_str().split_once('/')).map(|(host, _)| host);
    host.filter(|host| host.contains(['.', ':'])).unwrap_or("docker.io").to_owned()
}

/// Names that `PostgreSQL` takes without quotes, and that mean the same in every tool.
fn is_role(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    name.len() <= 63 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}

fn license(args: &SecretsArgs) -> Result<Option<SecretString>, Failure> {
    let Some(path) = &args.license else { return Ok(None) };
    let text = file::read_input(path).map_err(|error| Failure { code: exit::USAGE, ..Failure::from(error) })?;
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => Ok(Some(SecretText::from(text).into())),
        None => Err(Failure::new(exit::USAGE, format!("there is no license in {}", path.display()))
            .hint("name the file you got from Posit, as in `--license rstudio-pm.lic`")),
    }
}

async fn password(vault: &dyn Vault, arn: &str) -> Result<SecretString, Failure> {
    let version = current(vault, arn).await?;
    if vault.version(arn, Stage::Pending).await?.is_some_and(|pending| pending.id != version.id) {
        out::note(
            "A rotation of the database password was begun and not finished: the database may take the new password \
             already. `ppm-infra secrets rotate database` finishes it; then print the Secrets again.\n",
        );
    }
    let login = version.login().ok_or_else(|| Failure::new(exit::FAILED, format!("{arn} holds no login")))?;
    Ok(login.1)
}

async fn encryption_key(vault: &dyn Vault, arn: &str) -> Result<SecretString, Failure> {
    let key = current(vault, arn).await?.value;
    let text = key.expose_secret();
    if is_key(text) {
        return Ok(key);
    }
    let found = format!("{arn} holds no encryption key: {KEY_LENGTH} hexadecimal characters are wanted");
    Err(Failure::new(exit::FAILED, found)
        .hint("if it was changed by hand, take the version before back: AWSPREVIOUS in Secrets Manager")
        .hint("never make another key for a database that has been in use: what is encrypted in it would be lost"))
}

/// Whether text is an encryption key as the server takes it.
fn is_key(text: &str) -> bool {
    text.len() == KEY_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

async fn current(vault: &dyn Vault, arn: &str) -> Result<SecretVersion, Failure> {
    let found = vault.version(arn, Stage::Current).await?;
    found.ok_or_else(|| Failure::new(exit::FAILED, format!("{arn} has no current version")))
}

fn undeclared(word: &str, why: &str) -> Failure {
    Failure::new(exit::FAILED, format!("the stack is not made for this: {why}"))
        .hint(format!("declare `package_manager.secrets: {word}` and apply"))
}

fn key_stays() -> Failure {
    Failure::new(exit::FAILED, "the encryption key is never rotated; nothing was changed")
        .hint(
            "credentials and tokens in the database are encrypted with it: with another key Package Manager cannot \
             read them, and offers no way to encrypt them anew",
        )
        .hint("if it became known, renew what it protects: the Git credentials, tokens and passwords kept in Package Manager")
}

async fn rotate(common: &Common, declaration: &Declaration, approved: bool, stop: Stop) -> Result<u8, Failure> {
    let Connection { session, vault, .. } = workplace::connect(common, &declaration.stack, stop).await?;
    let run = StackRun { common, declaration, session: &session };
    run.settled("secrets rotate database", async |settled| exchange(run, &*vault, settled.state(), approved).await)
        .await
}

/// Rotates under the lock.
async fn exchange(run: StackRun<'_>, vault: &dyn Vault, state: &State, approved: bool) -> Result<u8, Failure> {
    let StackRun { common, declaration, session } = run;
    let handles = handles(&declaration.stack);
    let (database, secret) =
        NotReady::both(standing(state, &handles.database), standing(state, &handles.database_login))?;
    let (database, secret) = (database.id, secret.id);
    out::note(&format!(
        "From the moment the database takes the new password, running pods open no new connections with the old one; \
         those that are open go on. Restart them right afterwards, as is said then.\nThe database is {database}.\n"
    ));
    if !approved {
        run.approve("rotate", "yes").await?;
    }
    let stack = declaration.stack.stack.to_string();
    let rotation = Rotation { stack, address: handles.database.address(), database, secret };
    let done = run::rotate(session, vault, &rotation).await.map_err(|error| {
        Failure::from(error).hint("nobody is locked out: the same command goes on from where it stopped")
    })?;
    let what = match done {
        Rotated::Fresh => "The database takes a new password",
        Rotated::Finished => "A rotation that was cut off is finished: the database takes the password it had staged",
    };
    let (lines, remark) = pods::new_password(declaration);
    if common.json {
        show::steps("secrets rotate", &lines);
    } else {
        out::note(&format!(
            "{what}, and Secrets Manager gives it to whoever asks. The one before is kept as AWSPREVIOUS.\n\
             Now let the pods know:{remark}\n"
        ));
        out::data(&lines.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat());
    }
    Ok(exit::DONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_length_and_digits_alone() {
        assert!(is_key(&"0f".repeat(KEY_LENGTH / 2)));
        for wrong in ["0".repeat(KEY_LENGTH - 1), "0".repeat(KEY_LENGTH + 1), "g".repeat(KEY_LENGTH), String::new()] {
            assert!(!is_key(&wrong), "{} of {:?}", wrong.len(), wrong.chars().next());
        }
    }

    #[test]
    fn a_role_has_a_name_that_needs_no_quotes() {
        for right in ["a", "ppm_app", "r2", &"r".repeat(63)] {
            assert!(is_role(right), "{right}");
        }
        for wrong in ["", "_a", "2r", "Ppm", "a-b", "a b", &"r".repeat(64)] {
            assert!(!is_role(wrong), "{wrong}");
        }
    }
}
