//! Pages of estimates, and the line about the cost in a plan.

use jiff::civil::date;

use super::*;
use crate::cost::{CostCause, CostChange, CostEstimate, PriceDates};
use crate::model::address::Kind;
use crate::model::billing::{Billing, BillingContext, Charge, Usage};
use crate::model::component::Component;
use crate::model::money::Money;
use crate::model::resource::KindFacts;
use crate::report::CostView;

/// Kinds with one way each to be billed.
fn kinds() -> Catalog {
    let kind = |name: &'static str, place, component, billing| {
        (Kind::new(name), KindFacts { place, component, billing, ..KindFacts::plain(&[]) })
    };
    [
        kind("machine", 0, Component::Kubernetes, |_, _| {
            let why = "nothing says how busy it is";
            Billing::Charged(vec![
                Charge::hourly("2 × c6a.4xlarge", "ec2 c6a.4xlarge", 2),
                Charge::not_included("CPU credits", why),
            ])
        }),
        kind("safe", 1, Component::Data, |_, _| {
            let shared = Charge::monthly("shared", "nat gateway-gb", 10).shared();
            Billing::Charged(vec![Charge::monthly("secret", "secretsmanager secret-month", 1), shared])
        }),
        kind("odd", 2, Component::Data, |_, _| Billing::Charged(vec![Charge::monthly("oddity", "odd month", 3)])),
        kind("air", 3, Component::Network, |_, _| Billing::Free("air costs nothing")),
    ]
    .into()
}

fn estimate(region: &str, objects: &[&str]) -> CostEstimate {
    let nothing = Document::default();
    let addresses: Vec<Address> = objects.iter().map(|name| address(name)).collect();
    let context = BillingContext { today: date(2026, 11, 30), usage: Usage::default() };
    CostEstimate::of(addresses.iter().map(|at| (at, &nothing)), &kinds(), region, &context)
}

const ALL: [&str; 5] = ["odd.a", "safe.b", "machine.a", "safe.a", "air.a"];

fn page(estimate: &CostEstimate, set: &[String], as_declared: Option<&CostEstimate>) -> String {
    let view = CostView { stack: "ppm-prod", set, as_declared };
    crate::render::text(&Page::of_cost(estimate, &view), true).to_string()
}

#[test]
fn what_has_a_price_what_has_none_and_what_is_not_included() {
    let expected = "
Data  USD 1.25 a month
  safe.a     secret           1 × 0.40             0.40
  2 × safe   shared           10 GB × 0.045        0.45
  safe.b     secret           1 × 0.40             0.40
  odd.a      oddity           odd month            no price is known in this region

Kubernetes  USD 894 a month
  machine.a  2 × c6a.4xlarge  1,460 hours × 0.612  894

Not included
  machine.a  CPU credits  nothing says how busy it is

USD 895 a month.
On demand in us-east-2, months of 730 hours, without tax, discounts and free tiers. List prices of 2024-07-01 to 2025-11-03.
Taken from the price of another region or version: secret.
warning: 1 line without a price in us-east-2: not in the sum
";
    assert_eq!(page(&estimate("us-east-2", &ALL), &[], None), expected);
}

#[test]
fn what_would_be_otherwise_stands_beside_what_is_declared() {
    let (declared, other) = (estimate("us-east-1", &["safe.a"]), estimate("us-east-1", &["safe.a", "machine.a"]));
    let told = page(&other, &["nodes=2".to_owned()], Some(&declared));
    let expected = "\
Otherwise than declared
  machine.a  0 → 894  +894
";
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("\nUSD 0.85 → 894 a month (+894), with nodes=2.\n"), "{told}");
}

#[test]
fn where_no_price_is_known_no_day_is_told() {
    let told = page(&estimate("mars-1", &["odd.a"]), &[], None);
    assert!(told.contains("USD 0 a month.\n") && told.contains(". No list price is known.\n"), "{told}");
}

fn cause(objects: &[&str], micro: i64) -> CostCause {
    CostCause { objects: objects.iter().map(|name| address(name)).collect(), amount: Money::micro(micro) }
}

fn change() -> CostChange {
    CostChange {
        region: "us-east-1".to_owned(),
        before: Money::micro(100_000_000),
        after: Money::micro(40_000_000),
        causes: vec![
            cause(&["database.main"], -50_000_000),
            cause(&["nat_gateway.a", "nat_gateway.b"], -20_000_000),
            cause(&["kms_key.main"], 11_000_000),
            cause(&["secret.a"], -600_000),
            cause(&["secret.b"], -400_000),
        ],
        remaining: vec![cause(&["kms_key.main"], 40_000_000)],
        prices: Some(PriceDates { oldest: date(2025, 1, 1), newest: date(2025, 1, 1) }),
        without_price: vec![(address("load_balancer.main"), "elb alb-hour".to_owned())],
    }
}

/// The line of a plan about its cost.
fn line(cost: &CostChange, goal: Goal) -> String {
    let catalog = catalog();
    let view = PlanView { goal, cost: Some(cost), quoted_file: "", ..plan_view(&catalog) };
    let told = plan_text(&planned(super::plans::mixed_plan()), &view).to_string();
    told.lines().find(|line| line.starts_with("Cost: ")).unwrap().to_owned()
}

#[test]
fn a_plan_names_the_largest_causes_and_what_goes_on_costing() {
    let lacking = "List prices of 2025-01-01, without 1 item that has no price in us-east-1.";
    let causes = "database.main -50, 2 × nat_gateway -20, kms_key.main +11, the rest -1.00";
    let told = format!("Cost: USD 100 → 40 a month (-60): {causes}. {lacking}");
    assert_eq!(line(&change(), Goal::Converge), told);
    let told = format!("Cost: USD 100 → 40 a month (-60), for what is kept: kms_key.main 40. {lacking}");
    assert_eq!(line(&change(), Goal::Destroy), told);
    let nothing = CostChange { after: Money::ZERO, remaining: Vec::new(), without_price: Vec::new(), ..change() };
    assert_eq!(line(&nothing, Goal::Destroy), "Cost: USD 100 → 0 a month (-100). List prices of 2025-01-01.");
    let same = CostChange { after: Money::micro(100_000_000), causes: Vec::new(), prices: None, ..nothing };
    assert_eq!(line(&same, Goal::Converge), "Cost: USD 100 a month, as before. No list price is known.");
}

#[test]
fn a_plan_names_the_command_that_has_the_lines() {
    let (cost, catalog) = (change(), catalog());
    let view = PlanView { cost: Some(&cost), quoted_file: "'a b.yaml'", ..plan_view(&catalog) };
    let told = plan_text(&planned(super::plans::mixed_plan()), &view).to_string();
    assert!(told.contains("; `ppm-infra cost 'a b.yaml'` has the lines, and what is not included.\n"), "{told}");
}

/// What programs are told of costs, in every shape.
pub(super) fn every_shape() -> Vec<Value> {
    let (declared, other) = (estimate("us-east-2", &["safe.a"]), estimate("us-east-2", &ALL));
    let (set, cost, catalog) = (["nodes=2".to_owned()], change(), catalog());
    let view = CostView { stack: "ppm-prod", set: &set, as_declared: Some(&declared) };
    let plan = PlanView { cost: Some(&cost), ..plan_view(&catalog) };
    vec![crate::render::json(&Page::of_cost(&other, &view)), plan_json(&planned(super::plan([])), &plan)]
}
