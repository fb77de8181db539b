//! Floor 5: what there is to say, once, for readers and for programs.
//!
//! Promises: a [`Page`] is built once from what a command found out, and printers need nothing else: no printer knows a
//! plan, a drift report, a status or the report of a run. What a piece of text is, a [`Label`] says; how it looks, nobody
//! here knows. Nothing read from the cloud can end a line or steer a terminal.
//!
//! Leaves to others how it is printed (render) and where (cli).
//!
//! | built by | from |
//! |---|---|
//! | [`Page::of_plan`] | a plan: what will change, why, how long it takes, and how it stood up to its checks |
//! | [`Page::of_plan_report`], [`Page::of_plan_comment`] | the same where it is kept or sent |
//! | [`Page::of_drift`] | what somebody else moved |
//! | [`Page::of_preflight`] | a preflight: how the account stands up to every check |
//! | [`Page::of_status`] | whether the stack serves |
//! | [`Page::of_apply`] | how carrying out a plan went |
//! | [`Page::of_extras`], [`Page::of_departures`] | what is not ours and is taken away |
//! | [`Page::of_runs`], [`Page::of_finding`] | the runs that were recorded |
//! | [`Page::of_cost`] | what a stack costs in a month |
//! | [`Page::of_notice`] | what somebody is told of a look for drift |
//!
//! | on a page | is |
//! |---|---|
//! | [`Section`] | one subject with a stable id; its [`SectionContent`] gives [`Block`]s to readers and JSON fields to programs |
//! | [`Block`] | rows in columns, quotes of a file, messages with causes and hints, or a drawing |
//! | [`Graph`], [`Timeline`] | how objects hang together, and what is done when |
//! | [`PageFrame`] | what stands above and below a page that is kept or sent by itself |
//! | [`Page::findings`] | everything that was found, for printers that tell nothing else |
//! | [`FindingClass`] | what all findings of one id have in common |
//! | verdict, remarks | what comes of it all, and what to type next |
//! | [`CriticalPath`] | the steps that make it long |
//!
//! A new subject is a file with its own [`SectionContent`]; no printer changes for it.

mod alike;
mod apply;
mod block;
mod change_request;
mod changes;
mod checks;
mod cost;
mod drawing;
mod drift;
mod drifted;
mod extras;
mod fields;
mod goal;
mod graph;
mod history;
mod kinds;
mod notice;
mod object;
mod page;
mod plan;
mod plan_frame;
mod plan_report;
mod preflight;
mod ready;
mod reasons;
mod risks;
mod row_status;
mod status;
mod steps;
mod text;
mod timeline;
mod value;
mod values;
pub(crate) mod words;

pub use apply::{CLOCK, SummaryView};
pub use block::{About, Block, Fold, Group, Heading, Message, Quote, Row, Table};
pub use checks::{checks_json, finding_json, quotes};
pub use cost::CostView;
pub use drawing::{Graph, GraphNode, GraphTie, Timeline, TimelineBar};
pub use drift::{DriftView, is_loss, is_recorded, waive_hint};
pub use fields::drifted;
pub use goal::Goal;
pub use notice::{NoticeReason, NoticeView};
pub use object::ObjectView;
pub use page::{
    CriticalPath, CriticalStep, DeclarationText, FindingClass, JsonFields, Lead, Page, PageFrame, PageScope, Remark,
    Section, SectionContent,
};
pub use plan::PlanView;
pub use plan_frame::PlanReportView;
pub use preflight::PreflightView;
pub use row_status::{RowStatus, severity_label};
pub use status::StatusView;
pub use text::{Label, Piece, Sign, Text};
pub use values::ValuesFile;
pub(crate) use words::count;
