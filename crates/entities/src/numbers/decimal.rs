//! Decimal numbers that are exact: what a customer writes is never rounded on the way.

use std::fmt;

/// The most digits a number may have; beyond it a row of digits is a code, not a number.
const MOST_DIGITS: usize = 27;

/// How many places a quotient keeps ("1/3" has no end).
const PLACES_OF_A_QUOTIENT: u32 = 15;

/// A decimal number: `mantissa` divided by ten to the power of `scale`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    mantissa: i128,
    scale: u32,
}

impl Decimal {
    /// Makes the number `mantissa` / 10^`scale`.
    pub const fn new(mantissa: i128, scale: u32) -> Self {
        Self { mantissa, scale }
    }

    /// Reads `whole` and `fraction`, which are ASCII digits only; the mark between them is gone already.
    pub(crate) fn from_digits(whole: &str, fraction: &str) -> Option<Self> {
        if whole.len() + fraction.len() > MOST_DIGITS {
            return None;
        }
        let digits = whole.bytes().chain(fraction.bytes());
        let mantissa = digits.fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        Some(Self { mantissa, scale: u32::try_from(fraction.len()).ok()? })
    }

    /// The digits as an integer, without the decimal mark.
    pub fn mantissa(self) -> i128 {
        self.mantissa
    }

    /// How many of the mantissa's digits stand after the decimal mark, as written.
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// The number as an integer, if it is one and fits.
    pub fn to_integer(self) -> Option<i64> {
        let plain = self.trimmed();
        if plain.scale == 0 { i64::try_from(plain.mantissa).ok() } else { None }
    }

    /// The nearest integer, if it fits.
    pub(crate) fn rounded(self) -> Option<i64> {
        let divisor = 10_i128.checked_pow(self.scale)?;
        let half = if self.mantissa < 0 { -divisor / 2 } else { divisor / 2 };
        i64::try_from(self.mantissa.checked_add(half)? / divisor).ok()
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    /// The sum, unless it overflows.
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let left = self.at_scale(scale)?;
        let right = other.at_scale(scale)?;
        Some(Self { mantissa: left.checked_add(right)?, scale })
    }

    /// The product, unless it overflows.
    pub fn times(self, other: Self) -> Option<Self> {
        let mantissa = self.mantissa.checked_mul(other.mantissa)?;
        Some(Self { mantissa, scale: self.scale.checked_add(other.scale)? }.trimmed())
    }

    /// The quotient to 15 places, rounded half away from zero, unless it overflows.
    pub fn divided_by(self, other: Self) -> Option<Self> {
        let shift = PLACES_OF_A_QUOTIENT.checked_add(other.scale)?.checked_sub(self.scale)?;
        let dividend = self.mantissa.checked_mul(10_i128.checked_pow(shift)?)?;
        let divisor = other.mantissa;
        let quotient = dividend.checked_div(divisor)?;
        let rest = dividend.checked_rem(divisor)?;
        let away =
            if rest.checked_mul(2)?.abs() >= divisor.abs() { (dividend ^ divisor).signum() | 1 } else { 0 };
        Some(Self { mantissa: quotient.checked_add(away)?, scale: PLACES_OF_A_QUOTIENT }.trimmed())
    }

    /// The same number with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self { mantissa: -self.mantissa, scale: self.scale }
    }

    fn at_scale(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }

    fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.mantissa % 10 == 0 {
            self.mantissa /= 10;
            self.scale -= 1;
        }
        self
    }
}

impl From<i64> for Decimal {
    fn from(integer: i64) -> Self {
        Self { mantissa: i128::from(integer), scale: 0 }
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        let (left, right) = (self.trimmed(), other.trimmed());
        left.mantissa == right.mantissa && left.scale == right.scale
    }
}

impl Eq for Decimal {}

/// Writes it with a point and without zeros that say nothing: "1234.5".
impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = self.trimmed();
        let sign = if plain.mantissa < 0 { "-" } else { "" };
        let digits = plain.mantissa.unsigned_abs().to_string();
        let places = plain.scale as usize;
        if places == 0 {
            return write!(formatter, "{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = places + 1);
        let (whole, fraction) = padded.split_at(padded.len() - places);
        write!(formatter, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_it_means_and_no_more() {
        assert_eq!(Decimal::new(123_450, 2).to_string(), "1234.5");
        assert_eq!(Decimal::new(-5, 2).to_string(), "-0.05");
        assert_eq!(Decimal::new(1200, 0).to_string(), "1200");
    }

    #[test]
    fn quotients_are_rounded_at_fifteen_places() {
        let third = Decimal::from(2).divided_by(Decimal::from(3));
        assert_eq!(third.map(|value| value.to_string()).as_deref(), Some("0.666666666666667"));
        assert_eq!(Decimal::from(3).divided_by(Decimal::from(4)), Some(Decimal::new(75, 2)));
        assert_eq!(Decimal::from(3).divided_by(Decimal::from(0)), None);
    }

    #[test]
    fn a_row_of_digits_too_long_is_no_number() {
        assert_eq!(Decimal::from_digits(&"9".repeat(28), ""), None);
        assert!(Decimal::from_digits(&"9".repeat(27), "").is_some());
    }
}
