//! Whatever runs left behind that were edited between, refused in the middle and killed, some command that is named leads
//! to a sound and empty plan; and so it does when the edit is taken back.

use std::collections::{BTreeMap, BTreeSet};

use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::cloud::{Cloud as _, ErrorKind};
use ppm_infra::engine::Request;
use ppm_infra::engine::state::State;
use ppm_infra::model::address::Address;
use ppm_infra::model::resource::Node;
use ppm_infra::resources;
use ppm_infra::run::Blueprint as _;
use ppm_infra::stack::Stack;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::guided::{EDITS, Story, edited};
use crate::support::binary::Desk;
use crate::support::cut::{Life, MOMENTS, Moment};
use crate::support::fixture::text;
use crate::support::lab::Lab;
use crate::support::random::{check, paused};
use crate::support::reference::{Declared, reference};

const FAULTS: [Fault; 5] = [
    Fault::Refuse(ErrorKind::Refused),
    Fault::Refuse(ErrorKind::Denied),
    Fault::LoseAnswer,
    Fault::FailLate(ErrorKind::Timeout),
    Fault::FailLate(ErrorKind::Refused),
];

/// One run.
#[derive(Clone, Debug)]
struct Chapter {
    declared: usize,
    destroys: bool,
    /// What goes wrong, at which of the addresses where something changes.
    faults: Vec<(Verb, Index, Fault)>,
    /// The effect at which it is killed.
    end: Option<(usize, Moment)>,
}

fn any_chapter() -> impl Strategy<Value = Chapter> {
    let verb = select(&[Verb::Create, Verb::Update, Verb::Delete][..]);
    let faults = prop::collection::vec((verb, any::<Index>(), select(&FAULTS[..])), 0..6);
    // A first run has some hundred effects, most edits a few.
    let effect = prop_oneof![0..12_usize, 0..120_usize];
    let end = prop::option::weighted(0.5, (effect, select(&MOMENTS[..])));
    (0..EDITS.len(), prop::bool::weighted(0.1), faults, end).prop_map(|(declared, destroys, faults, end)| Chapter {
        declared,
        destroys,
        faults,
        end,
    })
}

/// Where a run does something: what is declared otherwise than recorded, what is declared no more, everything where all goes.
fn changing(nodes: &BTreeMap<Address, Node>, state: &State, destroys: bool) -> Vec<Address> {
    let recorded = &state.resources;
    let is_other = |at: &Address| match (nodes.get(at), recorded.get(at)) {
        (Some(node), Some(record)) => destroys || node.declared != record.declared,
        (Some(_), None) => !destroys,
        (None, _) => true,
    };
    let all: BTreeSet<&Address> = nodes.keys().chain(recorded.keys()).collect();
    all.into_iter().filter(|at| is_other(at)).cloned().collect()
}

/// The reference stack after these runs, and what is told of them.
async fn after(plain: &str, first_is_whole: bool, chapters: &[Chapter]) -> (Lab, Vec<String>) {
    let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
    let mut told = Vec::new();
    let declared = |edit| Declared(Stack::parse("plans/reference.yaml", &edited(plain, edit)).unwrap());
    if first_is_whole {
        lab.finish(&declared(0), &Request::default()).await;
        told.push("it stands".to_owned());
    }
    for chapter in chapters {
        let declared = declared(chapter.declared);
        let state = lab.state().await;
        let questions = declared.questions(&state);
        let place = lab.cloud.survey(&questions).await.unwrap();
        let changing = changing(&declared.nodes(&place, &state), &state, chapter.destroys);
        lab.cloud.heal();
        for (verb, at, fault) in chapter.faults.iter().filter(|_| !changing.is_empty()) {
            let at = at.get(&changing);
            lab.cloud.fault(*verb, at.clone(), fault.clone());
            told.push(format!("next: {verb:?} {at} → {fault:?}"));
        }
        let ask = Request { destroy: chapter.destroys, ..Request::default() };
        let life = chapter.end.map_or_else(Life::whole, |(at, moment)| Life::until(at, moment));
        let how = match lab.live(&life, &declared, &ask).await {
            None => format!("killed at {:?}", chapter.end),
            Some(Err(error)) => error.to_string(),
            Some(Ok(lived)) => format!("{} steps failed", lived.report.failed.len()),
        };
        told.push(format!("edit {}, destroys {}: {how}", chapter.declared, chapter.destroys));
    }
    lab.cloud.heal();
    (lab, told)
}

/// The reference stack as it is declared today: clusters are made here, so their version has to be one that is supported
/// whenever this runs.
fn declared_today() -> String {
    let (past, present) = ("\"1.34\"", format!("\"{}\"", reference().kubernetes().version.declared()));
    let plain = text("whole", "reference.yaml");
    assert!(plain.contains(past), "{plain}");
    plain.replace(past, &present)
}

/// Everything is done and stands in the journal alone: nothing is left to plan, and the lockfile is behind.
#[test]
fn a_run_that_was_killed_before_it_wrote_the_lockfile_is_told() {
    let plain = declared_today();
    let newer_engine = Chapter { declared: 9, destroys: false, faults: Vec::new(), end: Some((9, Moment::Unanswered)) };
    let (lab, told) = paused().block_on(after(&plain, true, &[newer_engine]));
    let desk = Desk::simulated();
    lab.hand_over(&desk);
    let mut story = Story::at(desk, plain, 0, told);
    let behind = "its journal holds what the lockfile does not yet. `ppm-infra apply` settles it";
    for command in [&["plan"][..], &["status"]] {
        assert!(story.run(command).stderr.contains(behind), "{command:?}");
    }
    story.follow(None);
    for command in [&["plan"][..], &["status"]] {
        assert!(!story.run(command).stderr.contains("journal"), "{command:?}");
    }
}

#[test]
fn whatever_runs_left_some_command_that_is_named_leads_to_an_empty_plan() {
    let plain = declared_today();
    let stories = || (any::<bool>(), prop::collection::vec(any_chapter(), 1..4), 0..EDITS.len());
    check(12, stories, |runtime, (first_is_whole, chapters, then)| {
        let (lab, told) = runtime.block_on(after(&plain, first_is_whole, &chapters));
        let desk = Desk::simulated();
        lab.hand_over(&desk);
        let last = chapters.last().map_or(0, |chapter| chapter.declared);
        // The edit taken back at once, or first carried to its end; then another.
        let mut story = Story::at(desk, plain.clone(), if then % 2 == 0 { 0 } else { last }, told);
        story.follow(None);
        story.declare(then);
        story.follow(None);
    });
}
