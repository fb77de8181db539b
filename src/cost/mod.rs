//! Floor 3: what the objects of a stack cost in a month, by a dated table of list prices. Pure.
//!
//! Promises: every object is billed for something, costs nothing for a reason that is said, or has a part that is named as
//! not included; what has no price in a region is named too and is in no sum. No network, no clock: the same objects, day
//! and table give the same micro-dollars.
//!
//! Leaves to others what an object is billed for (each kind, [`Resource::BILLING`](crate::model::resource::Resource::BILLING))
//! and how it is shown (report). Formulas and sources are in `docs/cost.md`.

mod change;
mod csv;
mod estimate;
mod prices;

pub use change::{CostCause, CostChange, CostPlan};
pub use estimate::{CostEstimate, CostLine, CostOutcome};
pub use prices::{ListPrice, PriceDates, PriceTable};
