//! Which version of the engine is meant, which is there, and how to get from one to the other. Pure.
//!
//! A major version alone means any minor of it; with a minor it means that one or a newer one, for RDS moves on by
//! itself. There is no way back to an older version.

use std::cmp::Ordering;

/// What a declared version asks of the version that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VersionMove {
    /// Nothing: it is what is meant.
    Stay,
    /// To this version of the same major.
    Minor(String),
    /// To this version of a newer major.
    Major(String),
    /// To whichever minor of this newer major can be reached.
    AnyOf(u32),
    /// Back, which RDS never does.
    Back,
}

/// The way from the version `there` to the one `wanted`.
pub(crate) fn way(there: &str, wanted: &str) -> VersionMove {
    if satisfies(there, wanted) {
        return VersionMove::Stay;
    }
    match major(there).cmp(&major(wanted)) {
        Ordering::Greater => VersionMove::Back,
        Ordering::Equal => VersionMove::Minor(wanted.to_owned()),
        Ordering::Less if numbers(wanted).len() > 1 => VersionMove::Major(wanted.to_owned()),
        Ordering::Less => VersionMove::AnyOf(major(wanted)),
    }
}

/// The newest of these versions with this major.
pub(crate) fn newest<'a>(versions: impl IntoIterator<Item = &'a str>, of: u32) -> Option<&'a str> {
    versions.into_iter().filter(|version| major(version) == of).max_by_key(|version| numbers(version))
}

/// The version `there` in the words of the first of `asked` that it satisfies, and what is worth noting about it.
#[cfg(any(feature = "aws", test))]
pub(crate) fn told<'a>(there: &str, asked: impl IntoIterator<Item = &'a str>) -> (String, Option<String>) {
    let Some(asked) = asked.into_iter().find(|asked| satisfies(there, asked)) else { return (there.to_owned(), None) };
    let newer = numbers(asked).len() > 1 && numbers(there) > numbers(asked);
    (asked.to_owned(), newer.then(|| format!("{there} is newer than the declared {asked}")))
}

/// The newest of these versions that is what `wanted` means of a new database: with a minor, RDS makes that very one.
pub(crate) fn newest_meant<'a>(versions: impl IntoIterator<Item = &'a str>, wanted: &str) -> Option<&'a str> {
    let exact = numbers(wanted).len() > 1;
    let fits = |version: &&str| if exact { *version == wanted } else { major(version) == major(wanted) };
    versions.into_iter().filter(fits).max_by_key(|version| numbers(version))
}

/// Those of these versions that have this version's major, oldest first.
pub(crate) fn of_major<'a>(versions: impl IntoIterator<Item = &'a str>, like: &str) -> Vec<&'a str> {
    let mut all: Vec<&str> = versions.into_iter().filter(|version| major(version) == major(like)).collect();
    all.sort_by_key(|version| numbers(version));
    all
}

/// Where RDS goes from a version, said where it does not go where it is to.
pub(crate) fn ways_on(there: &str, targets: &[&str]) -> String {
    if targets.is_empty() {
        format!("RDS offers no upgrade from {there} by now")
    } else {
        format!("from {there} RDS goes to {}", targets.join(", "))
    }
}

fn satisfies(there: &str, wanted: &str) -> bool {
    major(there) == major(wanted) && numbers(there) >= numbers(wanted)
}

pub(super) fn major(version: &str) -> u32 {
    numbers(version).first().copied().unwrap_or_default()
}

/// The numbers in a version: some of RDS go on behind them, as `11.22-RDS.20240418` does.
fn numbers(version: &str) -> Vec<u32> {
    let plain = version.split('-').next().unwrap_or_default();
    plain.split('.').map(|part| part.parse().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_major_alone_is_satisfied_by_any_minor() {
        assert_eq!(way("17.6", "17"), VersionMove::Stay);
        assert_eq!(told("17.6", ["17"]), ("17".to_owned(), None));
        assert_eq!(way("16.9", "17"), VersionMove::AnyOf(17));
    }

    #[test]
    fn a_minor_is_satisfied_by_newer_ones_and_says_so() {
        assert_eq!(way("17.10", "17.4"), VersionMove::Stay);
        let note = "17.10 is newer than the declared 17.4".to_owned();
        assert_eq!(told("17.10", ["17.4"]), ("17.4".to_owned(), Some(note)));
        assert_eq!(told("17.4", ["17.4"]), ("17.4".to_owned(), None));
        assert_eq!(way("17.9", "17.10"), VersionMove::Minor("17.10".to_owned()));
        assert_eq!(told("17.9", ["17.10"]), ("17.9".to_owned(), None));
    }

    #[test]
    fn words_are_taken_from_the_first_that_is_satisfied() {
        assert_eq!(told("17.6", ["16", "17"]).0, "17");
        assert_eq!(told("17.6", ["17", "17.4"]).0, "17");
        assert_eq!(told("18.1", ["16", "17"]).0, "18.1");
    }

    #[test]
    fn majors_only_rise() {
        assert_eq!(way("16.9", "17.4"), VersionMove::Major("17.4".to_owned()));
        assert_eq!(way("17.4", "16"), VersionMove::Back);
        assert_eq!(way("17.4", "16.9"), VersionMove::Back);
        assert_eq!(way("11.22-RDS.20240418", "11.22"), VersionMove::Stay);
    }

    #[test]
    fn a_version_without_a_way_on_is_told_in_a_whole_sentence() {
        assert_eq!(ways_on("16.3", &["16.9", "17.4"]), "from 16.3 RDS goes to 16.9, 17.4");
        assert_eq!(ways_on("16.3", &[]), "RDS offers no upgrade from 16.3 by now");
    }

    #[test]
    fn the_newest_reachable_minor_is_found_by_number() {
        assert_eq!(newest(["16.10", "17.9", "17.10", "18.1"], 17), Some("17.10"));
        assert_eq!(newest(["16.10"], 17), None);
    }
}
