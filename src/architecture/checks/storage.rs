//! Checks of the key that encrypts everything, where it is not the stack's own.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::model::facts::{Fact, KeyFacts};
use crate::model::finding::{Check, Severity};
use crate::model::policy::Policy;
use crate::stack::Stack;

const PATH: &str = "storage.kms";

/// The keys to ask for.
pub(super) fn keys(stack: &Stack) -> BTreeSet<String> {
    stack.storage.kms.iter().map(ToString::to_string).collect()
}

/// Whether the declared key can encrypt the database, the bucket, the secrets and the secrets of the cluster.
///
/// Source: AWS KMS Developer Guide, "Key states" and "Key policies"; RDS User Guide, "Encrypting Amazon RDS resources".
pub(super) fn kms(cx: &CheckContext<'_>) -> Option<Check> {
    let arn = cx.stack.storage.kms.as_ref()?;
    let (owner, arn) = (arn.parts().account, arn.as_str());
    let mut check = CheckBuilder::new(cx.places, "storage.kms");
    let severity = cx.severity(arn);
    let key = Key::of(PATH);
    let foreign = owner != cx.surroundings.account;
    let told = cx.facts.keys.get(arn);
    let missing = Said::new(
        "there is no such key in this region",
        uses(cx, arn),
        format!("list the keys there are with `aws kms list-keys --region {}`", cx.stack.region),
    );
    if foreign && matches!(told, Some(Fact::Unread { error }) if error.is_denied()) {
        let account = &cx.surroundings.account;
        check.find(
            severity,
            key,
            Said::new(
                format!("the key is of account {owner}, and nobody of account {account} may use it as things are"),
                uses(cx, arn),
                format!(
                    "use a key of account {account}; or let the policy of the key and your own allow kms:DescribeKey, \
                     CreateGrant, Decrypt and GenerateDataKey to account {account}"
                ),
            ),
        );
        return Some(check.done());
    }
    if let Some(found) = check.there(told, key, "kms:DescribeKey", severity, missing) {
        judge(cx, found, arn, foreign.then_some(owner), &mut check);
    }
    Some(check.done())
}

/// What in this plan would be refused.
fn uses(cx: &CheckContext<'_>, arn: &str) -> String {
    match cx.first_use(arn) {
        Some(address) => format!("{address} and whatever else is encrypted with it could not be made"),
        None => "what it encrypted cannot be read while this is so".to_owned(),
    }
}

