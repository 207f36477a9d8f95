//! The configuration: one typed tree, read from the environment and `.env`.
//!
//! What differs between tenants lives in the database, not here. Every variable, its default and its meaning
//! stand once, in [`variables::VARIABLES`]; `.env.ai.example` is generated from that table by a test.

mod origins;
mod read;
mod traces;
mod transcription;
pub mod variables;
mod whatsapp;

pub use read::{ConfigError, Problem, Source};
pub use traces::{Sampling, Traces};
pub use transcription::Transcription;
pub use whatsapp::{SealingSource, WhatsApp, WhatsAppNumber};

use std::net::SocketAddr;
use std::path::PathBuf;

use pytake_assistant::Settings;
use pytake_assistant::money::PicoUsd;
use pytake_assistant::router::ProviderAllowance;
use pytake_assistant::settings::CacheBounds;
use pytake_understanding::filter::FilterLevel;
use secrecy::SecretString;

use read::Reader;

/// Everything the operator decided.
#[derive(Debug, Clone)]
pub struct Config {
    /// `PYTAKE_LISTEN`
    pub listen: SocketAddr,
    /// `PYTAKE_AUTH`: whether a key is always needed.
    pub is_key_always_required: bool,
    /// `PYTAKE_CORS_ORIGINS`: pages of other origins that may use the API from a browser.
    pub cors_origins: Vec<String>,
    /// `DATABASE_URL`
    pub database: Database,
    /// OpenAI, also without a key: tenants may have their own.
    pub openai: Vendor,
    /// Anthropic, as OpenAI.
    pub anthropic: Vendor,
    /// `ANTHROPIC_VERSION`: the API version header.
    pub anthropic_version: Option<String>,
    /// `AI_COMPATIBLE_PROVIDERS`, in the order written.
    pub compatible: Vec<Compatible>,
    /// `AI_PROVIDER_ORDER`, with `AI_DEFAULT_PROVIDER` moved to the front.
    pub order: Vec<String>,
    /// `AI_PROVIDER_WEIGHTS`; empty: in order.
    pub weights: Vec<(String, u32)>,
    /// `AI_MODERATION_PROVIDER`: OpenAI as it is configured, where it gives second opinions on messages.
    pub moderation: Option<Vendor>,
    /// `AI_TRANSCRIPTION_PROVIDER`: who writes recordings down.
    pub transcription: Option<Transcription>,
    /// `AI_MODEL_CATALOG`: a file with facts and prices that go before the built-in ones.
    pub catalog: Option<PathBuf>,
    /// Limits and defaults of the engine.
    pub settings: Settings,
    /// `RUST_LOG`, else `AI_LOG_LEVEL`.
    pub log_filter: String,
    /// `AI_LOG_FORMAT`: whether log lines are JSON objects.
    pub is_log_json: bool,
    /// The export of traces, when there is somewhere to export them to.
    pub traces: Option<Traces>,
    /// The WhatsApp channel.
    pub whatsapp: WhatsApp,
    /// Variables that are set and have no effect, with the reason.
    pub without_effect: Vec<(&'static str, String)>,
}

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    File(PathBuf),
    /// In memory, gone at the end: `sqlite::memory:`.
    Memory,
}

/// A vendor.
#[derive(Debug, Clone)]
pub struct Vendor {
    /// The server's key; `None`: only tenants with their own are served by it.
    pub api_key: Option<SecretString>,
    /// Another address than the vendor's.
    pub base_url: Option<String>,
    /// Another model than the built-in default.
    pub model: Option<String>,
    /// Requests a minute.
    pub rate_limit: u32,
    /// Tokens a minute and calls at the same time.
    pub allowance: ProviderAllowance,
}

/// An OpenAI-compatible server.
#[derive(Debug, Clone)]
pub struct Compatible {
    /// Its name in requests: lower case letters, digits, `-`.
    pub name: String,
    /// Address, version path included.
    pub base_url: String,
    /// Its key, where it wants one.
    pub api_key: Option<SecretString>,
    /// The model to ask for.
    pub model: String,
    /// Requests a minute; `None`: no limit.
    pub rate_limit: Option<u32>,
    /// Tokens a minute and calls at the same time.
    pub allowance: ProviderAllowance,
    /// Its dialect; `None`: guessed from the address.
    pub dialect: Option<String>,
    /// Whether its models read pictures; `None`: as far as the tables know.
    pub reads_images: Option<bool>,
}

