//! A strict emulator of our own for one test: started on a free port, ended with the test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::Credentials;
use ppm_infra::cloud::aws::Clients;
use serde_json::{Value, json};

use super::watch::Watch;

/// Emulators that may run at the same time: each keeps one processor busy while it is asked.
const AT_ONCE: usize = 3;

/// The rest of a request without a body.
const HEAD: &str = "HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n";

/// Certificates that ACM has in every emulator: those that the declarations of tests name.
const CERTIFICATES: [&str; 5] = [
    "arn:aws:acm:us-east-1:123456789012:certificate/11111111-1111-1111-1111-111111111111",
    "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
    "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-2222-2222-222222222222",
    "arn:aws:acm:us-east-1:123456789012:certificate/22222222-2222-3333-4444-555555555555",
    "arn:aws:acm:us-east-1:123456789012:certificate/99999999-2222-3333-4444-555555555555",
];

static RUNNING: Mutex<usize> = Mutex::new(0);
static ENDED: Condvar = Condvar::new();
static TEMPLATE: LazyLock<Template> = LazyLock::new(Template::launch);

/// Where an emulator listens.
pub(crate) struct Line {
    port: u16,
    /// A copy that does not answer any more is ended, so that nobody waits for it for ever.
    _watch: Option<Watch>,
}

/// What all emulators of a test run are copies of. Starting Python with all it needs takes seconds, a copy none.
struct Template {
    line: Line,
    /// It ends when its input closes, which the end of the tests does.
    _child: Child,
}

impl Template {
    fn launch() -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator/run.sh");
        let mut command = Command::new(script);
        command.args(["--host", "127.0.0.1", "--port", "0", "--scale", "0", "--quiet", "--template"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let port = ready.strip_prefix("ready http://127.0.0.1:").and_then(|rest| rest.split_once(' '));
        let port = port.unwrap_or_else(|| panic!("the emulator did not start: {ready:?}")).0.parse().unwrap();
        let line = Line { port, _watch: None };
        line.post("/strict/settings", &json!({"extra": {"certificates": CERTIFICATES}}));
        Self { line, _child: child }
    }
}

/// A running emulator. Dropping it fails the test if a request did not fit the model of its service.
pub(crate) struct Emulator {
    line: Line,
}

impl Deref for Emulator {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

impl Emulator {
    /// Starts one whose clock runs `scale` times as fast as ours; at 0 everything is done at once.
    pub(crate) fn start(scale: u32) -> Self {
        let emulator = Self::copied(&Value::Null);
        emulator.post("/strict/settings", &json!({ "scale": scale }));
        emulator
    }

    /// Starts one whose requests do not count among those of the test run: for what is sent wrong to see it found.
    pub(crate) fn apart() -> Self {
        Self::copied(&json!({"counted": false}))
    }

    fn copied(order: &Value) -> Self {
        let running: MutexGuard<'_, usize> = RUNNING.lock().unwrap();
        *ENDED.wait_while(running, |running| *running >= AT_ONCE).unwrap() += 1;
        Self { line: TEMPLATE.line.copied(order) }
    }
}

impl Line {
    /// A second one that goes on from here.
    pub(crate) fn fork(&self) -> Fork {
        Fork { line: self.copied(&Value::Null) }
    }

    fn copied(&self, order: &Value) -> Self {
        let told = self.post("/strict/fork", order);
        let id = told["pid"].as_u64().and_then(|id| id.try_into().ok()).unwrap();
        let port = told["port"].as_u64().and_then(|port| port.try_into().ok()).unwrap();
        Self { port, _watch: Some(Watch::over(id)) }
    }

    /// Its URL.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Asks one of its own paths.
    pub(crate) fn get(&self, path: &str) -> Value {
        ask(self.port, &format!("GET {path} {HEAD}"))
    }

    /// Sends JSON to one of its own paths.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        post(self.port, path, body)
    }

    /// Does so after a while, whatever goes on meanwhile.
    pub(crate) fn post_later(&self, after: Duration, path: &'static str, body: Value) -> JoinHandle<Value> {
        let port = self.port;
        std::thread::spawn(move || {
            std::thread::sleep(after);
            post(port, path, &body)
        })
    }

