//! The program itself, run as a person would run it: in a folder of its own, with nothing of our environment.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
#[cfg(feature = "aws")]
use std::process::{Child, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder to run the program in.
pub(crate) struct Desk {
    folder: TempDir,
    environment: BTreeMap<String, String>,
}

/// What one run said and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// The exit status.
    pub(crate) code: i32,
    /// Its data.
    pub(crate) stdout: String,
    /// Everything else.
    pub(crate) stderr: String,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {}\n--- stdout\n{}--- stderr\n{}", self.code, self.stdout, self.stderr)
    }
}

impl Said {
    /// Demands this exit status.
    pub(crate) fn exit(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self}");
        self
    }

    /// Demands that every one of these texts was said, on either side.
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text) || self.stderr.contains(text), "`{text}` was not said: {self}");
        }
        self
    }

    /// The data as JSON, one value a line; demands that every line is one.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}"));
        self.stdout.lines().filter(|line| !line.is_empty()).map(parse).collect()
    }
}

impl Desk {
    /// A folder with a rehearsal cloud in a file.
    pub(crate) fn simulated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = [("PPM_INFRA_CLOUD", "simulated:world.json"), ("PPM_INFRA_TIME_SCALE", "1000000")];
        Self { folder, environment: environment.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
    }

    #[cfg(feature = "aws")]
    /// A folder whose cloud is at `endpoint`, `scale` times as fast as AWS.
    pub(crate) fn at(endpoint: &str, scale: u32) -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), environment: BTreeMap::new() };
        let scale = if scale == 0 { 1000 } else { scale };
        desk.with("AWS_ENDPOINT_URL", endpoint)
            .with("AWS_ACCESS_KEY_ID", "AKIATEST")
            .with("AWS_SECRET_ACCESS_KEY", "secret")
            .with("AWS_EC2_METADATA_DISABLED", "true")
            .with("PPM_INFRA_TIME_SCALE", &scale.to_string())
    }

    #[cfg(feature = "aws")]
    /// Sets a variable of the program's environment.
    pub(crate) fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.insert(key.to_owned(), value.to_owned());
        self
    }

    #[cfg(feature = "aws")]
    /// Removes a variable of the program's environment.
    pub(crate) fn without(mut self, key: &str) -> Self {
        self.environment.remove(key);
        self
    }

    /// A path below the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Reads a file below the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Takes the reference declaration over, as `plans/reference.yaml`, with some texts replaced.
    pub(crate) fn declare(&self, changes: &[(&str, &str)]) {
        let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/reference.yaml");
        let mut text = std::fs::read_to_string(reference).unwrap();
        for (from, to) in changes {
            assert!(text.contains(from), "the reference declaration has no `{from}`");
            text = text.replace(from, to);
        }
        self.write("plans/reference.yaml", &text);
    }

    /// Takes the reference declaration over with more lines at its end.
    pub(crate) fn declare_with(&self, lines: &str) {
        self.declare(&[]);
        let text = self.read("plans/reference.yaml");
        self.write("plans/reference.yaml", &format!("{text}\n{lines}\n"));
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ppm-infra"));
        command.args(arguments).current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("USER", "ann").envs(&self.environment);
        command
    }

    #[cfg(feature = "aws")]
    /// Starts the program and lets it run.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let output = self.command(arguments).output().unwrap();
        Said {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Every file below the folder with its content: to see that nothing was changed.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                // Whoever takes the lock leaves a name in it.
                } else if path.extension().is_none_or(|ending| ending != "lock") {
                    found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self.folder.path(), &mut found);
        found
    }
}
