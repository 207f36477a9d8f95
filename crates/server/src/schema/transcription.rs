//! Transcription: the form, and what was said.

use utoipa::ToSchema;

use super::numbers::UsageReport;

/// A recording to be written down.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscribeForm {
    /// The recording, at most 25 MiB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Who speaks, as the caller names them.
    #[schema(min_length = 1, max_length = 128, example = "cliente-17")]
    user_id: String,
    /// What is probably spoken: `pt`, `es` or `en`, with or without a region. It helps, and is no filter.
    #[schema(example = "pt-BR")]
    language: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A recording, written down.
#[derive(ToSchema)]
#[schema(example = json!({
    "text": "Oi, quero saber do meu pedido.", "truncated": false, "language": "pt", "seconds": 4.2,
    "provider": "openai", "model": "gpt-transcribe",
    "usage": {"input_tokens": 0, "output_tokens": 0, "cached_tokens": 0, "cost_micro_usd": 315},
    "processing_time_ms": 912,
}))]
pub(crate) struct TranscribeResponse {
    /// What was said, on one line; at most 4,096 characters, as a message.
    text: String,
    /// Whether more was said than that.
    truncated: bool,
    /// What was spoken, as a BCP 47 tag; null where the provider does not tell.
    #[schema(required)]
    language: Option<String>,
    /// Length of the recording; null where the provider does not tell.
    #[schema(required)]
    seconds: Option<f64>,
    /// Who wrote it down.
    provider: String,
    /// With which model.
    model: String,
    /// Tokens where the model counts any, and the cost; null where its price or the recording's length is unknown.
    usage: UsageReport,
    /// How long it took.
    processing_time_ms: u64,
}
