//! How long things take, before there is experience: the table beside this file, read once.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::model::duration::{DurationCase, DurationSpread, TimedVerb, Typical};

const TABLE: &str = include_str!("durations.tsv");

static TYPICAL: LazyLock<BTreeMap<&'static str, Typical>> = LazyLock::new(|| {
    let mut rows: BTreeMap<&str, Vec<Row>> = BTreeMap::new();
    for line in TABLE.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let (kind, row) = Row::read(line).unwrap_or_else(|| panic!("durations.tsv has no such form: {line}"));
        rows.entry(kind).or_default().push(row);
    }
    rows.into_iter().map(|(kind, rows)| (kind, collected(kind, &rows))).collect()
});

/// How long the verbs of a kind take. The table has a row for each: a test holds that.
pub(super) fn typical(kind: &str) -> Typical {
    *TYPICAL.get(kind).unwrap_or_else(|| panic!("durations.tsv has no {kind}"))
}

/// A row of the table, but for its kind and its source.
#[derive(Clone, Copy)]
struct Row {
    verb: TimedVerb,
    /// The field of a case, and the value it has there.
    case: Option<(&'static str, Option<&'static str>)>,
    spread: DurationSpread,
}

impl Row {
    fn read(line: &'static str) -> Option<(&'static str, Self)> {
        let mut cells = line.split('\t');
        let (kind, what) = (cells.next()?, cells.next()?);
        let (verb, case) = match what.split_once(' ') {
            Some((verb, case)) => (verb, Some(case)),
            None => (what, None),
        };
        let verb = TimedVerb::ALL.into_iter().find(|known| known.word() == verb)?;
        let case = case.map(|case| match case.split_once('=') {
            Some((field, value)) => (field, Some(value)),
            None => (case, None),
        });
        let spread = DurationSpread::of(cells.next()?.parse().ok()?, cells.next()?.parse().ok()?);
        Some((kind, Self { verb, case, spread }))
    }
}

fn collected(kind: &str, rows: &[Row]) -> Typical {
    let usual = |verb: TimedVerb| {
        let row = rows.iter().find(|row| row.verb == verb && row.case.is_none());
        row.unwrap_or_else(|| panic!("durations.tsv has no row for {} of {kind}", verb.word())).spread
    };
    let cases = rows.iter().filter_map(|row| {
        let (field, value) = row.case?;
        Some(DurationCase { verb: row.verb, field, value, spread: row.spread })
    });
    let [create, update, delete] = TimedVerb::ALL.map(usual);
    // The table is as long-lived as the program.
    Typical { create, update, delete, cases: Vec::leak(cases.collect()) }
}
