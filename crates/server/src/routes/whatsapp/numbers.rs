//! `/api/v1/whatsapp/numbers`: the business numbers of a tenant. Secrets go in and never come out.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::channel::NumberHealth;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::NumberId;
use pytake_inbox::{NewNumber, NumberView};
use pytake_store::NumberSettings;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::whole;
use crate::auth::{Authorized, OperateScope, ReadScope};
use crate::input::{Id, Payload};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

/// A number to be added, or changed. Secrets that are left out stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NumberDraft)]
pub(in crate::routes) struct NumberDraft {
    /// Id of the WhatsApp Business Account: lets a check see whether webhooks are subscribed.
    #[serde(default)]
    account: Option<String>,
    /// The telephone as people write it: messages from it are our own.
    #[serde(default)]
    #[schema(example = "+55 11 4002-8922")]
    display_number: Option<String>,
    /// Token of a system user; required for a new number. A new one lets a stopped number send again.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    access_token: Option<SecretString>,
    /// Secret of the Meta app, where it is another than the server's.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    app_secret: Option<SecretString>,
    /// Word of the webhook's verification, where it is another than the server's.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Password)]
    verify_token: Option<SecretString>,
    /// How the assistant behaves on it; what is left out has its default.
    #[serde(default)]
    #[schema(value_type = Option<schema::NumberSettings>, nullable = false)]
    settings: NumberSettings,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default)]
    tenant_id: Option<String>,
}

/// A number without its secrets.
#[derive(Serialize, ToSchema)]
#[schema(as = Number)]
pub(in crate::routes) struct NumberWire {
    /// Id at Meta (phone number id).
    number: String,
    /// The WhatsApp Business Account, or null.
    #[schema(required)]
    account: Option<String>,
    /// The telephone in digits, or null.
    #[schema(required)]
    display_number: Option<String>,
    /// Whether it has an app secret of its own.
    has_app_secret: bool,
    /// Whether it has a verify token of its own.
    has_verify_token: bool,
    /// How the assistant behaves on it.
    #[schema(value_type = schema::NumberSettings)]
    settings: NumberSettings,
    /// Why it does not send now, or null.
    #[schema(required)]
    stopped: Option<String>,
    /// Service messages delivered in this UTC month; the first 1,000 are free (Meta, since October 2026).
    service_messages: u64,
    /// When it was added, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl NumberWire {
    fn new(number: NumberView, service_messages: u64) -> Self {
        Self {
            number: number.number.to_string(),
            account: number.account,
            display_number: number.display_number,
            has_app_secret: number.has_app_secret,
            has_verify_token: number.has_verify_token,
            settings: number.settings,
            stopped: number.stopped,
            service_messages,
            created_at: number.created_at,
        }
    }
}

/// List the numbers.
#[utoipa::path(
    get, path = "/api/v1/whatsapp/numbers", tag = "whatsapp", operation_id = "listNumbers",
    responses((status = 200, description = "All of them", body = schema::Page<NumberWire>)),
)]
pub(in crate::routes) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<NumberWire>>, Problem> {
    let mut numbers = Vec::new();
    for number in state.channel.numbers(&caller.tenant).await? {
        let service_messages = state.channel.service_messages(&number.number).await?;
        numbers.push(NumberWire::new(number, service_messages));
    }
    Ok(whole(numbers))
}

/// Add a number, or change one.
///
/// The tenant's profile must say which business it is: an assistant on WhatsApp is scoped to one.
#[utoipa::path(
    put, path = "/api/v1/whatsapp/numbers/{id}", tag = "whatsapp", operation_id = "putNumber",
    params(("id" = String, Path, description = "Id of the number at Meta (phone number id)")),
    request_body = NumberDraft,
    responses(
        (status = 200, description = "The number", body = NumberWire),
        (status = 409, description = "`conflict`: in use by another tenant, or no business is described", body = schema::Error),
    ),
)]
pub(in crate::routes) async fn put(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(number): Id<NumberId>,
    Payload(mut draft): Payload<NumberDraft>,
) -> Result<Json<NumberWire>, Problem> {
    let tenant = caller.tenant_for(draft.tenant_id.take())?;
    let new = NewNumber {
        number,
        tenant,
        account: draft.account,
        display_number: draft.display_number,
        access_token: draft.access_token,
        app_secret: draft.app_secret,
        verify_token: draft.verify_token,
        settings: draft.settings,
    };
    let number = state.channel.put_number(new).await?;
    let service_messages = state.channel.service_messages(&number.number).await?;
    Ok(Json(NumberWire::new(number, service_messages)))
}

/// Delete a number.
///
/// Its conversations stay; what waits to be sent from it is not sent.
#[utoipa::path(
    delete, path = "/api/v1/whatsapp/numbers/{id}", tag = "whatsapp", operation_id = "deleteNumber",
    params(("id" = String, Path, description = "The number")),
    responses((status = 204, description = "It is gone")),
)]
pub(in crate::routes) async fn delete(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(number): Id<NumberId>,
) -> Result<StatusCode, Problem> {
    state.channel.delete_number(&caller.tenant, &number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stop sending from a number.
///
/// What waits stays; customers' messages are still taken in and answered when it sends again.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/numbers/{id}/stop", tag = "whatsapp", operation_id = "stopNumber",
    params(("id" = String, Path, description = "The number")),
    responses((status = 204, description = "It sends nothing any more")),
)]
pub(in crate::routes) async fn stop(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(number): Id<NumberId>,
) -> Result<StatusCode, Problem> {
    state.channel.stop_number(&caller.tenant, &number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Let a number send again.
#[utoipa::path(
    post, path = "/api/v1/whatsapp/numbers/{id}/resume", tag = "whatsapp", operation_id = "resumeNumber",
    params(("id" = String, Path, description = "The number")),
    responses((status = 204, description = "It sends again")),
)]
pub(in crate::routes) async fn resume(
    caller: Authorized<OperateScope>,
    State(state): State<AppState>,
    Id(number): Id<NumberId>,
) -> Result<StatusCode, Problem> {
    state.channel.resume_number(&caller.tenant, &number).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What Meta says about a number.
#[derive(Serialize, ToSchema)]
#[schema(as = NumberHealth)]
pub(in crate::routes) struct HealthWire {
    /// The number as people write it, or null.
    #[schema(required)]
    display_number: Option<String>,
    /// The name customers see, or null.
    #[schema(required)]
    verified_name: Option<String>,
    /// Meta's opinion of its quality, such as `GREEN`, or null.
    #[schema(required)]
    quality: Option<String>,
    /// Whether webhooks are subscribed; null where the account is not known.
    #[schema(required)]
    is_subscribed: Option<bool>,
}

impl From<NumberHealth> for HealthWire {
    fn from(health: NumberHealth) -> Self {
        let NumberHealth { display_number, verified_name, quality, is_subscribed } = health;
        Self { display_number, verified_name, quality, is_subscribed }
    }
}

/// Ask Meta about a number: does the token work, is the webhook subscribed.
#[utoipa::path(
    get, path = "/api/v1/whatsapp/numbers/{id}/health", tag = "whatsapp", operation_id = "checkNumber",
    params(("id" = String, Path, description = "The number")),
    responses(
        (status = 200, description = "What Meta says", body = HealthWire),
        (status = 503, description = "`service_unavailable`: Meta does not answer, or refuses the token", body = schema::Error),
    ),
)]
pub(in crate::routes) async fn check(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
    Id(number): Id<NumberId>,
) -> Result<Json<HealthWire>, Problem> {
    Ok(Json(state.channel.check_number(&caller.tenant, &number).await?.into()))
}
