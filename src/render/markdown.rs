//! A page as Markdown, as GitHub and GitLab read it: for comments, job summaries and files that are kept.
//!
//! Promises: what comes from elsewhere is shown as it is and does nothing. It is no markup, opens no table cell and no
//! tag, and calls nobody by name.

mod comment;

use std::fmt::Write as _;

use jiff::Timestamp;

use super::commands::{self, QuotedPart};
use super::graph::mermaid;
use super::minute;
use super::signs::Signs;
use super::style::painted;
use crate::report::words::roughly;
use crate::report::{
    Block, CriticalPath, Group, Heading, Label, Message, Page, Piece, Quote, Remark, Row, Section, Table, Text,
};

pub use comment::{LONGEST, comment};

/// The page as Markdown. `at` is when it was looked. `retyped` gives words with the commands in them as they have to be typed.
pub fn markdown(page: &Page<'_>, at: Option<Timestamp>, retyped: fn(&str) -> String) -> String {
    let mut printer = Printer { signs: Signs::of(true), retyped, out: String::new() };
    printer.heading(1, &Heading::of(super::title(page)));
    if let Some((region, account)) = page.scope.region_and_account {
        let place = Text::of(Label::Plain, "In ").with(Label::After, region);
        let at = at.map(|at| format!(", {}", minute(at))).unwrap_or_default();
        let place =
            place.with(Label::Plain, ", account ").with(Label::After, account).with(Label::Plain, format!("{at}."));
        printer.paragraph(&printer.inline(&place));
    }
    printer.paragraph(&printer.inline(&page.verdict));
    for remark in &page.remarks {
        printer.remark(remark);
    }
    for section in &page.sections {
        printer.section(section);
    }
    printer.chain(&page.chain);
    printer.out
}

struct Printer {
    signs: Signs,
    retyped: fn(&str) -> String,
    out: String,
}

/// What the rows of a table have in common.
#[derive(Clone, Copy)]
struct Shape {
    columns: usize,
    has_signs: bool,
}

impl Printer {
    fn paragraph(&mut self, text: &str) {
        let _ = writeln!(self.out, "\n{text}");
    }

    fn heading(&mut self, level: usize, heading: &Heading) {
        let gap = if self.out.is_empty() { "" } else { "\n" };
        let _ = writeln!(self.out, "{gap}{} {}", "#".repeat(level), escaped(&painted(&heading.title, false)));
        if !heading.remark.is_empty() {
            self.paragraph(&self.inline(&heading.remark));
        }
    }

    fn remark(&mut self, remark: &Remark) {
        let word = match remark {
            Remark::Plain(_) => "",
            Remark::Hint(_) => "Hint: ",
            Remark::Warning(_) => "**Warning:** ",
        };
        self.paragraph(&format!("{word}{}", self.inline(remark.text())));
    }

    fn section(&mut self, section: &Section<'_>) {
        let blocks = section.content.blocks();
        if blocks.is_empty() {
            return;
        }
        self.heading(2, &section.heading);
        for block in &blocks {
            match block {
                Block::Table(table) => self.table(table),
                Block::Quotes(quotes) => self.list(quotes, Self::quote),
                Block::Messages(messages) => self.list(messages, Self::message),
                Block::Graph(graph) => {
                    let _ = writeln!(self.out, "\n```mermaid\n{}```", mermaid(graph));
                }
                // The longest chain stands below.
                Block::Timeline(_) => {}
            }
        }
    }

    fn table(&mut self, table: &Table) {
        for Group { heading, rows } in &table.groups {
            if let Some(heading) = heading {
                self.heading(3, heading);
            }
            self.rows(rows);
        }
    }

    /// Rows with what is beneath them, marks in front if there are any. What is one column is a list.
    fn rows(&mut self, rows: &[Row]) {
        let shape = shape(rows);
        self.out.push('\n');
        self.table_head(shape);
        for row in rows {
            self.row("", shape, row);
            for beneath in &row.beneath {
                self.row("&emsp;", shape, beneath);
            }
        }
    }

