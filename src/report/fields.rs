//! What differs beneath one object: a row for each value, sets as what is added and removed, policies by statement.

use serde_json::{Value, json};

use super::block::Row;
use super::kinds::CHOICES;
use super::text::{Label, Text};
use super::value;
use super::value::statements::{self, Change};
use crate::engine::diff::{FieldDiff, Shown};
use crate::model::document::Document;
use crate::model::mark::{ADDRESS_TAG, ATTEMPT_TAG, STACK_TAG};
use crate::model::reference::references_in;
use crate::model::resource::OnChange;

/// Longer than this, what belongs together is written below each other.
pub(super) const LONG: usize = 88;

/// What two sides of a difference mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sides {
    /// What is there, and what will be.
    Change,
    /// What is recorded, and what was found.
    Drift,
}

/// What was recorded and what was found instead, as rows of three cells.
pub fn drifted(diffs: &[FieldDiff]) -> Vec<Row> {
    rows(diffs, &[], Sides::Drift)
}

/// What was recorded of one field, and what was found instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldDrift {
    /// The field.
    pub(super) path: String,
    /// Both sides, in the words of [`drifted`].
    pub(super) what: String,
    /// What putting it back means; empty where nothing is to be said of that.
    pub(super) why: String,
}

/// As [`drifted`], a sentence for each field.
pub(super) fn field_drift(diffs: &[FieldDiff]) -> Vec<FieldDrift> {
    let field = |one: FieldText| FieldDrift {
        path: one.name,
        what: one.bodies.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        why: one.follows.to_string(),
    };
    field_texts(diffs, &[], Wording { sides: Sides::Drift, widest: usize::MAX }).into_iter().map(field).collect()
}

/// The differences as rows of three cells: the field, what it says, what follows. `via` are the documents that an
/// update passes through first.
pub(super) fn rows(diffs: &[FieldDiff], via: &[Document], sides: Sides) -> Vec<Row> {
    let row = |one: FieldText| Row {
        cells: vec![vec![Text::of(Label::Plain, one.name)], one.bodies, vec![one.follows]],
        ..Row::default()
    };
    field_texts(diffs, via, Wording { sides, widest: LONG }).into_iter().map(row).collect()
}

/// One difference as it is told.
struct FieldText {
    /// The field.
    name: String,
    /// What it says, in one line or several.
    bodies: Vec<Text>,
    /// What follows from it; empty where nothing does.
    follows: Text,
}

fn field_texts(diffs: &[FieldDiff], via: &[Document], wording: Wording) -> Vec<FieldText> {
    let mut all = Vec::new();
    for diff in together(diffs.iter().flat_map(spread).collect()) {
        let follows = match (wording.sides, diff.on_change) {
            (Sides::Change, OnChange::Replace) => Text::of(Label::Replace, "forces replacement"),
            (Sides::Drift, OnChange::Replace) => Text::of(Label::Replace, "putting it back replaces the object"),
            (_, OnChange::Update | OnChange::UpdateDangling | OnChange::UpdateStepwise | OnChange::Ignore) => {
                Text::new()
            }
        };
        let name = diff.path.strip_suffix(".Statement").unwrap_or(&diff.path);
        let rungs = match diff.on_change {
            OnChange::UpdateStepwise => via.iter().filter_map(|rung| rung.text(&diff.path)).collect(),
            OnChange::Update | OnChange::UpdateDangling | OnChange::Replace | OnChange::Ignore => Vec::new(),
        };
        let bodies = wording.bodies(&diff, &rungs);
        if !bodies.is_empty() {
            all.push(FieldText { name: name.to_owned(), bodies, follows });
        }
    }
    all
}

/// The differences for programs.
pub(super) fn to_json(diffs: &[FieldDiff]) -> Vec<Value> {
    let to_json = |diff: &FieldDiff| {
        json!({
            "path": diff.path, "before": side(&diff.before), "after": side(&diff.after), "on_change": diff.on_change,
        })
    };
    diffs.iter().map(to_json).collect()
}

