//! Files of earlier runs, kept as they were written.

use std::path::{Path, PathBuf};

use ppm_infra::cloud::simulated::World;
use ppm_infra::resources;
use ppm_infra::store::FileStore;
use tempfile::TempDir;

use super::binary::Desk;

/// Where the files of a lockfile of format 1 are: `whole` after an apply, `interrupted` after one that was killed.
pub(crate) fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/fixtures/lockfile-format-1").join(name)
}

/// One of the files.
pub(crate) fn text(folder_name: &str, name: &str) -> String {
    std::fs::read_to_string(folder(folder_name).join(name)).unwrap()
}

/// The world of one of them.
pub(crate) fn world(folder_name: &str) -> World {
    serde_json::from_str(&text(folder_name, "world.json")).unwrap()
}

/// A desk on which everything is as that run left it.
pub(crate) fn desk(folder_name: &str) -> Desk {
    let desk = Desk::simulated();
    for name in std::fs::read_dir(folder(folder_name)).unwrap().map(|entry| entry.unwrap().file_name()) {
        let name = name.to_str().unwrap();
        let place = match name {
            "reference.yaml" => "plans",
            "world.json" => ".",
            _ => "state",
        };
        desk.write(&format!("{place}/{name}"), &text(folder_name, name));
    }
    desk
}

/// A folder in memory with the lockfile, and the journal if there is one, in which bytes may be changed.
pub(crate) fn shelf(folder_name: &str) -> (TempDir, FileStore) {
    let memory = Path::new("/dev/shm");
    let shelf = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    for name in ["ppm-prod.lock.json", "ppm-prod.journal"] {
        if let Ok(bytes) = std::fs::read(folder(folder_name).join(name)) {
            std::fs::write(shelf.path().join(name), bytes).unwrap();
        }
    }
    let store = FileStore::new(shelf.path(), "ppm-prod", resources::catalog());
    (shelf, store)
}
