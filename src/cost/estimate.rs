//! What objects cost in a month, line by line.

use std::collections::{BTreeMap, BTreeSet};

use super::prices::{ListPrice, PriceDates, PriceTable};
use crate::model::address::{Address, Kind};
use crate::model::billing::{Billing, BillingContext, Charge, ChargeAmount};
use crate::model::component::Component;
use crate::model::document::Document;
use crate::model::money::{Money, Quantity};
use crate::model::resource::Catalog;

/// What objects cost in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostEstimate {
    /// The region whose prices were taken.
    pub region: String,
    /// A line for each thing that is billed, in the order in which kinds are shown.
    pub lines: Vec<CostLine>,
    /// The objects that cost nothing, by kind and reason.
    pub free: BTreeMap<(Kind, &'static str), BTreeSet<Address>>,
    /// Which line it is that objects of a kind share.
    shared: BTreeMap<(Kind, String), usize>,
}

/// One thing that is billed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// The part of the architecture.
    pub component: Component,
    /// The objects it is billed for: one, or all of a kind that share it.
    pub objects: Vec<Address>,
    /// What it is, as people say it.
    pub what: String,
    /// What it costs, or why that is not known.
    pub outcome: CostOutcome,
}

/// What a line costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostOutcome {
    /// So much, at a list price.
    Priced {
        /// The item of the price table.
        item: String,
        /// What is counted, such as `hour`.
        unit: String,
        /// How much of it in a month.
        quantity: Quantity,
        /// What one costs.
        price: ListPrice,
        /// What all of it costs.
        amount: Money,
    },
    /// Nobody read a price of this item in this region. It is in no sum.
    NoPrice {
        /// The item that the price table lacks.
        item: String,
        /// How much of it in a month.
        quantity: Quantity,
    },
    /// No estimate includes it: why, as a clause. It is in no sum.
    NotIncluded(&'static str),
}

impl CostLine {
    /// What it costs; nothing where that is not known.
    pub fn amount(&self) -> Option<Money> {
        match &self.outcome {
            CostOutcome::Priced { amount, .. } => Some(*amount),
            CostOutcome::NoPrice { .. } | CostOutcome::NotIncluded(_) => None,
        }
    }

    /// The price it was reckoned with.
    pub fn price(&self) -> Option<ListPrice> {
        match &self.outcome {
            CostOutcome::Priced { price, .. } => Some(*price),
            CostOutcome::NoPrice { .. } | CostOutcome::NotIncluded(_) => None,
        }
    }

    /// The item that has no price in the region.
    pub fn item_without_price(&self) -> Option<&str> {
        match &self.outcome {
            CostOutcome::NoPrice { item, .. } => Some(item),
            CostOutcome::Priced { .. } | CostOutcome::NotIncluded(_) => None,
        }
    }

    /// Its objects by name: the address of one, or how many of a kind there are.
    pub fn subject(&self) -> String {
        subject(&self.objects)
    }
}

impl CostEstimate {
    /// What these objects cost, each with what is declared of it. An address may stand there several times, as where old objects
    /// wait to be removed.
    pub fn of<'a>(
        objects: impl IntoIterator<Item = (&'a Address, &'a Document)>,
        catalog: &Catalog,
        region: &str,
        context: &BillingContext,
    ) -> Self {
        let mut estimate =
            Self { region: region.to_owned(), lines: Vec::new(), free: BTreeMap::new(), shared: BTreeMap::new() };
        let known =
            |(at, declared): (&'a Address, &'a Document)| catalog.get(&at.kind).map(|facts| (facts, at, declared));
        let mut all: Vec<_> = objects.into_iter().filter_map(known).collect();
        all.sort_by_key(|(facts, at, _)| (facts.component, facts.place, *at));
        for (facts, at, declared) in all {
            match (facts.billing)(declared, context) {
                Billing::Free(why) => {
                    estimate.free.entry((at.kind.clone(), why)).or_default().insert(at.clone());
                }
                Billing::Charged(charges) => {
                    for charge in charges {
                        estimate.add(facts.component, at, charge);
                    }
                }
            }
        }
        estimate
    }

    /// Adds a line; what all objects of a kind share stands there once.
    pub(super) fn add(&mut self, component: Component, at: &Address, charge: Charge) {
        let Charge { what, amount, is_shared } = charge;
        if is_shared {
            let next = self.lines.len();
            let there = *self.shared.entry((at.kind.clone(), what.clone())).or_insert(next);
            if let Some(line) = self.lines.get_mut(there) {
                // Objects come in the order of their addresses.
                if line.objects.last() != Some(at) {
                    line.objects.push(at.clone());
                }
                return;
            }
        }
        let outcome = priced(amount, &self.region);
        self.lines.push(CostLine { component, objects: vec![at.clone()], what, outcome });
    }

    /// What all of it costs that has a price.
    pub fn total(&self) -> Money {
        self.lines.iter().filter_map(CostLine::amount).sum()
    }

    /// What each part of the architecture costs, as far as it has prices.
    pub fn by_component(&self) -> BTreeMap<Component, Money> {
        let mut sums = BTreeMap::new();
        for line in &self.lines {
            *sums.entry(line.component).or_insert(Money::ZERO) += line.amount().unwrap_or_default();
        }
        sums
    }

    /// Between which days the prices were published; nothing where none was used.
    pub fn dates(&self) -> Option<PriceDates> {
        PriceDates::of(self.lines.iter().filter_map(CostLine::price).map(|price| price.date))
    }

    /// The lines that nobody read a price for.
    pub fn without_price(&self) -> impl Iterator<Item = &CostLine> {
        self.lines.iter().filter(|line| line.item_without_price().is_some())
    }
}

fn priced(amount: ChargeAmount, region: &str) -> CostOutcome {
    let (item, quantity) = match amount {
        ChargeAmount::NotIncluded(why) => return CostOutcome::NotIncluded(why),
        ChargeAmount::Priced { item, quantity } => (item, quantity),
    };
    let table = PriceTable::built_in();
    match (table.price(&item, region), table.unit(&item)) {
        (Some(price), Some(unit)) => {
            let amount = Money::of(price.micro, &quantity);
            CostOutcome::Priced { unit: unit.to_owned(), item, quantity, price, amount }
        }
        _ => CostOutcome::NoPrice { item, quantity },
    }
}

/// The name of objects of one kind.
pub(super) fn subject(objects: &[Address]) -> String {
    match objects {
        [one] => one.to_string(),
        all => all.first().map(|first| format!("{} × {}", all.len(), first.kind)).unwrap_or_default(),
    }
}
