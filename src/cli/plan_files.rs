//! The files that `plan` and `show` write beside what they show: what somebody decides by who has no program at hand.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::report_files::{ReportFiles, ending};
use super::{exit, typed};
use crate::model::document::canonical_pretty;
use crate::render;
use crate::report::{Graph, Page, PlanReportView};
use crate::run::Planned;
use crate::store::file;

/// The files that were named.
pub(super) struct PlanFiles(ReportFiles<PlanFormat>);

/// What is written into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum PlanFormat {
    Html,
    Markdown,
    Svg,
    Mermaid,
    Dot,
    Sarif,
}

/// The option that names a file.
const OPTION: &str = "--report";

impl PlanFiles {
    /// The files that the command line names. Refuses what is no place for one.
    pub(super) fn named(paths: &[PathBuf]) -> Result<Self, Failure> {
        let all = paths.iter().map(|path| Ok((path.clone(), PlanFormat::of(path)?)));
        Ok(Self(ReportFiles::named(all.collect::<Result<_, Failure>>()?, |_| OPTION)?))
    }

    /// Writes each of them; nothing is asked for that.
    ///
    /// # Errors
    /// What kept any of them from being written, once all were tried.
    pub(super) fn write(&self, planned: &Planned, of: &PlanReportView<'_>) -> Result<(), Failure> {
        self.0.write(|path, format| file::write_whole(path, format.text(planned, of).as_bytes()))
    }
}

/// The plan as a comment on a pull request.
pub(super) fn comment(planned: &Planned, of: &PlanReportView<'_>) -> String {
    render::comment(&Page::of_plan_comment(planned, of), typed::text)
}

impl PlanFormat {
    /// That of a file, by its ending.
    fn of(path: &Path) -> Result<Self, Failure> {
        Ok(match ending(path) {
            Some("html") => Self::Html,
            Some("md") => Self::Markdown,
            Some("svg") => Self::Svg,
            Some("mmd") => Self::Mermaid,
            Some("dot") => Self::Dot,
            Some("sarif") => Self::Sarif,
            Some(_) | None => {
                let heading = format!(
                    "a report of a plan ends in .html, .md, .svg, .mmd, .dot or .sarif, and {} does not",
                    path.display()
                );
                let hint = "as in `--report plan.html` for a browser, or `--report plan.md` for a comment";
                return Err(Failure::new(exit::USAGE, heading).hint(hint));
            }
        })
    }

    /// What is written.
    fn text(self, planned: &Planned, of: &PlanReportView<'_>) -> String {
        match self {
            Self::Html => {
                let page = Page::of_plan_report(planned, of);
                render::html_document(&[render::html_part(&page, None, 0, typed::text)])
            }
            Self::Markdown => comment(planned, of),
            Self::Svg => render::svg(&Graph::of_plan_report(planned, of)),
            Self::Mermaid => render::mermaid(&Graph::of_plan_report(planned, of)),
            Self::Dot => render::dot(&Graph::of_plan_report(planned, of)),
            Self::Sarif => {
                let run = render::sarif_run(&Page::of_plan_report(planned, of));
                canonical_pretty(&render::sarif_log(&[typed::json(run)]))
            }
        }
    }
}
