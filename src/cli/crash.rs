//! What becomes of a panic, which is a bug of this program.
//!
//! Promises: wherever it happens, the process ends there and then with [`exit::BUG`], as if it had been killed: nothing
//! more is called or written, the lock goes with the process (a lease runs out), and what was begun stands in the
//! journal, where the next run looks. One line on standard error names a report. What goes wrong while the picture of a
//! run is drawn harms nothing else, and is survived.

use std::backtrace::Backtrace;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::CommandFactory;

use super::args::Cli;
use super::failure::Failure;
use super::{exit, out};
use crate::render::is_drawing;
use crate::run::Host;
use crate::store::file;

/// Brings a terminal back: to the start of a line with nothing after it, plain text, a cursor that is seen.
const RESTORE: &str = "\r\x1b[J\x1b[0m\x1b[?25h";

/// Characters of a message that stand in the line on standard error; the report has all of it.
const SHOWN: usize = 200;

/// How the program was called, once that is known.
#[derive(Debug)]
pub(super) struct Invocation {
    /// The arguments as they were given; the first is the name of the program.
    pub(super) arguments: Vec<OsString>,
    /// Where reports go: the folder of the state, if it is there.
    pub(super) folder: PathBuf,
    /// Whether programs read what is said.
    pub(super) json: bool,
}

static INVOCATION: OnceLock<Invocation> = OnceLock::new();
static ENDING: AtomicBool = AtomicBool::new(false);

/// From here on a panic ends the process.
pub(super) fn watch() {
    std::panic::set_hook(Box::new(|panic| {
        // A library that draws has threads of its own, which have no name; all of ours have one.
        let is_ours = std::thread::current().name().is_some();
        if is_ours && !is_drawing() && !ENDING.swap(true, Ordering::SeqCst) {
            end(panic);
        }
    }));
}

/// Says how the program was called, for the report.
pub(super) fn invoked(invocation: Invocation) {
    // A test may have said so before us.
    let _ = INVOCATION.set(invocation);
}

#[expect(clippy::exit, reason = "unwinding would go on calling and writing, and wait for whoever types")]
fn end(panic: &PanicHookInfo<'_>) -> ! {
    let backtrace = Backtrace::force_capture();
    let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let message = panic.payload_as_str().unwrap_or("it gave no message");
    let report = report(&place, message, &backtrace);
    let host = Host::system();
    let name = format!("ppm-infra-crash-{}-{}.txt", host.now().strftime("%Y%m%dT%H%M%SZ"), std::process::id());
    let kept = keep(&name, &report);
    if std::io::stderr().is_terminal() {
        out::note(RESTORE);
    }
    let heading = format!("this is a bug in ppm-infra {}: {} ({place})", env!("CARGO_PKG_VERSION"), line(message));
    let lead = match &kept {
        Ok(path) => format!("the report is {}", path.display()),
        Err(error) => format!("the report could not be kept: {error}"),
    };
    let next = "what was begun is recorded, and the next apply looks";
    if INVOCATION.get().is_some_and(|invocation| invocation.json) {
        out::data(&format!("{}\n", Failure::new(exit::BUG, &heading).hint(&lead).hint(next).json()));
    }
    out::note(&format!("error: {heading}; {lead}; {next}\n"));
    if kept.is_err() {
        out::note(&report);
    }
    std::process::exit(exit::BUG.into())
}

/// Writes the report beside the state, or where temporary files are.
fn keep(name: &str, report: &str) -> Result<PathBuf, String> {
    let folder = INVOCATION.get().map(|invocation| invocation.folder.clone());
    let mut kept = Err("there is no folder".to_owned());
    for folder in folder.into_iter().chain([std::env::temp_dir()]) {
        let path = file::real(&folder).join(name);
        kept = file::write_whole(&path, report.as_bytes()).map(|()| path).map_err(|error| error.to_string());
        if kept.is_ok() {
            break;
        }
    }
    kept
}

