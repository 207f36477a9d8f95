//! So much a minute, taken literally: never more than the quota in any 60 seconds.
//!
//! A sliding-window log of requests or tokens. GCRA, which needs only one number, was weighed against it: with a burst
//! of a whole quota it lets through nearly twice the quota in its first minute, and with a smaller burst the first
//! customers wait although the quota is unused. The quota is given with each question, so that a changed one counts at
//! once. Pure.

use std::collections::VecDeque;
use std::time::Duration;

const MINUTE_MICROS: u64 = 60_000_000;

/// Entries up to which every one keeps its own time. Beyond, those of one [`GRAIN_MICROS`] share the time of the last of
/// them, which lets too little through and never too much.
const EXACT: usize = 1_024;
/// 15 ms: at most 4,000 shared entries in a minute, so that a log has at most 5,024 entries of 24 bytes, 118 KiB.
const GRAIN_MICROS: u64 = 15_000;

/// What was used in the last minute.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Oldest first.
    entries: VecDeque<Entry>,
    /// The sum of all amounts.
    used: u64,
}

#[derive(Debug)]
struct Entry {
    /// The first and the last use in it, in microseconds. It expires with the last.
    since: u64,
    at: u64,
    amount: u64,
}

/// What was taken, for a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    at: u64,
    amount: u64,
}

impl Window {
    /// Takes an amount out of the quota, or says how long there is not enough.
    ///
    /// A quota of 0 is taken as 1. An amount larger than the whole quota waits until nothing else was used for a minute
    /// and takes it all: it could never go otherwise.
    pub(crate) fn try_take(&mut self, now: Duration, quota: u64, amount: u64) -> Result<Taken, Duration> {
        match self.wait(now, quota, 0, amount) {
            Duration::ZERO => Ok(self.take(now, amount)),
            wait => Err(wait),
        }
    }

    /// Notes a use without asking.
    pub(crate) fn take(&mut self, now: Duration, amount: u64) -> Taken {
        // Here and not only where it is asked first: a log that somebody always writes to must not grow for ever.
        self.expire(micros(now));
        // Two callers may read the clock in one order and come here in the other.
        let at = micros(now).max(self.entries.back().map_or(0, |last| last.at));
        let is_long = self.entries.len() >= EXACT;
        self.used = self.used.saturating_add(amount);
        match self.entries.back_mut() {
            Some(last) if last.at == at || (is_long && at - last.since < GRAIN_MICROS) => {
                last.at = at;
                last.amount = last.amount.saturating_add(amount);
            }
            _ => self.entries.push_back(Entry { since: at, at, amount }),
        }
        Taken { at, amount }
    }

    /// How long an amount waits when `ahead` goes before it.
    pub(crate) fn wait(&self, now: Duration, quota: u64, ahead: u64, amount: u64) -> Duration {
        let (now, quota) = (micros(now), quota.max(1));
        let amount = amount.clamp(1, quota);
        let last_unit = ahead.saturating_add(amount - 1);
        let whole_minutes = MINUTE_MICROS.saturating_mul(last_unit / quota);
        // What of the log must have expired before the last unit fits in its minute.
        let (gone, used) = self.expired(now);
        let must_expire = used.saturating_add(last_unit % quota + 1).saturating_sub(quota);
        let mut in_this_minute = 0;
        let mut freed = 0;
        for entry in self.entries.iter().skip(gone) {
            if freed >= must_expire {
                break;
            }
            freed += entry.amount;
            in_this_minute = entry.at + MINUTE_MICROS - now;
        }
        Duration::from_micros(whole_minutes.saturating_add(in_this_minute))
    }

    /// Replaces what was taken by what was really used, as long as it counts.
    pub(crate) fn correct(&mut self, taken: Taken, real: u64) {
        let place = self.entries.partition_point(|entry| entry.at < taken.at);
        let Some(entry) = self.entries.get_mut(place).filter(|entry| entry.since <= taken.at) else { return };
        let back = taken.amount.min(entry.amount);
        entry.amount = (entry.amount - back).saturating_add(real);
        self.used = self.used.saturating_sub(back).saturating_add(real);
    }

