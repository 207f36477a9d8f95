//! `/api/v1/processors`: who processes personal data, and what was sent to whom. Facts the server knows, no legal claims.

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::TenantId;
use pytake_assistant::router::KeyOwner;
use pytake_assistant::service::{Processing, Processor, Shared};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::auth::{Authorized, ReadScope};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Somebody outside of this server, and what goes there.
#[derive(Serialize, ToSchema)]
#[schema(as = Processor)]
pub(super) struct ProcessorWire {
    /// The name in requests and usage; `whatsapp` for Meta.
    #[schema(example = "openai")]
    name: String,
    /// What it does: `replies` (with analyses and summaries), `moderation`, `transcription`, `messaging`.
    #[schema(value_type = String, example = "replies")]
    processing: Processing,
    /// The host that is called, or null where it is not known.
    #[schema(required, example = "api.openai.com")]
    host: Option<String>,
    /// Whose key the calls bring: `server`, `tenant` or `nobody`.
    #[schema(value_type = String, example = "server")]
    key: KeyOwner,
    /// False where nothing goes there now: excluded by the tenant's rules, without a key that can be used, or no longer
    /// configured.
    is_asked: bool,
    /// What goes there when it is asked: `messages`, `pictures`, `voice`, `pseudonym`, `phone_numbers`.
    #[schema(value_type = Vec<String>, example = json!(["messages", "pseudonym"]))]
    data: Vec<Shared>,
    /// Fields against storing and training that go with every call.
    #[schema(value_type = Object, example = json!({"store": false}))]
    privacy_fields: Map<String, Value>,
    /// Whether the vendor refused those fields for some model since the start, which is then asked without them.
    is_privacy_refused: bool,
    /// Whether the tenant's settings have personal data in texts replaced before they go there.
    masks_personal_data: bool,
    /// First UTC day with a booked call of this tenant; null without one, or where calls are not counted.
    #[schema(required, value_type = Option<String>, format = Date)]
    first_used: Option<Date>,
    /// Last UTC day with one.
    #[schema(required, value_type = Option<String>, format = Date)]
    last_used: Option<Date>,
    /// Booked calls that were answered; null where they are not counted.
    #[schema(required)]
    answered_calls: Option<u64>,
}

impl From<Processor> for ProcessorWire {
    fn from(processor: Processor) -> Self {
        Self {
            name: processor.name,
            processing: processor.processing,
            host: processor.host,
            key: processor.key,
            is_asked: processor.is_asked,
            data: processor.data,
            privacy_fields: processor.privacy_fields,
            is_privacy_refused: processor.is_privacy_refused,
            masks_personal_data: processor.masks_personal_data,
            first_used: processor.first_used,
            last_used: processor.last_used,
            answered_calls: processor.answered_calls,
        }
    }
}

/// List who processes what of the tenant's customers.
#[utoipa::path(
    get, path = "/api/v1/processors", tag = "providers", operation_id = "listProcessors",
    responses((status = 200, description = "All of them, also those that are no longer configured but were used", body = schema::Page<ProcessorWire>)),
)]
pub(super) async fn list(
    caller: Authorized<ReadScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<ProcessorWire>>, Problem> {
    let processors = of_tenant(&state, &caller.tenant).await?;
    Ok(whole(processors.into_iter().map(ProcessorWire::from).collect()))
}

/// The engine's, with what the channel adds: pictures, and Meta itself.
async fn of_tenant(state: &AppState, tenant: &TenantId) -> Result<Vec<Processor>, Problem> {
    let mut processors = state.assistant.processors(tenant).await?;
    let numbers = state.channel.numbers(tenant).await?;
    if numbers.iter().any(|number| number.settings.shows_images) {
        for processor in processors.iter_mut().filter(|p| p.processing == Processing::Replies) {
            processor.data.push(Shared::Pictures);
        }
    }
    if numbers.is_empty() {
        return Ok(processors);
    }
    processors.push(Processor {
        name: "whatsapp".to_owned(),
        processing: Processing::Messaging,
        host: state.channel.host(),
        key: KeyOwner::Tenant,
        is_asked: numbers.iter().any(|number| number.stopped.is_none()),
        data: vec![Shared::Messages, Shared::Pictures, Shared::Voice, Shared::PhoneNumbers],
        privacy_fields: Map::new(),
        is_privacy_refused: false,
        masks_personal_data: false,
        first_used: None,
        last_used: None,
        answered_calls: None,
    });
    Ok(processors)
}
