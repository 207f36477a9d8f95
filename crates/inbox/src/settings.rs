//! What the operator decides for all numbers; a number may differ in its own settings.

use std::time::Duration;

/// The channel's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Quiet time after each message before the burst is answered; default 2.5 s (specification, section 8.4).
    pub quiet: Duration,
    /// The longest that the first message of a burst waits; default 12 s (the same).
    pub quiet_at_most: Duration,
    /// Turns that run at the same time; default 64. Each waits for a model most of its time.
    pub turns_at_once: usize,
    /// Messages that are being sent at the same time; default 32: at Meta's usual answer of a quarter of a second that is
    /// more than the 80 a second which one number may send.
    pub sends_at_once: usize,
    /// Files that are being fetched at the same time; default 4, of at most 16 MiB each.
    pub fetches_at_once: usize,
    /// How long a worker has a conversation; default 90 s, for the assistant's deadline of 30 s, see
    /// [`ChannelSettings::lease_for`]. After a crash a conversation that was being answered waits for the rest of it.
    pub lease: Duration,
    /// How long a message without an answer of the channel waits for a report that names it; default 60 s
    /// (specification, section 5).
    pub unknown_after: Duration,
    /// How long webhooks and their keys are kept; default 9 days: the channel repeats for 7, keys must last 8.
    pub keep_inbox: Duration,
    /// How long messages that came to their end are kept in the outbox; default 90 days: what failed or was withheld
    /// can be sent again for so long, and a reading that is reported later is not noted. Conversations keep their text.
    pub keep_outbox: Duration,
    /// How long files are kept; default 30 days.
    pub keep_media: Duration,
}

/// Reading voice and pictures, see [`Channel::run`](crate::Channel::run): 20 s for the files and 20 s for what they say.
const READING: Duration = Duration::from_secs(40);
/// For what a turn does besides: deciding, and the database.
const MARGIN: Duration = Duration::from_secs(20);

impl ChannelSettings {
    /// How long a worker needs a conversation where the assistant may take so long for a turn. With a shorter lease
    /// another worker begins the same turn, and what the first one paid for is dropped.
    pub fn lease_for(turn: Duration) -> Duration {
        READING.saturating_add(turn).saturating_add(MARGIN)
    }
}

impl Default for ChannelSettings {
    fn default() -> Self {
        const DAY: Duration = Duration::from_hours(24);
        Self {
            quiet: Duration::from_millis(2_500),
            quiet_at_most: Duration::from_secs(12),
            turns_at_once: 64,
            sends_at_once: 32,
            fetches_at_once: 4,
            lease: Self::lease_for(Duration::from_secs(30)),
            unknown_after: Duration::from_mins(1),
            keep_inbox: 9 * DAY,
            keep_outbox: 90 * DAY,
            keep_media: 30 * DAY,
        }
    }
}
