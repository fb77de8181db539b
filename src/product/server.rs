//! The settings that a server is given, whatever installs it.
//!
//! Promises: what is decided here is set once; a further setting joins its section and never takes the place of a
//! decision.
//!
//! Leaves to others the quoting (`gcfg`), and which further settings people may declare (`stack`).

use super::gcfg::{Config, ConfigError, GcfgSection, Leaf};
use super::{DatabaseConnection, HTTP_PORT, UsageData};

/// A server, or several that share a database: what their settings follow from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server<'a> {
    /// Public URL without a path; `None` where people have no name for it yet.
    pub address: Option<&'a str>,
    /// Where packages are kept.
    pub storage: PackageStorage<'a>,
    /// The database.
    pub database: DatabaseConnection<'a>,
    /// Place of its own for usage data.
    pub usage_data: Option<UsageData>,
    /// Largest number of connections that each pool of a server may open.
    pub connections: u32,
    /// Further settings; none of those that are decided here.
    pub further: &'a [GcfgSection],
}

/// Where packages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageStorage<'a> {
    /// A bucket of S3.
    Bucket {
        /// Its name.
        name: &'a str,
        /// Its region.
        region: &'a str,
    },
    /// A directory that all servers share.
    Directory(&'a str),
}

/// The settings of a server.
///
/// # Errors
/// When a value cannot be written, or a further setting is one of those that are decided here.
pub fn config(server: &Server<'_>) -> Result<Config, ConfigError> {
    let mut own = GcfgSection::new("Server");
    if let Some(address) = server.address {
        own = own.text("Address", address);
    }
    let storage = match server.storage {
        PackageStorage::Bucket { name, region } => vec![
            GcfgSection::new("Storage").text("Default", "s3"),
            GcfgSection::new("S3Storage").text("Bucket", name).text("Region", region),
        ],
        PackageStorage::Directory(path) => {
            own = own.text("DataDir", path);
            vec![GcfgSection::new("Storage").text("Default", "file")]
        }
    };
    let mut postgres = GcfgSection::new("Postgres").text("URL", server.database.url(server.usage_data));
    if let Some(place) = server.usage_data {
        postgres = postgres.text("UsageDataURL", server.database.usage_url(place));
    }
    let fixed = [
        GcfgSection::new("HTTP").text("Listen", format!(":{HTTP_PORT}")),
        GcfgSection::new("Metrics").set("Enabled", Leaf::Flag(true)),
        GcfgSection::new("Database").text("Provider", "postgres"),
        postgres,
        GcfgSection::new("PostgresPool").text("MaxOpenConnections", server.connections.to_string()),
    ];
    let own = (!own.settings().is_empty()).then_some(own);
    Config::new(own.into_iter().chain(fixed).chain(storage).collect())?.with(server.further)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> Server<'static> {
        Server {
            address: Some("https://packages.example.com"),
            storage: PackageStorage::Directory("/data"),
            database: DatabaseConnection { host: "db.example.com", port: 5432, name: "ppm", user: "ppm" },
            usage_data: Some(UsageData::Schema),
            connections: 50,
            further: &[],
        }
    }

    #[test]
    fn a_server_without_any_chart_gets_its_file() {
        let further = [GcfgSection::new("server").text("RVersion", "/opt/R/4.5.1")];
        let config = config(&Server { further: &further, ..server() }).unwrap();
        insta::assert_snapshot!(config.to_gcfg(), @r"
        [Database]
        Provider = postgres

        [HTTP]
        Listen = :4242

        [Metrics]
        Enabled = true

        [Postgres]
        URL = postgres://ppm@db.example.com:5432/ppm?sslmode=require&search_path=public
        UsageDataURL = postgres://ppm@db.example.com:5432/ppm?sslmode=require&search_path=usage_data

        [PostgresPool]
        MaxOpenConnections = 50

        [Server]
        Address = https://packages.example.com
        DataDir = /data
        RVersion = /opt/R/4.5.1

        [Storage]
        Default = file
        ");
    }

    #[test]
    fn what_is_decided_is_not_taken_over() {
        for (section, key) in [("Server", "Address"), ("storage", "default"), ("METRICS", "enabled")] {
            let further = [GcfgSection::new(section).text(key, "x")];
            let refused = config(&Server { further: &further, ..server() });
            assert!(matches!(refused, Err(ConfigError::Twice { .. })), "{section}.{key}");
        }
    }
}
