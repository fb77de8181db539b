//! What of one object is not as anybody declared it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::checks;
use super::known::{Belonging, belonging};
use super::look::DeepLook;
use super::path::{FoundMember, MemberPath, plain, text_of};
use super::policies::meaning;
use super::remembered::{is_remembered, moved, now, recorded, stopped};
pub use super::removal::RemovalWay;
use super::removal::ToldFrom;
use super::rules::RuleCase;
use super::table::{LifecycleCheck, MemberClass, MemberRow};
use super::tracked::differs;
use super::words::{detail, member_name, noun, shown, told_rule, with_article};
use crate::model::address::Address;
use crate::model::described::{CallAnswer, RemovalCall};
use crate::model::error::CloudError;
use crate::model::finding::Grade;

/// What a deviation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviationClass {
    /// It is not what was recorded, of a member that no plan reads.
    Changed,
    /// Another object stands under the same name.
    Identity,
    /// Somebody set what nobody declared.
    Undeclared,
    /// A member of a list that is not ours.
    Extra,
    /// An end that comes near, or a state that is not well.
    Lifecycle,
    /// The cloud moved it. Told once, and no alarm.
    ByAws,
    /// It could not be read, and so is not in sync.
    Unread,
}

/// One thing about an object that is not as anybody declared it.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// The object.
    pub address: Address,
    /// What it is.
    pub class: DeviationClass,
    /// The call that told it.
    pub call: &'static str,
    /// Where in its answer, as the table spells it; empty where the whole answer is meant.
    pub path: &'static str,
    /// The field of ours it counts as, if there is one.
    pub field: Option<&'static str>,
    /// How grave it is.
    pub grade: Grade,
    /// What is expected: the default, what was seen first or what is recorded. `null` is nothing.
    pub before: Value,
    /// What is there.
    pub after: Value,
    /// Of a member of a list: its name.
    pub member: Option<String>,
    /// What is the matter, in one sentence.
    pub what: String,
    /// Why that matters, from the table.
    pub why: String,
    /// What there is from now on, where that is what is remembered under [`Deviation::key`] once somebody accepts it.
    pub remember: Option<Value>,
    /// Of what is not ours: how it is taken away, or why it is not taken away from here.
    pub way_out: Option<RemovalWay>,
}

impl Deviation {
    /// Whether it is drift. What the cloud moves by itself is none, and of what could not be read nobody knows.
    pub fn is_drift(&self) -> bool {
        match self.class {
            DeviationClass::ByAws | DeviationClass::Unread => false,
            DeviationClass::Changed
            | DeviationClass::Identity
            | DeviationClass::Undeclared
            | DeviationClass::Extra
            | DeviationClass::Lifecycle => true,
        }
    }

    /// What of the object it is about, as findings name it: the member of a list by its name, or else the member of the
    /// answer.
    pub fn place(&self) -> &str {
        self.member.as_deref().unwrap_or(self.path)
    }

    /// Every name by which a person may mean it: as findings do, by the member of the answer, or by our field.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [Some(self.place()), Some(self.path), self.field].into_iter().flatten()
    }

    /// The key of what is remembered of its member.
    pub fn key(&self) -> String {
        format!("{} {}", self.call, self.path)
    }
}

/// Everything about an object that is not as anybody declared it, in the order of the table: one for each field, the
/// gravest, and one for each member of a list that is not ours.
pub fn judge(look: &DeepLook<'_>) -> Vec<Deviation> {
    let answers = look.answers.get(look.address);
    let mut found = Vec::new();
    for root in look.table.rows.iter().filter(|row| matches!(row.class, MemberClass::Root(_))) {
        match answers.and_then(|answers| answers.get(root.call)) {
            Some(CallAnswer::Told(_) | CallAnswer::NotSet) => {
                let rows: Vec<&MemberRow> = look.table.of_call(root.call).collect();
                let strangers = strangers(look, &rows);
                for row in rows {
                    of_row(look, row, &strangers, &mut found);
                }
            }
            Some(CallAnswer::Unread(error)) => found.push(unread(look, root, error)),
            None => {}
        }
    }
    gravest(found)
}

