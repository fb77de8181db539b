//! What the server's settings say: database, addresses, ports inside the pod.

use super::reviewer::{Reviewer, spot};
use super::settings::setting;
use crate::helm::form;
use crate::product::ENCRYPTION_KEY_VARIABLE;
use crate::text::Place;

const OTHER: &str = "The file is for another stack, or was written before it was changed.";

/// Checks database and address.
pub(super) fn check(reviewer: &mut Reviewer<'_>) {
    provider(reviewer);
    urls(reviewer);
    passwords(reviewer);
    address(reviewer);
    root(reviewer);
    licensing(reviewer);
}

fn provider(reviewer: &mut Reviewer<'_>) {
    let path = "config.Database.Provider";
    let why = "The server's default is a SQLite file, which each pod would have for itself and lose.";
    match setting(reviewer, "Database", "Provider") {
        None => reviewer.error(reviewer.place(path), path, "no database is named", why, "add `Provider: \"postgres\"`"),
        Some((_, provider)) if provider == "postgres" => {}
        Some((member, provider)) if provider.eq_ignore_ascii_case("postgres") => reviewer.warning(
            spot(member),
            path,
            "the provider is written in lower case",
            "Versions of the server differ in what they accept.",
            "write \"postgres\"",
        ),
        Some((member, _)) => {
            reviewer.error(spot(member), path, "the database must be PostgreSQL", why, "write \"postgres\"");
        }
    }
}

fn urls(reviewer: &mut Reviewer<'_>) {
    let path = "config.Postgres.URL";
    if let Some((member, written)) = setting(reviewer, "Postgres", "URL") {
        url(reviewer, path, spot(member), &written);
    } else {
        let why = "The server does not find its database.";
        let remedy = "add `URL: \"postgres://USER@HOST:5432/DATABASE?sslmode=require\"`";
        reviewer.error(reviewer.place(path), path, "no database is named", why, remedy);
    }
    if let Some((member, written)) = setting(reviewer, "Postgres", "UsageDataURL") {
        url(reviewer, "config.Postgres.UsageDataURL", spot(member), &written);
    }
}

fn url(reviewer: &mut Reviewer<'_>, path: &str, place: Place, url: &str) {
    let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) else {
        let remedy = "write postgres://USER@HOST:5432/DATABASE?sslmode=require";
        reviewer.error(place, path, "this is not the URL of a PostgreSQL database", "The server refuses it.", remedy);
        return;
    };
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, host) = before_query.rsplit_once('@').unwrap_or(("", before_query));
    if user.contains(':') {
        let why = "Values and Helm's record of the release can be read by many more people than a Secret.";
        reviewer.error(
            place,
            path,
            "the URL contains a password",
            why,
            "write USER@ alone; pod.env brings the password",
        );
    }
    if user.is_empty() {
        reviewer.error(
            place,
            path,
            "the URL names no user",
            "The server would come as its own Unix user.",
            "write USER@HOST",
        );
    }
    let host = host.split(['/', ':']).next().unwrap_or_default();
    if let Some(known) = &reviewer.facts.database_host
        && host != known
    {
        reviewer.error(
            place,
            path,
            format!("the database is {known}, and not {host}"),
            OTHER,
            format!("write {known}"),
        );
    }
    let parameter = |name: &str| query.split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name);
    match parameter("sslmode").map(|(_, mode)| mode) {
        Some("require") => {}
        Some("verify-ca" | "verify-full") if parameter("sslrootcert").is_some() => {}
        Some(mode @ ("verify-ca" | "verify-full")) => reviewer.error(
            place,
            path,
            format!("sslmode={mode} without sslrootcert"),
            "The certificates of RDS are not among those of the image, so no certificate is accepted.",
            "mount the bundle of RDS and add &sslrootcert=PATH, or write sslmode=require",
        ),
        Some("disable") => {
            let why = "RDS refuses connections without TLS.";
            reviewer.error(place, path, "sslmode=disable turns TLS off", why, "write sslmode=require");
        }
        Some("prefer" | "allow") | None => {
            let why = "Whether the connection is encrypted is then left to chance.";
            reviewer.warning(place, path, "TLS is not required", why, "add ?sslmode=require");
        }
        Some(mode) => {
            let what = format!("there is no sslmode `{mode}`");
            reviewer.error(place, path, what, "The server refuses the URL.", "write sslmode=require");
        }
    }
}

fn passwords(reviewer: &mut Reviewer<'_>) {
    for name in ["Password", "UsageDataPassword"] {
        if let Some((member, _)) = setting(reviewer, "Postgres", name) {
            let why = "Values and Helm's record of the release can be read by many more people than a Secret.";
            let remedy = "delete it; pod.env brings the password from a Secret";
            reviewer.error(
                member.at,
                &format!("config.Postgres.{name}"),
                "a password stands in the values",
                why,
                remedy,
            );
        }
    }
    if let Some((member, _)) = setting(reviewer, "Server", "EncryptionKeyPath") {
        reviewer.warning(
            spot(member),
            "config.Server.EncryptionKeyPath",
            "the encryption key comes from a file",
            "The server wants mode 0600 and itself as owner, which a mounted Secret does not have.",
            format!("delete it; pod.env brings the key as {ENCRYPTION_KEY_VARIABLE}"),
        );
    }
}

fn address(reviewer: &mut Reviewer<'_>) {
    let path = "config.Server.Address";
    let Some((member, address)) = setting(reviewer, "Server", "Address") else { return };
    let why = "Links, e-mails and logins lead to it.";
    if !(form::ADDRESS.holds)(&address) {
        let remedy = "write https:// and the host name, without a path";
        reviewer.error(spot(member), path, format!("`{address}` is not an address"), why, remedy);
    } else if let Some(known) = reviewer.facts.address.clone().filter(|known| *known != address) {
        reviewer.warning(spot(member), path, format!("the declared address is {known}"), why, format!("write {known}"));
    }
}

fn root(reviewer: &mut Reviewer<'_>) {
    if let Some((member, user)) = setting(reviewer, "Launcher", "ServerUser")
        && user == "root"
        && reviewer.flag("rootCheckIsFatal", true)
    {
        let why = "The chart refuses to install: the server runs as user 999.";
        reviewer.error(
            spot(member),
            "config.Launcher.ServerUser",
            "the server must not be root",
            why,
            "delete the section",
        );
    }
}

fn licensing(reviewer: &mut Reviewer<'_>) {
    if let Some((member, _)) = setting(reviewer, "Licensing", "LicenseType") {
        let why = "The chart sets it to remote with a license server, and the default suits a license file.";
        let remedy = "delete it; use license.server or license.file";
        reviewer.warning(
            spot(member),
            "config.Licensing.LicenseType",
            "the kind of license is set by hand",
            why,
            remedy,
        );
    }
}
