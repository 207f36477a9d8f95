//! A server in Meta's place with control over every byte: it can cut, hang and close at each stage.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use pytake_assistant::channel::{NumberAccess, OutboundContent, Recipient};
use pytake_assistant::id::NumberId;
use pytake_whatsapp::{WhatsApp, WhatsAppConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// What is written for one request. `{base}` in a text body becomes the server's own address.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// Status, further headers, body, with its length.
    Whole(u16, &'static str, Vec<u8>),
    /// These bytes, then the end of the connection.
    Raw(Vec<u8>),
    /// Nothing, and the connection stays open.
    Hang,
}

impl Reply {
    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::Whole(status, "content-type: application/json\r\n", body.into())
    }

    pub(crate) fn file(body: &[u8]) -> Self {
        Self::Whole(200, "content-type: application/octet-stream\r\n", body.to_vec())
    }

    /// A body that is announced longer than it is.
    pub(crate) fn cut(body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len() + 50);
        Self::Raw([head.as_bytes(), body].concat())
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// `POST /v26.0/1/messages`.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The server; stops when dropped.
pub(crate) struct StandIn {
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl StandIn {
    /// Answers the n-th request with the n-th reply, and all further ones with the last.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let (log, base) = (received.clone(), url.clone());
        let task = tokio::spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                open.spawn(serve(stream, replies.clone(), log.clone(), base.clone()));
            }
        });
        Self { url, received, task }
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// A client of this server.
    pub(crate) fn client(&self) -> WhatsApp {
        client(&self.url)
    }
}

/// A client of an address on this machine, with little patience.
pub(crate) fn client(base_url: &str) -> WhatsApp {
    WhatsApp::new(WhatsAppConfig {
        base_url: base_url.to_owned(),
        connect_timeout: Duration::from_secs(10),
        request_timeout: Duration::from_secs(30),
        ..WhatsAppConfig::default()
    })
    .unwrap()
}

pub(crate) fn access() -> NumberAccess {
    NumberAccess { number: NumberId::new("106540352242922").unwrap(), access_token: "EAAtoken".into() }
}

pub(crate) fn ana() -> Recipient {
    Recipient { phone: Some("5511999990000".to_owned()), scoped_id: None }
}

pub(crate) fn text(body: &str) -> OutboundContent {
    OutboundContent::Text { body: body.to_owned(), preview_url: false }
}

async fn serve(mut stream: TcpStream, replies: Vec<Reply>, log: Arc<Mutex<Vec<Received>>>, base: String) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let index = {
            let mut log = log.lock();
            log.push(request);
            log.len() - 1
        };
        match &replies[index.min(replies.len() - 1)] {
            Reply::Whole(status, headers, body) => {
                let body = match std::str::from_utf8(body) {
                    Ok(text) => text.replace("{base}", &base).into_bytes(),
                    Err(_) => body.clone(),
                };
                let headers = headers.replace("{base}", &base);
                let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n", body.len());
                // The other side may have heard enough and gone.
                if stream.write_all(&[head.as_bytes(), &body].concat()).await.is_err() {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                stream.write_all(bytes).await.ok();
                return;
            }
            Reply::Hang => std::future::pending().await,
        }
    }
}

async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Received> {
    let head_end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        read_more(stream, buffer).await?;
    };
    let head = String::from_utf8(buffer[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().unwrap());
    while buffer.len() < head_end + 4 + length {
        read_more(stream, buffer).await?;
    }
    let rest = buffer.split_off(head_end + 4 + length);
    let body = buffer.split_off(head_end + 4);
    *buffer = rest;
    Some(Received { line, headers, body })
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(buffer).await.ok()?;
    (count > 0).then_some(())
}
