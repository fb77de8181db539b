//! Part of a run fails: what was made stays, or goes again when that is asked for; the next apply finishes either way.

use std::collections::BTreeSet;

use ppm_infra::cloud::ErrorKind;
use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::engine::Request;
use ppm_infra::engine::plan::StepKey;
use ppm_infra::model::address::Address;
use ppm_infra::resources;

use crate::support::bench::Bench;
use crate::support::cut::{Life, MOMENTS};
use crate::support::lab::Lab;
use crate::support::random::{paused, sample};
use crate::support::reference::{Declared, Standing, cluster, reference};

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn refuse(bench: &Bench, verb: Verb, address: &str) {
    bench.cloud.fault(verb, at(address), Fault::Refuse(ErrorKind::Denied));
}

fn standing(bench: &Bench) -> BTreeSet<String> {
    bench.cloud.world().objects.values().map(|object| object.mark.address.to_string()).collect()
}

#[test]
fn what_succeeded_stays_and_the_next_apply_goes_on() {
    paused().block_on(async {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", false);
        refuse(&bench, Verb::Create, "node_group.main");
        let declared = Declared(reference());
        let ran = bench.run(&declared, &Request::default()).await;
        let failed: Vec<String> = ran.report.failed.iter().map(|(step, _): &(StepKey, _)| step.to_string()).collect();
        assert_eq!(failed, ["create node_group.main"]);
        assert!(ran.report.skipped > 0, "what hangs on it is skipped");
        assert!(standing(&bench).contains("database.main"), "the rest is finished");
        let made = bench.cloud.world().made;
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
        assert_eq!(bench.cloud.world().made, 46, "{made} were made before, and none of them again");
    });
}

#[test]
fn a_first_run_that_fails_is_taken_back_as_a_whole() {
    paused().block_on(async {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", true);
        refuse(&bench, Verb::Create, "node_group.main");
        let declared = Declared(reference());
        let (ran, back) = bench.run_and_roll_back(&declared).await;
        assert_eq!(back.gone.len(), ran.report.succeeded);
        assert_eq!(back.stays, [].into());
        assert!(back.report.is_complete());
        assert_eq!(standing(&bench), BTreeSet::new(), "nothing is left");
        assert!(bench.state().is_empty());
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
    });
}

#[test]
fn a_run_that_was_stopped_is_not_taken_back() {
    paused().block_on(async {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", true);
        let (declared, before) = (Declared(reference()), bench.state());
        bench.stop_after = Some((20, 1));
        let ran = bench.run(&declared, &Request::default()).await;
        assert!(ran.report.succeeded > 0 && !ran.report.is_complete());
        let made = standing(&bench);
        assert_eq!(bench.roll_back(&declared, &ran, &before).await, None);
        assert_eq!(standing(&bench), made, "what was made stands");
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
    });
}

#[test]
fn what_was_there_before_what_was_changed_and_what_took_a_place_stay() {
    paused().block_on(async {
        let Standing { mut bench, mut stack } = Standing::new().await;
        let before = standing(&bench);
        // A new zone's worth of objects, a node group in the place of another, and a change of the load balancer.
        cluster(&mut stack).nodes.instance_type = "m6i.4xlarge".parse().unwrap();
        stack.load_balancer.node_port = Some(30_999);
        bench.cloud.meddle(|world| {
            let gone = world.objects.iter().find(|(_, o)| o.mark.address == at("vpc_endpoint.s3")).map(|(n, _)| *n);
            world.objects.remove(&gone.unwrap());
        });
        refuse(&bench, Verb::Create, "target_group.main");
        let (_, back) = bench.run_and_roll_back(&Declared(stack.clone())).await;
        let gone: Vec<String> = back.gone.iter().map(ToString::to_string).collect();
        assert_eq!(gone, ["vpc_endpoint.s3"], "made again in this run");
        let stays: Vec<String> = back.stays.keys().map(ToString::to_string).collect();
        let changed = ["security_group.load-balancer", "security_group_rule.nodes-from-load-balancer"];
        assert_eq!(stays, ["node_group.main", changed[0], changed[1]]);
        assert!(back.stays[&at("node_group.main")].contains("took the place"), "{:?}", back.stays);
        let mut left = before;
        left.remove("vpc_endpoint.s3");
        assert_eq!(standing(&bench), left);
        bench.apply(&Declared(stack.clone())).await;
        bench.assert_converged(&Declared(stack)).await;
    });
}

