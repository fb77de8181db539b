//! Commands inside words, as we quote them: "`ppm-infra plan` shows it".

/// A part of words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuotedPart<'w> {
    /// Words.
    Words(&'w str),
    /// What stood between backticks.
    Command(&'w str),
}

/// The words in parts. Without its partner a backtick quotes nothing, and with nothing between them neither do two: these
/// stay words.
pub(super) fn parts(words: &str) -> Vec<QuotedPart<'_>> {
    let all: Vec<&str> = words.split('`').collect();
    let is_quoting = all.len() % 2 == 1 && all.iter().skip(1).step_by(2).all(|quoted| !quoted.trim().is_empty());
    if !is_quoting {
        return vec![QuotedPart::Words(words)];
    }
    let parts = all.into_iter().enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { QuotedPart::Command(part) } else { QuotedPart::Words(part) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_backticks_quote_and_others_do_not() {
        assert_eq!(
            parts("run `a b` now"),
            [QuotedPart::Words("run "), QuotedPart::Command("a b"), QuotedPart::Words(" now")]
        );
        for words in ["none", "one ` alone", "`` nothing", "` ` a space"] {
            assert_eq!(parts(words), [QuotedPart::Words(words)]);
        }
    }
}
