//! How Helm reads YAML: as version 1.1, with Go's reader (`go.yaml.in/yaml/v2` behind `sigs.k8s.io/yaml`).
//!
//! Promises: [`bare`] and [`is_unprintable`] answer as that reader does; tests of the hand-off put both side by side.
//!
//! Leaves to others where text is written without quotes.

/// What a word without quotes is to the reader.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bare {
    /// Text, the word itself.
    Text,
    /// `true`, `on`, `No` and the like.
    Flag(bool),
    /// `null`, `~`, or nothing at all.
    Null,
    /// A whole number in any of its spellings: `123`, `0x1f`, `017`, `1_000`.
    Whole(i128),
    /// Any other number: `1e3`, `08`, `1.5`.
    Fraction(f64),
}

/// What a word without quotes is to the reader.
pub fn bare(word: &str) -> Bare {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => Bare::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" | "true" | "True" | "TRUE" => Bare::Flag(true),
        "n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF" | "false" | "False" | "FALSE" => Bare::Flag(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Bare::Fraction(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Bare::Fraction(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Bare::Fraction(f64::NAN),
        _ => number(word).unwrap_or(Bare::Text),
    }
}

/// Whether a word without quotes is text to the reader.
pub fn is_bare_text(word: &str) -> bool {
    bare(word) == Bare::Text
}

fn number(word: &str) -> Option<Bare> {
    if !word.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '+' | '-' | '.')) {
        return None;
    }
    let digits: String = word.chars().filter(|c| *c != '_').collect();
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(&digits);
    let sign = if digits.starts_with('-') { -1 } else { 1 };
    let (radix, rest) = match unsigned.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (16, &unsigned[2..]),
        Some("0o") => (8, &unsigned[2..]),
        Some("0b") => (2, &unsigned[2..]),
        _ if unsigned.len() > 1 && unsigned.starts_with('0') => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    // A second sign would be taken by the parser.
    let whole = if rest.starts_with(['+', '-']) { None } else { u64::from_str_radix(rest, radix).ok() };
    match whole {
        Some(whole) => Some(Bare::Whole(sign * i128::from(whole))),
        None => fraction(&digits),
    }
}

/// What the reader takes for a number with a fraction or an exponent; one that is too large for it is text.
fn fraction(digits: &str) -> Option<Bare> {
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let (base, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((base, exponent)) => (base, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, part) = base.split_once('.').unwrap_or((base, ""));
    let has_form = all_digits(whole)
        && all_digits(part)
        && !(whole.is_empty() && part.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && all_digits(exponent));
    let number: f64 = if has_form { digits.parse().ok()? } else { return None };
    number.is_finite().then_some(Bare::Fraction(number))
}

/// Whether a character cannot stand for itself in a line of text: control characters, the line ends of any script, and
/// code points that the reader refuses. The byte order mark is among them, which the server's own reader refuses.
pub fn is_unprintable(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as the engine answered when it was asked.
    #[test]
    fn words_are_read_as_helm_reads_them() {
        for word in ["y", "On", "YES", "true"] {
            assert_eq!(bare(word), Bare::Flag(true), "{word}");
        }
        for word in ["n", "Off", "NO", "False"] {
            assert_eq!(bare(word), Bare::Flag(false), "{word}");
        }
        for word in ["", "~", "null", "Null"] {
            assert_eq!(bare(word), Bare::Null, "{word}");
        }
        for (word, number) in [
            ("123", 123),
            ("0x1f", 31),
            ("0o17", 15),
            ("0b11", 3),
            ("017", 15),
            ("1_000", 1000),
            ("0x_1", 1),
            ("-7", -7),
        ] {
            assert_eq!(bare(word), Bare::Whole(number), "{word}");
        }
        for (word, number) in
            [("08", 8.0), ("1e3", 1e3), ("12e03", 12e3), ("1.e5", 1e5), ("1.0_0", 1.0), ("0_8", 8.0), (".5", 0.5)]
        {
            assert_eq!(bare(word), Bare::Fraction(number), "{word}");
        }
        for word in [
            "yES",
            "oN",
            "tRUE",
            "nULL",
            "0x",
            "0xg",
            "1e",
            "0b12",
            "0o8",
            "1.2.3",
            "1:20",
            "2026-01-01",
            "1e400",
            "inf",
            "nan",
            "infinity",
            "0x1p4",
            "a",
            "1a",
            "=",
            "--1",
            "0x-1",
            "1e+",
            ".",
            "e5",
            "ppm",
        ] {
            assert_eq!(bare(word), Bare::Text, "{word}");
        }
    }

    #[test]
    fn what_ends_a_line_or_is_refused_is_unprintable() {
        for c in
            ['\0', '\t', '\n', '\u{7f}', '\u{85}', '\u{9f}', '\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}']
        {
            assert!(is_unprintable(c), "U+{:04X}", u32::from(c));
        }
        for c in [' ', '\u{a0}', '\u{2027}', '\u{202a}', '\u{3000}', '\u{fffd}', '\u{1fffe}', '😀'] {
            assert!(!is_unprintable(c), "U+{:04X}", u32::from(c));
        }
    }
}