/// One side of a difference for programs.
pub(super) fn side(shown: &Shown) -> Value {
    match shown {
        Shown::Value(value) => json!({"value": value}),
        Shown::AfterApply(address) => json!({"new": address}),
        Shown::Nothing => Value::Null,
    }
}

/// Every field of an object that is made, but empty ones and our own marks, as rows of two cells.
pub(super) fn declared(document: &Document) -> Vec<Row> {
    let mut rows = Vec::new();
    for (field, value) in document.fields() {
        let mut leaves = Vec::new();
        flatten(field, value, &mut leaves);
        for (path, value) in leaves {
            if value::is_empty(value) || is_mark(&path) {
                continue;
            }
            let words = value::words_in(field, value);
            let items: Vec<String> = match value.as_array() {
                Some(items) if words.chars().count() > LONG => {
                    items.iter().map(|item| value::words_in(field, item)).collect()
                }
                Some(_) | None => vec![words],
            };
            let name = path.strip_suffix(".Statement").unwrap_or(&path);
            let items = items.iter().map(|item| Text::of(Label::After, item)).collect();
            rows.push(Row { cells: vec![vec![Text::of(Label::Muted, name)], items], ..Row::default() });
        }
    }
    rows
}

/// Whether `path` is one of the tags by which we know our own objects.
pub(super) fn is_mark(path: &str) -> bool {
    path.strip_prefix("tags.").is_some_and(|tag| [STACK_TAG, ADDRESS_TAG, ATTEMPT_TAG, "Name"].contains(&tag))
}

fn flatten<'v>(path: &str, value: &'v Value, leaves: &mut Vec<(String, &'v Value)>) {
    match value::parts(value) {
        None => leaves.push((path.to_owned(), value)),
        Some(map) => {
            let mut pairs: Vec<(&String, &Value)> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            for (key, value) in pairs {
                flatten(&format!("{path}.{key}"), value, leaves);
            }
        }
    }
}

/// A value with parts that appears or disappears as a whole is a difference of each part.
fn spread(diff: &FieldDiff) -> Vec<FieldDiff> {
    let one = |path, before, after| FieldDiff { path, before, after, on_change: diff.on_change };
    let (value, appears) = if let (Shown::Nothing, Shown::Value(value)) = (&diff.before, &diff.after) {
        (value, true)
    } else if let (Shown::Value(value), Shown::Nothing) = (&diff.before, &diff.after) {
        (value, false)
    } else {
        return vec![diff.clone()];
    };
    let mut leaves = Vec::new();
    flatten(&diff.path, value, &mut leaves);
    let leaves = leaves.into_iter().map(|(path, value)| {
        let value = Shown::Value(value.clone());
        if appears { one(path, Shown::Nothing, value) } else { one(path, value, Shown::Nothing) }
    });
    leaves.collect()
}

/// Where a value chose one thing and chooses another now, both differences become the one of that value.
fn together(diffs: Vec<FieldDiff>) -> Vec<FieldDiff> {
    let mut joined: Vec<FieldDiff> = Vec::new();
    for diff in diffs {
        match joined.last_mut().and_then(|last| choice(last, &diff).map(|one| (last, one))) {
            Some((last, one)) => *last = one,
            None => joined.push(diff),
        }
    }
    joined
}

fn choice(one: &FieldDiff, other: &FieldDiff) -> Option<FieldDiff> {
    let (parent, first) = one.path.rsplit_once('.')?;
    let (same, second) = other.path.rsplit_once('.')?;
    if parent != same || !CHOICES.contains(&first) || !CHOICES.contains(&second) {
        return None;
    }
    let chosen = |word: &str, value: &Value| {
        Shown::Value(Value::Object([(word.to_owned(), value.clone())].into_iter().collect()))
    };
    let sides = (&one.before, &one.after, &other.before, &other.after);
    let (before, after) = if let (Shown::Value(old), Shown::Nothing, Shown::Nothing, Shown::Value(new)) = sides {
        (chosen(first, old), chosen(second, new))
    } else if let (Shown::Nothing, Shown::Value(new), Shown::Value(old), Shown::Nothing) = sides {
        (chosen(second, old), chosen(first, new))
    } else {
        return None;
    };
    Some(FieldDiff { path: parent.to_owned(), before, after, on_change: one.on_change })
}

