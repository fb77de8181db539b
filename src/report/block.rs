//! What stands in a section, for readers: rows in columns, what was found with its place, messages with their causes, drawings.

use super::drawing::{Graph, Timeline};
use super::row_status::RowStatus;
use super::text::{Label, Text};
use crate::model::finding::Severity;

/// A part of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Rows whose cells stand in columns.
    Table(Table),
    /// What was found in a file or of a resource, with the place it is about.
    Quotes(Vec<Quote>),
    /// What went wrong or deserves attention, with causes and hints.
    Messages(Vec<Message>),
    /// How objects hang together.
    Graph(Graph),
    /// What is done when.
    Timeline(Timeline),
}

/// Whether something can be folded away where a page has room for more than is read at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fold {
    /// It always stands.
    #[default]
    Never,
    /// It can be folded away, and stands until somebody does.
    Open,
    /// It is folded away until somebody asks for it.
    Closed,
}

/// Rows whose columns belong together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The rows, in groups that follow each other.
    pub groups: Vec<Group>,
}

/// Rows under a heading of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// The heading; nothing where the section's says it.
    pub heading: Option<Heading>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// What stands above rows or sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heading {
    /// What it is.
    pub title: Text,
    /// What else is worth knowing at once; often empty.
    pub remark: Text,
}

/// One row of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// What happens to what the row is about, or how it is.
    pub status: Option<RowStatus>,
    /// The cells, each in lines: the first lines of all cells stand beside each other.
    pub cells: Vec<Vec<Text>>,
    /// What belongs to the row: fields of an object, parts of a whole.
    pub beneath: Vec<Row>,
    /// Whether that can be folded away.
    pub fold: Fold,
}

/// Something that was found, with the line of the file it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: Text,
    /// What is the matter.
    pub what: Text,
    /// The place and its line, as the check of a declaration shows them; empty where it has none.
    pub excerpt: Vec<Text>,
    /// How many columns the numbers of lines take in all quotes of the block.
    pub gutter: usize,
    /// Why it matters; empty where `what` says it.
    pub why: Text,
    /// What to do about it, one thing each.
    pub hints: Vec<Text>,
}

/// Something that went wrong or deserves attention.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How bad it is.
    pub severity: Severity,
    /// The word for that, such as `error`.
    pub word: &'static str,
    /// What it is.
    pub what: Text,
    /// What caused it, the nearest cause first.
    pub causes: Vec<Text>,
    /// What it is about, where that is several things.
    pub about: Vec<About>,
    /// What to do about it, one thing each.
    pub hints: Vec<Text>,
}

/// One of several things that a message is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: Text,
    /// What has to be kept as it is, line by line; often nothing.
    pub verbatim: Vec<Text>,
}

impl Table {
    /// Rows without headings of their own.
    pub fn of(rows: Vec<Row>) -> Self {
        Self { groups: vec![Group { heading: None, rows }] }
    }
}

impl Block {
    /// Rows without headings of their own; nothing if there are none.
    pub fn rows(rows: Vec<Row>) -> Vec<Self> {
        if rows.is_empty() { Vec::new() } else { vec![Self::Table(Table::of(rows))] }
    }
}

impl Heading {
    /// A title alone.
    pub fn of(title: impl AsRef<str>) -> Self {
        Self { title: Text::of(Label::Heading, title), remark: Text::new() }
    }

    /// The same with what is worth knowing at once.
    #[must_use]
    pub fn with(self, remark: impl AsRef<str>) -> Self {
        Self { remark: Text::of(Label::Muted, remark), ..self }
    }
}

impl Row {
    /// A row of cells with one line each.
    pub fn of(cells: impl IntoIterator<Item = Text>) -> Self {
        Self { cells: cells.into_iter().map(|cell| vec![cell]).collect(), ..Self::default() }
    }

    /// The cells line by line: what stands beside each other.
    pub fn into_lines(self) -> impl Iterator<Item = Vec<Text>> {
        let height = self.cells.iter().map(Vec::len).max().unwrap_or(0);
        let mut cells: Vec<_> = self.cells.into_iter().map(Vec::into_iter).collect();
        (0..height).map(move |_| cells.iter_mut().map(|cell| cell.next().unwrap_or_default()).collect())
    }

    /// The same with a status.
    #[must_use]
    pub fn with_status(self, status: RowStatus) -> Self {
        Self { status: Some(status), ..self }
    }
}
