//! The page of an estimate: what a stack costs in a month, line by line; and the line about it in a plan.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::block::{Block, Group, Heading, Row, Table};
use super::goal::Goal;
use super::page::{CriticalPath, JsonFields, Lead, Page, PageScope, Remark, Section, SectionContent};
use super::ready::Ready;
use super::text::{Label, Text};
use super::words::count;
use crate::cost::{CostCause, CostChange, CostEstimate, CostLine, CostOutcome, PriceDates};
use crate::model::address::{Address, Kind};
use crate::model::component::Component;
use crate::model::money::Money;

/// So many causes of a change are named.
const NAMED_CAUSES: usize = 3;

/// What the page of an estimate is made with, beside the estimate.
#[derive(Clone, Copy, Debug)]
pub struct CostView<'a> {
    /// The stack.
    pub stack: &'a str,
    /// What is declared otherwise than in the file, as it was typed: `key=value`.
    pub set: &'a [String],
    /// What it costs as the file declares it, where something is declared otherwise.
    pub as_declared: Option<&'a CostEstimate>,
}

impl<'a> Page<'a> {
    /// The page of an estimate.
    pub fn of_cost(estimate: &'a CostEstimate, view: &CostView<'a>) -> Self {
        let total = estimate.total();
        let mut remarks = vec![Remark::Plain(Text::of(
            Label::Muted,
            format!(
                "On demand in {}, months of 730 hours, without tax, discounts and free tiers. {}.",
                estimate.region,
                list_prices(estimate.dates())
            ),
        ))];
        remarks.extend(assumed(estimate));
        let missing = estimate.without_price().count();
        if missing > 0 {
            let told = format!("{} without a price in {}: not in the sum", count(missing, "line"), estimate.region);
            remarks.push(Remark::Warning(Text::of(Label::Plain, told)));
        }
        Self {
            command: "cost",
            scope: PageScope { stack: view.stack, region_and_account: None },
            source: None,
            frame: None,
            verdict: verdict(total, view),
            remarks,
            chain: CriticalPath::default(),
            json_fields: vec![("region", json!(estimate.region)), ("set", json!(view.set))],
            summary: json!({
                "micro_usd": total.as_micro(),
                "declared_micro_usd": view.as_declared.map(|declared| declared.total().as_micro()),
                "prices": estimate.dates(),
                "without_price": missing,
            }),
            sections: vec![
                Section::titled("lines", Heading::of("Costs"), Lines { estimate }).led(Lead::None),
                Section::titled("differs", Heading::of("Otherwise than declared"), differs(estimate, view)),
                Section::titled("not_included", Heading::of("Not included"), not_included(estimate)),
                Section::titled("free", Heading::of("Free"), free(estimate)),
            ],
        }
    }
}

fn verdict(total: Money, view: &CostView<'_>) -> Text {
    let Some(declared) = view.as_declared else {
        return Text::of(Label::Heading, format!("USD {} a month", total.told())).with(Label::Plain, ".");
    };
    let was = declared.total();
    Text::of(Label::Plain, format!("USD {}", was.told()))
        .and(Text::arrow())
        .with(Label::Heading, format!("{} a month", total.told()))
        .with(Label::Plain, format!(" ({}), with {}.", (total - was).told_change(), view.set.join(", ")))
}

/// From when the prices are.
pub(super) fn list_prices(dates: Option<PriceDates>) -> String {
    match dates {
        None => "No list price is known".to_owned(),
        Some(PriceDates { oldest, newest }) if oldest == newest => format!("List prices of {oldest}"),
        Some(PriceDates { oldest, newest }) => format!("List prices of {oldest} to {newest}"),
    }
}

/// That prices were taken from another region or version.
fn assumed(estimate: &CostEstimate) -> Option<Remark> {
    let is_assumed = |line: &&CostLine| line.price().is_some_and(|price| price.is_assumed);
    let names: BTreeSet<&str> = estimate.lines.iter().filter(is_assumed).map(|line| line.what.as_str()).collect();
    let list = names.iter().copied().collect::<Vec<_>>().join(", ");
    let told = format!("Taken from the price of another region or version: {list}.");
    (!names.is_empty()).then(|| Remark::Plain(Text::of(Label::Muted, told)))
}

/// What is billed, by the parts of the architecture.
struct Lines<'a> {
    estimate: &'a CostEstimate,
}

