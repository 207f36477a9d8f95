//! The product as it is shipped, started as a process with the emulator as its only vendors.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::llmock::Llmock;

/// A running `pytake serve` on a port of its own, with nothing kept; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    process: Child,
    address: String,
    folder: Option<tempfile::TempDir>,
    /// Reads the log after the start; a full pipe would stop the server.
    log: Option<JoinHandle<String>>,
}

impl Server {
    /// Starts cold, nothing kept: no breaker has seen anything.
    pub(crate) fn start(emulator: &Llmock) -> Self {
        // Its own folder, so that no .env of the developer joins in.
        let folder = tempfile::tempdir().unwrap();
        let (openai, anthropic) = (emulator.openai_base_url(), emulator.anthropic_base_url());
        let environment = [
            ("OPENAI_API_KEY", "emulated"),
            ("OPENAI_BASE_URL", openai.as_str()),
            ("ANTHROPIC_API_KEY", "emulated"),
            ("ANTHROPIC_BASE_URL", anthropic.as_str()),
            ("AI_PROVIDER_ORDER", "openai,anthropic,local"),
            ("DATABASE_URL", "sqlite::memory:"),
        ];
        let mut server = Self::in_folder(folder.path(), &environment);
        server.folder = Some(folder);
        server
    }

    /// Starts in a folder, where it keeps its data.
    pub(crate) fn in_folder(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_pytake"))
            .arg("serve")
            .current_dir(folder)
            .env_clear()
            .env("PYTAKE_LISTEN", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = announced_address(&mut log);
        let log = thread::spawn(move || {
            let mut said = String::new();
            // A server that is killed may end in the middle of a character.
            let _ = log.read_to_string(&mut said);
            said
        });
        Self { process, address, folder: None, log: Some(log) }
    }

    /// Where it listens: address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Ends it as an operator does, with SIGTERM, and gives what it logged since the start.
    pub(crate) fn stop(mut self) -> String {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.process.wait().unwrap().success(), "a graceful stop ends well");
        self.log.take().unwrap().join().unwrap()
    }

    /// Ends it as a power cut of the process would: SIGKILL.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Reads an object.
    pub(crate) fn get(&self, path: &str) -> Value {
        serde_json::from_str(&self.send("GET", path, "", "").1).unwrap()
    }

    /// A whole answer with a key: status and body.
    pub(crate) fn chat_with(&self, key: Option<&str>, request: &Value) -> (u16, Value) {
        let headers = key.map_or_else(String::new, |key| format!("authorization: Bearer {key}\r\n"));
        self.chat_with_headers(&headers, request)
    }

    /// A whole answer to a request with header lines, each with its line end: status and body.
    pub(crate) fn chat_with_headers(&self, headers: &str, request: &Value) -> (u16, Value) {
        let (status, body) = self.send("POST", "/api/v1/ai/chat", headers, &request.to_string());
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// A whole answer: status and body.
    pub(crate) fn chat(&self, request: &Value) -> (u16, Value) {
        self.chat_with(None, request)
    }

    /// A streamed answer: the name of its last event, that event's data, and all deltas joined.
    pub(crate) fn chat_streamed(&self, request: &Value) -> (String, Value, String) {
        let mut request = request.clone();
        request["stream"] = true.into();
        let (status, body) = self.send("POST", "/api/v1/ai/chat", "", &request.to_string());
        assert_eq!(status, 200, "{body}");
        let mut deltas = String::new();
        let mut last = (String::new(), Value::Null);
        for frame in body.split("\n\n") {
            let field = |name| frame.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
            let (Some(event), Some(data)) = (field("event:"), field("data:")) else { continue };
            let data: Value = serde_json::from_str(data).unwrap();
            if event == "delta" {
                deltas.push_str(data["text"].as_str().unwrap());
            }
            last = (event.to_owned(), data);
        }
        (last.0, last.1, deltas)
    }

    /// HTTP/1.0, so that the answer ends with the connection and is never sent in chunks.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> (u16, String) {
        let head = format!(
            "{method} {path} HTTP/1.0\r\nhost: {}\r\n{headers}content-type: application/json\r\n\
             content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut socket = TcpStream::connect(&self.address).unwrap();
        socket.write_all((head + body).as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The start says where the API is: `http://127.0.0.1:PORT/api/v1/ai/chat`.
fn announced_address(log: &mut impl BufRead) -> String {
    let mut said = String::new();
    for line in log.lines() {
        let line = line.unwrap();
        let url = line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        if let Some((address, _)) = url.and_then(|url| url.split_once("/api/")) {
            return address.to_owned();
        }
        said.push_str(&line);
        said.push('\n');
    }
    panic!("the server ended before it was ready:\n{said}");
}