impl Config {
    /// Reads the process environment, then `.env` in the working directory.
    ///
    /// # Errors
    /// Every malformed value with its variable's name, the problem and an example; never a secret.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_source(&Source::from_env()?)
    }

    /// Reads a given set of variables.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_source(source: &Source) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(source);
        let compatible = reader.compatible_providers();
        let openai = vendor(&mut reader, "OPENAI", "AI_OPENAI_RATE_LIMIT");
        let anthropic = vendor(&mut reader, "ANTHROPIC", "AI_ANTHROPIC_RATE_LIMIT");
        let order = order(&mut reader, &compatible);
        let moderation = moderation(&mut reader, &openai);
        let database = reader.database("DATABASE_URL");
        let transcription = Transcription::read(&mut reader, &openai, &compatible);
        let config = Self {
            listen: reader.parsed("PYTAKE_LISTEN"),
            is_key_always_required: reader.one_of("PYTAKE_AUTH", &["auto", "required"]) == "required",
            cors_origins: origins::read(&mut reader),
            whatsapp: WhatsApp::read(&mut reader, &database),
            database,
            openai,
            anthropic,
            moderation,
            transcription,
            anthropic_version: reader.text("ANTHROPIC_VERSION"),
            weights: reader.weights("AI_PROVIDER_WEIGHTS", &order),
            order,
            compatible,
            catalog: reader.text("AI_MODEL_CATALOG").map(PathBuf::from),
            settings: settings(&mut reader),
            log_filter: log_filter(&mut reader),
            is_log_json: reader.one_of("AI_LOG_FORMAT", &["text", "json"]) == "json",
            traces: Traces::read(&mut reader),
            without_effect: reader.without_effect(),
        };
        reader.finish(config)
    }
}

