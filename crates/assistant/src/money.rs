//! Tokens by class, prices with dates, and exact cost.
//!
//! Money is an integer number of pico-US-dollars (10⁻¹² USD): the cheapest listed class, 0.0028 USD per
//! million tokens, is 2,800 of them per token, so nothing is rounded before the last step. Micro-USD, the
//! unit of the API, is rounded once from a sum. An unknown price is `None`, never zero.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a provider says a call used. Every count is part of a total, see each field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUsage {
    /// Whole prompt, cached and cache-writing tokens included (OpenAI's meaning; Anthropic's is normalised to it).
    pub input_tokens: u64,
    /// Part of `input_tokens` read from the provider's cache.
    pub cached_tokens: u64,
    /// Part of `input_tokens` written to the provider's short-lived cache (5 minutes at Anthropic).
    pub cache_write_tokens: u64,
    /// Part of `input_tokens` written to the provider's one-hour cache.
    pub cache_write_long_tokens: u64,
    /// Whole answer, reasoning included.
    pub output_tokens: u64,
    /// Part of `output_tokens` the provider thought with and did not show.
    pub reasoning_tokens: u64,
    /// True when the provider sent no numbers and they were counted here.
    #[serde(default)]
    pub is_estimated: bool,
}

impl TokenUsage {
    /// Input and output together.
    pub fn total(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl Add for TokenUsage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            cache_write_tokens: self.cache_write_tokens.saturating_add(other.cache_write_tokens),
            cache_write_long_tokens: self
                .cache_write_long_tokens
                .saturating_add(other.cache_write_long_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            is_estimated: self.is_estimated || other.is_estimated,
        }
    }
}

impl AddAssign for TokenUsage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// An amount in pico-US-dollars (10⁻¹² USD). The range ends at 9.2 million USD; sums saturate there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PicoUsd(pub i64);

impl PicoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// Pico-USD in one micro-USD.
    pub const PER_MICRO: i64 = 1_000_000;

    /// From whole micro-USD.
    pub fn from_micro_usd(micro: i64) -> Self {
        Self(micro.saturating_mul(Self::PER_MICRO))
    }

    /// Parses a decimal number of US dollars such as `25` or `0.5` exactly.
    ///
    /// Returns `None` for anything else: signs, exponents, more than 12 decimals, or over 9 million.
    pub fn parse_usd(text: &str) -> Option<Self> {
        let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
        let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > 12 {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let fraction: i64 = format!("{fraction:0<12}").parse().ok()?;
        whole.checked_mul(1_000_000_000_000)?.checked_add(fraction).map(Self)
    }

    /// Whole micro-USD, half rounded up: the unit of the API.
    pub fn micro_usd(self) -> i64 {
        self.0.saturating_add(Self::PER_MICRO / 2).div_euclid(Self::PER_MICRO)
    }
}

impl Add for PicoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for PicoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for PicoUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for PicoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:012} USD", self.0 / 1_000_000_000_000, (self.0 % 1_000_000_000_000).abs())
    }
}

/// What one token of each class costs, in pico-USD. A class without a price makes the cost unknown only
/// when such tokens were used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rates {
    /// A fresh prompt token.
    pub input: i64,
    /// A prompt token read from cache; `None`: billed as a fresh one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached: Option<i64>,
    /// A prompt token written to the short cache; `None`: billed as a fresh one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<i64>,
    /// A prompt token written to the one-hour cache; `None`: as the short cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_long: Option<i64>,
    /// An answer token, reasoning included.
    pub output: i64,
}

impl Rates {
    /// A prompt token of the dearest class.
    fn dearest_input(&self) -> i64 {
        let classes = [self.cached, self.cache_write, self.cache_write_long];
        classes.into_iter().flatten().fold(self.input, i64::max)
    }

    fn cost(&self, usage: &TokenUsage) -> Option<PicoUsd> {
        let written = usage.cache_write_tokens.saturating_add(usage.cache_write_long_tokens);
        let fresh = usage.input_tokens.saturating_sub(usage.cached_tokens.saturating_add(written));
        let cache_write = self.cache_write.unwrap_or(self.input);
        let parts = [
            (fresh, self.input),
            (usage.cached_tokens, self.cached.unwrap_or(self.input)),
            (usage.cache_write_tokens, cache_write),
            (usage.cache_write_long_tokens, self.cache_write_long.unwrap_or(cache_write)),
            (usage.output_tokens, self.output),
        ];
        let mut sum = 0_i64;
        for (tokens, rate) in parts {
            sum = sum.checked_add(i64::try_from(tokens).ok()?.checked_mul(rate)?)?;
        }
        Some(PicoUsd(sum))
    }
}

