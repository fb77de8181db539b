//! The signs beside words, in two alphabets: one for terminals that show everything, one of ASCII.

use crate::model::finding::Severity;
use crate::report::{RowStatus, Sign};

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
    arrow: Sign::Arrow.symbol(),
    more: Sign::More.symbol(),
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

    /// How a sign of a text is spelled.
    pub(super) const fn spell(&self, sign: Sign) -> &'static str {
        match sign {
            Sign::Arrow => self.arrow,
            Sign::More => self.more,
        }
    }

    /// What stands before a row.
    pub(super) const fn status(&self, status: RowStatus) -> &'static str {
        match status {
            RowStatus::Create => "+",
            RowStatus::Update => "~",
            RowStatus::ReplaceCreateFirst => "+/-",
            RowStatus::ReplaceDeleteFirst => "-/+",
            RowStatus::Delete => "-",
            RowStatus::Forget => ".",
            RowStatus::Drift | RowStatus::Wrong(Severity::Warning) => "!",
            RowStatus::Well => self.done,
            RowStatus::Elsewhere => self.skipped,
            RowStatus::Wrong(Severity::Error) => self.failed,
            RowStatus::Wrong(Severity::Unknown) => "?",
        }
    }
}
