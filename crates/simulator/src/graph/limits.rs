//! Meta's rates, where a test wants them kept.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::failure::Failure;

/// Which rates are kept. By default none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Messages to one person; over it: 131056.
    pub pair: Option<PairLimit>,
    /// Messages of one number in a second; over it: 130429.
    pub per_second: Option<u32>,
}

/// A steady rate with a burst that is borrowed from the future (GCRA).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairLimit {
    /// One message in this time.
    pub every: Duration,
    /// So many at once.
    pub burst: u32,
}

impl Limits {
    /// Meta's own: 1 message in 6 s to one person with bursts of 45, 80 in a second in all (WhatsApp Cloud API,
    /// throughput and pair rate limits).
    pub fn meta() -> Self {
        Self { pair: Some(PairLimit { every: Duration::from_secs(6), burst: 45 }), per_second: Some(80) }
    }
}

/// What was sent lately.
#[derive(Debug, Default)]
pub(super) struct Usage {
    /// When the next message to a person would be due at the steady rate.
    due: HashMap<(String, String), Duration>,
    last_second: HashMap<String, VecDeque<Duration>>,
}

impl Usage {
    /// Books a message, or says which rate it is over; then nothing is booked.
    pub(super) fn book(
        &mut self,
        limits: Limits,
        number: &str,
        recipient: &str,
        now: Duration,
    ) -> Result<(), Failure> {
        let sent = self.last_second.entry(number.to_owned()).or_default();
        while sent.front().is_some_and(|at| *at + Duration::from_secs(1) <= now) {
            sent.pop_front();
        }
        if limits.per_second.is_some_and(|most| sent.len() >= most as usize) {
            return Err(Failure::rate(130_429));
        }
        if let Some(pair) = limits.pair {
            let due = self.due.entry((number.to_owned(), recipient.to_owned())).or_default();
            let next = (*due).max(now);
            let borrowed = pair.every * pair.burst.saturating_sub(1);
            if next > now + borrowed {
                return Err(Failure::rate(131_056));
            }
            *due = next + pair.every;
        }
        if limits.per_second.is_some() {
            sent.push_back(now);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_borrowed_and_then_the_steady_rate_holds() {
        let mut usage = Usage::default();
        let mut send = |seconds| usage.book(Limits::meta(), "1", "ana", Duration::from_secs(seconds));
        for _ in 0..45 {
            assert!(send(0).is_ok());
        }
        assert_eq!(send(0).map_err(|failure| failure.code), Err(131_056));
        assert_eq!(send(5).map_err(|failure| failure.code), Err(131_056));
        assert!(send(6).is_ok() && send(6).is_err());
        assert!(usage.book(Limits::meta(), "1", "bia", Duration::ZERO).is_ok(), "others are not held");
    }

    #[test]
    fn the_rate_of_a_number_is_over_one_second() {
        let mut usage = Usage::default();
        let limits = Limits { per_second: Some(2), pair: None };
        let mut send = |ms| usage.book(limits, "1", "ana", Duration::from_millis(ms)).is_ok();
        assert_eq!(
            [send(0), send(500), send(999), send(1_000), send(1_001)],
            [true, true, false, true, false]
        );
    }
}
