//! Checks of versions that end: Kubernetes and `PostgreSQL` against the dates of AWS's release calendars.
//!
//! A version that is past its end is no problem of the declaration: what stands with it must be shown and taken away on
//! any day. Only what would begin with it is refused.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::builder::{CheckBuilder, Key, Said};
use super::{CheckContext, database};
use crate::architecture::handles;
use crate::architecture::kubernetes::asked_addons;
use crate::architecture::versions::{engine_version, kubernetes_version, recorded_engine, recorded_kubernetes};
use crate::engine::plan::Action;
use crate::model::address::Address;
use crate::model::finding::{Check, Severity};
use crate::model::support::{Phase, Product, VersionDates};
use crate::stack::{Places, Stack};

/// What becomes of whatever runs a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nobody looked whether it stands.
    Untold,
    /// It is made with the version.
    Made,
    /// It is brought to the version.
    Raised,
    /// It has the version, or nothing becomes of it.
    Stays,
}

/// A version that is asked for.
#[derive(Clone, Debug)]
struct Asked {
    product: Product,
    /// As it is declared.
    version: String,
    /// Its number among its kind.
    number: u16,
    /// Whether extended support is paid for.
    paid: bool,
    fate: Fate,
    today: Date,
}

/// Whether EKS supports the version of the cluster, and for how long.
pub(super) fn kubernetes(cx: &CheckContext<'_>) -> Check {
    let (stack, state) = (cx.stack, cx.state);
    let fate = fate(cx, &handles::CLUSTER.address(), "version");
    let mut check = CheckBuilder::new(cx.places, path(Product::Kubernetes));
    let asked = of_kubernetes(stack, kubernetes_version(stack, state).minor(), fate, cx.now);
    judge(&asked, &mut check);
    offered(cx, &mut check);
    let stands = recorded_kubernetes(state).map(|version| version.to_string());
    keep(cx, &asked, stands, &stack.kubernetes().version.declared().to_string(), &mut check);
    check.done()
}

/// Whether RDS supports the version of the database, and for how long.
pub(super) fn postgresql(cx: &CheckContext<'_>) -> Check {
    let (stack, state) = (cx.stack, cx.state);
    let fate = fate(cx, &handles::DATABASE.address(), "engine_version");
    let mut check = CheckBuilder::new(cx.places, path(Product::PostgreSql));
    let asked = of_postgresql(stack, engine_version(stack, state).major(), fate, cx.now);
    judge(&asked, &mut check);
    if !check.fails() {
        database::version(cx, &mut check);
    }
    let stands = recorded_engine(state).map(|version| version.to_string());
    keep(cx, &asked, stands, &stack.database.engine_version.declared().to_string(), &mut check);
    check.done()
}

/// The same two of a declaration by itself: whether something of it stands is not known, so nothing is refused.
pub(super) fn of_declaration(stack: &Stack, places: &Places, now: Timestamp) -> Vec<Check> {
    let (kubernetes, engine) = (stack.kubernetes().version.declared(), stack.database.engine_version.declared());
    let both = [
        of_kubernetes(stack, kubernetes.minor(), Fate::Untold, now),
        of_postgresql(stack, engine.major(), Fate::Untold, now),
    ];
    let check = |asked: &Asked| {
        let mut check = CheckBuilder::new(places, path(asked.product));
        judge(asked, &mut check);
        check.done()
    };
    both.iter().map(check).collect()
}

/// Whether EKS has add-ons for every version on the way: it has some for each that it runs.
fn offered(cx: &CheckContext<'_>, check: &mut CheckBuilder<'_>) {
    let asked = asked_addons(cx.stack, cx.state);
    let mut lacking = asked.iter().filter(|question| !cx.surroundings.addons.contains_key(*question));
    let Some((version, addon)) = lacking.next() else { return };
    let newest = Product::Kubernetes.newest().version;
    let said = Said::new(
        format!("EKS offers no {addon} for Kubernetes {version}, so it does not run that version here"),
        format!("addon.{addon} could not be made"),
        format!(
            "write another version as `{}`; the newest that is known here is \"{newest}\"",
            path(Product::Kubernetes)
        ),
    );
    check.find(Severity::Error, Key::of(path(Product::Kubernetes)), said);
}

