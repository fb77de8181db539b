//! What has an end, a state or an age, and when that has to be told.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::look::DeepLook;
use super::path::{FoundMember, text_of, texts};
use super::table::{LifecycleCheck, MemberRow};
use crate::model::support::{MENTIONED_DAYS, days};

const DAY: i64 = 24 * 60 * 60;

/// States in which something works, or that pass by themselves, in small letters.
const WELL: [&str; 4] = ["active", "available", "attached", "complete"];
/// States of a change that is under way, by service (EKS API Reference; RDS User Guide, "Viewing DB instance status").
const PASSING: [(&str, &[&str]); 5] = [
    ("eks:", &["creating", "updating", "deleting", "pending"]),
    ("ec2:DescribeInternetGateways", &["attaching"]),
    ("ec2:", &["pending", "pendingacceptance"]),
    ("elasticloadbalancing:", &["provisioning"]),
    (
        "rds:",
        &[
            "backing-up",
            "configuring-enhanced-monitoring",
            "configuring-iam-database-auth",
            "configuring-log-exports",
            "creating",
            "maintenance",
            "modifying",
            "rebooting",
            "renaming",
            "resetting-master-credentials",
            "starting",
            "storage-config-upgrade",
            "storage-initialization",
            "storage-optimization",
            "upgrading",
        ],
    ),
];
/// States of a key that pass by themselves, and those that other fields of ours tell.
const KEY_TOLD: [&str; 6] =
    ["Enabled", "Creating", "Updating", "Disabled", "PendingDeletion", "PendingReplicaDeletion"];

/// What there is to say of a member, if anything, as the end of a sentence that begins with the object: `is stopped`.
pub fn told(look: &DeepLook<'_>, row: &MemberRow, check: LifecycleCheck, found: FoundMember<'_>) -> Option<String> {
    let text = text_of(found.value);
    match check {
        LifecycleCheck::CertificateEnd | LifecycleCheck::DatabaseCertificateEnd => certificate(look, row, found),
        LifecycleCheck::SupportEnd => support(look, row, found.value),
        LifecycleCheck::ImageAge => {
            let day = text.rsplit('-').next().and_then(|day| Date::strptime("%Y%m%d", day).ok())?;
            let made = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
            let age = days_until(look.now, made);
            (age > i64::from(look.days.image)).then(|| format!("runs an image of its nodes that is {} old", days(age)))
        }
        LifecycleCheck::SecretAge => {
            // What nobody can make anew is not told to be old.
            let stages = found.element.get("VersionStages");
            let counts = stages.is_none_or(|stages| texts(stages).contains(&"AWSCURRENT"));
            let age = days_until(look.now, moment(found.value)?);
            (look.is_password() && counts && age > i64::from(look.days.password))
                .then(|| format!("has a password that is {} old", days(age)))
        }
        LifecycleCheck::SecretDeletion => {
            (!text.is_empty()).then(|| "is deleted, and gone for good when its recovery window ends".to_owned())
        }
        LifecycleCheck::KeyState => {
            let is_end = row.path == "ValidTo";
            (!text.is_empty() && (is_end || !KEY_TOLD.contains(&text.as_str()))).then(|| {
                if is_end {
                    format!("has material that ends on {text}")
                } else {
                    format!("is {text} and cannot be used")
                }
            })
        }
        LifecycleCheck::State => {
            let state = text.to_lowercase();
            let passing =
                PASSING.iter().find(|(call, _)| row.call.starts_with(call)).map_or(&[][..], |(_, states)| states);
            let well = state.is_empty() || WELL.contains(&state.as_str()) || passing.contains(&state.as_str());
            (!well).then(|| format!("is {text}"))
        }
        LifecycleCheck::Health => (!text.is_empty()).then(|| {
            let more = found.element.get("message").map(text_of).filter(|message| !message.is_empty());
            format!("is not well: {text}{}", more.map(|message| format!(" ({message})")).unwrap_or_default())
        }),
        LifecycleCheck::RebootDue => {
            (text == "pending-reboot").then(|| "has settings that wait for a restart".to_owned())
        }
    }
}

fn certificate(look: &DeepLook<'_>, row: &MemberRow, found: FoundMember<'_>) -> Option<String> {
    let text = text_of(found.value);
    match row.path {
        "Status" => (!text.is_empty() && text != "ISSUED").then(|| format!("shows a certificate that is {text}")),
        "RenewalSummary.RenewalStatus" => matches!(text.as_str(), "PENDING_VALIDATION" | "FAILED")
            .then(|| format!("shows a certificate that is not renewed: {text}")),
        "*" => {
            let named = ["notAfter", "validTo", "expiresAt", "validUntil"];
            let end = named.into_iter().find_map(|name| found.value.get(name)).and_then(moment)?;
            ending("authority", end, look)
        }
        _ => {
            let renews = found.element.get("RenewalEligibility").is_some_and(|one| one == "ELIGIBLE");
            let end = moment(found.value)?;
            (!renews || end <= look.now).then(|| ending("certificate", end, look)).flatten()
        }
    }
}

fn ending(what: &str, end: Timestamp, look: &DeepLook<'_>) -> Option<String> {
    let left = days_until(end, look.now);
    if end <= look.now {
        return Some(format!("shows a {what} that has ended"));
    }
    (left <= i64::from(look.days.certificate)).then(|| format!("shows a {what} that ends in {}", days(left)))
}

/// How near the end of support is. Who chose the paid one is told of its end alone.
fn support(look: &DeepLook<'_>, row: &MemberRow, end: &Value) -> Option<String> {
    let end = moment(end)?;
    let left = days_until(end, look.now);
    let standard = row.path == "endOfStandardSupportDate";
    let paid = look.declared().text("support") == Some("EXTENDED");
    if (standard && paid) || left >= MENTIONED_DAYS {
        return None;
    }
    let which = if standard { "standard" } else { "extended" };
    Some(if left <= 0 {
        format!("runs a version whose {which} support has ended")
    } else {
        format!("runs a version whose {which} support ends in {}", days(left))
    })
}

/// Whole days from one time until another; negative where that is earlier.
fn days_until(end: Timestamp, now: Timestamp) -> i64 {
    (end.as_second() - now.as_second()).div_euclid(DAY)
}

/// A time as services tell it: seconds since 1970, or a text.
pub fn moment(value: &Value) -> Option<Timestamp> {
    let text = text_of(value);
    let whole = text.split('.').next().and_then(|whole| whole.parse::<i64>().ok());
    if let Some(seconds) = whole {
        return Timestamp::from_second(seconds).ok();
    }
    let day = || text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse().ok().or_else(day)
}
