//! `iam-policy`: what AWS has to allow whoever runs a command on the declared stack.

use std::path::Path;

use serde_json::{Value, json};

use super::args::{Common, IamPolicyArgs};
use super::failure::Failure;
use super::folder::{NamedText, write_files};
use super::workplace::Declaration;
use super::{chosen, exit, out, workplace};
use crate::architecture::permission_scope;
use crate::helm::shell_word;
use crate::model::document::canonical_pretty;
use crate::model::values::Arn;
use crate::permissions::{IAM_LIMIT, PolicyDocument, characters, policy, split};
use crate::render::document;
use crate::stack::Stack;

/// Prints the policy, or writes it as documents that IAM takes.
pub(super) async fn iam_policy(common: &Common, args: &IamPolicyArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let account = account(common, args, &declaration).await?;
    let mut scope = permission_scope(&declaration.stack, &account);
    scope.state_key = state_key(args.state_key.as_ref(), &declaration.stack)?;
    let policy = policy(&scope, args.purpose);
    let name = format!("{}-{}", scope.stack, args.purpose.word());
    let parts = split(&policy, &name);
    if let Some(folder) = &args.out {
        write(common, args, &scope.region, folder, &parts)?;
    } else {
        if let Some(text) = too_large(&policy, parts.len()) {
            out::note(&text);
        }
        out::data(&canonical_pretty(&policy));
    }
    if chosen::is_rehearsal(common) && args.account.is_none() && declaration.stack.account.is_none() {
        out::note("This is a rehearsal: its account is made up.\n");
    }
    Ok(exit::DONE)
}

/// The account that the policy is limited to. Nobody is asked: whoever writes a policy may have no credentials yet.
async fn account(common: &Common, args: &IamPolicyArgs, declaration: &Declaration) -> Result<String, Failure> {
    let declared = declaration.stack.account.as_ref();
    if let (Some(said), Some(declared)) = (&args.account, declared)
        && said != declared
    {
        let heading = format!("`--account` says {said}, and `account` of the declaration {declared}");
        return Err(Failure::new(exit::USAGE, heading).hint("leave the option out, or correct the declaration"));
    }
    if let Some(known) = args.account.as_ref().or(declared) {
        return Ok(known.to_string());
    }
    let mut home = workplace::home(common, declaration)?;
    let account = workplace::load(&mut home, declaration).await?.state.account;
    if account.is_empty() {
        return Err(Failure::new(exit::USAGE, "the account of the stack is not known before its first apply")
            .hint("say it with `--account ACCOUNT`, or declare `account`")
            .hint(format!(
                "`aws sts get-caller-identity --region {}` tells that of your credentials",
                declaration.stack.region
            )));
    }
    Ok(account)
}

/// The KMS key of the bucket of the state: the declared one, where the role of the job is a part of the stack.
///
/// # Errors
/// When another one is said than is declared.
pub(super) fn state_key(said: Option<&Arn>, stack: &Stack) -> Result<Option<Arn>, Failure> {
    let Some(drift) = &stack.drift else { return Ok(said.cloned()) };
    let declared = drift.state_key.as_ref();
    if let Some(said) = said.filter(|said| declared != Some(*said)) {
        let declared = declared.map_or("none", Arn::as_str);
        let heading = format!("`--state-key` says {said}, and `drift.state_key` of the declaration {declared}");
        return Err(Failure::new(exit::USAGE, heading)
            .hint("the role of the job is a part of the stack: declare the key, and leave the option out"));
    }
    Ok(declared.cloned())
}

/// What is said of a policy that IAM does not take as one.
fn too_large(policy: &Value, parts: usize) -> Option<String> {
    let size = characters(policy);
    (size > IAM_LIMIT).then(|| {
        format!(
            "This policy has {size} characters, and IAM takes {IAM_LIMIT} in a managed one (10240 in all that stand within \
             a role).\n`--out FOLDER` writes it as {parts} documents, to be attached together.\n"
        )
    })
}

/// Writes the documents, and says what makes policies of them.
fn write(
    common: &Common,
    args: &IamPolicyArgs,
    region: &str,
    folder: &Path,
    parts: &[PolicyDocument],
) -> Result<(), Failure> {
    let texts: Vec<(String, String)> =
        parts.iter().map(|part| (format!("{}.json", part.name), canonical_pretty(&part.policy))).collect();
    let files: Vec<NamedText<'_>> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let paths = write_files(folder, &files, args.force)?;
    let written: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    let next: Vec<String> = parts
        .iter()
        .zip(&written)
        .map(|(part, path)| {
            let document = shell_word(&format!("file://{path}"));
            let name = &part.name;
            format!("aws iam create-policy --region {region} --policy-name {name} --policy-document {document}")
        })
        .collect();
    if common.json {
        out::data(&format!("{}\n", document(Some("iam-policy"), [("written", json!(written)), ("next", json!(next))])));
        return Ok(());
    }
    let mut lines = vec!["Wrote".to_owned()];
    lines.extend(
        parts.iter().zip(&written).map(|(part, path)| {
            format!("  {}, {} of {IAM_LIMIT} characters", shell_word(path), characters(&part.policy))
        }),
    );
    let attached = match parts.len() {
        1 => format!("attach it to whoever runs {}", args.purpose.command()),
        all => format!("attach these {all} to whoever runs {}", args.purpose.command()),
    };
    lines.push(format!("Next, and then {attached}:"));
    out::note(&(lines.join("\n") + "\n"));
    out::data(&next.iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat());
    Ok(())
}
