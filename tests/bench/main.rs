//! Speed and growth of the program as it is installed: a table for people, JSON for comparing.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench that cannot go on ends, and prints what it measured"
)]

mod grown;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use grown::{Network, grow};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ppm-infra");

fn seconds(folder: &Path, arguments: &[&str]) -> f64 {
    let mut command = Command::new(PROGRAM);
    command.current_dir(folder).args(arguments).args(["--cloud", "simulated:world.json", "--state", "state"]);
    command.env("PPM_INFRA_TIME_SCALE", "1000000000").stdin(Stdio::null()).stdout(Stdio::null());
    let begun = Instant::now();
    let out = command.stderr(Stdio::piped()).output().unwrap();
    let took = begun.elapsed().as_secs_f64();
    let code = out.status.code();
    assert!(matches!(code, Some(0 | 2)), "{code:?}: {}", String::from_utf8_lossy(&out.stderr));
    took
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let sizes: Vec<usize> = std::env::args().filter_map(|size| size.parse().ok()).collect();
    for network in [Network::Made, Network::Existing] {
        for size in &sizes {
            let folder = tempfile::tempdir().unwrap();
            runtime.block_on(grow(folder.path(), *size, network));
            for command in ["plan", "drift"] {
                println!("{network:?} {size} {command} {:.3}", seconds(folder.path(), &[command, "stack.yaml"]));
            }
        }
    }
}