/// A model's price from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// First UTC day on which it holds.
    pub from: Date,
    /// Rates for ordinary prompts.
    #[serde(flatten)]
    pub rates: Rates,
    /// Rates for the whole request once the prompt has more than that many tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_context: Option<LongContext>,
}

/// Dearer rates that apply to a whole request when its prompt is long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongContext {
    /// Prompt tokens above which `rates` apply.
    pub above_input_tokens: u64,
    /// The rates then.
    #[serde(flatten)]
    pub rates: Rates,
}

impl Price {
    /// The exact cost of a call. `None` only where the sum leaves the range of [`PicoUsd`].
    pub fn cost(&self, usage: &TokenUsage) -> Option<PicoUsd> {
        self.rates_for(usage.input_tokens).cost(usage)
    }

    /// The most that a call with so many tokens can cost, whichever of them the vendor's cache takes or has. `None` as for
    /// [`Price::cost`].
    pub fn most(&self, input_tokens: u64, output_tokens: u64) -> Option<PicoUsd> {
        let rates = self.rates_for(input_tokens);
        let of = |tokens: u64, rate: i64| i64::try_from(tokens).ok()?.checked_mul(rate);
        let input = of(input_tokens, rates.dearest_input())?;
        input.checked_add(of(output_tokens, rates.output)?).map(PicoUsd)
    }

    fn rates_for(&self, input_tokens: u64) -> &Rates {
        match &self.long_context {
            Some(long) if input_tokens > long.above_input_tokens => &long.rates,
            _ => &self.rates,
        }
    }
}

/// What a minute of sound costs from a day on, at models that write it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MinutePrice {
    /// First UTC day on which it holds.
    pub from: Date,
    /// A minute, in pico-USD; parts of a minute cost their part.
    pub per_minute: i64,
}

impl MinutePrice {
    /// The cost of a recording, to the millisecond. `None` only where it leaves the range of [`PicoUsd`].
    pub fn cost(&self, length: Duration) -> Option<PicoUsd> {
        const MS_PER_MINUTE: i128 = 60_000;
        let length_ms = i128::try_from(length.as_millis()).ok()?;
        let cost = i128::from(self.per_minute).checked_mul(length_ms)?.checked_add(MS_PER_MINUTE / 2)?;
        i64::try_from(cost.div_euclid(MS_PER_MINUTE)).ok().map(PicoUsd)
    }
}

/// What is known about one model of one provider.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFacts {
    /// Longest prompt in tokens; `None` where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_input_tokens: Option<u64>,
    /// Longest answer in tokens; `None` where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// Day on which the vendor switches it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<Date>,
    /// Prices, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prices: Vec<Price>,
    /// Prices by the minute of sound, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub minute_prices: Vec<MinutePrice>,
}

impl ModelFacts {
    /// The price in force on a day.
    pub fn price_on(&self, day: Date) -> Option<&Price> {
        self.prices.iter().rev().find(|price| price.from <= day)
    }

    /// The price of a minute in force on a day.
    pub fn minute_price_on(&self, day: Date) -> Option<&MinutePrice> {
        self.minute_prices.iter().rev().find(|price| price.from <= day)
    }
}

/// Facts and prices of models, by provider and model; a dated data file, overridable by the operator.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ModelCatalog {
    /// Name of this table, for the decision trail: where a cost came from.
    pub version: String,
    /// Provider name, then model id.
    pub providers: BTreeMap<String, BTreeMap<String, ModelFacts>>,
}

impl ModelCatalog {
    /// What is known of a model; `None` for a model nobody listed.
    pub fn facts(&self, provider: &str, model: &str) -> Option<&ModelFacts> {
        self.providers.get(provider)?.get(model)
    }

    /// The cost of a call on a day, or `None` where the model has no listed price.
    pub fn cost(&self, provider: &str, model: &str, usage: &TokenUsage, day: Date) -> Option<PicoUsd> {
        self.facts(provider, model)?.price_on(day)?.cost(usage)
    }

