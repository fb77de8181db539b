//! Versions of Kubernetes, of the database engine and of the chart.
//!
//! Promises: they order by number (1.9 before 1.30), and a version of fewer parts stands for all it begins.
//!
//! Leaves to others which versions AWS offers today.

use std::fmt;
use std::str::FromStr;

use super::{ValueError, shown, text};

/// A Kubernetes version as EKS numbers them: `1.34`. EKS moves one minor version at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KubernetesVersion {
    minor: u16,
}

text!(KubernetesVersion, "a Kubernetes version", r"^1\.[0-9]{1,4}$", "1.34");

impl KubernetesVersion {
    /// The version after this one, the only one EKS can update to; none at the end of numbers.
    pub fn next(self) -> Option<Self> {
        self.minor.checked_add(1).map(|minor| Self { minor })
    }

    /// The version before this one; none before 1.0.
    pub fn previous(self) -> Option<Self> {
        self.minor.checked_sub(1).map(|minor| Self { minor })
    }

    /// The number after the dot.
    pub fn minor(self) -> u16 {
        self.minor
    }
}

impl fmt::Display for KubernetesVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("1.{}", self.minor))
    }
}

impl FromStr for KubernetesVersion {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        if let Some(minor) = text.strip_prefix("1.").and_then(number) {
            return Ok(Self { minor });
        }
        let problem = format!("`{}` is not a Kubernetes version of EKS: they are two numbers, 1.NN", shown(text));
        let parts: Vec<&str> = text.trim_start_matches('v').split(['.', '-']).collect();
        if let ["1", minor, ..] = parts.as_slice()
            && number(minor).is_some()
        {
            return Err(ValueError::new(problem, format!("write \"1.{minor}\"")));
        }
        Err(ValueError::new(problem, "write it in quotes, such as \"1.34\""))
    }
}

/// A version of the database engine, whole (`17.4`) or by its major number alone (`17`, any minor version).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EngineVersion {
    major: u16,
    minor: Option<u16>,
}

text!(EngineVersion, "a PostgreSQL version", r"^[0-9]{1,4}(\.[0-9]{1,4})?$", "17.4");

impl EngineVersion {
    /// The major number, which decides the parameter group family (`postgres17`).
    pub fn major(self) -> u16 {
        self.major
    }

    /// The minor number, if one is pinned.
    pub fn minor(self) -> Option<u16> {
        self.minor
    }

    /// Whether `actual`, as RDS reports it, is this version or one that begins with it: 17 matches 17.4, 17.4 does
    /// not match 17.40.
    pub fn matches(self, actual: &str) -> bool {
        actual
            .strip_prefix(&self.to_string())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || rest.starts_with('-'))
    }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.minor {
            Some(minor) => f.pad(&format!("{}.{minor}", self.major)),
            None => f.pad(&self.major.to_string()),
        }
    }
}

impl FromStr for EngineVersion {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let version = match text.split_once('.') {
            None => number(text).map(|major| Self { major, minor: None }),
            Some((major, minor)) => {
                number(major).zip(number(minor)).map(|(major, minor)| Self { major, minor: Some(minor) })
            }
        };
        version.filter(|version| version.major > 0).ok_or_else(|| {
            ValueError::new(
                format!("`{}` is not a PostgreSQL version: it is a major number, or major.minor", shown(text)),
                "write \"17\" for the newest 17.x, or \"17.4\" to pin it",
            )
        })
    }
}

/// A version of the `rstudio-pm` chart whose values this program knows how to write.
///
/// Source: the chart's change log. 0.20.x changed the image's keys; 0.5.43 is the first of the older line whose values
/// render alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartVersion {
    minor: u16,
    patch: u16,
}

text!(
    ChartVersion,
    "a version of the rstudio-pm chart",
    r"^0\.(20\.[0-9]{1,4}|5\.(4[3-9]|[5-9][0-9]|[0-9]{3,4}))$",
    "0.20.4"
);

impl ChartVersion {
    /// The second number, which names the line: 20 or 5.
    pub fn minor(self) -> u16 {
        self.minor
    }

    /// The third number.
    pub fn patch(self) -> u16 {
        self.patch
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("0.{}.{}", self.minor, self.patch))
    }
}

impl FromStr for ChartVersion {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let parts: Vec<&str> = text.split('.').collect();
        let version = match parts.as_slice() {
            ["0", minor, patch] => number(minor).zip(number(patch)),
            _ => None,
        };
        match version {
            Some((minor, patch)) if minor == 20 || (minor == 5 && patch >= 43) => Ok(Self { minor, patch }),
            Some(_) => Err(ValueError::new(
                format!(
                    "chart {text} is of a line whose values are not known here: 0.20.x and, from 0.5.43, 0.5.x are"
                ),
                "write \"0.20.4\"",
            )),
            None => Err(ValueError::new(
                format!("`{}` is not a version of the rstudio-pm chart: they are 0.20.x and 0.5.x", shown(text)),
                "write \"0.20.4\"",
            )),
        }
    }
}

/// A number in its one spelling: digits, no sign, no leading zero, at most four of them.
fn number(text: &str) -> Option<u16> {
    let canonical = text == "0" || !text.starts_with('0');
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if canonical && digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_versions_order_by_number() {
        let version = |text: &str| text.parse::<KubernetesVersion>().unwrap();
        assert!(version("1.9") < version("1.30"));
        assert_eq!(version("1.33").next(), Some(version("1.34")));
        assert_eq!(version("1.34").previous(), Some(version("1.33")));
        assert_eq!(version("1.0").previous(), None);
    }

    #[test]
    fn kubernetes_versions_of_another_shape_are_refused() {
        for (text, remedy) in [("v1.34", "\"1.34\""), ("1.34.2", "\"1.34\""), ("1.34-eks", "\"1.34\"")] {
            assert!(text.parse::<KubernetesVersion>().unwrap_err().remedy().ends_with(remedy), "{text}");
        }
        for text in ["2.0", "1", "1.", "1.034", "1.+3", "latest", "1.99999"] {
            assert!(text.parse::<KubernetesVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn engine_versions_match_what_they_begin() {
        let version = |text: &str| text.parse::<EngineVersion>().unwrap();
        assert!(version("17").matches("17.4") && version("17").matches("17"));
        assert!(version("17.4").matches("17.4") && version("17.4").matches("17.4-R1"));
        assert!(!version("17.4").matches("17.40") && !version("17").matches("170.1") && !version("17.4").matches("17"));
        assert!(version("17") < version("17.4") && version("17.9") < version("17.10"));
        for text in ["seventeen", "17.4.1", "17.", ".4", "0", "017"] {
            assert!(text.parse::<EngineVersion>().is_err(), "{text}");
        }
    }

    #[test]
    fn chart_versions_of_the_two_known_lines_are_accepted() {
        for text in ["0.20.0", "0.20.4", "0.5.43", "0.5.57", "0.5.100"] {
            assert_eq!(text.parse::<ChartVersion>().unwrap().to_string(), text);
        }
        for text in ["0.5.42", "0.6.0", "0.21.0", "1.20.4"] {
            assert!(text.parse::<ChartVersion>().is_err(), "{text}");
        }
        assert!("0.5.42".parse::<ChartVersion>().unwrap_err().problem().contains("from 0.5.43"));
        assert!("v0.20.4".parse::<ChartVersion>().unwrap_err().problem().contains("not a version"));
    }
}
