//! Facts and prices of models: `data/models.json`, and what an operator says over it.
//!
//! The table is made by `examples/convert_prices.rs`; date, source and licence stand in `data/README.md`.

use pytake_assistant::money::{MinutePrice, ModelCatalog, ModelFacts, Price};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::ConfigError;

const MODELS: &str = include_str!("../data/models.json");
/// What the list behind `models.json` does not have: prices by the minute.
const TRANSCRIPTION: &str = include_str!("../data/transcription.json");

/// The table that came with this version.
///
/// # Panics
/// Never: a test reads the same bytes.
pub fn catalog() -> ModelCatalog {
    let mut catalog: ModelCatalog =
        serde_json::from_str(MODELS).expect("data/models.json is part of the program and read by a test");
    override_models(&mut catalog, TRANSCRIPTION).expect("data/transcription.json is, too");
    catalog
}

/// The table with an operator's entries over it.
///
/// `json` has the form of `data/models.json`; `version` may be left out. What an entry names replaces what
/// the table says of that model (`prices` as a whole), the rest stays; models may be new.
///
/// # Errors
/// [`ConfigError::Catalog`] names the first wrong place.
pub fn catalog_with_overrides(json: &str) -> Result<ModelCatalog, ConfigError> {
    let mut catalog = catalog();
    let version = override_models(&mut catalog, json)?;
    catalog.version = format!("{}+{}", catalog.version, version.as_deref().unwrap_or("operator"));
    Ok(catalog)
}

/// Puts entries over those of a table; gives the name that they have.
fn override_models(catalog: &mut ModelCatalog, json: &str) -> Result<Option<String>, ConfigError> {
    let root: Value = serde_json::from_str(json).map_err(|error| wrong("the text", error.to_string()))?;
    let root = object("the text", &root, &["version", "providers"])?;
    let providers = root.get("providers").ok_or_else(|| wrong("providers", "is missing"))?;
    for (provider, models) in object("providers", providers, &[])? {
        let path = format!("providers.{provider}");
        for (model, entry) in object(&path, models, &[])? {
            let path = format!("{path}.{model}");
            let models = catalog.providers.entry(provider.clone()).or_default();
            override_facts(&path, models.entry(model.clone()).or_default(), entry)?;
        }
    }
    Ok(root.get("version").and_then(Value::as_str).map(str::to_owned))
}

fn override_facts(path: &str, facts: &mut ModelFacts, entry: &Value) -> Result<(), ConfigError> {
    let fields = ["max_input_tokens", "max_output_tokens", "shutdown", "prices", "minute_prices"];
    let entry = object(path, entry, &fields)?;
    if let Some(prices) = entry.get("prices") {
        facts.prices = read_prices(&format!("{path}.prices"), prices)?;
    }
    if let Some(prices) = entry.get("minute_prices") {
        facts.minute_prices = read_minute_prices(&format!("{path}.minute_prices"), prices)?;
    }
    for (name, value) in entry.iter().filter(|(name, _)| !name.ends_with("prices")) {
        let field_path = format!("{path}.{name}");
        // Read alone, so that an error is about this field.
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        let read: ModelFacts =
            serde_json::from_value(alone).map_err(|error| wrong(&field_path, error.to_string()))?;
        match name.as_str() {
            "max_input_tokens" => facts.max_input_tokens = read.max_input_tokens,
            "max_output_tokens" => facts.max_output_tokens = read.max_output_tokens,
            _ => facts.shutdown = read.shutdown,
        }
    }
    Ok(())
}

fn read_prices(path: &str, prices: &Value) -> Result<Vec<Price>, ConfigError> {
    const RATES: [&str; 7] =
        ["from", "input", "cached", "cache_write", "cache_write_long", "output", "long_context"];
    const LONG_RATES: [&str; 6] =
        ["above_input_tokens", "input", "cached", "cache_write", "cache_write_long", "output"];
    let Value::Array(entries) = prices else { return Err(wrong(path, "is not a list")) };
    let mut read: Vec<Price> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{path}[{index}]");
        not_negative(&path, object(&path, entry, &RATES)?)?;
        if let Some(long) = entry.get("long_context").filter(|long| !long.is_null()) {
            let path = format!("{path}.long_context");
            not_negative(&path, object(&path, long, &LONG_RATES)?)?;
        }
        let price = Price::deserialize(entry).map_err(|error| wrong(&path, error.to_string()))?;
        if read.last().is_some_and(|before| before.from >= price.from) {
            return Err(wrong(&format!("{path}.from"), "is not later than the price before it"));
        }
        read.push(price);
    }
    Ok(read)
}

