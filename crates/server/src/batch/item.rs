//! One item: what is asked, and the answer it gets.

use std::panic::AssertUnwindSafe;

use axum::http::StatusCode;
use futures::FutureExt;
use pytake_assistant::id::TenantId;
use pytake_assistant::service::Assistant;
use pytake_assistant::{AIError, AnalyzeRequest, ChatRequest, ClassifyRequest, IdSource};
use pytake_store::Scope;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::error;

use crate::problem::Problem;
use crate::request_id::RequestId;

/// What is asked: the body of one of these routes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "operation", content = "request", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BatchItem {
    Chat(ChatRequest),
    Analyze(AnalyzeRequest),
    Classify(ClassifyRequest),
}

impl BatchItem {
    /// What a caller must be allowed to do.
    pub(crate) fn scope(&self) -> Scope {
        match self {
            Self::Chat(_) => Scope::Chat,
            Self::Analyze(_) | Self::Classify(_) => Scope::Analyze,
        }
    }

    /// What makes no sense within a batch, by the field's name.
    pub(crate) fn misfit(&self) -> Option<(&'static str, &'static str)> {
        let (names_a_tenant, is_stream) = match self {
            Self::Chat(request) => (request.tenant_id.is_some(), request.stream),
            Self::Analyze(request) => (request.tenant_id.is_some(), false),
            Self::Classify(request) => (request.tenant_id.is_some(), false),
        };
        match (names_a_tenant, is_stream) {
            (true, _) => Some(("tenant_id", "stands beside items: a batch is one tenant's")),
            (_, true) => Some(("stream", "is not possible within a batch; leave it out")),
            (false, false) => None,
        }
    }
}

/// An item's answer: what the same request would have got by itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct BatchAnswer {
    /// The status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
}

/// What came of an item.
pub(super) enum Outcome {
    Answer(Value),
    Failure(AIError),
    Defect,
}

/// Asks what an item asks. An item that breaks takes nothing with it.
pub(super) async fn ask(assistant: &Assistant, tenant: &TenantId, item: BatchItem) -> Outcome {
    let asking = AssertUnwindSafe(answer(assistant, tenant, item)).catch_unwind();
    asking.await.unwrap_or_else(|_| {
        error!(%tenant, "an item of a batch panicked");
        Outcome::Defect
    })
}

async fn answer(assistant: &Assistant, tenant: &TenantId, item: BatchItem) -> Outcome {
    let answer = match item {
        BatchItem::Chat(request) => assistant.chat(tenant, request).await.map(|answer| json!(answer)),
        BatchItem::Analyze(request) => assistant.analyze(tenant, request).await.map(|answer| json!(answer)),
        BatchItem::Classify(request) => {
            assistant.classify_intent(tenant, request).await.map(|answer| json!(answer))
        }
    };
    answer.map_or_else(Outcome::Failure, Outcome::Answer)
}

/// An item that was stored and cannot be read.
pub(super) fn unreadable(why: &serde_json::Error) -> Outcome {
    error!(error.message = %why, "an item of a batch cannot be read");
    Outcome::Defect
}

impl Outcome {
    pub(super) fn failure(&self) -> Option<&AIError> {
        match self {
            Self::Failure(failure) => Some(failure),
            Self::Answer(_) | Self::Defect => None,
        }
    }

    /// As the caller reads it; a failure has a request id of its own.
    pub(super) fn written(self, ids: &dyn IdSource) -> BatchAnswer {
        let problem = match self {
            Self::Answer(body) => return BatchAnswer { status: StatusCode::OK.as_u16(), body },
            Self::Failure(failure) => Problem::from(failure),
            Self::Defect => Problem::internal(),
        };
        BatchAnswer { status: problem.status().as_u16(), body: problem.object(&RequestId::fresh(ids)) }
    }
}
