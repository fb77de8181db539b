//! What is done when, as long as everything takes its usual time.
//!
//! Promises: every step of the plan has a bar, in the order in which they begin.

use std::collections::BTreeSet;

use super::drawing::{Timeline, TimelineBar};
use super::row_status::RowStatus;
use super::steps;
use super::text::{Label, Text};
use crate::engine::forecast::{Forecast, TimedStep};
use crate::engine::plan::StepKey;
use crate::model::duration::TimedVerb;

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
}
