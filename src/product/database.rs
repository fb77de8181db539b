//! How a server reaches its database, and where its usage data goes.
//!
//! Promises: no URL holds a password; what makes the place for usage data and what leads there name the same place.
//!
//! Leaves to others making that place.

use serde::Serialize;

/// Schema of usage data, beside the one the server's own tables are in.
pub const USAGE_SCHEMA: &str = "usage_data";
/// Schema every database of `PostgreSQL` begins with, in which the server's own tables are unless it is told otherwise.
const OWN_SCHEMA: &str = "public";

/// Where usage data goes, if it has a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UsageData {
    /// A database of its own on the same server.
    Database,
    /// A schema of its own in the same database.
    Schema,
}

/// The database of usage data beside `database`, where it has one of its own.
pub fn usage_database(database: &str) -> String {
    format!("{database}_usage")
}

/// Pools of connections that a server opens.
pub fn pools(usage_data: Option<UsageData>) -> u64 {
    if usage_data.is_some() { 2 } else { 1 }
}

/// A database of `PostgreSQL` that takes encrypted connections alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabaseConnection<'a> {
    /// Address of the database server.
    pub host: &'a str,
    /// Its port.
    pub port: u16,
    /// The database.
    pub name: &'a str,
    /// User that owns it.
    pub user: &'a str,
}

impl DatabaseConnection<'_> {
    /// `Postgres.URL`. Where usage data has a schema in the same database, the schema of everything else is said too.
    pub fn url(&self, usage_data: Option<UsageData>) -> String {
        let url = self.url_of(self.name);
        match usage_data {
            None | Some(UsageData::Database) => url,
            Some(UsageData::Schema) => format!("{url}&search_path={OWN_SCHEMA}"),
        }
    }

    /// `Postgres.UsageDataURL`, for this place.
    pub fn usage_url(&self, place: UsageData) -> String {
        match place {
            UsageData::Database => self.url_of(&usage_database(self.name)),
            UsageData::Schema => format!("{}&search_path={USAGE_SCHEMA}", self.url_of(self.name)),
        }
    }

    fn url_of(&self, database: &str) -> String {
        let Self { host, port, user, .. } = self;
        format!("postgres://{user}@{host}:{port}/{database}?sslmode=require")
    }
}
