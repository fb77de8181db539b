//! The one table that turns labels into colour, and text for a terminal.
//!
//! Promises: printed plain, it holds no escape code, whatever the values inside it hold.

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::report::{Label, Piece, Sign, Text};

/// The only table from labels to looks.
const fn look(label: Label) -> Style {
    let plain = Style::new();
    match label {
        Label::Plain | Label::After => plain,
        Label::Heading | Label::Address => plain.bold(),
        Label::Create | Label::Success => coloured(AnsiColor::Green),
        Label::Update => coloured(AnsiColor::Yellow),
        Label::Replace => coloured(AnsiColor::Magenta),
        Label::Delete => coloured(AnsiColor::Red),
        Label::Drift | Label::Hint => coloured(AnsiColor::Cyan),
        Label::Why => plain.italic(),
        Label::Forget | Label::Before | Label::Muted => plain.dimmed(),
        Label::Error => coloured(AnsiColor::Red).bold(),
        Label::Warning => coloured(AnsiColor::Yellow).bold(),
    }
}

const fn coloured(colour: AnsiColor) -> Style {
    colour.on_default()
}

/// The text of one line, coloured or plain.
pub(super) fn painted(text: &Text, colour: bool) -> String {
    if !colour {
        return text.to_string();
    }
    let mut all = String::new();
    for piece in text.pieces() {
        let (label, words) = match piece {
            Piece::Words(label, words) => (*label, words.as_str()),
            Piece::Sign(sign) => (Label::Muted, Sign::symbol(*sign)),
        };
        let style = look(label);
        if style == Style::new() {
            all.push_str(words);
        } else {
            all.extend([&style.render().to_string(), words, &style.render_reset().to_string()]);
        }
    }
    all
}

/// Lines for a terminal. Displays plain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Styled {
    lines: Vec<Text>,
}

impl Styled {
    /// No lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a line.
    pub fn line(&mut self, line: Text) {
        self.lines.push(line);
    }

    /// Adds a line without text.
    pub fn gap(&mut self) {
        self.lines.push(Text::new());
    }

    /// Whether there are no lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The lines, coloured or plain, each with its end.
    pub fn text(&self, colour: bool) -> String {
        self.lines.iter().map(|line| painted(line, colour) + "\n").collect()
    }
}

impl fmt::Display for Styled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_no_escape_codes_and_coloured_text_has() {
        let mut text = Styled::new();
        text.line(Text::of(Label::Create, "create").with(Label::Plain, " x").with(Label::Address, "\u{1b}[31mred\r"));
        assert_eq!(text.text(false), "create x\\u{1b}[31mred\\r\n");
        assert_eq!(text.text(true), "\u{1b}[32mcreate\u{1b}[0m x\u{1b}[1m\\u{1b}[31mred\\r\u{1b}[0m\n");
        assert_eq!(text.to_string(), text.text(false));
    }

    #[test]
    fn lines_end_only_where_they_are_ended() {
        let mut text = Styled::new();
        text.line(Text::of(Label::Plain, "one\ntwo\u{202e}"));
        assert_eq!(text.text(false), "one\\ntwo\\u{202e}\n");
    }
}