/// Elements of lists that are not ours, with the lists they stand in: what stands in them is told with them.
type Strangers<'a> = Vec<(MemberPath, &'a Value)>;

fn strangers<'a>(look: &DeepLook<'a>, rows: &[&MemberRow]) -> Strangers<'a> {
    let mut strangers = Vec::new();
    for row in rows.iter().filter(|row| matches!(row.class, MemberClass::Extra { .. })) {
        let Some(list) = row.place.list() else { continue };
        for found in look.members(row) {
            if plain(found.value).is_some() && belonging(look, row, found) != Belonging::Ours {
                strangers.push((list.clone(), found.element));
            }
        }
    }
    strangers
}

/// The members of a row that are not part of something that is not ours.
fn own_members<'a>(look: &DeepLook<'a>, row: &MemberRow, strangers: &Strangers<'_>) -> Vec<FoundMember<'a>> {
    let list = row.place.list();
    let is_strange = |found: &FoundMember<'_>| {
        strangers.iter().any(|(of, element)| list.as_ref() == Some(of) && std::ptr::eq(*element, found.element))
    };
    look.members(row).into_iter().filter(|found| !is_strange(found)).collect()
}

fn of_row(look: &DeepLook<'_>, row: &MemberRow, strangers: &Strangers<'_>, found: &mut Vec<Deviation>) {
    match &row.class {
        MemberClass::Default(expected) => found.extend(undeclared(look, row, expected, strangers)),
        MemberClass::Baseline => found.extend(moved_member(look, row, DeviationClass::Undeclared)),
        MemberClass::Extra { word, .. } => {
            let members = look.members(row).into_iter().filter(|one| is_there(row, one.value));
            found.extend(members.filter_map(|one| extra(look, row, word, one)));
        }
        MemberClass::ByAws => found.extend(by_aws(look, row)),
        MemberClass::Lifecycle(check) => found.extend(lifecycle(look, row, *check, strangers)),
        MemberClass::Identity => found.extend(identity(look, row)),
        MemberClass::Tracked(_) => found.extend(changed(look, row)),
        MemberClass::Ignored | MemberClass::Root(_) => {}
    }
}

/// A deviation that a row tells of.
fn of(look: &DeepLook<'_>, row: &MemberRow, class: DeviationClass, grade: Grade, what: String) -> Deviation {
    Deviation {
        address: look.address.clone(),
        class,
        call: row.call,
        path: row.path,
        field: row.field(),
        grade,
        before: Value::Null,
        after: Value::Null,
        member: None,
        what,
        why: row.why.to_owned(),
        remember: None,
        way_out: None,
    }
}

fn unread(look: &DeepLook<'_>, root: &MemberRow, error: &CloudError) -> Deviation {
    let what = format!("what {} tells of the {} is not known: {error}", root.call, noun(look.kind()));
    let why = "it is neither in sync nor changed".to_owned();
    Deviation { path: "", why, ..of(look, root, DeviationClass::Unread, Grade::Medium, what) }
}

fn undeclared(look: &DeepLook<'_>, row: &MemberRow, expected: &Value, strangers: &Strangers<'_>) -> Option<Deviation> {
    let other = |one: &FoundMember<'_>| plain(one.value).is_some() && !is_default(row, expected, one.value);
    let others: Vec<FoundMember<'_>> = own_members(look, row, strangers).into_iter().filter(other).collect();
    let weigh = |one: &FoundMember<'_>| {
        RuleCase { look, row, before: Some(expected), after: one.value, element: one.element }.weigh()
    };
    let (grade, rule) = others.iter().filter_map(weigh).max_by_key(|(grade, _)| *grade)?;
    let after = match others.as_slice() {
        [one] => one.value.clone(),
        several => several.iter().map(|one| one.value.clone()).collect(),
    };
    let (noun, path) = (noun(look.kind()), row.path.trim_end_matches(".*"));
    let what = if plain(expected).is_none() {
        format!("the {noun} has {path} {}, which nobody declared{}", shown(&after), told_rule(rule))
    } else {
        format!("{path} of the {noun} is {} instead of {}{}", shown(&after), shown(expected), told_rule(rule))
    };
    let before = expected.clone();
    Some(Deviation { before, after, ..of(look, row, DeviationClass::Undeclared, grade, what) })
}

