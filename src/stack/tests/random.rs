//! Whatever is thrown at the parser, it answers; and what it points at exists.

use proptest::prelude::*;

use crate::stack::Stack;

const FULL: &str = include_str!("../../../plans/full.yaml");

/// Pieces that YAML, our numbers and our names each find awkward.
const AWKWARD: &[&str] = &[
    "",
    "\n",
    "\t",
    ":",
    ": ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "!x ",
    "|\n",
    ">",
    "%",
    "@",
    "<<: ",
    "? ",
    "---\n",
    "...\n",
    "~",
    "null",
    "true",
    "yes",
    "-1",
    "1e999",
    ".nan",
    "0x",
    "99999999999999999999999999999999999999999",
    "1.30",
    "\u{0}",
    "\u{feff}",
    "\u{2028}",
    "é",
    "𝄞",
    "\u{1b}[31m",
    "10.0.0.0/16",
    "existing:",
    "nodes:",
    "stack: x",
    "\r",
    "sg-",
    "arn:aws:",
    "vpc-0a1b2c3d",
    "package_manager: {settings: {",
    "'S3Storage \"",
    "Git: {Key: ",
];

fn answers(text: &str) -> Result<(), TestCaseError> {
    let Err(error) = Stack::parse("random.yaml", text) else {
        return Ok(());
    };
    prop_assert!(!error.problems.is_empty());
    let shown = error.to_string();
    prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    for problem in &error.problems {
        prop_assert!(problem.line >= 1 && problem.column >= 1 && problem.caret >= 1 && problem.width >= 1);
        prop_assert!(problem.line <= text.split(['\n', '\r']).count() + 1, "line {} of {text:?}", problem.line);
        prop_assert!(!problem.message.is_empty() && !problem.hint.is_empty());
    }
    Ok(())
}

fn place(text: &str, share: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to 1")]
    let mut place = (text.len() as f64 * share) as usize;
    while !text.is_char_boundary(place) {
        place -= 1;
    }
    place
}

proptest! {
    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        answers(&text)?;
    }

    #[test]
    fn any_heap_of_awkward_pieces_is_answered(pieces in prop::collection::vec(prop::sample::select(AWKWARD), 0..40)) {
        answers(&pieces.concat())?;
    }

    #[test]
    fn any_damage_to_the_example_is_answered(
        damages in prop::collection::vec((0.0..1.0_f64, 0_usize..12, prop::sample::select(AWKWARD)), 1..8),
    ) {
        let mut text = FULL.to_owned();
        for (share, deleted, inserted) in damages {
            let from = place(&text, share);
            let to = text[from..].char_indices().nth(deleted).map_or(text.len(), |(offset, _)| from + offset);
            text.replace_range(from..to, inserted);
        }
        answers(&text)?;
    }

    #[test]
    fn any_value_of_any_key_is_answered(line in 0_usize..200, value in any::<String>()) {
        let lines: Vec<&str> = FULL.lines().collect();
        let changed = line % lines.len();
        let text: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(number, line)| match line.split_once(": ") {
                Some((key, _)) if number == changed && !line.trim_start().starts_with('#') => format!("{key}: {value:?}"),
                _ => (*line).to_owned(),
            })
            .collect();
        answers(&text.join("\n"))?;
    }
}
