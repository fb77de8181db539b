//! A stack as programs are shown it: under the keys by which it is declared, whatever it is taken apart into here.

use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{Chart, PackageManager, Platform, Stack};

/// What runs on a cluster, as one section of a declaration says it.
#[derive(Serialize)]
struct Installed<'a> {
    #[serde(flatten)]
    manager: &'a PackageManager,
    #[serde(flatten)]
    chart: &'a Chart,
}

impl Serialize for Stack {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            stack,
            region,
            account,
            platform,
            network,
            database,
            storage,
            load_balancer,
            package_manager: manager,
            protect,
            state,
            tags,
        } = self;
        let mut keys = serializer.serialize_map(None)?;
        keys.serialize_entry("stack", stack)?;
        keys.serialize_entry("region", region)?;
        keys.serialize_entry("account", account)?;
        keys.serialize_entry("architecture", &platform.architecture())?;
        keys.serialize_entry("network", network)?;
        match platform {
            Platform::Kubernetes(kubernetes) => {
                keys.serialize_entry("kubernetes", kubernetes)?;
                keys.serialize_entry("package_manager", &Installed { manager, chart: &kubernetes.chart })?;
            }
        }
        keys.serialize_entry("database", database)?;
        keys.serialize_entry("storage", storage)?;
        keys.serialize_entry("load_balancer", load_balancer)?;
        keys.serialize_entry("protect", protect)?;
        keys.serialize_entry("state", state)?;
        keys.serialize_entry("tags", tags)?;
        keys.end()
    }
}
