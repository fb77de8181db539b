//! Why no credentials were found, in words a person can act on: what was looked at, and what was there.
//!
//! The SDK's own words list every provider it has with all their causes; they go to the log (`-v`).

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::store::file;

/// How the SDK begins when none of its sources had credentials (`aws-config`, default provider chain).
const NOTHING_FOUND: [&str; 2] = ["no credentials found in chain", "the credential provider was not enabled"];

/// What to say instead of `message`, the words of an SDK that has no credentials; nothing where it has some, and they were
/// refused, or where its words are the better ones.
pub(super) fn not_found(message: &str) -> Option<String> {
    let environment = Environment {
        access_key: variable("AWS_ACCESS_KEY_ID").is_some(),
        secret_key: variable("AWS_SECRET_ACCESS_KEY").is_some(),
        profile: variable("AWS_PROFILE"),
        config: shared_file("AWS_CONFIG_FILE", "config"),
        credentials: shared_file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
    };
    let looked = explain(&environment, message)?;
    tracing::debug!("{message}");
    Some(looked)
}

/// When the credentials end that somebody exported into the environment: nothing renews those. `aws configure
/// export-credentials` and others write it beside them; what says nothing has no end that is known.
pub(super) fn end() -> Option<Timestamp> {
    variable("AWS_ACCESS_KEY_ID")?;
    variable("AWS_CREDENTIAL_EXPIRATION")?.parse().ok()
}

/// What of the environment counts.
struct Environment {
    access_key: bool,
    secret_key: bool,
    profile: Option<String>,
    config: SharedFile,
    credentials: SharedFile,
}

/// One of the two files every AWS tool reads.
struct SharedFile {
    path: PathBuf,
    profiles: Vec<String>,
}

fn explain(found: &Environment, message: &str) -> Option<String> {
    let mut profiles: Vec<&str> =
        found.config.profiles.iter().chain(&found.credentials.profiles).map(String::as_str).collect();
    profiles.sort_unstable();
    profiles.dedup();
    let missing = found.profile.as_deref().filter(|profile| !profiles.contains(profile));
    if missing.is_none() && !NOTHING_FOUND.iter().any(|words| message.contains(words)) {
        return None;
    }
    let keys = match (found.access_key, found.secret_key) {
        (true, false) => "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not",
        (false, true) => "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not",
        (false, false) | (true, true) => "AWS_ACCESS_KEY_ID is not set",
    };
    let files = format!("{} or {}", found.config.path.display(), found.credentials.path.display());
    let there = if profiles.is_empty() {
        "which have no profile".to_owned()
    } else {
        format!("there: {}", profiles.join(", "))
    };
    let profile = match (&found.profile, missing) {
        (Some(profile), Some(_)) => format!("the profile `{profile}` of AWS_PROFILE is not in {files} ({there})"),
        (Some(profile), None) => format!("the profile `{profile}` gives none"),
        (None, _) if profiles.contains(&"default") => "the profile `default` gives none".to_owned(),
        (None, _) => format!("there is no profile `default` in {files} ({there}), and AWS_PROFILE is not set"),
    };
    Some(format!("no AWS credentials: {keys}; {profile}; and this machine has no role of its own"))
}

fn shared_file(variable_name: &str, name: &str) -> SharedFile {
    let path = variable(variable_name).map_or_else(
        || Path::new(&variable("HOME").unwrap_or_else(|| "~".to_owned())).join(".aws").join(name),
        PathBuf::from,
    );
    let text = file::read_input(&path).ok().flatten().unwrap_or_default();
    SharedFile { profiles: profiles(&text), path }
}

/// The profiles of a shared file: `[default]`, `[profile NAME]` in the one, `[NAME]` in the other.
fn profiles(text: &str) -> Vec<String> {
    let heads =
        text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split_once(']').map(|(head, _)| head.trim()));
    let other = ["sso-session ", "services "];
    heads
        .filter(|head| !other.iter().any(|section| head.starts_with(section)))
        .map(|head| head.strip_prefix("profile ").unwrap_or(head).trim().to_owned())
        .collect()
}

#[expect(clippy::disallowed_methods, reason = "the environment is read here")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(profile: Option<&str>, config: &str) -> Environment {
        Environment {
            access_key: false,
            secret_key: false,
            profile: profile.map(str::to_owned),
            config: SharedFile { path: "~/.aws/config".into(), profiles: profiles(config) },
            credentials: SharedFile { path: "~/.aws/credentials".into(), profiles: Vec::new() },
        }
    }

    const CHAIN: &str = "dispatch failure: no credentials found in chain. Attempted: …";

    #[test]
    fn a_profile_that_is_nowhere_is_named_with_those_there_are() {
        let config = "[default]\nregion = x\n[ profile prod ]\n[sso-session corp]\n[services local]\n";
        let told = explain(&environment(Some("nope"), config), "whatever the SDK says").unwrap();
        assert_eq!(
            told,
            "no AWS credentials: AWS_ACCESS_KEY_ID is not set; the profile `nope` of AWS_PROFILE is not in \
             ~/.aws/config or ~/.aws/credentials (there: default, prod); and this machine has no role of its own"
        );
    }

    #[test]
    fn without_anything_it_says_what_was_looked_at() {
        let told = explain(&environment(None, ""), CHAIN).unwrap();
        assert!(told.contains("there is no profile `default` in ~/.aws/config or ~/.aws/credentials"), "{told}");
        assert!(told.contains("which have no profile"), "{told}");
        let half = Environment { access_key: true, ..environment(None, "") };
        assert!(explain(&half, CHAIN).unwrap().contains("AWS_SECRET_ACCESS_KEY is not"));
    }

    #[test]
    fn a_profile_that_is_there_and_fails_is_left_to_the_words_of_the_sdk() {
        let expired = "dispatch failure: the SSO token has expired";
        assert_eq!(explain(&environment(Some("prod"), "[profile prod]\n"), expired), None);
        let told = explain(&environment(Some("prod"), "[profile prod]\n"), CHAIN).unwrap();
        assert!(told.contains("the profile `prod` gives none"), "{told}");
    }
}