#[derive(Clone, Copy)]
struct Wording {
    sides: Sides,
    /// Longer than this, what belongs together is written below each other.
    widest: usize,
}

impl Wording {
    /// What a difference says, in one line or several.
    fn bodies(&self, diff: &FieldDiff, rungs: &[&str]) -> Vec<Text> {
        let none = Vec::new();
        match (&diff.before, &diff.after) {
            (before, Shown::AfterApply(target)) => {
                let fresh = Text::of(Label::After, format!("the new {target}"));
                match before {
                    Shown::Value(value) if !references_in(value).contains(target) => {
                        let before = Text::of(Label::Before, value::words_in(&diff.path, value));
                        vec![before.and(Text::arrow()).and(fresh)]
                    }
                    Shown::Value(_) | Shown::AfterApply(_) | Shown::Nothing => vec![fresh],
                }
            }
            (Shown::Value(Value::Array(old)), Shown::Value(Value::Array(new))) => self.lists(&diff.path, old, new),
            (Shown::Value(Value::Array(old)), Shown::Nothing) if !old.is_empty() => self.lists(&diff.path, old, &none),
            (Shown::Nothing, Shown::Value(Value::Array(new))) if !new.is_empty() => self.lists(&diff.path, &none, new),
            (before, after) => self.values(&diff.path, value_of(before), value_of(after), rungs),
        }
    }

    fn values(&self, path: &str, before: Option<&Value>, after: Option<&Value>, rungs: &[&str]) -> Vec<Text> {
        match (before, after, self.sides) {
            (None, Some(value), Sides::Change) => vec![self.more(&value::words_in(path, value))],
            (Some(value), None, Sides::Change) => vec![self.less(&value::words_in(path, value))],
            (None, None, _) => vec![Text::of(Label::Muted, "none")],
            (Some(_), Some(_), _) | (_, _, Sides::Drift) => {
                let (old, new) = value::both(path, before.unwrap_or(&Value::Null), after.unwrap_or(&Value::Null));
                self.change(&old, rungs, &new)
            }
        }
    }

    fn change(&self, old: &str, rungs: &[&str], new: &str) -> Vec<Text> {
        let long = old.chars().count() + new.chars().count() > self.widest;
        let (old, new) = (Text::of(Label::Before, old), Text::of(Label::After, new));
        let muted = |text: &str| Text::of(Label::Muted, text);
        match (self.sides, long) {
            (Sides::Change, false) => {
                let mut line = old.and(Text::arrow());
                for rung in rungs {
                    line.append(Text::of(Label::After, rung).and(Text::arrow()));
                }
                vec![line.and(new)]
            }
            (Sides::Change, true) => vec![self.less_of(old), self.more_of(new)],
            (Sides::Drift, false) => vec![muted("recorded ").and(old).and(muted(", found ")).and(new)],
            (Sides::Drift, true) => vec![muted("recorded ").and(old), muted("found    ").and(new)],
        }
    }

    fn lists(&self, path: &str, old: &[Value], new: &[Value]) -> Vec<Text> {
        let whole = |items: &[Value]| Value::Array(items.to_vec());
        let policy = |items: &[Value]| items.is_empty() || statements::are_statements(&whole(items));
        if !(old.is_empty() && new.is_empty()) && policy(old) && policy(new) {
            return statements::changes(old, new).iter().flat_map(|change| self.statement(change)).collect();
        }
        let (added, removed) = (missing(new, old), missing(old, new));
        if added.is_empty() && removed.is_empty() {
            return self.values(path, Some(&whole(old)), Some(&whole(new)), &[]);
        }
        let told = |item: &&Value| value::words_in(path, item);
        let lines = added.iter().map(|item| self.more(&told(item)));
        let lines: Vec<Text> = lines.chain(removed.iter().map(|item| self.less(&told(item)))).collect();
        if lines.iter().map(Text::width).sum::<usize>() > self.widest {
            return lines;
        }
        let mut one = Text::new();
        for line in lines {
            if !one.is_empty() {
                one.push(Label::Plain, "  ");
            }
            one.append(line);
        }
        vec![one]
    }

