//! What a plan changes of the cost of a stack.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::estimate::{CostEstimate, CostLine, subject};
use super::prices::PriceDates;
use crate::engine::plan::{Action, Plan};
use crate::engine::state::State;
use crate::model::address::{Address, Kind};
use crate::model::billing::BillingContext;
use crate::model::document::Document;
use crate::model::money::Money;
use crate::model::resource::Catalog;

/// What a plan is reckoned with.
#[derive(Clone, Copy, Debug)]
pub struct CostPlan<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The record it was made from: what stands before it.
    pub state: &'a State,
    /// Whether what holds data goes without a last snapshot.
    pub no_final_snapshot: bool,
}

/// What a stack costs in a month before and after a plan, at list prices.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostChange {
    /// The region whose prices were taken.
    pub region: String,
    /// What is recorded costs so much.
    pub before: Money,
    /// What will stand afterwards costs so much, what deleted objects leave behind included.
    pub after: Money,
    /// What makes the difference, the largest first.
    pub causes: Vec<CostCause>,
    /// What costs something afterwards, the dearest first.
    pub remaining: Vec<CostCause>,
    /// Between which days the prices were published; nothing where none was used.
    pub prices: Option<PriceDates>,
    /// What has no price in the region and is in no sum: objects and items.
    pub without_price: Vec<(Address, String)>,
}

/// Objects of one kind, and what they add to a sum or take from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostCause {
    /// The objects.
    pub objects: Vec<Address>,
    /// What they cost more, or less, in a month.
    pub amount: Money,
}

impl CostCause {
    /// The objects by name: the address of one, or how many of a kind there are.
    pub fn subject(&self) -> String {
        subject(&self.objects)
    }
}

impl CostChange {
    /// What `plan` changes. Both sides are reckoned with the same declared use and the same day, so that the difference is what the
    /// plan does.
    pub fn of(planned: &CostPlan<'_>, catalog: &Catalog, region: &str, context: &BillingContext) -> Self {
        let before = CostEstimate::of(before(planned.state), catalog, region, context);
        let mut after = CostEstimate::of(after(planned), catalog, region, context);
        for (at, action) in &planned.plan.actions {
            let (Action::Delete { prior, .. } | Action::Replace { prior, .. }) = action else { continue };
            let Some(facts) = catalog.get(&at.kind).filter(|_| !planned.no_final_snapshot) else { continue };
            for charge in (facts.left_behind)(&prior.declared) {
                after.add(facts.component, at, charge);
            }
        }
        let (was, is) = (by_object(&before), by_object(&after));
        let differs = was.keys().chain(is.keys()).map(|at| {
            let side = |side: &BTreeMap<&Address, Money>| side.get(at).copied().unwrap_or_default();
            (*at, side(&is) - side(&was))
        });
        let prices = [&before, &after].into_iter().filter_map(CostEstimate::dates);
        let lines = after.without_price().chain(before.without_price());
        let item = |line: &CostLine| Some((line.objects.first()?.clone(), line.item_without_price()?.to_owned()));
        let mut without_price: Vec<(Address, String)> = lines.filter_map(item).collect();
        without_price.sort();
        without_price.dedup();
        Self {
            region: region.to_owned(),
            before: before.total(),
            after: after.total(),
            causes: causes(differs.collect()),
            remaining: causes(is.into_iter().collect()),
            prices: PriceDates::of(prices.flat_map(|dates| [dates.oldest, dates.newest])),
            without_price,
        }
    }

    /// What it costs more, or less, afterwards.
    pub fn delta(&self) -> Money {
        self.after - self.before
    }
}

/// What is recorded: what stands, and what still has to go.
fn before(state: &State) -> impl Iterator<Item = (&Address, &Document)> {
    let standing = state.resources.iter().map(|(at, recorded)| (at, &recorded.declared));
    let old = state.deposed.iter().flat_map(|(at, old)| old.iter().map(move |old| (at, &old.recorded.declared)));
    standing.chain(old)
}

/// What will stand once the plan is carried out.
fn after<'a>(planned: &CostPlan<'a>) -> impl Iterator<Item = (&'a Address, &'a Document)> {
    let (plan, state) = (planned.plan, planned.state);
    let standing = plan.actions.iter().filter_map(move |(at, action)| match action {
        Action::NoOp { record: Some(record) } => Some((at, &record.declared)),
        Action::NoOp { record: None } => plan.recorded(state, at).map(|recorded| (at, &recorded.declared)),
        Action::Create { declared, .. } | Action::Update { declared, .. } | Action::Replace { declared, .. } => {
            Some((at, declared))
        }
        Action::Delete { .. } | Action::Forget { .. } => None,
    });
    let old = plan.kept_old.iter().filter_map(move |kept| {
        let old = state.deposed.get(&kept.address)?.iter().find(|old| old.key == kept.id)?;
        Some((&kept.address, &old.recorded.declared))
    });
    standing.chain(old)
}

/// What each object costs; what objects share is counted at the first of them.
fn by_object(estimate: &CostEstimate) -> BTreeMap<&Address, Money> {
    let mut sums = BTreeMap::new();
    for line in &estimate.lines {
        if let (Some(first), Some(amount)) = (line.objects.first(), line.amount()) {
            *sums.entry(first).or_insert(Money::ZERO) += amount;
        }
    }
    sums
}

