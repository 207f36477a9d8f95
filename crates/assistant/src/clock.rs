//! The only place that reads the system's clocks.
//!
//! [`Clock::now`] is the calendar (stored, shown); [`Clock::elapsed`] is a monotonic duration since the clock
//! was made (deadlines, breakers, limiters), so that a step of the wall clock changes no decision.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use parking_lot::Mutex;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The calendar instant.
    fn now(&self) -> Timestamp;
    /// Time since the clock was made; never goes back.
    fn elapsed(&self) -> Duration;
}

/// The UTC day of an instant, `YYYY-MM-DD`: the unit of limits and usage.
pub fn utc_day(at: Timestamp) -> Date {
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Time left until the next UTC midnight, when daily limits start anew.
pub fn until_next_utc_day(at: Timestamp) -> Duration {
    until_start_of(utc_day(at).saturating_add(jiff::Span::new().days(1)), at)
}

/// Time left until the first of the next UTC month, when budgets start anew.
pub fn until_next_utc_month(at: Timestamp) -> Duration {
    until_start_of(utc_day(at).first_of_month().saturating_add(jiff::Span::new().months(1)), at)
}

fn until_start_of(day: Date, at: Timestamp) -> Duration {
    let start = day.to_zoned(jiff::tz::TimeZone::UTC).map_or(at, |zoned| zoned.timestamp());
    Duration::try_from(start.duration_since(at)).unwrap_or_default()
}

/// The machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    started: Instant,
}

impl SystemClock {
    /// Starts counting now.
    #[expect(clippy::disallowed_methods, reason = "this is the seam the rule points to")]
    pub fn new() -> Self {
        Self { started: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the seam the rule points to")]
    fn now(&self) -> Timestamp {
        // Whole microseconds, as they are stored: what is answered now reads the same later.
        let now = Timestamp::now();
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug, Clone)]
pub struct TestClock {
    state: Arc<Mutex<(Timestamp, Duration)>>,
}

impl TestClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { state: Arc::new(Mutex::new((now, Duration::ZERO))) }
    }

    /// Moves both readings forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock();
        state.1 += by;
        state.0 = state.0.saturating_add(by).unwrap_or(Timestamp::MAX);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.state.lock().0
    }

    fn elapsed(&self) -> Duration {
        self.state.lock().1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_at_utc_midnight() {
        let at: Timestamp = "2026-11-22T23:59:30Z".parse().unwrap();
        assert_eq!(utc_day(at).to_string(), "2026-11-22");
        assert_eq!(until_next_utc_day(at), Duration::from_secs(30));
        let eight_days = Duration::from_secs(8 * 86_400 + 30);
        assert_eq!(until_next_utc_month(at), eight_days);
    }
}
