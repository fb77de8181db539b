//! Checks of who has access to the cluster: the caller, and those who are declared.
//!
//! Source: EKS User Guide, "Create access entries" (one existing IAM role or user each, its path included; of any account).

use std::collections::BTreeSet;

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::engine::state::State;
use crate::model::facts::{Fact, PrincipalFacts};
use crate::model::finding::{Check, Severity};
use crate::model::surroundings::Surroundings;
use crate::resources::access_entry::{session_role, stands_for};
use crate::stack::Stack;

const ADMINS: &str = "kubernetes.admins";

/// The roles and users to ask for. Those of other accounts can be asked by nobody here.
pub(super) fn principals(stack: &Stack, surroundings: &Surroundings, state: &State) -> BTreeSet<String> {
    let admins = stack.kubernetes().admins.iter().filter(|arn| arn.parts().account == surroundings.account);
    let caller = role_of(surroundings).filter(|_| creator(state).is_none());
    admins.map(ToString::to_string).chain(caller).collect()
}

/// The role behind the session of the caller, without its path: sessions do not show it.
fn role_of(surroundings: &Surroundings) -> Option<String> {
    let Surroundings { account, partition, principal, .. } = surroundings;
    session_role(principal).map(|role| format!("arn:{partition}:iam::{account}:role/{role}"))
}

/// The principal whose entry is that of the creator of the cluster.
fn creator(state: &State) -> Option<&str> {
    state.resources.get(&handles::CREATOR.address())?.computed.text("principal_arn")
}

/// Whether the caller can be given access to the cluster, or has it.
pub(super) fn caller(cx: &CheckContext<'_>) -> Check {
    let mut check = CheckBuilder::new(cx.places, "caller");
    let caller = cx.surroundings.principal.as_str();
    match creator(cx.state) {
        None => newcomer(cx, caller, &mut check),
        Some(creator) => known(cx, caller, creator, &mut check),
    }
    check.done()
}

/// There is no creator yet: the caller will be it.
fn newcomer(cx: &CheckContext<'_>, caller: &str, check: &mut CheckBuilder<'_>) {
    let address = handles::CREATOR.address();
    let severity = if cx.makes(&handles::CREATOR) { Severity::Error } else { Severity::Warning };
    let refused = "access to a cluster is given to roles and users alone, and whoever makes it is given access";
    if let Some(role) = role_of(cx.surroundings) {
        let name = role.rsplit('/').next().unwrap_or_default();
        let said = match cx.facts.principals.get(&role) {
            Some(Fact::There(_)) | None => return,
            Some(Fact::Missing) => {
                let what = format!("the role {name} is gone, whose session this is");
                (severity, Said::new(what, refused, "use credentials of a role or user that stands"))
            }
            Some(Fact::Unread { error }) => {
                (Severity::Unknown, Said::unread(error, "iam:GetRole, which apply needs as well"))
            }
        };
        check.find_at(said.0, address, said.1);
    } else if caller.ends_with(":root") {
        check.find_at(
            severity,
            address,
            Said::new(
                "these are the credentials of the root user of the account",
                refused,
                "use a role instead, such as one of IAM Identity Center: `aws sso login`",
            ),
        );
    } else if !caller.contains(":user/") && !caller.contains(":role/") {
        let what = format!("{caller} is neither a role nor a user");
        check.find_at(severity, address, Said::new(what, refused, "use credentials of a role or user"));
    }
}

/// Another caller has access by being declared.
fn known(cx: &CheckContext<'_>, caller: &str, creator: &str, check: &mut CheckBuilder<'_>) {
    let admins = &cx.stack.kubernetes().admins;
    if stands_for(creator, caller) || admins.iter().any(|arn| stands_for(arn.as_str(), caller)) {
        return;
    }
    let remedy = match role_of(cx.surroundings) {
        Some(role) => {
            format!("to enter it with this role, add {role} to {ADMINS}, with the path of the role if it has one")
        }
        None if caller.contains(":user/") => format!("to enter it as this user, add {caller} to {ADMINS}"),
        None => format!("enter it as {creator}, or as somebody in {ADMINS}"),
    };
    check.find(
        Severity::Warning,
        Key::of(ADMINS),
        Said::new(
            format!("{caller} has no access to the cluster"),
            "kubectl and helm are refused with these credentials; the stack itself is built all the same",
            remedy,
        ),
    );
}

/// Whether those who are to enter the cluster exist, under these very ARNs.
pub(super) fn admins(cx: &CheckContext<'_>) -> Option<Check> {
    let admins = &cx.stack.kubernetes().admins;
    if admins.is_empty() {
        return None;
    }
    let mut check = CheckBuilder::new(cx.places, ADMINS);
    for arn in admins {
        let (owner, arn) = (arn.parts().account, arn.as_str());
        let key = Key::item(ADMINS, arn);
        let account = &cx.surroundings.account;
        if owner != account {
            let what = format!("{arn} is of account {owner}, where account {account} cannot look");
            let why = "it was not checked whether there is such a role or user";
            let remedy = format!("see in account {owner} that it exists; EKS takes those of other accounts");
            check.find(Severity::Unknown, key, Said::new(what, why, remedy));
            continue;
        }
        let (kind, list) = if arn.contains(":user/") { ("user", "Users") } else { ("role", "Roles") };
        let name = arn.rsplit('/').next().unwrap_or_default();
        let missing = Said::new(
            format!("there is no {kind} {name} in account {account}"),
            why(cx, arn),
            format!(
                "list those there are with `aws iam list-{kind}s --region {} --query '{list}[].Arn'`",
                cx.stack.region
            ),
        );
        let action = if kind == "user" { "iam:GetUser" } else { "iam:GetRole" };
        let severity = cx.severity(arn);
        let told = cx.facts.principals.get(arn);
        let Some(PrincipalFacts { arn: found }) = check.there(told, key, action, severity, missing) else { continue };
        // A role made a moment ago has its unique id in place of an ARN.
        if found.starts_with("arn:") && found != arn {
            let what = format!("the {kind} {name} is {found}, not {arn}");
            check.find(severity, key, Said::new(what, why(cx, arn), format!("write {found}")));
        }
    }
    Some(check.done())
}

/// What in this plan would be refused.
fn why(cx: &CheckContext<'_>, arn: &str) -> String {
    match cx.first_use(arn) {
        Some(address) => format!("{address} would be refused, after the cluster is built"),
        None => "nobody enters the cluster by it".to_owned(),
    }
}
