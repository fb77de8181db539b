//! A web server that answers as a test says, and keeps what it was sent.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// Answers with this status.
    Status(u16),
    /// Closes the connection.
    Close,
    /// Takes the request and says nothing.
    Nothing,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    /// Its path with its query.
    pub(crate) path: String,
    /// Its headers, in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Its body.
    pub(crate) body: String,
}

/// The server; it ends with the test.
pub(crate) struct Inbox {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl Inbox {
    /// Answers in this order; whatever comes after, with 200.
    pub(crate) fn answering(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let (kept, answers) = (letters.clone(), answers.to_vec());
        std::thread::spawn(move || {
            let mut open = Vec::new();
            for (n, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                let Some(letter) = letter(&stream) else { continue };
                kept.lock().unwrap().push(letter);
                match answers.get(n).copied().unwrap_or(Answer::Status(200)) {
                    Answer::Status(status) => {
                        let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                        let _ = stream.write_all(answer.as_bytes());
                    }
                    Answer::Close => {}
                    Answer::Nothing => open.push(stream),
                }
            }
        });
        Self { port, letters }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// What was sent by now.
    pub(crate) fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

fn letter(stream: &TcpStream) -> Option<Letter> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_lowercase(), value.to_owned());
    }
    let mut body = vec![0; headers.get("content-length").map_or(0, |length| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(Letter { path, headers, body: String::from_utf8(body).ok()? })
}
