//! What people and programs see: picks renderers and puts their text where it belongs.

use std::io::IsTerminal;
use std::path::Path;

use serde_json::json;

use super::args::Common;
use super::failure::Failure;
use super::{exit, out, typed};
use crate::cost::CostChange;
use crate::engine::plan::Plan;
use crate::engine::state::Book;
use crate::engine::values::ValuesPlan;
use crate::helm::shell_word;
use crate::model::document::canonical;
use crate::model::finding::{Check, Grade};
use crate::model::place::Origins;
use crate::model::resource::Catalog;
use crate::render::{self, Background, JsonLines, Lines, Live, ProgressView, Waits};
use crate::report::{DeclarationText, DriftView, Goal, Page, PlanView, StatusView, SummaryView, ValuesFile, quotes};
use crate::resources::catalog;
use crate::run::event::{RunReport, Sink};
use crate::run::since::RunEntry;
use crate::run::status::StatusReport;
use crate::run::{DriftReport, Planned, Session};

use super::workplace::Declaration;

/// Sinks for a run with steps: JSON lines for programs, a live picture on a terminal, plain lines elsewhere.
pub(super) fn sinks(common: &Common, session: &Session) -> Vec<Box<dyn Sink>> {
    let view = ProgressView { time_scale: session.time_scale, symbols: symbols(), colour: colour(&std::io::stderr()) };
    let sink: Box<dyn Sink> = if common.json {
        Box::new(JsonLines::new(Box::new(std::io::stdout())))
    } else if is_drawn(common) {
        Box::new(Live::new(view))
    } else {
        Box::new(Lines::new(Box::new(std::io::stderr()), view))
    };
    vec![Box::new(Background::new(vec![sink]))]
}

/// Sinks while only looking: what is read, drawn on a terminal; elsewhere only what is waited for.
pub(super) fn looking_sinks(common: &Common, session: &Session) -> Vec<Box<dyn Sink>> {
    if common.json {
        return Vec::new();
    }
    let view = ProgressView { time_scale: session.time_scale, symbols: symbols(), colour: colour(&std::io::stderr()) };
    let sink: Box<dyn Sink> = if is_drawn(common) {
        Box::new(Live::new(view))
    } else {
        Box::new(Waits::new(Box::new(std::io::stderr()), view))
    };
    vec![Box::new(Background::new(vec![sink]))]
}

/// Whether a picture can stand on the terminal: lines from inside would tear it.
fn is_drawn(common: &Common) -> bool {
    std::io::stderr().is_terminal() && common.verbose == 0
}

/// Whether what goes there may carry colour.
fn colour(to: &impl anstream::stream::RawStream) -> bool {
    anstream::AutoStream::choice(to) != anstream::ColorChoice::Never
}

/// Whether signs beyond ASCII may be used: where the locale does not say UTF-8, it will not show them.
#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn symbols() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    locale.is_none_or(|locale| locale.to_lowercase().replace('-', "").contains("utf8"))
}

/// What a plan is shown with.
pub(super) struct PlanShow<'a> {
    pub(super) common: &'a Common,
    /// Region of the stack.
    pub(super) region: &'a str,
    pub(super) catalog: &'a Catalog,
    /// The file of the declaration, as it was given; empty where its text is not at hand.
    pub(super) file: &'a str,
    /// The same, where it is known.
    pub(super) named: &'a str,
    /// Its text.
    pub(super) text: &'a str,
    /// Where it says what the objects are to be.
    pub(super) origins: &'a Origins,
    pub(super) goal: Goal,
    /// What becomes of the Helm values, if that is planned.
    pub(super) values: Option<&'a ValuesPlan>,
    /// What becomes of the cost, if that was reckoned.
    pub(super) cost: Option<&'a CostChange>,
    pub(super) verbose: bool,
}

/// A plan.
pub(super) fn plan(planned: &Planned, show: &PlanShow<'_>) {
    let quoted_file = shell_word(show.named);
    page(show.common, &Page::of_plan(planned, &plan_view(planned, show, &quoted_file)));
}

/// What its page is made with; `quoted_file` is the declaration as a shell takes it.
pub(super) fn plan_view<'a>(planned: &'a Planned, show: &PlanShow<'a>, quoted_file: &'a str) -> PlanView<'a> {
    PlanView {
        region: show.region,
        account: &planned.surroundings.account,
        catalog: show.catalog,
        goal: show.goal,
        values: show.values,
        cost: show.cost,
        file: show.file,
        quoted_file,
        text: show.text,
        origins: show.origins,
        verbose: show.verbose,
    }
}

