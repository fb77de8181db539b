//! What is done when, as long as everything takes its usual time.
//!
//! Promises: every step of the plan has a bar, in the order in which they begin.

use std::collections::BTreeSet;

use super::block::RowStatus;
use super::steps;
use super::text::{Label, Text};
use crate::engine::forecast::{Forecast, TimedStep};
use crate::engine::plan::StepKey;
use crate::model::duration::TimedVerb;

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
    /// That of a forecast; nothing where there is nothing to tell.
    pub(super) fn of(forecast: &Forecast) -> Option<Self> {
        let chain: BTreeSet<&StepKey> = forecast.chain.iter().map(|(step, _)| step).collect();
        let bar = |TimedStep { step, starts, duration }: &TimedStep| TimelineBar {
            name: Text::of(Label::Address, steps::words(step)),
            status: match step.verb() {
                TimedVerb::Create => RowStatus::Create,
                TimedVerb::Update => RowStatus::Update,
                TimedVerb::Delete => RowStatus::Delete,
            },
            starts: *starts,
            seconds: duration.p50,
            is_critical: chain.contains(step),
        };
        let bars: Vec<TimelineBar> = forecast.timetable.iter().map(bar).collect();
        let told = Self { bars, seconds: forecast.p50(), p90_seconds: forecast.p90() };
        (!told.bars.is_empty()).then_some(told)
    }

    /// Seconds until the last step is over if each takes its usual time. The whole usually takes longer: of many steps one is
    /// late.
    pub fn end(&self) -> u64 {
        self.bars.iter().map(|bar| bar.starts.saturating_add(bar.seconds)).max().unwrap_or_default()
    }
}
