//! What happens by the clock: messages without a known end are settled, old things deleted, figures shown.

use std::collections::HashSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pytake_assistant::clock::utc_day;
use pytake_assistant::error::StorageError;
use pytake_assistant::id::NumberId;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::channel::Channel;
use crate::metrics;

/// How often messages without a known end are looked at.
const SETTLE_EVERY: Duration = Duration::from_secs(5);
/// How often the backlog and the counts of service messages are read.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How often old things are deleted.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// Rows of each kind that are deleted at a time: a writer that waits behind it waits for milliseconds.
const SWEPT_AT_ONCE: u32 = 500;
/// Rounds of one sweep; the rest goes an hour later.
const SWEEP_ROUNDS: u32 = 1_000;
/// Service messages of a number and month at which an operator is told: most of the free ones, and all of them (1,000
/// are free since 1 October 2026, see the specification, section 4).
const SERVICE_ALARMS: [u64; 2] = [800, 1_000];

/// Runs until `shutdown`.
pub(crate) async fn run(channel: Channel, shutdown: CancellationToken) {
    let mut settle = tokio::time::interval(SETTLE_EVERY);
    let mut look = tokio::time::interval(LOOK_EVERY);
    let mut sweep = tokio::time::interval(SWEEP_EVERY);
    for interval in [&mut settle, &mut look, &mut sweep] {
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    }
    let mut told = Told::default();
    loop {
        // All arms are cancel-safe: a tick that is dropped stays due.
        let (done, what) = tokio::select! {
            () = shutdown.cancelled() => return,
            _ = settle.tick() => (channel.settle_unknown().await, "settle messages without a known end"),
            _ = look.tick() => (channel.show_figures(&mut told).await, "read the figures"),
            _ = sweep.tick() => (channel.sweep(&shutdown).await, "delete what is old"),
        };
        if let Err(error) = done {
            tracing::warn!(error = %error, what, "upkeep failed; it is tried again");
        }
    }
}

/// Alarms that were raised: each once in a process and month.
#[derive(Debug, Default)]
pub(crate) struct Told(HashSet<(NumberId, i32, u64)>);

impl Told {
    /// The highest mark that the count has reached, unless it was told.
    fn mark(&mut self, number: &NumberId, month: i32, count: u64) -> Option<u64> {
        self.0.retain(|(_, told, _)| *told == month);
        let mark = SERVICE_ALARMS.into_iter().rfind(|mark| count >= *mark)?;
        self.0.insert((number.clone(), month, mark)).then_some(mark)
    }
}

impl Channel {
    /// Ends the waiting for reports that did not come. Called by itself while [`Channel::run`] runs.
    ///
    /// # Errors
    /// Storage.
    pub async fn settle_unknown(&self) -> Result<(), StorageError> {
        let settled = self.shared.store.settle_unknown(self.shared.settings.unknown_after).await?;
        for (outbox, is_repeated) in &settled {
            metrics::unknown_settled(*is_repeated);
            if *is_repeated {
                tracing::warn!(
                    outbox = outbox.0,
                    "a message of unknown end is sent again; it may arrive twice"
                );
            } else {
                tracing::error!(
                    outbox = outbox.0,
                    "a message of unknown end is given up; an operator decides"
                );
            }
        }
        if settled.iter().any(|(_, is_repeated)| *is_repeated) {
            self.shared.wake.sends.notify_one();
        }
        Ok(())
    }

    async fn show_figures(&self, told: &mut Told) -> Result<(), StorageError> {
        metrics::backlog(&self.shared.store.backlog().await?);
        let month = month_of(self.shared.clock.now());
        let numbers = self.shared.numbers.current().await?;
        let mut all = 0_u64;
        for known in numbers.iter() {
            let number = &known.record.number;
            let count = self.shared.store.service_messages(number, month).await?;
            all = all.saturating_add(count);
            if let Some(mark) = told.mark(number, month, count) {
                let details = json!({"number": number.as_str(), "count": count, "mark": mark});
                self.alarm(&known.record.tenant, None, "service_messages", &details);
            }
        }
        // Of all together: the metrics are for everybody, and a tenant's figures are its own.
        metrics::service_messages(all);
        Ok(())
    }

    async fn sweep(&self, shutdown: &CancellationToken) -> Result<(), StorageError> {
        let now = self.shared.clock.now();
        let settings = &self.shared.settings;
        let (inbox, media) = (before(now, settings.keep_inbox), before(now, settings.keep_media));
        let outbox = before(now, settings.keep_outbox);
        let mut gone = 0;
        for _ in 0..SWEEP_ROUNDS {
            let items = self.shared.store.sweep(inbox, SWEPT_AT_ONCE).await?;
            let sent = self.shared.store.sweep_outbox(outbox, SWEPT_AT_ONCE).await?;
            let files = self.shared.store.sweep_media(media, SWEPT_AT_ONCE).await?;
            let in_round = items + sent + files;
            gone += in_round;
            if in_round == 0 || shutdown.is_cancelled() {
                break;
            }
        }
        if gone > 0 {
            tracing::info!(gone, "deleted what is old");
        }
        Ok(())
    }
}

/// That long ago; the beginning of time where that cannot be.
fn before(now: Timestamp, age: Duration) -> Timestamp {
    let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
    now.checked_sub(age).unwrap_or(Timestamp::MIN)
}

/// The UTC month as a number, 202611.
pub(crate) fn month_of(at: Timestamp) -> i32 {
    let day = utc_day(at);
    i32::from(day.year()) * 100 + i32::from(day.month())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mark_of_service_messages_is_told_once_a_month() {
        let mut told = Told::default();
        let number = NumberId::new("1").unwrap();
        let counts = [799, 800, 801, 1_000, 1_200];
        let marks: Vec<_> = counts.into_iter().map(|count| told.mark(&number, 202_611, count)).collect();
        assert_eq!(marks, [None, Some(800), None, Some(1_000), None]);
        assert_eq!(told.mark(&number, 202_612, 900), Some(800), "a new month");
        assert_eq!(told.0.len(), 1, "last month is forgotten");
    }

    #[test]
    fn a_month_is_a_number() {
        assert_eq!(month_of("2026-11-30T23:59:59Z".parse().unwrap()), 202_611);
    }
}
