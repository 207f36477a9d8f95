//! Translation: the request, and the message in the wanted language.

use utoipa::ToSchema;

use super::numbers::UsageReport;

/// A message to be translated.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranslateRequest {
    /// What is to be translated.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// For whom; it counts for their day.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// Into which language, as BCP 47.
    #[schema(min_length = 2, max_length = 35, example = "pt-BR")]
    target_language: String,
    /// From which language; whichever it is written in when absent.
    #[schema(min_length = 2, max_length = 35, example = "es")]
    source_language: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// The message in the wanted language.
#[derive(ToSchema)]
pub(crate) struct TranslateResponse {
    /// What it says there; the message itself where it was written in that language.
    translation: String,
    /// As the request said, else as the device detected it; null where it could not be sure.
    #[schema(required)]
    source_language: Option<String>,
    /// As the request said.
    target_language: String,
    /// `local` where there was nothing to translate, else the provider.
    provider: String,
    /// The model that translated; `device` where there was nothing to translate.
    model: String,
    /// What it took, a repair included.
    usage: UsageReport,
    /// Milliseconds from request to answer.
    processing_time_ms: u64,
}
