//! `cost`, and what plans are told of costs.

use jiff::tz::TimeZone;

use super::args::{Common, CostArgs};
use super::ask::Ask;
use super::failure::Failure;
use super::workplace::{self, Declaration};
use super::{exit, out, show};
use crate::cost::{CostChange, CostEstimate, CostPlan};
use crate::engine::state::State;
use crate::model::billing::BillingContext;
use crate::report::{CostView, Page};
use crate::resources::catalog;
use crate::run::{Host, Planned};
use crate::stack::{Stack, amend};

/// Prints what a declaration costs in a month. Asks no cloud and reads no record.
pub(super) fn cost(common: &Common, args: &CostArgs) -> Result<u8, Failure> {
    let declaration = Declaration::load(args.file.file.as_deref())?;
    let as_declared = declared(&declaration, &declaration.stack);
    let (estimate, as_declared) = if args.set.is_empty() {
        (as_declared, None)
    } else {
        (declared(&declaration, &what_if(&declaration, &args.set)?), Some(as_declared))
    };
    let stack = declaration.stack.stack.as_str();
    if args.csv {
        out::data(&estimate.csv(stack));
    } else {
        let view = CostView { stack, set: &args.set, as_declared: as_declared.as_ref() };
        show::page(common, &Page::of_cost(&estimate, &view));
    }
    Ok(exit::DONE)
}

/// What a stack costs as it is declared, every object of it.
fn declared(declaration: &Declaration, stack: &Stack) -> CostEstimate {
    let nodes = workplace::offline_nodes(stack, &workplace::fresh(declaration));
    let objects = nodes.iter().map(|(at, node)| (at, &node.declared));
    CostEstimate::of(objects, &catalog(), stack.region.as_str(), &context(stack))
}

/// The stack with some keys set otherwise than in its file.
fn what_if(declaration: &Declaration, settings: &[String]) -> Result<Stack, Failure> {
    let mut text = declaration.text.clone();
    for setting in settings {
        let (key, value) = setting_of(setting)?;
        text = amend::set(&text, key, value)
            .map_err(|error| Failure::new(exit::USAGE, error.problem()).hint(error.remedy()))?;
    }
    Ok(Stack::parse(&format!("{} with {}", declaration.name(), settings.join(", ")), &text)?)
}

/// Key and value of what stands after `--set`.
pub(super) fn setting_of(setting: &str) -> Result<(&str, &str), Failure> {
    setting
        .split_once('=')
        .ok_or_else(|| Failure::new(exit::USAGE, format!("`{setting}` is no setting")).hint("write `--set key=value`"))
}

/// What a plan changes of the cost.
pub(super) fn of_plan(declaration: &Declaration, planned: &Planned, state: &State, ask: &Ask) -> CostChange {
    let stack = &declaration.stack;
    let plan = CostPlan { plan: &planned.plan, state, no_final_snapshot: ask.no_final_snapshot };
    CostChange::of(&plan, &catalog(), stack.region.as_str(), &context(stack))
}

/// What is recorded costs so much in a month.
pub(super) fn of_record(declaration: &Declaration, state: &State) -> CostEstimate {
    let stack = &declaration.stack;
    let objects = state.resources.iter().map(|(at, recorded)| (at, &recorded.declared));
    CostEstimate::of(objects, &catalog(), stack.region.as_str(), &context(stack))
}

/// What decides an estimate of a stack today.
fn context(stack: &Stack) -> BillingContext {
    BillingContext { today: Host::system().now().to_zoned(TimeZone::UTC).date(), usage: stack.usage }
}
