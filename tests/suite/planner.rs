//! What must hold for every plan: the real runner over the simulated cloud, on random kinds, declarations and mishaps.

mod climb;
mod cut_short;
mod drift;
mod found;
mod lint;
mod order;
mod refusals;
mod seen;
mod turns;

use std::collections::BTreeMap;

use ppm_infra::cloud::simulated::Verb;
use ppm_infra::engine::Request;
use ppm_infra::engine::plan::{StepKey, StepPart};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use crate::support::bench::brief;
use crate::support::random::check;
use crate::support::story::{Story, any_story, consenting};
use order::assert_in_order;

#[test]
fn whatever_is_edited_one_apply_brings_it_about() {
    check(850, || any_story(true), |runtime, story| live_through_edits(runtime, &story));
}

fn live_through_edits(runtime: &Runtime, story: &Story) {
    runtime.block_on(async {
        let mut bench = story.bench();
        let mut drafts = story.first.clone();
        let ran = bench.apply(&story.blueprint(&drafts)).await;
        assert_in_order(&ran, &bench.session.catalog);
        for chapter in &story.chapters {
            drafts = chapter.edit.apply(&drafts);
            let ask = chapter.prepare(&mut bench, &story.toys);
            let ran = bench.apply_asking(&story.blueprint(&drafts), &ask).await;
            assert_in_order(&ran, &bench.session.catalog);
            bench.assert_converged(&story.blueprint(&drafts)).await;
        }
        let ask = Request { destroy: true, ..consenting() };
        let ran = bench.apply_asking(&story.blueprint(&drafts), &ask).await;
        assert_in_order(&ran, &bench.session.catalog);
        assert_eq!(bench.cloud.world().objects, BTreeMap::new());
        assert!(bench.state().is_empty());
    });
}

#[test]
fn whatever_fails_the_state_is_sound_and_a_retry_finishes() {
    check(950, || any_story(false), |runtime, story| live_through_failures(runtime, &story));
}

fn live_through_failures(runtime: &Runtime, story: &Story) {
    runtime.block_on(async {
        let mut bench = story.bench();
        let mut drafts = story.first.clone();
        for chapter in &story.chapters {
            let ask = chapter.prepare(&mut bench, &story.toys);
            let ran = bench.run(&story.blueprint(&drafts), &ask).await;
            for (step, error) in &ran.report.failed {
                let scripted = chapter.scripted(&story.toys, &step.address, verb(step));
                assert!(scripted, "nobody planned that: {step}: {error:?}\n{:#?}", brief(&ran.plan));
            }
            assert_in_order(&ran, &bench.session.catalog);
            bench.assert_sound();
            drafts = chapter.edit.apply(&drafts);
        }
        bench.cloud.heal();
        let ran = bench.apply_asking(&story.blueprint(&drafts), &consenting()).await;
        assert_in_order(&ran, &bench.session.catalog);
        bench.assert_converged(&story.blueprint(&drafts)).await;
    });
}

#[test]
fn whenever_it_is_stopped_the_next_run_finishes() {
    let stops = || prop::collection::vec((0usize..40, 1u8..3), 4);
    check(
        750,
        move || (any_story(true), stops()),
        |runtime, (story, stops)| {
            runtime.block_on(async {
                let mut bench = story.bench();
                let mut drafts = story.first.clone();
                for (chapter, stop) in story.chapters.iter().zip(stops) {
                    let ask = chapter.prepare(&mut bench, &story.toys);
                    bench.stop_after = Some(stop);
                    // Stopped before there is a plan, nothing has changed.
                    if let Ok(ran) = bench.try_run(&story.blueprint(&drafts), &ask).await {
                        assert_eq!(ran.report.failed, Vec::new());
                        assert_in_order(&ran, &bench.session.catalog);
                        if stop.1 == 1 {
                            bench.assert_sound();
                        }
                    }
                    drafts = chapter.edit.apply(&drafts);
                }
                bench.cloud.heal();
                let ran = bench.apply_asking(&story.blueprint(&drafts), &consenting()).await;
                assert_in_order(&ran, &bench.session.catalog);
                bench.assert_converged(&story.blueprint(&drafts)).await;
            });
        },
    );
}

fn verb(step: &StepKey) -> Verb {
    match step.part {
        StepPart::Create => Verb::Create,
        StepPart::Change { .. } => Verb::Update,
        StepPart::Delete | StepPart::DeleteDeposed { .. } => Verb::Delete,
    }
}
