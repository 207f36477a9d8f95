//! Reads a form with a file and a few short fields, `multipart/form-data`, into memory: bounded in size, time and number.

use std::sync::LazyLock;
use std::time::Duration;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use pytake_assistant::error::LimitScope;
use pytake_assistant::id::TenantId;
use pytake_assistant::transcription::MAX_AUDIO_BYTES;
use pytake_assistant::{Pass, Turnstile};
use serde_json::json;

use super::limited::{MAX_DISCARDED_BYTES, announced_length, discard};
use crate::limits::Counted;
use crate::problem::Problem;

/// The longest of the short fields: 128 characters of an id in UTF-8 are at most 512 bytes.
const MAX_TEXT_BYTES: usize = 512;

/// Names, headers and boundaries of the few fields: a hundredth of this in practice.
const MAX_FRAME_BYTES: usize = 64 * 1024;

/// 25 MiB in two minutes are 220 KB/s: a slow line, and not a caller who keeps a place.
const TIME_FOR_UPLOAD: Duration = Duration::from_mins(2);

/// Files in memory at a time: 100 MiB of the quarter of a gigabyte that the server must run in. One tenant has three of
/// them at most, so that its slow lines do not keep everybody out.
const MAX_UPLOADS: usize = 4;
/// Callers who wait for room at a time.
const MAX_WAITING: usize = 64;
static ROOM: LazyLock<Turnstile> = LazyLock::new(|| Turnstile::new("upload", MAX_UPLOADS, MAX_WAITING));

/// 1 s: a recording is written down in seconds, and then there is room again.
const WAIT_FOR_ROOM: Duration = Duration::from_secs(1);

/// A form of one file and the short fields in `FIELDS`. It keeps its room until it is dropped.
pub(crate) struct Upload<F> {
    /// The file's content.
    pub(crate) file: Bytes,
    /// The short fields.
    pub(crate) fields: F,
    _room: Pass,
}

/// The short fields of a form.
pub(crate) trait Fields: Default + Send {
    /// Their names.
    const NAMES: &'static [&'static str];

    /// Takes one of them; each comes once at most.
    fn take(&mut self, name: &str, value: String);
}

impl<F: Fields, S: Send + Sync> FromRequest<S> for Upload<F> {
    type Rejection = Problem;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, Problem> {
        if !is_form(request.headers()) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be a form with a file, sent with the header Content-Type: multipart/form-data",
            ));
        }
        let announced = announced_length(request.headers());
        if announced.is_some_and(|length| length > MAX_AUDIO_BYTES + MAX_FRAME_BYTES) {
            if !request.headers().contains_key(header::EXPECT) {
                discard(request.into_body().into_data_stream(), announced).await;
            }
            return Err(too_large());
        }
        let tenant = Counted::of(request.extensions()).tenant().unwrap_or_else(TenantId::default_tenant);
        let room = ROOM.enter(&tenant, "", WAIT_FOR_ROOM).await.map_err(|_| no_room())?;
        // A file that is too large is read on for a while, so that the caller gets to read the answer.
        let limit = MAX_AUDIO_BYTES + MAX_FRAME_BYTES + MAX_DISCARDED_BYTES;
        DefaultBodyLimit::max(limit).apply(&mut request);
        let form = Multipart::from_request(request, state)
            .await
            .map_err(|_| Problem::invalid("body", "is no form: its Content-Type has no boundary"))?;
        let (file, fields) =
            tokio::time::timeout(TIME_FOR_UPLOAD, read(form)).await.unwrap_or_else(|_| Err(too_slow()))?;
        Ok(Self { file, fields, _room: room })
    }
}

async fn read<F: Fields>(mut form: Multipart) -> Result<(Bytes, F), Problem> {
    let mut file: Option<Bytes> = None;
    let mut fields = F::default();
    let mut seen: Vec<String> = Vec::new();
    while let Some(field) = form.next_field().await.map_err(|error| broken(&error))? {
        let name = field.name().unwrap_or_default().to_owned();
        let is_file = name == "file";
        if !is_file && !F::NAMES.contains(&name.as_str()) {
            let known = F::NAMES.join(", ");
            let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_TEXT_BYTES / 4).collect();
            return Err(Problem::invalid(
                name,
                format!("is not a field of this form; expected file, {known}"),
            ));
        }
        if seen.contains(&name) {
            return Err(Problem::invalid(name, "is given twice"));
        }
        if is_file {
            file = Some(content(field).await?);
        } else {
            let value = text(&name, field).await?;
            fields.take(&name, value);
        }
        seen.push(name);
    }
    let file = file.ok_or_else(|| Problem::invalid("file", "is missing"))?;
    Ok((file, fields))
}

async fn content(mut field: Field<'_>) -> Result<Bytes, Problem> {
    let mut file = BytesMut::new();
    let mut is_too_large = false;
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        if is_too_large || file.len() + piece.len() > MAX_AUDIO_BYTES {
            is_too_large = true;
            file = BytesMut::new();
        } else {
            file.extend_from_slice(&piece);
        }
    }
    if is_too_large { Err(too_large()) } else { Ok(file.freeze()) }
}

async fn text(name: &str, mut field: Field<'_>) -> Result<String, Problem> {
    let mut value = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| broken(&error))? {
        if value.len() + piece.len() > MAX_TEXT_BYTES {
            return Err(Problem::invalid(name, "must have at most 512 bytes"));
        }
        value.extend_from_slice(&piece);
    }
    String::from_utf8(value).map_err(|_| Problem::invalid(name, "must be UTF-8"))
}

/// A body that is no whole form, or goes on beyond every bound.
fn broken(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        too_large()
    } else {
        Problem::invalid("body", "is no whole multipart/form-data")
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("multipart/form-data")
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The file may have at most 25 MiB")
        .with("max_bytes", MAX_AUDIO_BYTES)
}

fn too_slow() -> Problem {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The file did not arrive in time")
}

fn no_room() -> Problem {
    let message = "Several files are being read at this moment; try again in a second";
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", message)
        .retry_after(WAIT_FOR_ROOM)
        .with("scope", json!(LimitScope::Server))
}
