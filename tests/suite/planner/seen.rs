//! What the planner makes of what was seen of the reference stack: what is not ours, what could not be read, what nobody
//! recorded, and data that is declared no more.

use std::collections::BTreeMap;

use ppm_infra::engine::plan::{Action, Why};
use ppm_infra::engine::state::{State, Status};
use ppm_infra::engine::{PlanError, Request, plan};
use ppm_infra::model::address::Address;
use ppm_infra::model::error::{CloudError, ErrorKind};
use ppm_infra::model::observation::{ForeignObject, Observation, Remedy};
use ppm_infra::model::resource::Node;
use ppm_infra::resources::catalog;
use ppm_infra::run::Blueprint;

use crate::support::random::paused;
use crate::support::reference::{Declared, Standing};

/// What is declared, recorded and seen.
pub(super) struct Ground {
    pub(super) nodes: BTreeMap<Address, Node>,
    pub(super) state: State,
    pub(super) observed: BTreeMap<Address, Observation>,
}

impl Ground {
    /// All stands as it is declared.
    pub(super) fn whole() -> Self {
        paused().block_on(async {
            let Standing { bench, stack } = Standing::new().await;
            let (state, declared) = (bench.state(), Declared(stack));
            let surroundings = bench.session.cloud.survey(&declared.questions(&state)).await.unwrap();
            let nodes = declared.nodes(&surroundings, &state);
            let seen = |known| Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: true };
            let observed = state.resources.iter().map(|(at, recorded)| (at.clone(), seen(recorded.known()))).collect();
            Self { nodes, state, observed }
        })
    }

    fn plan(&self, ask: &Request) -> Result<BTreeMap<Address, Action>, PlanError> {
        plan(&catalog(), &self.nodes, &self.state, &self.observed, ask).map(|plan| {
            assert!(plan.adopted.keys().all(|at| !self.state.resources.contains_key(at)));
            plan.actions
        })
    }
}

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn destroying() -> Request {
    let delete_data = ["database", "bucket", "key"].map(str::to_owned).into();
    Request { destroy: true, delete_data, ..Request::default() }
}

#[test]
fn what_is_not_ours_stops_a_plan_unless_all_of_ours_goes_and_it_is_in_no_record() {
    let role = at("iam_role.nodes");
    for (recorded, ask) in [(true, Request::default()), (false, Request::default()), (true, destroying())] {
        let mut ground = Ground::whole();
        if !recorded {
            ground.state.resources.remove(&role);
        }
        let (id, because, remedy) = ("theirs".to_owned(), "no tags".to_owned(), Remedy::Adopt);
        let foreign = Observation::Foreign { id: id.clone(), because: because.clone(), remedy: remedy.clone() };
        ground.observed.insert(role.clone(), foreign);
        let refused = ground.plan(&ask).unwrap_err();
        let told = [(role.clone(), ForeignObject { id, because, remedy })].into();
        assert_eq!(refused, PlanError::Foreign { foreign: told }, "recorded: {recorded}, {ask:?}");
        if !recorded {
            let actions = ground.plan(&destroying()).unwrap();
            assert!(!actions.contains_key(&role), "{:?}", actions[&role]);
            assert_eq!(actions.len(), 45);
        }
    }
}

#[test]
fn what_could_not_be_read_stops_every_plan() {
    let role = at("iam_role.nodes");
    for (recorded, ask) in [(true, Request::default()), (false, destroying()), (true, destroying())] {
        let mut ground = Ground::whole();
        if !recorded {
            ground.state.resources.remove(&role);
        }
        let error = CloudError::new(ErrorKind::Throttled, "read it", "slow down");
        ground.observed.insert(role.clone(), Observation::Unread { error: error.clone() });
        let unread = [(role.clone(), error)].into();
        assert_eq!(ground.plan(&ask).unwrap_err(), PlanError::Unread { unread }, "recorded: {recorded}, {ask:?}");
    }
}

#[test]
fn what_nobody_recorded_is_taken_over_and_waited_for_unless_it_is_at_rest() {
    let role = at("iam_role.nodes");
    for at_rest in [true, false] {
        let mut ground = Ground::whole();
        let recorded = ground.state.resources.remove(&role).unwrap();
        let known = recorded.known();
        ground.observed.insert(
            role.clone(),
            Observation::Present { known, notes: Vec::new(), waiting: Vec::new(), settled: at_rest },
        );
        let plan = plan(&catalog(), &ground.nodes, &ground.state, &ground.observed, &Request::default()).unwrap();
        let status = if at_rest { Status::Ready } else { Status::Unfinished };
        assert_eq!(plan.adopted[&role].status, status);
        match &plan.actions[&role] {
            Action::NoOp { .. } => assert!(at_rest),
            Action::Update { why, .. } => assert!(!at_rest && *why == Why::Unfinished, "{why:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn data_that_is_declared_no_more_stays_until_its_word_is_said() {
    let database = at("database.main");
    let mut ground = Ground::whole();
    ground.nodes.remove(&database);
    let refused = ground.plan(&Request::default()).unwrap_err();
    let PlanError::Protected { address, replaced, .. } = refused else { panic!("{refused:?}") };
    assert!(address == database && !replaced);
    let others = Request { delete_data: ["bucket".to_owned(), "key".to_owned()].into(), ..Request::default() };
    assert!(matches!(ground.plan(&others), Err(PlanError::Protected { .. })));
    let said = Request { delete_data: ["database".to_owned()].into(), ..Request::default() };
    let actions = ground.plan(&said).unwrap();
    assert!(matches!(actions[&database], Action::Delete { why: Why::Undeclared, .. }), "{:?}", actions[&database]);
}
