//! The assistant's types as the OpenAPI document shows them.
//!
//! The assistant knows nothing of OpenAPI; these mirror its types and exist for the document alone. A test
//! checks real answers of the server against the document, so that the two cannot drift apart.
#![expect(dead_code, reason = "only their shape is used")]

mod access;
mod analysis;
mod batch;
mod budget;
mod channel;
mod content;
mod intents;
mod messages;
mod moderation;
mod numbers;
mod prompt_tests;
mod prompts;
mod tenants;
mod transcription;
mod translation;

pub(crate) use access::{Role, Scope};
pub(crate) use analysis::{AnalyzeRequest, AnalyzeResponse, ClassifyRequest, ClassifyResponse};
pub(crate) use batch::{BatchAnswer, BatchItem};
pub(crate) use budget::BudgetReport;
pub(crate) use channel::NumberSettings;
pub(crate) use content::{AnswerDraft, ApprovedAnswer, TenantProfile};
pub(crate) use intents::{
    CorrectionDraft, Intent, IntentDraft, IntentListing, IntentReport, IntentSetVersion, IntentsDraft,
};
pub(crate) use messages::{Attendant, ChatRequest, ChatResponse, Conversation, Summary};
pub(crate) use moderation::{ModerateRequest, ModerateResponse};
pub(crate) use numbers::{ProviderStatus, Trail, UsageReport, UserUsageReport};
pub(crate) use prompt_tests::{TestReport, TestRun, TestRunRequest, TestSet, TestSetDraft};
pub(crate) use prompts::{
    CustomPrompt, FieldValues, ImportedPrompt, PromptDiff, PromptDraft, PromptFile, PromptImport,
    Publication, PublishRequest, RenderRequest, RenderedPrompt, RollBackRequest, VariableListing,
};
pub(crate) use tenants::{
    CurrentSettings, ProfileVersion, SettingsDraft, SettingsVersion, TenantDetail, TenantDraft, TenantEntry,
    TenantVersion,
};
pub(crate) use transcription::{TranscribeForm, TranscribeResponse};
pub(crate) use translation::{TranslateRequest, TranslateResponse};

use utoipa::ToSchema;

/// A list.
#[derive(ToSchema)]
pub(crate) struct Page<T> {
    /// What is on this page.
    items: Vec<T>,
    /// Where the next page starts, or null at the end.
    #[schema(required)]
    next: Option<String>,
}

/// One of the Server-Sent Events that an answer of the type `text/event-stream` consists of.
#[derive(ToSchema)]
pub(crate) struct ServerSentEvent {
    /// What it is about.
    #[schema(nullable = false)]
    event: Option<String>,
    /// Where to go on after a break.
    #[schema(nullable = false)]
    id: Option<String>,
    /// A JSON object as text.
    #[schema(nullable = false)]
    data: Option<String>,
}

/// What every refusal and failure answers with. The fields after `request_id` depend on the code.
#[derive(ToSchema)]
#[expect(clippy::struct_field_names, reason = "the contract names both so")]
pub(crate) struct Error {
    /// A stable code.
    #[schema(example = "invalid_request")]
    error: String,
    /// For a person.
    message: String,
    /// Also in the header `x-request-id`.
    request_id: String,
    /// `invalid_request`: every field that cannot be accepted. `forbidden`: every field that the caller may not change.
    #[schema(nullable = false)]
    details: Option<Vec<FieldProblem>>,
    /// `content_filter_violation`: why the message was stopped, most serious first.
    #[schema(nullable = false)]
    categories: Option<Vec<String>>,
    /// `content_filter_violation`: a safe sentence in the customer's language.
    #[schema(nullable = false)]
    fallback_response: Option<String>,
    /// `content_filter_violation`: `local`, or who gave the second opinion that stopped it.
    #[schema(nullable = false)]
    stopped_by: Option<String>,
    /// `token_limit_exceeded`: tokens counted.
    #[schema(nullable = false)]
    current: Option<u64>,
    /// `token_limit_exceeded`: tokens allowed.
    #[schema(nullable = false)]
    max: Option<u64>,
    /// Status 429: when to try again.
    #[schema(nullable = false)]
    retry_after_ms: Option<u64>,
    /// Status 429: `user`, `tenant`, `provider`, `conversation`, `server` or `login`.
    #[schema(nullable = false)]
    scope: Option<String>,
    /// `budget_exceeded`: `day` or `month`, the period whose money is used up.
    #[schema(nullable = false)]
    period: Option<String>,
    /// `daily_limit_exceeded`: requests a day.
    #[schema(nullable = false)]
    limit: Option<u64>,
    /// `provider_error`, `deadline_exceeded`: what was tried.
    #[schema(nullable = false)]
    attempts: Option<Vec<FailedAttempt>>,
    /// `forbidden`: what the caller lacks.
    #[schema(nullable = false)]
    required_scope: Option<String>,
    /// `payload_too_large`: the most a body, or its file, may have.
    #[schema(nullable = false)]
    max_bytes: Option<u64>,
    /// `conflict` on publishing a prompt: how its test set went.
    #[schema(nullable = false)]
    tests: Option<TestReport>,
}

/// A field that cannot be accepted.
#[derive(ToSchema)]
struct FieldProblem {
    /// Its name, dotted for nested ones; `body` for the whole body.
    field: String,
    /// What is wrong with it and what would be right.
    problem: String,
}

/// A call to a provider.
#[derive(ToSchema)]
struct FailedAttempt {
    /// Provider.
    provider: String,
    /// Model.
    model: String,
    /// What came of it: `rate_limited`, `timeout`, `server_error`, ….
    #[schema(required)]
    kind: Option<String>,
    /// HTTP status, where there was one.
    #[schema(required)]
    status: Option<u16>,
    /// Milliseconds it took.
    ms: u64,
}
