//! The customer service window: for how long after a customer's message a business may write freely.
//!
//! Judged at the moment of sending. The channel's own refusal goes before this computation.

use jiff::Timestamp;
use std::time::Duration;

/// 24 hours from the customer's newest message (WhatsApp Cloud API, customer service windows), closed 5 minutes early:
/// clocks differ, and a message may wait on the way.
pub const WINDOW: Duration = Duration::from_mins(24 * 60 - 5);

/// A channel's clock may be this much ahead of ours: the 5 minutes by which [`WINDOW`] closes early.
const MAX_AHEAD: Duration = Duration::from_mins(5);

/// Meta repeats a webhook that was not acknowledged for up to 7 days; what is older cannot be true.
const MAX_AGE: Duration = Duration::from_hours(7 * 24);

/// Whether free-form messages may be sent now. `window_from` is when the newest message that opens the window was
/// written; without one the window is closed.
pub fn is_window_open(window_from: Option<Timestamp>, now: Timestamp) -> bool {
    window_from.is_some_and(|from| now.duration_since(from) < signed(WINDOW))
}

/// When a message was written: as the channel says, unless that cannot be. A time that is missing, more than 5 minutes
/// in the future, or older than the 7 days for which the channel repeats, counts as the time of arrival.
pub fn trusted_time(sent_at: Option<Timestamp>, received_at: Timestamp) -> Timestamp {
    let Some(sent_at) = sent_at else { return received_at };
    let age = received_at.duration_since(sent_at);
    if age < -signed(MAX_AHEAD) || age > signed(MAX_AGE) { received_at } else { sent_at }
}

fn signed(duration: Duration) -> jiff::SignedDuration {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: &str = "2026-11-22T12:00:00Z";

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_window_closes_five_minutes_before_the_day_is_over() {
        let from = Some(time(AT));
        assert!(is_window_open(from, time(AT)));
        assert!(is_window_open(from, time("2026-11-23T11:54:59Z")));
        assert!(!is_window_open(from, time("2026-11-23T11:55:00Z")));
        assert!(!is_window_open(None, time(AT)), "nobody has written");
    }

    #[test]
    fn a_clock_that_is_ahead_of_ours_leaves_the_window_open() {
        assert!(is_window_open(Some(time("2026-11-22T12:00:40Z")), time(AT)));
    }

    #[test]
    fn extreme_times_do_no_harm() {
        assert!(!is_window_open(Some(Timestamp::MIN), Timestamp::MAX));
        assert!(is_window_open(Some(Timestamp::MAX), Timestamp::MIN));
        assert_eq!(trusted_time(Some(Timestamp::MIN), time(AT)), time(AT));
        assert_eq!(trusted_time(Some(Timestamp::MAX), time(AT)), time(AT));
    }

    #[test]
    fn a_time_that_cannot_be_counts_as_the_arrival() {
        let arrival = time(AT);
        assert_eq!(trusted_time(None, arrival), arrival);
        let kept = ["2026-11-22T11:59:58Z", "2026-11-22T12:05:00Z", "2026-11-15T12:00:00Z"];
        for sent in kept.map(time) {
            assert_eq!(trusted_time(Some(sent), arrival), sent);
        }
        for sent in ["2026-11-22T12:05:01Z", "2026-11-15T11:59:59Z", "1970-01-01T00:00:00Z"].map(time) {
            assert_eq!(trusted_time(Some(sent), arrival), arrival, "{sent}");
        }
    }
}
