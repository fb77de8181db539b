//! What values install, and whether that is older than what they installed before.
//!
//! Promises: what is not known to be older is not called so.

use super::emitted::{values_are_for, written_for};
use crate::engine::state::State;
use crate::engine::values::ValuesRelease;
use crate::helm;
use crate::stack::Stack;

/// A chart, and the image in place of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Installed {
    chart: String,
    /// Repository and tag.
    image: Option<(String, String)>,
}

/// Something that would become older.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downgrade {
    /// What it is, in words.
    pub what: &'static str,
    /// The key of the declaration that decides it.
    pub key: &'static str,
    /// Its version now.
    pub from: String,
    /// Its version then.
    pub to: String,
}

impl Installed {
    /// What the values written last install.
    pub(super) fn last(state: &State) -> Option<Self> {
        Self::parse(written_for(state)?)
    }

    /// What the declared values install.
    pub(super) fn declared(stack: &Stack) -> Self {
        Self::parse(&values_are_for(stack)).expect("what values are for begins with the chart")
    }

    fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("rstudio-pm ")?;
        let (chart, image) = rest.split_once(" with ").map_or((rest, None), |(chart, image)| (chart, Some(image)));
        let image = image.and_then(|image| image.rsplit_once(':'));
        let image = image.map(|(repository, tag)| (repository.to_owned(), tag.to_owned()));
        Some(Self { chart: chart.to_owned(), image })
    }

    /// Its versions.
    pub(super) fn release(&self) -> ValuesRelease {
        let tag = self.image.as_ref().map(|(_, tag)| tag.as_str());
        let application = helm::release(&self.chart, tag).map(|found| found.version);
        ValuesRelease { chart: self.chart.clone(), application }
    }
}

/// What would become older if `stack` were applied: the database of Package Manager is migrated by the newer version, and
/// no migration goes back.
pub fn downgrade(stack: &Stack, state: &State) -> Option<Downgrade> {
    let (last, next) = (Installed::last(state)?, Installed::declared(stack));
    let (before, after) = (last.release(), next.release());
    let key = if next.image.is_some() { "package_manager.image.tag" } else { "package_manager.chart_version" };
    if let (Some(from), Some(to)) = (before.application, after.application)
        && is_older(&to, &from)
    {
        return Some(Downgrade { what: "Package Manager", key, from, to });
    }
    // Whoever numbers images in a way of their own still numbers them.
    if let (Some((repository, from)), Some((same, to))) = (&last.image, &next.image)
        && repository == same
        && is_older(to, from)
    {
        return Some(Downgrade { what: "the image", key, from: from.clone(), to: to.clone() });
    }
    let what = "the chart";
    is_older(&next.chart, &last.chart).then_some(Downgrade {
        what,
        key: "package_manager.chart_version",
        from: last.chart,
        to: next.chart,
    })
}

/// Whether one version is known to be older than another: both have one, of as many numbers.
fn is_older(one: &str, other: &str) -> bool {
    match (numbers(one), numbers(other)) {
        (Some(one), Some(other)) => one.len() == other.len() && one < other,
        (_, _) => false,
    }
}

/// `2.10.1` in `2.10.1`, in `v2.10.1` and in `ours-2.10.1-arm64`.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let version = |part: &str| {
        let numbers: Option<Vec<u64>> =
            part.trim_start_matches('v').split('.').map(|number| number.parse().ok()).collect();
        numbers.filter(|numbers| numbers.len() > 1)
    };
    text.split('-').find_map(version)
}

#[cfg(test)]
mod tests {
    use super::super::remember;
    use super::*;

    fn declared(chart: &str, image: Option<&str>) -> Stack {
        let image = image.map(|image| image.rsplit_once(':').unwrap());
        let image = image.map_or(String::new(), |(repository, tag)| {
            format!(", image: {{repository: \"{repository}\", tag: \"{tag}\"}}")
        });
        let text = format!("stack: ppm\nregion: us-east-1\npackage_manager: {{chart_version: \"{chart}\"{image}}}\n");
        Stack::parse("ppm.yaml", &text).unwrap()
    }

    fn told(from: (&str, Option<&str>), to: (&str, Option<&str>)) -> Option<String> {
        let state = State::empty("ppm", "us-east-1", "lineage".to_owned(), "0");
        let state = remember(&declared(from.0, from.1), &state);
        downgrade(&declared(to.0, to.1), &state).map(|found| format!("{} {} to {}", found.what, found.from, found.to))
    }

    #[test]
    fn what_becomes_older_is_named() {
        let newer = ("0.20.4", Some("mirror:5000/ppm:2026.08.0-ubuntu-24.04"));
        for (from, to, expected) in [
            (("0.20.4", None), ("0.20.3", None), "the chart 0.20.4 to 0.20.3"),
            (("0.20.10", None), ("0.20.9", None), "the chart 0.20.10 to 0.20.9"),
            (("0.20.4", None), ("0.5.43", None), "Package Manager 2026.08.0 to 2024.11.0"),
            (
                newer,
                ("0.20.4", Some("mirror:5000/ppm:2026.04.2-ubuntu-24.04")),
                "Package Manager 2026.08.0 to 2026.04.2",
            ),
            // A newer chart with an older image, and an image where the chart's own was.
            (newer, ("0.20.5", Some("other/ppm:ubuntu2204-2024.11.0")), "Package Manager 2026.08.0 to 2024.11.0"),
            (("0.20.4", None), ("0.20.4", Some("ours/ppm:2026.4.0")), "Package Manager 2026.08.0 to 2026.4.0"),
            (newer, ("0.20.3", newer.1), "the chart 0.20.4 to 0.20.3"),
            (("0.20.4", Some("ours/ppm:v1.10")), ("0.20.4", Some("ours/ppm:v1.9")), "the image v1.10 to v1.9"),
        ] {
            assert_eq!(told(from, to).as_deref(), Some(expected), "{from:?} {to:?}");
        }
    }

    #[test]
    fn what_is_newer_the_same_or_of_no_known_order_is_not() {
        for (from, to) in [
            (("0.5.43", None), ("0.20.4", None)),
            (("0.20.4", None), ("0.20.4", None)),
            (("0.20.9", None), ("0.20.10", None)),
            (("0.20.4", Some("ours/ppm:blue")), ("0.20.4", Some("ours/ppm:amber"))),
            (("0.20.4", Some("ours/ppm:2.0")), ("0.20.4", Some("theirs/ppm:1.0"))),
            (("0.20.4", Some("ours/ppm:2.0.1")), ("0.20.4", Some("ours/ppm:1.9"))),
            (("0.20.4", None), ("0.20.4", Some("ours/ppm:1.0"))),
        ] {
            assert_eq!(told(from, to), None, "{from:?} {to:?}");
        }
        let nothing = State::empty("ppm", "us-east-1", "lineage".to_owned(), "0");
        assert_eq!(downgrade(&declared("0.5.43", None), &nothing), None);
    }

    #[test]
    fn what_is_remembered_is_read_back() {
        for (chart, image, application) in [
            ("0.20.4", None, Some("2026.08.0")),
            ("0.20.2", None, None),
            ("0.5.43", Some("mirror:5000/ppm:2026.08.0-ubuntu"), Some("2026.08.0")),
        ] {
            let release = Installed::declared(&declared(chart, image)).release();
            assert_eq!((release.chart.as_str(), release.application.as_deref()), (chart, application));
        }
    }
}
