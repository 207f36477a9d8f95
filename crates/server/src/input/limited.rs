//! Reads a body into memory, bounded in size and time.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::BytesMut;
use futures::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::problem::Problem;

/// 256 KiB: contract, section 4, status 413.
pub(crate) const MAX_BODY_BYTES: usize = 256 * 1024;

/// A body that is still not here after 20 s comes from a caller who keeps a connection, not from a slow line:
/// 256 KiB in that time is 13 KB/s.
const TIME_FOR_BODY: Duration = Duration::from_secs(20);

/// How much of a body that is too large is read and thrown away, so that the caller, still sending, gets to
/// read the answer instead of a broken connection.
pub(super) const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// What is set aside for a body before any of it is here: whoever announces much has not sent it yet.
const FIRST_BYTES: usize = 64 * 1024;

/// Memory for what strangers send: the first 64 KiB of a body need none of it, the rest is taken as it arrives.
#[derive(Debug)]
pub(crate) struct Room(Semaphore);

/// A body, and the room that it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Roomed {
    pub(crate) bytes: Bytes,
    _room: Option<SemaphorePermit<'static>>,
}

impl Room {
    /// Room for so many KiB.
    pub(crate) const fn of_kib(kib: usize) -> Self {
        Self(Semaphore::const_new(kib))
    }

    /// Takes what a body of this length needs beyond what it has.
    fn grow(
        &'static self,
        held: &mut Option<SemaphorePermit<'static>>,
        length: usize,
    ) -> Result<(), Problem> {
        let needed = length.saturating_sub(FIRST_BYTES).div_ceil(1024);
        let missing = needed.saturating_sub(held.as_ref().map_or(0, SemaphorePermit::num_permits));
        if missing == 0 {
            return Ok(());
        }
        let more = u32::try_from(missing).ok().and_then(|missing| self.0.try_acquire_many(missing).ok());
        let more = more.ok_or_else(no_room)?;
        match held {
            Some(held) => held.merge(more),
            None => *held = Some(more),
        }
        Ok(())
    }
}

/// Reads the body.
///
/// # Errors
/// 413 over [`MAX_BODY_BYTES`], 408 over [`TIME_FOR_BODY`], 400 when the connection breaks.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    read_up_to(MAX_BODY_BYTES, headers, body).await
}

/// Reads a body that may be larger, or must be smaller.
///
/// # Errors
/// As [`read`].
async fn read_up_to(max_bytes: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let reading = collect(max_bytes, None, headers, body.into_data_stream());
    let read = tokio::time::timeout(TIME_FOR_BODY, reading).await.unwrap_or_else(|_| Err(too_slow()));
    Ok(read?.bytes)
}

/// Reads a body of somebody who has not proved who they are.
///
/// # Errors
/// As [`read`]; 503 where many such bodies are being read.
pub(crate) async fn read_of_stranger(
    max_bytes: usize,
    room: &'static Room,
    headers: &HeaderMap,
    body: Body,
) -> Result<Roomed, Problem> {
    let reading = collect(max_bytes, Some(room), headers, body.into_data_stream());
    tokio::time::timeout(TIME_FOR_BODY, reading).await.unwrap_or_else(|_| Err(too_slow()))
}

async fn collect(
    max_bytes: usize,
    room: Option<&'static Room>,
    headers: &HeaderMap,
    mut body: BodyDataStream,
) -> Result<Roomed, Problem> {
    let announced = announced_length(headers);
    if announced.is_some_and(|length| length > max_bytes) {
        // A caller who asked first (`Expect: 100-continue`) has sent nothing yet, and need not.
        if !headers.contains_key(header::EXPECT) {
            discard(body, announced).await;
        }
        return Err(too_large(max_bytes));
    }
    let mut whole = BytesMut::with_capacity(announced.unwrap_or(0).min(FIRST_BYTES));
    let mut held = None;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| Problem::invalid("body", "ended before its announced length"))?;
        if whole.len().saturating_add(piece.len()) > max_bytes {
            discard(body, None).await;
            return Err(too_large(max_bytes));
        }
        if let Some(room) = room {
            room.grow(&mut held, whole.len() + piece.len())?;
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Roomed { bytes: whole.freeze(), _room: held })
}

pub(super) async fn discard(mut body: BodyDataStream, announced: Option<usize>) {
    if announced.is_some_and(|length| length > MAX_DISCARDED_BYTES) {
        return;
    }
    let mut discarded = 0;
    while let Some(Ok(piece)) = body.next().await {
        discarded += piece.len();
        if discarded > MAX_DISCARDED_BYTES {
            return;
        }
    }
}

pub(super) fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(max_bytes: usize) -> Problem {
    let message = format!("The body may have at most {} KiB", max_bytes / 1024);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", message).with("max_bytes", max_bytes)
}

fn no_room() -> Problem {
    let message = "Much is being received at this moment; send it again in a second";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", message)
        .retry_after(Duration::from_secs(1))
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(pieces: usize, bytes_each: usize) -> Body {
        let piece = move || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; bytes_each]));
        Body::from_stream(futures::stream::iter((0..pieces).map(move |_| piece())))
    }

    #[tokio::test]
    async fn a_body_of_exactly_the_limit_is_read() {
        let whole = read(&HeaderMap::new(), stream(4, MAX_BODY_BYTES / 4)).await.unwrap();
        assert_eq!(whole.len(), MAX_BODY_BYTES);
    }

    #[tokio::test]
    async fn a_body_that_grows_beyond_the_limit_is_refused() {
        let refused = read(&HeaderMap::new(), stream(5, MAX_BODY_BYTES / 4)).await.unwrap_err();
        assert_eq!(refused.status(), 413);
    }

    #[tokio::test]
    async fn what_strangers_send_at_once_is_bounded_and_small_bodies_always_find_room() {
        static ROOM: Room = Room::of_kib(300);
        let read = |pieces| async move {
            let body = stream(pieces, FIRST_BYTES);
            read_of_stranger(4 * 1024 * 1024, &ROOM, &HeaderMap::new(), body).await
        };
        let large = read(5).await.unwrap();
        assert_eq!(large.bytes.len(), 5 * FIRST_BYTES);
        assert_eq!(read(5).await.unwrap_err().status(), 503, "256 of 300 KiB are taken");
        assert!(read(1).await.is_ok());
        drop(large);
        assert!(read(5).await.is_ok(), "and what was taken for the one that was refused is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_ends_is_refused() {
        let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(read(&HeaderMap::new(), body).await.unwrap_err().status(), 408);
    }
}
