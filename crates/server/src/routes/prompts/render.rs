//! Previews, and the variables that the server fills.

use axum::Json;
use axum::extract::State;
use pytake_assistant::conversation::Page;
use pytake_assistant::id::{PromptId, UserId};
use pytake_assistant::service::{RenderRequest, RenderedPrompt, VariableListing};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::{Authorized, PromptsScope};
use crate::input::{Id, Params, Payload};
use crate::problem::Problem;
use crate::routes::whole;
use crate::schema;
use crate::state::AppState;

/// Preview a prompt with values.
#[utoipa::path(
    post, path = "/api/v1/ai/prompts/{id}/render", tag = "prompts", operation_id = "renderPrompt",
    params(("id" = String, Path, description = "The prompt")),
    request_body = schema::RenderRequest,
    responses((status = 200, description = "The text, its tokens, and what a call costs", body = schema::RenderedPrompt)),
)]
pub(super) async fn render(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Id(id): Id<PromptId>,
    Payload(mut request): Payload<RenderRequest>,
) -> Result<Json<RenderedPrompt>, Problem> {
    let tenant = caller.tenant_for(request.tenant_id.take())?;
    // One that is no id is refused below, by its field.
    let user = request.user_id.as_deref().and_then(|user| UserId::new(user).ok());
    let name = state.channel.customer_name(&tenant, user.as_ref()).await?;
    Ok(Json(state.assistant.render_prompt(&tenant, &id, request, name.as_deref()).await?))
}

/// For whom.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ForWhom {
    /// The customer; nobody in particular when absent.
    user_id: Option<String>,
    #[serde(rename = "tenant_id")]
    #[param(ignore)]
    _tenant_id: Option<String>,
}

impl ForWhom {
    fn user(&self) -> Result<Option<UserId>, Problem> {
        let user = self.user_id.as_deref().map(UserId::new).transpose();
        user.map_err(|why| Problem::invalid("user_id", why.to_string()))
    }
}

/// List the variables that the server fills, with what they hold now.
///
/// Besides these, a template may use any key of a request's `context`.
#[utoipa::path(
    get, path = "/api/v1/ai/prompts/variables", tag = "prompts", operation_id = "listPromptVariables",
    params(ForWhom),
    responses((status = 200, description = "All of them", body = schema::Page<schema::VariableListing>)),
)]
pub(super) async fn variables(
    caller: Authorized<PromptsScope>,
    State(state): State<AppState>,
    Params(asked): Params<ForWhom>,
) -> Result<Json<Page<VariableListing>>, Problem> {
    let (tenant, user) = (&caller.tenant, asked.user()?);
    let name = state.channel.customer_name(tenant, user.as_ref()).await?;
    Ok(whole(state.assistant.prompt_variables(tenant, user.as_ref(), name.as_deref()).await?))
}