impl SectionContent for Lines<'_> {
    fn blocks(&self) -> Vec<Block> {
        let sums = self.estimate.by_component();
        let group = |(component, sum): (&Component, &Money)| {
            let lines = self.estimate.lines.iter().filter(|line| line.component == *component);
            let rows: Vec<Row> = lines.filter_map(row).collect();
            let heading = Heading::of(component.title()).with(format!("USD {} a month", sum.told()));
            (!rows.is_empty()).then_some(Group { heading: Some(heading), rows })
        };
        let groups: Vec<Group> = sums.iter().filter_map(group).collect();
        if groups.is_empty() { Vec::new() } else { vec![Block::Table(Table { groups })] }
    }

    fn json_fields(&self) -> JsonFields {
        let sum =
            |(component, sum): (Component, Money)| json!({"component": component.word(), "micro_usd": sum.as_micro()});
        let sums: Vec<Value> = self.estimate.by_component().into_iter().map(sum).collect();
        let lines: Vec<Value> = self.estimate.lines.iter().map(line_json).collect();
        vec![("components", Value::Array(sums)), ("lines", Value::Array(lines))]
    }
}

/// A line that has a price, or lacks one.
fn row(line: &CostLine) -> Option<Row> {
    let [times, amount] = match &line.outcome {
        CostOutcome::Priced { unit, quantity, price, amount, .. } => {
            let times = format!("{}{} × {}", quantity.told(), units(unit), price.told());
            [Text::of(Label::Muted, times), Text::of(Label::Plain, amount.told())]
        }
        CostOutcome::NoPrice { item, .. } => {
            [Text::of(Label::Muted, item), Text::of(Label::Warning, "no price is known in this region")]
        }
        CostOutcome::NotIncluded(_) => return None,
    };
    let address = Text::of(Label::Address, line.subject());
    Some(Row::of([address, Text::of(Label::Plain, &line.what), times, amount]))
}

/// The unit of several, behind their number; nothing where what is billed is counted itself.
fn units(unit: &str) -> String {
    match unit {
        "hour" | "vCPU-hour" | "LCU-hour" => format!(" {unit}s"),
        "GB-month" => " GB".to_owned(),
        "1000-requests" => " thousand requests".to_owned(),
        "key-month" | "secret-month" => String::new(),
        other => format!(" {other}"),
    }
}

fn line_json(line: &CostLine) -> Value {
    let (item, quantity, unit, price, because) = match &line.outcome {
        CostOutcome::Priced { item, quantity, unit, price, .. } => {
            (Some(item), Some(quantity), Some(unit), Some(price), None)
        }
        CostOutcome::NoPrice { item, quantity } => {
            (Some(item), Some(quantity), None, None, Some("no price is known in this region"))
        }
        CostOutcome::NotIncluded(why) => (None, None, None, None, Some(*why)),
    };
    json!({
        "objects": line.objects,
        "component": line.component.word(),
        "what": line.what,
        "item": item,
        "quantity": quantity.map(ToString::to_string),
        "unit": unit,
        "price": price.map(|price| json!({
            "micro_usd": price.micro, "date": price.date, "is_assumed": price.is_assumed,
        })),
        "micro_usd": line.amount().map(Money::as_micro),
        "because": because,
    })
}

/// What costs otherwise than the file declares it.
fn differs(estimate: &CostEstimate, view: &CostView<'_>) -> Ready {
    let sums = |estimate: &CostEstimate| {
        let mut sums: BTreeMap<String, Money> = BTreeMap::new();
        for line in &estimate.lines {
            *sums.entry(line.subject()).or_default() += line.amount().unwrap_or_default();
        }
        sums
    };
    let Some(declared) = view.as_declared else { return Ready::list("differs", []) };
    let (was, is) = (sums(declared), sums(estimate));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let item = |name: &String| {
        let (from, to) = (was.get(name).copied().unwrap_or_default(), is.get(name).copied().unwrap_or_default());
        let cells = [
            Text::of(Label::Address, name),
            Text::of(Label::Before, from.told()).and(Text::arrow()).with(Label::After, to.told()),
            Text::of(Label::Plain, (to - from).told_change()),
        ];
        let told = json!({"subject": name, "before_micro_usd": from.as_micro(), "after_micro_usd": to.as_micro()});
        (from != to).then(|| (Row::of(cells), told))
    };
    Ready::list("differs", names.into_iter().filter_map(item))
}

/// What no estimate includes. Programs are told with the lines.
fn not_included(estimate: &CostEstimate) -> Ready {
    let row = |line: &CostLine| match &line.outcome {
        CostOutcome::NotIncluded(why) => Some(Row::of([
            Text::of(Label::Address, line.subject()),
            Text::of(Label::Plain, &line.what),
            Text::of(Label::Muted, *why),
        ])),
        CostOutcome::Priced { .. } | CostOutcome::NoPrice { .. } => None,
    };
    Ready::of(Block::rows(estimate.lines.iter().filter_map(row).collect()), Vec::new())
}

