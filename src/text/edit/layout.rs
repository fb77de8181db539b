//! Where the parts of a YAML text begin and end, in bytes.
//!
//! Leaves to others what is written there. What it cannot find it says so: nobody guesses at a layout.

use super::EditRefusal;
use crate::model::place::Place;
use crate::text::{Member, Shape, SourceNode};

/// A text and where its lines begin.
pub(super) struct Layout<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Layout<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts: starts.collect() }
    }

    /// What ends the lines of this text.
    pub(super) fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// Where a place is.
    pub(super) fn offset(&self, place: Place) -> usize {
        let start = self.starts.get(place.line.saturating_sub(1)).copied().unwrap_or(self.text.len());
        let line = &self.text[start..];
        // Columns do not count the mark that a file may begin with.
        let mark = if line.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let within =
            line[mark..].char_indices().nth(place.column.saturating_sub(1)).map_or(line.len() - mark, |(at, _)| at);
        start + mark + within
    }

    /// Where the line of this byte begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |end| end + 1)
    }

    /// Where the line after that of this byte begins; the end of the text after the last.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..].find('\n').map_or(self.text.len(), |end| at + end + 1)
    }

    /// The line that begins there, without its end.
    pub(super) fn line(&self, start: usize) -> &'a str {
        self.text[start..self.next_line(start)].trim_end_matches(['\n', '\r'])
    }

    /// What stands on the line before this byte.
    pub(super) fn before(&self, at: usize) -> &'a str {
        let before = &self.text[self.line_start(at)..at];
        before.strip_prefix('\u{feff}').unwrap_or(before)
    }

    /// Whether nothing but a comment follows on the line of this byte.
    pub(super) fn ends_line(&self, at: usize) -> bool {
        let rest = self.text[at..self.next_line(at)].trim_end();
        let comment = rest.trim_start();
        comment.is_empty() || (comment.starts_with('#') && comment.len() < rest.len())
    }

    /// Where a value begins, behind its anchor and its tag.
    pub(super) fn begin(&self, node: &SourceNode) -> Result<usize, EditRefusal> {
        let mut at = self.offset(node.place);
        loop {
            let rest = &self.text[at..];
            if rest.starts_with('*') {
                return Err(EditRefusal::new(node.place, "it is an alias: what it stands for is written elsewhere"));
            }
            if !rest.starts_with(['&', '!']) {
                return Ok(at);
            }
            let length = rest.find([' ', '\n', '\r']).unwrap_or(rest.len());
            let gap = rest[length..].len() - rest[length..].trim_start().len();
            at += length + gap;
        }
    }

    /// Whether a list or mapping is written in brackets.
    pub(super) fn is_flow(&self, node: &SourceNode) -> Result<bool, EditRefusal> {
        Ok(self.text[self.begin(node)?..].starts_with(['[', '{']))
    }

    /// Where a value ends.
    pub(super) fn end(&self, node: &SourceNode) -> Result<usize, EditRefusal> {
        match &node.shape {
            Shape::List(items) if !self.is_flow(node)? => {
                items.last().map_or_else(|| self.begin(node), |last| self.end(last))
            }
            Shape::Map(members) if !self.is_flow(node)? => {
                members.last().map_or_else(|| self.begin(node), |last| self.end_of_member(last))
            }
            Shape::List(_) | Shape::Map(_) => self.closed(node),
            Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => {
                let at = self.begin(node)?;
                if self.text[at..].starts_with(&node.spelling) {
                    // Text in a block reaches over the end of its last line.
                    return Ok(at + node.spelling.trim_end_matches(['\n', '\r']).len());
                }
                Err(EditRefusal::new(node.place, "it is not where it seems to be"))
            }
        }
    }

    /// Where a key with its value ends.
    pub(super) fn end_of_member(&self, member: &Member) -> Result<usize, EditRefusal> {
        if member.value.shape == Shape::Null && member.value.spelling.is_empty() {
            return self.colon(member);
        }
        // Behind an alias nothing of this key is written any more.
        let at = self.offset(member.value.place);
        if self.text[at..].starts_with('*') {
            let length = self.text[at..].find([' ', '\n', '\r', ',', ']', '}']).unwrap_or(self.text.len() - at);
            return Ok(at + length);
        }
        self.end(&member.value)
    }

    /// Behind the colon of a key.
    pub(super) fn colon(&self, member: &Member) -> Result<usize, EditRefusal> {
        let at = self.offset(member.at);
        let unclear = || EditRefusal::new(member.at, "the key is written in a way that is not edited");
        let rest = &self.text[at..self.next_line(at)];
        let name = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => 2 + rest[1..].find(quote).ok_or_else(unclear)?,
            Some(_) => rest.find(':').ok_or_else(unclear)?,
            None => return Err(unclear()),
        };
        let gap = rest[name..].find(':').ok_or_else(unclear)?;
        if rest[name..name + gap].trim().is_empty() { Ok(at + name + gap + 1) } else { Err(unclear()) }
    }

    /// Behind the bracket that closes what is written in brackets.
    fn closed(&self, node: &SourceNode) -> Result<usize, EditRefusal> {
        let (begin, mut depth) = (self.begin(node)?, 0_usize);
        let (mut quote, mut before) = (None, ' ');
        let mut characters = self.text[begin..].char_indices();
        while let Some((at, c)) = characters.next() {
            match (quote, c) {
                (Some('"'), '\\') => drop(characters.next()),
                (Some(open), c) if c == open => quote = None,
                (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
                (None, '#') if before.is_whitespace() => {
                    let rest = &self.text[begin + at..];
                    let skipped = rest.find('\n').unwrap_or(rest.len());
                    while characters.clone().next().is_some_and(|(next, _)| next < at + skipped) {
                        characters.next();
                    }
                }
                (None, '[' | '{') => depth += 1,
                (None, ']' | '}') => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(begin + at + 1);
                    }
                }
                (Some(_) | None, _) => {}
            }
            before = c;
        }
        Err(EditRefusal::new(node.place, "its end is not found"))
    }
}