fn read_minute_prices(path: &str, prices: &Value) -> Result<Vec<MinutePrice>, ConfigError> {
    let Value::Array(entries) = prices else { return Err(wrong(path, "is not a list")) };
    let mut read: Vec<MinutePrice> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("{path}[{index}]");
        not_negative(&path, object(&path, entry, &["from", "per_minute"])?)?;
        let price = MinutePrice::deserialize(entry).map_err(|error| wrong(&path, error.to_string()))?;
        if read.last().is_some_and(|before| before.from >= price.from) {
            return Err(wrong(&format!("{path}.from"), "is not later than the price before it"));
        }
        read.push(price);
    }
    Ok(read)
}

fn not_negative(path: &str, rates: &Map<String, Value>) -> Result<(), ConfigError> {
    match rates.iter().find(|(_, rate)| rate.as_f64().is_some_and(|rate| rate < 0.0)) {
        Some((name, _)) => Err(wrong(&format!("{path}.{name}"), "is negative")),
        None => Ok(()),
    }
}

/// An object that has no other fields than the known ones; none known: any.
fn object<'a>(path: &str, value: &'a Value, known: &[&str]) -> Result<&'a Map<String, Value>, ConfigError> {
    let Value::Object(fields) = value else { return Err(wrong(path, "is not an object")) };
    match fields.keys().find(|name| !known.is_empty() && !known.contains(&name.as_str())) {
        Some(unknown) => Err(wrong(&format!("{path}.{unknown}"), format!("is none of {}", known.join(", ")))),
        None => Ok(fields),
    }
}

