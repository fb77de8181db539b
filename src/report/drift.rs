//! The page of a drift report: object, field, what is recorded, what was found.
//!
//! Promises: what could not be read is named as such, and never counted as in sync.

use serde_json::{Value, json};

use super::block::Heading;
use super::drifted::Drifted;
use super::page::{CriticalPath, Lead, Page, PageScope, Remark, Section};
use super::ready::{Ready, named};
use super::text::{Label, Text};
use super::values::{self, FoundValues};
use super::words::{are, count};
use crate::engine::values::FileState;
use crate::model::resource::Catalog;
use crate::run::DriftReport;

/// What the page of a drift report is made with, beside the report.
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
    pub values: Option<(&'a str, &'a FileState)>,
}

impl<'a> Page<'a> {
    /// The page of a drift report.
    pub fn of_drift(report: &'a DriftReport, view: &DriftView<'a>) -> Self {
        let drifted = Drifted::of(&report.drift, view.catalog, |_, _| "");
        let totals = Totals {
            moved: drifted.changed(),
            gone: drifted.gone(),
            unread: report.unread.len(),
            looked_at: report.looked_at,
            is_edited: view.values.is_some_and(|(_, found)| values::is_drift(found)),
        };
        let unread = report.unread.iter().map(|(address, error)| {
            let error = error.to_string();
            (named(address, &error), json!({"address": address, "error": error}))
        });
        Self {
            command: "drift",
            scope: PageScope { stack: view.stack, region_and_account: Some((view.region, view.account)) },
            source: None,
            verdict: totals.verdict(),
            remarks: totals.remarks(view.plan_command),
            chain: CriticalPath::default(),
            facts: Vec::new(),
            summary: totals.summary(),
            sections: vec![
                Section::titled("drift", Heading::of("Drift"), drifted).led(Lead::Gap),
                Section::titled("values", Heading::of("Helm values"), FoundValues(view.values)),
                Section::titled(
                    "unread",
                    Heading::of("Not read: neither in sync nor gone"),
                    Ready::list("unread", unread),
                ),
                Section::titled("notes", Heading::of("Worth knowing"), Ready::notes(&report.notes)),
            ],
        }
    }
}

struct Totals {
    moved: usize,
    gone: usize,
    unread: usize,
    looked_at: usize,
    /// Whether the file of Helm values was changed.
    is_edited: bool,
}

impl Totals {
    fn is_drift(&self) -> bool {
        self.moved + self.gone > 0 || self.is_edited
    }

    fn is_in_sync(&self) -> bool {
        !self.is_drift() && self.unread == 0
    }

    fn verdict(&self) -> Text {
        let looked_at = count(self.looked_at, "object");
        if self.is_in_sync() {
            let rest = format!(" {looked_at} {} as recorded.", are(self.looked_at));
            return Text::of(Label::Success, "In sync.").with(Label::Plain, rest);
        }
        let mut line = Text::of(Label::Heading, "Drift:");
        let parts = [
            (self.moved, "changed,", Label::Drift),
            (self.gone, "gone,", Label::Drift),
            (self.unread, "not read,", Label::Warning),
        ];
        for (n, words, label) in parts {
            line.push(Label::Plain, " ");
            line.push(if n == 0 { Label::Muted } else { label }, format!("{n} {words}"));
        }
        line.push(Label::Plain, format!(" of {looked_at}."));
        if self.is_edited {
            line.push(Label::Drift, " Helm values changed.");
        }
        line
    }

    fn remarks(&self, plan: &str) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.is_drift() {
            let hint = format!("`{plan}` shows how it is put back.");
            remarks.push(Remark::Hint(Text::of(Label::Plain, hint)));
        }
        if self.unread > 0 {
            let which = format!("{} {} not known to be in sync.", count(self.unread, "object"), are(self.unread));
            remarks.push(Remark::Warning(Text::of(Label::Plain, which)));
        }
        remarks
    }

    fn summary(&self) -> Value {
        json!({
            "looked_at": self.looked_at,
            "changed": self.moved,
            "gone": self.gone,
            "unread": self.unread,
            "in_sync": self.is_in_sync(),
            "values_edited": self.is_edited,
        })
    }
}
