//! The signs beside words, in two alphabets: one for terminals that show everything, one of ASCII.

use crate::engine::plan::Action;
use crate::model::resource::ReplaceOrder;

use super::style::Label;

/// The signs of one alphabet. None of them says anything that no word says too.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signs {
    /// Between what is and what will be, and between steps of a chain.
    pub(super) arrow: &'static str,
    /// In place of what is left out.
    pub(super) more: &'static str,
    /// Before what went well.
    pub(super) done: &'static str,
    /// Before what failed.
    pub(super) failed: &'static str,
    /// Before what was skipped.
    pub(super) skipped: &'static str,
    /// Before a running step, and before the last of them.
    pub(super) branch: [&'static str; 2],
    /// Done, being done, to do.
    pub(super) bar: &'static str,
    /// What turns, and what it shows at rest.
    pub(super) spinner: &'static [&'static str],
}

const FULL: Signs = Signs {
    arrow: "→",
    more: "…",
    done: "✓",
    failed: "✗",
    skipped: "○",
    branch: ["├─", "└─"],
    bar: "━╸─",
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏", " "],
};

const ASCII: Signs = Signs {
    arrow: "->",
    more: "...",
    done: "+",
    failed: "x",
    skipped: "o",
    branch: ["|-", "`-"],
    bar: "=>-",
    spinner: &["|", "/", "-", "\\", " "],
};

impl Signs {
    /// The full alphabet, or ASCII alone.
    pub(super) const fn of(symbols: bool) -> Self {
        if symbols { FULL } else { ASCII }
    }
}

/// Sign, words and label of an action; nothing for none.
pub(super) const fn action(action: &Action) -> Option<(&'static str, &'static str, Label)> {
    match action {
        Action::NoOp { .. } => None,
        Action::Create { .. } => Some(("+", "create", Label::Create)),
        Action::Update { .. } => Some(("~", "update in place", Label::Update)),
        Action::Replace { order: ReplaceOrder::DeleteFirst, .. } => {
            Some(("-/+", "replace (delete, then create)", Label::Replace))
        }
        Action::Replace { order: ReplaceOrder::CreateFirst, .. } => {
            Some(("+/-", "replace (create, then delete)", Label::Replace))
        }
        Action::Delete { .. } => Some(("-", "delete", Label::Delete)),
        Action::Forget { .. } => Some((".", "forget", Label::Forget)),
    }
}
