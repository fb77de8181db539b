//! Floor 5: events and plans to text.
//!
//! Promises: everything but [`Live`] is a pure function from values to [`Styled`] text or JSON; nothing read from the
//! cloud can move the cursor or colour the screen; a sink that cannot write falls silent and never stops a run.
//!
//! Leaves to others where text goes and whether it is coloured (cli), and what happens (run).
//!
//! | file | turns into text |
//! |---|---|
//! | [`plan_text`] | a plan: what will change, why, how long it takes, and how it stood up to its checks |
//! | [`drift_text`] | what somebody else moved |
//! | [`status_text`] | whether the stack serves |
//! | [`summary_text`] | how carrying out a plan went |
//! | [`plan_json`], [`drift_json`], [`status_json`], [`apply_json`] | the same for programs, versioned |
//! | [`Lines`], [`Live`], [`JsonLines`], [`Waits`] | events, while they happen |
//! | [`Background`] | hands them to a thread, so that nobody waits for a terminal |

mod checks;
mod drift;
mod fields;
mod json;
mod kinds;
mod layout;
mod plan;
mod progress;
mod signs;
mod status;
mod style;
mod summary;
#[cfg(test)]
mod tests;
mod value;
mod values;
mod words;

pub use checks::{checks_json, findings_text};
pub use drift::{DriftView, drift_text};
pub use json::{SCHEMA, apply_json, drift_json, plan_json};
pub use plan::{Goal, PlanView, plan_text};
#[cfg(test)]
pub(crate) use progress::drawn;
pub(crate) use progress::is_drawing;
pub use progress::{Background, JsonLines, Lines, Live, ProgressView, Waits};
pub use status::{StatusView, status_json, status_text};
pub use style::{Label, Styled};
pub use summary::{CLOCK, SummaryView, summary_text};
pub(crate) use words::count;
