//! Orders to the emulator: failures, time, and what AWS does by itself.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value;

use super::emulator::Emulator;

impl Emulator {
    /// Posts `order` to one of the emulator's control paths, such as `faults`, and answers what it said.
    pub(crate) fn order(&self, path: &str, order: &Value) -> Value {
        let endpoint = self.endpoint();
        let host = endpoint.strip_prefix("http://").unwrap();
        let body = order.to_string();
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "POST /strict/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "the emulator refused {order}: {answer}");
        serde_json::from_str(body).unwrap()
    }
}