/// What costs nothing, and why: for programs; who reads a bill does not look for it.
fn free(estimate: &CostEstimate) -> Ready {
    let item = |((_, why), objects): (&(Kind, &str), &BTreeSet<Address>)| json!({"objects": objects, "because": why});
    let all: Vec<Value> = estimate.free.iter().map(item).collect();
    Ready::of(Vec::new(), vec![("free", Value::Array(all))])
}

/// The line of a plan about what it costs, where it changes something; `quoted_file` is the declaration as a
/// shell takes it, empty where nobody knows it.
pub(super) fn remark(cost: &CostChange, goal: Goal, quoted_file: &str) -> Remark {
    let mut line = Text::of(Label::Plain, "Cost: USD ");
    if cost.delta() == Money::ZERO {
        line.push(Label::Plain, format!("{} a month, as before", cost.after.told()));
    } else {
        line.push(Label::Plain, cost.before.told());
        line.append(Text::arrow());
        line.push(Label::Plain, format!("{} a month ({})", cost.after.told(), cost.delta().told_change()));
    }
    let (lead, causes) = match goal {
        Goal::Converge => (": ", named(&cost.causes, Money::told_change)),
        Goal::Destroy => (", for what is kept: ", named(&cost.remaining, Money::told)),
    };
    if !causes.is_empty() {
        line.push(Label::Plain, format!("{lead}{causes}"));
    }
    line.push(Label::Plain, format!(". {}", list_prices(cost.prices)));
    if !cost.without_price.is_empty() {
        let n = cost.without_price.len();
        let has = if n == 1 { "has" } else { "have" };
        let told = format!(", without {} that {has} no price in {}", count(n, "item"), cost.region);
        line.push(Label::Warning, told);
    }
    if !quoted_file.is_empty() {
        line.push(Label::Plain, format!("; `ppm-infra cost {quoted_file}` has the lines, and what is not included"));
    }
    Remark::Plain(line.with(Label::Plain, "."))
}

/// What a plan changes of the cost, object by object.
pub(super) fn change(cost: &CostChange) -> Ready {
    let amount =
        |name: &str, money: Money| Row::of([Text::of(Label::Plain, name), Text::of(Label::After, money.told())]);
    let cause = |told: fn(Money) -> String| {
        move |cause: &CostCause| {
            Row::of([Text::of(Label::Address, cause.subject()), Text::of(Label::Plain, told(cause.amount))])
        }
    };
    let delta = Text::of(Label::Heading, cost.delta().told_change());
    let sums = vec![
        amount("before", cost.before),
        amount("after", cost.after),
        Row::of([Text::of(Label::Plain, "difference"), delta]),
    ];
    let missing = cost.without_price.iter().map(|(address, item)| {
        Row::of([Text::of(Label::Address, address.to_string()), Text::of(Label::Warning, item)])
    });
    let groups = [
        ("USD a month", sums),
        ("What makes the difference", cost.causes.iter().map(cause(Money::told_change)).collect()),
        ("What costs afterwards", cost.remaining.iter().map(cause(Money::told)).collect()),
        ("Without a price in the region, and in no sum", missing.collect()),
    ];
    let group =
        |(title, rows): (&str, Vec<Row>)| (!rows.is_empty()).then(|| Group { heading: Some(Heading::of(title)), rows });
    let groups = groups.into_iter().filter_map(group).collect();
    Ready::of(vec![Block::Table(Table { groups })], Vec::new())
}

/// The largest causes by name.
fn named(causes: &[CostCause], told: impl Fn(Money) -> String) -> String {
    let mut names: Vec<String> =
        causes.iter().take(NAMED_CAUSES).map(|cause| format!("{} {}", cause.subject(), told(cause.amount))).collect();
    let rest: Money = causes.iter().skip(NAMED_CAUSES).map(|cause| cause.amount).sum();
    if causes.len() > NAMED_CAUSES {
        names.push(format!("the rest {}", told(rest)));
    }
    names.join(", ")
}

/// What programs are told of a plan's cost.
pub(super) fn change_json(cost: &CostChange) -> Value {
    let cause = |cause: &CostCause| json!({"objects": cause.objects, "micro_usd": cause.amount.as_micro()});
    let item = |(address, item): &(_, String)| json!({"address": address, "item": item});
    json!({
        "region": cost.region,
        "before_micro_usd": cost.before.as_micro(),
        "after_micro_usd": cost.after.as_micro(),
        "delta_micro_usd": cost.delta().as_micro(),
        "causes": cost.causes.iter().map(cause).collect::<Vec<_>>(),
        "remaining": cost.remaining.iter().map(cause).collect::<Vec<_>>(),
        "prices": cost.prices,
        "without_price": cost.without_price.iter().map(item).collect::<Vec<_>>(),
    })
}
