//! Which settings of the server a declaration may hold: none that follows from another key, and no secret.

use super::Rules;
use crate::helm::gcfg::Leaf;
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

/// Settings that are decided elsewhere: section, key, when, by what, and what to do.
#[rustfmt::skip]
const DECIDED: [(&str, &str, When, &str, &str); 17] = [
    ("Server", "Address", When::Always, "follows from load_balancer", "delete the line, and write load_balancer.domain"),
    ("Server", "DataDir", When::Shared, "follows from package_manager.shared_storage", "delete the line; package_manager.shared_storage.path says where"),
    ("Server", "EncryptionKeyPath", When::Always, "has no use: the encryption key comes from a Secret, by environment", "delete the line"),
    ("HTTP", "Listen", When::Always, "is fixed: Service, probes and load balancer lead to port 4242", "delete the line"),
    ("Metrics", "Enabled", When::Always, "is set by this program: the chart opens the port of metrics with it", "delete the line; the load balancer does not lead there"),
    ("Metrics", "Listen", When::Always, "is fixed: the chart looks for metrics at port 2112", "delete the line"),
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

/// Ends of the names of settings that hold secrets.
const SECRETS: [&str; 5] = ["password", "passphrase", "token", "secret", "key"];

impl Rules<'_> {
    pub(super) fn settings(&mut self) {
        for setting in self.values.settings(SETTINGS) {
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

    /// Rule of thumb, to be right more often than wrong: what is called like a secret is one, unless it is encrypted, a
    /// path or empty; and so is a password within a URL.
    fn in_the_open(&mut self, setting: &Setting) {
        // Said already, with a better remedy.
        if DECIDED.iter().any(|(section, key, ..)| setting.is(section, key)) {
            return;
        }
        let name = setting.key.to_ascii_lowercase();
        let is_named_so = SECRETS.iter().any(|end| name.ends_with(end));
        let is_open = |text: &String| !text.is_empty() && !text.starts_with('/') && !is_encrypted(text);
        let named = format!("{}_{}", setting.section.heading(), setting.key);
        // A subsection has no variable that is known here.
        let is_variable = named.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let variable =
            if is_variable { format!(" as PACKAGEMANAGER_{}", named.to_ascii_uppercase()) } else { String::new() };
        let path = setting.path(SETTINGS);
        if is_named_so && setting.texts().iter().any(is_open) {
            self.refuse_at(
                setting.place,
                &path,
                "a secret in plain text can be read by everybody who reads the declaration, the values or the release",
                format!(
                    "write what `rspm encrypt` makes of it with the stack's encryption key; or keep it in a Secret, and \
                     add it to pod.env of the values{variable}"
                ),
            );
        } else if setting.texts().iter().any(|text| has_password(text)) {
            self.refuse_at(
                setting.place,
                &path,
                "the URL contains a password, which everybody reads who reads the declaration, the values or the release",
                format!(
                    "write it without, and the password encrypted where the server has a setting for it (Proxy.Password); \
                     or keep the whole URL in a Secret, and add it to pod.env of the values{variable}"
                ),
            );
        }
    }

    /// A second port must be another one.
    fn local(&mut self, setting: &Setting) {
        if setting.is("HTTPS", "Listen") && setting.texts().iter().any(|at| at.rsplit(':').next() == Some("4242")) {
            let message = "HTTP listens on port 4242 already, and the server does not start with both on one";
            self.refuse_at(setting.place, &setting.path(SETTINGS), message, "write another port");
        }
    }
}

/// Whether text looks like what `rspm encrypt` prints: base64 of a nonce of 24 bytes and at least 17 more, or of a 2, a
/// nonce of 12 bytes and at least 17 more. Tokens in hexadecimal look like base64 too, and are none.
fn is_encrypted(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_base64 = digits.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    if !is_base64 || !text.len().is_multiple_of(4) || padding > 2 || digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return false;
    }
    let bytes = text.len() / 4 * 3 - padding;
    let begins_with_two = digits.starts_with('A') && digits.chars().nth(1).is_some_and(|c| ('g'..='v').contains(&c));
    bytes >= 41 || (bytes >= 30 && begins_with_two)
}

/// Whether there is a password between scheme and host.
fn has_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let login = authority.rsplit_once('@').map(|(login, _)| login);
    login.and_then(|login| login.split_once(':')).is_some_and(|(_, password)| !password.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encrypted_values_are_told_from_secrets() {
        for text in [
            // Made by the tools of Posit's documentation.
            "G8QSoVOR936MjjMdjFqvXYqM+m1zwH0H/aX0fO5RGg0logwPOhME0Wz0sp9g4fMtYdw=",
            "Qu0lI/gridhu85sqChwFtP2wFkqCcWt9owBpxFjAhKFaU2ZraBB2LM62Ieo=",
            // A 2, and 29 bytes more.
            "AgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhsc",
        ] {
            assert!(is_encrypted(text), "{text}");
        }
        for text in [
            "hunter2",
            "correct horse battery staple",
            "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
            "G8QSoVOR936MjjMdjFqvXYqM+m1zwH0H/aX0fO5RGg0logwPOhME0Wz0sp9g4fMtYdw",
        ] {
            assert!(!is_encrypted(text), "{text}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_seen() {
        for text in ["http://ada:x@proxy:3128", "postgres://u:p%40@h/d?a=b", "https://:x@h"] {
            assert!(has_password(text), "{text}");
        }
        for text in ["http://proxy:3128", "http://ada@proxy", "http://h/a:b@c", "ada:x@h", "http://ada:@h", ":4242"] {
            assert!(!has_password(text), "{text}");
        }
    }
}