/// Whether a value means the same as a default.
fn is_default(row: &MemberRow, expected: &Value, value: &Value) -> bool {
    if row.path.ends_with("PolicyDocument") {
        return meaning(expected) == meaning(value);
    }
    let read = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
    plain(read.as_ref().unwrap_or(value)) == plain(expected)
}

/// Whether a member of a list is there. What `EventBridge` is told has nothing in it, and stands there all the same.
fn is_there(row: &MemberRow, value: &Value) -> bool {
    plain(value).is_some() || (row.path == "EventBridgeConfiguration" && !value.is_null())
}

fn extra(look: &DeepLook<'_>, row: &MemberRow, word: &str, found: FoundMember<'_>) -> Option<Deviation> {
    let (class, tail) = match belonging(look, row, found) {
        Belonging::Ours | Belonging::Clouds => return None,
        Belonging::Controllers => (DeviationClass::ByAws, ", which a controller or a service of AWS adds by itself"),
        Belonging::Nobodys => (DeviationClass::Extra, ""),
    };
    let ours = row.field().and_then(|field| look.declared().get(field).cloned());
    let before = ours.filter(Value::is_array);
    let case = RuleCase { look, row, before: before.as_ref(), after: found.value, element: found.element };
    let (grade, rule) = case.weigh()?;
    let member = if row.path == "ResourcePolicy" { String::new() } else { member_name(found.value) };
    let (noun, article) = (noun(look.kind()), with_article(word));
    let (grade, rule) = if class == DeviationClass::ByAws { (Grade::Low, None) } else { (grade, rule) };
    let (article, space) = if member.is_empty() { (article, "") } else { (format!("the {word}"), " ") };
    let more = detail(found.element).map(|detail| format!(" ({detail})")).unwrap_or_default();
    let what = format!("the {noun} has {article}{space}{member}{more}{}{tail}", told_rule(rule));
    let after = found.value.clone();
    let member = (!member.is_empty()).then_some(member);
    let way_out = (class == DeviationClass::Extra).then(|| way_out(look, row, found)).flatten();
    Some(Deviation { after, member, way_out, ..of(look, row, class, grade, what) })
}

/// How a member of an `extra` row is taken away; nothing where the table does not say so, or the answer lacks what the call
/// has to be told.
fn way_out(look: &DeepLook<'_>, row: &MemberRow, found: FoundMember<'_>) -> Option<RemovalWay> {
    let removal = look.table.removals.iter().find(|one| (one.call, one.path) == (row.call, row.path))?;
    let Some((call, told)) = &removal.by else { return Some(RemovalWay::ByHand(removal.why)) };
    let value = |from: ToldFrom| match from {
        ToldFrom::Field(field) => look.field(field),
        ToldFrom::Member => Some(text_of(found.value)),
        ToldFrom::Beside(path) => found.element.pointer(&format!("/{}", path.replace('.', "/"))).map(text_of),
    };
    let parameters = told.iter().map(|one| Some((one.parameter, value(one.from).filter(|text| !text.is_empty())?)));
    Some(RemovalWay::Call(RemovalCall { call, parameters: parameters.collect::<Option<_>>()? }, removal.why))
}

fn moved_member(look: &DeepLook<'_>, row: &MemberRow, class: DeviationClass) -> Option<Deviation> {
    let (before, after) = moved(look, row)?;
    let case = RuleCase { look, row, before: Some(&before), after: &after, element: &after };
    let (grade, rule) = case.weigh()?;
    let noun = noun(look.kind());
    let path = row.path.trim_end_matches(".*");
    let what = format!("{path} of the {noun} is {} and was {}{}", shown(&after), shown(&before), told_rule(rule));
    let remember = Some(now(look, row));
    Some(Deviation { before, after, remember, ..of(look, row, class, grade, what) })
}

