//! A tenant's own price, as the price table counts.

use super::TenantPrice;
use crate::money::{MinutePrice, PicoUsd, Price, Rates};

impl TenantPrice {
    /// The price of tokens in the table's unit. `None` where it has none, or where one of its numbers is no decimal of US
    /// dollars, is over 9 million, or is not a whole number of pico-US-dollars for one token: six decimals are the finest
    /// that is.
    pub fn price(&self) -> Option<Price> {
        let cached = match &self.cached_usd_per_million {
            Some(text) => Some(pico_usd_per_token(text)?),
            None => None,
        };
        let rates = Rates {
            input: pico_usd_per_token(self.input_usd_per_million.as_deref()?)?,
            cached,
            cache_write: None,
            cache_write_long: None,
            output: pico_usd_per_token(self.output_usd_per_million.as_deref()?)?,
        };
        Some(Price { from: self.from, rates, long_context: None })
    }

    /// The price of a minute of sound. `None` where it has none, or where it is no decimal of US dollars, of at most twelve
    /// decimals and 9 million.
    pub fn minute_price(&self) -> Option<MinutePrice> {
        let per_minute = pico_usd_per_minute(self.usd_per_minute.as_deref()?)?;
        Some(MinutePrice { from: self.from, per_minute })
    }
}

/// Reads US dollars for a million tokens as pico-US-dollars for one, exactly or not at all.
pub(crate) fn pico_usd_per_token(usd_per_million: &str) -> Option<i64> {
    const TOKENS: i64 = 1_000_000;
    let of_a_million = PicoUsd::parse_usd(usd_per_million)?.0;
    (of_a_million % TOKENS == 0).then_some(of_a_million / TOKENS)
}

/// Reads US dollars for a minute as pico-US-dollars, exactly or not at all.
pub(crate) fn pico_usd_per_minute(usd: &str) -> Option<i64> {
    PicoUsd::parse_usd(usd).map(|price| price.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::money::TokenUsage;

    fn agreed() -> TenantPrice {
        TenantPrice {
            provider: "openai".to_owned(),
            model: "gpt-5-mini".to_owned(),
            from: date(2026, 11, 1),
            input_usd_per_million: Some("0.15".to_owned()),
            cached_usd_per_million: Some("0.075".to_owned()),
            output_usd_per_million: Some("0.6".to_owned()),
            usd_per_minute: None,
        }
    }

    #[test]
    fn an_agreed_price_counts_to_the_last_unit() {
        let price = agreed().price().unwrap();
        assert_eq!(
            (price.rates.input, price.rates.cached, price.rates.output),
            (150_000, Some(75_000), 600_000)
        );
        let usage = TokenUsage {
            input_tokens: 1_000_000,
            cached_tokens: 500_000,
            output_tokens: 3,
            ..TokenUsage::default()
        };
        assert_eq!(price.cost(&usage), Some(PicoUsd(112_500_000_000 + 1_800_000)));
        let wrong = TenantPrice { cached_usd_per_million: Some("cheap".to_owned()), ..agreed() };
        assert_eq!((wrong.price(), wrong.minute_price()), (None, None));
    }

    #[test]
    fn a_price_by_the_minute_is_none_of_tokens() {
        let agreed = TenantPrice {
            input_usd_per_million: None,
            cached_usd_per_million: None,
            output_usd_per_million: None,
            usd_per_minute: Some("0.0043".to_owned()),
            ..agreed()
        };
        assert_eq!(agreed.price(), None);
        let minute = agreed.minute_price().unwrap();
        assert_eq!(minute.cost(Duration::from_secs(30)), PicoUsd::parse_usd("0.00215"));
    }

    #[test]
    fn what_is_no_exact_price_is_none() {
        for exact in ["0", "0.000001", "2.50", "15", "0.1500000"] {
            assert!(pico_usd_per_token(exact).is_some(), "{exact}");
        }
        for wrong in ["", "-1", "1e-3", "0,15", "0.0000001", ".5", "99999999", "$1"] {
            assert_eq!(pico_usd_per_token(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn every_price_of_six_decimals_reads_back(millionths in 0_i64..9_000_000_000_000) {
            let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
            prop_assert_eq!(pico_usd_per_token(&text), Some(millionths));
        }
    }
}
