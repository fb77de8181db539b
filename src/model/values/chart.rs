//! What the chart is told beside names: images, a license server, a file system.
//!
//! Promises: a value that parses can stand in the chart's values or in a URL without being quoted.
//!
//! Leaves to others whether image, server and file system exist.

use super::{ValueError, checked_string, shown};

/// Where an image comes from, without tag or digest: `111122223333.dkr.ecr.us-east-1.amazonaws.com/posit/package-manager`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRepository(String);

checked_string!(
    ImageRepository,
    check_repository,
    "the repository of an image",
    r"^[a-z0-9][a-z0-9._/:-]{0,253}$",
    "111122223333.dkr.ecr.us-east-1.amazonaws.com/posit/package-manager"
);

fn check_repository(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str, remedy: String| {
        Err(ValueError::new(format!("`{}` is not the repository of an image: {why}", shown(text)), remedy))
    };
    let example = "write it like 111122223333.dkr.ecr.us-east-1.amazonaws.com/posit/package-manager";
    if let Some((_, rest)) = text.split_once("://") {
        return refuse("it has a scheme", format!("write {}", shown(rest)));
    }
    if text.contains('@') {
        return refuse("a digest does not belong to it", example.to_owned());
    }
    let (host, path) = text.split_once('/').unwrap_or(("", text));
    if let Some((repository, tag)) = path.rsplit_once(':') {
        let host = if host.is_empty() { String::new() } else { format!("{host}/") };
        return refuse("a tag stands at its end", format!("write {host}{repository}, and `tag: {tag}` beside it"));
    }
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_host = name.is_empty() || name.split('.').all(|label| is_part(label, b"-"));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    if text.len() > 255 || !is_host || !is_port || !path.split('/').all(|part| is_part(part, b"._-")) {
        return refuse("it must be lowercase names joined by /, a registry before them", example.to_owned());
    }
    Ok(())
}

fn is_part(part: &str, between: &[u8]) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    part.bytes().all(|b| is_plain(b) || between.contains(&b))
        && part.bytes().next().is_some_and(is_plain)
        && part.bytes().last().is_some_and(is_plain)
}

/// The tag of an image, whole: `2026.08.0-ubuntu-24.04`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageTag(String);

checked_string!(
    ImageTag,
    check_tag,
    "the tag of an image",
    "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
    "2026.08.0-ubuntu-24.04"
);

fn check_tag(text: &str) -> Result<(), ValueError> {
    let refuse = |why: &str| {
        Err(ValueError::new(
            format!("`{}` is not the tag of an image: {why}", shown(text)),
            "write the whole tag, such as \"2026.08.0-ubuntu-24.04\"",
        ))
    };
    if text == "latest" {
        return refuse("it means another image every day, and two versions may not share a database");
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    if text.is_empty() || text.len() > 128 || !text.bytes().all(allowed) || text.starts_with(['.', '-']) {
        return refuse("it must be 1 to 128 letters, digits, `_`, `.` and `-`, beginning with neither `.` nor `-`");
    }
    Ok(())
}

/// A server and its port: `licenses.example.com:8989`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostPort(String);

checked_string!(
    HostPort,
    check_host_port,
    "a server with its port",
    r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$",
    "licenses.example.com:8989"
);

fn check_host_port(text: &str) -> Result<(), ValueError> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let holds = text.rsplit_once(':').is_some_and(|(host, port)| {
        let digits = port.bytes().all(|b| b.is_ascii_digit());
        host.len() <= 253 && host.split('.').all(label) && digits && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if holds {
        return Ok(());
    }
    Err(ValueError::new(
        format!("`{}` is not a server with its port", shown(text)),
        "write it like licenses.example.com:8989, without a scheme",
    ))
}

/// An EFS file system: `fs-0123456789abcdef0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileSystemId(String);

checked_string!(FileSystemId, check_file_system, "an EFS file system", "^fs-[0-9a-f]{8,40}$", "fs-0123456789abcdef0");

fn check_file_system(text: &str) -> Result<(), ValueError> {
    check_id(text, "fs-", "an EFS file system", "fs-0123456789abcdef0")
}

/// An access point of EFS: `fsap-0123456789abcdef0`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessPointId(String);

checked_string!(
    AccessPointId,
    check_access_point,
    "an access point of EFS",
    "^fsap-[0-9a-f]{8,40}$",
    "fsap-0123456789abcdef0"
);

fn check_access_point(text: &str) -> Result<(), ValueError> {
    check_id(text, "fsap-", "an access point of EFS", "fsap-0123456789abcdef0")
}

fn check_id(text: &str, prefix: &str, what: &str, example: &str) -> Result<(), ValueError> {
    let digits = text.strip_prefix(prefix).unwrap_or_default();
    if (8..=40).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return Ok(());
    }
    Err(ValueError::new(format!("`{}` is not the id of {what}", shown(text)), format!("write it like {example}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_and_tags_are_apart() {
        for good in ["posit/package-manager", "ghcr.io/posit-dev/package-manager", "mirror.example.com:5000/ppm"] {
            assert!(good.parse::<ImageRepository>().is_ok(), "{good}");
        }
        for (text, remedy) in [
            ("posit/package-manager:2026.08.0", "write posit/package-manager, and `tag: 2026.08.0`"),
            ("https://mirror.example.com/ppm", "write mirror.example.com/ppm"),
            ("mirror.example.com/ppm@sha256:aa", "write it like"),
            ("Mirror/ppm", "write it like"),
            ("mirror//ppm", "write it like"),
            ("mirror.example.com:0/ppm", "write it like"),
        ] {
            let error = text.parse::<ImageRepository>().unwrap_err();
            assert!(error.remedy().contains(remedy), "{text}: {error}");
        }
        assert!("ubuntu2204-2024.11.0".parse::<ImageTag>().is_ok());
        for text in ["latest", "-a", "a b", &"a".repeat(129)] {
            assert!(text.parse::<ImageTag>().is_err(), "{text}");
        }
    }

    #[test]
    fn servers_and_ids_have_their_forms() {
        for text in ["licenses.example.com", "https://a:1", "a:0", "a:65536", "a:+1", ":1", "a b:1"] {
            assert!(text.parse::<HostPort>().is_err(), "{text}");
        }
        assert!("licenses:8989".parse::<HostPort>().is_ok());
        assert!("fs-123".parse::<FileSystemId>().is_err());
        assert!("fs-0123456789ABCDEF0".parse::<FileSystemId>().is_err());
        assert!("fs-01234567".parse::<AccessPointId>().is_err());
    }
}