    fn statement(&self, change: &Change) -> Vec<Text> {
        match change {
            Change::Added(statement) => vec![self.more(&statements::sentence(statement))],
            Change::Removed(statement) => vec![self.less(&statements::sentence(statement))],
            Change::Within { name, part, before, after } => {
                let none = Vec::new();
                let bodies = match (before, after) {
                    (Some(Value::Array(old)), Some(Value::Array(new))) => self.lists(part, old, new),
                    (Some(Value::Array(old)), None) => self.lists(part, old, &none),
                    (None, Some(Value::Array(new))) => self.lists(part, &none, new),
                    (before, after) => self.values(part, before.as_ref(), after.as_ref(), &[]),
                };
                let head = Text::of(Label::Update, "~ ").with(Label::Plain, format!("{name} {part}  "));
                let width = head.width();
                let heads = std::iter::once(head).chain(std::iter::repeat(Text::of(Label::Plain, " ".repeat(width))));
                heads.zip(bodies).map(|(head, body)| head.and(body)).collect()
            }
        }
    }

    fn more(&self, text: &str) -> Text {
        self.more_of(Text::of(Label::After, text))
    }

    fn less(&self, text: &str) -> Text {
        self.less_of(Text::of(Label::Before, text))
    }

    fn more_of(&self, text: Text) -> Text {
        Text::of(Label::Create, if self.sides == Sides::Drift { "+ found " } else { "+ " }).and(text)
    }

    fn less_of(&self, text: Text) -> Text {
        Text::of(Label::Delete, if self.sides == Sides::Drift { "- gone " } else { "- " }).and(text)
    }
}

fn value_of(shown: &Shown) -> Option<&Value> {
    match shown {
        Shown::Value(value) => Some(value),
        Shown::AfterApply(_) | Shown::Nothing => None,
    }
}

