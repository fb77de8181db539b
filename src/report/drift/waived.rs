//! What somebody answers for: covered drift, with whose it is, why, and until when; and waivers that do nothing.

use serde_json::{Value, json};

use super::deviations;
use crate::engine::plan::Drift;
use crate::model::waiver::Waiver;
use crate::report::block::Row;
use crate::report::fields;
use crate::report::page::Remark;
use crate::report::ready::Ready;
use crate::report::text::{Label, Text};
use crate::run::{Unanswered, Waived, WaivedDrift};

/// The section of what is covered.
pub(super) fn content(waived: &Waived) -> Ready {
    let rows = waived.drift.iter().map(|one| (row(one), covered_json(one)));
    let covered = Ready::list("waived", rows);
    let idle = waived
        .unanswered
        .iter()
        .map(|(waiver, why)| waiver_json(waiver, &[("expired", json!(*why == Unanswered::Expired))]));
    covered.and_json("waivers_unused", idle.collect())
}

/// What is to be said of waivers that do nothing.
pub(super) fn remarks(waived: &Waived) -> Vec<Remark> {
    let told = |(waiver, why): &(Waiver, Unanswered)| {
        let Waiver { until, owner, reason, .. } = waiver;
        let subject = waiver.subject();
        match why {
            Unanswered::Expired => Remark::Warning(Text::of(
                Label::Plain,
                format!("the waiver of {subject} ended on {until}, and it counts again ({owner}: {reason})."),
            )),
            Unanswered::Idle => Remark::Hint(Text::of(
                Label::Plain,
                format!("the waiver of {subject} covers no drift ({owner}: {reason}); delete it from `waivers`."),
            )),
        }
    };
    waived.unanswered.iter().map(told).collect()
}

fn row(one: &WaivedDrift) -> Row {
    let WaivedDrift { address, drift, deviations, waiver, .. } = one;
    let (word, diffs) = match drift {
        Some(Drift::Gone) => ("gone", &[][..]),
        Some(Drift::Moved(diffs)) => ("changed", diffs.as_slice()),
        None => ("not declared", &[][..]),
    };
    let why = format!("until {}, {}: {}", waiver.until, waiver.owner, waiver.reason);
    let row = Row::of([
        Text::of(Label::Address, address.to_string()),
        Text::of(Label::Muted, word),
        Text::of(Label::Plain, why),
    ]);
    let told = deviations.iter().map(|one| Row::of([Text::of(Label::Plain, &one.what)]));
    Row { beneath: fields::drifted(diffs).into_iter().chain(told).collect(), ..row }
}

fn covered_json(one: &WaivedDrift) -> Value {
    let diffs = match &one.drift {
        Some(Drift::Moved(diffs)) => diffs.as_slice(),
        Some(Drift::Gone) | None => &[][..],
    };
    let undeclared: Vec<Value> = one.deviations.iter().map(deviations::told).collect();
    waiver_json(
        &one.waiver,
        &[
            ("gone", json!(one.drift == Some(Drift::Gone))),
            ("fields", json!(fields::to_json(diffs))),
            ("undeclared", json!(undeclared)),
        ],
    )
}

fn waiver_json(waiver: &Waiver, more: &[(&str, Value)]) -> Value {
    let Waiver { address, field, until, owner, reason } = waiver;
    let mut told = json!({"address": address, "field": field, "until": until, "owner": owner, "reason": reason});
    for (key, value) in more {
        told[*key] = value.clone();
    }
    told
}