fn report(place: &str, message: &str, backtrace: &Backtrace) -> String {
    let mut text = String::new();
    let command = INVOCATION.get().map_or_else(|| "not read yet".to_owned(), |invocation| typed(&invocation.arguments));
    let thread = std::thread::current();
    let rows = [
        ("version", format!("{}, {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)),
        ("command", command),
        ("place", format!("{place}, thread {}", thread.name().unwrap_or("without a name"))),
        ("message", message.to_owned()),
    ];
    text += "ppm-infra met a bug of its own and stopped there. Please report it with this file; read the message first,\n\
             it stands here as it was written.\n\n";
    for (name, value) in rows {
        // Writing to a text in memory does not fail.
        let _ = writeln!(text, "{name:<9}{value}");
    }
    let _ = writeln!(text, "\n{backtrace}");
    text
}

/// The command without what was chosen by whoever typed it: names of commands and of options stay, every value is left
/// out.
fn typed(arguments: &[OsString]) -> String {
    let mut here = Cli::command();
    let mut words = vec!["ppm-infra".to_owned()];
    for argument in arguments.iter().skip(1) {
        let argument = argument.to_string_lossy();
        let word = match argument.split_once('=') {
            Some((name, _)) if is_option(name) => format!("{name}=…"),
            None if is_option(&argument) => argument.into_owned(),
            Some(_) | None => match here.find_subcommand(&*argument).cloned() {
                Some(command) => {
                    here = command;
                    argument.into_owned()
                }
                None => "…".to_owned(),
            },
        };
        words.push(word);
    }
    words.join(" ")
}

/// Whether this is the name of an option and nothing else: `--json`, `-v`, and not `-ofile`.
fn is_option(text: &str) -> bool {
    let long = text.strip_prefix("--").is_some_and(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '-'));
    long || (text.len() == 2 && text.starts_with('-'))
}

/// A text in one line that is not too long, without anything that moves a cursor.
fn line(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect();
    let text = words.join(" ");
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::{Command, Output};

    use tokio::runtime::Runtime;
    use tokio::task::JoinSet;

    use super::*;
    use crate::engine::state::{JournalEntry, State};
    use crate::model::resource::Catalog;
    use crate::render::drawn;
    use crate::store::{FileStore, LockInfo, Store};

    /// Names the test that runs in a process of its own, and what it is to do there.
    const PART: &str = "PPM_INFRA_TEST_PART";
    const FOLDER: &str = "PPM_INFRA_TEST_FOLDER";

    #[expect(clippy::disallowed_methods, reason = "a process of a test is told by it what to do")]
    fn told(name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    /// Runs `test` again, in a process of its own.
    fn apart(test: &str, part: &str, folder: &Path) -> Output {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("cli::crash::tests::{test}"), "--nocapture"]);
        command.env(PART, part).env(FOLDER, folder).env("TMPDIR", folder.join("tmp")).output().unwrap()
    }

    fn store(folder: &Path) -> FileStore {
        FileStore::new(folder, "lab", Catalog::new())
    }

    fn state() -> State {
        State { serial: 1, ..State::empty("lab", "us-east-1", "a".repeat(32), "0.0.0") }
    }

    /// What a run of the program does before a bug of it ends it.
    fn crash(part: &str) {
        let folder: PathBuf = told(FOLDER).unwrap().into();
        let arguments = ["x", "--json", "init", "--set", "stack=hush", "--set=region=hush", "hush.yaml", "-ohush"];
        watch();
        if part != "early" {
            let folder = if part == "homeless" { folder.join("missing") } else { folder.clone() };
            invoked(Invocation { arguments: arguments.map(OsString::from).into(), folder, json: part == "json" });
        }
        let runtime = Runtime::new().unwrap();
        let mut store = store(&folder);
        let _lock = store.lock(&LockInfo::default()).unwrap();
        runtime.block_on(store.write(&state())).unwrap();
        let note = JournalEntry::Note { seq: 1, address: "vpc.main".parse().unwrap(), record: None };
        runtime.block_on(store.append(&state(), &[note])).unwrap();
        let fail = || panic!("two\nlines \u{1b}[2J of it");
        match part {
            "task" => drop(runtime.block_on(async {
                let mut tasks = JoinSet::new();
                tasks.spawn(async move { fail() });
                tasks.join_next().await
            })),
            "reading" => drop(runtime.block_on(runtime.spawn_blocking(fail))),
            "picture" => assert!(!drawn(fail), "it is told that drawing failed"),
            "picture's thread" => drop(std::thread::spawn(fail).join()),
            _ => fail(),
        }
    }

    #[test]
    fn a_panic_anywhere_ends_with_a_report_and_one_line() {
        let name = "a_panic_anywhere_ends_with_a_report_and_one_line";
        if let Some(part) = told(PART) {
            return crash(&part);
        }
        for part in ["here", "task", "reading", "json", "homeless", "early"] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::create_dir(folder.path().join("tmp")).unwrap();
            let output = apart(name, part, folder.path());
            let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert_eq!(output.status.code(), Some(exit::BUG.into()), "{part}\n{out}\n{err}");
            assert_eq!(err.lines().count(), 1, "{part}\n{err}");
            assert!(err.contains("this is a bug in ppm-infra"), "{err}");
            assert!(err.contains("two lines [2J of it (src/cli/crash.rs:"), "{err}");
            let home =
                if ["homeless", "early"].contains(&part) { folder.path().join("tmp") } else { folder.path().into() };
            let reports = file::list(&home, &[".txt"]).unwrap();
            assert_eq!(reports.len(), 1, "{part}: {reports:?}");
            assert!(err.contains(reports[0].to_str().unwrap()), "{err}");
            let report = std::fs::read_to_string(&reports[0]).unwrap();
            let command = "ppm-infra --json init --set … --set=… … …";
            for text in [
                if part == "early" { "not read yet" } else { command },
                "src/cli/crash.rs:",
                "two\nlines",
                "crash::tests",
            ] {
                assert!(report.contains(text), "{part}: `{text}`\n{report}");
            }
            assert!(!report.contains("hush"), "{report}");
            assert_eq!(out.contains(r#"{"error":{"#), part == "json", "{out}");
            // As after a kill: the lock is free, and the record says what was done.
            let mut store = store(folder.path());
            assert_eq!(store.holder().unwrap(), None);
            let book = Runtime::new().unwrap().block_on(store.load()).unwrap().unwrap();
            assert_eq!((book.state, book.last), (state(), 1));
        }
    }

    #[test]
    fn a_picture_that_fails_is_survived_in_silence() {
        let name = "a_picture_that_fails_is_survived_in_silence";
        if let Some(part) = told(PART) {
            return crash(&part);
        }
        for part in ["picture", "picture's thread"] {
            let folder = tempfile::tempdir().unwrap();
            let output = apart(name, part, folder.path());
            assert!(output.status.success() && output.stderr.is_empty(), "{part}: {output:?}");
            assert_eq!(file::list(folder.path(), &[".txt"]).unwrap(), [""; 0].map(PathBuf::from), "{part}");
        }
    }
}
