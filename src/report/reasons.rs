//! Why an object changes: from the action back to the line of the declaration that began it.
//!
//! Promises: a chain ends, names each object once, and says of a key only what the plan knows: that it says otherwise than
//! what is there.

use crate::engine::diff::{FieldDiff, Shown};
use crate::engine::plan::{Action, Drift, Plan, Why};
use crate::model::address::Address;
use crate::model::place::{Origin, Origins};
use crate::model::resource::OnChange;

/// One reason, which the next one explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// What it cannot outlive is replaced, or made again.
    Follows {
        /// That object.
        on: Address,
        /// Whether it is made again and not replaced.
        is_made_again: bool,
    },
    /// A key of the declaration says otherwise.
    Key {
        /// The key.
        origin: Origin,
        /// The field that somebody else changed meanwhile, if so.
        drifted: Option<String>,
    },
    /// A field is to be otherwise, and no key decides it by itself.
    Field(String),
    /// Anything else, in words.
    Other(String),
}

impl Reason {
    /// Its words, behind "because".
    pub(super) fn words(&self) -> String {
        match self {
            Self::Follows { on, is_made_again } => {
                format!("{on} is {}", if *is_made_again { "made again" } else { "replaced" })
            }
            Self::Key { origin, drifted: None } => format!("{} changed", told(origin)),
            Self::Key { origin, drifted: Some(field) } => {
                format!("somebody changed its {field}, and {} says otherwise", told(origin))
            }
            Self::Field(field) => format!("its {field} changes"),
            Self::Other(words) => words.clone(),
        }
    }
}

/// A key with its line.
pub(super) fn told(origin: &Origin) -> String {
    if origin.is_written {
        format!("{} (line {})", origin.key, origin.place.line)
    } else {
        format!("{} (its default)", origin.key)
    }
}

/// What reasons are looked up in.
#[derive(Clone, Copy)]
pub(super) struct Reasons<'a> {
    pub(super) plan: &'a Plan,
    /// Where the declaration says what the objects are to be.
    pub(super) origins: &'a Origins,
}

impl Reasons<'_> {
    /// Why something is done at `address`, each reason explained by the next.
    pub(super) fn chain(&self, address: &Address) -> Vec<Reason> {
        let (mut chain, mut seen) = (Vec::new(), vec![address.clone()]);
        loop {
            let at = seen.last().expect("it starts with the address");
            let Some(reason) = self.reason(at) else { return chain };
            let next = match &reason {
                Reason::Follows { on, .. } if !seen.contains(on) => Some(on.clone()),
                Reason::Follows { .. } | Reason::Key { .. } | Reason::Field(_) | Reason::Other(_) => None,
            };
            chain.push(reason);
            let Some(next) = next else { return chain };
            seen.push(next);
        }
    }

    /// The nearest reason; nothing where the action says it.
    fn reason(&self, at: &Address) -> Option<Reason> {
        let other = |words: &str| Some(Reason::Other(words.to_owned()));
        let (why, is_gone) = match self.plan.actions.get(at)? {
            Action::NoOp { .. } => return None,
            Action::Forget { why } => (why, true),
            Action::Create { why, .. }
            | Action::Update { why, .. }
            | Action::Replace { why, .. }
            | Action::Delete { why, .. } => (why, false),
        };
        match why {
            Why::Undeclared if is_gone => other("it is gone, and no longer declared"),
            _ if is_gone => other("it is gone already"),
            Why::New | Why::Destroyed => None,
            Why::Vanished => other("it is gone"),
            Why::Undeclared => {
                let key = self.origins.deciding(at, "").filter(|origin| origin.is_written);
                let key = key.map(|origin| format!(", see {}", told(origin))).unwrap_or_default();
                Some(Reason::Other(format!("it is no longer declared{key}")))
            }
            Why::Changed => self.changed(at),
            Why::Unfinished => other("an earlier run did not finish it"),
            Why::Tainted(because) => Some(Reason::Other(because.clone())),
            Why::Requested => other("you asked for it"),
            Why::DependencyReplaced(on) => Some(self.follows(on)),
        }
    }

    fn follows(&self, on: &Address) -> Reason {
        let is_made_again = matches!(self.plan.actions.get(on), Some(Action::Create { .. }));
        Reason::Follows { on: on.clone(), is_made_again }
    }

    /// What begins a change: of a replacement, what forces it.
    fn changed(&self, at: &Address) -> Option<Reason> {
        let (diffs, replaces) = match self.plan.actions.get(at)? {
            Action::Replace { diffs, .. } => (diffs, true),
            Action::Update { diffs, .. } => (diffs, false),
            Action::NoOp { .. } | Action::Create { .. } | Action::Delete { .. } | Action::Forget { .. } => return None,
        };
        let decides = |diff: &&FieldDiff| !replaces || diff.on_change == OnChange::Replace;
        let is_own = |diff: &&FieldDiff| !matches!(diff.after, Shown::AfterApply(_));
        if let Some(own) = diffs.iter().filter(decides).find(is_own) {
            return Some(self.of_field(at, &own.path));
        }
        diffs.iter().filter(decides).find_map(|diff| match &diff.after {
            Shown::AfterApply(on) => Some(self.follows(on)),
            Shown::Value(_) | Shown::Nothing => None,
        })
    }

    /// The key that decides a field, or the field.
    pub(super) fn of_field(&self, at: &Address, path: &str) -> Reason {
        let field = || path.split('.').next().unwrap_or_default().to_owned();
        let Some(origin) = self.origins.deciding(at, path) else {
            return Reason::Field(field());
        };
        let is_drifted = match self.plan.drift.get(at) {
            Some(Drift::Moved(moved)) => moved.iter().any(|diff| diff.path == path),
            Some(Drift::Gone) | None => false,
        };
        Reason::Key { origin: origin.clone(), drifted: is_drifted.then(field) }
    }
}
