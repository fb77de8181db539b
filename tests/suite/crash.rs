//! Killed anywhere: at every effect of a run, before it, in the middle of it and after it, the next run converges without
//! a question; nothing is lost, nothing is left behind, nothing is made twice.

#[cfg(feature = "aws")]
mod emulator;
mod late;

use ppm_infra::engine::Request;
use ppm_infra::resources;
use ppm_infra::stack::Stack;
use proptest::prelude::*;

use crate::support::cut::{Effect, Life, MOMENTS, Moment};
use crate::support::lab::Lab;
use crate::support::random::{check, paused, sample};
use crate::support::reference::{Declared, cluster, reference};
use crate::support::story::{any_story, consenting};

/// A run that is killed: what stands before it, and what it is to do.
struct Deed {
    before: Option<Stack>,
    then: Declared,
    ask: Request,
    /// How many objects are ever made when all goes well.
    made: u64,
}

fn first_apply() -> Deed {
    Deed { before: None, then: Declared(reference()), ask: Request::default(), made: 46 }
}

fn destruction() -> Deed {
    let words = ["database", "bucket", "key"].map(str::to_owned);
    let ask = Request { destroy: true, delete_data: words.into(), ..Request::default() };
    Deed { before: Some(reference()), then: Declared(reference()), ask, made: 46 }
}

/// Another node group and another target group: new ones first, what hangs on them moved, old ones last.
fn edit() -> Deed {
    let mut then = reference();
    cluster(&mut then).nodes.instance_type = "m6i.4xlarge".parse().unwrap();
    then.load_balancer.node_port = Some(30_999);
    Deed { before: Some(reference()), then: Declared(then), ask: Request::default(), made: 46 + 4 }
}

impl Deed {
    async fn stage(&self) -> Lab {
        let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
        if let Some(before) = &self.before {
            lab.finish(&Declared(before.clone()), &Request::default()).await;
        }
        lab
    }

    /// The effects of the deed when nobody dies.
    async fn effects(&self) -> Vec<Effect> {
        let lab = self.stage().await;
        let life = Life::whole();
        lab.live(&life, &self.then, &self.ask).await.unwrap().unwrap();
        self.assert_done(&lab).await;
        life.effects()
    }

    /// Dies at each of these points, one life after the other, then lives through.
    async fn survive(&self, ends: &[(usize, Moment)]) {
        let lab = self.stage().await;
        for (at, moment) in ends {
            let life = Life::until(*at, *moment);
            if let Some(lived) = lab.live(&life, &self.then, &self.ask).await {
                lived.unwrap();
            }
        }
        lab.finish(&self.then, &self.ask).await;
        self.assert_done(&lab).await;
    }

    async fn assert_done(&self, lab: &Lab) {
        lab.assert_converged(&self.then, &self.ask).await;
        assert_eq!(lab.cloud.world().made, self.made, "nothing is made twice");
        assert_eq!(lab.cloud.world().objects.is_empty(), self.ask.destroy);
    }
}

/// Every point at which a run with these effects can die.
fn points(effects: &[Effect]) -> Vec<(usize, Moment)> {
    let moments = |effect: Effect| MOMENTS.into_iter().filter(move |m| effect != Effect::Call || *m != Moment::Torn);
    let all = effects.iter().enumerate().flat_map(|(at, effect)| moments(*effect).map(move |moment| (at, moment)));
    all.collect()
}

#[expect(clippy::print_stdout, reason = "how many there are is shown with the result")]
fn survive_every_point(deed: &Deed) {
    let effects = paused().block_on(deed.effects());
    let points = points(&effects);
    println!("{} effects, {} points", effects.len(), points.len());
    for point in sample(points) {
        let survived =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| paused().block_on(deed.survive(&[point]))));
        assert!(survived.is_ok(), "killed at {point:?}, which is {:?}", effects[point.0]);
    }
}

#[test]
fn a_first_apply_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&first_apply());
}

#[test]
fn a_destroy_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&destruction());
}

#[test]
fn an_edit_that_replaces_killed_anywhere_is_finished_by_the_next() {
    survive_every_point(&edit());
}

#[test]
fn killed_twice_the_third_run_finishes() {
    let deeds = [first_apply(), destruction(), edit()];
    let all: Vec<_> = deeds.iter().map(|deed| points(&paused().block_on(deed.effects()))).collect();
    let pairs = move || (0..deeds.len(), any::<prop::sample::Index>(), any::<prop::sample::Index>());
    let deeds = [first_apply(), destruction(), edit()];
    check(18, pairs, |runtime, (deed, first, second)| {
        let points = &all[deed];
        runtime.block_on(deeds[deed].survive(&[*first.get(points), *second.get(points)]));
    });
}

#[test]
fn whatever_is_edited_fails_moves_and_dies_the_next_run_finishes() {
    let ends =
        || prop::collection::vec(prop::option::weighted(0.8, (0usize..60, prop::sample::select(&MOMENTS[..]))), 4);
    check(
        670,
        move || (any_story(false), ends()),
        |runtime, (story, ends)| {
            runtime.block_on(async {
                let mut lab = Lab::with_values(&story.catalog(), "lab");
                let mut drafts = story.first.clone();
                for (chapter, end) in story.chapters.iter().zip(ends) {
                    let is_open = lab.is_open().await;
                    let state = lab.state().await;
                    let ask = chapter.unsettle(&lab.cloud, &state, is_open, &story.toys);
                    lab.parallelism(chapter.parallelism);
                    let life = end.map_or_else(Life::whole, |(at, moment)| Life::until(at, moment));
                    if let Some(lived) = lab.live(&life, &story.blueprint(&drafts), &ask).await {
                        lived.unwrap();
                    }
                    drafts = chapter.edit.apply(&drafts);
                }
                lab.cloud.heal();
                lab.finish(&story.blueprint(&drafts), &consenting()).await;
                lab.assert_converged(&story.blueprint(&drafts), &consenting()).await;
            });
        },
    );
}