/// Amounts by kind, the largest first, without those that are nothing.
fn causes(amounts: BTreeMap<&Address, Money>) -> Vec<CostCause> {
    let mut by_kind: BTreeMap<&Kind, CostCause> = BTreeMap::new();
    for (at, amount) in amounts.into_iter().filter(|(_, amount)| *amount != Money::ZERO) {
        let cause = by_kind.entry(&at.kind).or_insert(CostCause { objects: Vec::new(), amount: Money::ZERO });
        cause.objects.push(at.clone());
        cause.amount += amount;
    }
    let mut causes: Vec<CostCause> = by_kind.into_values().filter(|cause| cause.amount != Money::ZERO).collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.amount.magnitude()));
    causes
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::engine::plan::{Base, KeptOld, Move, Why};
    use crate::engine::state::{Deposed, Recorded};
    use crate::model::billing::{Billing, Charge, Usage};
    use crate::model::resource::{KindFacts, Known, ReplaceOrder};

    /// A kind that costs 10 dollars a month for each of its size, and leaves one behind.
    fn kinds() -> Catalog {
        let facts = KindFacts {
            billing: |declared, _| {
                let size = declared.get("size").and_then(serde_json::Value::as_u64).unwrap_or_default();
                Billing::Charged(vec![Charge::monthly("thing", "kms key-month", 10 * size)])
            },
            left_behind: |_| vec![Charge::monthly("rest", "kms key-month", 1)],
            ..KindFacts::plain(&[])
        };
        [(Kind::new("thing"), facts)].into()
    }

    fn at(name: &str) -> Address {
        format!("thing.{name}").parse().unwrap()
    }

    fn thing(size: u32) -> Document {
        Document::of(&json!({ "size": size }))
    }

    fn recorded(size: u32, id: &str) -> Recorded {
        Recorded::found(Known { declared: thing(size), computed: Document::of(&json!({ "id": id })) })
    }

    fn state(records: &[(&str, u32)]) -> State {
        let mut state = State::empty("ppm", "us-east-1", String::new(), "0");
        for (name, size) in records {
            state.resources.insert(at(name), recorded(*size, name));
        }
        state
    }

    fn plan(actions: Vec<(&str, Action)>) -> Plan {
        Plan {
            stack: "ppm".to_owned(),
            base: Base { lineage: String::new(), serial: 1 },
            moved: Vec::new(),
            drift: BTreeMap::new(),
            actions: actions.into_iter().map(|(name, action)| (at(name), action)).collect(),
            deposed: Vec::new(),
            kept: BTreeMap::new(),
            kept_old: Vec::new(),
            adopted: BTreeMap::new(),
            impact: BTreeMap::new(),
            notes: BTreeMap::new(),
        }
    }

    fn change(plan: &Plan, state: &State, no_final_snapshot: bool) -> CostChange {
        let context = BillingContext { today: date(2026, 11, 30), usage: Usage::default() };
        CostChange::of(&CostPlan { plan, state, no_final_snapshot }, &kinds(), "us-east-1", &context)
    }

    fn dollars(change: &CostChange) -> (i64, i64) {
        (change.before.as_micro() / 1_000_000, change.after.as_micro() / 1_000_000)
    }

    fn create(size: u32) -> Action {
        Action::Create { declared: thing(size), after: [].into(), why: Why::New }
    }

    fn delete(size: u32) -> Action {
        Action::Delete { prior: recorded(size, "old"), why: Why::Undeclared }
    }

    fn replace(size: u32) -> Action {
        Action::Replace {
            prior: recorded(1, "old"),
            declared: thing(size),
            after: [].into(),
            works_through: [].into(),
            diffs: Vec::new(),
            why: Why::Changed,
            order: ReplaceOrder::CreateFirst,
        }
    }

    const SAME: Action = Action::NoOp { record: None };

    #[test]
    fn each_action_leaves_what_it_says() {
        let state = state(&[("same", 1), ("follows", 2), ("other", 1), ("gone", 4), ("deleted", 5)]);
        let follows = Action::NoOp { record: Some(Box::new(recorded(3, "follows"))) };
        let plan = plan(vec![
            ("same", SAME),
            ("follows", follows),
            ("new", create(7)),
            ("other", replace(2)),
            ("gone", Action::Forget { why: Why::Undeclared }),
            ("deleted", delete(5)),
        ]);
        let told = change(&plan, &state, true);
        assert_eq!(dollars(&told), (130, 130));
        assert_eq!(told.causes, [], "what one kind saves and adds is told as one");
        assert_eq!(told.remaining.len(), 1);
        // What the deleted one and the replaced one leave behind.
        assert_eq!(dollars(&change(&plan, &state, false)), (130, 132));
    }

    #[test]
    fn old_objects_cost_until_they_go_and_those_that_are_kept_go_on() {
        let mut state = state(&[("a", 1)]);
        let old = |key: &str, size| Deposed { key: key.to_owned(), recorded: recorded(size, key) };
        state.deposed.insert(at("a"), vec![old("one", 2), old("two", 3)]);
        let mut plan = plan(vec![("a", SAME)]);
        assert_eq!(dollars(&change(&plan, &state, false)), (60, 10));
        plan.kept_old.push(KeptOld { address: at("a"), id: "two".to_owned(), reason: String::new() });
        assert_eq!(dollars(&change(&plan, &state, false)), (60, 40));
    }

    #[test]
    fn what_is_moved_or_adopted_stands() {
        let state = state(&[("from", 2)]);
        let mut plan = plan(vec![("to", SAME), ("found", SAME)]);
        let how = crate::engine::moves::How::Renamed;
        plan.moved.push(Move { from: at("from"), to: at("to"), id: "from".to_owned(), how });
        plan.adopted.insert(at("found"), recorded(3, "found"));
        let told = change(&plan, &state, false);
        assert_eq!(dollars(&told), (20, 50));
        assert_eq!(told.delta(), Money::micro(30_000_000));
        assert_eq!(told.causes.len(), 1);
    }
}
