//! A tenant's own prices, ready to be looked up.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::TenantPrice;
use crate::money::{MinutePrice, Price};

/// By provider and model, oldest first.
type OfModels<T> = BTreeMap<(String, String), Vec<T>>;

/// A tenant's own prices, of tokens and of minutes.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnPrices {
    tokens: OfModels<Price>,
    minutes: OfModels<MinutePrice>,
}

impl OwnPrices {
    /// From a tenant's settings. They are checked when they are stored; one that is no price all the same counts for
    /// nothing, and the server's is in force.
    pub(crate) fn of(agreed: &[TenantPrice]) -> Self {
        let mut own = Self::default();
        for agreed in agreed {
            let model = || (agreed.provider.clone(), agreed.model.clone());
            if let Some(price) = agreed.price() {
                own.tokens.entry(model()).or_default().push(price);
            }
            if let Some(price) = agreed.minute_price() {
                own.minutes.entry(model()).or_default().push(price);
            }
        }
        for of_model in own.tokens.values_mut() {
            of_model.sort_by_key(|price| price.from);
        }
        for of_model in own.minutes.values_mut() {
            of_model.sort_by_key(|price| price.from);
        }
        own
    }

    /// The price in force on a day.
    pub(crate) fn on(&self, provider: &str, model: &str, day: Date) -> Option<&Price> {
        of_model(&self.tokens, provider, model)?.iter().rev().find(|price| price.from <= day)
    }

    /// The price of a minute of sound in force on a day.
    pub(crate) fn minute_on(&self, provider: &str, model: &str, day: Date) -> Option<&MinutePrice> {
        of_model(&self.minutes, provider, model)?.iter().rev().find(|price| price.from <= day)
    }
}

fn of_model<'a, T>(prices: &'a OfModels<T>, provider: &str, model: &str) -> Option<&'a Vec<T>> {
    if prices.is_empty() {
        return None;
    }
    prices.get(&(provider.to_owned(), model.to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn agreed(from: Date, input: &str) -> TenantPrice {
        TenantPrice {
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            from,
            input_usd_per_million: Some(input.to_owned()),
            cached_usd_per_million: None,
            output_usd_per_million: Some("2".to_owned()),
            usd_per_minute: None,
        }
    }

    #[test]
    fn each_price_holds_from_its_day_to_the_next_ones_in_whatever_order_they_are_given() {
        let prices = OwnPrices::of(&[
            agreed(date(2026, 12, 1), "0.2"),
            agreed(date(2026, 11, 1), "0.1"),
            agreed(date(2027, 1, 1), "cheap"),
        ]);
        let input =
            |month, day| prices.on("openai", "m", date(2026, month, day)).map(|price| price.rates.input);
        assert_eq!([input(10, 31), input(11, 1), input(11, 30)], [None, Some(100_000), Some(100_000)]);
        assert_eq!(input(12, 1), Some(200_000));
        assert!(prices.on("openai", "n", date(2026, 12, 1)).is_none());
        assert!(prices.on("anthropic", "m", date(2026, 12, 1)).is_none());
    }

    #[test]
    fn minutes_and_tokens_of_one_model_have_each_their_days() {
        let minute = |from, usd: &str| TenantPrice {
            input_usd_per_million: None,
            output_usd_per_million: None,
            usd_per_minute: Some(usd.to_owned()),
            ..agreed(from, "0")
        };
        let prices = OwnPrices::of(&[
            minute(date(2026, 12, 1), "0.002"),
            minute(date(2026, 11, 1), "0.001"),
            agreed(date(2026, 11, 15), "0.1"),
        ]);
        let per_minute = |month, day| {
            prices.minute_on("openai", "m", date(2026, month, day)).map(|price| price.per_minute)
        };
        assert_eq!([per_minute(10, 31), per_minute(11, 20)], [None, Some(1_000_000_000)]);
        assert_eq!(per_minute(12, 1), Some(2_000_000_000));
        assert!(prices.on("openai", "m", date(2026, 11, 14)).is_none());
    }
}
