//! What is known of the releases behind charts: which version of Package Manager one brings, and until when it is
//! supported.

use jiff::civil::Date;

use super::form::chart_version;

/// A version of Package Manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Such as `2026.08.0`.
    pub version: String,
    /// The last day of Posit's support.
    pub supported_until: Date,
}

/// Charts and what they install unless told otherwise (`appVersion` of the charts).
const CHARTS: [((u32, u32, u32), &str); 2] = [((0, 5, 43), "2024.11.0"), ((0, 20, 4), "2026.08.0")];
/// How long an edition is supported: "each edition will be supported for 18 months" (Posit, "Announcing Calendar Based
/// Versioning", August 2021). The newest one is supported however old it is.
const SUPPORTED_MONTHS: i32 = 18;
/// The image of charts before this one, whose publication ends (Docker Hub, `rstudio/rstudio-package-manager`).
const OTHER_IMAGE: (u32, u32, u32) = (0, 20, 0);
const OLD_IMAGE: &str = "rstudio/rstudio-package-manager";
const OLD_IMAGE_UNTIL: (i16, i8, i8) = (2026, 12, 31);

/// The release behind a chart, or in an image with this tag; nothing if it is not known.
pub fn release(chart: &str, tag: Option<&str>) -> Option<Release> {
    let version = if let Some(tag) = tag {
        calendar_version(tag)?
    } else {
        let chart = chart_version(chart)?;
        CHARTS.iter().find(|(known, _)| *known == chart)?.1.to_owned()
    };
    let supported_until = end_of_support(&version)?;
    Some(Release { version, supported_until })
}

/// The image whose publication ends, if the chart or the declared repository is that one, and the last day of it.
pub fn ending_image(chart: &str, repository: Option<&str>) -> Option<(String, Date)> {
    let is_old = match repository {
        Some(repository) => repository == OLD_IMAGE || repository.ends_with(&format!(".io/{OLD_IMAGE}")),
        None => chart_version(chart).is_some_and(|chart| chart < OTHER_IMAGE),
    };
    let (year, month, day) = OLD_IMAGE_UNTIL;
    is_old.then(|| Date::new(year, month, day).ok()).flatten().map(|end| (OLD_IMAGE.to_owned(), end))
}

/// `2026.08.0` in `2026.08.0-ubuntu-24.04` and in `ubuntu2204-2024.11.0`.
fn calendar_version(tag: &str) -> Option<String> {
    let is_version = |part: &&str| {
        let numbers: Vec<&str> = part.split('.').collect();
        numbers.len() == 3 && numbers[0].len() == 4 && numbers.iter().all(|n| n.parse::<u16>().is_ok())
    };
    tag.split('-').find(is_version).map(str::to_owned)
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
    fn charts_and_images_bring_versions_that_are_supported_for_eighteen_months() {
        let told = |chart: &str, tag: Option<&str>| {
            release(chart, tag).map(|found| format!("{} until {}", found.version, found.supported_until))
        };
        for (chart, tag, expected) in [
            ("0.20.4", None, Some("2026.08.0 until 2028-02-29")),
            ("0.5.43", None, Some("2024.11.0 until 2026-05-31")),
            ("0.20.2", None, None),
            ("0.5.43", Some("2026.08.0-ubuntu-24.04"), Some("2026.08.0 until 2028-02-29")),
            ("0.20.4", Some("ubuntu2204-2024.06.1"), Some("2024.06.1 until 2025-12-31")),
            ("0.20.4", Some("ours"), None),
            ("0.20.4", Some("2024.13.1-x"), None),
        ] {
            assert_eq!(told(chart, tag).as_deref(), expected, "{chart} {tag:?}");
        }
    }

    #[test]
    fn the_image_that_ends_is_known_by_chart_or_by_name() {
        for (chart, repository, is_old) in [
            ("0.5.43", None, true),
            ("0.20.0", None, false),
            ("0.20.4", Some("rstudio/rstudio-package-manager"), true),
            ("0.20.4", Some("ghcr.io/rstudio/rstudio-package-manager"), true),
            ("0.5.43", Some("mirror.example.com/ppm"), false),
        ] {
            assert_eq!(ending_image(chart, repository).is_some(), is_old, "{chart} {repository:?}");
        }
    }
}
