//! A tenant's own prices, ready to be looked up.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::TenantPrice;
use crate::money::Price;

/// A tenant's own prices by provider and model, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnPrices(BTreeMap<(String, String), Vec<Price>>);

impl OwnPrices {
    /// From a tenant's settings. They are checked when they are stored; one that is no price all the same counts for
    /// nothing, and the server's is in force.
    pub(crate) fn of(agreed: &[TenantPrice]) -> Self {
        let mut prices: BTreeMap<(String, String), Vec<Price>> = BTreeMap::new();
        for agreed in agreed {
            let Some(price) = agreed.price() else { continue };
            prices.entry((agreed.provider.clone(), agreed.model.clone())).or_default().push(price);
        }
        for of_model in prices.values_mut() {
            of_model.sort_by_key(|price| price.from);
        }
        Self(prices)
    }

    /// The price in force on a day.
    pub(crate) fn on(&self, provider: &str, model: &str, day: Date) -> Option<&Price> {
        if self.0.is_empty() {
            return None;
        }
        let of_model = self.0.get(&(provider.to_owned(), model.to_owned()))?;
        of_model.iter().rev().find(|price| price.from <= day)
    }
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
            input_usd_per_million: input.to_owned(),
            cached_usd_per_million: None,
            output_usd_per_million: "2".to_owned(),
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
}
