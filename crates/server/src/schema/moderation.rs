//! Moderation: the request, and what is wrong with a message.

use std::collections::BTreeMap;

use utoipa::ToSchema;

use super::analysis::Engine;

/// How strict the content filter is: `normal` stops harm and threats and answers rude customers, `strict` stops strong
/// abuse too.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum FilterLevel {
    Normal,
    Strict,
}

/// A message to be moderated.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModerateRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who wrote it.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// How strict to be; as strict as the tenant's content filter when absent.
    level: Option<FilterLevel>,
    /// Who moderates: `local` the device alone, `provider` the moderation provider besides, whatever the device finds,
    /// `auto` the moderation provider only where the device is in doubt and one is configured. `auto` when absent.
    #[schema(nullable = false)]
    engine: Option<Engine>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// What is wrong with the message, if anything.
#[derive(ToSchema)]
pub(crate) struct ModerateResponse {
    /// Whether a chat would stop it at this level.
    flagged: bool,
    /// Why, each once: `violence`, `weapons`, `drugs`, `self_harm`, `sexual`, `minors`, `hate`, `harassment`, `fraud`,
    /// `malware`, `prompt_injection`, `spam` or `custom`.
    categories: Vec<String>,
    /// Every category, 0 to 1, by who is named in `provider`: the device's calibrated probability, or the vendor's own
    /// figure. Null where that one has none, as for what only a rule finds.
    scores: BTreeMap<String, Option<f32>>,
    /// What was found and by which rule.
    matches: Vec<ModerationMatch>,
    /// `local`, or the moderation provider where it was heard.
    provider: String,
    /// Why a moderation provider that should have been asked was not heard, as the code of its error (`provider_error`,
    /// `service_unavailable`): the device's word stands alone. Null where none was needed or it answered.
    #[schema(required)]
    degraded: Option<String>,
}

/// One finding.
#[derive(ToSchema)]
struct ModerationMatch {
    /// One of `categories`.
    category: String,
    /// A rule of the content filter, `tenant_block` for a phrase of the tenant's own list, `meaning` for what the device
    /// tells by the meaning of the words, or the moderation provider's name.
    rule: String,
}
