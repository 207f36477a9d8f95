//! What a call costs a tenant, and the most that one can cost before it is made.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use pytake_tokenizer::Family;

use super::Engine;
use crate::money::{PicoUsd, Price};
use crate::router::Billed;
use crate::tenant::ModelChoice;
use crate::tenant_view::TenantView;

/// Room for what a model is told when its answer is asked for again: a sentence or two of ours.
const OBJECTION_TOKENS: u64 = 500;

/// What the trail calls the tenant's own price table.
pub(crate) const OWN_PRICES: &str = "tenant";

/// The most that a turn can cost, and with whom.
#[derive(Debug, Clone)]
pub(crate) struct Quote {
    pub(crate) at_most: PicoUsd,
    /// The models that it covers: those whose price is known.
    pub(crate) covered: Arc<[ModelChoice]>,
    /// Those it cannot cover.
    pub(crate) unpriced: Vec<ModelChoice>,
}

impl Engine {
    /// The exact cost of a call; a local one is free, one of a model without a price is unknown.
    pub(crate) fn cost(&self, view: &TenantView, call: &Billed, day: Date) -> Option<PicoUsd> {
        if self.is_local(&call.provider) {
            return Some(PicoUsd::ZERO);
        }
        self.price(view, &call.provider, &call.model, day)?.cost(&call.usage)
    }

    /// Whether a provider works on this machine, and costs nothing.
    pub(crate) fn is_local(&self, provider: &str) -> bool {
        self.local_providers.iter().any(|name| name == provider)
    }

    /// Which price table the calls were counted by: the server's, or the tenant's own where one of its prices was used.
    pub(crate) fn price_version(&self, view: &TenantView, calls: &[Billed], day: Date) -> String {
        let is_own = |call: &Billed| view.prices.on(&call.provider, &call.model, day).is_some();
        if calls.iter().any(is_own) { OWN_PRICES.to_owned() } else { self.catalog.version.clone() }
    }

    /// The price in force for a tenant: its own, else the server's.
    pub(crate) fn price<'a>(
        &'a self,
        view: &'a TenantView,
        provider: &str,
        model: &str,
        day: Date,
    ) -> Option<&'a Price> {
        let listed = || self.catalog.facts(provider, model)?.price_on(day);
        view.prices.on(provider, model, day).or_else(listed)
    }

    /// What it costs a tenant to have a recording of this length written down: by its own price of a minute, else by the
    /// server's.
    pub(crate) fn minutes_cost(
        &self,
        view: &TenantView,
        provider: &str,
        model: &str,
        length: Duration,
        day: Date,
    ) -> Option<PicoUsd> {
        match view.prices.minute_on(provider, model, day) {
            Some(own) => own.cost(length),
            None => self.catalog.minutes_cost(provider, model, length, day),
        }
    }

    /// The most that a turn can cost when it may ask these models: every attempt at the dearest of them, each answer at
    /// full length, and every second attempt with the answer before it and an objection in its prompt.
    pub(crate) fn quote(
        &self,
        view: &TenantView,
        models: Vec<ModelChoice>,
        input_tokens: u64,
        max_output_tokens: u32,
        day: Date,
    ) -> Quote {
        // The family that makes the most tokens of a text.
        let counted = usize::try_from(input_tokens).unwrap_or(usize::MAX);
        let input = Family::ClaudeCurrent.estimate(counted) as u64;
        let output = u64::from(max_output_tokens);
        let again = input.saturating_add(output).saturating_add(OBJECTION_TOKENS);
        let (mut covered, mut unpriced) = (Vec::new(), Vec::new());
        let (mut first, mut second) = (PicoUsd::ZERO, PicoUsd::ZERO);
        for choice in models {
            let price = self.price(view, &choice.provider, &choice.model, day);
            let most = price.and_then(|price| Some((price.most(input, output)?, price.most(again, output)?)));
            let Some((plain, repaired)) = most else {
                unpriced.push(choice);
                continue;
            };
            first = first.max(plain);
            second = second.max(repaired);
            covered.push(choice);
        }
        let repairs = i64::from(self.max_attempts / 2);
        let plain = i64::from(self.max_attempts) - repairs;
        let at_most = first.0.saturating_mul(plain).saturating_add(second.0.saturating_mul(repairs));
        Quote { at_most: PicoUsd(at_most), covered: covered.into(), unpriced }
    }
}
