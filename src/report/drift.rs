//! The page of a drift report: object, field, what is recorded, what was found.
//!
//! Promises: what could not be read is named as such, and never counted as in sync. Its findings hold all of it once more,
//! for printers that tell nothing else.

mod classes;
mod deviations;
mod event;
mod findings;
mod pending;
pub(super) mod put_right;
mod remedies;
mod since;
mod waived;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::block::{Block, Heading};
use super::checks::finding_json;
use super::drifted::Drifted;
use super::page::{
    CriticalPath, DeclarationText, FindingClass, JsonFields, Lead, Page, PageScope, Remark, Section, SectionContent,
};
use super::ready::{Ready, named};
use super::text::{Label, Text};
use super::values::{FoundValues, ValuesFile};
use super::words::{are, count};
use crate::model::address::Address;
use crate::model::finding::{Finding, Grade, Subject};
use crate::model::place::Origins;
use crate::model::resource::Catalog;
use crate::run::DriftReport;
use crate::run::since::{RunEntry, RunFinding, Since, Standing};
pub(super) use put_right::PUT_RIGHT;
pub use remedies::waive_hint;
pub(super) use since::{finding_json as seen_json, told_time};
pub(super) use who::author_of;

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
    /// The file of the declaration, quoted for a shell: commands about this stack name it.
    pub quoted_file: &'a str,
    /// The declaration as it was read.
    pub source: DeclarationText<'a>,
    /// Where it declares what drifted.
    pub origins: &'a Origins,
    /// The file of Helm values; nothing if none was ever written.
    pub values: Option<&'a ValuesFile>,
    /// The run that looked before; nothing if none is known.
    pub last: Option<&'a RunEntry>,
    /// How bad drift has to be to be told by the exit status.
    pub exit_on: Grade,
}

impl<'a> Page<'a> {
    /// The page of a drift report.
    pub fn of_drift(report: &'a DriftReport, view: &DriftView<'a>) -> Self {
        let findings = findings::findings(report, view.values, view.origins, view.quoted_file);
        let drifted = Drifted::of(&report.drift, view.catalog, |address, _| grade_of(address, &findings));
        let totals = Totals {
            moved: drifted.changed(),
            gone: drifted.gone(),
            unread: report.unread.len(),
            looked_at: report.looked_at,
            left_out: report.left_out,
            is_nothing: report.scope.is_nothing(),
            waived: report.waived.drift.len(),
            is_edited: view.values.is_some_and(ValuesFile::is_drift),
            undeclared: report.deviations.iter().filter(|one| one.is_drift()).count(),
            pending: report.pending.len(),
            put_right: report.put_right.done.len(),
        };
        let waived = findings::waived(report, view.origins, view.quoted_file);
        let [all, not_counted] = [&findings, &waived].map(|all| all.iter().collect::<Vec<&Finding>>());
        // When this run looked is told nowhere on the page.
        let since = Since::of(&report.scope, &all, &not_counted, view.last, Timestamp::UNIX_EPOCH);
        let remarks = report.event.as_ref().map(event::remark).into_iter().chain(since::remark(&since));
        let remarks = remarks.chain(totals.remarks(view.quoted_file));
        let remarks = remarks.chain(waived::remarks(&report.waived)).chain(who::remarks(&report.who)).collect();
        let unread = report.unread.iter().map(|(address, error)| {
            let error = error.to_string();
            (named(address, &error), json!({"address": address, "error": error}))
        });
        let page = Self {
            command: "drift",
            scope: PageScope { stack: view.stack, region_and_account: Some((view.region, view.account)) },
            source: Some(view.source),
            frame: None,
            verdict: totals.verdict(),
            remarks,
            chain: CriticalPath::default(),
            json_fields: vec![
                ("only", json!(report.scope.only())),
                ("event", report.event.as_ref().map_or(Value::Null, event::json)),
            ],
            summary: totals.summary(),
            sections: vec![
                Section::titled("drift", Heading::of("Drift"), drifted).led(Lead::Gap),
                Section::titled(
                    "undeclared",
                    Heading::of("Not declared by anybody"),
                    deviations::content(&report.deviations),
                ),
                Section::titled("put_right", Heading::of(PUT_RIGHT), put_right::content(&report.put_right)),
                Section::titled("who", Heading::of("Who changed it"), who::content(&report.who)),
                Section::titled("waived", Heading::of("Waived: not counted"), waived::content(&report.waived)),
                Section::titled("values", Heading::of("Helm values"), FoundValues(view.values)),
                Section::titled(
                    "unread",
                    Heading::of("Not read: neither in sync nor gone"),
                    Ready::list("unread", unread),
                ),
                Section::titled(
                    "pending",
                    Heading::of("Declared, and not applied yet"),
                    pending::content(&report.pending),
                ),
                Section::titled("notes", Heading::of("Worth knowing"), Ready::notes(&notes(report))),
                Section::titled("since", Heading::of("Since the last run"), since::SinceLast::of(&since)),
                Section::titled(
                    "findings",
                    Heading::of("Findings"),
                    Findings { known: Findings::known(&since), all: findings, waived, file: view.source.file },
                ),
            ],
        };
        debug_assert_eq!(
            page.worst_drift().is_some(),
            totals.is_drift(),
            "each class says rightly whether it is drift"
        );
        let below = page.below(&report.put_right.done, view.exit_on).filter(|_| report.unread.is_empty());
        Self { remarks: page.remarks.into_iter().chain(below).collect(), ..page }
    }

