//! What charts bring: the image each installs unless told otherwise.

use jiff::civil::Date;

use super::form::chart_version;
use super::keys::Version;
use crate::product::{Release, ending};

/// Charts whose image is known, and its repository and tag (`appVersion` of the charts).
const CHARTS: [(Version, &str, &str); 2] = [
    ((0, 5, 43), "rstudio/rstudio-package-manager", "ubuntu2204-2024.11.0"),
    ((0, 20, 4), "posit/package-manager", "2026.08.0-ubuntu-24.04"),
];
/// The chart from which on images come from another repository.
const OTHER_REPOSITORY: Version = (0, 20, 0);

/// The release behind a chart, or in an image with this tag; nothing if it is not known.
pub fn release(chart: &str, tag: Option<&str>) -> Option<Release> {
    let known = || {
        let chart = chart_version(chart)?;
        CHARTS.iter().find(|(known, ..)| *known == chart).map(|(.., tag)| *tag)
    };
    Release::in_tag(tag.or_else(known)?)
}

/// The image, repository and tag, that is known of the line a chart belongs to: its own, or that of a neighbour.
pub fn image_of_line(chart: &str) -> (&'static str, &'static str) {
    let is_older = chart_version(chart).is_some_and(|chart| chart < OTHER_REPOSITORY);
    let [(_, older, old_tag), (_, newer, new_tag)] = CHARTS;
    if is_older { (older, old_tag) } else { (newer, new_tag) }
}

/// The image whose publication ends, if the chart or the declared repository is that one, and the last day of it.
pub fn ending_image(chart: &str, repository: Option<&str>) -> Option<(String, Date)> {
    let repository = repository.unwrap_or_else(|| image_of_line(chart).0);
    ending(repository).map(|(repository, last)| (repository.to_owned(), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_brings_a_release_unless_an_image_is_named() {
        for (chart, tag, expected) in [
            ("0.20.4", None, Some("2026.08.0")),
            ("0.5.43", None, Some("2024.11.0")),
            ("0.20.2", None, None),
            ("0.5.43", Some("2026.08.0-ubuntu-24.04"), Some("2026.08.0")),
            ("0.20.4", Some("ubuntu2204-2024.06.1"), Some("2024.06.1")),
            ("0.20.4", Some("ours"), None),
        ] {
            assert_eq!(release(chart, tag).map(|found| found.version).as_deref(), expected, "{chart} {tag:?}");
        }
    }

    #[test]
    fn the_image_that_ends_is_known_by_chart_or_by_name() {
        for (chart, repository, is_old) in [
            ("0.5.43", None, true),
            ("0.5.57", None, true),
            ("0.20.0", None, false),
            ("0.20.4", Some("rstudio/rstudio-package-manager"), true),
            ("0.20.4", Some("ghcr.io/rstudio/rstudio-package-manager"), true),
            ("0.5.43", Some("mirror.example.com/ppm"), false),
        ] {
            assert_eq!(ending_image(chart, repository).is_some(), is_old, "{chart} {repository:?}");
        }
    }
}
