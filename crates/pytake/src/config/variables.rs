//! Every variable: name, default, meaning, example. `.env.ai.example` is this table as text.

/// One environment variable.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What holds when it is not set; `None`: nothing.
    pub default: Option<&'static str>,
    /// One line, with the unit and the range.
    pub meaning: &'static str,
    /// A value that would be right.
    pub example: &'static str,
    /// Why setting it has no effect in this version.
    pub not_yet: Option<&'static str>,
}

impl Variable {
    /// Finds a variable of the table.
    pub fn named(name: &str) -> Option<&'static Variable> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }
}

const fn variable(
    name: &'static str,
    default: Option<&'static str>,
    example: &'static str,
    meaning: &'static str,
) -> Variable {
    Variable { name, default, meaning, example, not_yet: None }
}

const fn later(
    name: &'static str,
    default: Option<&'static str>,
    example: &'static str,
    meaning: &'static str,
    why: &'static str,
) -> Variable {
    Variable { name, default, meaning, example, not_yet: Some(why) }
}

const NO_REDIS: &str = "one process serves; limits are not shared between replicas in this version";

/// All of them, in the order of the template.
#[rustfmt::skip]
pub static VARIABLES: &[Variable] = &[
    variable("PYTAKE_LISTEN", Some("127.0.0.1:8080"), "127.0.0.1:8080", "Address and port. Anything but loopback needs at least one API key."),
    variable("PYTAKE_AUTH", Some("auto"), "required", "auto: open on loopback until the first key exists; required: a key is always needed."),
    variable("PYTAKE_CORS_ORIGINS", None, "https://app.example.com", "Origins whose pages may use the API from a browser with a key, exactly as browsers name them, separated by commas. Unset: none."),
    variable("DATABASE_URL", Some("sqlite://data/pytake.db"), "sqlite://data/pytake.db", "SQLite file, or sqlite::memory: for nothing kept."),
    later("REDIS_URL", None, "redis://127.0.0.1:6379", "Shared limits, cache and events between replicas.", NO_REDIS),

    variable("OPENAI_API_KEY", None, "sk-...", "Switches OpenAI on."),
    variable("OPENAI_BASE_URL", None, "https://api.openai.com/v1", "Another address for OpenAI; ends in /v1."),
    variable("OPENAI_DEFAULT_MODEL", None, "gpt-6-luna", "Model where the request names none."),
    variable("AI_OPENAI_RATE_LIMIT", Some("60"), "60", "Requests a minute to OpenAI, 1 or more."),
    variable("AI_OPENAI_TOKENS_PER_MINUTE", None, "200000", "Tokens a minute to OpenAI, prompts and answers together, 1 or more; unset: no limit."),
    variable("AI_OPENAI_MAX_CONCURRENT", None, "50", "Calls to OpenAI at the same time, 1 or more; unset: no limit."),
    variable("ANTHROPIC_API_KEY", None, "sk-ant-...", "Switches Anthropic on."),
    variable("ANTHROPIC_BASE_URL", None, "https://api.anthropic.com", "Another address for Anthropic; without /v1."),
    variable("ANTHROPIC_DEFAULT_MODEL", None, "claude-haiku-5-5", "Model where the request names none."),
    variable("ANTHROPIC_VERSION", None, "2023-06-01", "API version header, for gateways that know only the older one."),
    variable("AI_ANTHROPIC_RATE_LIMIT", Some("50"), "50", "Requests a minute to Anthropic, 1 or more."),
    variable("AI_ANTHROPIC_TOKENS_PER_MINUTE", None, "100000", "Tokens a minute to Anthropic, prompts and answers together, 1 or more; unset: no limit."),
    variable("AI_ANTHROPIC_MAX_CONCURRENT", None, "50", "Calls to Anthropic at the same time, 1 or more; unset: no limit."),
    variable("AI_COMPATIBLE_PROVIDERS", None, "ollama=http://127.0.0.1:11434/v1", "OpenAI-compatible servers: name=url, separated by commas. Each takes AI_<NAME>_MODEL (required), AI_<NAME>_API_KEY, AI_<NAME>_RATE_LIMIT (requests a minute), AI_<NAME>_TOKENS_PER_MINUTE, AI_<NAME>_MAX_CONCURRENT (calls at the same time), AI_<NAME>_DIALECT, AI_<NAME>_IMAGES (true where its model reads pictures)."),
    variable("AI_DEFAULT_PROVIDER", Some("auto"), "auto", "auto, or the provider to try first."),
    variable("AI_PROVIDER_ORDER", None, "anthropic,openai,local", "Order of auto, separated by commas. Unnamed ones follow; local is always last."),
    variable("AI_PROVIDER_WEIGHTS", None, "openai=3,anthropic=1", "Shares of the first try, instead of an order."),
    variable("AI_MODEL_CATALOG", None, "models.json", "File with model facts and prices that go before the built-in ones."),

    variable("AI_REQUEST_TIMEOUT_MS", Some("30000"), "30000", "Deadline of a whole request in milliseconds: attempts, waits and fallbacks included."),
    variable("AI_MAX_CONCURRENT_REQUESTS", Some("512"), "512", "Requests in work at the same time, of all tenants, 1 to 100000; tenants take turns for the places."),
    variable("AI_MAX_TOKENS_PER_REQUEST", Some("2000"), "2000", "Upper bound on max_tokens and on one answer, in tokens."),
    variable("AI_MAX_PROMPT_TOKENS", Some("8000"), "8000", "Upper bound on instructions, facts, history and message together, in tokens, 1000 or more."),
    variable("AI_MAX_CONVERSATION_HISTORY", Some("10"), "10", "Messages of history given verbatim, 0 to 200; older ones are summarised."),
    variable("AI_DEFAULT_TEMPERATURE", Some("0.7"), "0.7", "Sampling temperature of replies, 0 to 2; left out where a model refuses it."),
    variable("AI_ANALYSIS_TEMPERATURE", Some("0.3"), "0.3", "The same for analyses and summaries."),
    variable("AI_INTENT_TEMPERATURE", Some("0.1"), "0.1", "The same for intents."),

    variable("AI_CONTENT_FILTER_ENABLED", Some("true"), "true", "Content filter on the way in and out."),
    variable("AI_CONTENT_FILTER_STRICT", Some("false"), "true", "Strict level: also slurs and strong abuse."),
    variable("AI_MODERATION_PROVIDER", Some("none"), "openai", "none, or openai: messages that the content filter is in doubt about are sent to its moderation for a second opinion; needs OPENAI_API_KEY."),
    variable("AI_MODERATION_TIMEOUT_MS", Some("1500"), "1500", "How long a second opinion is waited for, in milliseconds, 100 to 30000; without it the message is answered."),
    variable("AI_TRANSCRIPTION_PROVIDER", None, "groq", "Who writes voice notes down: openai, the name of a compatible server, or none. Unset: openai where its key is set. Recordings go there."),
    variable("AI_TRANSCRIPTION_MODEL", None, "gpt-transcribe", "Its model: gpt-transcribe at OpenAI where unset; required for a compatible server."),
    variable("AI_TRANSCRIPTION_TIMEOUT_MS", Some("20000"), "20000", "How long a recording may take to be written down, in milliseconds, 100 to 600000, within AI_REQUEST_TIMEOUT_MS."),
    variable("AI_USAGE_TRACKING_ENABLED", Some("true"), "true", "Keeps limits and books every call."),
    variable("AI_DAILY_REQUEST_LIMIT", Some("1000"), "1000", "Requests of one user on a UTC day."),
    variable("AI_MONTHLY_BUDGET_USD", None, "25", "US dollars per tenant and UTC month; at the cap nothing paid is called any more."),
    variable("AI_CACHE_ENABLED", Some("true"), "false", "Gives the answer of a model again where the same is asked and nothing personal is in it."),
    variable("AI_CACHE_TTL_SECONDS", Some("3600"), "3600", "How long an answer may be given again, in seconds, 1 to 604800."),
    variable("AI_CACHE_MAX_BYTES", Some("16777216"), "16777216", "Memory for such answers, of all tenants together, in bytes, 65536 to 1073741824."),

    variable("AI_LOG_LEVEL", Some("info"), "debug", "trace, debug, info, warn or error; RUST_LOG wins."),
    variable("AI_LOG_FORMAT", Some("text"), "json", "text for people, json for machines."),
    variable("RUST_LOG", None, "warn,pytake_assistant=debug", "Log filter in the syntax of tracing-subscriber."),
    variable("OTEL_EXPORTER_OTLP_ENDPOINT", None, "http://127.0.0.1:4318", "Collector that traces go to by OTLP over HTTP, without /v1/traces. Unset: no traces."),
    variable("OTEL_EXPORTER_OTLP_HEADERS", None, "authorization=Bearer%20...", "Headers the collector wants: name=value, separated by commas, values percent-encoded."),
    variable("OTEL_SERVICE_NAME", Some("pytake"), "pytake", "Name of this service in traces."),
    variable("OTEL_TRACES_SAMPLER", Some("parentbased_always_on"), "parentbased_traceidratio", "Which traces are exported: always_on, always_off, traceidratio, or one of these after parentbased_, where the caller's traceparent header decides first."),
    variable("OTEL_TRACES_SAMPLER_ARG", Some("1.0"), "0.1", "Share of the traces that the traceidratio samplers export, 0 to 1."),

    variable("WHATSAPP_ACCESS_TOKEN", None, "EAAG...", "Token of a system user with whatsapp_business_messaging. The channel is on when this and the next three are set."),
    variable("WHATSAPP_PHONE_NUMBER_ID", None, "106540352242922", "Id of the business phone number; it belongs to the tenant default. Further numbers come by the API."),
    variable("WHATSAPP_APP_SECRET", None, "0123456789abcdef0123456789abcdef", "Secret of the Meta app, which signs webhooks."),
    variable("WHATSAPP_VERIFY_TOKEN", None, "a-long-random-word", "What you enter at Meta beside the webhook's address, which is /webhooks/whatsapp."),
    variable("WHATSAPP_BUSINESS_ACCOUNT_ID", None, "102290129340398", "Id of the WhatsApp Business Account: lets pytake doctor see whether webhooks are subscribed."),
    variable("WHATSAPP_API_BASE_URL", None, "https://graph.facebook.com", "Another address of the Graph API, such as that of pytake simulate."),
    variable("WHATSAPP_API_VERSION", Some("v26.0"), "v26.0", "Version of the Graph API."),
    variable("WHATSAPP_QUIET_MS", Some("2500"), "2500", "How long a burst of messages is gathered after each of them, in milliseconds, 0 (off) to 30000."),
    variable("WHATSAPP_QUIET_MAX_MS", Some("12000"), "12000", "The longest that the first message of a burst waits, in milliseconds, 0 to 120000."),
    variable("WHATSAPP_REPORT_WAIT_MS", Some("60000"), "60000", "How long a message of which nobody knows whether it was sent waits for Meta's report before it is sent once more, in milliseconds, 1000 to 600000."),
    variable("PYTAKE_SECRET_KEY", None, "q83v...=", "Keys that seal secrets in the database: 32 bytes in base64 each, separated by commas; the first seals, all open. Unset: a file."),
    variable("PYTAKE_KEY_FILE", None, "data/pytake.key", "File with that key, made where there is none. Default: beside the database. Back it up with the database."),
];

/// The template `.env.ai.example`: every variable, commented out, with default and meaning.
pub fn template() -> String {
    use std::fmt::Write;
    let mut text = String::from(
        "# Copy to .env and uncomment what you change. Everything may stay as it is: the server then answers\n\
         # from approved content on this machine. Values in the process environment go before this file.\n",
    );
    for variable in VARIABLES {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n# {}", variable.meaning);
        let _ = match variable.default {
            Some(default) => writeln!(text, " Default: {default}."),
            None => writeln!(text),
        };
        if let Some(why) = variable.not_yet {
            let _ = writeln!(text, "# No effect yet: {why}.");
        }
        let _ = writeln!(text, "#{}={}", variable.name, variable.example);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_TEMPLATE=1 cargo test -p pytake template` writes the file anew.
    #[test]
    fn the_template_in_the_repository_is_this_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.ai.example");
        if std::env::var_os("UPDATE_TEMPLATE").is_some() {
            std::fs::write(path, template()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap(), template());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = VARIABLES.iter().map(|variable| variable.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