    /// How bad the worst is of what drifted and was not put right.
    pub fn worst_left(&self, done: &BTreeSet<Address>) -> Option<Grade> {
        let is_left = |one: &&Finding| match &one.subject {
            Subject::Resource(address) | Subject::Field(address, _) => !done.contains(address) || !is_recorded(one.id),
            Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => true,
        };
        self.drift().filter(is_left).filter_map(|one| one.grade).max()
    }

    /// That there is drift, and none so bad that the exit status tells of it.
    fn below(&self, done: &BTreeSet<Address>, exit_on: Grade) -> Option<Remark> {
        let is_below = self.worst_left(done).is_some_and(|worst| worst < exit_on);
        let told = || {
            let all = self.drift().count();
            format!("{} {} below --exit-on {}: exit status 0.", count(all, "finding"), are(all), exit_on.word())
        };
        is_below.then(|| Remark::Plain(Text::of(Label::Plain, told())))
    }
}

/// Whether a finding is that an object is gone.
pub fn is_loss(id: &str) -> bool {
    id == classes::MISSING.id
}

/// How bad the worst is of what drifted of an object.
fn grade_of(address: &Address, findings: &[Finding]) -> Text {
    let is_of_it = |one: &&Finding| match &one.subject {
        Subject::Resource(of) | Subject::Field(of, _) => {
            of == address && (is_recorded(one.id) || one.id == classes::FOREIGN.id)
        }
        Subject::Key(_) | Subject::File(_) | Subject::Aspect(_) => false,
    };
    match findings.iter().filter(is_of_it).filter_map(|one| one.grade).max() {
        Some(grade) => Text::of(deviations::label(grade), grade.word()),
        None => Text::new(),
    }
}

/// Whether a finding is about what is recorded, which is what is put right.
pub fn is_recorded(id: &str) -> bool {
    [classes::CHANGED.id, classes::MISSING.id].contains(&id)
}

/// What is worth knowing of each object, and of what stands in its place.
fn notes(report: &DriftReport) -> BTreeMap<Address, Vec<String>> {
    let mut notes = report.notes.clone();
    for (address, there) in &report.foreign {
        let all = notes.entry(address.clone()).or_default();
        all.push(format!("{}: {}", findings::in_its_place(there), there.because));
        all.extend(there.remedy.advice(address, &there.id));
    }
    notes
}

/// Everything the page tells, for printers that tell nothing else and for programs: whoever reads has read it.
struct Findings<'a> {
    all: Vec<Finding>,
    /// Whether each is new, and since when it is known; nothing where this run is the first that found it.
    known: Vec<(bool, Option<Timestamp>)>,
    waived: Vec<Finding>,
    file: &'a str,
}

