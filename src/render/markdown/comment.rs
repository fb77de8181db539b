//! A page as one comment on a pull request, which GitHub and GitLab take whatever the page holds.
//!
//! Promises: never longer than [`LONGEST`] characters, and where that takes leaving something out, it says how much; what is
//! read first has the room first; every change is told as a difference. The first line is a marker by which the comment of an
//! earlier run is found again, to be written over.

use std::fmt::Write as _;

use super::{Printer, code, escaped};
use crate::render::html;
use crate::render::signs::Signs;
use crate::render::style::painted;
use crate::report::{
    Block, Fold, Group, Heading, Label, Page, PageFrame, Piece, Quote, Row, RowStatus, Section, Sign, Text,
};

/// As many characters a comment has at most. GitHub takes 65,536 ("body is too long (maximum is 65536 characters)").
pub const LONGEST: usize = 60_000;

/// What is kept for saying that something was left out.
const NOTICE: usize = 1500;

/// No text is longer than this many characters: what is longer is cut there, and says how long it was.
const TEXT: usize = 400;

/// The page as a comment.
pub fn comment(page: &Page<'_>, retyped: fn(&str) -> String) -> String {
    let mut printer = Printer { signs: Signs::of(true), retyped, out: String::new() };
    let units: Vec<Unit> = page.sections.iter().flat_map(|section| printer.units(section)).collect();
    let (plain, folded): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(|unit| !unit.is_folded);
    let head = printer.head(page);
    let middle = printer.middle(page);
    let foot = printer.foot(page.frame.as_ref());
    let fixed = [&head, &middle, &foot].map(|part| length(part)).iter().sum::<usize>();
    let mut budget = Budget { left: LONGEST.saturating_sub(fixed + NOTICE), omitted: 0, of: 0 };
    let mut text = head;
    for unit in &plain {
        text.push_str(&unit.fitted(&mut budget));
    }
    text.push_str(&middle);
    for unit in &folded {
        text.push_str(&unit.fitted(&mut budget));
    }
    if budget.omitted > 0 {
        let whole = page.frame.as_ref().map(|frame| printer.short(&frame.whole)).unwrap_or_default();
        let _ = writeln!(
            text,
            "\n**Cut short:** {} of {} entries do not fit into a comment. {whole}",
            budget.omitted, budget.of
        );
    }
    text + &foot
}

/// What is left of the room.
struct Budget {
    left: usize,
    omitted: usize,
    of: usize,
}

/// Entries that stand together.
struct Unit {
    title: Text,
    remark: Text,
    is_folded: bool,
    /// What stands before the entries, and behind them.
    around: [String; 2],
    entries: Vec<String>,
}

impl Unit {
    /// As many of the entries as there is room for.
    fn fitted(&self, budget: &mut Budget) -> String {
        budget.of += self.entries.len();
        let frame = |shown: usize| {
            let cut = if shown < self.entries.len() {
                format!(", {shown} of {} shown", self.entries.len())
            } else {
                String::new()
            };
            if self.is_folded {
                let (title, remark) = (summary(&self.title), summary(&self.remark));
                let gap = if remark.is_empty() { "" } else { " · " };
                format!("\n<details><summary><b>{title}</b>{gap}{remark}{cut}</summary>\n\n")
            } else {
                format!("\n### {}{cut}\n\n", escaped(&painted(&cut_text(&self.title), false)))
            }
        };
        let end = if self.is_folded { "\n</details>\n" } else { "" };
        // The longest that the frame can be.
        let around = length(&frame(0)) + 20 + length(end) + self.around.iter().map(|part| length(part)).sum::<usize>();
        let mut used = around;
        let shown = self.entries.iter().take_while(|entry| {
            used += length(entry);
            used <= budget.left
        });
        let shown = shown.count();
        budget.omitted += self.entries.len() - shown;
        if shown == 0 {
            return String::new();
        }
        let text = [&frame(shown), &self.around[0], &self.entries[..shown].concat(), &self.around[1], end].concat();
        budget.left = budget.left.saturating_sub(length(&text));
        text
    }
}

impl Printer {
    /// The marker, and what the whole comes to.
    fn head(&mut self, page: &Page<'_>) -> String {
        let stack = page.scope.stack;
        let marker: String =
            stack.chars().take(TEXT).map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
        let headline = page.frame.as_ref().map(|frame| self.short(&frame.headline)).unwrap_or_default();
        let title = escaped(&painted(&cut_text(&Text::of(Label::Plain, stack)), false));
        let mut text = format!("<!-- ppm-infra {marker} -->\n## {title}: {headline}\n");
        if let Some((region, account)) = page.scope.region_and_account {
            let [region, account] =
                [region, account].map(|part| code(&painted(&cut_text(&Text::of(Label::After, part)), false)));
            let _ = writeln!(text, "\nIn {region}, account {account}.");
        }
        text
    }

