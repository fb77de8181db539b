//! The certificate of the way in, and the want of one.

use super::*;
use crate::model::facts::certificate::{Certificate, Proof};

const ID: &str = "load_balancer.certificate";
const PLAIN: &str = "load_balancer.https";
const ARN: &str = "arn:aws:acm:us-east-1:111122223333:certificate/c";
const FOREIGN: &str = "arn:aws:acm:us-east-1:999999999999:certificate/c";

fn declared(arn: &str) -> String {
    format!("load_balancer:\n  domain: packages.example.com\n  certificate: {arn}\n")
}

fn change(scene: &mut Scene, change: impl FnOnce(&mut Certificate)) {
    let Some(Fact::There(found)) = scene.facts.certificates.get_mut(ARN) else { panic!("it was asked for") };
    change(found);
}

/// The certificate as it should be, changed.
async fn with(how: impl FnOnce(&mut Certificate)) -> Scene {
    let mut scene = Scene::of(&declared(ARN)).await;
    change(&mut scene, how);
    scene
}

#[tokio::test]
async fn a_certificate_that_is_issued_for_the_domain_passes() {
    let good = Scene::of(&declared(ARN)).await;
    good.passes(ID);
    good.passes(PLAIN);
    for names in [&["packages.example.com"][..], &["example.com", "*.example.com"]] {
        with(|found| found.names = names.iter().copied().map(str::to_owned).collect()).await.passes(ID);
    }
    let renewed = with(|found| found.expires = Some("1970-01-05T00:00:00Z".parse().unwrap())).await;
    // ACM renews it once it is in use.
    renewed.passes(ID);
}

#[tokio::test]
async fn what_no_listener_takes_is_refused_with_its_place() {
    let pending = with(|found| {
        found.status = "PENDING_VALIDATION".to_owned();
        found.proofs = vec![Proof {
            name: "_a.packages.example.com.".to_owned(),
            record: "CNAME".to_owned(),
            value: "_b.acm-validations.aws.".to_owned(),
        }];
    });
    let record = "_a.packages.example.com. CNAME _b.acm-validations.aws.";
    pending.await.finds(ID, Severity::Error, 5, &["is not issued", "listener.https", record]);
    let unproved = with(|found| found.status = "PENDING_VALIDATION".to_owned()).await;
    unproved.finds(ID, Severity::Error, 5, &["aws acm describe-certificate --region us-east-1"]);
    let mailed = with(|found| {
        found.status = "PENDING_VALIDATION".to_owned();
        found.validated_by = Some("EMAIL".to_owned());
    });
    mailed.await.finds(ID, Severity::Error, 5, &["answer the mail"]);
    for (status, says) in [
        ("EXPIRED", "is expired"),
        ("REVOKED", "REVOKED"),
        ("INACTIVE", "INACTIVE"),
        ("VALIDATION_TIMED_OUT", "72 hours"),
    ] {
        with(|found| found.status = status.to_owned()).await.finds(ID, Severity::Error, 5, &[says]);
    }
    let failed = with(|found| {
        found.status = "FAILED".to_owned();
        found.failure = Some("CAA_ERROR".to_owned());
    });
    failed.await.finds(ID, Severity::Error, 5, &["could not be issued: CAA_ERROR"]);
    let mut gone = Scene::of(&declared(ARN)).await;
    gone.facts.certificates.insert(ARN.to_owned(), Fact::Missing);
    gone.finds(ID, Severity::Error, 5, &["no such certificate in us-east-1", "aws acm list-certificates"]);
}

#[tokio::test]
async fn an_imported_certificate_ends_by_itself() {
    let imported = |at: &'static str| {
        with(move |found| {
            found.origin = "IMPORTED".to_owned();
            found.expires = Some(at.parse().unwrap());
        })
    };
    let ends = imported("1970-01-20T00:00:00Z").await;
    ends.finds(ID, Severity::Warning, 5, &["ends on 1970-01-20", &format!("--certificate-arn {ARN}")]);
    imported("1970-06-01T00:00:00Z").await.passes(ID);
    imported("1969-12-31T00:00:00Z").await.finds(ID, Severity::Error, 5, &["expired since 1969-12-31"]);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    for names in [&["other.example.com"][..], &["example.com"], &["*.packages.example.com"], &["*.com"]] {
        let scene = with(|found| found.names = names.iter().copied().map(str::to_owned).collect()).await;
        let says = format!("is for {}, not for packages.example.com", names.join(", "));
        scene.finds(ID, Severity::Error, 5, &[&says, "load_balancer.domain"]);
    }
    let mut nameless = Scene::of(&format!("load_balancer: {{certificate: {ARN}}}\n")).await;
    change(&mut nameless, |found| found.names = vec!["other.example.com".to_owned()]);
    nameless.passes(ID);
}

#[tokio::test]
async fn a_standing_stack_is_warned_of_its_certificate_and_another_one_is_refused() {
    let mut scene = Scene::standing(&declared(ARN)).await;
    assert!(!scene.plan.has_changes());
    change(&mut scene, |found| found.status = "EXPIRED".to_owned());
    scene.finds(ID, Severity::Warning, 5, &["is expired"]);
}

#[tokio::test]
async fn a_certificate_of_another_account_is_refused_unless_it_is_told_of() {
    for told in [Fact::Missing, denied()] {
        let mut scene = Scene::of(&declared(FOREIGN)).await;
        scene.facts.certificates.insert(FOREIGN.to_owned(), told);
        scene.finds(ID, Severity::Error, 5, &["of account 999999999999", "import one in account 111122223333"]);
    }
    let mut own = Scene::of(&declared(ARN)).await;
    own.facts.certificates.insert(ARN.to_owned(), denied());
    own.finds(ID, Severity::Unknown, 5, &["acm:DescribeCertificate", "docs/permissions.md"]);
}

#[tokio::test]
async fn a_certificate_of_an_ingress_is_looked_at_too() {
    let mut scene = Scene::of(&format!("{}  targets: ingress\n", declared(ARN))).await;
    scene.passes(ID);
    change(&mut scene, |found| found.status = "PENDING_VALIDATION".to_owned());
    scene.finds(ID, Severity::Error, 5, &["controller of the Ingress"]);
}

#[tokio::test]
async fn a_domain_without_a_certificate_is_a_warning() {
    let domain = "load_balancer:\n  domain: packages.example.com\n";
    let open = Scene::of(&format!("{domain}  scheme: internet_facing\n  allow_from: [0.0.0.0/0]\n")).await;
    open.finds(PLAIN, Severity::Warning, 4, &["without encryption", "the whole internet", "request-certificate"]);
    let inside = Scene::of(&format!("{domain}  allow_from: [10.0.0.0/8]\n")).await;
    inside.finds(PLAIN, Severity::Warning, 4, &["without encryption"]);
    assert!(inside.check(PLAIN).findings.iter().all(|finding| !finding.why.contains("internet")));
    let none = Scene::of(&format!("{domain}  targets: ingress\n")).await;
    assert!(none.checks().iter().all(|check| check.id != PLAIN), "a controller finds one by the name");
}
