//! `/webhooks/whatsapp`: what Meta asks and tells. A signature proves who calls, not a key.

pub(super) mod conversations;
pub(super) mod numbers;
pub(super) mod outbox;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pytake_inbox::WebhookKey;
use pytake_whatsapp::signature;
use pytake_whatsapp::verification::{self, Verification};
use pytake_whatsapp::webhook;
use tracing::warn;

use crate::input::{Params, read_up_to};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// 4 MiB: contract, section 4. Meta's largest body has 3 MB (WhatsApp, webhooks: overview).
const MAX_WEBHOOK_BYTES: usize = 4 * 1024 * 1024;

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
    let body = read_up_to(MAX_WEBHOOK_BYTES, &head.headers, body).await?;
    let keys = state.channel.webhook_keys().await?;
    let Some(key) = signer(&head.headers, &body, &keys) else {
        return Err(Problem::unauthorized("The webhook is not signed with an app secret of ours"));
    };
    let events = webhook::read(&body).unwrap_or_else(|error| {
        warn!(%error, size_bytes = body.len(), "a signed webhook cannot be read; it is kept");
        vec![webhook::unreadable(&body)]
    });
    state.channel.receive(body, events, key).await?;
    Ok(StatusCode::OK)
}

fn signer<'a>(headers: &HeaderMap, body: &[u8], keys: &'a [WebhookKey]) -> Option<&'a WebhookKey> {
    let given = headers.get(signature::HEADER)?.to_str().ok()?;
    keys.iter().find(|key| signature::is_signed(body, Some(given), &key.secret))
}
