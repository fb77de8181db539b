//! A strict emulator of our own for one test: started on a free port, ended with the test.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard};

use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials;
use ppm_infra::cloud::aws::Clients;

/// Emulators that may run at the same time: each is one Python process of some 300 MB.
const AT_ONCE: usize = 2;

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();

/// A running emulator.
pub(crate) struct Emulator {
    child: Child,
    port: u16,
}

impl Emulator {
    /// Starts one whose clock runs `scale` times as fast as ours; at 0 everything is done at once.
    pub(crate) fn start(scale: u32) -> Self {
        let running: MutexGuard<'_, usize> = RUNNING.lock().unwrap();
        *ENDED.wait_while(running, |running| *running >= AT_ONCE).unwrap() += 1;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator/run.sh");
        let mut child = Command::new(script)
            .args(["--host", "127.0.0.1", "--port", &port.to_string(), "--scale", &scale.to_string(), "--quiet"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        assert!(ready.contains("ready"), "the emulator did not start: {ready:?}");
        Self { child, port }
    }

    /// Its URL.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Clients that talk to it.
    pub(crate) async fn clients(&self) -> Clients {
        let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(self.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("AKIATEST", "secret", None, None, "test"))
            .load()
            .await;
        Clients::of(&config, "us-east-1")
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The script replaced itself by the server, so this is the server.
        let _ = self.child.kill();
        let _ = self.child.wait();
        *RUNNING.lock().unwrap() -= 1;
        ENDED.notify_one();
    }
}
