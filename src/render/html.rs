//! A page as one file of HTML: for an artefact that is kept, or a page that is sent around.
//!
//! Promises: it stands alone, loads nothing and runs nothing, and is read without colour as with it, on a light screen and
//! on a dark one, on a phone and on paper. What comes from elsewhere is text and never markup.

mod figures;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use jiff::Timestamp;

use super::commands::{self, QuotedPart};
use super::graph;
use super::minute;
use super::signs::Signs;
use super::style::painted;
use crate::report::words::roughly;
use crate::report::{
    Block, CriticalPath, Fold, Group, Heading, Label, Message, Page, Piece, Quote, Row, Section, Table, Text,
    severity_label,
};

/// How it looks. Colours are those of the labels; every one of them stands beside a word that says the same.
const LOOKS: &str = include_str!("html/looks.css");

/// The colours, by day and by night.
pub(super) const COLOURS: &str = include_str!("html/colours.css");

/// What one page brings into a document of HTML.
#[derive(Clone, Debug)]
pub struct HtmlPart {
    title: String,
    body: String,
}

/// The page as the part of this number of a document, the first being 0. `at` is when it was looked. `retyped` gives words with
/// the commands in them as they have to be typed.
pub fn html_part(page: &Page<'_>, at: Option<Timestamp>, number: usize, retyped: fn(&str) -> String) -> HtmlPart {
    let title = escaped(&painted(&Text::of(Label::Plain, super::title(page)), false));
    let sections: Vec<(&Section<'_>, Vec<Block>)> =
        page.sections.iter().map(|section| (section, section.content.blocks())).collect();
    let sections: Vec<(&Section<'_>, Vec<Block>)> =
        sections.into_iter().filter(|(_, blocks)| !blocks.is_empty()).collect();
    let anchors = sections.iter().flat_map(|(_, blocks)| blocks).flat_map(anchors).collect();
    let mut printer = Printer { signs: Signs::of(true), retyped, number, anchors, out: String::new() };
    printer.head(&title, page, at);
    if page.frame.is_some() {
        printer.contents(&sections);
    }
    for (section, blocks) in &sections {
        printer.section(section, blocks);
    }
    printer.chain(&page.chain);
    if let Some(frame) = &page.frame {
        let lines: Vec<String> = frame.footer.iter().map(|line| format!("<p>{}</p>", printer.inline(line))).collect();
        printer.line(&format!("<footer>\n{}\n</footer>", lines.join("\n")));
    }
    HtmlPart { title, body: printer.out }
}

/// The document of these parts.
pub fn html_document(parts: &[HtmlPart]) -> String {
    let titles: Vec<&str> = parts.iter().map(|part| part.title.as_str()).collect();
    let bodies: String = parts.iter().map(|part| part.body.as_str()).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>\n{COLOURS}{LOOKS}{}</style>\n</head>\n<body>\n{bodies}</body>\n</html>\n",
        titles.join(", "),
        graph::LOOKS
    )
}

/// What other parts of a page may lead to: the objects that stand in it by themselves.
fn anchors(block: &Block) -> Vec<String> {
    let Block::Table(table) = block else { return Vec::new() };
    let rows = table.groups.iter().flat_map(|group| &group.rows);
    rows.filter(|row| row.fold != Fold::Never).filter_map(name).collect()
}

/// What a row is about.
fn name(row: &Row) -> Option<String> {
    let first = row.cells.first()?.first()?;
    Some(painted(first, false)).filter(|name| !name.is_empty())
}

struct Printer {
    signs: Signs,
    retyped: fn(&str) -> String,
    /// The number of the part: names of sections are unique in the document.
    number: usize,
    /// The objects that can be led to.
    anchors: BTreeSet<String>,
    out: String,
}

impl Printer {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    /// What is read first.
    fn head(&mut self, title: &str, page: &Page<'_>, at: Option<Timestamp>) {
        if let Some(frame) = &page.frame {
            self.line(&format!("<header class=\"{}\">", class(frame.tone).unwrap_or("plain")));
        }
        self.line(&format!("<h1>{title}</h1>"));
        if let Some(frame) = &page.frame {
            let headline = self.inline(&frame.headline);
            self.line(&format!("<p class=\"headline\">{headline}</p>"));
        }
        if let Some((region, account)) = page.scope.region_and_account {
            let at = at.map(|at| format!(", {}", minute(at))).unwrap_or_default();
            let place = self.inline(&Text::of(Label::Plain, format!("in {region}, account {account}{at}")));
            self.line(&format!("<p class=\"place\">{place}</p>"));
        }
        if page.frame.is_some() {
            self.line("</header>");
        }
        let verdict = self.inline(&page.verdict);
        self.line(&format!("<p class=\"verdict\">{verdict}</p>"));
        for remark in &page.remarks {
            let word = remark.word().map(|(word, label)| span(label, &format!("{word}: "))).unwrap_or_default();
            let text = self.inline(remark.text());
            self.line(&format!("<p>{word}{text}</p>"));
        }
    }

    /// A way to each section.
    fn contents(&mut self, sections: &[(&Section<'_>, Vec<Block>)]) {
        let link = |(section, _): &(&Section<'_>, Vec<Block>)| {
            let title = escaped(&painted(&section.heading.title, false));
            format!("<a href=\"#{}\">{title}</a>", self.id(section.id))
        };
        let links: Vec<String> = sections.iter().map(link).collect();
        self.line(&format!("<nav>{}</nav>", links.join(" ")));
    }

    /// A name that is unique in the document.
    fn id(&self, name: &str) -> String {
        if self.number == 0 { name.to_owned() } else { format!("{name}-{}", self.number) }
    }

    /// The name of the place where an object stands.
    fn anchor(&self, address: &str) -> String {
        escaped(&self.id(&format!("at-{address}")))
    }

    fn heading(&mut self, level: usize, heading: &Heading) {
        let remark = if heading.remark.is_empty() {
            String::new()
        } else {
            format!(" <small>{}</small>", escaped(&painted(&heading.remark, false)))
        };
        self.line(&format!("<h{level}>{}{remark}</h{level}>", escaped(&painted(&heading.title, false))));
    }

    fn section(&mut self, section: &Section<'_>, blocks: &[Block]) {
        let id = self.id(section.id);
        self.line(&format!("<section id=\"{id}\">"));
        let open = match section.fold {
            Fold::Never => None,
            Fold::Open => Some(" open"),
            Fold::Closed => Some(""),
        };
        if let Some(open) = open {
            self.line(&format!("<details{open}><summary>"));
        }
        self.heading(2, &section.heading);
        if open.is_some() {
            self.line("</summary>");
        }
        for block in blocks {
            match block {
                Block::Table(table) => self.table(table),
                Block::Quotes(quotes) => self.list(quotes, Self::quote),
                Block::Messages(messages) => self.list(messages, Self::message),
                Block::Graph(graph) => self.graph(graph),
                Block::Timeline(timeline) => self.timeline(timeline),
            }
        }
        if open.is_some() {
            self.line("</details>");
        }
        self.line("</section>");
    }

    fn table(&mut self, table: &Table) {
        for Group { heading, rows } in &table.groups {
            if let Some(heading) = heading {
                self.heading(3, heading);
            }
            for rows in rows.chunk_by(|one, other| (one.fold == Fold::Never) == (other.fold == Fold::Never)) {
                if rows.iter().any(|row| row.fold == Fold::Never) {
                    self.rows(rows);
                } else {
                    for row in rows {
                        self.object(row);
                    }
                }
            }
        }
    }

    /// Rows with what is beneath them.
    fn rows(&mut self, rows: &[Row]) {
        let all = || rows.iter().flat_map(|row| std::iter::once(row).chain(&row.beneath));
        let has_signs = all().any(|row| row.status.is_some());
        self.line("<table>");
        for row in rows {
            if !row.beneath.is_empty() {
                self.line("<tbody>");
            }
            self.row("", has_signs, row);
            for beneath in &row.beneath {
                self.row(" class=\"beneath\"", has_signs, beneath);
            }
            if !row.beneath.is_empty() {
                self.line("</tbody>");
            }
        }
        self.line("</table>");
    }

    fn row(&mut self, class: &str, has_signs: bool, row: &Row) {
        let mut line = format!("<tr{class}>");
        if has_signs {
            let _ = write!(line, "<td class=\"sign\">{}</td>", self.sign(row));
        }
        let wide = if row.cells.len() == 1 { " colspan=\"4\"" } else { "" };
        for cell in &row.cells {
            let _ = write!(line, "<td{wide}>{}</td>", self.cell(cell));
        }
        self.line(&(line + "</tr>"));
    }

    fn sign(&self, row: &Row) -> String {
        row.status.map(|status| span(status.label(), self.signs.status(status))).unwrap_or_default()
    }

    fn cell(&self, cell: &[Text]) -> String {
        let lines: Vec<String> = cell.iter().map(|line| self.inline(line)).collect();
        lines.join("<br>")
    }

    /// A row whose details can be folded away. Others may lead to it.
    fn object(&mut self, row: &Row) {
        let id = name(row).map(|name| format!(" id=\"{}\"", self.anchor(&name))).unwrap_or_default();
        let mut line = format!("<span class=\"sign\">{}</span>", self.sign(row));
        for (n, cell) in row.cells.iter().enumerate() {
            // It does not lead to itself.
            let told = if n == 0 { cell.iter().map(bare).collect::<Vec<_>>().join("<br>") } else { self.cell(cell) };
            let _ = write!(line, "<span>{told}</span>");
        }
        if row.beneath.is_empty() {
            self.line(&format!("<div class=\"object bare\"{id}>{line}</div>"));
            return;
        }
        let open = if row.fold == Fold::Open { " open" } else { "" };
        self.line(&format!("<details class=\"object\"{id}{open}><summary>{line}</summary>"));
        let beneath: Vec<Row> = row.beneath.iter().map(|row| Row { fold: Fold::Never, ..row.clone() }).collect();
        self.rows(&beneath);
        self.line("</details>");
    }

    fn list<T>(&mut self, all: &[T], item: impl Fn(&mut Self, &T)) {
        self.line("<ul>");
        for one in all {
            self.line("<li>");
            item(self, one);
            self.line("</li>");
        }
        self.line("</ul>");
    }

    fn quote(&mut self, quote: &Quote) {
        let word = span(severity_label(quote.severity), &format!("{}: ", quote.severity.word()));
        let (subject, what) = (self.inline(&quote.subject), self.inline(&quote.what));
        self.line(&format!("<p>{word}<code>{subject}</code>: {what}</p>"));
        self.verbatim(&quote.excerpt);
        let why = Some(("why", &quote.why)).filter(|(_, why)| !why.is_empty());
        for (word, text) in why.into_iter().chain(quote.hints.iter().map(|hint| ("hint", hint))) {
            self.told(word, text);
        }
    }

    fn message(&mut self, message: &Message) {
        let word = span(severity_label(message.severity), &format!("{}: ", message.word));
        let what = self.inline(&message.what);
        self.line(&format!("<p>{word}{what}</p>"));
        if !message.causes.is_empty() {
            let causes = message.causes.iter().map(|cause| format!("<li>{}</li>", self.inline(cause)));
            let causes: Vec<String> = causes.collect();
            self.line(&format!("<ol>{}</ol>", causes.concat()));
        }
        for about in &message.about {
            let name = self.inline(&about.name);
            self.line(&format!("<p>{name}</p>"));
            self.verbatim(&about.verbatim);
        }
        for hint in &message.hints {
            self.told("hint", hint);
        }
    }

    fn told(&mut self, word: &str, text: &Text) {
        let (word, text) = (span(Label::Hint, &format!("{word}: ")), self.inline(text));
        self.line(&format!("<p>{word}{text}</p>"));
    }

    /// Lines that are kept as they are, backticks too.
    fn verbatim(&mut self, lines: &[Text]) {
        if !lines.is_empty() {
            let lines: Vec<String> = lines.iter().map(|line| escaped(&painted(line, false))).collect();
            self.line(&format!("<pre>{}</pre>", lines.join("\n")));
        }
    }

    /// The steps that make it long, each beside what it takes of the whole.
    fn chain(&mut self, chain: &CriticalPath) {
        if chain.steps.len() < 2 {
            return;
        }
        self.line("<section id=\"chain\">");
        self.heading(2, &Heading::of("Longest chain").with(roughly(chain.seconds)));
        self.line("<ol>");
        for step in &chain.steps {
            let (name, takes) = (escaped(&painted(&step.name, false)), roughly(step.seconds));
            let (part, whole) = (step.seconds, chain.seconds.max(1));
            self.line(&format!(
                "<li><code>{name}</code> <meter max=\"{whole}\" value=\"{part}\">{takes}</meter> {takes}</li>"
            ));
        }
        self.line("</ol>\n</section>");
    }

    fn inline(&self, text: &Text) -> String {
        let pieces = text.pieces().iter().map(|piece| match piece {
            Piece::Sign(sign) => span(Label::Muted, self.signs.spell(*sign)),
            Piece::Words(Label::Plain, words) => with_commands(&(self.retyped)(words)),
            Piece::Words(Label::Address, words) => self.addresses(words),
            Piece::Words(label, words) => span(*label, words),
        });
        pieces.collect()
    }

    /// Addresses, leading to those that stand in the page by themselves.
    fn addresses(&self, words: &str) -> String {
        if !words.split(", ").any(|word| self.anchors.contains(word)) {
            return span(Label::Address, words);
        }
        let all = words.split(", ").map(|word| {
            let told = span(Label::Address, word);
            if self.anchors.contains(word) { format!("<a href=\"#{}\">{told}</a>", self.anchor(word)) } else { told }
        });
        all.collect::<Vec<_>>().join(", ")
    }
}

/// A text in which nothing leads anywhere.
fn bare(text: &Text) -> String {
    let pieces = text.pieces().iter().map(|piece| match piece {
        Piece::Sign(sign) => escaped(sign.symbol()),
        Piece::Words(label, words) => span(*label, words),
    });
    pieces.collect()
}

/// Words with the commands in them as code.
fn with_commands(words: &str) -> String {
    let parts = commands::parts(words).into_iter().map(|part| match part {
        QuotedPart::Words(words) => escaped(words),
        QuotedPart::Command(command) => format!("<code>{}</code>", escaped(command)),
    });
    parts.collect()
}

/// Words with the class of what they are.
fn span(label: Label, words: &str) -> String {
    let words = escaped(words);
    match class(label) {
        None => words,
        Some(class) => format!("<span class=\"{class}\">{words}</span>"),
    }
}

/// The name by which the looks know a label; nothing for what has no look.
const fn class(label: Label) -> Option<&'static str> {
    Some(match label {
        Label::Plain => return None,
        Label::Heading => "heading",
        Label::Address => "address",
        Label::Create => "create",
        Label::Update => "update",
        Label::Replace => "replace",
        Label::Delete => "delete",
        Label::Forget => "forget",
        Label::Drift => "drift",
        Label::Why => "why",
        Label::Before => "before",
        Label::After => "after",
        Label::Success => "success",
        Label::Error => "error",
        Label::Warning => "warning",
        Label::Hint => "hint",
        Label::Muted => "muted",
    })
}

/// Words that mean nothing to HTML.
pub(super) fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_no_markup() {
        assert_eq!(escaped("<b a=\"1\" c='2'>&</b>"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;&lt;/b&gt;");
        assert_eq!(span(Label::Plain, "<i>"), "&lt;i&gt;");
        assert_eq!(with_commands("run `a <b>` now"), "run <code>a &lt;b&gt;</code> now");
        assert_eq!(span(Label::Before, "<i>"), "<span class=\"before\">&lt;i&gt;</span>");
    }

    #[test]
    fn every_label_has_a_look() {
        let all = [
            Label::Heading,
            Label::Address,
            Label::Create,
            Label::Update,
            Label::Replace,
            Label::Delete,
            Label::Forget,
            Label::Drift,
            Label::Why,
            Label::Before,
            Label::After,
            Label::Success,
            Label::Error,
            Label::Warning,
            Label::Hint,
            Label::Muted,
        ];
        for label in all {
            let class = class(label).unwrap();
            assert!(LOOKS.contains(&format!(".{class}")), "{class}");
        }
    }
}
