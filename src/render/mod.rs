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
//! | [`html()`] | a page as a file that stands alone |
//! | [`sarif()`] | the findings of a page, for code hosts and editors |
//! | [`prometheus()`] | a page of drift as metrics |
//! | [`document`] | what every document for programs begins with |
//! | [`Lines`], [`Live`], [`JsonLines`], [`Waits`] | events, while they happen |
//! | [`Background`] | hands them to a thread, so that nobody waits for a terminal |

mod commands;
mod html;
mod json;
mod layout;
mod markdown;
mod progress;
mod prometheus;
mod sarif;
mod signs;
mod style;
#[cfg(test)]
mod tests;
mod text;

pub use html::html;
pub use json::{SCHEMA, document, json};
pub use markdown::markdown;
#[cfg(test)]
pub(crate) use progress::drawn;
pub(crate) use progress::is_drawing;
pub use progress::{Background, JsonLines, Lines, Live, ProgressView, Waits};
pub use prometheus::prometheus;
pub use sarif::sarif;
pub use style::Styled;
#[cfg(test)]
pub(crate) use text::lines;
pub use text::{quotes, text};
