//! `plan` and `show`: what would change, and what would by a saved plan.

use std::path::Path;

use super::args::{Common, PlanArgs, ShowArgs};
use super::ask::Ask;
use super::checking::Checking;
use super::failure::Failure;
use super::plan_files::{self, PlanFiles};
use super::saved::Saved;
use super::{cost, downgrade, exit, handover, memory, out, show as shown, workplace};
use crate::engine::Request;
use crate::engine::object_graph::ObjectGraph;
use crate::engine::values::ValuesPlan;
use crate::helm::shell_word;
use crate::report::{Goal, PlanReportView};
use crate::resources::catalog;
use crate::run::{self, EventEmitter, Stop};
use workplace::Declaration;

/// Shows what would change, and changes nothing.
pub(super) async fn plan(common: &Common, args: PlanArgs, stop: Stop) -> Result<u8, Failure> {
    let files = PlanFiles::named(&args.report)?;
    let mut declaration = Declaration::load(args.file.file.as_deref())?;
    declaration.checking = Checking::looking(&args.skip)?.with_final_snapshot(!args.no_final_snapshot);
    if let Some(path) = &args.out {
        Saved::may_stand_at(path)?;
    }
    let mut home = workplace::home(common, &declaration)?;
    let book = workplace::load(&mut home, &declaration).await?;
    let ask = Ask {
        request: Request {
            destroy: args.destroy,
            delete_data: args.delete_data.iter().cloned().collect(),
            replace: args.replace.into_iter().collect(),
        },
        no_final_snapshot: args.no_final_snapshot,
        downgrade: !args.downgrade.is_empty(),
    };
    if ask.goal() == Goal::Converge {
        downgrade::refuse(&declaration, &book.state, ask.downgrade)?;
    }
    let session = workplace::session(common, &declaration.stack, stop).await?;
    let session = memory::experienced(session, common, &declaration, ask.goal()).await;
    // Apply settles first what an earlier run left open; a plan that did not foresee that would be another than its own.
    let state = run::foreseen(&session, &book).await?;
    let mut sinks = shown::looking_sinks(common, &session);
    let mut events = EventEmitter::new(&session, &mut sinks);
    let planned = run::plan(&session, &declaration, &state, &ask.request, &mut events)
        .await
        .map_err(|error| Failure::of_planning(error, &ask, args.values.as_deref()))?;
    drop(sinks);
    let (values, refusal) = match ask.goal() {
        Goal::Converge => {
            let path = args.values.clone().unwrap_or_else(|| handover::usual(common, &declaration.stack));
            let (values, refusal) = handover::foresee(&declaration, &state, &planned, &path)?;
            (Some(values), refusal)
        }
        Goal::Destroy => (None, None),
    };
    let change = cost::of_plan(&declaration, &planned, &state, &ask);
    let is_change = planned.plan.has_changes() || values.as_ref().is_some_and(ValuesPlan::is_change);
    let view = shown::PlanShow {
        common,
        region: declaration.stack.region.as_str(),
        catalog: &session.catalog,
        goal: ask.goal(),
        values: values.as_ref(),
        cost: Some(&change),
        file: &declaration.name(),
        named: &declaration.name(),
        text: &declaration.text,
        origins: &declaration.origins(planned.plan.actions.keys()),
        verbose: args.full,
    };
    shown::plan(&planned, &view);
    shown::unsettled(&book);
    let refused = shown::refused(&planned);
    let may_be_done = refused.is_none() && refusal.is_none();
    let saved = args.out.as_deref().filter(|_| may_be_done);
    if saved.is_some() || !args.report.is_empty() {
        let objects = ObjectGraph::of_plan(&planned.plan, &state);
        if let Some(path) = saved {
            let foreseen = (values.clone(), change.clone(), objects.clone());
            Saved::new(&declaration, ask.clone(), &planned, foreseen).write(path)?;
            shown::saved(common, path);
        }
        let file = shell_word(&declaration.name());
        let (apply, show) = saved.map_or_else(|| unsaved(&file, &ask, args.values.as_deref()), commands);
        let report = PlanReportView {
            view: shown::plan_view(&planned, &view, &file),
            objects: &objects,
            declaration: &declaration.digest,
            apply: if may_be_done { &apply } else { "" },
            show: &show,
        };
        files.write(&planned, &report)?;
    }
    if let Some(code) = refused {
        return Ok(code);
    }
    if let Some(refusal) = refusal {
        return Err(refusal);
    }
    let code = if args.detailed_exitcode && is_change { exit::DIFFERENT } else { exit::DONE };
    Ok(exit::leaving(code, (planned, state, book, session)))
}

/// What carries a plan out that was not saved, and what shows it again.
fn unsaved(file: &str, ask: &Ask, values: Option<&Path>) -> (String, String) {
    let values = values.map(|path| format!(" --values {}", shell_word(&path.display().to_string())));
    let values = values.unwrap_or_default();
    let verb = match ask.goal() {
        Goal::Converge => "apply",
        Goal::Destroy => "destroy",
    };
    let command = |verb: &str, options: &str| format!("ppm-infra {verb} {file}{options}{values}");
    (command(verb, &ask.options(false)), command("plan", &ask.options(true)))
}

/// What carries a saved plan out, and what shows it.
fn commands(saved: &Path) -> (String, String) {
    let file = shell_word(&saved.display().to_string());
    (format!("ppm-infra apply {file}"), format!("ppm-infra show {file}"))
}

/// Shows a saved plan. Asks nobody, and needs nothing but its file.
pub(super) fn show(common: &Common, args: &ShowArgs) -> Result<u8, Failure> {
    let files = PlanFiles::named(&args.report)?;
    let saved = Saved::read(&args.file)?;
    let view = shown::PlanShow {
        common,
        region: &saved.region,
        catalog: &catalog(),
        goal: saved.ask.goal(),
        values: saved.values.as_ref(),
        cost: Some(&saved.cost),
        file: "",
        named: &saved.declaration.file.display().to_string(),
        text: "",
        origins: &saved.origins,
        verbose: args.full,
    };
    let planned = saved.planned();
    let file = shell_word(&saved.declaration.file.display().to_string());
    let (apply, show) = commands(&args.file);
    let report = PlanReportView {
        view: shown::plan_view(&planned, &view, &file),
        objects: &saved.objects,
        declaration: &saved.declaration.digest,
        apply: &apply,
        show: &show,
    };
    files.write(&planned, &report)?;
    if args.markdown {
        out::data(&plan_files::comment(&planned, &report));
        return Ok(exit::DONE);
    }
    shown::plan(&planned, &view);
    if !common.json {
        let file = shell_word(&args.file.display().to_string());
        out::note(&match saved.declaration(&args.file) {
            Ok(_) => format!("It can be carried out as it is: `ppm-infra apply {file}`.\n"),
            Err(failure) => format!("It cannot be applied here: {}\n", failure.heading),
        });
    }
    Ok(exit::DONE)
}
