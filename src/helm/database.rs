//! How Package Manager reaches its database, and where its usage data goes.
//!
//! Promises: no URL holds a password; what makes the place for usage data and what leads there name the same place.
//!
//! Leaves to others the settings around it, and making the place (`handoff`).

use super::Inputs;

/// Schema of usage data, beside the one the server's own tables are in.
pub const USAGE_SCHEMA: &str = "usage_data";
/// Schema every database of `PostgreSQL` begins with, in which the server's own tables are unless it is told otherwise.
const OWN_SCHEMA: &str = "public";

/// Where usage data goes, if it has a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

impl Inputs {
    /// The database of usage data, where it has one.
    pub(super) fn usage_database(&self) -> String {
        usage_database(&self.database_name)
    }

    /// Pools of connections that the server opens.
    pub(super) fn pools(&self) -> u64 {
        if self.usage_data.is_some() { 2 } else { 1 }
    }

    /// `Postgres.URL`. Where usage data has a schema in the same database, the schema of everything else is said too.
    pub(super) fn database_url(&self) -> String {
        let url = self.url_of(&self.database_name);
        match self.usage_data {
            None | Some(UsageData::Database) => url,
            Some(UsageData::Schema) => format!("{url}&search_path={OWN_SCHEMA}"),
        }
    }

    /// `Postgres.UsageDataURL`, if usage data has a place of its own.
    pub(super) fn usage_data_url(&self) -> Option<String> {
        self.usage_data.map(|place| match place {
            UsageData::Database => self.url_of(&self.usage_database()),
            UsageData::Schema => format!("{}&search_path={USAGE_SCHEMA}", self.url_of(&self.database_name)),
        })
    }

    fn url_of(&self, database: &str) -> String {
        let Inputs { database_host: host, database_port: port, database_user: user, .. } = self;
        format!("postgres://{user}@{host}:{port}/{database}?sslmode=require")
    }
}
