//! How a check is built: a finding has a key to point at, and is an error only where the plan would meet it.

use serde_json::Value;

use super::CheckContext;
use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::Action;
use crate::engine::state::Deposed;
use crate::model::address::Address;
use crate::model::error::CloudError;
use crate::model::facts::Fact;
use crate::model::finding::{Check, Finding, Severity, Subject};
use crate::model::handle::At;
use crate::model::resource::Resource;
use crate::stack::Places;
use crate::text::Place;

/// A key of the declaration, or one item of a list under it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key<'a> {
    path: &'a str,
    item: Option<&'a str>,
}

impl<'a> Key<'a> {
    /// The key at this path, such as `storage.kms`.
    pub(super) const fn of(path: &'a str) -> Self {
        Self { path, item: None }
    }

    /// One item of the list at this path.
    pub(super) const fn item(path: &'a str, item: &'a str) -> Self {
        Self { path, item: Some(item) }
    }
}

/// What a finding says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// What is the matter, in one sentence.
    pub(super) what: String,
    /// Why that matters; empty when `what` says it.
    pub(super) why: String,
    /// What to do about it.
    pub(super) remedy: String,
}

impl Said {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), remedy: remedy.into() }
    }

    /// That something could not be read; `action` is the permission that reading it takes.
    pub(super) fn unread(error: &CloudError, action: &str) -> Self {
        let remedy = if error.is_denied() {
            format!("reading it takes {action}; docs/permissions.md tells which policy allows it")
        } else {
            AGAIN.to_owned()
        };
        Self::new(error.to_string(), UNCHECKED, remedy)
    }
}

const UNCHECKED: &str = "it was not checked whether this will work";

const AGAIN: &str = "run plan again; nothing is held up by this";

/// A check under construction.
#[derive(Debug)]
pub(super) struct CheckBuilder<'g> {
    places: &'g Places,
    check: Check,
}

impl<'g> CheckBuilder<'g> {
    /// A check that passes until something is found.
    pub(super) fn new(places: &'g Places, id: &'static str) -> Self {
        Self { places, check: Check::passed(id) }
    }

    /// The finished check.
    pub(super) fn done(self) -> Check {
        self.check
    }

    /// Adds a finding.
    pub(super) fn find(&mut self, severity: Severity, key: Key<'_>, said: Said) {
        let place = match key.item {
            Some(item) => self.places.item(key.path, item),
            None => self.places.key(key.path),
        };
        self.push(severity, Subject::Key(key.path.to_owned()), Some(place), said);
    }

    /// Adds a finding about a resource that no key declares.
    pub(super) fn find_at(&mut self, severity: Severity, address: Address, said: Said) {
        self.push(severity, Subject::Resource(address), None, said);
    }

    /// Whether nothing was found so far.
    pub(super) fn passes(&self) -> bool {
        self.check.findings.is_empty()
    }

    /// Whether something was found that holds the plan up.
    pub(super) fn fails(&self) -> bool {
        self.check.findings.iter().any(|finding| finding.severity == Severity::Error)
    }

    fn push(&mut self, severity: Severity, subject: Subject, place: Option<Place>, said: Said) {
        let Said { what, why, remedy } = said;
        self.check.findings.push(Finding {
            id: self.check.id,
            severity,
            grade: None,
            subject,
            place,
            what,
            why,
            remedies: vec![remedy],
        });
    }

    /// What is there. What is not, is found as `missing` with `severity`; what could not be read, as unknown: `action`
    /// is the permission that reading it takes.
    pub(super) fn there<'f, T>(
        &mut self,
        fact: Option<&'f Fact<T>>,
        key: Key<'_>,
        action: &str,
        severity: Severity,
        missing: Said,
    ) -> Option<&'f T> {
        match fact {
            Some(Fact::There(it)) => return Some(it),
            Some(Fact::Missing) => self.find(severity, key, missing),
            Some(Fact::Unread { error }) => self.unread(key, error, action),
            None => self.untold(key, "it was not asked for"),
        }
        None
    }

    /// Finds that something could not be read.
    pub(super) fn unread(&mut self, key: Key<'_>, error: &CloudError, action: &str) {
        self.find(Severity::Unknown, key, Said::unread(error, action));
    }

    /// Finds that something could not be read, about a resource that no key declares.
    pub(super) fn unread_at(&mut self, address: Address, error: &CloudError, action: &str) {
        self.find_at(Severity::Unknown, address, Said::unread(error, action));
    }

    /// That no answer came to what would have to be known.
    pub(super) fn untold(&mut self, key: Key<'_>, what: &str) {
        self.find(Severity::Unknown, key, Said::new(what, UNCHECKED, AGAIN));
    }
}

impl CheckContext<'_> {
    /// The first address at which this plan begins to use `id`: where it is made with it, or changed to it.
    pub(super) fn first_use(&self, id: &str) -> Option<&Address> {
        let begins = |diff: &FieldDiff| {
            let holds = |shown: &Shown| matches!(shown, Shown::Value(value) if mentions(value, id));
            holds(&diff.after) && !holds(&diff.before)
        };
        let uses = |action: &Action| match action {
            Action::Create { declared, .. } | Action::Replace { declared, .. } => {
                declared.fields().any(|(_, value)| mentions(value, id))
            }
            Action::Update { diffs, .. } => diffs.iter().any(begins),
            Action::NoOp { .. } | Action::Delete { .. } | Action::Forget { .. } => false,
        };
        self.plan.actions.iter().find(|(_, action)| uses(action)).map(|(address, _)| address)
    }

    /// Whether an object of this kind is recorded, or was and still has to go.
    pub(super) fn records<R: Resource>(&self, id: &str) -> bool {
        let old = |(at, old): (&Address, &Vec<Deposed>)| at.kind == R::KIND && old.iter().any(|old| old.key == id);
        self.state.index().address(&R::KIND, id).is_some() || self.state.deposed.iter().any(old)
    }

    /// Whether this plan makes an object at `address`.
    pub(super) fn makes<R: Resource>(&self, at: &At<R>) -> bool {
        self.plan.actions.get(&at.address()).is_some_and(Action::makes_new)
    }

    /// Whether this plan removes what stands at `address`, for good.
    pub(super) fn removes(&self, address: &Address) -> bool {
        matches!(self.plan.actions.get(address), Some(Action::Delete { .. }))
    }

    /// An error if this plan begins to use `id`, and a warning if it does not.
    pub(super) fn severity(&self, id: &str) -> Severity {
        if self.first_use(id).is_some() { Severity::Error } else { Severity::Warning }
    }
}

/// Whether a value is, or holds anywhere inside, exactly this text.
fn mentions(value: &Value, text: &str) -> bool {
    match value {
        Value::String(one) => one == text,
        Value::Array(items) => items.iter().any(|item| mentions(item, text)),
        Value::Object(map) => map.values().any(|item| mentions(item, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
