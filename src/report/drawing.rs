//! What pages draw: how objects hang together, and what is done when.
//!
//! Promises: a drawing holds what there is to draw and no place in a picture; that is its printer's business.

use super::row_status::RowStatus;
use super::text::Text;
use crate::model::address::Address;

/// Objects, and what each needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// What they stand in: the region first, then each zone.
    pub lanes: Vec<Text>,
    /// The objects.
    pub nodes: Vec<GraphNode>,
    /// What they need of each other.
    pub ties: Vec<GraphTie>,
}

/// An object in a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphNode {
    /// Its address.
    pub address: Address,
    /// What happens to it; nothing where it stays as it is.
    pub status: Option<RowStatus>,
    /// The same in words, with what users notice; empty where the drawing is of no plan.
    pub told: Text,
    /// The worst of what users notice of that; empty where they notice nothing.
    pub risk: Text,
    /// The first and the last lane that it stands in.
    pub lanes: (usize, usize),
    /// At which places of the longest chain of steps its own are, from 1.
    pub turns: Vec<usize>,
}

/// What one object needs of another, by their places among the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphTie {
    /// Who needs.
    pub from: usize,
    /// What is needed.
    pub to: usize,
    /// Why; nothing where the one points at the other.
    pub why: Option<Text>,
    /// Whether it is a part of the longest chain.
    pub is_critical: bool,
}

/// Steps beside each other, from the beginning of the whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    /// The steps, in the order in which they begin.
    pub bars: Vec<TimelineBar>,
    /// Seconds the whole usually takes.
    pub seconds: u64,
    /// Seconds it seldom takes longer than.
    pub p90_seconds: u64,
}

/// A step on a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineBar {
    /// What it does, such as `create vpc.main`.
    pub name: Text,
    /// What it does to the object.
    pub status: RowStatus,
    /// Seconds from the beginning of the whole to its own.
    pub starts: u64,
    /// Seconds it usually takes.
    pub seconds: u64,
    /// Whether it is a part of the longest chain.
    pub is_critical: bool,
}

impl Timeline {
    /// Seconds until the last step is over if each takes its usual time. The whole usually takes longer: of many steps one is
    /// late.
    pub fn end(&self) -> u64 {
        self.bars.iter().map(|bar| bar.starts.saturating_add(bar.seconds)).max().unwrap_or_default()
    }
}
