//! `/webhooks/whatsapp`: what Meta asks and tells. A signature proves who calls, not a key.

pub(super) mod conversations;
pub(super) mod numbers;
pub(super) mod outbox;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytake_inbox::WebhookKey;
use pytake_whatsapp::signature;
use pytake_whatsapp::verification::{self, Verification};
use pytake_whatsapp::webhook;
use tracing::warn;

use crate::input::{Params, Room, read_of_stranger};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// 4 MiB: contract, section 4. Meta's largest body has 3 MB (WhatsApp, webhooks: overview).
const MAX_WEBHOOK_BYTES: usize = 4 * 1024 * 1024;

/// 32 MiB of the quarter of a gigabyte that the server must run in: eight of the largest bodies.
static ROOM: Room = Room::of_kib(32 * 1024);

/// What is hashed here; what takes longer goes where it keeps no other request waiting. 256 KiB take half a millisecond
/// at 500 MB/s.
const HASHED_AT_ONCE: usize = 256 * 1024;

/// Prove to Meta that the webhook's address is ours.
#[utoipa::path(
    get, path = "/webhooks/whatsapp", tag = "whatsapp", operation_id = "verifyWebhook",
    params(
        ("hub.mode" = String, Query, description = "`subscribe`"),
        ("hub.verify_token" = String, Query, description = "What was entered at Meta"),
        ("hub.challenge" = String, Query, description = "Comes back"),
    ),
    responses(
        (status = 200, description = "The challenge", body = String, content_type = "text/plain"),
        (status = 403, description = "`forbidden`: not our token", body = schema::Error),
        (status = 503, description = "`service_unavailable`: the database cannot be reached", body = schema::Error),
    ),
)]
pub(super) async fn verify(
    State(state): State<AppState>,
    Params(query): Params<Verification>,
) -> Result<Response, Problem> {
    let tokens = state.channel.verify_tokens().await?;
    match verification::answer(&query, &tokens) {
        Some(challenge) => Ok(([(header::CONTENT_TYPE, "text/plain")], challenge).into_response()),
        None => Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "The verify token is not ours")),
    }
}

/// Take what Meta tells.
///
/// Answered 200 when it is stored safely; worked on afterwards. Meta repeats what was not answered 200.
#[utoipa::path(
    post, path = "/webhooks/whatsapp", tag = "whatsapp", operation_id = "receiveWebhook",
    params(("X-Hub-Signature-256" = String, Header, description = "`sha256=` and the HMAC of the body with the app secret")),
    request_body(content = Object, description = "A webhook of the WhatsApp Business Platform, at most 4 MiB"),
    responses(
        (status = 200, description = "Stored"),
        (status = 401, description = "`unauthorized`: not signed by Meta with an app secret of ours", body = schema::Error),
        (status = 413, description = "`payload_too_large`", body = schema::Error),
        (status = 503, description = "`service_unavailable`: it could not be stored, send it again", body = schema::Error),
    ),
)]
pub(super) async fn receive(State(state): State<AppState>, request: Request) -> Result<StatusCode, Problem> {
    let (head, body) = request.into_parts();
    let taken = read_of_stranger(MAX_WEBHOOK_BYTES, &ROOM, &head.headers, body).await?;
    let body = taken.bytes.clone();
    let keys = state.channel.webhook_keys().await?;
    let Some(key) = signer(&head.headers, &body, &keys).await else {
        return Err(Problem::unauthorized("The webhook is not signed with an app secret of ours"));
    };
    let events = webhook::read(&body).unwrap_or_else(|error| {
        warn!(%error, size_bytes = body.len(), "a signed webhook cannot be read; it is kept");
        vec![webhook::unreadable(&body)]
    });
    state.channel.receive(body, events, &key).await?;
    Ok(StatusCode::OK)
}

/// The key that the body is signed with. Each key is one reading of the whole body.
async fn signer(headers: &HeaderMap, body: &Bytes, keys: &Arc<[WebhookKey]>) -> Option<WebhookKey> {
    let given = headers.get(signature::HEADER)?.to_str().ok()?.to_owned();
    let (body, keys) = (body.clone(), Arc::clone(keys));
    let is_short = body.len().saturating_mul(keys.len()) <= HASHED_AT_ONCE;
    let find = move || {
        let is_signed = |key: &&WebhookKey| signature::is_signed(&body, Some(&given), &key.secret);
        keys.iter().find(is_signed).cloned()
    };
    if is_short { find() } else { tokio::task::spawn_blocking(find).await.ok().flatten() }
}
