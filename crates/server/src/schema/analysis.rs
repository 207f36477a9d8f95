//! Analysis and classification: the requests, and what is found in each of its shapes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What to find out about a message. A program that embeds the engine may add types of its own.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum AnalysisType {
    Sentiment,
    Emotion,
    Intent,
    Entity,
    Language,
    Priority,
    Category,
    Toxicity,
    Spam,
    Injection,
}

/// Who analyses: `local` on the device, `provider` a model, `auto` the device where it can.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub(super) enum Engine {
    Local,
    Provider,
    Auto,
}

/// A message to be analysed.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AnalyzeRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who wrote it.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// What to find out.
    #[schema(min_items = 1)]
    analysis_type: Vec<AnalysisType>,
    /// Scalars: facts about the customer.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Map<String, Value>,
    /// Who analyses; `auto` when absent.
    #[schema(nullable = false)]
    engine: Option<Engine>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// What was found.
#[derive(ToSchema)]
pub(crate) struct AnalyzeResponse {
    analysis: Analysis,
    /// By type, 0 to 1: what the model said of itself, or the device's calibrated figure; null where nothing honest
    /// can be said.
    confidence: BTreeMap<String, Option<f32>>,
    /// `local` when all of it was found on the device, else the provider.
    provider: String,
    /// Why a provider that should have been asked was not heard, as the code of its error (`budget_exceeded`,
    /// `provider_error`, …): the device answers in its place. Null where none was needed or it answered.
    #[schema(required)]
    degraded: Option<String>,
    /// Milliseconds from request to answer.
    processing_time_ms: u64,
}

/// One entry per asked type.
#[derive(ToSchema)]
struct Analysis {
    #[schema(nullable = false)]
    sentiment: Option<Sentiment>,
    #[schema(nullable = false)]
    emotion: Option<Emotion>,
    #[schema(nullable = false)]
    intent: Option<Intent>,
    #[schema(nullable = false)]
    entity: Option<Entities>,
    #[schema(nullable = false)]
    language: Option<Language>,
    #[schema(nullable = false)]
    priority: Option<Priority>,
    #[schema(nullable = false)]
    category: Option<Category>,
    #[schema(nullable = false)]
    toxicity: Option<Flags>,
    #[schema(nullable = false)]
    spam: Option<Flags>,
    #[schema(nullable = false)]
    injection: Option<Flags>,
}

