//! Which settings of the server a declaration may hold: none that follows from another key, and no secret.

use super::Rules;
use crate::product::gcfg::Leaf;
use crate::product::{Exposed, HTTP_PORT, METRICS_PORT, exposed, variable};
use crate::stack::settings::Setting;

/// The key of the declaration.
const SETTINGS: &str = "package_manager.settings";
/// The key that takes the place of the bucket.
const SHARED: &str = "package_manager.shared_storage";

/// When a setting is decided elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Packages are in the bucket.
    Bucket,
    /// Packages are on a file system.
    Shared,
}

/// Settings that are decided elsewhere: section, key, when, by what, and what to do. Ports stand as `{HTTP}` and `{METRICS}`.
#[rustfmt::skip]
const DECIDED: [(&str, &str, When, &str, &str); 17] = [
    ("Server", "Address", When::Always, "follows from load_balancer", "delete the line, and write load_balancer.domain"),
    ("Server", "DataDir", When::Shared, "follows from package_manager.shared_storage", "delete the line; package_manager.shared_storage.path says where"),
    ("Server", "EncryptionKeyPath", When::Always, "has no use: the encryption key comes from a Secret, by environment", "delete the line"),
    ("HTTP", "Listen", When::Always, "is fixed: Service, probes and load balancer lead to port {HTTP}", "delete the line"),
    ("Metrics", "Enabled", When::Always, "is set by this program: the chart opens the port of metrics with it", "delete the line; the load balancer does not lead there"),
    ("Metrics", "Listen", When::Always, "is fixed: the chart looks for metrics at port {METRICS}", "delete the line"),
    ("Database", "Provider", When::Always, "is fixed: the database is PostgreSQL", "delete the line"),
    ("Postgres", "URL", When::Always, "follows from the database of the stack", "delete the line; the keys of `database` shape it"),
    ("Postgres", "UsageDataURL", When::Always, "follows from package_manager.usage_data", "delete the line, and write package_manager.usage_data: database or schema"),
    ("Postgres", "Password", When::Always, "has no use: the password comes from a Secret, by environment", "delete the line"),
    ("Postgres", "UsageDataPassword", When::Always, "has no use: the password comes from a Secret, by environment", "delete the line"),
    ("PostgresPool", "MaxOpenConnections", When::Always, "follows from package_manager.database_connections", "delete the line, and write package_manager.database_connections"),
    ("Storage", "Default", When::Always, "follows from package_manager.shared_storage", "delete the line: without shared_storage packages go to the bucket"),
    ("S3Storage", "Bucket", When::Bucket, "follows from storage.bucket", "delete the line, and write storage.bucket"),
    ("S3Storage", "Region", When::Bucket, "follows from region", "delete the line"),
    ("S3Storage", "KeyID", When::Always, "would have the server encrypt by itself, and what was stored before could not be read", "delete the line: the bucket encrypts what it stores, with storage.kms"),
    ("Licensing", "LicenseType", When::Always, "follows from package_manager.license", "delete the line; package_manager.license.server names a license server"),
];

impl Rules<'_> {
    pub(super) fn settings(&mut self) {
        for setting in self.values.list::<Setting>(SETTINGS) {
            self.decided(setting);
            self.in_the_open(setting);
            self.local(setting);
        }
    }

    fn decided(&mut self, setting: &Setting) {
        let is_shared = self.values.written(SHARED).is_some();
        let holds = |when| match when {
            When::Always => true,
            When::Bucket => !is_shared,
            When::Shared => is_shared,
        };
        let name = format!("{}.{}", setting.section.heading(), setting.key);
        for (section, key, when, why, remedy) in DECIDED {
            if setting.is(section, key) && holds(when) {
                let why = why.replace("{HTTP}", &HTTP_PORT.to_string()).replace("{METRICS}", &METRICS_PORT.to_string());
                self.refuse_at(setting.at, &setting.path(SETTINGS), format!("{name} {why}"), remedy);
            }
        }
        let is = |text: &str| matches!(&setting.value, Leaf::Text(value) if value.trim().eq_ignore_ascii_case(text));
        if setting.is("Launcher", "ServerUser") && is("root") {
            let message = "the server runs as user 999, and the chart refuses to install it as root";
            self.refuse_at(setting.place, &setting.path(SETTINGS), message, "delete the line");
        }
        if setting.section.is("Storage") && !setting.is("Storage", "Default") && is("file") && !is_shared {
            let message =
                "these files would be in a directory of each pod: different from pod to pod, and gone with it";
            let remedy = format!("write s3, or declare {SHARED}");
            self.refuse_at(setting.place, &setting.path(SETTINGS), message, remedy);
        }
    }

    fn in_the_open(&mut self, setting: &Setting) {
        // Said already, with a better remedy.
        if DECIDED.iter().any(|(section, key, ..)| setting.is(section, key)) {
            return;
        }
        let Some(how) = exposed(&setting.key, &setting.value) else { return };
        let variable = variable(&setting.section.heading(), &setting.key);
        let variable = variable.map(|name| format!(" as {name}")).unwrap_or_default();
        let (message, remedy) = match how {
            Exposed::Value => (
                "a secret in plain text can be read by everybody who reads the declaration, the values or the release",
                format!(
                    "write what `rspm encrypt` makes of it with the stack's encryption key; or keep it in a Secret, and \
                     add it to pod.env of the values{variable}"
                ),
            ),
            Exposed::Url => (
                "the URL contains a password, which everybody reads who reads the declaration, the values or the release",
                format!(
                    "write it without, and the password encrypted where the server has a setting for it (Proxy.Password); \
                     or keep the whole URL in a Secret, and add it to pod.env of the values{variable}"
                ),
            ),
        };
        self.refuse_at(setting.place, &setting.path(SETTINGS), message, remedy);
    }

    /// A second port must be another one.
    fn local(&mut self, setting: &Setting) {
        let is_taken = |at: &String| at.rsplit(':').next() == Some(HTTP_PORT.to_string().as_str());
        if setting.is("HTTPS", "Listen") && setting.value.texts().iter().any(is_taken) {
            let message =
                format!("HTTP listens on port {HTTP_PORT} already, and the server does not start with both on one");
            self.refuse_at(setting.place, &setting.path(SETTINGS), message, "write another port");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{DatabaseConnection, PackageStorage, Server, UsageData, config};

    #[test]
    fn whatever_this_program_decides_is_not_for_a_declaration() {
        let bucket = PackageStorage::Bucket { name: "packages", region: "us-east-1" };
        for (storage, place) in [(bucket, When::Bucket), (PackageStorage::Directory("/data"), When::Shared)] {
            let database = DatabaseConnection { host: "db", port: 5432, name: "ppm", user: "ppm" };
            let (address, usage_data) = (Some("https://packages.example.com"), Some(UsageData::Database));
            let server = Server { address, storage, database, usage_data, connections: 50, further: &[] };
            for section in config(&server).unwrap().sections() {
                for (key, _) in section.settings() {
                    let is_it = |(name, setting, when, ..): &(&str, &str, When, &str, &str)| {
                        section.is(name) && setting == key && (*when == When::Always || *when == place)
                    };
                    assert!(DECIDED.iter().any(is_it), "{}.{key}", section.heading());
                }
            }
        }
    }
}