    /// How many calls wrote since it was started or the log was cleared.
    pub(crate) fn mutations(&self) -> usize {
        self.calls().iter().filter(|call| call["mutating"] == true).count()
    }

    /// Every call since it was started or the log was cleared.
    pub(crate) fn calls(&self) -> Vec<Value> {
        let log = self.get("/strict/log");
        log.as_array().or_else(|| log["calls"].as_array()).unwrap().clone()
    }

    /// What its requests had wrong by AWS's service models, which is then forgotten: for a test that means to send it.
    pub(crate) fn expected_violations(&self) -> Vec<Value> {
        self.post("/strict/violations/clear", &Value::Null).as_array().unwrap().clone()
    }

    /// Ends the process and answers what its requests had wrong by AWS's service models.
    fn end(&self) -> Result<Vec<Value>, String> {
        let found = try_ask(self.port, &format!("GET /strict/violations {HEAD}"));
        // It ends without an answer.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) {
            let _ = stream.write_all(format!("POST /strict/exit {HEAD}").as_bytes());
            let _ = stream.read(&mut [0; 1]);
        }
        Ok(found?.as_array().cloned().unwrap_or_default())
    }

    /// Clients that talk to it.
    pub(crate) async fn clients(&self) -> Clients {
        self.clients_of("AKIATEST").await
    }

    /// The same with another access key: one that begins with `USER` is that user's.
    pub(crate) async fn clients_of(&self, key: &str) -> Clients {
        clients(self.config(key)).await
    }

    /// The same that repeat and wait as they are told.
    pub(crate) async fn clients_with(&self, retries: RetryConfig, timeouts: TimeoutConfig) -> Clients {
        clients(self.config("AKIATEST").retry_config(retries).timeout_config(timeouts)).await
    }

    fn config(&self, key: &str) -> ConfigLoader {
        aws_config::defaults(BehaviorVersion::v2026_01_12())
            .endpoint_url(self.endpoint())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(key, "secret", None, None, "test"))
    }

    /// How many objects of each kind there are, and how many wait to be gone.
    pub(crate) fn counts(&self) -> Counts {
        let inventory = self.get("/strict/inventory");
        let live = inventory["counts"].as_object().unwrap().iter();
        let live = live.map(|(kind, count)| (kind.clone(), usize::try_from(count.as_u64().unwrap()).unwrap()));
        let gone = inventory["lingering"].as_object().unwrap().iter();
        let gone = gone.map(|(kind, all)| (format!("{kind}, going"), all.as_array().unwrap().len()));
        live.chain(gone).collect()
    }
}

/// How many objects of each kind there are, and how many wait to be gone.
pub(crate) type Counts = BTreeMap<String, usize>;

/// A copy of an emulator; it ends when dropped, or with the emulator, and fails the test as that one does.
pub(crate) struct Fork {
    line: Line,
}

impl Deref for Fork {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        nothing_wrong(self.line.end());
    }
}

/// Fails the test whose requests AWS would refuse as they stand. A test that failed already is left alone.
fn nothing_wrong(found: Result<Vec<Value>, String>) {
    if !std::thread::panicking() {
        let found = found.expect("the emulator is there to the end of the test");
        assert!(found.is_empty(), "AWS's service models do not allow these requests: {found:#?}");
    }
}

async fn clients(config: ConfigLoader) -> Clients {
    Clients::of(&config.load().await, "us-east-1")
}

fn post(port: u16, path: &str, body: &Value) -> Value {
    let body = body.to_string();
    let length = body.len();
    ask(
        port,
        &format!(
            "POST {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ),
    )
}

fn ask(port: u16, request: &str) -> Value {
    try_ask(port, request).unwrap_or_else(|error| panic!("{error}"))
}

fn try_ask(port: u16, request: &str) -> Result<Value, String> {
    let mut answer = String::new();
    TcpStream::connect(("127.0.0.1", port))
        .and_then(|mut stream| {
            stream.write_all(request.as_bytes())?;
            stream.read_to_string(&mut answer)
        })
        .map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(|| answer.clone())?;
    if !head.contains(" 200 ") {
        return Err(answer);
    }
    serde_json::from_str(body).map_err(|error| format!("{error}: {answer}"))
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let found = self.line.end();
        *RUNNING.lock().unwrap() -= 1;
        ENDED.notify_one();
        nothing_wrong(found);
    }
}
