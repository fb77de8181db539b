//! Checks of the way in: whether the certificate can serve the domain, and what it means to have none.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::CheckContext;
use super::builder::{CheckBuilder, Key, Said};
use crate::architecture::handles;
use crate::model::facts::Fact;
use crate::model::facts::certificate::Certificate;
use crate::model::finding::{Check, Severity};
use crate::model::values::region_of;
use crate::stack::{Scheme, Stack, Targets};

const CERTIFICATE: &str = "load_balancer.certificate";
const DOMAIN: &str = "load_balancer.domain";

/// Days before its end at which an imported certificate is mentioned: nobody but its owner renews it.
const IMPORTED_DAYS: i64 = 30;

/// The certificates to ask for.
pub(super) fn certificates(stack: &Stack) -> BTreeSet<String> {
    stack.load_balancer.certificate.iter().map(ToString::to_string).collect()
}

/// Whether the declared certificate is there, can be given to a load balancer, and is for the declared domain.
///
/// Source: API of Elastic Load Balancing, `CreateListener` (`CertificateNotFound`, `UnsupportedCertificate`); ACM User
/// Guide, "Services integrated with ACM" (a certificate serves its own account and Region alone).
pub(super) fn certificate(cx: &CheckContext<'_>) -> Option<Check> {
    let arn = cx.stack.load_balancer.certificate.as_ref()?;
    let (owner, arn) = (arn.parts().account, arn.as_str());
    let mut check = CheckBuilder::new(cx.places, CERTIFICATE);
    let key = Key::of(CERTIFICATE);
    let severity = severity(cx, arn);
    let told = cx.facts.certificates.get(arn);
    let account = &cx.surroundings.account;
    let is_closed = match told {
        Some(Fact::Missing) => true,
        Some(Fact::Unread { error }) => error.is_denied(),
        Some(Fact::There(_)) | None => false,
    };
    if owner != account && is_closed {
        check.find(
            severity,
            key,
            Said::new(
                format!("the certificate is of account {owner}, and the stack of {account}: ACM does not share them"),
                uses(cx, arn),
                format!("request or import one in account {account}"),
            ),
        );
        return Some(check.done());
    }
    let region = &cx.stack.region;
    let missing = Said::new(
        format!("there is no such certificate in {region}, account {account}"),
        uses(cx, arn),
        format!("list those there are with `aws acm list-certificates --region {region}`"),
    );
    if let Some(found) = check.there(told, key, "acm:DescribeCertificate", severity, missing) {
        validity(cx, found, arn, &mut check);
        names(cx, found, severity, &mut check);
    }
    Some(check.done())
}

/// The Ingress gets it by way of the values, which are no part of what is made at AWS.
fn severity(cx: &CheckContext<'_>, arn: &str) -> Severity {
    let by_ingress = cx.stack.load_balancer.targets == Targets::Ingress && cx.makes(&handles::CLUSTER);
    if by_ingress { Severity::Error } else { cx.severity(arn) }
}

/// What in this plan would be refused.
fn uses(cx: &CheckContext<'_>, arn: &str) -> String {
    match cx.first_use(arn) {
        Some(address) => format!("{address} would be refused with it"),
        None if cx.stack.load_balancer.targets == Targets::Ingress => {
            "the controller of the Ingress makes no load balancer with it".to_owned()
        }
        None => "the load balancer serves it, or is to".to_owned(),
    }
}

/// Whether a load balancer takes it, and for how long it is good.
fn validity(cx: &CheckContext<'_>, found: &Certificate, arn: &str, check: &mut CheckBuilder<'_>) {
    let ended = found.expires.filter(|end| *end <= cx.now);
    let region = &cx.stack.region;
    let another = "request or import another one, and declare it here";
    let (what, remedy) = match found.status.as_str() {
        "ISSUED" if ended.is_none() => {
            soon_over(cx, found, arn, check);
            return;
        }
        "ISSUED" | "EXPIRED" => {
            let since = found.expires.map(|end| format!(" since {}", day(end))).unwrap_or_default();
            (format!("the certificate is expired{since}"), renewing(found, arn, another))
        }
        "PENDING_VALIDATION" => (
            "the certificate is not issued: ACM waits for the proof that the domain is yours".to_owned(),
            proving(found, region.as_str(), arn),
        ),
        "FAILED" => {
            let why = found.failure.as_deref().map(|word| format!(": {word}")).unwrap_or_default();
            (format!("the certificate could not be issued{why}"), another.to_owned())
        }
        "VALIDATION_TIMED_OUT" => (
            "the certificate was not issued: no proof that the domain is yours came within 72 hours".to_owned(),
            "request another one, make the record it asks for at once, and declare it here".to_owned(),
        ),
        other => (format!("the certificate is {other}, not ISSUED"), another.to_owned()),
    };
    check.find(severity(cx, arn), Key::of(CERTIFICATE), Said::new(what, uses(cx, arn), remedy));
}

