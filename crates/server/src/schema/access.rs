//! What somebody may do.

use utoipa::ToSchema;

/// What a key or a session allows.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Scope {
    /// Asking for replies.
    Chat,
    /// Analysing and classifying messages.
    Analyze,
    /// Reading.
    Read,
    /// Changing custom prompts.
    Prompts,
    /// Taking over conversations and answering in them.
    Operate,
    /// Managing the tenant itself.
    Manage,
    /// Everything, for every tenant.
    Admin,
}

/// What an operator is to their tenant.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Everything in the tenant.
    Owner,
    /// `chat`, `analyze`, `read`, `operate`.
    Operator,
    /// `read`.
    Viewer,
}
