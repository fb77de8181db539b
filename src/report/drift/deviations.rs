//! What nobody declared: what stands there beside it, in one line each.

use serde_json::{Value, json};

use super::{classes, remedies};
use crate::described::judge::{Deviation, DeviationClass};
use crate::model::finding::{Finding, Grade, Subject};
use crate::model::place::Origins;
use crate::report::block::Row;
use crate::report::page::FindingClass;
use crate::report::ready::Ready;
use crate::report::text::{Label, Text};

/// The section of all of them, the gravest first.
pub(super) fn content(all: &[Deviation]) -> Ready {
    let mut sorted: Vec<&Deviation> = all.iter().collect();
    sorted.sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.address.cmp(&b.address)));
    Ready::list("undeclared", sorted.into_iter().map(|one| (row(one), told(one))))
}

fn row(one: &Deviation) -> Row {
    Row::of([
        Text::of(Label::Address, one.address.to_string()),
        Text::of(label(one.grade), one.grade.word()),
        Text::of(Label::Plain, &one.what),
    ])
}

/// What a grade is to the eye.
pub(super) const fn label(grade: Grade) -> Label {
    match grade {
        Grade::Critical | Grade::High => Label::Error,
        Grade::Medium | Grade::Low => Label::Warning,
    }
}

/// One of them for programs.
pub(super) fn told(one: &Deviation) -> Value {
    json!({
        "address": one.address,
        "class": class(one.class).id,
        "severity": one.grade.word(),
        "call": one.call,
        "member": one.path,
        "name": one.member,
        "before": one.before,
        "after": one.after,
        "what": one.what,
        "why": one.why,
    })
}

/// The finding that tells of it.
pub(super) fn finding(one: &Deviation, origins: &Origins, quoted_file: &str) -> Finding {
    let class = class(one.class);
    let mut remedies = vec![class.advice.to_owned()];
    if one.is_drift() {
        remedies.extend(remedies::of_undeclared(one, quoted_file));
    }
    Finding {
        severity: one.grade.severity(),
        grade: Some(one.grade),
        place: origins.of(&one.address, one.field.unwrap_or_default()),
        subject: Subject::Field(one.address.clone(), one.place().to_owned()),
        why: one.why.clone(),
        remedies,
        ..Finding::error(class.id, &one.address, one.what.clone())
    }
}

fn class(class: DeviationClass) -> &'static FindingClass {
    match class {
        DeviationClass::Changed | DeviationClass::Identity => &classes::MEMBER_CHANGED,
        DeviationClass::Undeclared => &classes::UNDECLARED,
        DeviationClass::Extra => &classes::EXTRA,
        DeviationClass::Lifecycle => &classes::LIFECYCLE,
        DeviationClass::ByAws => &classes::BY_AWS,
        DeviationClass::Unread => &classes::UNREAD,
    }
}
