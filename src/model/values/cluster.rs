//! Names of things inside the cluster.
//!
//! Promises: a name that parses is accepted by Kubernetes for that kind of object, and stays text where the chart prints
//! it without quotes.
//!
//! Leaves to others whether the object exists; this program never talks to Kubernetes.

use super::{Bare, ValueError, bare, checked_string, shown};

/// A Kubernetes namespace: a DNS label of at most 63 characters (RFC 1123), not one of Kubernetes' own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Namespace(String);

checked_string!(Namespace, check_namespace, "a namespace", "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", "ppm");

fn check_namespace(text: &str) -> Result<(), ValueError> {
    if text.starts_with("kube-") {
        return Err(ValueError::new(
            format!("`{}` cannot be the namespace: Kubernetes keeps the prefix `kube-` for itself", shown(text)),
            "write ppm",
        ));
    }
    check_label(text, 63, "a namespace")?;
    check_bare(text, "a namespace")
}

/// The chart prints some names without quotes, and no quotes in its values help: they arrive as whatever YAML takes the
/// bare word for, and Kubernetes refuses the object.
fn check_bare(text: &str, what: &str) -> Result<(), ValueError> {
    let read = match bare(text) {
        Bare::Text => return Ok(()),
        Bare::Flag(flag) => format!("the boolean {flag}"),
        Bare::Null => "nothing".to_owned(),
        Bare::Whole(number) => format!("the number {number}"),
        Bare::Fraction(number) => format!("the number {number}"),
    };
    Err(ValueError::new(
        format!(
            "`{}` cannot be the name of {what}: the chart prints it without quotes, and Helm reads {read}",
            shown(text)
        ),
        format!("add a letter, such as ppm-{text}"),
    ))
}

/// The name of a Helm release: a DNS label of at most 53 characters (Helm's limit, which leaves room for suffixes).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReleaseName(String);

checked_string!(ReleaseName, check_release, "a Helm release", "^[a-z]([a-z0-9-]{0,51}[a-z0-9])?$", "ppm");

fn check_release(text: &str) -> Result<(), ValueError> {
    check_label(text, 53, "a Helm release")?;
    check_bare(text, "a Helm release")?;
    // The release also names the Service, and those start with a letter (RFC 1035).
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(ValueError::new(
            format!(
                "`{}` is not the name of a Helm release: a Service is named by it and must start with a letter",
                shown(text)
            ),
            "write ppm",
        ));
    }
    Ok(())
}

fn check_label(text: &str, most: usize, what: &str) -> Result<(), ValueError> {
    let refuse = |why: String| {
        Err(ValueError::new(format!("`{}` is not the name of {what}: {why}", shown(text)), "write it like ppm"))
    };
    if text.is_empty() || text.len() > most {
        return refuse(format!("Kubernetes wants 1 to {most} characters"));
    }
    if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return refuse("it must be of a-z, 0-9 and -".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        return refuse("it must start and end with a letter or a digit".to_owned());
    }
    Ok(())
}

/// The name of a Kubernetes Secret: DNS labels joined by dots, at most 253 characters (RFC 1123).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretName(String);

checked_string!(
    SecretName,
    check_secret_name,
    "the name of a Kubernetes Secret",
    r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
    "rstudio-pm-license"
);

fn check_secret_name(text: &str) -> Result<(), ValueError> {
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if text.len() <= 253 && text.split('.').all(label) {
        return check_bare(text, "a Kubernetes Secret");
    }
    Err(ValueError::new(
        format!("`{}` is not the name of a Kubernetes Secret: it must be of a-z, 0-9, - and .", shown(text)),
        "write it like rstudio-pm-license",
    ))
}

/// A key inside a Kubernetes Secret: letters, digits, `-`, `_` and `.`, at most 253 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretKey(String);

checked_string!(
    SecretKey,
    check_secret_key,
    "a key of a Kubernetes Secret",
    r"^[A-Za-z0-9._-]{1,253}$",
    "rstudio-pm.lic"
);

fn check_secret_key(text: &str) -> Result<(), ValueError> {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if (1..=253).contains(&text.len()) && text.bytes().all(known) && text != "." && text != ".." {
        return Ok(());
    }
    Err(ValueError::new(
        format!("`{}` is not a key of a Kubernetes Secret: it must be of letters, digits, -, _ and .", shown(text)),
        "write it like rstudio-pm.lic",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_kubernetes_refuses_are_refused() {
        for text in ["", "kube-system", "Ppm", "ppm_1", "-ppm", "ppm-", &"a".repeat(64)] {
            assert!(text.parse::<Namespace>().is_err(), "{text}");
        }
        for text in ["1ppm", "ppm.x", &"a".repeat(54)] {
            assert!(text.parse::<ReleaseName>().is_err(), "{text}");
        }
        for text in ["a..b", "-a", "A", &"a".repeat(254)] {
            assert!(text.parse::<SecretName>().is_err(), "{text}");
        }
        for text in ["a/b", "..", "a b"] {
            assert!(text.parse::<SecretKey>().is_err(), "{text}");
        }
    }

    #[test]
    fn names_that_yaml_takes_for_something_else_are_refused_with_a_letter_more() {
        let errors = |text: &str| {
            let namespace = text.parse::<Namespace>().err();
            let secret = text.parse::<SecretName>().err();
            [namespace, secret].map(|error| error.unwrap_or_else(|| panic!("{text} must be refused")))
        };
        for text in [
            "1e3", "123", "0x1f", "08", "017", "0b1", "0o7", "on", "off", "yes", "no", "y", "n", "true", "false",
            "null",
        ] {
            for error in errors(text) {
                assert!(error.problem().contains("without quotes"), "{error}");
                assert_eq!(error.remedy(), format!("add a letter, such as ppm-{text}"));
            }
        }
        assert!("1.5".parse::<SecretName>().is_err() && "12.".parse::<SecretName>().is_err());
        for text in ["on", "n", "null", "true"] {
            assert!(text.parse::<ReleaseName>().is_err(), "{text}");
        }
        for text in ["one", "1a", "2026-01-01", "0x", "on-1", "none", "nulls", "e3", "1-2"] {
            assert!(text.parse::<Namespace>().is_ok() && text.parse::<SecretName>().is_ok(), "{text}");
        }
        assert!("1.2.3".parse::<SecretName>().is_ok());
    }

    #[test]
    fn dots_and_underscores_have_their_places() {
        assert!("license.v2".parse::<SecretName>().is_ok() && "License_2".parse::<SecretKey>().is_ok());
    }
}
