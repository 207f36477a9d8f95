//! Tokens, money, attempts, states.

use utoipa::ToSchema;

/// Tokens and money of a turn.
#[derive(ToSchema)]
pub(crate) struct UsageReport {
    /// Prompt tokens, cached ones included.
    input_tokens: u64,
    /// Answer tokens, reasoning included.
    output_tokens: u64,
    /// Part of the input that was read from the provider's cache.
    cached_tokens: u64,
    /// Millionths of a US dollar; null where a price is unknown.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
}

/// A customer's usage.
#[derive(ToSchema)]
pub(crate) struct UserUsageReport {
    user_id: String,
    /// Answered requests ever.
    total_requests: u64,
    /// Input and output tokens ever.
    total_tokens: u64,
    #[schema(required, format = DateTime)]
    last_request: Option<String>,
    /// Requests counted against today's limit, those in flight included.
    requests_today: u64,
    input_tokens: u64,
    output_tokens: u64,
    /// Known cost ever, in millionths of a US dollar; null when calls were made and no price is known.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
    /// Calls whose price is unknown; the cost is a lower bound when it is not 0.
    unpriced_calls: u64,
    /// Requests allowed on a UTC day, or null when usage is not tracked.
    #[schema(required)]
    daily_limit: Option<u64>,
    /// What is left of today, or null when usage is not tracked.
    #[schema(required)]
    remaining_today: Option<u64>,
    /// Oldest first.
    by_day: Vec<DayUsage>,
    by_provider: Vec<ProviderUsage>,
}

/// A UTC day of a customer.
#[derive(ToSchema)]
struct DayUsage {
    #[schema(format = Date)]
    day: String,
    #[schema(inline)]
    #[serde(flatten)]
    sums: UsageSums,
}

/// A provider's share of a customer's usage.
#[derive(ToSchema)]
struct ProviderUsage {
    provider: String,
    #[serde(flatten)]
    sums: UsageSums,
}

/// Sums of usage.
#[derive(ToSchema)]
struct UsageSums {
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
    cached_tokens: u64,
    /// Known cost in millionths of a US dollar; null when calls were made and no price is known.
    #[schema(required)]
    cost_micro_usd: Option<i64>,
    /// Calls whose price is unknown.
    unpriced_calls: u64,
}

/// Everything that decided a reply.
#[derive(ToSchema)]
pub(crate) struct Trail {
    /// In order: `screen`, `understand`, `decide`, `compose`, `generate`, `vet`.
    steps: Vec<Step>,
    /// Provider calls in order.
    attempts: Vec<Attempt>,
    /// Ids of approved answers that were given as facts.
    #[schema(nullable = false)]
    facts: Option<Vec<String>>,
    /// Version of the price table the cost came from.
    #[schema(nullable = false)]
    price_version: Option<String>,
    /// Version of the prompt.
    #[schema(nullable = false)]
    prompt_version: Option<String>,
}

/// What one step of a turn found or did.
#[derive(ToSchema)]
struct Step {
    step: String,
    /// For a person; no message text.
    found: String,
}

/// One call to a provider.
#[derive(ToSchema)]
struct Attempt {
    provider: String,
    model: String,
    /// What came of it; absent for an accepted answer.
    #[schema(nullable = false)]
    kind: Option<String>,
    /// HTTP status, where there was one.
    #[schema(nullable = false)]
    status: Option<u16>,
    /// Milliseconds it took.
    ms: u64,
    /// Milliseconds it waited for its place before.
    queued_ms: u64,
    /// What was wrong, bounded and redacted.
    #[schema(nullable = false)]
    message: Option<String>,
    /// Tokens that are billed.
    #[schema(nullable = false)]
    usage: Option<TokenUsage>,
}

/// Tokens of a call, as the provider says.
#[derive(ToSchema)]
struct TokenUsage {
    input_tokens: u64,
    cached_tokens: u64,
    cache_write_tokens: u64,
    cache_write_long_tokens: u64,
    output_tokens: u64,
    reasoning_tokens: u64,
    /// True when the provider sent no numbers and they were counted here.
    is_estimated: bool,
}

/// How a provider is doing.
#[derive(ToSchema)]
pub(crate) struct ProviderStatus {
    name: String,
    /// The model used when the caller names none.
    model: String,
    /// `remote` or `local`.
    place: String,
    /// False when it cannot work as configured.
    available: bool,
    /// The breaker: `closed`, `open` or `half_open`.
    state: String,
    /// Milliseconds until an open breaker lets a probe through.
    open_for_ms: Option<u64>,
    p50_ms: Option<u64>,
    p95_ms: Option<u64>,
    /// Over the last 100 calls, 0 to 1.
    error_rate: Option<f32>,
    in_flight: u64,
    queued: u64,
    predicted_wait_ms: u64,
    /// Requests a minute the operator allows, or null.
    rate_limit: Option<u32>,
    /// Tokens a minute the operator allows, prompts and answers together, or null.
    tokens_per_minute: Option<u32>,
    /// Calls at the same time that the operator allows, or null.
    max_concurrent: Option<u32>,
}
