//! Floor 4: what stands between an infrastructure and a running Package Manager, beside the values: manifests for
//! Secrets and for the first start of the database, the entry in a kubeconfig, the list for a site without internet.
//!
//! Promises: pure. What holds a secret comes out as a [`SecretString`](secrecy::SecretString), everything else holds
//! none; every manifest is YAML that reads back as what was meant, whatever the names in it look like.
//!
//! Leaves to others where the values come from, where the text goes, and handing it to kubectl.

mod database;
mod kubeconfig;
mod manifests;
mod offline;
mod references;
#[cfg(test)]
pub(crate) mod tests;

pub use database::{DatabaseJob, database_job};
pub use kubeconfig::{KubeconfigEntry, KubeconfigError, merge};
pub use manifests::{Material, secrets};
pub use offline::{OfflineItem, OfflineSite, Packages, offline_checklist};
pub use references::{Names, external_secrets, provider_class};
