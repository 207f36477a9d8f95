//! What the operator decides for all tenants; read from the environment by the binary.

use std::time::Duration;

use pytake_understanding::filter::FilterLevel;

use crate::money::PicoUsd;

/// The engine's settings. `Default` is the contract's default for each.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `AI_MAX_TOKENS_PER_REQUEST`: upper bound on `max_tokens` and on one answer, in tokens.
    pub max_output_tokens: u32,
    /// `AI_MAX_PROMPT_TOKENS`: upper bound on instructions, facts, history and message together.
    pub max_prompt_tokens: u64,
    /// `AI_MAX_CONVERSATION_HISTORY`: messages given verbatim; older ones are summarised.
    pub history_messages: u32,
    /// `AI_CONTENT_FILTER_ENABLED` and `AI_CONTENT_FILTER_STRICT`; `None`: the filter is off.
    pub filter_level: Option<FilterLevel>,
    /// `AI_USAGE_TRACKING_ENABLED`: whether limits are kept and calls booked.
    pub is_usage_tracked: bool,
    /// `AI_DAILY_REQUEST_LIMIT`: requests of a user on a UTC day.
    pub daily_request_limit: u64,
    /// `AI_MONTHLY_BUDGET_USD`: per tenant and UTC month; `None`: no cap.
    pub monthly_budget: Option<PicoUsd>,
    /// `AI_DEFAULT_TEMPERATURE`, 0 to 2.
    pub chat_temperature: f32,
    /// `AI_ANALYSIS_TEMPERATURE`, 0 to 2.
    pub analysis_temperature: f32,
    /// `AI_INTENT_TEMPERATURE`, 0 to 2.
    pub intent_temperature: f32,
    /// `AI_MAX_CONCURRENT_REQUESTS`: requests in work at the same time, of all tenants.
    pub concurrent_requests: u32,
    /// `AI_REQUEST_TIMEOUT_MS`: the deadline of a whole request, all attempts and waits included.
    pub request_timeout: Duration,
    /// `AI_MODERATION_TIMEOUT_MS`: the longest that a second opinion is waited for, within the deadline.
    pub moderation_timeout: Duration,
    /// `AI_CACHE_ENABLED`, `AI_CACHE_TTL_SECONDS` and `AI_CACHE_MAX_BYTES`; `None`: no answer is given twice.
    pub answer_cache: Option<CacheBounds>,
    /// `AI_TRANSCRIPTION_TIMEOUT_MS`: the longest that a recording may take to be written down, within the deadline.
    pub transcription_timeout: Duration,
}

impl Settings {
    /// The most that a business's own instructions may take of a prompt, in tokens: three quarters. The rest is for the
    /// message, what it is answered from, and the conversation so far; a choice.
    pub fn max_instruction_tokens(&self) -> u64 {
        self.max_prompt_tokens / 4 * 3
    }
}

/// How long answers are kept to be given again, and how many of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheBounds {
    /// `AI_CACHE_TTL_SECONDS`: after so long a model is asked again.
    pub ttl: Duration,
    /// `AI_CACHE_MAX_BYTES`: memory of all tenants' answers together, in bytes.
    pub max_bytes: usize,
}

impl Default for CacheBounds {
    fn default() -> Self {
        // 16 MiB are about ten thousand answers of 500 bytes: more than a server's questions of an hour.
        Self { ttl: Duration::from_hours(1), max_bytes: 16 * 1024 * 1024 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            max_output_tokens: 2_000,
            max_prompt_tokens: 8_000,
            history_messages: 10,
            filter_level: Some(FilterLevel::Normal),
            is_usage_tracked: true,
            daily_request_limit: 1_000,
            monthly_budget: None,
            chat_temperature: 0.7,
            analysis_temperature: 0.3,
            intent_temperature: 0.1,
            // What two cores answer in a second (docs/benchmarks.md), with models that take a second.
            concurrent_requests: 512,
            request_timeout: Duration::from_secs(30),
            answer_cache: Some(CacheBounds::default()),
            moderation_timeout: Duration::from_millis(1_500),
            transcription_timeout: Duration::from_secs(20),
        }
    }
}
