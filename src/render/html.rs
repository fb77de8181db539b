//! A page as one file of HTML: for an artefact that is kept, or a page that is sent around.
//!
//! Promises: it stands alone, loads nothing and runs nothing, and is read without colour as with it, on a light screen and
//! on a dark one. What comes from elsewhere is text and never markup.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::commands::{self, QuotedPart};
use super::minute;
use super::signs::Signs;
use super::style::painted;
use crate::report::words::roughly;
use crate::report::{
    Block, CriticalPath, Group, Heading, Label, Message, Page, Piece, Quote, Row, Section, Table, Text, severity_label,
};

/// How it looks. Colours are those of the labels; every one of them stands beside a word that says the same.
const LOOKS: &str = include_str!("html/looks.css");

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
    let mut printer = Printer { signs: Signs::of(true), retyped, number, out: String::new() };
    printer.line(&format!("<h1>{title}</h1>"));
    if let Some((region, account)) = page.scope.region_and_account {
        let at = at.map(|at| format!(", {}", minute(at))).unwrap_or_default();
        let place = printer.inline(&Text::of(Label::Plain, format!("in {region}, account {account}{at}")));
        printer.line(&format!("<p class=\"place\">{place}</p>"));
    }
    let verdict = printer.inline(&page.verdict);
    printer.line(&format!("<p class=\"verdict\">{verdict}</p>"));
    for remark in &page.remarks {
        let word = remark.word().map(|(word, label)| span(label, &format!("{word}: "))).unwrap_or_default();
        let text = printer.inline(remark.text());
        printer.line(&format!("<p>{word}{text}</p>"));
    }
    for section in &page.sections {
        printer.section(section);
    }
    printer.chain(&page.chain);
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
         <title>{}</title>\n<style>\n{LOOKS}</style>\n</head>\n<body>\n{bodies}</body>\n</html>\n",
        titles.join(", ")
    )
}

struct Printer {
    signs: Signs,
    retyped: fn(&str) -> String,
    /// The number of the part: names of sections are unique in the document.
    number: usize,
    out: String,
}

impl Printer {
    fn line(&mut self, line: &str) {
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn heading(&mut self, level: usize, heading: &Heading) {
        let remark = if heading.remark.is_empty() {
            String::new()
        } else {
            format!(" <small>{}</small>", escaped(&painted(&heading.remark, false)))
        };
        self.line(&format!("<h{level}>{}{remark}</h{level}>", escaped(&painted(&heading.title, false))));
    }

    fn section(&mut self, section: &Section<'_>) {
        let blocks = section.content.blocks();
        if blocks.is_empty() {
            return;
        }
        let id = if self.number == 0 { section.id.to_owned() } else { format!("{}-{}", section.id, self.number) };
        self.line(&format!("<section id=\"{id}\">"));
        self.heading(2, &section.heading);
        for block in &blocks {
            match block {
                Block::Table(table) => self.table(table),
                Block::Quotes(quotes) => self.list(quotes, Self::quote),
                Block::Messages(messages) => self.list(messages, Self::message),
            }
        }
        self.line("</section>");
    }

    fn table(&mut self, table: &Table) {
        for Group { heading, rows } in &table.groups {
            if let Some(heading) = heading {
                self.heading(3, heading);
            }
            self.line("<table>");
            for row in rows {
                self.row("", row);
                for beneath in &row.beneath {
                    self.row(" class=\"beneath\"", beneath);
                }
            }
            self.line("</table>");
        }
    }

    fn row(&mut self, class: &str, row: &Row) {
        let sign = row.status.map(|status| span(status.label(), self.signs.status(status))).unwrap_or_default();
        let mut line = format!("<tr{class}><td>{sign}</td>");
        for cell in &row.cells {
            let lines: Vec<String> = cell.iter().map(|line| self.inline(line)).collect();
            let _ = write!(line, "<td>{}</td>", lines.join("<br>"));
        }
        self.line(&(line + "</tr>"));
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
            Piece::Words(label, words) => span(*label, words),
        });
        pieces.collect()
    }
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
fn escaped(words: &str) -> String {
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
