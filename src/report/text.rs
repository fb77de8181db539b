//! Text in pieces, each of which says what it is: printers decide how that looks.
//!
//! Promises: the author of a text names what a piece is, never how it looks; whatever the values inside it hold, no piece
//! ends a line, steers a terminal or turns the direction of reading.

use std::fmt;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Nothing special.
    Plain,
    /// Opens a section.
    Heading,
    /// The address of a resource.
    Address,
    /// Something is made.
    Create,
    /// Something is changed in place.
    Update,
    /// Something is replaced.
    Replace,
    /// Something is deleted.
    Delete,
    /// Only a record goes.
    Forget,
    /// Somebody else moved something.
    Drift,
    /// The reason of an action.
    Why,
    /// A value that is there.
    Before,
    /// A value that will be there, or was found.
    After,
    /// It went well.
    Success,
    /// It did not go well.
    Error,
    /// It deserves a second look.
    Warning,
    /// What to type next.
    Hint,
    /// What may be skipped when reading.
    Muted,
}

/// A sign that stands for a word, spelled by each printer in its own alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// From what is to what will be, and from a step to the next.
    Arrow,
    /// In place of what is left out.
    More,
}

impl Sign {
    /// How it is written where every character can be shown.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Arrow => "→",
            Self::More => "…",
        }
    }
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words, and what they are.
    Words(Label, String),
    /// A sign; it may be skipped when reading.
    Sign(Sign),
}

/// Text in labelled pieces: one line, or a part of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    pieces: Vec<Piece>,
}

impl Text {
    /// No text.
    pub fn new() -> Self {
        Self::default()
    }

    /// One piece.
    pub fn of(label: Label, words: impl AsRef<str>) -> Self {
        Self::new().with(label, words)
    }

    /// A sign alone.
    pub fn sign(sign: Sign) -> Self {
        Self { pieces: vec![Piece::Sign(sign)] }
    }

    /// An arrow with a space on either side.
    pub fn arrow() -> Self {
        Self::of(Label::Muted, " ").and(Self::sign(Sign::Arrow)).with(Label::Muted, " ")
    }

    /// The same with one more piece.
    #[must_use]
    pub fn with(mut self, label: Label, words: impl AsRef<str>) -> Self {
        self.push(label, words);
        self
    }

    /// The same with `other` behind it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.append(other);
        self
    }

    /// Adds words. Characters that would control a terminal or reorder text are spelled out.
    pub fn push(&mut self, label: Label, words: impl AsRef<str>) {
        let words = harmless(words.as_ref());
        if words.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Words(last, text)) if *last == label => text.push_str(&words),
            Some(_) | None => self.pieces.push(Piece::Words(label, words)),
        }
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: Self) {
        for piece in other.pieces {
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Words(last, text)), Piece::Words(label, words)) if *last == label => text.push_str(&words),
                (_, piece) => self.pieces.push(piece),
            }
        }
    }

    /// Whether there is nothing to read.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many characters it has, signs as [`Sign::symbol`] writes them.
    pub fn width(&self) -> usize {
        let widths = self.pieces.iter().map(|piece| match piece {
            Piece::Words(_, words) => words.chars().count(),
            Piece::Sign(sign) => sign.symbol().chars().count(),
        });
        widths.sum()
    }

    /// Whether its last character is `c`.
    pub fn ends_with(&self, c: char) -> bool {
        matches!(self.pieces.last(), Some(Piece::Words(_, words)) if words.ends_with(c))
    }

    /// The same in lines of at most `width` characters, broken between words; a word that is longer has a line of its own.
    pub fn wrapped(&self, width: usize) -> Vec<Self> {
        let mut lines = vec![Self::new()];
        let mut word = Self::new();
        for piece in &self.pieces {
            let (label, words) = match piece {
                Piece::Words(label, words) => (*label, words.as_str()),
                Piece::Sign(sign) => (Label::Muted, sign.symbol()),
            };
            for part in words.split_inclusive(' ') {
                word.push(label, part);
                if part.ends_with(' ') {
                    put(&mut lines, std::mem::take(&mut word), width);
                }
            }
        }
        put(&mut lines, word, width);
        lines
    }

    fn trim_end(&mut self) {
        if let Some(Piece::Words(_, words)) = self.pieces.last_mut() {
            words.truncate(words.trim_end().len());
        }
    }

    /// The pieces, in reading order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The same with every sign in the words of an alphabet.
    #[must_use]
    pub fn spelled(self, alphabet: impl Fn(Sign) -> &'static str) -> Self {
        if !self.pieces.iter().any(|piece| matches!(piece, Piece::Sign(_))) {
            return self;
        }
        let mut text = Self::new();
        for piece in self.pieces {
            match piece {
                Piece::Words(..) => text.append(Self { pieces: vec![piece] }),
                Piece::Sign(sign) => text.push(Label::Muted, alphabet(sign)),
            }
        }
        text
    }
}

/// Puts a word at the end of the last line, or on a line of its own where that has no room for it.
fn put(lines: &mut Vec<Text>, word: Text, width: usize) {
    let line = lines.last_mut().expect("there is a line from the start");
    let mut bare = word.clone();
    bare.trim_end();
    if !line.is_empty() && line.width() + bare.width() > width {
        line.trim_end();
        lines.push(word);
    } else {
        line.append(word);
    }
}

impl fmt::Display for Text {
    /// Writes the words alone, signs as [`Sign::symbol`] has them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pieces.iter().try_for_each(|piece| {
            f.write_str(match piece {
                Piece::Words(_, words) => words,
                Piece::Sign(sign) => sign.symbol(),
            })
        })
    }
}

/// Control characters and those that change the direction of text, spelled out: values come from others, and a tag must
/// not be able to hide what a plan deletes.
fn harmless(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_no_line_and_steer_nothing() {
        let text = Text::of(Label::Plain, "one\ntwo\u{202e}\u{1b}[31m\r");
        assert_eq!(text.pieces(), [Piece::Words(Label::Plain, "one\\ntwo\\u{202e}\\u{1b}[31m\\r".to_owned())]);
        assert_eq!(Text::of(Label::Plain, "é→").width(), 2);
    }

    #[test]
    fn long_texts_are_broken_between_words_and_lose_none() {
        let text = Text::of(Label::Address, "vpc.main").with(Label::Plain, ": one two-and-more three");
        let lines: Vec<String> = text.wrapped(14).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["vpc.main: one", "two-and-more", "three"]);
        assert_eq!(Text::of(Label::Plain, "a-very-long-word b").wrapped(4).len(), 2);
        let one = Text::of(Label::Plain, "one (").with(Label::Before, "two").with(Label::Plain, ") three");
        let lines: Vec<String> = one.wrapped(6).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["one", "(two)", "three"], "a word may be of several labels");
        assert_eq!(Text::new().wrapped(4), [Text::new()]);
    }

    #[test]
    fn what_is_alike_is_one_piece_and_signs_are_spelled_last() {
        let text = Text::of(Label::Before, "a").and(Text::arrow()).and(Text::of(Label::Muted, "b"));
        assert_eq!(text.pieces().len(), 4);
        assert_eq!(text.width(), 5);
        let spelled = text.spelled(|sign| if sign == Sign::Arrow { "->" } else { "..." });
        let expected = [("a", Label::Before), (" -> b", Label::Muted)];
        assert_eq!(spelled.pieces(), expected.map(|(words, label)| Piece::Words(label, words.to_owned())));
    }
}
