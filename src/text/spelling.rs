//! The nearest right spelling of a wrong word.
//!
//! Promises: a suggestion is one a person could have meant; no suggestion is better than a wild one.
//!
//! Leaves to others what to do with it.

/// The candidate nearest to `word`, if one is near: the same but for case, hyphens and underscores, or a few typing
/// errors away. The first of equals wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 80;
    let word = plain(word);
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let bearable = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, candidate)| *distance <= bearable && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn plain(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_could_have_meant_is_found() {
        let keys = ["cidr", "zones", "nat", "existing", "instance_type"];
        for (word, meant) in [
            ("cird", Some("cidr")),
            ("zone", Some("zones")),
            ("instanceType", Some("instance_type")),
            ("instance-type", Some("instance_type")),
            ("EXISTING", Some("existing")),
            ("banana", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, keys), meant, "{word}");
        }
        assert_eq!(nearest(&"cidr".repeat(1000), keys), None);
    }
}
