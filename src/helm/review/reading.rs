//! The file as Helm reads it: YAML 1.1, where our own reader of trees follows 1.2.
//!
//! Promises: scalars without quotes are what Go's reader makes of them; places and spellings stay; characters at which
//! that reader stops, or begins another line, are told.

use super::reviewer::Reviewer;
use crate::text::{Bare, Member, Place, Shape, SourceNode, bare, is_unprintable, shown};

/// The tree with every scalar as Helm reads it.
pub(super) fn as_helm(node: SourceNode) -> SourceNode {
    let shape = match node.shape {
        Shape::List(items) => Shape::List(items.into_iter().map(as_helm).collect()),
        Shape::Map(members) => Shape::Map(members.into_iter().map(member).collect()),
        scalar @ (Shape::Text(_) | Shape::Flag(_) | Shape::Null | Shape::Whole(_) | Shape::Fraction(_))
            if is_bare(&node.spelling) =>
        {
            match bare(&node.spelling) {
                Bare::Text => Shape::Text(if let Shape::Text(text) = scalar { text } else { node.spelling.clone() }),
                Bare::Flag(flag) => Shape::Flag(flag),
                Bare::Null => Shape::Null,
                Bare::Whole(number) => Shape::Whole(number),
                Bare::Fraction(number) => Shape::Fraction(number),
            }
        }
        scalar @ (Shape::Text(_) | Shape::Flag(_) | Shape::Null | Shape::Whole(_) | Shape::Fraction(_)) => scalar,
    };
    SourceNode { shape, ..node }
}

fn member(member: Member) -> Member {
    Member { value: as_helm(member.value), ..member }
}

/// Whether a scalar is one word without quotes, block or tag, on one line.
fn is_bare(spelling: &str) -> bool {
    !spelling.starts_with(['"', '\'', '|', '>', '!', '&', '*']) && !spelling.contains('\n')
}

/// Checks the characters of the file.
pub(super) fn characters(reviewer: &mut Reviewer<'_>, text: &str) {
    let mut quoted = Vec::new();
    collect(reviewer.root, &mut quoted);
    for (number, line) in (1..).zip(text.split('\n')) {
        let is_harmless = |c: char| matches!(c, '\t' | '\r' | '\u{feff}');
        for (index, c) in line.chars().enumerate().filter(|(_, c)| is_unprintable(*c) && !is_harmless(*c)) {
            // Between quotes these two are characters like others.
            let is_line_end = matches!(c, '\u{2028}' | '\u{2029}');
            if is_line_end && quoted.iter().any(|(place, spelling)| holds(*place, spelling, number, c)) {
                continue;
            }
            let place = Place { line: number, column: index + 1, width: 1 };
            let what = format!("the character U+{:04X} stands here", u32::from(c));
            let why = "Helm's reader takes it for the end of the line, even in a comment, or refuses the file.";
            reviewer.error(place, "", what, why, "delete it, or write its escape between double quotes");
        }
    }
    for (place, spelling) in quoted.iter().filter(|(_, spelling)| has_surrogate(spelling)) {
        let what = format!("half a character is written in {}", shown(spelling));
        let why = "Helm's reader takes no surrogates, and refuses the file.";
        reviewer.error(*place, "", what, why, "write the character itself, or \\U and eight digits");
    }
}

/// Scalars in quotes, with where they begin.
fn collect<'a>(node: &'a SourceNode, found: &mut Vec<(Place, &'a str)>) {
    match &node.shape {
        Shape::List(items) => items.iter().for_each(|item| collect(item, found)),
        Shape::Map(members) => members.iter().for_each(|member| collect(&member.value, found)),
        Shape::Null | Shape::Flag(_) | Shape::Whole(_) | Shape::Fraction(_) | Shape::Text(_) => {
            if node.spelling.starts_with(['"', '\'']) {
                found.push((node.place, &node.spelling));
            }
        }
    }
}

fn holds(place: Place, spelling: &str, line: usize, c: char) -> bool {
    line.checked_sub(place.line).and_then(|nth| spelling.split('\n').nth(nth)).is_some_and(|part| part.contains(c))
}

/// Whether a text in double quotes has an escape of a surrogate, as JSON writes characters beyond the first plane.
fn has_surrogate(spelling: &str) -> bool {
    let mut rest = spelling.strip_prefix('"').unwrap_or_default();
    while let Some(at) = rest.find('\\') {
        let escape = &rest[at + 1..];
        let digits = match escape.chars().next() {
            Some('u') => escape.get(1..5),
            Some('U') => escape.get(1..9),
            Some(_) | None => None,
        };
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if code.is_some_and(|code| (0xD800..0xE000).contains(&code)) {
            return true;
        }
        let step = escape.chars().next().map_or(0, char::len_utf8);
        rest = &escape[step..];
    }
    false
}

/// YAML 1.1 reads some words as something else than text, also as keys.
pub(super) fn plain_key(reviewer: &mut Reviewer<'_>, path: &str, member: &Member) {
    if member.is_quoted {
        return;
    }
    let (what, arrives) = match bare(&member.key) {
        Bare::Text => return,
        Bare::Flag(flag) => ("a boolean", flag.to_string()),
        Bare::Null => ("nothing", "nothing".to_owned()),
        Bare::Whole(number) => ("a number", number.to_string()),
        Bare::Fraction(number) => ("a number", number.to_string()),
    };
    if arrives == member.key {
        return;
    }
    reviewer.error(
        member.at,
        path,
        format!("the key `{}` is {what} in YAML 1.1, which Helm reads", shown(&member.key)),
        &format!("It arrives as `{arrives}`, which neither the chart nor the server knows."),
        format!("write \"{}\": in quotes", shown(&member.key)),
    );
}