    /// What comes of it all.
    fn middle(&mut self, page: &Page<'_>) -> String {
        self.out.clear();
        self.paragraph(&self.short(&page.verdict));
        for remark in &page.remarks {
            let word = remark.word().map(|(word, _)| format!("**{word}:** ")).unwrap_or_default();
            let text = self.short(remark.text());
            self.paragraph(&format!("{word}{text}"));
        }
        std::mem::take(&mut self.out)
    }

    fn foot(&self, frame: Option<&PageFrame>) -> String {
        let lines = frame.into_iter().flat_map(|frame| &frame.footer);
        let lines: Vec<String> = lines.map(|line| self.short(line)).collect();
        if lines.is_empty() { String::new() } else { format!("\n---\n{}\n", lines.join("<br>\n")) }
    }

    fn short(&self, text: &Text) -> String {
        self.inline(&cut_text(text))
    }

    fn units(&mut self, section: &Section<'_>) -> Vec<Unit> {
        let blocks = section.content.blocks();
        let has_objects = |block: &Block| match block {
            Block::Table(table) => table.groups.iter().flat_map(|group| &group.rows).any(|row| row.fold != Fold::Never),
            Block::Quotes(_) | Block::Messages(_) | Block::Graph(_) | Block::Timeline(_) => false,
        };
        let is_folded = section.fold != Fold::Never || blocks.iter().any(has_objects);
        let unit = |heading: &Heading, around: [String; 2], entries: Vec<String>| Unit {
            title: heading.title.clone(),
            remark: heading.remark.clone(),
            is_folded,
            around,
            entries,
        };
        let mut units = Vec::new();
        for block in &blocks {
            match block {
                Block::Table(table) => {
                    for Group { heading, rows } in &table.groups {
                        let (around, entries) = if has_objects(block) { differences(rows) } else { self.lines(rows) };
                        let heading = heading.as_ref().unwrap_or(&section.heading);
                        units.push(unit(heading, around, entries));
                    }
                }
                Block::Quotes(quotes) => {
                    let entries = quotes.iter().map(|quote| self.entry(|printer| printer.quote(&cut_quote(quote))));
                    units.push(unit(&section.heading, Default::default(), entries.collect()));
                }
                Block::Messages(messages) => {
                    let entries = messages.iter().map(|message| self.entry(|printer| printer.message(message)));
                    units.push(unit(&section.heading, Default::default(), entries.collect()));
                }
                // There is a file for that.
                Block::Graph(_) | Block::Timeline(_) => {}
            }
        }
        units
    }

    fn entry(&mut self, print: impl FnOnce(&mut Self)) -> String {
        self.out.clear();
        print(self);
        std::mem::take(&mut self.out)
    }

    /// Rows as lines of a table; a line that belongs to a row stands at its end.
    fn lines(&mut self, rows: &[Row]) -> ([String; 2], Vec<String>) {
        let rows: Vec<Row> = rows.iter().map(joined).collect();
        let shape = super::shape(&rows);
        let head = self.entry(|printer| printer.table_head(shape));
        let entries = rows.iter().map(|row| {
            self.entry(|printer| {
                printer.row("", shape, row);
                for beneath in &row.beneath {
                    printer.row("&emsp;", shape, beneath);
                }
            })
        });
        let entries = entries.collect();
        ([head, String::new()], entries)
    }
}

/// Rows as differences, as code hosts colour them.
fn differences(rows: &[Row]) -> ([String; 2], Vec<String>) {
    let entries: Vec<String> = rows.iter().map(difference).collect();
    let longest = entries.iter().flat_map(|entry| entry.split(|c| c != '`')).map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    ([format!("{fence}diff\n"), format!("{fence}\n")], entries)
}

fn difference(row: &Row) -> String {
    let mark = match row.status {
        Some(RowStatus::Create) => '+',
        Some(RowStatus::Delete) => '-',
        Some(RowStatus::Forget) | None => '#',
        Some(_) => '!',
    };
    let cells: Vec<String> = row.cells.iter().flatten().map(|text| painted(&cut_text(text), false)).collect();
    let cells: Vec<&str> = cells.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
    let mut text = format!("{mark} {}\n", cells.join("  "));
    for beneath in &row.beneath {
        for (mark, line) in sides(beneath) {
            let _ = writeln!(text, "{mark}     {line}");
        }
    }
    text
}

