//! The emulator's control paths: settings and faults.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::emulator::Emulator;

/// Posts an order to a path under `/strict/`; see the emulator's own page for what there is.
pub(crate) async fn order(emulator: &Emulator, path: &str, order: &Value) -> Value {
    let endpoint = emulator.endpoint();
    let host = endpoint.trim_start_matches("http://");
    let body = order.to_string();
    let request = format!(
        "POST /strict/{path} HTTP/1.0\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.lines().next().unwrap().contains(" 200 "), "{path}: {answer}");
    serde_json::from_str(body).unwrap()
}
