//! Programs of others that judge what ours writes. Where one is not installed, that is said aloud, and
//! `PPM_INFRA_JUDGES=required` makes it a failure.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Has a JSON document judged by a JSON schema below `tests/suite/fixtures`, through Python's `jsonschema`.
pub(crate) fn by_schema(document: &str, schema: &str) {
    let venv = environment().join("python");
    let knows = |python: &Path| {
        let mut command = Command::new(python);
        command.args(["-c", "import jsonschema"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let Some(python) = [venv.as_path(), Path::new("python3")].into_iter().find(|python| knows(python)) else {
        return missing("Python's jsonschema", "the JSON schema of what is written was NOT asked");
    };
    let script = "import json, sys, jsonschema as j\n\
        j.validate(json.load(sys.stdin), json.load(open(sys.argv[1])), format_checker=j.FormatChecker())";
    let mut command = Command::new(python);
    judged(command.args(["-c", script]).arg(fixture(schema)), document);
}

/// Has files judged by a program of the emulator's environment or of this machine, which answers what it said; nothing
/// where it is not installed.
pub(crate) fn by_program(name: &str, arguments: &[&str], folder: &Path) -> Option<String> {
    let own = environment().join(name);
    let program = if own.exists() { own } else { name.into() };
    let ran = Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output();
    let Ok(output) = ran else {
        missing(name, "what it would judge was NOT judged");
        return None;
    };
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{name} {arguments:?}: {said}");
    Some(said)
}

/// The programs of the emulator's environment.
#[expect(clippy::disallowed_methods, reason = "whoever runs the tests says where the emulator's environment is")]
fn environment() -> PathBuf {
    let venv = std::env::var_os("STRICT_VENV").unwrap_or_else(|| ".venv".into());
    Path::new(env!("CARGO_MANIFEST_DIR")).join(venv).join("bin")
}

/// A file below `tests/suite/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/fixtures").join(name)
}

/// Has metrics judged by Prometheus' own `promtool check metrics`.
pub(crate) fn by_promtool(metrics: &str) {
    let is_there = Command::new("promtool").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if is_there.is_err() {
        return missing("promtool", "the metrics were NOT judged by Prometheus: `apt-get install prometheus`");
    }
    judged(Command::new("promtool").args(["check", "metrics"]), metrics);
}

/// Has folders of Terraform judged by `terraform validate`. What the provider has tells a stand-in for it, as the provider
/// itself is nowhere to be had without a network.
pub(crate) fn by_terraform(folders: &[PathBuf]) {
    if Command::new("terraform").arg("version").output().is_err() {
        return missing("terraform", "`terraform validate` was NOT asked");
    }
    let knows = |python: &Path| {
        let ran = Command::new(python).args(["-c", "import grpc"]).stderr(Stdio::null()).status();
        ran.is_ok_and(|status| status.success())
    };
    let venv = environment().join("python");
    let Some(python) = [venv.as_path(), Path::new("python3")].into_iter().find(|python| knows(python)) else {
        return missing("Python's grpcio", "`terraform validate` was NOT asked");
    };
    let place = tempfile::tempdir().unwrap();
    let stub = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/export/provider_stub.py");
    let mut command = Command::new(python);
    // It ends with its standard input, so with this function however that ends.
    let command = command.arg(stub).arg(place.path().join("provider")).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut provider = command.spawn().unwrap();
    let mut attach = String::new();
    BufReader::new(provider.stdout.as_mut().unwrap()).read_line(&mut attach).unwrap();
    for folder in folders {
        let terraform = |arguments: &[&str]| {
            let mut command = Command::new("terraform");
            command.args(arguments).current_dir(folder).stdin(Stdio::null());
            let said = [("TF_REATTACH_PROVIDERS", attach.trim()), ("CHECKPOINT_DISABLE", "1")];
            let output = command.envs(said).env("HOME", place.path()).output().unwrap();
            let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(output.status.success(), "terraform {arguments:?} in {}: {said}", folder.display());
        };
        terraform(&["init", "-input=false", "-no-color"]);
        terraform(&["validate", "-json"]);
    }
    drop(provider.stdin.take());
    provider.wait().unwrap();
}

/// Demands that a program takes what it is given, without a word against it.
fn judged(command: &mut Command, given: &str) {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // One that refuses early does not read to the end.
    let _ = child.stdin.take().unwrap().write_all(given.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{given}");
}

#[expect(clippy::disallowed_methods, reason = "what a test needs of the machine is told by its environment")]
fn missing(judge: &str, left_out: &str) {
    let required = std::env::var("PPM_INFRA_JUDGES").is_ok_and(|value| value == "required");
    assert!(!required, "{judge} is required and not installed");
    // Not by a macro, whose output is kept back where a test passes.
    let _ = writeln!(std::io::stderr(), "{judge} is NOT installed: {left_out}.");
}
