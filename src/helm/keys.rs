//! The keys of the chart `rstudio-pm`, as far as Helm cannot check them: the chart has no schema, so a misspelt key is
//! silently without effect.
//!
//! Promises: every key of the values of chart versions 0.5.43 to 0.20.4, with the versions that know it, and nothing else.
//!
//! Leaves to others what a key should be set to.

mod table;

/// Every key, in the order of the chart's own values.
pub const KEYS: &[ChartKey] = table::TABLE;

/// A version of the chart: three numbers.
pub type Version = (u32, u32, u32);

/// A key of the chart's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartKey {
    /// Path from the root, joined by `.`.
    pub path: &'static str,
    /// What it takes.
    pub takes: Takes,
    /// What it does: one sentence.
    pub what: &'static str,
    /// First version that knows it; nothing for all from 0.5.43 on. Those before ignore it.
    pub since: Option<Version>,
    /// First version that does not know it any more.
    pub until: Option<Version>,
    /// What may lie below it.
    pub below: Below,
    /// Whether the chart prints its value without quotes, whatever quotes the values have.
    pub is_bare: bool,
    /// Why it must not be set beside what this program makes; nothing if it may.
    pub never: Option<&'static str>,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Text.
    Text,
    /// Text, or `false` for none.
    TextOrFalse,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Whole,
    /// A whole number, or `false` for none.
    WholeOrFalse,
    /// A whole number, or a share such as `"25%"`.
    WholeOrShare,
    /// An amount as Kubernetes writes them: `4`, `500m`, `8Gi`.
    Quantity,
    /// Keys with values.
    Map,
    /// Items.
    List,
    /// Items, or `false` for none.
    ListOrFalse,
}

impl Takes {
    /// What is taken, as the object of a sentence.
    pub fn expected(self) -> &'static str {
        match self {
            Takes::Text => "text",
            Takes::TextOrFalse => "text, or false",
            Takes::Flag => "true or false",
            Takes::Whole => "a whole number",
            Takes::WholeOrFalse => "a whole number, or false",
            Takes::WholeOrShare => "a whole number, or a share such as \"25%\"",
            Takes::Quantity => "an amount such as 4, 500m or 8Gi",
            Takes::Map => "keys with values, indented below",
            Takes::List => "a list",
            Takes::ListOrFalse => "a list, or false",
        }
    }
}

/// What may lie below a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Below {
    /// The key holds one value.
    Nothing,
    /// The chart makes something of its own of it.
    Anything,
    /// The chart passes it on to Kubernetes, which wants this type: its name, with `[]` before it for a list and `{}`
    /// for a map of any keys.
    Kubernetes(&'static str),
}

impl ChartKey {
    /// Finds the key that this path sets: the path itself, or the open key above it.
    pub fn find(path: &str) -> Option<&'static ChartKey> {
        KEYS.iter().find(|key| {
            let below = path.strip_prefix(key.path);
            match key.below {
                Below::Nothing => below == Some(""),
                Below::Anything | Below::Kubernetes(_) => {
                    below.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                }
            }
        })
    }

    /// The words that may follow this section (`""` for the root), in the order of the table.
    pub fn children(section: &str) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for key in KEYS {
            let rest = if section.is_empty() {
                Some(key.path)
            } else {
                key.path.strip_prefix(section).and_then(|rest| rest.strip_prefix('.'))
            };
            let name = rest.map(|rest| rest.split('.').next().unwrap_or(rest));
            names.extend(name.filter(|name| !names.contains(name)));
        }
        names
    }

    /// Whether this version of the chart knows the key.
    pub fn is_known_to(&self, version: Version) -> bool {
        self.since.is_none_or(|since| since <= version) && self.until.is_none_or(|until| version < until)
    }

    const fn open(self) -> ChartKey {
        ChartKey { below: Below::Anything, ..self }
    }

    const fn holds(self, kind: &'static str) -> ChartKey {
        ChartKey { below: Below::Kubernetes(kind), ..self }
    }

    const fn bare(self) -> ChartKey {
        ChartKey { is_bare: true, ..self }
    }

    const fn never(self, why: &'static str) -> ChartKey {
        ChartKey { never: Some(why), ..self }
    }

    const fn since(self, major: u32, minor: u32, patch: u32) -> ChartKey {
        ChartKey { since: Some((major, minor, patch)), ..self }
    }

    const fn until(self, major: u32, minor: u32, patch: u32) -> ChartKey {
        ChartKey { until: Some((major, minor, patch)), ..self }
    }
}

const fn key(path: &'static str, takes: Takes, what: &'static str) -> ChartKey {
    ChartKey { path, takes, what, since: None, until: None, below: Below::Nothing, is_bare: false, never: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_at_and_below_themselves() {
        let found = |path: &str| ChartKey::find(path).map(|key| key.path);
        assert_eq!(found("replicas"), Some("replicas"));
        assert_eq!(found("replicas.x"), None);
        assert_eq!(found("config.Server.Address"), Some("config"));
        assert_eq!(found("configuration"), None);
        assert_eq!(found("pod.lifecycle.preStop.exec.command"), Some("pod.lifecycle"));
        assert_eq!(found("resources.requests"), None);
        assert_eq!(found("enableMigrations"), None);
    }

    #[test]
    fn a_section_knows_what_is_in_it() {
        assert_eq!(ChartKey::children("strategy"), ["type", "rollingUpdate"]);
        assert_eq!(ChartKey::children("license.file").len(), 5);
        assert!(ChartKey::children("").contains(&"config") && ChartKey::children("replicas").is_empty());
    }

    #[test]
    fn a_version_knows_what_came_before_it_and_has_not_gone() {
        let known = |path: &str, version| ChartKey::find(path).expect("a key").is_known_to(version);
        for (path, before, since) in [
            ("service.targetPort", (0, 5, 44), (0, 5, 45)),
            ("pod.port", (0, 5, 44), (0, 5, 45)),
            ("pod.hostAliases", (0, 5, 44), (0, 5, 45)),
            ("revisionHistoryLimit", (0, 5, 55), (0, 5, 56)),
            ("image.os", (0, 5, 57), (0, 20, 0)),
        ] {
            assert!(!known(path, before) && known(path, since) && known(path, (0, 20, 4)), "{path}");
        }
        assert!(known("image.tagPrefix", (0, 5, 57)) && !known("image.tagPrefix", (0, 20, 0)));
        assert!(known("replicas", (0, 5, 43)) && known("replicas", (0, 21, 0)));
    }

    #[test]
    fn no_key_hides_another() {
        for key in KEYS {
            assert_eq!(ChartKey::find(key.path), Some(key));
        }
    }
}
