//! The files that `drift` writes beside what it shows: reports for people, findings and metrics for other programs.

use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::args::DriftArgs;
use super::failure::Failure;
use super::report_files::{ReportFiles, ending};
use super::{exit, typed};
use crate::model::document::canonical_pretty;
use crate::render::{self, HtmlPart, StackMetrics};
use crate::report::Page;
use crate::store::{StoreError, file};

/// The files that were named, and what goes into them.
pub(super) struct DriftFiles {
    files: ReportFiles<DriftFormat>,
    html: Vec<HtmlPart>,
    markdown: Vec<String>,
    sarif: Vec<Value>,
    metrics: Vec<StackMetrics>,
}

/// What is written into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum DriftFormat {
    Html,
    Markdown,
    Sarif,
    Prometheus,
}

impl DriftFiles {
    /// The files that the command line names. Refuses what is no place for one.
    pub(super) fn named(args: &DriftArgs) -> Result<Self, Failure> {
        let mut all = Vec::new();
        for path in &args.report {
            all.push((path.clone(), DriftFormat::of_report(path)?));
        }
        all.extend(args.sarif.iter().map(|path| (path.clone(), DriftFormat::Sarif)));
        all.extend(args.prometheus.iter().map(|path| (path.clone(), DriftFormat::Prometheus)));
        let files = ReportFiles::named(all, DriftFormat::option)?;
        Ok(Self { files, html: Vec::new(), markdown: Vec::new(), sarif: Vec::new(), metrics: Vec::new() })
    }

    /// Takes the page of a stack in; `at` is when it was looked.
    pub(super) fn add(&mut self, page: &Page<'_>, at: Timestamp) {
        for format in self.files.formats() {
            match format {
                DriftFormat::Html => {
                    let number = self.html.len();
                    self.html.push(render::html_part(page, Some(at), number, typed::text));
                }
                DriftFormat::Markdown => self.markdown.push(render::markdown(page, Some(at), typed::text)),
                DriftFormat::Sarif => self.sarif.push(typed::json(render::sarif_run(page))),
                DriftFormat::Prometheus => self.metrics.push(StackMetrics::of(page, at)),
            }
        }
    }

    /// Writes each of them, in the order in which pages were taken in.
    ///
    /// # Errors
    /// What kept any of them from being written, once all were tried.
    pub(super) fn write(&self) -> Result<(), Failure> {
        self.files.write(|path, format| self.write_one(path, format))
    }
}

impl DriftFiles {
    fn write_one(&self, path: &Path, format: DriftFormat) -> Result<(), StoreError> {
        match format {
            DriftFormat::Html => file::write_whole(path, render::html_document(&self.html).as_bytes()),
            DriftFormat::Markdown => file::write_whole(path, self.markdown.join("\n").as_bytes()),
            DriftFormat::Sarif => file::write_whole(path, canonical_pretty(&render::sarif_log(&self.sarif)).as_bytes()),
            // The collector is another user.
            DriftFormat::Prometheus => file::write_public(path, render::prometheus(&self.metrics).as_bytes()),
        }
    }
}

impl DriftFormat {
    /// That of a report, by the ending of its file.
    fn of_report(path: &Path) -> Result<Self, Failure> {
        match ending(path) {
            Some("html") => Ok(Self::Html),
            Some("md") => Ok(Self::Markdown),
            Some(_) | None => {
                let heading = format!("a report ends in .html or .md, and {} does not", path.display());
                let hint = "as in `--report drift.html` for a browser, or `--report drift.md` for a comment";
                Err(Failure::new(exit::USAGE, heading).hint(hint))
            }
        }
    }

    /// The option that names its file.
    const fn option(self) -> &'static str {
        match self {
            Self::Html | Self::Markdown => "--report",
            Self::Sarif => "--sarif",
            Self::Prometheus => "--prometheus",
        }
    }
}
