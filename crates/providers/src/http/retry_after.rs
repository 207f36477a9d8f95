//! How long a vendor asks us to wait.
//!
//! `retry-after-ms`, then `retry-after` as seconds or as an HTTP date, then the reset of a used-up rate
//! limit. A wait that is not positive counts as absent: Azure has sent -1 and 0.

use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::HeaderMap;

/// A day: nothing that answers chats waits longer, and a broken number must not bench a provider for years.
const MAX_WAIT: Duration = Duration::from_hours(24);

/// The wait named by the headers of an answer.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let milliseconds = || seconds(text("retry-after-ms")?.parse::<f64>().ok()? / 1_000.0);
    let named = || {
        let value = text("retry-after")?;
        match value.parse::<f64>() {
            Ok(number) => seconds(number),
            Err(_) => until(value, text("date")?),
        }
    };
    let reset = || {
        ["requests", "tokens"]
            .iter()
            .filter(|unit| text(&format!("x-ratelimit-remaining-{unit}")) == Some("0"))
            .filter_map(|unit| go_duration(text(&format!("x-ratelimit-reset-{unit}"))?))
            .max()
    };
    milliseconds().or_else(named).or_else(reset)
}

/// A delay of Google's `RetryInfo`, as `34s` or `34.07s`.
pub(crate) fn retry_info(delay: &str) -> Option<Duration> {
    seconds(delay.trim().strip_suffix('s')?.parse().ok()?)
}

fn seconds(number: f64) -> Option<Duration> {
    let wait = Duration::try_from_secs_f64(number).ok()?;
    if wait.is_zero() { None } else { Some(wait.min(MAX_WAIT)) }
}

/// From the answer's own date to the wished one: the vendor's clock against the vendor's clock.
fn until(date: &str, answered_at: &str) -> Option<Duration> {
    let parse = |text: &str| rfc2822::parse(text).ok().map(|date| date.timestamp());
    let wait = parse(date)?.duration_since(parse(answered_at)?);
    seconds(wait.as_secs_f64())
}

/// A duration as Go prints it: `12ms`, `1s`, `6m0s`, `1h2m3.5s`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut sum = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let factor = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" | "µs" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        sum += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    seconds(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn wait(headers: &[(&'static str, &'static str)]) -> Option<u128> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        retry_after(&headers).map(|wait| wait.as_millis())
    }

    #[test]
    fn milliseconds_win_over_seconds() {
        assert_eq!(wait(&[("retry-after-ms", "1500"), ("retry-after", "9")]), Some(1_500));
        assert_eq!(wait(&[("retry-after-ms", "-1"), ("retry-after", "9")]), Some(9_000));
    }

    #[test]
    fn seconds_may_be_broken_and_dates_count_from_the_answers_own() {
        assert_eq!(wait(&[("retry-after", "0.25")]), Some(250));
        let date = ("date", "Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 10:00:30 GMT"), date]), Some(30_000));
        assert_eq!(wait(&[("retry-after", "Sun, 22 Nov 2026 09:00:30 GMT"), date]), None);
    }

    #[test]
    fn what_is_not_positive_or_not_a_number_counts_as_absent() {
        for value in ["0", "-1", "", "soon", "NaN", "inf"] {
            assert_eq!(wait(&[("retry-after", value)]), None, "{value}");
        }
        assert_eq!(wait(&[]), None);
        assert_eq!(wait(&[("retry-after", "1e9")]), Some(86_400_000));
    }

    #[test]
    fn a_used_up_limit_says_when_it_is_full_again() {
        let left = ("x-ratelimit-remaining-requests", "0");
        let cases = [("12ms", Some(12)), ("1s", Some(1_000)), ("6m0s", Some(360_000)), ("soon", None)];
        for (text, expected) in cases {
            assert_eq!(wait(&[left, ("x-ratelimit-reset-requests", text)]), expected, "{text}");
        }
        assert_eq!(go_duration("1h2m3.5s"), Some(Duration::from_millis(3_723_500)));
        assert_eq!(
            wait(&[("x-ratelimit-remaining-requests", "3"), ("x-ratelimit-reset-requests", "1s")]),
            None
        );
    }

    #[test]
    fn google_names_its_wait_in_the_body() {
        assert_eq!(retry_info("34.07s"), Some(Duration::from_millis(34_070)));
        assert_eq!(retry_info("0s"), None);
        assert_eq!(retry_info("34"), None);
    }
}
