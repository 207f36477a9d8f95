//! Whole HTTP/1.1 messages from a socket, requests and responses alike.
//!
//! Enough for two programs of ours that talk to well-behaved peers on loopback: framed by `content-length`
//! or by chunks, without trailers. Everything else is an error, never a guess.

use std::io;

use memchr::memmem;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Larger than any message of the benchmark; what exceeds it is a mistake.
const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Reads one message after the other from a kept-alive connection.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    consumed: usize,
}

/// A whole message, borrowed from its [`Reader`].
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    /// First line and headers, without the empty line that ends them.
    pub head: &'a [u8],
    /// The body as it was framed: with the chunk sizes in it when it came in chunks.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// Status of a response; `None` when the first line has none.
    pub fn status(&self) -> Option<u16> {
        let line = self.head.split(|b| *b == b'\r').next()?;
        let code = line.split(|b| *b == b' ').nth(1)?;
        std::str::from_utf8(code).ok()?.parse().ok()
    }
}

/// How the end of a body is found.
#[derive(Debug, Clone, Copy)]
enum Framing {
    Length(usize),
    Chunks,
}

impl Reader {
    /// Waits for the next message; `None` when the peer closed the connection between two messages.
    ///
    /// # Errors
    /// The socket's, or `InvalidData` for a message this reader does not understand.
    pub async fn next<S: AsyncRead + Unpin>(&mut self, socket: &mut S) -> io::Result<Option<Message<'_>>> {
        self.buffer.drain(..self.consumed);
        self.consumed = 0;
        let head_bytes = loop {
            if let Some(found) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break found;
            }
            if !self.fill(socket).await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(cut()) };
            }
        };
        let body_start = head_bytes + 4;
        let end = match framing(&self.buffer[..head_bytes])? {
            Framing::Length(bytes) => {
                let end = body_start.saturating_add(bytes);
                while self.buffer.len() < end {
                    if !self.fill(socket).await? {
                        return Err(cut());
                    }
                }
                end
            }
            Framing::Chunks => {
                let mut at = body_start;
                loop {
                    match next_chunk(&self.buffer, at)? {
                        Chunk::Last { end } => break end,
                        Chunk::More { end } => at = end,
                        Chunk::Incomplete => {
                            if !self.fill(socket).await? {
                                return Err(cut());
                            }
                        }
                    }
                }
            }
        };
        self.consumed = end;
        Ok(Some(Message { head: &self.buffer[..head_bytes], body: &self.buffer[body_start..end] }))
    }

    async fn fill<S: AsyncRead + Unpin>(&mut self, socket: &mut S) -> io::Result<bool> {
        if self.buffer.len() > MAX_MESSAGE_BYTES {
            return Err(invalid("the message is too long"));
        }
        self.buffer.reserve(8 * 1024);
        Ok(socket.read_buf(&mut self.buffer).await? > 0)
    }
}

fn framing(head: &[u8]) -> io::Result<Framing> {
    if let Some(length) = header(head, b"content-length") {
        let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
        return length.map(Framing::Length).ok_or_else(|| invalid("the content-length is not a number"));
    }
    if header(head, b"transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked")) {
        return Ok(Framing::Chunks);
    }
    if head.starts_with(b"HTTP/") {
        return Err(invalid("the response does not say where it ends"));
    }
    Ok(Framing::Length(0))
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    head.split(|b| *b == b'\n').find_map(|line| {
        let (found, value) = line.split_at_checked(name.len())?;
        let value = value.strip_prefix(b":")?;
        found.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
    })
}

enum Chunk {
    Incomplete,
    More { end: usize },
    Last { end: usize },
}

fn next_chunk(buffer: &[u8], at: usize) -> io::Result<Chunk> {
    let rest = &buffer[at..];
    let Some(line) = memmem::find(rest, b"\r\n") else { return Ok(Chunk::Incomplete) };
    let size = std::str::from_utf8(&rest[..line]).ok().and_then(|text| usize::from_str_radix(text, 16).ok());
    let size = size.ok_or_else(|| invalid("the chunk size is not a number"))?;
    let end = at.saturating_add(line).saturating_add(size).saturating_add(4);
    match (buffer.len() >= end, size) {
        (false, _) => Ok(Chunk::Incomplete),
        (true, 0) => Ok(Chunk::Last { end }),
        (true, _) => Ok(Chunk::More { end }),
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed inside a message")
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte per read: every message is cut at every place.
    struct OneByteAtATime<'a>(&'a [u8]);

    impl AsyncRead for OneByteAtATime<'_> {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            into: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<io::Result<()>> {
            if let Some((first, rest)) = self.0.split_first() {
                into.put_slice(&[*first]);
                self.0 = rest;
            }
            std::task::Poll::Ready(Ok(()))
        }
    }

    const TWO_RESPONSES: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabHTTP/1.1 429 Too Many\r\n\
        Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n";

    async fn two_responses_are_found(mut socket: impl AsyncRead + Unpin) {
        let mut reader = Reader::default();
        for (status, body) in [(200, "ab"), (429, "3\r\nabc\r\na\r\n0123456789\r\n0\r\n\r\n")] {
            let message = reader.next(&mut socket).await.unwrap().unwrap();
            assert_eq!((message.status(), message.body), (Some(status), body.as_bytes()));
        }
        assert!(reader.next(&mut socket).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn messages_are_found_in_one_read_and_wherever_they_are_cut() {
        two_responses_are_found(TWO_RESPONSES).await;
        two_responses_are_found(OneByteAtATime(TWO_RESPONSES)).await;
    }

    #[tokio::test]
    async fn a_connection_closed_inside_a_message_is_an_error() {
        let mut reader = Reader::default();
        let mut wire: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc";
        let error = reader.next(&mut wire).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_request_without_a_body_ends_with_its_headers() {
        let mut reader = Reader::default();
        let mut wire: &[u8] = b"GET /calls HTTP/1.1\r\nhost: x\r\n\r\n";
        assert_eq!(reader.next(&mut wire).await.unwrap().unwrap().body, b"");
    }
}