impl Findings<'_> {
    fn known(since: &Since<'_>) -> Vec<(bool, Option<Timestamp>)> {
        let known = |(standing, one): &(Standing, RunFinding)| match standing {
            Standing::New => (true, None),
            Standing::Returned => (true, Some(one.first_seen)),
            Standing::Changed | Standing::Same => (false, Some(one.first_seen)),
        };
        since.findings.iter().map(known).collect()
    }
}

impl SectionContent for Findings<'_> {
    fn blocks(&self) -> Vec<Block> {
        Vec::new()
    }

    fn json_fields(&self) -> JsonFields {
        let told = self.all.iter().zip(&self.known).map(|(one, (is_new, first_seen))| {
            let mut told = finding_json(one, self.file);
            told["is_new"] = json!(is_new);
            told["first_seen"] = json!(first_seen);
            told
        });
        vec![("findings", told.collect())]
    }

    fn findings(&self) -> Vec<&Finding> {
        self.all.iter().collect()
    }

    fn waived(&self) -> Vec<&Finding> {
        self.waived.iter().collect()
    }

    fn classes(&self) -> &'static [&'static FindingClass] {
        &classes::ALL
    }
}

struct Totals {
    moved: usize,
    gone: usize,
    unread: usize,
    /// How many objects are waived, as a whole or in part.
    waived: usize,
    looked_at: usize,
    /// How many more are recorded.
    left_out: usize,
    /// Whether there was nothing to look at, because an event is about nothing of the stack.
    is_nothing: bool,
    /// Whether the file of Helm values was changed.
    is_edited: bool,
    /// What nobody declared and counts as drift.
    undeclared: usize,
    /// What is declared and was not applied yet. It is no drift.
    pending: usize,
    /// How many objects were put right by itself.
    put_right: usize,
}

impl Totals {
    fn is_drift(&self) -> bool {
        self.moved + self.gone + self.undeclared > 0 || self.is_edited
    }

    fn is_in_sync(&self) -> bool {
        !self.is_drift() && self.unread == 0
    }

    fn verdict(&self) -> Text {
        let looked_at = count(self.looked_at, "object");
        if self.is_nothing {
            let words = "Nothing was looked at: the event is about no object of this stack, or changed nothing.";
            return Text::of(Label::Plain, words);
        }
        if self.is_in_sync() {
            let but = if self.waived == 0 { String::new() } else { format!(", but for {} waived", self.waived) };
            let rest = format!(" {looked_at} {} as recorded{but}{}.", are(self.looked_at), self.unseen());
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
        line.push(Label::Plain, format!(" of {looked_at}{}.", self.unseen()));
        if self.undeclared > 0 {
            line.push(Label::Drift, format!(" {} not declared by anybody.", self.undeclared));
        }
        if self.put_right > 0 {
            line.push(Label::Success, format!(" {} put right.", count(self.put_right, "object")));
        }
        if self.is_edited {
            line.push(Label::Drift, " Helm values changed.");
        }
        line
    }

    /// That there is more that was not looked at.
    fn unseen(&self) -> String {
        match self.left_out {
            0 => String::new(),
            n => format!("; {n} of {} {} not looked at", self.looked_at + n, if n == 1 { "was" } else { "were" }),
        }
    }

    fn remarks(&self, quoted_file: &str) -> Vec<Remark> {
        let mut remarks = Vec::new();
        if self.is_drift() {
            let hint = format!("{}.", remedies::put_back(quoted_file));
            remarks.push(Remark::Hint(Text::of(Label::Plain, hint)));
        }
        if self.pending > 0 && !self.is_drift() {
            let hint = format!("{}.", remedies::put_through(quoted_file));
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
            "left_out": self.left_out,
            "changed": self.moved,
            "gone": self.gone,
            "undeclared": self.undeclared,
            "pending": self.pending,
            "put_right": self.put_right,
            "unread": self.unread,
            "waived": self.waived,
            "in_sync": self.is_in_sync(),
            "values_edited": self.is_edited,
        })
    }
}