    /// What is left of a quota now.
    pub(crate) fn remaining(&self, now: Duration, quota: u64) -> u64 {
        let (_, used) = self.expired(micros(now));
        quota.saturating_sub(used)
    }

    /// How long until something of the quota comes back; `None`: nothing is used.
    pub(crate) fn next_back(&self, now: Duration) -> Option<Duration> {
        let now = micros(now);
        let (gone, _) = self.expired(now);
        // What was given back frees nothing when its time comes.
        let first = self.entries.iter().skip(gone).find(|entry| entry.amount > 0)?;
        Some(Duration::from_micros(first.at + MINUTE_MICROS - now))
    }

    /// Whether it remembers nothing that counts.
    pub(crate) fn is_idle(&self, now: Duration) -> bool {
        self.entries.back().is_none_or(|last| last.at + MINUTE_MICROS <= micros(now))
    }

    fn expire(&mut self, now: u64) {
        while let Some(first) = self.entries.front()
            && first.at + MINUTE_MICROS <= now
        {
            self.used = self.used.saturating_sub(first.amount);
            self.entries.pop_front();
        }
    }

    /// Entries that no longer count, and the sum of those that do.
    fn expired(&self, now: u64) -> (usize, u64) {
        let mut used = self.used;
        let mut gone = 0;
        for entry in &self.entries {
            if entry.at + MINUTE_MICROS > now {
                break;
            }
            used = used.saturating_sub(entry.amount);
            gone += 1;
        }
        (gone, used)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn goes(window: &mut Window, now: Duration, quota: u64) -> Result<(), Duration> {
        window.try_take(now, quota, 1).map(drop)
    }

    #[test]
    fn the_whole_quota_may_go_at_once_and_then_waits_for_its_minute() {
        let mut window = Window::default();
        let start = Duration::from_secs(7);
        assert_eq!(goes(&mut window, start, 2), Ok(()));
        assert_eq!(goes(&mut window, start + Duration::from_secs(1), 2), Ok(()));
        assert_eq!(goes(&mut window, start + Duration::from_secs(2), 2), Err(Duration::from_secs(58)));
        assert_eq!(goes(&mut window, start + MINUTE, 2), Ok(()));
        assert_eq!(goes(&mut window, start + MINUTE, 2), Err(Duration::from_secs(1)));
    }

    #[test]
    fn the_wait_counts_those_ahead() {
        let mut window = Window::default();
        goes(&mut window, Duration::ZERO, 2).unwrap();
        let now = Duration::from_secs(10);
        let waits: Vec<u64> = (0..5).map(|ahead| window.wait(now, 2, ahead, 1).as_secs()).collect();
        // One slot is free, the other returns at 60 s; both again a minute later.
        assert_eq!(waits, [0, 50, 60, 110, 120]);
    }

    #[test]
    fn what_was_not_used_comes_back_and_what_was_used_too_much_counts() {
        let mut window = Window::default();
        let taken = window.try_take(Duration::ZERO, 1_000, 900).unwrap();
        assert!(window.try_take(Duration::from_secs(1), 1_000, 200).is_err());
        window.correct(taken, 300);
        assert_eq!(window.remaining(Duration::from_secs(1), 1_000), 700);
        let taken = window.try_take(Duration::from_secs(1), 1_000, 700).unwrap();
        window.correct(taken, 2_000);
        assert_eq!(window.remaining(Duration::from_secs(2), 1_000), 0);
        assert_eq!(goes(&mut window, Duration::from_mins(1), 1_000), Err(Duration::from_secs(1)));
        assert_eq!(goes(&mut window, Duration::from_secs(61), 1_000), Ok(()));
        window.correct(taken, 0);
        assert_eq!(window.remaining(Duration::from_secs(61), 1_000), 999, "what is gone is not corrected");
    }

    #[test]
    fn an_amount_beyond_the_quota_goes_alone() {
        let mut window = Window::default();
        assert!(window.try_take(Duration::ZERO, 10, 25).is_ok());
        assert_eq!(goes(&mut window, Duration::from_secs(1), 10), Err(Duration::from_secs(59)));
        goes(&mut window, MINUTE, 10).unwrap();
        assert!(window.try_take(MINUTE, 10, 25).is_err());
    }

    #[test]
    fn a_smaller_quota_counts_at_once() {
        let mut window = Window::default();
        for _ in 0..5 {
            goes(&mut window, Duration::ZERO, 10).unwrap();
        }
        assert_eq!(goes(&mut window, Duration::from_secs(1), 3), Err(Duration::from_secs(59)));
        assert_eq!(goes(&mut window, Duration::from_secs(1), 6), Ok(()));
    }

    #[test]
    fn a_long_log_stays_bounded() {
        let mut window = Window::default();
        for n in 0..600_000_u64 {
            window.take(Duration::from_micros(n * 200), 1);
            assert!(window.entries.len() <= EXACT + 4_000, "{}", window.entries.len());
        }
        let left = window.remaining(Duration::from_micros(599_999 * 200), 400_000);
        // At most the uses of one grain, 75, count for longer than a minute.
        assert!((99_925..=100_000).contains(&left), "{left}");
    }

    /// A log whose tenant was never silent for a minute kept everything, and every question walked over all of it.
    #[test]
    fn what_is_older_than_a_minute_is_not_kept() {
        let mut window = Window::default();
        for second in 0..3_600 {
            window.take(Duration::from_secs(second), 1);
        }
        assert_eq!(window.entries.len(), 60);
    }

    #[test]
    fn what_was_given_back_is_not_what_comes_back_next() {
        let mut window = Window::default();
        let first = window.take(Duration::ZERO, 1);
        window.take(Duration::from_secs(20), 1);
        window.correct(first, 0);
        assert_eq!(window.next_back(Duration::from_secs(20)), Some(MINUTE));
    }

    proptest! {
        #[test]
        fn no_minute_ever_sees_more_than_the_quota(
            quota in 1_u64..20,
            steps in prop::collection::vec((0_u64..9_000, 1_u64..4), 1..300),
        ) {
            let mut window = Window::default();
            let mut now = Duration::ZERO;
            let mut went: Vec<(Duration, u64)> = Vec::new();
            for (step, amount) in steps {
                let amount = amount.min(quota);
                now += Duration::from_millis(step);
                let predicted = window.wait(now, quota, 0, amount);
                match window.try_take(now, quota, amount) {
                    Ok(_) => {
                        prop_assert_eq!(predicted, Duration::ZERO);
                        went.push((now, amount));
                    }
                    Err(wait) => {
                        prop_assert_eq!(predicted, wait);
                        prop_assert!(wait > Duration::ZERO && wait <= MINUTE);
                    }
                }
                let in_window: u64 = went.iter().filter(|(at, _)| now < *at + MINUTE).map(|(_, n)| n).sum();
                prop_assert!(in_window <= quota);
                prop_assert_eq!(window.remaining(now, quota), quota - in_window);
            }
        }

        #[test]
        fn an_unused_quota_is_never_refused(quota in 1_u64..50) {
            let mut window = Window::default();
            for _ in 0..quota {
                prop_assert!(window.try_take(Duration::from_secs(1), quota, 1).is_ok());
            }
        }

        #[test]
        fn the_promised_wait_is_enough(
            quota in 1_u64..100,
            uses in prop::collection::vec((0_u64..20_000, 1_u64..40), 0..30),
            amount in 1_u64..100,
        ) {
            let mut window = Window::default();
            let mut now = Duration::ZERO;
            for (step, amount) in uses {
                now += Duration::from_millis(step);
                window.take(now, amount);
            }
            let wait = window.wait(now, quota, 0, amount);
            prop_assert!(window.try_take(now + wait, quota, amount).is_ok());
        }
    }
}