    /// What stands above the rows of a table; nothing above a list.
    fn table_head(&mut self, shape: Shape) {
        if shape.columns > 1 {
            let all = shape.columns + usize::from(shape.has_signs);
            let _ = writeln!(self.out, "|{}\n|{}", "   |".repeat(all), " - |".repeat(all));
        }
    }

    fn row(&mut self, indent: &str, shape: Shape, row: &Row) {
        let cells = (0..shape.columns).map(|column| {
            let lines = row.cells.get(column).map(Vec::as_slice).unwrap_or_default();
            let lines: Vec<String> = lines.iter().map(|line| self.inline(line)).collect();
            format!("{}{}", if column == 0 { indent } else { "" }, lines.join("<br>"))
        });
        let sign = row.status.map(|status| code(self.signs.status(status)));
        let sign = if shape.has_signs { Some(sign.unwrap_or_default()) } else { None };
        let all: Vec<String> = sign.into_iter().chain(cells).collect();
        let line =
            if shape.columns > 1 { format!("| {} |", all.join(" | ")) } else { format!("- {}", all.join(" ").trim()) };
        let _ = writeln!(self.out, "{line}");
    }

    fn list<T>(&mut self, all: &[T], item: impl Fn(&mut Self, &T)) {
        self.out.push('\n');
        for one in all {
            item(self, one);
        }
    }

    fn quote(&mut self, quote: &Quote) {
        let (subject, what) = (painted(&quote.subject, false), self.inline(&quote.what));
        let _ = writeln!(self.out, "- **{}:** {}: {what}", quote.severity.word(), code(&subject));
        self.verbatim(&quote.excerpt);
        let why = Some(("why", &quote.why)).filter(|(_, why)| !why.is_empty());
        for (word, text) in why.into_iter().chain(quote.hints.iter().map(|hint| ("hint", hint))) {
            let text = self.inline(text);
            let _ = writeln!(self.out, "  - {word}: {text}");
        }
    }

    fn message(&mut self, message: &Message) {
        let what = self.inline(&message.what);
        let _ = writeln!(self.out, "- **{}:** {what}", message.word);
        for (n, cause) in (1..).zip(&message.causes) {
            let cause = self.inline(cause);
            let _ = writeln!(self.out, "  {n}. {cause}");
        }
        for about in &message.about {
            let name = self.inline(&about.name);
            let _ = writeln!(self.out, "  - {name}");
            self.verbatim(&about.verbatim);
        }
        for hint in &message.hints {
            let hint = self.inline(hint);
            let _ = writeln!(self.out, "  - hint: {hint}");
        }
    }

