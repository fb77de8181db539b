//! What must be asked of the cloud before a declaration can be turned into resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Questions about the account and region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// Which zones can run instances of this type, if the zones are not settled yet.
    pub zones_for: Option<String>,
    /// The default version of these add-ons for these Kubernetes versions: (Kubernetes version, add-on).
    pub addons: BTreeSet<(String, String)>,
    /// Whether a question that has no answer is passed over: looking for what stands, or deleting it, needs none of
    /// them.
    pub optional: bool,
}

impl Questions {
    /// What is worth asking to find what stands, with nothing to be made: which versions are offered is not.
    #[must_use]
    pub fn of_what_stands(self) -> Self {
        Self { addons: BTreeSet::new(), optional: true, ..self }
    }
}

/// The account and region the stack lives in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// Account number, twelve digits.
    pub account: String,
    /// `aws`, `aws-cn` and others ([`Partition`](super::partition::Partition)): the second part of every ARN.
    pub partition: String,
    /// ARN of the caller, as STS `GetCallerIdentity` gives it.
    pub principal: String,
    /// Zones that offer what was asked for, in the order of their names; empty if not asked.
    pub zones: Vec<String>,
    /// The other zones that a cluster can stand in, in the order of their names; empty if not asked.
    pub other_zones: Vec<String>,
    /// Answers about add-ons: (Kubernetes version, add-on) to version. What EKS does not offer has none.
    #[serde(with = "pairs")]
    pub addons: BTreeMap<(String, String), String>,
}

impl Surroundings {
    /// Whether the zones were asked for and answered.
    pub const fn tells_zones(&self) -> bool {
        !self.zones.is_empty() || !self.other_zones.is_empty()
    }
}

mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    type Map = BTreeMap<(String, String), String>;

    pub(super) fn serialize<S: Serializer>(map: &Map, serializer: S) -> Result<S::Ok, S::Error> {
        map.iter().map(|((a, b), c)| (a, b, c)).collect::<Vec<_>>().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Map, D::Error> {
        Ok(Vec::<(String, String, String)>::deserialize(deserializer)?
            .into_iter()
            .map(|(a, b, c)| ((a, b), c))
            .collect())
    }
}
