//! The program itself, run as a person would run it: in a folder of its own, with nothing of our environment.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use super::watch::Watch;

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

    #[cfg(feature = "aws")]
    /// The data as one JSON document.
    pub(crate) fn json_document(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The data as JSON, one value a line; demands that every line is one.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{self}"));
        self.stdout.lines().filter(|line| !line.is_empty()).map(parse).collect()
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_ppm-infra");

/// Longer than anything is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a command to its end.
fn run(command: &mut Command) -> Said {
    let command = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let _watch = Watch::over_group(child.id());
    said(child.wait_with_output().unwrap())
}

/// A program of the emulator's environment.
#[cfg(feature = "aws")]
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where that environment is")]
pub(crate) fn tool(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let venv = std::env::var_os("STRICT_VENV").map_or_else(|| root.join(".venv"), PathBuf::from);
    root.join(venv).join("bin").join(name)
}

/// Where that environment has the AWS CLI and kubectl, with a colon behind.
fn tools() -> String {
    #[cfg(feature = "aws")]
    return format!("{}:", tool("aws").parent().unwrap().display());
    #[cfg(not(feature = "aws"))]
    String::new()
}

fn said(output: Output) -> Said {
    Said {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The program while it runs.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Receiver<String>,
    heard: String,
    _watch: Watch,
}

impl Running {
    fn of(mut child: Child) -> Self {
        let (mut out, err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || {
            let mut text = String::new();
            out.read_to_string(&mut text).unwrap();
            text
        });
        let (lines, stderr) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(err).lines() {
                // Nobody listens any more once the test is over.
                let _ = lines.send(line.unwrap());
            }
        });
        let watch = Watch::over_group(child.id());
        Self { child, stdout: Some(stdout), stderr, heard: String::new(), _watch: watch }
    }

    /// Waits until a line on stderr has this text.
    pub(crate) fn hear(&mut self, text: &str) {
        loop {
            match self.stderr.recv_timeout(PATIENCE) {
                Ok(line) => {
                    self.heard.extend([&line, "\n"]);
                    if line.contains(text) {
                        return;
                    }
                }
                Err(error) => panic!("{error}: `{text}` was not said: {}", self.heard),
            }
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    #[cfg(feature = "aws")]
    /// Sends a signal by its name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(sent.success());
    }

    #[cfg(feature = "aws")]
    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its end and everything it said; a program that was killed has no exit status and gets -1.
    pub(crate) fn end(mut self) -> Said {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let stdout = self.stdout.take().unwrap().join().unwrap();
        for line in &self.stderr {
            self.heard.extend([&line, "\n"]);
        }
        Said { code, stdout, stderr: std::mem::take(&mut self.heard) }
    }

    /// Kills it as nobody can prevent.
    pub(crate) fn kill(mut self) -> Said {
        self.child.kill().unwrap();
        self.end()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing running; one that ended has nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Desk {
    /// A folder with a rehearsal cloud in a file.
    pub(crate) fn simulated() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let environment = [
            ("PPM_INFRA_CLOUD", "simulated:world.json"),
            ("PPM_INFRA_STATE", "state"),
            ("PPM_INFRA_TIME_SCALE", "1000000"),
        ];
        Self { folder, environment: environment.map(|(k, v)| (k.to_owned(), v.to_owned())).into() }
    }

    /// A folder with nothing in its environment, but that clouds in files are so fast that nobody waits.
    pub(crate) fn fast() -> Self {
        let environment = [("PPM_INFRA_TIME_SCALE".to_owned(), "1000000".to_owned())].into();
        Self { folder: tempfile::tempdir().unwrap(), environment }
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

    /// Runs the program.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        let mut command = Command::new(PROGRAM);
        run(self.prepared(command.args(arguments)))
    }

    /// Starts the program; what it says is listened to while it runs.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        let mut command = Command::new(PROGRAM);
        let command = self.prepared(command.args(arguments));
        let command = command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running::of(command.spawn().unwrap())
    }

    /// Runs lines of the shell, in which `$PROGRAM` is the program.
    pub(crate) fn shell(&self, lines: &str) -> Said {
        let mut command = Command::new("sh");
        run(self.prepared(command.args(["-c", lines]).env("PROGRAM", PROGRAM)))
    }

    /// Runs a line of the shell at a terminal, and types each answer once its question stands there. What the terminal
    /// shows is all on stdout.
    pub(crate) fn at_terminal(&self, line: &str, talk: &[(&str, &str)]) -> Said {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/support/terminal.py");
        let mut command = Command::new("python3");
        let talk = talk.iter().flat_map(|(question, answer)| [question, answer]);
        run(self.prepared(command.arg(script).arg(line).args(talk)))
    }

    fn prepared<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        let kept: Vec<_> =
            command.get_envs().map(|(key, value)| (key.to_owned(), value.map(ToOwned::to_owned))).collect();
        let path = format!("{}:{}/usr/bin:/bin", Path::new(PROGRAM).parent().unwrap().display(), tools());
        command.current_dir(self.folder.path()).env_clear();
        command.env("HOME", self.folder.path()).env("USER", "ann").env("PATH", path).envs(&self.environment);
        command.envs(kept.into_iter().filter_map(|(key, value)| Some((key, value?))))
    }

    /// Every file below the folder with its content: to see that nothing was changed.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, found);
                // Whoever takes the lock leaves a name in it.
                } else if path.is_file() && path.extension().is_none_or(|ending| ending != "lock") {
                    found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(self.folder.path(), &mut found);
        found
    }
}