    /// The cost of writing down a recording of this length, or `None` where the model has no listed price by the minute.
    pub fn minutes_cost(&self, provider: &str, model: &str, length: Duration, day: Date) -> Option<PicoUsd> {
        self.facts(provider, model)?.minute_price_on(day)?.cost(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn luna() -> Price {
        let rates = |factor: i64| Rates {
            input: 100_000 * factor,
            cached: Some(10_000 * factor),
            cache_write: None,
            cache_write_long: None,
            output: 500_000 * factor,
        };
        Price {
            from: date(2026, 10, 1),
            rates: rates(1),
            long_context: Some(LongContext { above_input_tokens: 272_000, rates: rates(2) }),
        }
    }

    #[test]
    fn cached_tokens_are_part_of_the_input() {
        let usage =
            TokenUsage { input_tokens: 1_000, cached_tokens: 600, output_tokens: 100, ..Default::default() };
        // 400 × 0.1 + 600 × 0.01 + 100 × 0.5 micro-USD
        assert_eq!(luna().cost(&usage).unwrap().micro_usd(), 40 + 6 + 50);
    }

    #[test]
    fn a_long_prompt_makes_the_whole_request_dearer() {
        let usage = TokenUsage { input_tokens: 272_001, ..Default::default() };
        assert_eq!(luna().cost(&usage), Some(PicoUsd(272_001 * 200_000)));
    }

    #[test]
    fn a_model_without_a_price_costs_unknown_not_nothing() {
        let catalog = ModelCatalog::default();
        let usage = TokenUsage { input_tokens: 1, ..Default::default() };
        assert_eq!(catalog.cost("openai", "new-model", &usage, date(2026, 11, 22)), None);
    }

    #[test]
    fn the_most_a_call_can_cost_is_at_the_dearest_class_of_its_length() {
        let mut price = luna();
        price.rates.cache_write = Some(125_000);
        assert_eq!(price.most(1_000, 10), Some(PicoUsd(1_000 * 125_000 + 10 * 500_000)));
        assert_eq!(price.most(272_001, 0), Some(PicoUsd(272_001 * 200_000)));
        assert_eq!(price.most(u64::MAX, 0), None);
        let written = TokenUsage {
            input_tokens: 1_000,
            cache_write_tokens: 1_000,
            output_tokens: 10,
            ..Default::default()
        };
        assert_eq!(price.cost(&written), price.most(1_000, 10));
    }

    #[test]
    fn tokens_beyond_counting_have_an_unknown_cost() {
        let usage = TokenUsage {
            input_tokens: u64::MAX,
            cached_tokens: u64::MAX,
            cache_write_tokens: 1,
            cache_write_long_tokens: u64::MAX,
            ..Default::default()
        };
        assert_eq!(luna().cost(&usage), None);
    }

    #[test]
    fn a_price_holds_from_its_first_day() {
        let facts = ModelFacts { prices: vec![luna()], ..Default::default() };
        assert!(facts.price_on(date(2026, 9, 30)).is_none());
        assert!(facts.price_on(date(2026, 10, 1)).is_some());
    }

    #[test]
    fn a_minute_of_sound_is_priced_to_the_millisecond() {
        // 0.0045 USD a minute.
        let price = MinutePrice { from: date(2026, 11, 22), per_minute: 4_500_000_000 };
        assert_eq!(price.cost(Duration::from_mins(1)), PicoUsd::parse_usd("0.0045"));
        assert_eq!(price.cost(Duration::from_secs(20)), PicoUsd::parse_usd("0.0015"));
        assert_eq!(price.cost(Duration::from_millis(1)), Some(PicoUsd(75_000)));
        assert_eq!(price.cost(Duration::MAX), None);
        let facts = ModelFacts { minute_prices: vec![price], ..Default::default() };
        assert!(facts.minute_price_on(date(2026, 11, 21)).is_none());
    }

    #[test]
    fn dollars_are_read_exactly() {
        assert_eq!(PicoUsd::parse_usd("25"), Some(PicoUsd::from_micro_usd(25_000_000)));
        assert_eq!(PicoUsd::parse_usd("0.1"), Some(PicoUsd::from_micro_usd(100_000)));
        for bad in ["", "-1", "1e3", "1,5", "1.0000000000001", "99999999999"] {
            assert_eq!(PicoUsd::parse_usd(bad), None, "{bad}");
        }
    }
}
