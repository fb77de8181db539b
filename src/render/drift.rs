//! What somebody else moved, as text: object, field, what is recorded, what was found.
//!
//! Promises: what could not be read is named as such, and never counted as in sync.

use std::collections::BTreeMap;

use super::plan::{drifted, noted, place};
use super::signs::Signs;
use super::style::{Label, Styled};
use super::words::{are, count};
use super::{kinds, values};
use crate::engine::plan::Drift;
use crate::engine::values::Found;
use crate::model::address::Address;
use crate::model::resource::Catalog;
use crate::run::DriftReport;

/// How a drift report is shown.
#[derive(Clone, Copy, Debug)]
pub struct DriftView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// Its region.
    pub region: &'a str,
    /// Its account.
    pub account: &'a str,
    /// The facts of every kind: how its objects are shown.
    pub catalog: &'a Catalog,
    /// What to type to see how everything is put back, such as `ppm-infra plan plans/prod.yaml`.
    pub plan_command: &'a str,
    /// The file of Helm values, and what it is on this machine; nothing if none was ever written.
    pub values: Option<(&'a str, &'a Found)>,
    /// Whether signs beyond ASCII may be used.
    pub symbols: bool,
}

/// The drift report as text.
pub fn drift_text(report: &DriftReport, view: &DriftView<'_>) -> Styled {
    let mut text = Styled::new();
    text.line(place(view.stack, view.region, view.account));
    let mut drift: Vec<(&Address, &Drift)> = report.drift.iter().collect();
    drift.sort_by_cached_key(|(address, _)| kinds::order(view.catalog, address));
    if !drift.is_empty() {
        text.end_line();
        drifted(&mut text, &drift, Signs::of(view.symbols), &|_, _| "");
    }
    if let Some((file, found)) = view.values {
        values::drifted(&mut text, file, found);
    }
    let unread: BTreeMap<_, _> =
        report.unread.iter().map(|(address, error)| (address.clone(), vec![error.to_string()])).collect();
    noted(&mut text, "Not read: neither in sync nor gone", &unread);
    noted(&mut text, "Worth knowing", &report.notes);
    text.end_line();
    summary(report, view, &mut text);
    text
}

fn summary(report: &DriftReport, view: &DriftView<'_>, text: &mut Styled) {
    let gone = report.drift.values().filter(|drift| matches!(drift, Drift::Gone)).count();
    let (moved, unread) = (report.drift.len() - gone, report.unread.len());
    let looked_at = count(report.looked_at, "object");
    let edited = view.values.is_some_and(|(_, found)| values::is_drift(found));
    if moved + gone + unread == 0 && !edited {
        text.line(
            Styled::of(Label::Success, "In sync.")
                .with(Label::Plain, format!(" {looked_at} {} as recorded.", are(report.looked_at))),
        );
        return;
    }
    let mut line = Styled::of(Label::Heading, "Drift:");
    let parts =
        [(moved, "changed,", Label::Drift), (gone, "gone,", Label::Drift), (unread, "not read,", Label::Warning)];
    for (n, words, label) in parts {
        line.push(Label::Plain, " ");
        line.push(if n == 0 { Label::Muted } else { label }, format!("{n} {words}"));
    }
    line.push(Label::Plain, format!(" of {looked_at}."));
    if edited {
        line.push(Label::Drift, " Helm values changed.");
    }
    text.line(line);
    if moved + gone > 0 || edited {
        let plan = view.plan_command;
        let hint = format!("`{plan}` shows how it is put back.");
        text.line(Styled::of(Label::Hint, "hint: ").with(Label::Plain, hint));
    }
    if unread > 0 {
        let which = format!("{} {} not known to be in sync.", count(unread, "object"), are(unread));
        text.line(Styled::of(Label::Warning, "warning: ").with(Label::Plain, which));
    }
}
