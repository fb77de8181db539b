//! Which settings give a secret away, and how the server takes one that stands in no file.
//!
//! Promises: a rule of thumb, right more often than wrong: what is called like a secret is one, unless it is encrypted, a
//! path or empty; and so is a password within a URL.

use super::gcfg::Leaf;

/// Ends of the names of settings that hold secrets.
const NAMES: [&str; 5] = ["password", "passphrase", "token", "secret", "key"];

/// How a setting gives a secret away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposed {
    /// Its value is one, in plain text.
    Value,
    /// Its value is a URL with a password in it.
    Url,
}

/// Whether and how a setting gives a secret away.
pub fn exposed(key: &str, value: &Leaf) -> Option<Exposed> {
    let name = key.to_ascii_lowercase();
    let is_open = |text: &String| !text.is_empty() && !text.starts_with('/') && !is_encrypted(text);
    if NAMES.iter().any(|end| name.ends_with(end)) && value.texts().iter().any(is_open) {
        return Some(Exposed::Value);
    }
    value.texts().iter().any(|text| has_password(text)).then_some(Exposed::Url)
}

/// The environment variable that the server takes a setting from; `None` for a subsection, of which no variable is known.
pub fn variable(heading: &str, key: &str) -> Option<String> {
    let named = format!("{heading}_{key}");
    let is_variable = named.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_variable.then(|| format!("PACKAGEMANAGER_{}", named.to_ascii_uppercase()))
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
    fn variables_are_known_for_sections_and_for_no_subsection() {
        assert_eq!(variable("Proxy", "Password").as_deref(), Some("PACKAGEMANAGER_PROXY_PASSWORD"));
        assert_eq!(variable("S3Storage \"cache\"", "Secret"), None);
        assert_eq!(variable("Postgres", "Password").as_deref(), Some(super::super::PASSWORD_VARIABLE));
        assert_eq!(variable("Postgres", "UsageDataPassword").as_deref(), Some(super::super::USAGE_PASSWORD_VARIABLE));
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
