//! A server with exact control over bytes: it can cut, hang, lie about lengths and split frames anywhere.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is written for one request, byte for byte.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pieces: Vec<Vec<u8>>,
    then: Then,
}

/// What happens after the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    KeepOpen,
    Close,
    Hang,
}

impl Reply {
    /// A whole answer with its length.
    pub(crate) fn json(status: u16, body: impl AsRef<str>) -> Self {
        Self::whole(status, "application/json", &[], body.as_ref())
    }

    /// A whole answer with further headers.
    pub(crate) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        Self::whole(status, "application/json", headers, body)
    }

    /// A page, as proxies send it.
    pub(crate) fn html(status: u16) -> Self {
        Self::whole(status, "text/html", &[], "<!doctype html><html><body>Sign in</body></html>")
    }

    fn whole(status: u16, kind: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head =
            format!("HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len());
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        let bytes = format!("{head}\r\n{body}").into_bytes();
        Self { pieces: vec![bytes], then: Then::KeepOpen }
    }

    /// A body that is announced longer than it is; then the connection closes.
    pub(crate) fn cut(body: &str) -> Self {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len() + 50
        );
        Self { pieces: vec![head.into_bytes(), body.into()], then: Then::Close }
    }

    /// Closes without a byte.
    pub(crate) fn nothing() -> Self {
        Self { pieces: Vec::new(), then: Then::Close }
    }

    /// Never answers.
    pub(crate) fn hang() -> Self {
        Self { pieces: Vec::new(), then: Then::Hang }
    }

    /// Server-sent events, cut into chunks of `size` bytes, and properly ended.
    pub(crate) fn events(events: &str, size: usize) -> Self {
        let mut reply = Self::open_events(events, size);
        reply.pieces.push(b"0\r\n\r\n".to_vec());
        reply.then = Then::KeepOpen;
        reply
    }

    /// Server-sent events whose connection breaks after the last one.
    pub(crate) fn cut_events(events: &str) -> Self {
        Self::open_events(events, usize::MAX)
    }

    /// Server-sent events whose connection stays open after the last one.
    pub(crate) fn hanging_events(events: &str) -> Self {
        Self { then: Then::Hang, ..Self::open_events(events, usize::MAX) }
    }

    fn open_events(events: &str, size: usize) -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nx-request-id: req-7\r\n\
                    request-id: req-7\r\ntransfer-encoding: chunked\r\n\r\n";
        let mut pieces = vec![head.as_bytes().to_vec()];
        for chunk in events.as_bytes().chunks(size.min(events.len().max(1))) {
            let mut piece = format!("{:x}\r\n", chunk.len()).into_bytes();
            piece.extend_from_slice(chunk);
            piece.extend_from_slice(b"\r\n");
            pieces.push(piece);
        }
        Self { pieces, then: Then::Close }
    }
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// `POST /v1/x HTTP/1.1`.
    pub(crate) line: String,
    /// Headers, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The parsed body; null where it is no JSON.
    pub(crate) body: serde_json::Value,
    /// The body as it came.
    pub(crate) bytes: Vec<u8>,
}

impl Received {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The server; stops when dropped.
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers the n-th request with the n-th reply, and all further ones with the last.
    pub(crate) async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let (log, count) = (received.clone(), connections.clone());
        let task = tokio::spawn(async move {
            let mut open = tokio::task::JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                stream.set_nodelay(true).unwrap();
                *count.lock() += 1;
                open.spawn(serve(stream, replies.clone(), log.clone()));
            }
        });
        Self { url, received, connections, task }
    }

    /// The requests so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        *self.connections.lock()
    }
}

async fn serve(mut stream: TcpStream, replies: Vec<Reply>, log: Arc<Mutex<Vec<Received>>>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        let index = {
            let mut log = log.lock();
            log.push(request);
            log.len() - 1
        };
        let reply = replies[index.min(replies.len() - 1)].clone();
        for piece in &reply.pieces {
            if stream.write_all(piece).await.is_err() || stream.flush().await.is_err() {
                return;
            }
            // Lets the other side see each piece alone now and then.
            tokio::task::yield_now().await;
        }
        match reply.then {
            Then::KeepOpen => {}
            Then::Close => return,
            Then::Hang => std::future::pending().await,
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
    let line = lines.next()?.to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse::<usize>().ok()?;
    while buffer.len() < head_end + 4 + length {
        read_more(stream, buffer).await?;
    }
    let rest = buffer.split_off(head_end + 4 + length);
    let bytes = buffer.split_off(head_end + 4);
    let body = serde_json::from_slice(&bytes).unwrap_or_default();
    *buffer = rest;
    Some(Received { line, headers, body, bytes })
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let count = stream.read_buf(buffer).await.ok()?;
    (count > 0).then_some(())
}
