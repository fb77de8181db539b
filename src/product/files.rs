//! Directories of the server, and file systems that hold what it serves.

use serde::Serialize;

use crate::model::values::{AccessPointId, FileSystemId, MountPath};

/// Where the server keeps what has no other place. The start script of its image rearranges it, or refuses to find it
/// mounted.
pub const DATA_DIRECTORY: &str = "/var/lib/rstudio-pm";

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
}