/// What differs in a field, each side on a line of its own.
fn sides(row: &Row) -> Vec<(char, String)> {
    let told = |text: &Text| painted(&cut_text(text), false);
    let [name, bodies, rest @ ..] = row.cells.as_slice() else {
        return row.cells.iter().flatten().map(|text| ('#', told(text))).collect();
    };
    let name: Vec<String> = name.iter().map(told).collect();
    let name = name.join(" ");
    let follows: Vec<String> = rest.iter().flatten().map(told).filter(|text| !text.is_empty()).collect();
    let mut lines = Vec::new();
    for body in bodies {
        let pieces = body.pieces();
        let arrows: Vec<usize> = pieces
            .iter()
            .enumerate()
            .filter(|(_, piece)| **piece == Piece::Sign(Sign::Arrow))
            .map(|(n, _)| n)
            .collect();
        match (arrows.as_slice(), pieces.first()) {
            ([arrow], _) => {
                let side = |pieces: &[Piece]| told(&cut_text(&text_of(pieces))).trim().to_owned();
                lines.push(('-', format!("{name}  {}", side(&pieces[..*arrow]))));
                lines.push(('+', format!("{name}  {}", side(&pieces[arrow + 1..]))));
            }
            // What comes and what goes begins with its sign.
            (_, Some(Piece::Words(Label::Create, _))) => {
                lines.push(('+', format!("{name}  {}", told(&text_of(&pieces[1..])))));
            }
            (_, Some(Piece::Words(Label::Delete, _))) => {
                lines.push(('-', format!("{name}  {}", told(&text_of(&pieces[1..])))));
            }
            (_, _) => lines.push(('!', format!("{name}  {}", told(body)))),
        }
    }
    if let Some((_, last)) = lines.last_mut() {
        last.extend(follows.iter().flat_map(|text| ["  ", text.as_str()]));
    }
    lines
}

fn text_of(pieces: &[Piece]) -> Text {
    pieces.iter().fold(Text::new(), |text, piece| match piece {
        Piece::Words(label, words) => text.with(*label, words),
        Piece::Sign(sign) => text.and(Text::sign(*sign)),
    })
}

/// A row at whose end stands the one line beneath it, where there is one; its texts no longer than they may be.
fn joined(row: &Row) -> Row {
    let short =
        |cells: &[Vec<Text>]| cells.iter().map(|cell| cell.iter().map(cut_text).collect()).collect::<Vec<Vec<Text>>>();
    let mut cells = short(&row.cells);
    match row.beneath.as_slice() {
        [one] if one.cells.len() == 1 => {
            cells.extend(short(&one.cells));
            Row { cells, beneath: Vec::new(), ..row.clone() }
        }
        several => {
            let beneath = several.iter().map(|one| Row { cells: short(&one.cells), ..one.clone() }).collect();
            Row { cells, beneath, ..row.clone() }
        }
    }
}

/// A text that is not too long, or its beginning.
fn cut_text(text: &Text) -> Text {
    let width = text.width();
    if width <= TEXT {
        return text.clone();
    }
    let (mut cut, mut left) = (Text::new(), TEXT);
    for piece in text.pieces() {
        match piece {
            Piece::Words(label, words) => {
                let begin: String = words.chars().take(left).collect();
                left -= begin.chars().count();
                cut.push(*label, begin);
            }
            Piece::Sign(sign) if left > 0 => {
                cut.append(Text::sign(*sign));
                left -= 1;
            }
            Piece::Sign(_) => {}
        }
    }
    cut.and(Text::sign(Sign::More)).with(Label::Muted, format!(" ({width} characters)"))
}

fn cut_quote(quote: &Quote) -> Quote {
    Quote {
        subject: cut_text(&quote.subject),
        what: cut_text(&quote.what),
        excerpt: quote.excerpt.iter().map(cut_text).collect(),
        why: cut_text(&quote.why),
        hints: quote.hints.iter().map(cut_text).collect(),
        ..quote.clone()
    }
}

/// A text on the line of a fold, which is HTML and calls nobody.
fn summary(text: &Text) -> String {
    html::escaped(&painted(&cut_text(text), false)).replace('@', "@<!-- -->")
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_and_say_so() {
        let long = Text::of(Label::Before, "x".repeat(TEXT)).and(Text::arrow()).with(Label::After, "y");
        let cut = cut_text(&long).to_string();
        assert_eq!(cut, format!("{}… ({} characters)", "x".repeat(TEXT), TEXT + 4));
        let short = Text::of(Label::Before, "a").and(Text::arrow()).with(Label::After, "b");
        assert_eq!(cut_text(&short), short);
    }

    #[test]
    fn a_unit_takes_what_there_is_room_for_and_counts_the_rest() {
        let unit = Unit {
            title: Text::of(Label::Heading, "Network"),
            remark: Text::of(Label::Muted, "3 to create"),
            is_folded: true,
            around: ["<".to_owned(), ">".to_owned()],
            entries: ["alpha", "beta", "gamma"].map(str::to_owned).to_vec(),
        };
        let mut room = Budget { left: 1000, omitted: 0, of: 0 };
        assert_eq!(
            unit.fitted(&mut room),
            "\n<details><summary><b>Network</b> · 3 to create</summary>\n\n<alphabetagamma>\n</details>\n"
        );
        assert_eq!((room.omitted, room.of), (0, 3));
        let whole = 1000 - room.left;
        for left in 0..whole + 60 {
            let mut room = Budget { left, omitted: 0, of: 0 };
            let text = unit.fitted(&mut room);
            assert!(length(&text) <= left, "{left}: {text}");
            let shown = ["alpha", "beta", "gamma"].iter().filter(|entry| text.contains(**entry)).count();
            assert_eq!(room.omitted + shown, 3, "{left}: {text}");
            assert_eq!(text.contains("shown"), (1..3).contains(&shown), "{left}: {text}");
        }
    }
}