/// What `items` has more than `others`, each as often as it is too many.
fn missing<'v>(items: &'v [Value], others: &[Value]) -> Vec<&'v Value> {
    let mut left: Vec<&Value> = others.iter().collect();
    items
        .iter()
        .filter(|item| match left.iter().position(|other| other == item) {
            Some(place) => {
                left.swap_remove(place);
                false
            }
            None => true,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::lines;

    fn shown(value: impl Into<Option<Value>>) -> Shown {
        Shown::from(value.into().as_ref())
    }

    fn diff(path: &str, before: impl Into<Option<Value>>, after: impl Into<Option<Value>>) -> FieldDiff {
        FieldDiff { path: path.to_owned(), before: shown(before), after: shown(after), on_change: OnChange::Update }
    }

    fn told(sides: Sides, diffs: &[FieldDiff]) -> Vec<String> {
        lines(rows(diffs, &[], sides), true)
    }

    #[test]
    fn values_change_from_one_to_the_other() {
        let diffs = [diff("storage_gib", json!(100), json!(200)), diff("tags.team", json!("a"), json!("b"))];
        assert_eq!(told(Sides::Change, &diffs), ["storage_gib  100 → 200", "tags.team    a → b"]);
        assert_eq!(told(Sides::Drift, &diffs)[0], "storage_gib  recorded 100, found 200");
    }

    #[test]
    fn values_come_and_go() {
        let diffs = [diff("tags.new", json!(null), json!("b")), diff("tags.old", json!("a"), json!(null))];
        assert_eq!(told(Sides::Change, &diffs), ["tags.new  + b", "tags.old  - a"]);
        assert_eq!(told(Sides::Drift, &diffs)[1], "tags.old  recorded a, found none");
    }

    #[test]
    fn sets_show_what_is_added_and_removed() {
        let named = |name: &str| json!({"$ref": format!("subnet.{name}")});
        let diffs = [diff("subnets", json!([named("a"), named("b")]), json!([named("b"), named("c")]))];
        assert_eq!(told(Sides::Change, &diffs), ["subnets  + subnet.c  - subnet.a"]);
        assert_eq!(told(Sides::Drift, &diffs), ["subnets  + found subnet.c  - gone subnet.a"]);
        let order = [diff("list", json!([1, 2]), json!([2, 1]))];
        assert_eq!(told(Sides::Change, &order), ["list  1, 2 → 2, 1"]);
    }

    #[test]
    fn long_values_stand_below_each_other() {
        let (old, new) = ("o".repeat(60), "n".repeat(60));
        let diffs = [diff("certificate", json!(old), json!(new))];
        assert_eq!(told(Sides::Change, &diffs), [format!("certificate  - {old}"), format!("             + {new}")]);
    }

    #[test]
    fn what_will_be_new_is_called_by_its_name() {
        let target = "vpc.main".parse().unwrap();
        let mut moved = diff("vpc", json!({"$ref": "vpc.main"}), json!(null));
        moved.after = Shown::AfterApply(target);
        moved.on_change = OnChange::Replace;
        assert_eq!(told(Sides::Change, &[moved.clone()]), ["vpc  the new vpc.main  forces replacement"]);
        moved.before = shown(json!({"id": "vpc-0abc"}));
        assert_eq!(told(Sides::Change, &[moved]), ["vpc  vpc-0abc → the new vpc.main  forces replacement"]);
    }

    #[test]
    fn another_choice_is_one_change() {
        let diffs = [
            diff("routes.0.0.0.0/0.blackhole", json!(null), json!("nat-0abc")),
            diff("routes.0.0.0.0/0.nat_gateway", json!({"$ref": "nat_gateway.a"}), json!(null)),
        ];
        assert_eq!(told(Sides::Drift, &diffs), ["routes.0.0.0.0/0  recorded nat_gateway.a, found blackhole nat-0abc"]);
    }

    #[test]
    fn policies_change_by_statement() {
        let statement =
            |actions: Value| json!({"Sid": "Read", "Effect": "Allow", "Action": actions, "Resource": ["x"]});
        let diffs = [diff(
            "policy.Statement",
            json!([statement(json!(["a", "b"]))]),
            json!([statement(json!(["b", "c"])), {"Effect": "Deny", "Action": ["d"]}]),
        )];
        assert_eq!(told(Sides::Change, &diffs), ["policy  ~ Read Action  + c  - a", "        + deny d"]);
    }

    #[test]
    fn a_map_that_appears_shows_its_parts() {
        let diffs = [diff("health_check", json!(null), json!({"path": "/", "port": {"$ref": "vpc.main"}}))];
        assert_eq!(told(Sides::Change, &diffs), ["health_check.path  + /", "health_check.port  + vpc.main"]);
    }

    #[test]
    fn climbing_names_every_rung() {
        let mut climb = diff("version", json!("1.31"), json!("1.33"));
        climb.on_change = OnChange::UpdateStepwise;
        let via = [Document::of(&json!({"version": "1.32"}))];
        let lines = lines(rows(&[climb], &via, Sides::Change), false);
        assert_eq!(lines[0], "version  1.31 -> 1.32 -> 1.33");
    }

    #[test]
    fn what_is_made_shows_no_marks() {
        let document = Document::of(&json!({
            "cidr": "10.0.0.0/16", "empty": [], "none": null,
            "tags": {"Name": "x", "ppm-infra:stack": "x", "team": "data"},
        }));
        assert_eq!(lines(declared(&document), true), ["cidr       10.0.0.0/16", "tags.team  data"]);
    }
}