fn judge(cx: &CheckContext<'_>, found: &KeyFacts, arn: &str, foreign: Option<&str>, check: &mut CheckBuilder<'_>) {
    let key = Key::of(PATH);
    let severity = cx.severity(arn);
    let id = arn.rsplit('/').next().unwrap_or(arn);
    let region = &cx.stack.region;
    let mut wrong = |what: String, remedy: String| {
        check.find(severity, key, Said::new(what, uses(cx, arn), remedy));
    };
    match found.state.as_str() {
        "Enabled" | "Creating" | "Updating" => {}
        "Disabled" => wrong(
            "the key is disabled".to_owned(),
            format!("enable it with `aws kms enable-key --region {region} --key-id {id}`, or use another"),
        ),
        "PendingDeletion" | "PendingReplicaDeletion" => {
            let day = found.deleted_at.map(|at| format!(" on {}", at.to_zoned(TimeZone::UTC).date()));
            wrong(
                format!("the key will be deleted{}, and what it encrypts is lost then", day.unwrap_or_default()),
                format!(
                    "use another; or keep it: `aws kms cancel-key-deletion --region {region} --key-id {id}`, and \
                     `aws kms enable-key --region {region} --key-id {id}`"
                ),
            );
        }
        "PendingImport" => wrong(
            "the key has no material yet: it waits for an import".to_owned(),
            "import its material, or use another".to_owned(),
        ),
        other => wrong(
            format!("the key is in the state {other}, in which it encrypts nothing"),
            "look at it in the console of KMS, or use another".to_owned(),
        ),
    }
    if found.spec != "SYMMETRIC_DEFAULT" || found.usage != "ENCRYPT_DECRYPT" {
        wrong(
            format!(
                "the key is of type {} for {}: services of AWS encrypt with symmetric keys alone",
                found.spec, found.usage
            ),
            format!("use a symmetric key for encryption (`aws kms create-key --region {region}` makes one)"),
        );
    }
    if found.is_aws_managed {
        wrong(
            "AWS keeps this key for one of its services, and no other can use it".to_owned(),
            "use a key of your own, or delete this line: then the stack makes one".to_owned(),
        );
    }
    if let Some(until) = found.material_until {
        check.find(
            Severity::Warning,
            key,
            Said::new(
                format!("the imported material of the key ends on {}", until.to_zoned(TimeZone::UTC).date()),
                "from then on nothing that it encrypted can be read, until the material is imported again",
                "import it again in time, or import it without an end",
            ),
        );
    }
    if let Some(owner) = foreign {
        check.find(
            Severity::Warning,
            key,
            Said::new(
                format!(
                    "the key is of account {owner}: its owner can take all data away, and its policy cannot be read"
                ),
                "it was not checked whether its policy lets database, bucket, secrets and cluster use it",
                format!(
                    "use a key of account {}, or see that its policy lets that account use it",
                    cx.surroundings.account
                ),
            ),
        );
        return;
    }
    match &found.policy {
        Fact::There(policy) => judge_policy(cx, policy, check),
        Fact::Unread { error } => check.unread(key, error, "kms:GetKeyPolicy"),
        Fact::Missing => {}
    }
}

/// What of the key the roles of the stack need, and the services in our name.
const NEEDED: [&str; 4] = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];

/// Whoever uses the key does so by a policy of IAM: the role of the pods is made by this plan, so no key policy can
/// name it. That counts only where the key policy says that the account decides.
fn judge_policy(cx: &CheckContext<'_>, policy: &Policy, check: &mut CheckBuilder<'_>) {
    let account = &cx.surroundings.account;
    let root = format!("arn:{}:iam::{account}:root", cx.surroundings.partition);
    let lacking: Vec<&str> = NEEDED.into_iter().filter(|action| !leaves_to_account(policy, account, action)).collect();
    if lacking.is_empty() {
        return;
    }
    check.find(
        Severity::Warning,
        Key::of(PATH),
        Said::new(
            format!(
                "the policy of the key does not leave {} to account {account} without conditions",
                lacking.join(", ")
            ),
            "then policies of IAM, such as that of the pods, count only where its conditions hold",
            format!(
                "allow kms:* to the principal {root} in it, or see that it allows as much to the roles of the stack"
            ),
        ),
    );
}

/// Whether a statement without conditions allows `action` to the account as a whole.
fn leaves_to_account(policy: &Policy, account: &str, action: &str) -> bool {
    let statements = policy.document().get("Statement").and_then(Value::as_array);
    statements.into_iter().flatten().any(|statement| {
        let list = |of: Option<&'_ Value>| -> Vec<String> {
            let items = of.and_then(Value::as_array).into_iter().flatten();
            items.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let principals = list(statement.get("Principal").and_then(|who| who.get("AWS")));
        // The bare number of an account means its root.
        let everybody =
            |who: &String| who == "*" || who == account || (who.contains(account) && who.ends_with(":root"));
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && statement.get("Condition").is_none()
            && principals.iter().any(everybody)
            && list(statement.get("Action")).iter().any(|pattern| covers(pattern, action))
    })
}

/// Whether a pattern of actions, with a star at its end at most, covers an action; case does not count (IAM policy
/// elements, "Action").
fn covers(pattern: &str, action: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(begin) => action.to_lowercase().starts_with(&begin.to_lowercase()),
        None => pattern.eq_ignore_ascii_case(action),
    }
}
