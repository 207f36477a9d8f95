//! What a tenant writes: approved answers, the profile.

use std::collections::BTreeMap;

use utoipa::ToSchema;

/// What a caller writes of an approved answer.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "questions": ["Vocês entregam no sábado?"],
    "answers": [{"language": "pt", "text": "Sim, entregamos aos sábados até as 13h."}],
}))]
pub(crate) struct AnswerDraft {
    /// Its id; one is made when absent. An existing one is replaced.
    id: Option<String>,
    /// What customers ask, 1 to 500 characters each; the first is the title.
    #[schema(min_items = 1, max_items = 50)]
    questions: Vec<String>,
    /// What the business answers, one text per language.
    #[schema(min_items = 1)]
    answers: Vec<AnswerText>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// A question the business has answered once and for all.
#[derive(ToSchema)]
pub(crate) struct ApprovedAnswer {
    id: String,
    questions: Vec<String>,
    answers: Vec<AnswerText>,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An answer in one language.
#[derive(ToSchema)]
struct AnswerText {
    /// `pt`, `es`, `en`, ….
    language: String,
    /// As the customer may read it, 1 to 4,000 characters.
    text: String,
}

/// What a business says about itself. Every field may be left out.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantProfile {
    #[schema(value_type = Option<String>, nullable = false, max_length = 200)]
    business_name: String,
    /// What it does, for whom.
    #[schema(value_type = Option<String>, nullable = false, max_length = 4000)]
    description: String,
    /// Opening hours and expected answer time of people.
    #[schema(value_type = Option<String>, nullable = false, max_length = 500)]
    hours: String,
    /// How it wants to sound.
    #[schema(value_type = Option<String>, nullable = false, max_length = 500)]
    tone: String,
    /// Further instructions.
    #[schema(value_type = Option<String>, nullable = false, max_length = 4000)]
    instructions: String,
    /// Whether replies may contain emoji.
    #[schema(value_type = Option<bool>, nullable = false)]
    allow_emoji: bool,
    /// How strict the content filter is; the server's setting when absent.
    filter_level: Option<String>,
    /// Phrases of 2 to 100 characters that the content filter lets pass.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 500)]
    filter_allow: Vec<String>,
    /// Phrases of 2 to 100 characters that the content filter stops.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 500)]
    filter_block: Vec<String>,
    /// Country its customers live in, ISO 3166-1 alpha-2: phone numbers, documents and prices without a country are
    /// read as its own. Brazil when empty.
    #[schema(value_type = Option<String>, nullable = false, max_length = 2)]
    country: String,
    /// IANA name of the time zone by which "amanhã" is a date; that of São Paulo when empty.
    #[schema(value_type = Option<String>, nullable = false)]
    time_zone: String,
    /// Names of its products, 2 to 100 characters, found in messages.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 2000)]
    products: Vec<String>,
    /// How its order numbers look, as regular expressions of 1 to 200 characters.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 20)]
    order_patterns: Vec<String>,
    /// How much each reason of a priority counts, 0 to 3, by its code (`anger`, `deadline`, …); 1 where not named.
    #[schema(value_type = Option<Object>, nullable = false)]
    priority_weights: BTreeMap<String, f32>,
    /// What the assistant may talk about, 2 to 100 characters each; what the description says when empty.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50)]
    topics: Vec<String>,
    /// Which rules give a conversation to a person; all when absent. Who asks for a person gets one in any case.
    #[schema(value_type = Option<Vec<HandOverRule>>, nullable = false)]
    hand_over_when: Vec<HandOverRule>,
    /// In which languages it answers, the usual one first: who writes another is answered in the first. In whichever the
    /// customer writes when empty.
    #[schema(value_type = Option<Vec<AnswerLanguage>>, nullable = false, max_items = 3)]
    languages: Vec<AnswerLanguage>,
    /// What the assistant must not say, 2 to 300 characters each; a reply that holds one of them word by word is not
    /// sent.
    #[schema(value_type = Option<Vec<String>>, nullable = false, max_items = 50)]
    never_say: Vec<String>,
}

/// A language the assistant speaks.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum AnswerLanguage {
    Pt,
    Es,
    En,
}

/// A rule that gives a conversation to a person before a model is asked.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum HandOverRule {
    /// The customer asks for one. Always in force, named or not.
    AskedForPerson,
    /// The customer speaks of legal steps.
    LegalThreat,
    /// The customer is angry.
    Angry,
    /// Somebody may be hurt, or lose money right now.
    Urgent,
}
