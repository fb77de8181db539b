//! Floor 6: pages and events, printed.
//!
//! Promises: everything but [`Live`] is a pure function from values to text or JSON; nothing read from the cloud can move
//! the cursor or colour the screen; a sink that cannot write falls silent and never stops a run.
//!
//! Leaves to others what there is to say (report), where it goes and whether it is coloured (cli), and what happens (run).
//!
//! | printer | prints |
//! |---|---|
//! | [`text()`] | a page for a terminal |
//! | [`json()`] | a page for programs, versioned |
//! | [`markdown()`] | a page for a comment or a summary |
//! | [`comment()`] | a page as a comment that is never too long |
//! | [`html_document()`] | pages as a file that stands alone |
//! | [`svg()`], [`dot()`], [`mermaid()`] | a graph by itself |
//! | [`sarif_log()`] | the findings of pages, for code hosts and editors |
//! | [`prometheus()`] | pages of drift as metrics |
//! | [`slack()`] | a page as a message of Slack |
//! | [`document`] | what every document for programs begins with |
//! | [`Lines`], [`Live`], [`JsonLines`], [`Waits`] | events, while they happen |
//! | [`Background`] | hands them to a thread, so that nobody waits for a terminal |

use jiff::Timestamp;

use crate::report::Page;

mod commands;
mod graph;
mod html;
mod json;
mod layout;
mod markdown;
mod progress;
mod prometheus;
mod sarif;
mod signs;
mod slack;
mod style;
#[cfg(test)]
mod tests;
mod text;

pub use graph::{dot, mermaid, svg};
pub use html::{HtmlPart, html_document, html_part};
pub use json::{SCHEMA, document, json};
pub use markdown::{LONGEST, comment, markdown};
#[cfg(test)]
pub(crate) use progress::drawn;
pub(crate) use progress::is_drawing;
pub use progress::{Background, JsonLines, Lines, Live, ProgressView, Waits};
pub use prometheus::{StackMetrics, prometheus};
pub use sarif::{sarif_log, sarif_run};
pub use slack::slack;
pub use style::Styled;
#[cfg(test)]
pub(crate) use text::lines;
pub use text::{quotes, text};

/// What stands above a page that is kept: "Drift of ppm-prod".
fn title(page: &Page<'_>) -> String {
    let (first, rest) = page.command.split_at(page.command.len().min(1));
    format!("{}{rest} of {}", first.to_uppercase(), page.scope.stack)
}

/// A point in time for people, to the minute.
fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}
