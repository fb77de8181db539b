//! What a reviewer sees first: what users notice of a plan, the worst first, what is the same of several objects once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::block::{Block, Row};
use super::page::{JsonFields, SectionContent};
use super::text::{Label, Text};
use crate::engine::plan::Plan;
use crate::model::address::Address;
use crate::model::impact::{Impact, ImpactClass};

/// Lines of so many characters stand whole also on half of a screen.
const READABLE: usize = 54;

/// So many objects of one risk are named; the rest is counted.
const NAMED: usize = 3;

/// What a change of nothing but tags means to users.
pub(super) const NO_EFFECT: &str = "no effect";

/// The risks of a plan.
pub(super) struct Risks<'a> {
    plan: &'a Plan,
    all: Vec<Risk<'a>>,
    /// After so many characters a line is broken.
    width: usize,
}

/// Something that users notice of one object or of several.
struct Risk<'a> {
    /// What is noticed of the first of them; the same of all but which one in particular it is.
    impact: &'a Impact,
    objects: Vec<&'a Address>,
    /// Which ones in particular, as far as that is told.
    which: Vec<&'a str>,
}

impl<'a> Risks<'a> {
    /// Those of `plan`.
    pub(super) fn of(plan: &'a Plan) -> Self {
        let mut all: Vec<Risk<'a>> = Vec::new();
        let each = plan.impact.iter().flat_map(|(address, impacts)| impacts.iter().map(move |one| (address, one)));
        for (address, impact) in each.filter(|(_, impact)| impact.class.is_risk()) {
            let which = impact.which.as_deref();
            match all.iter_mut().find(|risk| risk.is_same(impact)) {
                Some(risk) => {
                    if !risk.objects.contains(&address) {
                        risk.objects.push(address);
                    }
                    risk.which.extend(which);
                }
                None => all.push(Risk { impact, objects: vec![address], which: which.into_iter().collect() }),
            }
        }
        // Stable: what is equally bad stays in the order of addresses.
        all.sort_by_key(|risk| std::cmp::Reverse(risk.impact.class));
        Self { plan, all, width: READABLE }
    }

    /// The same for pages that break lines by themselves.
    pub(super) fn unbroken(self) -> Self {
        Self { width: usize::MAX, ..self }
    }
}

impl Risks<'_> {
    /// Each in a line: what kind of thing, for how long and whom, what happens.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Text, String, Text)> {
        self.all.iter().map(|risk| (risk.word(), risk.impact.extent(), risk.told()))
    }

    /// What happens, of those of these classes.
    pub(super) fn of_classes(&self, classes: &[ImpactClass]) -> impl Iterator<Item = Text> {
        self.all.iter().filter(|risk| classes.contains(&risk.impact.class)).map(Risk::told)
    }

    /// Those of which a duration is told: what kind of thing, and for how long and whom.
    pub(super) fn lasting(&self) -> impl Iterator<Item = (Text, String)> {
        let lasting = self.all.iter().filter(|risk| risk.impact.lasts.is_some());
        lasting.map(|risk| (risk.word(), risk.impact.extent()))
    }
}

/// The worst of what users notice of a plan; nothing where they notice nothing.
pub(super) fn worst(plan: &Plan) -> Option<ImpactClass> {
    plan.impact.values().flatten().map(|one| one.class).filter(|class| class.is_risk()).max()
}

impl Risk<'_> {
    /// What kind of thing it is.
    fn word(&self) -> Text {
        Text::of(class_label(self.impact.class), self.impact.class.word())
    }

    fn is_same(&self, other: &Impact) -> bool {
        let key = |impact: &Impact| (impact.class, impact.lasts, impact.affected, impact.what.clone());
        key(self.impact) == key(other)
    }

    fn row(&self, width: usize) -> Row {
        let cells = [self.word(), Text::of(Label::Plain, self.impact.extent())];
        let beneath = Row { cells: vec![self.told().wrapped(width)], ..Row::default() };
        Row { beneath: vec![beneath], ..Row::of(cells) }
    }

    /// Of which objects it is, and what happens.
    fn told(&self) -> Text {
        let objects: Vec<String> = self.objects.iter().map(ToString::to_string).collect();
        let which: Vec<String> = self.which.iter().map(|one| (*one).to_owned()).collect();
        let mut told = Text::of(Label::Address, listed(&objects));
        if !which.is_empty() {
            told = told.with(Label::Plain, " (").with(Label::Before, listed(&which)).with(Label::Plain, ")");
        }
        told.with(Label::Plain, ": ").with(Label::Plain, &self.impact.what)
    }

    fn to_json(&self) -> Value {
        let impact = self.impact;
        json!({
            "class": impact.class, "addresses": self.objects, "lasts": impact.lasts, "affected": impact.affected,
            "what": impact.what, "which": self.which,
        })
    }
}

/// The first few of several, and how many more there are.
fn listed(all: &[String]) -> String {
    match all.len().saturating_sub(NAMED) {
        // One more takes no more room than saying so.
        0 | 1 => all.join(", "),
        more => format!("{} and {more} more", all[..NAMED].join(", ")),
    }
}

/// What a word about a class is.
pub(super) const fn class_label(class: ImpactClass) -> Label {
    match class {
        ImpactClass::DataLoss | ImpactClass::Outage => Label::Error,
        ImpactClass::DataAtRisk
        | ImpactClass::NoWayBack
        | ImpactClass::NewAddress
        | ImpactClass::Failover
        | ImpactClass::Interruption => Label::Warning,
        ImpactClass::Rolling | ImpactClass::LessResilient | ImpactClass::Access => Label::Update,
        ImpactClass::NoOutage => Label::Muted,
    }
}

/// What is noticed of one change, for programs.
pub(super) fn impact_json(impact: &Impact) -> Value {
    json!({
        "class": impact.class, "lasts": impact.lasts, "affected": impact.affected, "what": impact.what,
        "which": impact.which, "field": impact.field,
    })
}

impl SectionContent for Risks<'_> {
    fn blocks(&self) -> Vec<Block> {
        Block::rows(self.all.iter().map(|risk| risk.row(self.width)).collect())
    }

    fn json_fields(&self) -> JsonFields {
        // What there was before each risk had parts: one sentence for each object.
        let mut noticed: BTreeMap<&Address, Vec<String>> = BTreeMap::new();
        for (address, impacts) in &self.plan.impact {
            let risks = impacts.iter().filter(|one| one.class.is_risk());
            let told: Vec<String> = risks.map(|one| format!("{}: {}", one.class.word(), one.what)).collect();
            if !told.is_empty() {
                noticed.insert(address, told);
            }
        }
        let noticed = noticed.iter().map(|(at, told)| json!({"address": at, "reason": told.join("; ")}));
        vec![("risks", self.all.iter().map(Risk::to_json).collect()), ("noticed", noticed.collect())]
    }
}