fn vendor(reader: &mut Reader<'_>, prefix: &'static str, rate_limit: &'static str) -> Vendor {
    let (key, url, model) = match prefix {
        "OPENAI" => ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_DEFAULT_MODEL"),
        _ => ("ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "ANTHROPIC_DEFAULT_MODEL"),
    };
    let base_url = reader.url(url);
    let model = reader.text(model);
    let rate_limit = reader.in_range(rate_limit, 1..=u32::MAX);
    let allowance = reader.allowance(prefix);
    Vendor { api_key: reader.secret(key), base_url, model, rate_limit, allowance }
}

/// Who gives second opinions; only where the operator says so, because messages then go there.
fn moderation(reader: &mut Reader<'_>, openai: &Vendor) -> Option<Vendor> {
    if reader.one_of("AI_MODERATION_PROVIDER", &["none", "openai"]) != "openai" {
        return None;
    }
    if openai.api_key.is_none() {
        reader.problem("OPENAI_API_KEY", "is not set, and AI_MODERATION_PROVIDER=openai needs it".to_owned());
    }
    Some(openai.clone())
}

/// The order of `auto`. Providers that it does not name come after those it names, `local` is always last.
fn order(reader: &mut Reader<'_>, compatible: &[Compatible]) -> Vec<String> {
    let mut known = vec!["openai".to_owned(), "anthropic".to_owned()];
    known.extend(compatible.iter().map(|provider| provider.name.clone()));
    let default = reader.text("AI_DEFAULT_PROVIDER").unwrap_or_default();
    let mut order = reader.names("AI_PROVIDER_ORDER", &known);
    if default != "auto" {
        if known.contains(&default) || default == "local" {
            order.retain(|name| *name != default);
            order.insert(0, default);
        } else {
            let names = known.join(", ");
            reader.problem("AI_DEFAULT_PROVIDER", format!("must be auto, local or one of {names}"));
        }
    }
    for name in known {
        if !order.contains(&name) {
            order.push(name);
        }
    }
    order.retain(|name| name != "local");
    order.push("local".to_owned());
    order
}

fn settings(reader: &mut Reader<'_>) -> Settings {
    let is_filtered = reader.switch("AI_CONTENT_FILTER_ENABLED");
    let level =
        if reader.switch("AI_CONTENT_FILTER_STRICT") { FilterLevel::Strict } else { FilterLevel::Normal };
    Settings {
        max_output_tokens: reader.in_range("AI_MAX_TOKENS_PER_REQUEST", 1..=1_000_000),
        max_prompt_tokens: reader.in_range("AI_MAX_PROMPT_TOKENS", 1_000..=1_000_000),
        history_messages: reader.in_range("AI_MAX_CONVERSATION_HISTORY", 0..=200),
        answer_cache: answer_cache(reader),
        filter_level: is_filtered.then_some(level),
        is_usage_tracked: reader.switch("AI_USAGE_TRACKING_ENABLED"),
        daily_request_limit: reader.in_range("AI_DAILY_REQUEST_LIMIT", 1..=u64::from(u32::MAX)),
        monthly_budget: monthly_budget(reader),
        chat_temperature: reader.in_range("AI_DEFAULT_TEMPERATURE", 0.0..=2.0),
        analysis_temperature: reader.in_range("AI_ANALYSIS_TEMPERATURE", 0.0..=2.0),
        intent_temperature: reader.in_range("AI_INTENT_TEMPERATURE", 0.0..=2.0),
        concurrent_requests: reader.in_range("AI_MAX_CONCURRENT_REQUESTS", 1..=100_000),
        request_timeout: std::time::Duration::from_millis(
            reader.in_range("AI_REQUEST_TIMEOUT_MS", 100..=600_000),
        ),
        moderation_timeout: std::time::Duration::from_millis(
            reader.in_range("AI_MODERATION_TIMEOUT_MS", 100..=30_000),
        ),
        transcription_timeout: std::time::Duration::from_millis(
            reader.in_range("AI_TRANSCRIPTION_TIMEOUT_MS", 100..=600_000),
        ),
    }
}

fn answer_cache(reader: &mut Reader<'_>) -> Option<CacheBounds> {
    let is_enabled = reader.switch("AI_CACHE_ENABLED");
    let bounds = CacheBounds {
        ttl: std::time::Duration::from_secs(reader.in_range("AI_CACHE_TTL_SECONDS", 1..=604_800)),
        max_bytes: reader.in_range("AI_CACHE_MAX_BYTES", 65_536..=1_073_741_824),
    };
    is_enabled.then_some(bounds)
}

fn monthly_budget(reader: &mut Reader<'_>) -> Option<PicoUsd> {
    let text = reader.text("AI_MONTHLY_BUDGET_USD")?;
    let budget = PicoUsd::parse_usd(&text);
    if budget.is_none() {
        reader.problem("AI_MONTHLY_BUDGET_USD", "must be an amount of US dollars".to_owned());
    }
    budget
}

fn log_filter(reader: &mut Reader<'_>) -> String {
    let level = reader.one_of("AI_LOG_LEVEL", &["trace", "debug", "info", "warn", "error"]);
    reader.text("RUST_LOG").unwrap_or_else(|| format!("warn,pytake={level},{}", crates_at(&level)))
}

/// Our crates' log targets at a level.
fn crates_at(level: &str) -> String {
    ["assistant", "inbox", "providers", "server", "store", "store_sqlite", "understanding", "whatsapp"]
        .map(|name| format!("pytake_{name}={level}"))
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::from_source(&Source::of(variables))
    }

    fn problems(variables: &[(&str, &str)]) -> String {
        config(variables).map_or_else(|error| error.to_string(), |_| String::new())
    }

    #[test]
    fn nothing_set_is_a_working_single_node() {
        let config = config(&[]).unwrap();
        assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
        assert_eq!(config.database, Database::File("data/pytake.db".into()));
        assert_eq!(config.order, ["openai", "anthropic", "local"]);
        assert_eq!(config.settings, Settings::default());
        assert!(config.openai.api_key.is_none() && config.anthropic.api_key.is_none());
    }

    #[test]
    fn nobody_moderates_unless_told_to_and_openai_needs_its_key() {
        let with_key = ("OPENAI_API_KEY", "sk-1");
        assert!(config(&[with_key]).unwrap().moderation.is_none());
        assert!(config(&[with_key, ("AI_MODERATION_PROVIDER", "none")]).unwrap().moderation.is_none());
        assert!(config(&[with_key, ("AI_MODERATION_PROVIDER", "openai")]).unwrap().moderation.is_some());
        let text = problems(&[("AI_MODERATION_PROVIDER", "openai")]);
        assert!(text.contains("AI_MODERATION_PROVIDER") && text.contains("OPENAI_API_KEY"), "{text}");
        assert!(problems(&[("AI_MODERATION_PROVIDER", "mistral")]).contains("none, openai"));
    }

    #[test]
    fn a_list_of_sealing_keys_without_a_key_is_refused_at_the_start() {
        for nothing in [",", " , "] {
            assert!(problems(&[("PYTAKE_SECRET_KEY", nothing)]).contains("PYTAKE_SECRET_KEY"), "{nothing:?}");
        }
    }

    #[test]
    fn every_malformed_value_is_named_with_an_example() {
        let text = problems(&[
            ("PYTAKE_LISTEN", "8080"),
            ("AI_DAILY_REQUEST_LIMIT", "-5"),
            ("AI_DEFAULT_TEMPERATURE", "7"),
            ("AI_CONTENT_FILTER_ENABLED", "maybe"),
            ("OPENAI_BASE_URL", "api.openai.com"),
            ("AI_MONTHLY_BUDGET_USD", "25 dollars"),
            ("AI_DEFAULT_PROVIDER", "gemini"),
            ("DATABASE_URL", "postgres://localhost/pytake"),
        ]);
        for name in [
            "PYTAKE_LISTEN",
            "AI_DAILY_REQUEST_LIMIT",
            "AI_DEFAULT_TEMPERATURE",
            "AI_CONTENT_FILTER_ENABLED",
            "OPENAI_BASE_URL",
            "AI_MONTHLY_BUDGET_USD",
            "AI_DEFAULT_PROVIDER",
            "DATABASE_URL",
        ] {
            assert!(text.contains(name), "{name} is missing in:\n{text}");
        }
        assert!(text.contains("127.0.0.1:8080"), "an example is shown:\n{text}");
    }

    #[test]
    fn a_secret_is_never_shown() {
        let variables = [("OPENAI_API_KEY", "sk-very secret"), ("AI_DAILY_REQUEST_LIMIT", "x")];
        assert!(!problems(&variables).contains("very"));
        let config = config(&[("OPENAI_API_KEY", "sk-verysecret")]).unwrap();
        assert!(!format!("{config:?}").contains("verysecret"));
    }

    #[test]
    fn compatible_servers_bring_their_own_variables() {
        let config = config(&[
            (
                "AI_COMPATIBLE_PROVIDERS",
                "ollama=http://127.0.0.1:11434/v1, groq=https://api.groq.com/openai/v1",
            ),
            ("AI_OLLAMA_MODEL", "qwen3:4b"),
            ("AI_GROQ_API_KEY", "gsk"),
            ("AI_GROQ_MODEL", "llama-4"),
            ("AI_GROQ_RATE_LIMIT", "30"),
            ("AI_GROQ_TOKENS_PER_MINUTE", "6000"),
            ("AI_OLLAMA_MAX_CONCURRENT", "2"),
            ("AI_DEFAULT_PROVIDER", "groq"),
        ])
        .unwrap();
        assert_eq!(config.compatible[0].model, "qwen3:4b");
        assert_eq!(config.compatible[1].rate_limit, Some(30));
        let [ollama, groq] = [0, 1].map(|n| config.compatible[n].allowance);
        assert_eq!((ollama.tokens_per_minute, ollama.concurrent_calls), (None, Some(2)));
        assert_eq!((groq.tokens_per_minute, groq.concurrent_calls), (Some(6_000), None));
        assert_eq!(config.order, ["groq", "openai", "anthropic", "ollama", "local"]);
    }

    #[test]
    fn a_compatible_server_without_a_model_is_refused_by_name() {
        let text = problems(&[("AI_COMPATIBLE_PROVIDERS", "ollama=http://127.0.0.1:11434/v1")]);
        assert!(text.contains("AI_OLLAMA_MODEL"), "{text}");
    }

    #[test]
    fn the_channel_is_on_when_all_four_are_set_and_says_what_is_missing() {
        let four = [
            ("WHATSAPP_ACCESS_TOKEN", "EAAG"),
            ("WHATSAPP_PHONE_NUMBER_ID", "106540352242922"),
            ("WHATSAPP_APP_SECRET", "s3cret"),
            ("WHATSAPP_VERIFY_TOKEN", "word"),
        ];
        let whole = config(&four).unwrap();
        assert!(whole.whatsapp.number.is_some() && whole.without_effect.is_empty());
        assert!(!format!("{whole:?}").contains("s3cret"));
        let partly = config(&four[..2]).unwrap();
        assert!(partly.whatsapp.number.is_none());
        let told = partly.without_effect;
        assert_eq!(told.iter().map(|(name, _)| *name).collect::<Vec<_>>(), [four[0].0, four[1].0]);
        assert!(told[0].1.contains("WHATSAPP_APP_SECRET and WHATSAPP_VERIFY_TOKEN"), "{told:?}");
        assert!(problems(&[("WHATSAPP_API_VERSION", "latest")]).contains("WHATSAPP_API_VERSION"));
        assert!(problems(&[("WHATSAPP_QUIET_MS", "-1")]).contains("WHATSAPP_QUIET_MS"));
    }

    #[test]
    fn an_empty_value_is_an_unset_one() {
        let config = config(&[("OPENAI_API_KEY", ""), ("AI_MONTHLY_BUDGET_USD", " ")]).unwrap();
        assert!(config.openai.api_key.is_none() && config.settings.monthly_budget.is_none());
    }
}
