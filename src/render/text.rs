//! A page for a terminal: sections below each other, cells in columns.
//!
//! Promises: every word of the page stands in it; a section without content takes no room.

use super::layout::{align, indented};
use super::signs::Signs;
use super::style::Styled;
use crate::report::{
    Block, Group, Heading, Label, Lead, Message, Page, Quote, Row, Section, Table, Text, severity_label,
};

/// How far rows stand to the right.
const INDENT: usize = 2;

/// The page as text; `symbols` allows signs beyond ASCII.
pub fn text(page: &Page<'_>, symbols: bool) -> Styled {
    let mut printer = Printer { signs: Signs::of(symbols), text: Styled::new() };
    if let Some((region, account)) = page.scope.region_and_account {
        let head = Text::of(Label::Heading, page.scope.stack);
        let place = head.with(Label::Muted, format!(" in {region}, account ")).with(Label::Plain, account);
        printer.line(0, place);
    }
    for section in &page.sections {
        printer.section(section);
    }
    if !printer.text.is_empty() {
        printer.text.gap();
    }
    printer.line(0, page.verdict.clone());
    for remark in &page.remarks {
        let word = remark.word().map(|(word, label)| Text::of(label, format!("{word}: ")));
        printer.line(0, word.unwrap_or_default().and(remark.text().clone()));
    }
    printer.text
}

/// Quotes of a file below each other, as they stand in a page.
pub fn quotes(all: Vec<Quote>, symbols: bool) -> Styled {
    let mut printer = Printer { signs: Signs::of(symbols), text: Styled::new() };
    for quote in all {
        printer.quote(quote);
    }
    printer.text
}

/// Rows as lines, for tests of what makes them.
#[cfg(test)]
pub(crate) fn lines(rows: Vec<Row>, symbols: bool) -> Vec<String> {
    let mut printer = Printer { signs: Signs::of(symbols), text: Styled::new() };
    printer.rows(0, rows);
    printer.text.to_string().lines().map(str::to_owned).collect()
}

struct Printer {
    signs: Signs,
    text: Styled,
}

impl Printer {
    fn line(&mut self, indent: usize, line: Text) {
        let line = line.spelled(|sign| self.signs.spell(sign));
        self.text.line(indented(indent, line));
    }

    fn section(&mut self, section: &Section<'_>) {
        let blocks = section.content.blocks();
        if blocks.is_empty() {
            return;
        }
        match section.lead {
            Lead::Heading => self.heading(section.heading.clone()),
            Lead::Gap => self.text.gap(),
            Lead::None => {}
        }
        for block in blocks {
            match block {
                Block::Table(table) => self.table(table),
                Block::Quotes(quotes) => quotes.into_iter().for_each(|quote| self.quote(quote)),
                Block::Messages(messages) => messages.into_iter().for_each(|message| self.message(message)),
                // A terminal draws neither; pages for one have none.
                Block::Graph(_) | Block::Timeline(_) => {}
            }
        }
    }

    fn heading(&mut self, heading: Heading) {
        let gap = Text::of(Label::Muted, if heading.remark.is_empty() { "" } else { "  " });
        self.text.gap();
        self.line(0, heading.title.and(gap).and(heading.remark));
    }

    fn table(&mut self, table: Table) {
        let width = self.width(table.groups.iter().flat_map(|group| &group.rows));
        let mut cells = Vec::new();
        let mut groups = Vec::new();
        for Group { heading, rows } in table.groups {
            let mut below = Vec::new();
            for mut row in rows {
                let (above, beneath) = (cells.len(), std::mem::take(&mut row.beneath));
                cells.extend(self.cells(row, width));
                below.push((cells.len() - above, beneath));
            }
            groups.push((heading, below));
        }
        let mut lines = align(cells).into_iter();
        for (heading, below) in groups {
            if let Some(heading) = heading {
                self.heading(heading);
            }
            for (height, beneath) in below {
                for line in lines.by_ref().take(height) {
                    self.text.line(indented(INDENT, line));
                }
                self.rows(INDENT + width + 3, beneath);
            }
        }
    }

    /// Rows that have none beneath them.
    fn rows(&mut self, indent: usize, rows: Vec<Row>) {
        let width = self.width(&rows);
        let cells = rows.into_iter().flat_map(|row| self.cells(row, width)).collect();
        for line in align(cells) {
            self.text.line(indented(indent, line));
        }
    }

    /// How wide the signs before rows are.
    fn width<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> usize {
        let statuses = rows.into_iter().filter_map(|row| row.status);
        statuses.map(|status| self.signs.status(status).chars().count()).max().unwrap_or_default()
    }

    /// The cells of a row line by line, its sign before the first one.
    fn cells(&self, row: Row, width: usize) -> impl Iterator<Item = Vec<Text>> + use<> {
        let (signs, status) = (self.signs, row.status);
        row.into_lines().enumerate().map(move |(n, mut cells)| {
            if let (Some(status), Some(first)) = (status, cells.first_mut()) {
                let lead = if n == 0 {
                    Text::of(status.label(), format!("{:width$} ", signs.status(status)))
                } else if first.is_empty() {
                    Text::new()
                } else {
                    Text::of(Label::Plain, " ".repeat(width + 1))
                };
                *first = lead.and(std::mem::take(first));
            }
            cells.into_iter().map(|cell| cell.spelled(|sign| signs.spell(sign))).collect()
        })
    }

    fn quote(&mut self, quote: Quote) {
        let head = Text::of(severity_label(quote.severity), format!("{}: ", quote.severity.word()));
        self.line(INDENT, head.and(quote.subject).with(Label::Plain, ": ").and(quote.what));
        for line in quote.excerpt {
            self.line(INDENT, line);
        }
        let why = Some(("why", quote.why)).filter(|(_, why)| !why.is_empty());
        for (word, told) in why.into_iter().chain(quote.hints.into_iter().map(|hint| ("hint", hint))) {
            let lead = Text::of(Label::Hint, format!("{:1$} = {word}: ", "", quote.gutter));
            self.line(INDENT, lead.and(told));
        }
    }

    fn message(&mut self, message: Message) {
        let head = Text::of(severity_label(message.severity), format!("{}: ", message.word));
        self.line(0, head.and(message.what));
        for (n, cause) in (1..).zip(message.causes) {
            self.line(0, Text::of(Label::Muted, format!("  {n}: ")).and(cause));
        }
        for about in message.about {
            self.line(INDENT, about.name);
            for line in about.verbatim {
                self.line(INDENT, line);
            }
        }
        for hint in message.hints {
            self.line(0, Text::of(Label::Hint, "  hint: ").and(hint));
        }
    }
}
