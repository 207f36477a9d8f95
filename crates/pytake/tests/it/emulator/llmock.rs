//! Starts llmock, scripts its faults, reads what it saw and its verdict.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;

use serde_json::{Value, json};

/// A running emulator on a port of its own; it ends with this value.
#[derive(Debug)]
pub(crate) struct Llmock {
    process: Child,
    address: String,
}

impl Llmock {
    /// Starts the emulator and waits until it listens. `None`, with a loud line, where it is not installed.
    pub(crate) fn start() -> Option<Self> {
        let Ok(program) = std::env::var("PYTAKE_LLMOCK") else {
            println!("SKIPPED: PYTAKE_LLMOCK is not set; ./test emulator installs the emulator and sets it");
            return None;
        };
        // Port 0: the system picks a free one, and the log says which.
        let mut process = Command::new(&program)
            .args(["serve", "--host", "127.0.0.1", "--port", "0", "--tool-mode", "off"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("could not start {program}: {error}"));
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let address = listening_address(&mut log);
        // Nobody reads the rest, but a full pipe would stop the emulator.
        thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Some(Self { process, address: address.expect("the emulator ended before it listened") })
    }

    /// What `OPENAI_BASE_URL` is set to.
    pub(crate) fn openai_base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// What `ANTHROPIC_BASE_URL` is set to.
    pub(crate) fn anthropic_base_url(&self) -> String {
        format!("http://{}/anthropic", self.address)
    }

    /// Queues behaviours for the next matching requests, such as
    /// `[{"type": "fail", "status": 429, "retry_after": 2, "match": {"provider": "openai"}}]`.
    pub(crate) fn script(&self, behaviors: &Value) {
        let (status, answer) = self.post("/_llmock/scenario", &json!({ "behaviors": behaviors }).to_string());
        assert_eq!(status, 201, "{answer}");
    }

    /// Every request it served, oldest first: `provider`, `path`, `status`, `fault`, `body`, ….
    pub(crate) fn requests(&self) -> Vec<Value> {
        let answer = self.get("/_llmock/requests");
        answer["requests"].as_array().unwrap().clone()
    }

    /// The verdict on the client: the codes of what it did wrong, errors before warnings.
    pub(crate) fn findings(&self) -> Vec<String> {
        let verdict = self.get("/_llmock/verdict");
        let findings = verdict["findings"].as_array().unwrap();
        findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect()
    }

    /// Forgets requests and queued behaviours.
    pub(crate) fn reset(&self) {
        assert_eq!(self.post("/_llmock/reset", "").0, 200);
    }

    /// Sends JSON as a client would; gives status and body.
    pub(crate) fn post(&self, path: &str, json: &str) -> (u16, String) {
        self.exchange(
            &format!(
                "POST {path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                json.len()
            ),
            json,
        )
    }

    fn get(&self, path: &str) -> Value {
        let (status, answer) = self.exchange(&format!("GET {path} HTTP/1.1\r\n"), "");
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// The control interface answers small JSON with its length, so the bare protocol is enough here.
    fn exchange(&self, head: &str, body: &str) -> (u16, String) {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let request = format!("{head}host: {}\r\nconnection: close\r\n\r\n{body}", self.address);
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

impl Drop for Llmock {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn listening_address(log: &mut impl BufRead) -> Option<String> {
    for line in log.lines() {
        let line = line.unwrap();
        if let Some((_, rest)) = line.split_once("running on http://") {
            return rest.split_whitespace().next().map(str::to_owned);
        }
    }
    None
}
