//! Objects that somebody else moved, in a plan and in a report of drift.

use serde_json::{Value, json};

use super::block::{Block, Row};
use super::fields;
use super::kinds;
use super::page::{JsonFields, SectionContent};
use super::row_status::RowStatus;
use super::text::{Label, Text};
use crate::engine::diff::FieldDiff;
use crate::engine::plan::Drift;
use crate::model::address::Address;
use crate::model::resource::Catalog;

/// Every object that was moved, in the order of addresses.
pub(super) struct Drifted<'a> {
    all: Vec<Moved<'a>>,
    catalog: &'a Catalog,
}

struct Moved<'a> {
    address: &'a Address,
    /// What differs; nothing where the object is gone.
    diffs: Option<&'a [FieldDiff]>,
    /// What more there is to say of it: what becomes of it, or how bad it is.
    more: Text,
}

impl<'a> Drifted<'a> {
    /// The objects, each with what more there is to say of it.
    pub(super) fn of(
        drift: impl IntoIterator<Item = (&'a Address, &'a Drift)>,
        catalog: &'a Catalog,
        more: impl Fn(&Address, &Drift) -> Text,
    ) -> Self {
        let moved = |(address, drift): (&'a Address, &'a Drift)| Moved {
            address,
            diffs: match drift {
                Drift::Gone => None,
                Drift::Moved(diffs) => Some(diffs.as_slice()),
            },
            more: more(address, drift),
        };
        Self { all: drift.into_iter().map(moved).collect(), catalog }
    }

    /// How many are not there any more.
    pub(super) fn gone(&self) -> usize {
        self.all.iter().filter(|moved| moved.diffs.is_none()).count()
    }

    /// How many are there, and not as they were.
    pub(super) fn changed(&self) -> usize {
        self.all.len() - self.gone()
    }

    fn to_json(&self, moved: &Moved<'_>) -> Value {
        json!({
            "address": moved.address,
            "component": kinds::component(self.catalog, &moved.address.kind).word(),
            "gone": moved.diffs.is_none(),
            "fields": fields::to_json(moved.diffs.unwrap_or_default()),
        })
    }
}

impl SectionContent for Drifted<'_> {
    fn blocks(&self) -> Vec<Block> {
        let mut sorted: Vec<&Moved<'_>> = self.all.iter().collect();
        sorted.sort_by_cached_key(|moved| kinds::order(self.catalog, moved.address));
        Block::rows(sorted.into_iter().map(Moved::row).collect())
    }

    fn json_fields(&self) -> JsonFields {
        vec![("drift", self.all.iter().map(|moved| self.to_json(moved)).collect())]
    }
}

impl Moved<'_> {
    fn row(&self) -> Row {
        let word = if self.diffs.is_none() { "gone" } else { "changed" };
        let row = Row::of([
            Text::of(Label::Address, self.address.to_string()),
            Text::of(Label::Drift, word),
            self.more.clone(),
        ]);
        Row { beneath: fields::drifted(self.diffs.unwrap_or_default()), ..row.with_status(RowStatus::Drift) }
    }
}
