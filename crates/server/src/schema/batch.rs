//! Items of a batch and their answers.

use serde_json::Value;
use utoipa::ToSchema;

use super::{AnalyzeRequest, ChatRequest, ClassifyRequest};

/// What is asked: the body of one of these routes, without `stream` and `tenant_id`.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[serde(tag = "operation", content = "request", rename_all = "snake_case")]
pub(crate) enum BatchItem {
    /// `POST /api/v1/ai/chat`
    Chat(ChatRequest),
    /// `POST /api/v1/ai/analyze`
    Analyze(AnalyzeRequest),
    /// `POST /api/v1/ai/classify`
    Classify(ClassifyRequest),
}

/// What the same request would have got by itself.
#[derive(ToSchema)]
pub(crate) struct BatchAnswer {
    /// The status.
    status: u16,
    /// The body: the route's answer, or an error object.
    #[schema(value_type = Object)]
    body: Value,
}
