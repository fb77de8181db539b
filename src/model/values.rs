//! Values that are right once they exist: names, places, address ranges, versions.
//!
//! Promises: every type prints as it parses, orders as a person would order it, travels as plain text in YAML and
//! JSON, and says on refusal both what is wrong and what to write instead.
//!
//! Leaves to others: whether a value exists at AWS (checks of the plan) and whether two values fit together (`stack`).

mod arn;
mod chart;
mod cluster;
mod name;
mod network;
mod version;
mod vocabulary;
mod window;
mod yaml;

pub use arn::{AccountId, Arn, ArnParts, region_of};
pub use chart::{AccessPointId, FileSystemId, HostPort, ImageRepository, ImageTag};
pub use cluster::{Namespace, ReleaseName, SecretKey, SecretName};
pub use name::{BucketName, DomainName, S3Location, StackName};
pub use network::Cidr;
pub use version::{ChartVersion, EngineVersion, KubernetesVersion};
pub use vocabulary::{DatabaseClass, InstanceType, Region, SubnetId, VpcId};
pub use window::DailyWindow;
pub use yaml::{Bare, bare, is_bare_text, is_unprintable};

/// Why a text is not such a value: what is wrong with it, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}; {remedy}")]
pub struct ValueError {
    problem: String,
    remedy: String,
}

impl ValueError {
    /// States a problem and its remedy, each as a clause without a full stop.
    pub fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }

    /// What is wrong with the text.
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// What to write instead.
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

/// A value with a textual form, its shape as a pattern and one example: what schemas and questions need to know.
pub trait TextValue: std::str::FromStr<Err = ValueError> + std::fmt::Display {
    /// What such a value is called in a sentence, with its article.
    const CALLED: &'static str;
    /// The shape as a regular expression of JSON Schema; looser than the parser, never stricter.
    const PATTERN: &'static str;
    /// One valid spelling.
    const EXAMPLE: &'static str;
}

/// A text as it may appear in a message: at most 60 characters, control characters spelled out.
pub fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let mut shown: String = text
        .chars()
        .take(MOST)
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

/// Gives a type with `FromStr` and `Display` its place in serde and JSON Schema: text, always checked.
macro_rules! text {
    ($type:ident, $called:literal, $pattern:literal, $example:literal) => {
        impl $crate::model::values::TextValue for $type {
            const CALLED: &'static str = $called;
            const PATTERN: &'static str = $pattern;
            const EXAMPLE: &'static str = $example;
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern, "examples": [$example] })
            }
        }
    };
}

/// As `text!`, for a type that is a checked string and nothing more.
macro_rules! checked_string {
    ($type:ident, $check:path, $called:literal, $pattern:literal, $example:literal) => {
        impl $type {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::str::FromStr for $type {
            type Err = $crate::model::values::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $check(text).map(|()| Self(text.to_owned()))
            }
        }

        $crate::model::values::text!($type, $called, $pattern, $example);
    };
}

pub(crate) use {checked_string, text};

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip<T>()
    where
        T: TextValue
            + Clone
            + Ord
            + std::fmt::Debug
            + serde::Serialize
            + serde::de::DeserializeOwned
            + schemars::JsonSchema,
    {
        let value: T = T::EXAMPLE.parse().unwrap();
        assert_eq!(value.to_string(), T::EXAMPLE);
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("\"{}\"", T::EXAMPLE));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
        assert!(serde_json::from_str::<T>("\" \"").is_err(), "{} accepts a space", T::CALLED);
        assert!("".parse::<T>().is_err(), "{} accepts nothing", T::CALLED);
        let schema = schemars::schema_for!(T);
        assert_eq!(schema.get("pattern").and_then(|p| p.as_str()), Some(T::PATTERN));
    }

    #[test]
    fn every_value_reads_what_it_prints() {
        round_trip::<StackName>();
        round_trip::<Region>();
        round_trip::<AccountId>();
        round_trip::<Arn>();
        round_trip::<Cidr>();
        round_trip::<KubernetesVersion>();
        round_trip::<EngineVersion>();
        round_trip::<InstanceType>();
        round_trip::<DatabaseClass>();
        round_trip::<BucketName>();
        round_trip::<DomainName>();
        round_trip::<S3Location>();
        round_trip::<VpcId>();
        round_trip::<SubnetId>();
        round_trip::<ChartVersion>();
        round_trip::<Namespace>();
        round_trip::<ReleaseName>();
        round_trip::<SecretName>();
        round_trip::<SecretKey>();
        round_trip::<ImageRepository>();
        round_trip::<ImageTag>();
        round_trip::<HostPort>();
        round_trip::<FileSystemId>();
        round_trip::<AccessPointId>();
    }

    #[test]
    fn what_is_shown_is_short_and_printable() {
        assert_eq!(shown("a\u{1b}[31mb\n"), "a\\u{1b}[31mb\\n");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 61);
    }
}
