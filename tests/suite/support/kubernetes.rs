//! A stand-in for the API of a Kubernetes cluster, which kubectl of the emulator's environment talks to.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::binary::{Desk, tool};

/// A running one, all in memory; it ends with this value.
pub(crate) struct Kubernetes {
    child: Child,
    port: String,
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Kubernetes {
    /// Starts one; its authority is in ca.pem of the desk.
    pub(crate) fn start(desk: &Desk) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/support/api_server.py");
        let mut command = Command::new(tool("python"));
        let mut child =
            command.arg(script).arg(desk.path("ca.pem")).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().to_owned() }
    }

    /// As [`Kubernetes::start`], and it is the cluster of the kubeconfig that kubectl finds by itself on this desk.
    pub(crate) fn of(desk: &Desk) -> Self {
        let started = Self::start(desk);
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "it",
            "clusters": [{"name": "it", "cluster": {
                "server": started.server(), "certificate-authority": desk.path("ca.pem").to_str().unwrap(),
            }}],
            "users": [{"name": "it", "user": {"token": "a token"}}],
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        });
        desk.write(".kube/config", &config.to_string());
        started
    }

    /// Where it listens.
    pub(crate) fn server(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

/// Somebody makes or changes these objects.
pub(crate) fn put(desk: &Desk, objects: &[Value]) {
    let documents: Vec<String> = objects.iter().map(Value::to_string).collect();
    desk.write("objects.json", &documents.join("\n"));
    desk.shell("kubectl apply --server-side -f objects.json").exit(0);
}

/// An object of the cluster.
pub(crate) fn get(desk: &Desk, named: &str) -> Value {
    desk.shell(&format!("kubectl -n ppm get {named} -o json")).exit(0).json_document()
}
