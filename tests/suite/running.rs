//! What carrying a plan out promises of the loop itself: what it starts and when it stops starting, what it knows of an
//! object when it changes it, and how long it looks before it calls something gone.

use std::sync::Arc;

use ppm_infra::cloud::simulated::{Fault, Verb};
use ppm_infra::cloud::{CloudError, ErrorKind};
use ppm_infra::engine::plan::Action;
use ppm_infra::engine::state::Status;
use ppm_infra::engine::{PlanError, Request};
use ppm_infra::model::address::Address;
use ppm_infra::model::observation::Observation;
use ppm_infra::resources;
use ppm_infra::run::RunError;
use ppm_infra::run::event::EventKind;
use serde_json::json;

use crate::support::bench::{Bench, Ran};
use crate::support::random::paused;
use crate::support::reference::{Declared, Standing, reference};
use crate::support::watched::WatchedCloud;

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn bench() -> Bench {
    Bench::new(&resources::catalog(), "ppm-prod", false)
}

/// How many steps were under way after each thing that was told.
fn under_way(ran: &Ran) -> Vec<usize> {
    let mut running = 0;
    let step = |event: &EventKind| {
        match event {
            EventKind::StepStarted { .. } => running += 1,
            EventKind::StepFinished { .. } | EventKind::StepFailed { .. } => running -= 1,
            _ => {}
        }
        running
    };
    ran.events.iter().map(step).collect()
}

fn begun_after(ran: &Ran, event: fn(&EventKind) -> bool) -> usize {
    let after = ran.events.iter().skip_while(|told| !event(told));
    after.filter(|told| matches!(told, EventKind::StepStarted { .. })).count()
}

/// What was looked for because nobody knew whether it was made, and found.
fn adopted(ran: &Ran) -> Vec<String> {
    let adopted = ran.events.iter().filter_map(|event| match event {
        EventKind::Adopted { address, .. } => Some(address.to_string()),
        _ => None,
    });
    adopted.collect()
}

#[test]
fn as_many_steps_run_at_once_as_is_allowed_and_no_more() {
    paused().block_on(async {
        for allowed in [1, 3] {
            let mut bench = bench();
            bench.session.parallelism = allowed;
            let ran = bench.apply(&Declared(reference())).await;
            assert_eq!(under_way(&ran).into_iter().max(), Some(allowed));
        }
    });
}

#[test]
fn who_wishes_to_stop_once_waits_for_what_runs_and_nothing_new_is_begun() {
    paused().block_on(async {
        let mut bench = bench();
        bench.stop_after = Some((20, 1));
        let declared = Declared(reference());
        let ran = bench.run(&declared, &Request::default()).await;
        let draining = |event: &EventKind| matches!(event, EventKind::Draining { .. });
        assert!(ran.events.iter().any(draining), "it runs when the wish comes");
        assert_eq!(begun_after(&ran, draining), 0);
        assert_eq!(under_way(&ran).last(), Some(&0));
        let report = &ran.report;
        assert!(report.succeeded > 0 && report.failed.is_empty() && report.abandoned.is_empty(), "{report:?}");
        assert_eq!(report.succeeded + report.not_started, 46, "{report:?}");
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
        assert_eq!(bench.cloud.world().made, 46);
    });
}

#[test]
fn once_the_credentials_are_refused_nothing_new_is_begun() {
    paused().block_on(async {
        let mut bench = bench();
        bench.session.parallelism = 1;
        bench.cloud.fault(Verb::Create, at("iam_role.cluster"), Fault::Refuse(ErrorKind::Credentials));
        let declared = Declared(reference());
        let ran = bench.run(&declared, &Request::default()).await;
        assert!(ran.report.credentials_refused);
        assert_eq!(begun_after(&ran, |event| matches!(event, EventKind::StepFailed { .. })), 0);
        assert!(ran.report.not_started > 0, "{:?}", ran.report);
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
        assert_eq!(bench.cloud.world().made, 46);
    });
}

#[test]
fn where_it_is_known_what_a_failed_creation_made_nobody_looks_for_it() {
    paused().block_on(async {
        let mut bench = bench();
        bench.cloud.fault(Verb::Create, at("iam_policy.package-manager"), Fault::LoseAnswer);
        bench.cloud.fault(Verb::Create, at("database.main"), Fault::FailLate(ErrorKind::Timeout));
        let declared = Declared(reference());
        let ran = bench.run(&declared, &Request::default()).await;
        assert_eq!(ran.report.failed.len(), 2);
        assert_eq!(adopted(&ran), ["iam_policy.package-manager"]);
        for address in ["iam_policy.package-manager", "database.main"] {
            assert_eq!(bench.state().resources[&at(address)].status, Status::Unfinished, "{address}");
        }
        bench.apply(&declared).await;
        bench.assert_converged(&declared).await;
        assert_eq!(bench.cloud.world().made, 46);
    });
}

/// The cloud of the bench from now on.
fn watched(bench: &mut Bench) -> Arc<WatchedCloud> {
    let cloud = WatchedCloud::before(bench.cloud.clone());
    bench.session.cloud = cloud.clone();
    cloud
}