#[test]
fn data_that_took_the_place_of_lost_data_stays_with_what_it_needs() {
    paused().block_on(async {
        let Standing { mut bench, stack } = Standing::new().await;
        bench.cloud.meddle(|world| {
            let lost = ["database.main", "db_parameter_group.database", "addon.coredns", "listener.http"];
            world.objects.retain(|_, o| !lost.contains(&&*o.mark.address.to_string()));
        });
        refuse(&bench, Verb::Create, "addon.coredns");
        let (_, back) = bench.run_and_roll_back(&Declared(stack.clone())).await;
        assert_eq!(back.gone, [at("listener.http")].into());
        assert!(back.stays[&at("db_parameter_group.database")].contains("database.main needs it"), "{:?}", back.stays);
        assert!(back.stays[&at("database.main")].contains("holds data"), "{:?}", back.stays);
        bench.apply(&Declared(stack.clone())).await;
        bench.assert_converged(&Declared(stack)).await;
    });
}

#[test]
fn what_was_made_again_under_its_old_id_and_failed_late_goes_like_anything_this_run_made() {
    paused().block_on(async {
        let Standing { mut bench, stack } = Standing::new().await;
        let addon = at("addon.coredns");
        let id = |bench: &Bench| bench.state().resources[&addon].computed.text("id").unwrap().to_owned();
        let before = id(&bench);
        bench.cloud.meddle(|world| world.objects.retain(|_, o| o.mark.address != at("addon.coredns")));
        bench.cloud.fault(Verb::Create, addon.clone(), Fault::FailLate(ErrorKind::Refused));
        let (ran, back) = bench.run_and_roll_back(&Declared(stack.clone())).await;
        assert!(ran.report.made.contains(&addon), "{:?}", ran.report);
        assert_eq!(back.gone, [addon.clone()].into(), "{:?}", back.stays);
        bench.apply(&Declared(stack.clone())).await;
        assert_eq!(id(&bench), before, "it is known by its name");
        bench.assert_converged(&Declared(stack)).await;
    });
}

#[test]
fn a_removal_that_fails_is_told_and_kept_in_the_record() {
    paused().block_on(async {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", false);
        refuse(&bench, Verb::Create, "node_group.main");
        refuse(&bench, Verb::Delete, "bucket.packages");
        let declared = Declared(reference());
        let (_, back) = bench.run_and_roll_back(&declared).await;
        assert!(back.stays[&at("bucket.packages")].contains("could not be removed"), "{:?}", back.stays);
        assert!(back.stays.contains_key(&at("kms_key.main")), "the bucket needs it: {:?}", back.stays);
        bench.assert_sound();
        let recorded: BTreeSet<String> = bench.state().resources.keys().map(ToString::to_string).collect();
        assert_eq!(recorded, standing(&bench));
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
    });
}

fn failing() -> Lab {
    let lab = Lab::with_files(&resources::catalog(), "ppm-prod");
    lab.cloud.fault(Verb::Create, at("node_group.main"), Fault::Refuse(ErrorKind::Denied));
    lab
}

#[test]
fn killed_anywhere_in_the_rollback_the_next_apply_finishes() {
    let declared = Declared(reference());
    let (applied, all) = paused().block_on(async {
        let (lab, life) = (failing(), Life::whole());
        let applied = lab.live_and_roll_back(&life, &declared).await.unwrap();
        assert_eq!(lab.cloud.world().objects.len(), 0);
        (applied, life.effects().len())
    });
    let points: Vec<_> = (applied..all).flat_map(|at| MOMENTS.into_iter().map(move |moment| (at, moment))).collect();
    assert!(points.len() > 150, "there is a rollback to be killed in: {}", points.len());
    for (at, moment) in sample(points) {
        paused().block_on(async {
            let lab = failing();
            assert_eq!(lab.live_and_roll_back(&Life::until(at, moment), &declared).await, None, "{at} {moment:?}");
            lab.cloud.heal();
            lab.finish(&declared, &Request::default()).await;
            lab.assert_converged(&declared, &Request::default()).await;
            let world = lab.cloud.world();
            assert_eq!(world.objects.len(), 46, "nothing is left of the first run: {at} {moment:?}");
        });
    }
}
