//! Floor 2: what Package Manager is, wherever it runs: its ports, its configuration file, what it keeps where, what it
//! needs of a machine and of a database, and how long its versions are supported.
//!
//! Promises: pure, and nothing of any one way to install it: no key of a chart, no manifest, no unit of systemd.
//! Whatever installs a server gives a [`Server`] and gets the [`Config`](gcfg::Config) that the server reads.
//!
//! Leaves to others what people declare (`stack`), what AWS has (`resources`), and how the server is brought to where
//! it runs (`helm`, `handoff`).

mod connections;
mod database;
mod files;
pub mod gcfg;
mod image;
mod license;
mod secrets;
mod server;
mod sizing;

pub use connections::{Budget, TooManyConnections, budget, connection_room};
pub use database::{DatabaseConnection, USAGE_SCHEMA, UsageData, pools, usage_database};
pub use files::{DATA_DIRECTORY, FileSystem, LICENSE_DIRECTORY, MountPath, SECRETS_DIRECTORY, is_within};
pub use image::{Image, Release, ending};
pub use license::License;
pub use secrets::{Exposed, exposed, variable};
pub use server::{PackageStorage, Server, config};
pub use sizing::{Allocatable, Amount, SizeError, Sizing, addresses_per_interface, allocatable, gib, size, vcpus};

/// Port on which the server answers over HTTP (`HTTP.Listen`).
pub const HTTP_PORT: u16 = 4242;
/// Port of Prometheus metrics, without a login (`Metrics.Listen`).
pub const METRICS_PORT: u16 = 2112;
/// Path that answers 200 while the server serves, and needs no credentials.
pub const PING_PATH: &str = "/__ping__";
/// Path that answers once the server has started.
pub const STATUS_PATH: &str = "/__api__/status";
/// Random bytes of the key with which the server encrypts what it stores in its database; it takes exactly as many, in
/// hexadecimal ("Configuration Encryption").
pub const ENCRYPTION_KEY_BYTES: u32 = 512;
/// Environment variable with that key.
pub const ENCRYPTION_KEY_VARIABLE: &str = "PACKAGEMANAGER_ENCRYPTION_KEY";
/// Environment variable with the password of the database user.
pub const PASSWORD_VARIABLE: &str = "PACKAGEMANAGER_POSTGRES_PASSWORD";
/// Environment variable with the same password, for usage data: Package Manager 2024.08.2 does not take it from
/// [`PASSWORD_VARIABLE`].
pub const USAGE_PASSWORD_VARIABLE: &str = "PACKAGEMANAGER_POSTGRES_USAGEDATAPASSWORD";
