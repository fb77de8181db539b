//! Text with labels, and the one table that turns labels into colour.
//!
//! Promises: whoever writes text names what a piece is, never how it looks; printed plain, it holds no escape code,
//! whatever the values inside it hold.

use std::fmt;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

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

impl Label {
    /// The only table from labels to looks. The word names the label to anything that styles by name, as a report does.
    const fn row(self) -> (&'static str, Style) {
        let plain = Style::new();
        match self {
            Self::Plain => ("plain", plain),
            Self::Heading => ("heading", plain.bold()),
            Self::Address => ("address", plain.bold()),
            Self::Create => ("action.create", coloured(AnsiColor::Green)),
            Self::Update => ("action.update", coloured(AnsiColor::Yellow)),
            Self::Replace => ("action.replace", coloured(AnsiColor::Magenta)),
            Self::Delete => ("action.delete", coloured(AnsiColor::Red)),
            Self::Forget => ("action.forget", plain.dimmed()),
            Self::Drift => ("drift", coloured(AnsiColor::Cyan)),
            Self::Why => ("why", plain.italic()),
            Self::Before => ("value.before", plain.dimmed()),
            Self::After => ("value.after", plain),
            Self::Success => ("success", coloured(AnsiColor::Green)),
            Self::Error => ("error", coloured(AnsiColor::Red).bold()),
            Self::Warning => ("warning", coloured(AnsiColor::Yellow).bold()),
            Self::Hint => ("hint", coloured(AnsiColor::Cyan)),
            Self::Muted => ("muted", plain.dimmed()),
        }
    }

    /// Its name, such as `action.create`.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// How it looks on a terminal.
    pub const fn style(self) -> Style {
        self.row().1
    }
}

const fn coloured(colour: AnsiColor) -> Style {
    colour.on_default()
}

/// Text in labelled pieces. Displays plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    pieces: Vec<(Label, String)>,
}

impl Styled {
    /// No text.
    pub fn new() -> Self {
        Self::default()
    }

    /// One piece.
    pub fn of(label: Label, text: impl AsRef<str>) -> Self {
        Self::new().with(label, text)
    }

    /// The same with one more piece.
    #[must_use]
    pub fn with(mut self, label: Label, text: impl AsRef<str>) -> Self {
        self.push(label, text);
        self
    }

    /// The same with `other` behind it.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.append(other);
        self
    }

    /// Adds a piece. Characters that would control a terminal or reorder text are spelled out.
    pub fn push(&mut self, label: Label, text: impl AsRef<str>) {
        let text = harmless(text.as_ref());
        if !text.is_empty() {
            self.pieces.push((label, text));
        }
    }

    /// Adds all of `other`.
    pub fn append(&mut self, other: Self) {
        self.pieces.extend(other.pieces);
    }

    /// Adds a line and ends it.
    pub fn line(&mut self, line: Self) {
        self.append(line);
        self.end_line();
    }

    /// Ends the line.
    pub fn end_line(&mut self) {
        self.pieces.push((Label::Plain, "\n".to_owned()));
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// How many characters it has: its width, if it is one line.
    pub fn width(&self) -> usize {
        self.pieces.iter().map(|(_, text)| text.chars().count()).sum()
    }

    /// The pieces with their labels; line ends are pieces of their own.
    pub fn pieces(&self) -> impl Iterator<Item = (Label, &str)> {
        self.pieces.iter().map(|(label, text)| (*label, text.as_str()))
    }

    /// The text, coloured or plain.
    pub fn text(&self, colour: bool) -> String {
        let mut all = String::new();
        for (label, text) in self.pieces() {
            let style = label.style();
            if colour && text != "\n" && style != Style::new() {
                all.extend([&style.render().to_string(), text, &style.render_reset().to_string()]);
            } else {
                all.push_str(text);
            }
        }
        all
    }

    /// Writes the text.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(&self, out: &mut dyn Write, colour: bool) -> io::Result<()> {
        out.write_all(self.text(colour).as_bytes())?;
        out.flush()
    }
}

impl fmt::Display for Styled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(false))
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
    fn plain_text_has_no_escape_codes_and_coloured_text_has() {
        let text = Styled::of(Label::Create, "create").with(Label::Plain, " x").with(Label::Address, "\u{1b}[31mred\r");
        assert_eq!(text.text(false), "create x\\u{1b}[31mred\\r");
        assert_eq!(text.text(true), "\u{1b}[32mcreate\u{1b}[0m x\u{1b}[1m\\u{1b}[31mred\\r\u{1b}[0m");
        assert_eq!(text.to_string(), text.text(false));
    }

    #[test]
    fn lines_end_only_where_they_are_ended() {
        let mut text = Styled::new();
        text.line(Styled::of(Label::Plain, "one\ntwo\u{202e}"));
        assert_eq!(text.text(false), "one\\ntwo\\u{202e}\n");
        assert_eq!(Styled::of(Label::Plain, "é→").width(), 2);
    }
}