/// What ACM issued, it renews once it is in use; what was imported ends.
fn soon_over(cx: &CheckContext<'_>, found: &Certificate, arn: &str, check: &mut CheckBuilder<'_>) {
    let Some(end) = found.expires.filter(|_| found.origin == "IMPORTED") else { return };
    if end.duration_since(cx.now).as_hours() < 24 * IMPORTED_DAYS {
        check.find(
            Severity::Warning,
            Key::of(CERTIFICATE),
            Said::new(
                format!("the certificate ends on {}", day(end)),
                "ACM never renews what was imported",
                renewing(found, arn, ""),
            ),
        );
    }
}

fn renewing(found: &Certificate, arn: &str, another: &str) -> String {
    if found.origin == "IMPORTED" {
        return format!(
            "import its successor under the same ARN: `aws acm import-certificate --region {} --certificate-arn {arn} \
             --certificate fileb://CERTIFICATE --private-key fileb://KEY --certificate-chain fileb://CHAIN`",
            region_of(arn)
        );
    }
    another.to_owned()
}

/// What makes ACM issue it.
fn proving(found: &Certificate, region: &str, arn: &str) -> String {
    if found.validated_by.as_deref() == Some("EMAIL") {
        return "answer the mail that ACM sent to the owner of the domain".to_owned();
    }
    let records: Vec<String> =
        found.proofs.iter().map(|one| format!("{} {} {}", one.name, one.record, one.value)).collect();
    if records.is_empty() {
        return format!(
            "make the DNS record that `aws acm describe-certificate --region {region} --certificate-arn {arn}` shows"
        );
    }
    format!("make in DNS: {}; ACM issues it minutes later", records.join(", and "))
}

/// Whether it is for the declared domain.
fn names(cx: &CheckContext<'_>, found: &Certificate, severity: Severity, check: &mut CheckBuilder<'_>) {
    let Some(host) = &cx.stack.load_balancer.domain else { return };
    if found.names.is_empty() || found.covers(host.as_str()) {
        return;
    }
    check.find(
        severity,
        Key::of(CERTIFICATE),
        Said::new(
            format!("the certificate is for {}, not for {host}", found.names.join(", ")),
            "browsers and R refuse a server that shows it; a star stands for one label",
            format!("request one for {host}, and declare it here; or correct {DOMAIN}"),
        ),
    );
}

/// Whether a name is served without encryption. Behind an Ingress, the controller looks for a certificate by itself.
pub(super) fn plain(cx: &CheckContext<'_>) -> Option<Check> {
    let front = &cx.stack.load_balancer;
    let host = front.domain.as_ref().filter(|_| front.targets != Targets::Ingress)?;
    let mut check = CheckBuilder::new(cx.places, "load_balancer.https");
    if front.certificate.is_none() {
        let is_open = front.scheme == Scheme::InternetFacing && front.allow_from.iter().any(|from| from.prefix() == 0);
        let reach = if is_open { "; and the whole internet is let in" } else { "" };
        check.find(
            Severity::Warning,
            Key::of(DOMAIN),
            Said::new(
                format!("{host} will be served without encryption: there is no certificate"),
                format!("whoever is on the way can read tokens and exchange packages{reach}"),
                format!(
                    "`aws acm request-certificate --region {} --domain-name {host} --validation-method DNS`, and \
                     declare it as {CERTIFICATE}",
                    cx.stack.region
                ),
            ),
        );
    }
    Some(check.done())
}

fn day(time: Timestamp) -> jiff::civil::Date {
    time.to_zoned(TimeZone::UTC).date()
}
