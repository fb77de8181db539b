//! Who may enter the cluster: whoever runs the program, and those who are declared.

use super::*;
use crate::model::facts::PrincipalFacts;

const CALLER: &str = "caller";
const ADMINS: &str = "kubernetes.admins";
const ROLE: &str = "arn:aws:iam::111122223333:role/platform";
const OWN: &str = "arn:aws:iam::111122223333:role/platform-admin";

fn declared(arns: &[&str]) -> String {
    let items: Vec<String> = arns.iter().map(|arn| format!("    - {arn}\n")).collect();
    format!("kubernetes:\n  admins:\n{}", items.concat())
}

fn is(arn: &str) -> Fact<PrincipalFacts> {
    Fact::There(PrincipalFacts { arn: arn.to_owned() })
}

#[tokio::test]
async fn roles_and_users_that_exist_pass() {
    let user = "arn:aws:iam::111122223333:user/people/ann";
    let scene = Scene::of(&declared(&[ROLE, user, OWN])).await;
    scene.passes(ADMINS);
    scene.passes(CALLER);
    assert_eq!(scene.facts.principals.keys().collect::<Vec<_>>(), [ROLE, OWN, user]);
    assert!(Scene::of("").await.checks().iter().all(|check| check.id != ADMINS));
}

#[tokio::test]
async fn whom_iam_does_not_know_is_refused_at_its_line() {
    for (arn, says) in [(ROLE, "no role platform"), ("arn:aws:iam::111122223333:user/ann", "no user ann")] {
        let mut scene = Scene::of(&declared(&[OWN, arn])).await;
        scene.facts.principals.insert(arn.to_owned(), Fact::Missing);
        scene.finds(ADMINS, Severity::Error, 6, &[says, "access_entry.admin-", "aws iam list-"]);
    }
}

#[tokio::test]
async fn an_arn_with_another_path_is_refused_with_the_right_one() {
    for right in [
        "arn:aws:iam::111122223333:role/team/platform",
        "arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/platform",
        "arn:aws:iam::111122223333:role/Platform",
    ] {
        let mut scene = Scene::of(&declared(&[ROLE])).await;
        scene.facts.principals.insert(ROLE.to_owned(), is(right));
        scene.finds(ADMINS, Severity::Error, 5, &[&format!("write {right}")]);
    }
    // Until IAM knows a new role everywhere, it shows its unique id.
    let mut fresh = Scene::of(&declared(&[ROLE])).await;
    fresh.facts.principals.insert(ROLE.to_owned(), is("AROAEXAMPLE"));
    fresh.passes(ADMINS);
}

#[tokio::test]
async fn who_cannot_be_looked_up_is_not_known() {
    let mut scene = Scene::of(&declared(&[ROLE])).await;
    scene.facts.principals.insert(ROLE.to_owned(), denied());
    scene.finds(ADMINS, Severity::Unknown, 5, &["iam:GetRole", "docs/permissions.md"]);
    let foreign = Scene::of(&declared(&["arn:aws:iam::999999999999:role/x"])).await;
    foreign.finds(ADMINS, Severity::Unknown, 5, &["of account 999999999999"]);
}

#[tokio::test]
async fn an_entry_that_stands_holds_nothing_up() {
    let mut scene = Scene::standing(&declared(&[ROLE])).await;
    scene.facts.principals.insert(ROLE.to_owned(), Fact::Missing);
    scene.finds(ADMINS, Severity::Warning, 5, &["no role platform", "nobody enters"]);
}

/// The only finding of the check of the caller.
fn found(scene: &Scene) -> crate::model::finding::Finding {
    let [finding] = scene.check(CALLER).findings.try_into().unwrap();
    finding
}

#[tokio::test]
async fn who_cannot_be_given_access_is_refused() {
    let mut scene = Scene::of("").await;
    for (caller, says) in [
        ("arn:aws:iam::111122223333:root", "root user"),
        ("arn:aws:sts::111122223333:federated-user/ann", "neither a role nor a user"),
    ] {
        caller.clone_into(&mut scene.surroundings.principal);
        let finding = found(&scene);
        assert_eq!(
            (finding.severity, finding.subject.to_string()),
            (Severity::Error, "access_entry.creator".to_owned())
        );
        assert!(finding.what.contains(says) && !finding.remedy().is_empty(), "{finding:?}");
    }
    "arn:aws:iam::111122223333:user/people/ann".clone_into(&mut scene.surroundings.principal);
    scene.passes(CALLER);
    let mut gone = Scene::of("").await;
    gone.facts.principals.insert(OWN.to_owned(), Fact::Missing);
    assert_eq!(found(&gone).severity, Severity::Error);
    gone.facts.principals.insert(OWN.to_owned(), denied());
    assert_eq!(found(&gone).severity, Severity::Unknown);
}

#[tokio::test]
async fn whoever_comes_later_is_told_how_to_enter() {
    let mut scene = Scene::standing(&declared(&[ROLE])).await;
    scene.passes(CALLER);
    "arn:aws:sts::111122223333:assumed-role/platform/ann".clone_into(&mut scene.surroundings.principal);
    scene.passes(CALLER);
    for (caller, says) in [
        ("arn:aws:sts::111122223333:assumed-role/deploy/ci", "add arn:aws:iam::111122223333:role/deploy"),
        ("arn:aws:iam::111122223333:user/ann", "add arn:aws:iam::111122223333:user/ann"),
        ("arn:aws:iam::111122223333:root", "enter it as arn:aws:iam::111122223333:role/platform-admin"),
    ] {
        caller.clone_into(&mut scene.surroundings.principal);
        scene.finds(CALLER, Severity::Warning, 4, &["has no access to the cluster", says]);
    }
}
