//! Directories of the server, and file systems that hold what it serves.

use serde::Serialize;

use crate::model::values::{AccessPointId, FileSystemId, ValueError, checked_string, shown};

/// Where the server keeps what has no other place. The start script of its image rearranges it, or refuses to find it
/// mounted.
pub const DATA_DIRECTORY: &str = "/var/lib/rstudio-pm";
/// Where a license file is mounted, outside of [`DATA_DIRECTORY`].
pub const LICENSE_DIRECTORY: &str = "/etc/rstudio-licensing";
/// Where secrets are mounted that come as files. Nothing else may be mounted there.
pub const SECRETS_DIRECTORY: &str = "/etc/rstudio-pm-secrets";

/// Where a volume is mounted in the pod: a whole path such as `/data`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MountPath(String);

checked_string!(MountPath, check_mount, "a path in the pod", "^(/[A-Za-z0-9][A-Za-z0-9._-]*)+$", "/data");

/// Places of the image that a mount would hide.
const TAKEN: [&str; 4] = [DATA_DIRECTORY, "/etc/rstudio-pm", LICENSE_DIRECTORY, "/opt/rstudio-pm"];
/// Parts of the operating system in the image.
const SYSTEM: [&str; 13] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/sbin", "/sys", "/usr", "/var", "/var/lib"];

fn check_mount(text: &str) -> Result<(), ValueError> {
    let refuse =
        |why: &str| Err(ValueError::new(format!("`{}` cannot be the place: {why}", shown(text)), "write /data"));
    let part = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    if text.len() > 200 || !text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(part)) {
        return refuse("it must be a whole path of letters, digits, `.`, `_` and `-`");
    }
    if TAKEN.iter().any(|taken| is_within(text, taken)) {
        return refuse("the image keeps things of its own there, which the mount would hide");
    }
    if is_within(text, SECRETS_DIRECTORY) {
        return refuse("the Secrets Store is mounted there where secrets: csi is declared");
    }
    if SYSTEM.contains(&text) || ["/dev", "/proc", "/sys"].iter().any(|taken| is_within(text, taken)) {
        return refuse("the operating system is there");
    }
    Ok(())
}

/// An EFS file system that somebody else made and keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileSystem {
    /// The file system.
    pub file_system: FileSystemId,
    /// What of it is mounted; `None` for its root.
    pub access_point: Option<AccessPointId>,
    /// Where the server has it.
    pub path: MountPath,
}

impl FileSystem {
    /// Whether one is mounted inside the other, or at the same place: then one hides the other.
    pub fn overlaps(&self, other: &Self) -> bool {
        let (one, other) = (self.path.as_str(), other.path.as_str());
        is_within(one, other) || is_within(other, one)
    }

    /// Whether both are the same part of the same file system.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (&self.file_system, &self.access_point) == (&other.file_system, &other.access_point)
    }
}

/// Whether a path is this directory or inside it.
pub fn is_within(path: &str, directory: &str) -> bool {
    path == directory || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::values::TextValue as _;

    fn files(path: &str, access_point: Option<&str>) -> FileSystem {
        FileSystem {
            file_system: "fs-01234567".parse().unwrap(),
            access_point: access_point.map(|id| id.parse().unwrap()),
            path: path.parse().unwrap(),
        }
    }

    #[test]
    fn two_file_systems_stand_apart_or_hide_each_other() {
        let data = files("/data", None);
        for (path, overlaps) in [("/data", true), ("/data/in", true), ("/data2", false), ("/mnt", false)] {
            let other = files(path, None);
            assert_eq!((data.overlaps(&other), other.overlaps(&data)), (overlaps, overlaps), "{path}");
        }
        assert!(data.is_same_as(&files("/mnt", None)) && !data.is_same_as(&files("/data", Some("fsap-01234567"))));
    }

    #[test]
    fn nothing_is_mounted_over_the_image() {
        for text in ["/data", "/mnt/rstudio-pm", "/var/lib/rstudio-pm-data", "/srv/ppm.1"] {
            assert!(text.parse::<MountPath>().is_ok(), "{text}");
        }
        for text in [
            "/var/lib/rstudio-pm",
            "/etc/rstudio-pm-secrets",
            "/var/lib/rstudio-pm/data",
            "/etc",
            "/proc/1",
            "/",
            "data",
            "/a/../b",
            "/a//b",
        ] {
            assert!(text.parse::<MountPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_reads_what_it_prints() {
        let path: MountPath = MountPath::EXAMPLE.parse().unwrap();
        assert_eq!(serde_json::to_value(&path).unwrap(), "/data");
        assert_eq!(serde_json::from_value::<MountPath>("/data".into()).unwrap(), path);
    }
}