const fn path(product: Product) -> &'static str {
    match product {
        Product::Kubernetes => "kubernetes.version",
        Product::PostgreSql => "database.engine_version",
    }
}

fn of_kubernetes(stack: &Stack, number: u16, fate: Fate, now: Timestamp) -> Asked {
    let paid = stack.kubernetes().extended_support;
    Asked { product: Product::Kubernetes, version: format!("1.{number}"), number, paid, fate, today: day(now) }
}

fn of_postgresql(stack: &Stack, number: u16, fate: Fate, now: Timestamp) -> Asked {
    let paid = stack.database.extended_support;
    Asked { product: Product::PostgreSql, version: number.to_string(), number, paid, fate, today: day(now) }
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

/// What this plan does to the object at `address`, whose version is `field`.
fn fate(cx: &CheckContext<'_>, address: &Address, field: &str) -> Fate {
    match cx.plan.actions.get(address) {
        Some(Action::Create { .. } | Action::Replace { .. }) => Fate::Made,
        Some(Action::Update { diffs, .. }) if diffs.iter().any(|diff| diff.path == field) => Fate::Raised,
        Some(Action::Update { .. } | Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. }) | None => {
            Fate::Stays
        }
    }
}

/// What is to be said of the version today.
fn judge(asked: &Asked, check: &mut CheckBuilder<'_>) {
    // Of a version newer than the table AWS alone knows.
    let Some(VersionDates { lifetime, .. }) = asked.product.release(asked.number) else { return };
    let key = Key::of(path(asked.product));
    let (name, service, version) = (asked.product.name(), asked.product.service(), &asked.version);
    let severity = match asked.fate {
        Fate::Made | Fate::Raised => Severity::Error,
        Fate::Untold | Fate::Stays => Severity::Warning,
    };
    let makes = |what: &str| format!("{service} makes no new {} {what}", asked.product.thing());
    let ended = |end: Option<Date>| end.map_or_else(|| " ended".to_owned(), |end| format!(" ended on {end}"));
    let phase = lifetime.phase(asked.today);
    if phase == Phase::Over && asked.fate != Fate::Stays {
        let said = Said::new(
            format!("all support of {name} {version}{}", ended(lifetime.extended_until)),
            makes("of it, and raises none to it"),
            raise(asked, ""),
        );
        return check.find(severity, key, said);
    }
    // Source: RDS User Guide, "Amazon RDS Extended Support": without it, nothing is created past standard support.
    let closed = asked.product == Product::PostgreSql && matches!(asked.fate, Fate::Made | Fate::Untold);
    if matches!(phase, Phase::Extended(_)) && !asked.paid && closed {
        let said = Said::new(
            format!("standard support of {name} {version}{}", ended(lifetime.standard_until)),
            makes("of it without extended support"),
            raise(asked, "; or say `database.extended_support: true`, which costs for each vCPU and hour"),
        );
        return check.find(severity, key, said);
    }
    if let Some(what) = asked.product.ending(version, lifetime, asked.today, asked.paid) {
        check.find(Severity::Warning, key, Said::new(what, "", raise(asked, "")));
    }
}

/// To write a newer version, the newest that is known.
fn raise(asked: &Asked, or: &str) -> String {
    let newest = asked.product.newest().version;
    format!("write a newer version as `{}`; the newest is \"{newest}\"{or}", path(asked.product))
}

/// That a version stays which is not that of new stacks, for the declaration names none.
fn keep(cx: &CheckContext<'_>, asked: &Asked, stands: Option<String>, new: &str, check: &mut CheckBuilder<'_>) {
    let path = path(asked.product);
    let Some(stands) = stands.filter(|stands| stands != new && !cx.places.is_written(path)) else { return };
    let name = asked.product.name();
    let said = Said::new(
        format!("{name} stays at {stands}, for no version is declared; a new stack would get {new}"),
        "a newer ppm-infra changes no version by itself",
        format!("write `{path}: \"{stands}\"` to say that it is meant, or \"{new}\" to change it"),
    );
    check.find(Severity::Warning, Key::of(path), said);
}
