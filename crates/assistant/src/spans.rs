//! Names of spans and of what they carry.
//!
//! Spans are on level DEBUG: at the default level a turn pays one atomic read for each. None carries message text, a
//! customer's name or number, or a key; conversation ids are left out too, because callers put phone numbers there.
//! Model calls follow OpenTelemetry's semantic conventions for GenAI, which are still in development: when those
//! change, this file does.

use tracing::Span;
use tracing::field::Empty;

use crate::error::AIError;
use crate::money::TokenUsage;
use crate::provider::Completion;

/// A whole turn, from its lane to its answer; the steps below are its children.
pub const TURN: &str = "turn";
/// Step admit: limits, and a place among the turns in work.
pub const ADMIT: &str = "admit";
/// Step recall: tenant, conversation so far, prompt.
pub const RECALL: &str = "recall";
/// Step screen: the content filter.
pub const SCREEN: &str = "screen";
/// One question to a moderation model, where the device was in doubt.
pub const SECOND_OPINION: &str = "second_opinion";
/// One recording to be written down, by a vendor.
pub const TRANSCRIPTION: &str = "transcription";
/// Step understand: language, signals, approved answers.
pub const UNDERSTAND: &str = "understand";
/// Step decide: reply, hand over, or stay silent.
pub const DECIDE: &str = "decide";
/// Step compose: the prompt in its token budget.
pub const COMPOSE: &str = "compose";
/// Step reuse: an answer given before to the same question.
pub const REUSE: &str = "reuse";
/// Step reserve: the customer's day, the tenant's money.
pub const RESERVE: &str = "reserve";
/// Step generate: the router, the providers, the checks of the answer.
pub const GENERATE: &str = "generate";
/// Step record: one transaction.
pub const RECORD: &str = "record";
/// One call to one provider, whole or streamed. Exported as `chat MODEL`, as the conventions ask.
pub const PROVIDER_CALL: &str = "provider.call";

/// What the model is asked to do; always [`OPERATION_CHAT`], as every provider is asked by its chat interface.
pub const OPERATION: &str = "gen_ai.operation.name";
/// The value of [`OPERATION`].
pub const OPERATION_CHAT: &str = "chat";
/// The provider's name in configuration and API.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The model that was asked for.
pub const REQUEST_MODEL: &str = "gen_ai.request.model";
/// The most tokens the answer may have.
pub const REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";
/// The model that answered, as the vendor names it.
pub const RESPONSE_MODEL: &str = "gen_ai.response.model";
/// Tokens of the whole prompt, by the vendor's count.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// Tokens of the whole answer, by the vendor's count.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";
/// Why it failed: the API's error code at a turn, the failure's kind at a provider call.
pub const ERROR_TYPE: &str = "error.type";

/// Told to the bridge to OpenTelemetry, not to readers: name, kind and status of the exported span.
const EXPORTED_NAME: &str = "otel.name";
const EXPORTED_KIND: &str = "otel.kind";
const EXPORTED_STATUS: &str = "otel.status_code";

/// The span of a turn.
pub(crate) fn turn() -> Span {
    tracing::debug_span!(TURN, { ERROR_TYPE } = Empty, { EXPORTED_STATUS } = Empty)
}

/// Notes why a turn gave no answer.
pub(crate) fn turn_failed(span: &Span, error: &AIError) {
    if span.is_disabled() {
        return;
    }
    // The kinds' names are the contract's codes, by their `Serialize`.
    if let Ok(serde_json::Value::String(code)) = serde_json::to_value(error.kind()) {
        span.record(ERROR_TYPE, code);
        span.record(EXPORTED_STATUS, "ERROR");
    }
}

/// The span of a call to a provider.
pub(crate) fn provider_call(provider: &str, model: &str, max_tokens: u32) -> Span {
    tracing::debug_span!(
        PROVIDER_CALL,
        { EXPORTED_NAME } = %format_args!("{OPERATION_CHAT} {model}"),
        { EXPORTED_KIND } = "client",
        { OPERATION } = OPERATION_CHAT,
        { PROVIDER } = provider,
        { REQUEST_MODEL } = model,
        { REQUEST_MAX_TOKENS } = i64::from(max_tokens),
        { RESPONSE_MODEL } = Empty,
        { INPUT_TOKENS } = Empty,
        { OUTPUT_TOKENS } = Empty,
        { ERROR_TYPE } = Empty,
        { EXPORTED_STATUS } = Empty,
    )
}

/// The span of a question to a moderation model. Its failures are noted by [`provider_failed`].
pub(crate) fn moderation_call(provider: &str) -> Span {
    tracing::debug_span!(
        SECOND_OPINION,
        { EXPORTED_KIND } = "client",
        { PROVIDER } = provider,
        { ERROR_TYPE } = Empty,
        { EXPORTED_STATUS } = Empty,
    )
}

/// The span of a recording that is written down. Its failures are noted by [`provider_failed`].
pub(crate) fn transcription_call(provider: &str, model: &str) -> Span {
    tracing::debug_span!(
        TRANSCRIPTION,
        { EXPORTED_KIND } = "client",
        { PROVIDER } = provider,
        { REQUEST_MODEL } = model,
        { ERROR_TYPE } = Empty,
        { EXPORTED_STATUS } = Empty,
    )
}

/// Notes the answer to a call.
pub(crate) fn provider_answered(span: &Span, completion: &Completion) {
    if span.is_disabled() {
        return;
    }
    span.record(RESPONSE_MODEL, completion.model.as_str());
    note_usage(span, completion.usage);
}

/// Notes the failure of a call, by its kind's name.
pub(crate) fn provider_failed(span: &Span, kind: &'static str, usage: Option<TokenUsage>) {
    if span.is_disabled() {
        return;
    }
    span.record(ERROR_TYPE, kind);
    span.record(EXPORTED_STATUS, "ERROR");
    note_usage(span, usage);
}

fn note_usage(span: &Span, usage: Option<TokenUsage>) {
    if let Some(usage) = usage {
        span.record(INPUT_TOKENS, signed(usage.input_tokens));
        span.record(OUTPUT_TOKENS, signed(usage.output_tokens));
    }
}

/// OpenTelemetry's integers are signed; its bridge makes text of others.
fn signed(tokens: u64) -> i64 {
    i64::try_from(tokens).unwrap_or(i64::MAX)
}
