//! What stands in for a Kubernetes cluster and the load balancer before it: kubectl and curl talk to them.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::binary::{Desk, tool};

/// A stand-in that runs; it ends with this value.
struct StandIn {
    child: Child,
    port: String,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl StandIn {
    fn start(desk: &Desk, script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/support").join(script);
        let mut command = Command::new(tool("python"));
        let command = command.arg(script).args(arguments).current_dir(desk.path(""));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { child, port: port.trim().to_owned() }
    }
}

/// The API of a cluster, all in memory.
pub(crate) struct Kubernetes(StandIn);

/// A load balancer, which curl reaches through a proxy because its name leads nowhere.
pub(crate) struct Balancer(StandIn);

impl Balancer {
    /// Serves under this name, over TLS for a host with its certificate and key.
    pub(crate) fn start(desk: &Desk, name: &str, secure: &[&str]) -> Self {
        Self(StandIn::start(desk, "balancer.py", &[&[name], secure].concat()))
    }

    /// What leads curl there.
    pub(crate) fn way(&self) -> String {
        let proxy = format!("http://127.0.0.1:{}", self.0.port);
        format!("export http_proxy={proxy} https_proxy={proxy} CURL_CA_BUNDLE=new.pem; ")
    }
}

impl Kubernetes {
    /// Starts one; its authority is in ca.pem of the desk.
    pub(crate) fn start(desk: &Desk) -> Self {
        Self(StandIn::start(desk, "api_server.py", &["ca.pem"]))
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
        format!("https://127.0.0.1:{}", self.0.port)
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