/// How the writer feels about their matter.
#[derive(ToSchema)]
struct Sentiment {
    polarity: Polarity,
    /// From as negative as can be to as positive as can be.
    #[schema(minimum = -1, maximum = 1)]
    score: f32,
    /// Those clearly shown, of the names that `emotion` uses.
    emotions: Vec<String>,
    satisfaction: Satisfaction,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum Polarity {
    Negative,
    Neutral,
    Positive,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum Satisfaction {
    VeryDissatisfied,
    Dissatisfied,
    Neutral,
    Satisfied,
    VerySatisfied,
}

/// Which feelings the message shows.
#[derive(ToSchema)]
struct Emotion {
    /// The strongest; `neutral` where none is shown.
    primary: String,
    /// All that are shown, the strongest first: `joy`, `sadness`, `anger`, `fear`, `surprise`, `disgust`,
    /// `frustration`, `disappointment`, `gratitude`, `confusion`.
    emotions: Vec<EmotionScore>,
}

/// An emotion with its strength.
#[derive(ToSchema)]
struct EmotionScore {
    emotion: String,
    #[schema(minimum = 0, maximum = 1)]
    score: f32,
}

/// Which of the tenant's own intents, or else of the built-in ones, the message has.
#[derive(ToSchema)]
struct Intent {
    /// `out_of_scope` where none fits.
    primary: String,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
    /// At most three others that fit too, the likeliest first.
    secondary: Vec<IntentScore>,
}

/// What is named in the message. Besides `entities` one key per type found, with its first value.
#[derive(ToSchema)]
struct Entities {
    /// In the order of the message.
    entities: Vec<Entity>,
    #[serde(flatten)]
    by_type: BTreeMap<String, String>,
}

/// Something named, and where.
#[derive(ToSchema)]
struct Entity {
    /// `name`, `email`, `phone`, `url`, `order_id`, `product`, `organization`, `document`, `address`, `location`,
    /// `money`, `percentage`, `quantity`, `date`, `time`, `duration` or `code`.
    r#type: String,
    /// As in the message.
    text: String,
    /// Normalised.
    value: String,
    /// Where it starts in the message, in bytes of UTF-8.
    start: u64,
    /// Where it ends.
    end: u64,
    /// Null where it was found on the device, by its form.
    #[schema(required, minimum = 0, maximum = 1)]
    confidence: Option<f32>,
}

/// In which language it is written.
#[derive(ToSchema)]
struct Language {
    /// BCP 47; `und` where it cannot be told.
    code: String,
    /// Others that it may be.
    alternatives: Vec<LanguageScore>,
}

/// A language with its score.
#[derive(ToSchema)]
struct LanguageScore {
    /// BCP 47.
    code: String,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
}

/// How soon somebody should look at it.
#[derive(ToSchema)]
struct Priority {
    level: Level,
    /// The main one, in a few English words.
    reason: String,
    /// All of them.
    reasons: Vec<String>,
}

#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
enum Level {
    Low,
    Normal,
    High,
    Urgent,
}

/// The departments that it belongs to.
#[derive(ToSchema)]
struct Category {
    /// The one that should get it.
    primary: String,
    /// Others that are concerned.
    secondary: Vec<String>,
}

/// Whether it is something unwanted.
#[derive(ToSchema)]
struct Flags {
    flagged: bool,
    /// How probable it is; null where nothing honest can be said.
    #[schema(required, minimum = 0, maximum = 1)]
    score: Option<f32>,
    /// What kind; none where it is not flagged.
    categories: Vec<String>,
}

/// A message whose intent is wanted.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassifyRequest {
    /// What the customer wrote.
    #[schema(min_length = 1, max_length = 4096)]
    message: String,
    /// Who wrote it.
    #[schema(min_length = 1, max_length = 128)]
    user_id: String,
    /// What to choose from; the tenant's own intents when absent, or else the built-in set for support and sales.
    #[schema(min_items = 1, max_items = 200)]
    available_intents: Option<Vec<IntentOption>>,
    /// Scalars: facts about the customer.
    #[schema(value_type = Option<Object>, nullable = false)]
    context: Map<String, Value>,
    /// Who classifies; `auto` when absent.
    #[schema(nullable = false)]
    engine: Option<Engine>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    tenant_id: Option<String>,
}

/// An intent to choose from: a bare name, or a name with a description and examples.
#[derive(ToSchema)]
#[serde(untagged)]
enum IntentOption {
    Name(String),
    Described {
        name: String,
        /// What it means.
        #[schema(nullable = false)]
        description: Option<String>,
        /// Messages that have it.
        #[schema(nullable = false)]
        examples: Option<Vec<String>>,
    },
}

/// The intent found.
#[derive(ToSchema)]
pub(crate) struct ClassifyResponse {
    /// One of the available ones, or `out_of_scope`.
    intent: String,
    /// 0 to 1, or null where nothing honest can be said.
    #[schema(required, minimum = 0, maximum = 1)]
    confidence: Option<f32>,
    /// The next best, at most three, the likeliest first.
    alternatives: Vec<IntentScore>,
    /// Entities found on the device, first value of each type.
    entities: BTreeMap<String, String>,
    /// `local`, or the provider.
    provider: String,
    /// Where the tenant's routing sends it; null for intents of the request, for `out_of_scope` and where nobody needs
    /// to receive it.
    #[schema(required)]
    department: Option<String>,
    /// Why a provider that should have been asked was not heard, as the code of its error (`budget_exceeded`,
    /// `provider_error`, …): the device answers in its place. Null where none was needed or it answered.
    #[schema(required)]
    degraded: Option<String>,
}

/// An intent with its score.
#[derive(ToSchema)]
struct IntentScore {
    intent: String,
    #[schema(minimum = 0, maximum = 1)]
    confidence: f32,
}