    /// Lines that are kept as they are, inside an item of a list.
    fn verbatim(&mut self, lines: &[Text]) {
        if lines.is_empty() {
            return;
        }
        let lines: Vec<String> = lines.iter().map(|line| painted(line, false)).collect();
        let longest = lines.iter().flat_map(|line| line.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = writeln!(self.out, "\n  {fence}text");
        for line in lines {
            let _ = writeln!(self.out, "  {line}");
        }
        let _ = writeln!(self.out, "  {fence}\n");
    }

    /// The steps that make it long, one below the other.
    fn chain(&mut self, chain: &CriticalPath) {
        if chain.steps.len() < 2 {
            return;
        }
        self.heading(2, &Heading::of("Longest chain"));
        self.out.push('\n');
        for (n, step) in (1..).zip(&chain.steps) {
            let _ = writeln!(self.out, "{n}. {} ({})", code(&painted(&step.name, false)), roughly(step.seconds));
        }
    }

    /// A text inside a line.
    fn inline(&self, text: &Text) -> String {
        let pieces = text.pieces().iter().map(|piece| match piece {
            Piece::Sign(sign) => self.signs.spell(*sign).to_owned(),
            Piece::Words(label, words) => match label {
                Label::Address | Label::Before | Label::After => inside(words, code),
                Label::Heading | Label::Error | Label::Warning | Label::Success | Label::Drift => {
                    inside(words, |words| format!("**{}**", escaped(words)))
                }
                Label::Why => inside(words, |words| format!("*{}*", escaped(words))),
                Label::Plain
                | Label::Create
                | Label::Update
                | Label::Replace
                | Label::Delete
                | Label::Forget
                | Label::Hint
                | Label::Muted => with_commands(&(self.retyped)(words)),
            },
        });
        pieces.collect()
    }
}

fn shape(rows: &[Row]) -> Shape {
    let all = || rows.iter().flat_map(|row| std::iter::once(row).chain(&row.beneath));
    let filled = |row: &Row| row.cells.iter().rposition(|cell| !is_blank(cell)).map_or(0, |last| last + 1);
    Shape { columns: all().map(filled).max().unwrap_or_default(), has_signs: all().any(|row| row.status.is_some()) }
}

fn is_blank(cell: &[Text]) -> bool {
    cell.iter().all(Text::is_empty)
}

/// Marks up what stands between the spaces around `words`: markup that begins or ends with a space is none.
fn inside(words: &str, markup: impl Fn(&str) -> String) -> String {
    let inner = words.trim();
    if inner.is_empty() {
        return words.to_owned();
    }
    let start = words.len() - words.trim_start().len();
    format!("{}{}{}", &words[..start], markup(inner), &words[start + inner.len()..])
}

/// Words with the commands in them as code.
fn with_commands(words: &str) -> String {
    let parts = commands::parts(words).into_iter().map(|part| match part {
        QuotedPart::Words(words) => escaped(words),
        QuotedPart::Command(command) => code(command),
    });
    parts.collect()
}

/// Words as code: a backtick would end a code span, and a bar a cell even inside of one.
fn code(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else if words.contains(['`', '|', '\\']) || words.trim() != words {
        format!("<code>{}</code>", escaped(words))
    } else {
        format!("`{words}`")
    }
}

/// Words that mean nothing to Markdown, to HTML and to those who look for names and numbers in comments.
fn escaped(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    let mut next = words.chars().skip(1);
    for c in words.chars() {
        let next = next.next();
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '|' => safe.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => safe.extend(['\\', c]),
            '@' | '#' if next.is_some_and(char::is_alphanumeric) => safe.extend([&c.to_string(), "<!-- -->"]),
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
        let told = [
            ("a|b", "a&#124;b"),
            ("<b>&</b>", "&lt;b&gt;&amp;&lt;/b&gt;"),
            ("*a* _b_ [c](d) ~e~ $f$ `g`", "\\*a\\* \\_b\\_ \\[c\\](d) \\~e\\~ \\$f\\$ \\`g\\`"),
            ("@team #12 a@ #", "@<!-- -->team #<!-- -->12 a@ #"),
        ];
        for (words, expected) in told {
            assert_eq!(escaped(words), expected);
        }
    }

    #[test]
    fn values_are_code_whatever_they_hold() {
        let told = [
            ("10.0.0.0/16", "`10.0.0.0/16`"),
            ("@team <b> *a*", "`@team <b> *a*`"),
            ("a`b|c", "<code>a\\`b&#124;c</code>"),
            (" x", "<code> x</code>"),
            ("one\\ntwo", "<code>one\\\\ntwo</code>"),
            ("", ""),
        ];
        for (words, expected) in told {
            assert_eq!(code(words), expected);
        }
    }

    #[test]
    fn commands_are_code_and_single_backticks_are_not() {
        assert_eq!(with_commands("`ppm-infra plan` shows <it>"), "`ppm-infra plan` shows &lt;it&gt;");
        assert_eq!(with_commands("a ` b"), "a \\` b");
        assert_eq!(with_commands("`` | a"), "\\`\\` &#124; a");
        assert_eq!(inside(" a ", |words| format!("*{words}*")), " *a* ");
        assert_eq!(inside("  ", |words| format!("*{words}*")), "  ");
    }
}
