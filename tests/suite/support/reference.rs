//! The reference stack on a workbench: apply, edit the declaration, look at what happens.

use std::collections::BTreeMap;

use ppm_infra::architecture::{expand, outputs, questions};
use ppm_infra::engine::plan::{Action, Plan, StepKey};
use ppm_infra::engine::state::State;
use ppm_infra::engine::{PlanError, Request};
use ppm_infra::model::address::Address;
use ppm_infra::model::resource::{Node, ReplaceOrder};
use ppm_infra::model::surroundings::{Questions, Surroundings};
use ppm_infra::resources;
use ppm_infra::run::Blueprint;
use ppm_infra::run::event::EventKind;
use ppm_infra::stack::{Kubernetes, Platform, Stack};

use super::bench::{Bench, Ran};

/// A declaration as the runner takes it.
#[derive(Clone, Debug)]
pub(crate) struct Declared(pub(crate) Stack);

impl Blueprint for Declared {
    fn questions(&self, state: &State) -> Questions {
        questions(&self.0, state)
    }

    fn nodes(&self, surroundings: &Surroundings, state: &State) -> BTreeMap<Address, Node> {
        expand(&self.0, surroundings, state)
    }

    fn account(&self) -> Option<String> {
        self.0.account.as_ref().map(ToString::to_string)
    }

    fn publish(&self, state: &mut State) {
        state.outputs = outputs(&self.0, state);
    }
}

/// The declaration in `plans/reference.yaml`.
pub(crate) fn reference() -> Stack {
    Stack::parse("plans/reference.yaml", include_str!("../../../plans/reference.yaml")).unwrap()
}

/// A stack that stands, and its declaration.
pub(crate) struct Standing {
    /// Where it stands.
    pub(crate) bench: Bench,
    /// As what.
    pub(crate) stack: Stack,
}

impl Standing {
    /// The reference stack, applied.
    pub(crate) async fn new() -> Self {
        Self::of(reference()).await
    }

    /// `stack`, applied.
    pub(crate) async fn of(stack: Stack) -> Self {
        let mut bench = Bench::new(&resources::catalog(), "ppm-prod", false);
        bench.apply(&Declared(stack.clone())).await;
        bench.assert_converged(&Declared(stack.clone())).await;
        Self { bench, stack }
    }

    /// Edits the declaration and applies it; planning again finds nothing to do.
    pub(crate) async fn edit(&mut self, edit: impl FnOnce(&mut Stack)) -> Ran {
        edit(&mut self.stack);
        let declared = Declared(self.stack.clone());
        let ran = self.bench.apply(&declared).await;
        self.bench.assert_converged(&declared).await;
        ran
    }

    /// Edits the declaration; why that is refused.
    pub(crate) async fn refused(&mut self, edit: impl FnOnce(&mut Stack)) -> PlanError {
        edit(&mut self.stack);
        let calls = self.bench.cloud.writes().len();
        let error = self.bench.refused(&Declared(self.stack.clone()), &Request::default()).await;
        assert_eq!(self.bench.cloud.writes().len(), calls, "what is refused changes nothing");
        error
    }

    /// Applies the declaration as it is, asking for more.
    pub(crate) async fn ask(&mut self, ask: &Request) -> Ran {
        let ran = self.bench.run(&Declared(self.stack.clone()), ask).await;
        ran.assert_complete();
        ran
    }
}

/// The cluster of a declaration, to be edited.
pub(crate) fn cluster(stack: &mut Stack) -> &mut Kubernetes {
    let Platform::Kubernetes(cluster) = &mut stack.platform;
    cluster
}

/// What a plan changes, a line for each address: the action, and the fields that differ.
pub(crate) fn changes(plan: &Plan) -> Vec<String> {
    let line = |(address, action): (&Address, &Action)| match action {
        Action::NoOp { .. } => None,
        Action::Create { .. } => Some(format!("create {address}")),
        Action::Update { diffs, .. } => {
            let fields: Vec<&str> = diffs.iter().map(|diff| diff.path.as_str()).collect();
            Some(format!("update {address}: {}", fields.join(", ")))
        }
        Action::Replace { diffs, order, .. } => {
            let order = match order {
                ReplaceOrder::CreateFirst => "replace",
                ReplaceOrder::DeleteFirst => "replace, old first,",
            };
            let fields: Vec<&str> = diffs.iter().map(|diff| diff.path.as_str()).collect();
            Some(format!("{order} {address}: {}", fields.join(", ")))
        }
        Action::Delete { .. } => Some(format!("delete {address}")),
        Action::Forget { .. } => Some(format!("forget {address}")),
    };
    plan.actions.iter().filter_map(line).collect()
}

impl Ran {
    /// The steps in the order in which they were done, old objects without their ids.
    pub(crate) fn steps(&self) -> Vec<String> {
        let done = self.events.iter().filter_map(|event| match event {
            EventKind::StepFinished { step, .. } => Some(told(step)),
            _ => None,
        });
        done.collect()
    }

    /// Asserts that these steps were taken, each begun after the one before it was done.
    pub(crate) fn assert_in_turn(&self, steps: &[&str]) {
        let place = |wanted: &str, started: bool| {
            let found = self.events.iter().position(|event| match event {
                EventKind::StepStarted { step, .. } => started && told(step) == wanted,
                EventKind::StepFinished { step, .. } => !started && told(step) == wanted,
                _ => false,
            });
            found.unwrap_or_else(|| panic!("no step {wanted:?} among {:#?}", self.steps()))
        };
        for pair in steps.windows(2) {
            assert!(
                place(pair[0], false) < place(pair[1], true),
                "{} comes after {}: {:#?}",
                pair[1],
                pair[0],
                self.steps()
            );
        }
    }
}

fn told(step: &StepKey) -> String {
    let text = step.to_string();
    text.split_once(" (").filter(|_| text.starts_with("delete old")).map_or(text.clone(), |(step, _)| step.to_owned())
}
