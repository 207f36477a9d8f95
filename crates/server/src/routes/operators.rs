//! `/api/v1/operators`: people who sign in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use pytake_assistant::conversation::Page;
use pytake_store::{OperatorRecord, Role, Scope};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::whole;
use crate::access::operators::{self, ChangeWish, OperatorWish};
use crate::auth::{Authorized, ManageScope};
use crate::input::{Payload, TextId};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(super) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(change)).routes(routes!(set_password))
}

/// Somebody who signs in.
#[derive(Serialize, ToSchema)]
#[schema(as = Operator)]
pub(super) struct OperatorView {
    /// Their id.
    id: String,
    /// By which they sign in.
    email: String,
    /// What people call them.
    name: String,
    /// What they are to the tenant.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Whether they may do everything, for every tenant.
    is_admin: bool,
    /// What they may do.
    #[schema(value_type = Vec<schema::Scope>)]
    scopes: Vec<Scope>,
    /// When they were made, RFC 3339.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Since when they cannot sign in, or null.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    disabled_at: Option<Timestamp>,
}

impl From<OperatorRecord> for OperatorView {
    fn from(operator: OperatorRecord) -> Self {
        Self {
            scopes: operator.scopes(),
            id: operator.id,
            email: operator.email.as_str().to_owned(),
            name: operator.name,
            role: operator.role,
            is_admin: operator.is_admin,
            created_at: operator.created_at,
            disabled_at: operator.disabled_at,
        }
    }
}

/// A new operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OperatorDraft {
    /// By which they sign in; unique on the server.
    #[schema(max_length = 254)]
    email: String,
    /// What people call them; at most 100 characters.
    #[serde(default)]
    #[schema(max_length = 100)]
    name: String,
    /// What they are to the tenant; nothing that allows more than the caller may do.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Whether they may do everything, for every tenant; only admins give that.
    #[serde(default)]
    is_admin: bool,
    /// 12 to 256 characters, without the e-mail address, not easily guessed.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 256)]
    password: SecretString,
}

/// What is to be of an operator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OperatorChange)]
struct ChangeDraft {
    /// What people call them; at most 100 characters.
    #[schema(max_length = 100)]
    name: String,
    /// What they are to the tenant.
    #[schema(value_type = schema::Role)]
    role: Role,
    /// Whether they cannot sign in; left out: as it is. Their sessions end.
    disabled: Option<bool>,
    /// Whether they may do everything, for every tenant; left out: as it is. Only admins change it.
    is_admin: Option<bool>,
}

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPassword)]
struct PasswordDraft {
    /// 12 to 256 characters, without the e-mail address, not easily guessed.
    #[schema(value_type = String, format = Password, min_length = 12, max_length = 256)]
    password: SecretString,
}

/// List the operators, oldest first, also those who are disabled.
#[utoipa::path(
    get, path = "/api/v1/operators", tag = "access", operation_id = "listOperators",
    responses((status = 200, description = "All of them", body = schema::Page<OperatorView>)),
)]
async fn list(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
) -> Result<Json<Page<OperatorView>>, Problem> {
    let operators = state.store.operators(Some(&caller.tenant)).await?;
    Ok(whole(operators.into_iter().map(OperatorView::from).collect()))
}

/// Make an operator.
#[utoipa::path(
    post, path = "/api/v1/operators", tag = "access", operation_id = "createOperator",
    request_body = OperatorDraft,
    responses(
        (status = 201, description = "The operator", body = OperatorView),
        (status = 409, description = "`conflict`: the address is taken, or there are 200 operators", body = schema::Error),
    ),
)]
async fn create(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    Payload(draft): Payload<OperatorDraft>,
) -> Result<(StatusCode, Json<OperatorView>), Problem> {
    let wish = OperatorWish {
        email: draft.email,
        name: draft.name,
        role: draft.role,
        is_admin: draft.is_admin,
        password: draft.password,
    };
    let operator = operators::create(&state, &caller, wish).await?;
    Ok((StatusCode::CREATED, Json(operator.into())))
}

/// Change an operator's name and role, disable or enable them.
///
/// A new role counts at once; disabling ends their sessions.
#[utoipa::path(
    put, path = "/api/v1/operators/{id}", tag = "access", operation_id = "changeOperator",
    params(("id" = String, Path, description = "The operator")),
    request_body = ChangeDraft,
    responses(
        (status = 200, description = "The operator as they are now", body = OperatorView),
        (status = 409, description = "`conflict`: the tenant would have no owner who can sign in, or somebody else has just \
            changed the operator", body = schema::Error),
    ),
)]
async fn change(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
    Payload(draft): Payload<ChangeDraft>,
) -> Result<Json<OperatorView>, Problem> {
    let wish = ChangeWish {
        name: draft.name,
        role: draft.role,
        is_admin: draft.is_admin,
        is_disabled: draft.disabled,
    };
    Ok(Json(operators::change(&state, &caller, &id, wish).await?.into()))
}

/// Give another operator a new password.
///
/// Their sessions end.
#[utoipa::path(
    post, path = "/api/v1/operators/{id}/password", tag = "access", operation_id = "setOperatorPassword",
    params(("id" = String, Path, description = "The operator")),
    request_body = PasswordDraft,
    responses(
        (status = 204, description = "It is theirs"),
        (status = 409, description = "`conflict`: this is the caller (see `changeOwnPassword`), or somebody else has just \
            changed the operator", body = schema::Error),
    ),
)]
async fn set_password(
    caller: Authorized<ManageScope>,
    State(state): State<AppState>,
    TextId(id): TextId,
    Payload(draft): Payload<PasswordDraft>,
) -> Result<StatusCode, Problem> {
    operators::set_password(&state, &caller, &id, draft.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
