//! What an object is billed for in a month: items of a price list with how much of each, and what no estimate includes.
//!
//! Promises: an object is billed for something, or says why for nothing; what depends on use that nobody declared is named
//! as not included, never taken for zero.
//!
//! Leaves to others what an item costs (cost).

use jiff::civil::Date;
use serde::Serialize;

use super::money::Quantity;

/// Hours in a month: AWS's own calculator takes so many, a twelfth of a year of 365 days.
pub const HOURS: u64 = 730;

/// Gigabytes in a terabyte, as the steps of AWS's price lists have it (the first 10 TB are 10,240 GB).
pub const GB_IN_TB: u64 = 1024;

/// How the stack is used, as far as somebody declared it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Packages that are installed in a day, each a download.
    pub installs_per_day: Option<u64>,
    /// Megabytes of an install, on average.
    pub install_mb: Option<u64>,
    /// Terabytes of packages that are stored.
    pub package_tb: Option<u64>,
    /// Gigabytes that the nodes fetch from the internet in a month.
    pub fetched_gb: Option<u64>,
}

impl Usage {
    /// Packages that are installed in a month: a twelfth of a year of 365 days.
    pub fn installs(&self) -> Option<Quantity> {
        self.installs_per_day.map(|installs| Quantity::whole(installs).times(365).divided_by(12))
    }

    /// Gigabytes of packages that are installed in a month.
    pub fn installed_gb(&self) -> Option<Quantity> {
        Some(self.installs()?.times(self.install_mb?).divided_by(1024))
    }

    /// Gigabytes of packages that are stored.
    pub fn stored_gb(&self) -> Option<Quantity> {
        self.package_tb.map(|stored| Quantity::whole(stored).times(GB_IN_TB))
    }
}

/// What decides an estimate beside the objects themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingContext {
    /// The day for which it is made: on some days support begins to be paid for.
    pub today: Date,
    /// How the stack is used.
    pub usage: Usage,
}

/// What the objects of a kind are billed for.
#[derive(Clone, Copy, Debug)]
pub enum KindBilling<R> {
    /// For nothing, whatever is declared of them: why, as a sentence without its full stop.
    Free(&'static str),
    /// For what one of them says.
    Asked(fn(&R, &BillingContext) -> Billing),
}

/// What an object is billed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billing {
    /// For nothing: why, as a sentence without its full stop.
    Free(&'static str),
    /// For these.
    Charged(Vec<Charge>),
}

/// One thing that an object is billed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// What it is, as people say it.
    pub what: String,
    /// How much it is.
    pub amount: ChargeAmount,
    /// Whether it is the same for all objects of the kind together, as where a declared use is that of the whole stack.
    pub is_shared: bool,
}

/// How much something is that an object is billed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChargeAmount {
    /// So much of an item of the price list in a month.
    Priced {
        /// The item, as the price list has it: service and name, joined by a blank.
        item: String,
        /// How much of its unit.
        quantity: Quantity,
    },
    /// Not included in any estimate: why, as a clause.
    NotIncluded(&'static str),
}

impl Charge {
    /// So much of an item in a month.
    pub fn of(what: impl Into<String>, item: impl Into<String>, quantity: Quantity) -> Self {
        let amount = ChargeAmount::Priced { item: item.into(), quantity };
        Self { what: what.into(), amount, is_shared: false }
    }

    /// So many of an item, each hour of a month.
    pub fn hourly(what: impl Into<String>, item: impl Into<String>, count: u64) -> Self {
        Self::of(what, item, Quantity::whole(HOURS).times(count))
    }

    /// So much of an item for the whole month.
    pub fn monthly(what: impl Into<String>, item: impl Into<String>, count: u64) -> Self {
        Self::of(what, item, Quantity::whole(count))
    }

    /// What no estimate includes, and why, as a clause.
    pub fn not_included(what: impl Into<String>, why: &'static str) -> Self {
        Self { what: what.into(), amount: ChargeAmount::NotIncluded(why), is_shared: false }
    }

    /// What depends on a use: so much of an item, or not included where nobody declared the use.
    pub fn used(what: &str, item: &str, quantity: Option<Quantity>, undeclared: &'static str) -> Self {
        match quantity {
            Some(quantity) => Self::of(what, item, quantity),
            None => Self::not_included(what, undeclared),
        }
    }

    /// What a price list has in steps, each an item for what is above the step before: `steps` are the items, each with the
    /// whole amount at which it ends. What is above the last end is billed at its price. An undeclared amount is one line that
    /// is not included.
    pub fn stepped(
        what: &str,
        steps: &[(&str, u64)],
        quantity: Option<Quantity>,
        undeclared: &'static str,
    ) -> Vec<Self> {
        let Some(quantity) = quantity else { return vec![Self::not_included(what, undeclared)] };
        let mut charges = Vec::new();
        let mut floor = 0;
        for (n, (item, end)) in steps.iter().enumerate() {
            let above = quantity.above(floor);
            let here = if n + 1 == steps.len() { above } else { above.at_most(end - floor) };
            if n == 0 || !here.is_none() {
                charges.push(Self::of(what, *item, here));
            }
            floor = *end;
        }
        charges
    }

    /// The same for all objects of its kind together.
    #[must_use]
    pub fn shared(self) -> Self {
        Self { is_shared: true, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [(&str, u64); 3] = [("s a", 10), ("s b", 50), ("s c", u64::MAX)];

    fn stepped(quantity: Option<u64>) -> Vec<(String, String)> {
        let charges = Charge::stepped("data", &STEPS, quantity.map(Quantity::whole), "nobody knows");
        let told = |charge: Charge| match charge.amount {
            ChargeAmount::Priced { item, quantity } => (item, quantity.to_string()),
            ChargeAmount::NotIncluded(why) => (why.to_owned(), String::new()),
        };
        charges.into_iter().map(told).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn steps_are_billed_each_at_its_own_price() {
        assert_eq!(stepped(Some(10)), pairs(&[("s a", "10")]));
        assert_eq!(stepped(Some(11)), pairs(&[("s a", "10"), ("s b", "1")]));
        assert_eq!(stepped(Some(120)), pairs(&[("s a", "10"), ("s b", "40"), ("s c", "70")]));
        assert_eq!(stepped(Some(0)), pairs(&[("s a", "0")]));
        assert_eq!(stepped(None), pairs(&[("nobody knows", "")]));
    }

    #[test]
    fn use_is_counted_by_the_month() {
        let usage = Usage { installs_per_day: Some(1_200_000), install_mb: Some(2), ..Usage::default() };
        assert_eq!(usage.installs(), Some(Quantity::whole(36_500_000)));
        assert_eq!(usage.installed_gb().unwrap().to_string(), "71289.062500");
        assert_eq!(Usage { install_mb: None, ..usage }.installed_gb(), None);
        assert_eq!(Usage { package_tb: Some(2), ..usage }.stored_gb(), Some(Quantity::whole(2048)));
    }
}
