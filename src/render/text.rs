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
    if let Some((region, account)) = page.place.region_and_account {
        let head = Text::of(Label::Heading, page.place.stack);
        let place = head.with(Label::Muted, format!(" in {region}, account ")).with(Label::Plain, account);
        printer.line(0, &place);
    }
    for section in &page.sections {
        printer.section(section);
    }
    if !printer.text.is_empty() {
        printer.text.gap();
    }
    printer.line(0, &page.verdict);
    for remark in &page.remarks {
        let word = remark.word().map(|(word, label)| Text::of(label, format!("{word}: ")));
        printer.line(0, &word.unwrap_or_default().and(remark.text().clone()));
    }
    printer.text
}

/// Quotes of a file below each other, as they stand in a page.
pub fn quotes(all: &[Quote], symbols: bool) -> Styled {
    let mut printer = Printer { signs: Signs::of(symbols), text: Styled::new() };
    for quote in all {
        printer.quote(quote);
    }
    printer.text
}

/// Rows as lines, for tests of what makes them.
#[cfg(test)]
pub(crate) fn lines(rows: &[Row], symbols: bool) -> Vec<String> {
    let mut printer = Printer { signs: Signs::of(symbols), text: Styled::new() };
    printer.rows(0, rows.iter().collect::<Vec<_>>().as_slice());
    printer.text.to_string().lines().map(str::to_owned).collect()
}

struct Printer {
    signs: Signs,
    text: Styled,
}

impl Printer {
    fn line(&mut self, indent: usize, line: &Text) {
        let line = line.spelled(|sign| self.signs.spell(sign));
        self.text.line(indented(indent, line));
    }

    fn section(&mut self, section: &Section<'_>) {
        let blocks = section.content.blocks();
        if blocks.is_empty() {
            return;
        }
        match section.lead {
            Lead::Heading => self.heading(&section.heading),
            Lead::Gap => self.text.gap(),
            Lead::None => {}
        }
        for block in &blocks {
            match block {
                Block::Table(table) => self.table(table),
                Block::Quotes(quotes) => quotes.iter().for_each(|quote| self.quote(quote)),
                Block::Messages(messages) => messages.iter().for_each(|message| self.message(message)),
            }
        }
    }

    fn heading(&mut self, heading: &Heading) {
        let gap = Text::of(Label::Muted, if heading.remark.is_empty() { "" } else { "  " });
        self.text.gap();
        self.line(0, &heading.title.clone().and(gap).and(heading.remark.clone()));
    }

    fn table(&mut self, table: &Table) {
        let rows: Vec<&Row> = table.groups.iter().flat_map(|group| &group.rows).collect();
        let width = self.width(&rows);
        let mut lines = align(self.cells(&rows, width)).into_iter();
        for Group { heading, rows } in &table.groups {
            if let Some(heading) = heading {
                self.heading(heading);
            }
            for row in rows {
                for line in lines.by_ref().take(row.lines().count()) {
                    self.line(INDENT, &line);
                }
                self.rows(INDENT + width + 3, &row.beneath.iter().collect::<Vec<_>>());
            }
        }
    }

    /// Rows that have none beneath them.
    fn rows(&mut self, indent: usize, rows: &[&Row]) {
        for line in align(self.cells(rows, self.width(rows))) {
            self.line(indent, &line);
        }
    }

    /// How wide the marks before rows are.
    fn width(&self, rows: &[&Row]) -> usize {
        let marks = rows.iter().filter_map(|row| row.mark);
        marks.map(|mark| self.signs.mark(mark).chars().count()).max().unwrap_or_default()
    }

    /// The cells of all rows line by line, marks before the first one of each row.
    fn cells(&self, rows: &[&Row], width: usize) -> Vec<Vec<Text>> {
        let mut lines = Vec::new();
        for row in rows {
            for (n, mut cells) in row.lines().enumerate() {
                if let (Some(mark), Some(first)) = (row.mark, cells.first_mut()) {
                    let lead = if n == 0 {
                        Text::of(mark.label(), format!("{:width$} ", self.signs.mark(mark)))
                    } else if first.is_empty() {
                        Text::new()
                    } else {
                        Text::of(Label::Plain, " ".repeat(width + 1))
                    };
                    *first = lead.and(std::mem::take(first));
                }
                lines.push(cells);
            }
        }
        lines
            .into_iter()
            .map(|cells| cells.iter().map(|cell| cell.spelled(|sign| self.signs.spell(sign))).collect())
            .collect()
    }

    fn quote(&mut self, quote: &Quote) {
        let head = Text::of(severity_label(quote.severity), format!("{}: ", quote.severity.word()));
        let told = head.and(quote.subject.clone()).with(Label::Plain, ": ").and(quote.what.clone());
        self.line(INDENT, &told);
        for line in &quote.excerpt {
            self.line(INDENT, line);
        }
        let why = Some(("why", &quote.why)).filter(|(_, why)| !why.is_empty());
        for (word, told) in why.into_iter().chain(quote.hints.iter().map(|hint| ("hint", hint))) {
            let lead = Text::of(Label::Hint, format!("{:1$} = {word}: ", "", quote.gutter));
            self.line(INDENT, &lead.and(told.clone()));
        }
    }

    fn message(&mut self, message: &Message) {
        let head = Text::of(severity_label(message.severity), format!("{}: ", message.word));
        self.line(0, &head.and(message.what.clone()));
        for (n, cause) in (1..).zip(&message.causes) {
            self.line(0, &Text::of(Label::Muted, format!("  {n}: ")).and(cause.clone()));
        }
        for about in &message.about {
            self.line(INDENT, &about.name);
            for line in &about.verbatim {
                self.line(INDENT, line);
            }
        }
        for hint in &message.hints {
            self.line(0, &Text::of(Label::Hint, "  hint: ").and(hint.clone()));
        }
    }
}