/// A page: for programs, or for readers.
pub(super) fn page(common: &Common, page: &Page<'_>) {
    if common.json {
        out::data(&format!("{}\n", canonical(&typed::json(render::json(page)))));
    } else {
        out::told(&render::text(page, symbols()).text(colour(&std::io::stdout())));
    }
}

/// The page of drift, beside the run that looked before. Answers what `then` makes of it.
pub(super) fn drift_page<T>(
    declaration: &Declaration,
    account: &str,
    (report, last, exit_on): (&DriftReport, Option<&RunEntry>, Grade),
    values: Option<&ValuesFile>,
    then: impl FnOnce(&Page<'_>) -> T,
) -> T {
    let (name, catalog) = (declaration.name(), catalog());
    let DriftReport { drift, foreign, unread, notes, deviations, .. } = report;
    let addresses = drift.keys().chain(foreign.keys()).chain(unread.keys()).chain(notes.keys());
    let addresses = addresses.chain(deviations.iter().map(|one| &one.address));
    let view = DriftView {
        stack: declaration.stack.stack.as_str(),
        region: declaration.stack.region.as_str(),
        account,
        catalog: &catalog,
        quoted_file: &shell_word(&name),
        source: DeclarationText { file: &name, text: &declaration.text },
        origins: &declaration.origins(addresses),
        values,
        last,
        exit_on,
    };
    then(&Page::of_drift(report, &view))
}

/// Whether the stack serves.
pub(super) fn status(common: &Common, declaration: &Declaration, report: &StatusReport) {
    let view = StatusView { stack: declaration.stack.stack.as_str(), region: declaration.stack.region.as_str() };
    page(common, &Page::of_status(report, &view));
}

/// What was found of a declaration before any plan.
pub(super) fn findings(checks: &[Check], file: &str, text: &str) {
    out::note(
        &render::quotes(quotes(checks, DeclarationText { file, text }), symbols()).text(colour(&std::io::stderr())),
    );
}

/// What a run that was interrupted, or is under way, has not brought into the lockfile yet.
pub(super) fn unsettled(book: &Book) {
    if book.last > 0 {
        out::note(
            "A run is under way, or was interrupted: its journal holds what the lockfile does not yet. `ppm-infra apply` settles \
             it before anything else.\n",
        );
    }
}

/// Where a plan was saved.
pub(super) fn saved(common: &Common, path: &Path) {
    if !common.json {
        let file = shell_word(&path.display().to_string());
        out::note(&format!("Saved to {}. To carry out exactly this: `ppm-infra apply {file}`.\n", path.display()));
    }
}

/// How carrying out a plan went; `again` is what to type to go on.
pub(super) fn summary(
    common: &Common,
    declaration: &Declaration,
    (goal, plan): (Goal, &Plan),
    again: &str,
    left: usize,
    report: &RunReport,
) {
    let view = SummaryView { stack: declaration.stack.stack.as_str(), goal, again, left, kept: &plan.kept };
    let told = Page::of_apply(report, &view);
    if common.json {
        page(common, &told);
    } else {
        out::note(&render::text(&told, symbols()).text(colour(&std::io::stderr())));
    }
}

/// The exit status of a plan that was shown and cannot be carried out, once that is told. What is wrong stands in the
/// plan.
pub(super) fn refused(planned: &Planned) -> Option<u8> {
    let failure = Failure::from(planned.may_be_carried_out().err()?);
    out::note(&failure.text());
    Some(failure.code)
}

/// Why a command did not do what it was asked for.
pub(super) fn failure(common_json: bool, failure: &Failure) {
    if common_json {
        out::data(&format!("{}\n", typed::json(failure.json())));
    }
    out::note(&failure.text());
}

/// The exit status of a run that did not do everything.
pub(super) fn exit_status(session: &Session, report: &RunReport) -> u8 {
    if let Some(lost) = &report.record_lost {
        if lost.taken_over { exit::BUSY } else { exit::STATE }
    } else if report.credentials_refused {
        exit::CLOUD
    } else if session.stop.is_draining() && report.failed.is_empty() {
        exit::INTERRUPTED
    } else {
        exit::FAILED
    }
}

/// What to type next, for programs.
pub(super) fn steps(command: &str, lines: &[String]) {
    out::data(&format!("{}\n", render::document(Some(command), [("next", json!(lines))])));
}

/// What was written where, for programs.
pub(super) fn written(command: &str, path: &Path) {
    out::data(&format!("{}\n", render::document(Some(command), [("written", json!(path))])));
}
