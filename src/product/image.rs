//! The image of the server, the version in it, and until when either is kept up.

use jiff::civil::Date;
use serde::Serialize;

use crate::model::values::{ImageRepository, ImageTag};

/// An image in a registry of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Image {
    /// Registry and repository.
    pub repository: ImageRepository,
    /// The whole tag.
    pub tag: ImageTag,
}

/// A version of Package Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Such as `2026.08.0`.
    pub version: String,
    /// The last day of Posit's support.
    pub supported_until: Date,
}

/// How long an edition is supported: "each edition will be supported for 18 months" (Posit, "Announcing Calendar Based
/// Versioning", August 2021). The newest one is supported however old it is.
const SUPPORTED_MONTHS: i32 = 18;
/// The repository whose publication ends (Docker Hub, `rstudio/rstudio-package-manager`), and the last day of it.
const ENDING: (&str, i16, i8, i8) = ("rstudio/rstudio-package-manager", 2026, 12, 31);

impl Release {
    /// The release in an image with this tag, if the tag says which: `2026.08.0` in `2026.08.0-ubuntu-24.04` and in
    /// `ubuntu2204-2024.11.0`.
    pub fn in_tag(tag: &str) -> Option<Self> {
        let is_version = |part: &&str| {
            let numbers: Vec<&str> = part.split('.').collect();
            numbers.len() == 3 && numbers[0].len() == 4 && numbers.iter().all(|n| n.parse::<u16>().is_ok())
        };
        let version = tag.split('-').find(is_version)?;
        Some(Self { version: version.to_owned(), supported_until: end_of_support(version)? })
    }
}

/// The repository whose publication ends and the last day of it, if images of `repository` come from there.
pub fn ending(repository: &str) -> Option<(&'static str, Date)> {
    let (ending, year, month, day) = ENDING;
    let is_it = repository == ending || repository.ends_with(&format!(".io/{ending}"));
    is_it.then(|| Date::new(year, month, day).ok()).flatten().map(|last| (ending, last))
}

/// The last day of the month that is so many months after the edition, the year and month of the version.
fn end_of_support(version: &str) -> Option<Date> {
    let mut numbers = version.split('.');
    let (year, month) = (numbers.next()?.parse::<i32>().ok()?, numbers.next()?.parse::<i32>().ok()?);
    if !(1..=12).contains(&month) {
        return None;
    }
    let months = year * 12 + month - 1 + SUPPORTED_MONTHS;
    let first = Date::new((months / 12).try_into().ok()?, (months % 12 + 1).try_into().ok()?, 1).ok()?;
    Some(first.last_of_month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_is_supported_for_eighteen_months() {
        for (tag, expected) in [
            ("2026.08.0-ubuntu-24.04", Some("2026.08.0 until 2028-02-29")),
            ("ubuntu2204-2024.11.0", Some("2024.11.0 until 2026-05-31")),
            ("ubuntu2204-2024.06.1", Some("2024.06.1 until 2025-12-31")),
            ("ours", None),
            ("2024.13.1-x", None),
        ] {
            let told = Release::in_tag(tag).map(|found| format!("{} until {}", found.version, found.supported_until));
            assert_eq!(told.as_deref(), expected, "{tag}");
        }
    }

    #[test]
    fn the_repository_that_ends_is_known_in_any_registry_that_mirrors_by_name() {
        for (repository, ends) in [
            ("rstudio/rstudio-package-manager", true),
            ("ghcr.io/rstudio/rstudio-package-manager", true),
            ("posit/package-manager", false),
            ("mirror.example.com/ppm", false),
        ] {
            assert_eq!(ending(repository).is_some(), ends, "{repository}");
        }
    }
}