/// What the cloud moved is told once, and that nothing is served any more for as long as it is so.
fn by_aws(look: &DeepLook<'_>, row: &MemberRow) -> Option<Deviation> {
    if let Some((grade, rule)) = stopped(look, row) {
        let (before, after) = (look.baseline.get(&row.key()).cloned().unwrap_or_default(), now(look, row));
        let path = row.path.trim_end_matches(".*");
        let what = format!("{path} of the {} is {}{}", noun(look.kind()), shown(&after), told_rule(Some(rule)));
        return Some(Deviation { before, after, ..of(look, row, DeviationClass::Lifecycle, grade, what) });
    }
    is_remembered(look, row).then(|| moved_member(look, row, DeviationClass::ByAws)).flatten()
}

fn identity(look: &DeepLook<'_>, row: &MemberRow) -> Option<Deviation> {
    let grade = row.grade?;
    let Some(expected) = recorded(look, row) else { return moved_member(look, row, DeviationClass::Identity) };
    let after = now(look, row);
    let differs = !after.is_null() && !text_of(&after).eq_ignore_ascii_case(expected);
    differs.then(|| {
        let noun = noun(look.kind());
        let what = format!("{} of the {noun} is {} and was {expected}: it is another one", row.path, shown(&after));
        let before = Value::from(expected);
        Deviation { before, after, ..of(look, row, DeviationClass::Identity, grade, what) }
    })
}

fn lifecycle(
    look: &DeepLook<'_>,
    row: &MemberRow,
    check: LifecycleCheck,
    strangers: &Strangers<'_>,
) -> Option<Deviation> {
    let members = own_members(look, row, strangers).into_iter();
    let told = members.filter_map(|found| Some((checks::told(look, row, check, found)?, found)));
    let weighed = told.filter_map(|(what, found)| {
        let case = RuleCase { look, row, before: None, after: found.value, element: found.element };
        Some((case.weigh()?, what, found))
    });
    let ((grade, rule), what, found) = weighed.max_by_key(|((grade, _), _, _)| *grade)?;
    let what = format!("the {} {what}{}", noun(look.kind()), told_rule(rule));
    let after = found.value.clone();
    Some(Deviation { after, ..of(look, row, DeviationClass::Lifecycle, grade, what) })
}

fn changed(look: &DeepLook<'_>, row: &MemberRow) -> Option<Deviation> {
    let (before, after) = differs(look, row)?;
    let (grade, rule) = RuleCase { look, row, before: Some(&before), after: &after, element: &after }.weigh()?;
    let path = row.path.trim_start_matches("PendingModifiedValues.");
    let tense = if path == row.path { "is" } else { "is to be" };
    let noun = noun(look.kind());
    let what =
        format!("{path} of the {noun} {tense} {}, recorded {}{}", shown(&after), shown(&before), told_rule(rule));
    Some(Deviation { before, after, ..of(look, row, DeviationClass::Changed, grade, what) })
}

/// One for each field, the gravest, which says how many more there are. What has no field is told each by itself, and so is
/// each member of a list by its name: one of them may be waived, and hides no other.
fn gravest(found: Vec<Deviation>) -> Vec<Deviation> {
    let mut kept: Vec<(Deviation, usize)> = Vec::new();
    let mut places: BTreeMap<(&'static str, Option<String>), usize> = BTreeMap::new();
    for one in found {
        let place = one.field.map(|field| (field, one.member.clone()));
        if let Some(at) = place.as_ref().and_then(|place| places.get(place).copied()) {
            let (best, others) = &mut kept[at];
            *others += 1;
            if one.grade > best.grade {
                *best = one;
            }
            continue;
        }
        places.extend(place.map(|place| (place, kept.len())));
        kept.push((one, 0));
    }
    let with_rest = |(one, others): (Deviation, usize)| match others {
        0 => one,
        more => Deviation { what: format!("{}, and {more} more of its {}", one.what, field_words(&one)), ..one },
    };
    kept.into_iter().map(with_rest).collect()
}

fn field_words(one: &Deviation) -> String {
    one.field.unwrap_or_default().replace('_', " ")
}