fn wrong(path: &str, problem: impl Into<String>) -> ConfigError {
    ConfigError::Catalog { path: path.to_owned(), problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::{Date, date};
    use pytake_assistant::money::{PicoUsd, TokenUsage};

    fn today() -> Date {
        date(2026, 11, 22)
    }

    fn cost(provider: &str, model: &str, input_tokens: u64, output_tokens: u64) -> Option<PicoUsd> {
        let usage = TokenUsage { input_tokens, output_tokens, ..TokenUsage::default() };
        catalog().cost(provider, model, &usage, today())
    }

    /// The figures that were checked against a second source when the list was made.
    #[test]
    fn known_prices_are_exact() {
        let million = 1_000_000;
        assert_eq!(cost("openai", "gpt-6-luna", 100_000, 0), Some(PicoUsd::from_micro_usd(10_000)));
        assert_eq!(cost("openai", "gpt-6-luna", 0, million), Some(PicoUsd::from_micro_usd(500_000)));
        assert_eq!(
            cost("anthropic", "claude-haiku-4-5", million, million),
            Some(PicoUsd::from_micro_usd(6_000_000))
        );
        assert_eq!(
            cost("anthropic", "claude-sonnet-5-5", million, 0),
            Some(PicoUsd::from_micro_usd(2_000_000))
        );
    }

    #[test]
    fn a_minute_of_speech_has_a_price_where_one_is_known() {
        let cost = |model, seconds| {
            catalog().minutes_cost("openai", model, std::time::Duration::from_secs(seconds), today())
        };
        assert_eq!(cost("gpt-transcribe", 60), PicoUsd::parse_usd("0.0045"));
        assert_eq!(cost("whisper-1", 60), None);
        let own = r#"{"providers":{"groq":{"whisper-large-v3":{"minute_prices":[{"from":"2026-01-01","per_minute":1850000000}]}}}}"#;
        let catalog = catalog_with_overrides(own).unwrap();
        let hour = std::time::Duration::from_hours(1);
        assert_eq!(
            catalog.minutes_cost("groq", "whisper-large-v3", hour, today()),
            PicoUsd::parse_usd("0.111")
        );
    }

    #[test]
    fn long_prompts_are_dearer_from_each_vendors_threshold_on() {
        assert_eq!(cost("anthropic", "claude-haiku-5-5", 100_000, 0), Some(PicoUsd(100_000 * 100_000)));
        assert_eq!(cost("anthropic", "claude-haiku-5-5", 100_001, 0), Some(PicoUsd(100_001 * 500_000)));
        assert_eq!(cost("openai", "gpt-6-luna", 272_001, 0), Some(PicoUsd(272_001 * 200_000)));
        assert_eq!(cost("gemini", "gemini-2.5-pro", 200_001, 0), Some(PicoUsd(200_001 * 2_500_000)));
    }

    #[test]
    fn cache_classes_have_their_own_prices() {
        let usage = TokenUsage {
            input_tokens: 300,
            cached_tokens: 100,
            cache_write_tokens: 100,
            cache_write_long_tokens: 100,
            ..TokenUsage::default()
        };
        let cost = catalog().cost("anthropic", "claude-haiku-4-5", &usage, today());
        assert_eq!(cost, Some(PicoUsd(100 * (100_000 + 1_250_000 + 2_000_000))));
    }

    #[test]
    fn shutdown_days_are_known_also_for_undated_names() {
        let catalog = catalog();
        let shutdown = |model: &str| catalog.facts("openai", model).and_then(|facts| facts.shutdown);
        for model in ["gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-4.1-mini"] {
            assert_eq!(shutdown(model), Some(date(2027, 1, 14)), "{model}");
        }
        assert_eq!(shutdown("gpt-5-mini"), Some(date(2026, 12, 11)));
        assert_eq!(shutdown("gpt-6-luna"), None);
    }

    #[test]
    fn free_is_this_machine_only_and_unknown_is_unknown() {
        assert_eq!(cost("local", "approved-answers", 7, 7), Some(PicoUsd::ZERO));
        assert_eq!(cost("openai", "gpt-99", 7, 7), None);
        assert_eq!(cost("gemini", "gemma-3-27b-it", 7, 7), None);
        for (provider, models) in &catalog().providers {
            for (model, facts) in models {
                let is_free = facts.prices.iter().any(|price| price.rates.input == 0);
                assert_eq!(is_free, provider == "local", "{provider}/{model}");
            }
        }
    }

    #[test]
    fn both_default_models_are_listed() {
        let catalog = catalog();
        assert!(catalog.facts("openai", crate::DEFAULT_OPENAI_MODEL).is_some());
        assert!(catalog.facts("anthropic", crate::DEFAULT_ANTHROPIC_MODEL).is_some());
    }

    #[test]
    fn an_operator_may_replace_add_and_keep() {
        let json = r#"{"version":"shop-1","providers":{
            "openai":{"gpt-6-luna":{"prices":[{"from":"2026-01-01","input":1,"output":2}]}},
            "ollama":{"llama":{"max_input_tokens":8192}}}}"#;
        let catalog = catalog_with_overrides(json).unwrap();
        let luna = catalog.facts("openai", "gpt-6-luna").unwrap();
        assert_eq!((luna.prices.len(), luna.prices[0].rates.output), (1, 2));
        assert_eq!(luna.max_input_tokens, Some(922_000));
        assert_eq!(catalog.facts("ollama", "llama").unwrap().max_input_tokens, Some(8_192));
        assert_eq!(catalog.version, "2026-11-22+shop-1");
        assert!(catalog.facts("anthropic", "claude-haiku-5-5").is_some());
    }

    #[test]
    fn a_wrong_entry_is_named_with_its_place() {
        let rows = [
            ("{", "the text"),
            ("[]", "the text"),
            ("{}", "providers"),
            (r#"{"models":{}}"#, "the text.models"),
            (r#"{"providers":{"openai":[]}}"#, "providers.openai"),
            (r#"{"providers":{"openai":{"m":7}}}"#, "providers.openai.m"),
            (r#"{"providers":{"openai":{"m":{"price":1}}}}"#, "providers.openai.m.price"),
            (r#"{"providers":{"openai":{"m":{"shutdown":"soon"}}}}"#, "providers.openai.m.shutdown"),
            (
                r#"{"providers":{"openai":{"m":{"max_input_tokens":-1}}}}"#,
                "providers.openai.m.max_input_tokens",
            ),
            (r#"{"providers":{"openai":{"m":{"prices":{}}}}}"#, "providers.openai.m.prices"),
            (
                r#"{"providers":{"openai":{"m":{"minute_prices":[{"from":"2026-01-01","per_minute":-1}]}}}}"#,
                "providers.openai.m.minute_prices[0].per_minute",
            ),
            (
                r#"{"providers":{"openai":{"m":{"prices":[{"from":"2026-01-01","input":1}]}}}}"#,
                "providers.openai.m.prices[0]",
            ),
            (
                r#"{"providers":{"openai":{"m":{"prices":[{"from":"2026-01-01","input":-1,"output":1}]}}}}"#,
                "providers.openai.m.prices[0].input",
            ),
            (
                r#"{"providers":{"openai":{"m":{"prices":[{"from":"2026-01-01","inptu":1,"output":1}]}}}}"#,
                "providers.openai.m.prices[0].inptu",
            ),
            (
                r#"{"providers":{"openai":{"m":{"prices":[{"from":"2026-01-02","input":1,"output":1},{"from":"2026-01-01","input":1,"output":1}]}}}}"#,
                "providers.openai.m.prices[1].from",
            ),
            (
                r#"{"providers":{"openai":{"m":{"prices":[{"from":"2026-01-01","input":1,"output":1,"long_context":{"input":1}}]}}}}"#,
                "providers.openai.m.prices[0]",
            ),
        ];
        for (json, expected) in rows {
            match catalog_with_overrides(json) {
                Err(ConfigError::Catalog { path, problem }) => {
                    assert_eq!(path, expected, "{json}");
                    assert!(!problem.is_empty());
                }
                other => panic!("{json}: {other:?}"),
            }
        }
    }
}
