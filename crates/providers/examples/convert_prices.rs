//! Makes `data/models.json` from a price list in the format of LiteLLM's table (see `data/README.md`).
//!
//! `cargo run -p pytake-providers --example convert_prices -- PRICES.json > crates/providers/data/models.json`
//!
//! The same input gives the same bytes. Kept: chat models with a price, their ordinary rates, cache classes,
//! one long-context tier, shutdown days. Left out: batch, flex, priority and other service tiers, prices per
//! second or image, fine-tuned ids (never equal to the id one calls), and models listed at zero, because
//! "free" and "unknown" look the same there and a cost must never be invented.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use jiff::civil::Date;
use pytake_assistant::money::{LongContext, ModelCatalog, ModelFacts, Price, Rates};
use serde_json::Value;

fn main() -> Result<()> {
    let path = std::env::args().nth(1).context("usage: convert_prices PRICES.json")?;
    let list: Value = serde_json::from_slice(&std::fs::read(&path).with_context(|| path.clone())?)?;
    let catalog = convert(&list)?;
    println!("{}", serde_json::to_string_pretty(&catalog)?);
    Ok(())
}

fn convert(list: &Value) -> Result<ModelCatalog> {
    let retrieved = list["_meta"]["retrieved"].as_str().context("_meta.retrieved")?;
    let from: Date = retrieved.parse()?;
    let mut providers = BTreeMap::new();
    for (provider, models) in list["providers"].as_object().context("providers")? {
        let mut kept = BTreeMap::new();
        for (model, entry) in models.as_object().context("models")? {
            if entry["mode"] != "chat" || model.starts_with("ft:") {
                continue;
            }
            let facts = facts(entry, from).with_context(|| format!("{provider}/{model}"))?;
            kept.extend(facts.map(|facts| (model.clone(), facts)));
        }
        date_undated_names(&mut kept);
        providers.insert(provider.clone(), kept);
    }
    providers.insert("local".to_owned(), this_machine());
    Ok(ModelCatalog { version: retrieved.to_owned(), providers })
}

fn facts(entry: &Value, from: Date) -> Result<Option<ModelFacts>> {
    let prices = &entry["price"];
    let Some(rates) = rates(prices, "")? else { return Ok(None) };
    if rates.input == 0 && rates.output == 0 {
        return Ok(None);
    }
    let shutdown = entry["deprecation_date"].as_str().map(str::parse).transpose()?;
    Ok(Some(ModelFacts {
        max_input_tokens: entry["max_input_tokens"].as_u64(),
        max_output_tokens: entry["max_output_tokens"].as_u64(),
        shutdown,
        prices: vec![Price { from, rates, long_context: long_context(prices)? }],
        minute_prices: Vec::new(),
    }))
}

/// The one tier above which a whole request is dearer; a list with two of them does not fit our table.
fn long_context(prices: &Value) -> Result<Option<LongContext>> {
    let mut found = None;
    for key in prices.as_object().context("price")?.keys() {
        let Some(tier) = key.strip_prefix("input_cost_per_token_above_") else { continue };
        let Some(thousands) = tier.strip_suffix("k_tokens") else { continue };
        ensure!(found.is_none(), "two long-context tiers");
        let above_input_tokens = thousands.parse::<u64>()? * 1_000;
        let rates = rates(prices, &format!("_above_{thousands}k_tokens"))?.context("half a tier")?;
        found = Some(LongContext { above_input_tokens, rates });
    }
    Ok(found)
}

fn rates(prices: &Value, tier: &str) -> Result<Option<Rates>> {
    let price = |key: &str| pico_usd(&prices[format!("{key}{tier}")]).with_context(|| format!("{key}{tier}"));
    let (Some(input), Some(output)) = (price("input_cost_per_token")?, price("output_cost_per_token")?)
    else {
        return Ok(None);
    };
    let cached = match price("cache_read_input_token_cost")? {
        Some(cached) => Some(cached),
        None => price("input_cost_per_token_cache_hit")?,
    };
    if let Some(reasoning) = price("output_cost_per_reasoning_token")? {
        ensure!(reasoning == output, "reasoning tokens have their own price");
    }
    Ok(Some(Rates {
        input,
        cached,
        cache_write: price("cache_creation_input_token_cost")?,
        cache_write_long: price("cache_creation_input_token_cost_above_1hr")?,
        output,
    }))
}

/// USD for one token, as a JSON number, in whole pico-USD.
fn pico_usd(price: &Value) -> Result<Option<i64>> {
    let Some(usd) = price.as_f64() else { return Ok(None) };
    let pico = usd * 1e12;
    if !(0.0..1e12).contains(&pico) || (pico - pico.round()).abs() > 1e-3 {
        bail!("{usd} USD a token is not a whole number of pico-USD");
    }
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked one line above")]
    Ok(Some(pico.round() as i64))
}

/// `gpt-4o` without a date of its own lives as long as the last of its dated versions, if all have a day.
fn date_undated_names(models: &mut BTreeMap<String, ModelFacts>) {
    let dated: Vec<(String, Option<Date>)> = models
        .iter()
        .filter_map(|(id, facts)| {
            let (name, day) = id.split_at_checked(id.len().checked_sub(11)?)?;
            day.strip_prefix('-')?.parse::<Date>().ok()?;
            Some((name.to_owned(), facts.shutdown))
        })
        .collect();
    for (id, facts) in models.iter_mut().filter(|(_, facts)| facts.shutdown.is_none()) {
        let days: Option<Vec<Date>> =
            dated.iter().filter(|(name, _)| name == id).map(|(_, day)| *day).collect();
        facts.shutdown = days.and_then(|days| days.into_iter().max());
    }
}

/// Answers made on this machine cost nothing, whenever they are made.
fn this_machine() -> BTreeMap<String, ModelFacts> {
    let rates = Rates { input: 0, cached: None, cache_write: None, cache_write_long: None, output: 0 };
    let price = Price { from: Date::constant(1970, 1, 1), rates, long_context: None };
    BTreeMap::from([(
        "approved-answers".to_owned(),
        ModelFacts { prices: vec![price], ..Default::default() },
    )])
}