#[test]
fn what_cannot_be_read_is_neither_made_nor_not_made() {
    paused().block_on(async {
        let mut bench = bench();
        let cloud = watched(&mut bench);
        let (declared, policy) = (Declared(reference()), at("iam_policy.package-manager"));
        bench.cloud.fault(Verb::Create, policy.clone(), Fault::LoseAnswer);
        // Planning sees it, whoever looks whether it was made does not.
        let denied = CloudError::new(ErrorKind::Denied, "read it", "no");
        cloud.show(&policy, 1..usize::MAX, Observation::Unread { error: denied.clone() });
        let ran = bench.run(&declared, &Request::default()).await;
        assert_eq!(adopted(&ran), [""; 0]);
        let open = bench.store.book().unwrap().open;
        assert_eq!(open.values().map(|open| &open.intent.step.address).collect::<Vec<_>>(), [&policy]);
        let Err(RunError::Plan(PlanError::Unread { unread })) = bench.try_run(&declared, &Request::default()).await
        else {
            panic!("it goes on without knowing")
        };
        assert_eq!(unread, [(policy.clone(), denied)].into());
        cloud.hide(&policy, 0);
        let ran = bench.apply_asking(&declared, &Request::default()).await;
        assert_eq!(adopted(&ran), [policy.to_string()]);
        bench.assert_converged(&declared).await;
        assert_eq!(bench.cloud.world().made, 46);
    });
}

#[test]
fn what_was_made_again_under_its_old_id_is_found_when_the_answer_was_lost() {
    paused().block_on(async {
        let Standing { mut bench, stack } = Standing::new().await;
        let addon = at("addon.coredns");
        bench.cloud.meddle(|world| world.objects.retain(|_, object| object.mark.address != at("addon.coredns")));
        bench.cloud.fault(Verb::Create, addon.clone(), Fault::LoseAnswer);
        let ran = bench.run(&Declared(stack.clone()), &Request::default()).await;
        assert_eq!(adopted(&ran), ["addon.coredns"]);
        assert_eq!(bench.state().resources[&addon].status, Status::Unfinished);
        bench.apply(&Declared(stack.clone())).await;
        bench.assert_converged(&Declared(stack)).await;
    });
}

#[test]
fn what_moved_is_changed_and_removed_as_what_it_is() {
    paused().block_on(async {
        let Standing { mut bench, stack } = Standing::new().await;
        let cloud = watched(&mut bench);
        let balancer = at("load_balancer.main");
        let move_it = |bench: &Bench, seconds: u32| {
            bench.cloud.meddle(|world| {
                let object = world.objects.values_mut().find(|object| object.mark.address == at("load_balancer.main"));
                object.unwrap().declared.set("idle_timeout_seconds", json!(seconds));
            });
        };
        let timeout = || cloud.known(&at("load_balancer.main")).declared.get("idle_timeout_seconds").cloned();
        move_it(&bench, 77);
        bench.apply(&Declared(stack.clone())).await;
        assert_eq!(timeout(), Some(json!(77)));
        bench.assert_converged(&Declared(stack.clone())).await;
        move_it(&bench, 78);
        let delete_data = ["database", "bucket", "key"].map(str::to_owned).into();
        let ask = Request { destroy: true, delete_data, ..Request::default() };
        bench.apply_asking(&Declared(stack), &ask).await;
        assert_eq!(timeout(), Some(json!(78)));
        assert!(!bench.state().resources.contains_key(&balancer));
    });
}

/// AWS leaves what was made or changed a moment ago out of some answers.
#[test]
fn what_is_recorded_is_looked_for_again_before_it_counts_as_gone() {
    paused().block_on(async {
        let Standing { mut bench, stack } = Standing::new().await;
        let cloud = watched(&mut bench);
        let declared = Declared(stack);
        let role = at("iam_role.nodes");
        cloud.hide(&role, 1);
        assert!(!bench.planned(&declared).await.has_changes(), "it was missing once");
        cloud.hide(&role, 2);
        assert!(matches!(bench.planned(&declared).await.actions[&role], Action::Create { .. }), "it was missing twice");
    });
}

#[test]
fn what_was_not_finished_is_looked_for_longer() {
    paused().block_on(async {
        let mut bench = bench();
        let cloud = watched(&mut bench);
        let declared = Declared(reference());
        let role = at("iam_role.nodes");
        bench.cloud.fault(Verb::Create, role.clone(), Fault::FailLate(ErrorKind::Refused));
        bench.run(&declared, &Request::default()).await;
        assert_eq!(bench.state().resources[&role].status, Status::Unfinished);
        cloud.hide(&role, 5);
        let since = tokio::time::Instant::now();
        let planned = bench.planned(&declared).await;
        assert!(matches!(planned.actions[&role], Action::Update { .. }), "{:?}", planned.actions[&role]);
        assert_eq!(since.elapsed().as_secs(), 1 + 4 + 10 + 15 + 20);
        cloud.hide(&role, 6);
        assert!(matches!(bench.planned(&declared).await.actions[&role], Action::Create { .. }), "it is gone");
    });
}
