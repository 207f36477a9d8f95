//! What happens after a message could not be sent: one table, whether the channel said so at once or in a report later.

use std::time::Duration;

use super::{SendFailure, SendFailureKind};

/// Tries of one message while the channel is in trouble, within [`GIVE_UP_AFTER`].
const MAX_TRIES: u32 = 5;
/// No temporary failure is retried for longer.
const GIVE_UP_AFTER: Duration = Duration::from_mins(10);
/// Waits of a conversation after the pair limit: 4^n seconds (Meta, pair rate limits).
const PAIR_WAITS: [u64; 4] = [1, 4, 16, 64];
/// First wait after a temporary failure; doubles.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// First wait of a number that sends too fast; doubles, at most a minute.
const FIRST_NUMBER_WAIT: Duration = Duration::from_secs(1);
const LONGEST_NUMBER_WAIT: Duration = Duration::from_mins(1);

/// What is held back while waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The conversation: order is kept within it.
    Conversation,
    /// Everything the number sends.
    Number,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// Send again after a wait.
    Retry {
        /// From now.
        wait: Duration,
        /// What waits.
        hold: Hold,
        /// Whether texts that wait in the conversation become one.
        merges: bool,
    },
    /// It may have arrived: wait for a report that names it, then as the tenant chose.
    AwaitReport,
    /// It will not be sent; an operator sees it and can send it again.
    GiveUp,
    /// The number stops sending, what waits stays queued, an operator is alarmed.
    StopNumber,
}

/// Decides after a failed try.
///
/// `tries` counts this one; `age` is the time since the first; `jitter` is from 0 to 1 and spreads waits by a
/// quarter.
pub fn after_failure(failure: &SendFailure, tries: u32, age: Duration, jitter: f64) -> NextStep {
    use SendFailureKind as Kind;
    let may_retry = tries < MAX_TRIES && age < GIVE_UP_AFTER;
    let doubled = |first: Duration, longest: Duration| {
        let wait = first.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(longest);
        failure
            .retry_after
            .map_or(wait, |asked| asked.max(wait))
            .min(GIVE_UP_AFTER)
            .mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 4.0)
    };
    match failure.kind {
        Kind::NotSent | Kind::Temporary if may_retry => NextStep::Retry {
            wait: doubled(FIRST_WAIT, GIVE_UP_AFTER),
            hold: Hold::Conversation,
            merges: false,
        },
        // Nothing is lost by waiting: the number is too fast, not the message wrong.
        Kind::NumberRate => NextStep::Retry {
            wait: doubled(FIRST_NUMBER_WAIT, LONGEST_NUMBER_WAIT),
            hold: Hold::Number,
            merges: false,
        },
        Kind::PairRate => match PAIR_WAITS.get(tries.saturating_sub(1) as usize) {
            Some(&seconds) => {
                NextStep::Retry { wait: Duration::from_secs(seconds), hold: Hold::Conversation, merges: true }
            }
            None => NextStep::GiveUp,
        },
        Kind::Unknown => NextStep::AwaitReport,
        Kind::SpamRate | Kind::Token | Kind::Account => NextStep::StopNumber,
        Kind::NotSent
        | Kind::Temporary
        | Kind::WindowClosed
        | Kind::Undeliverable
        | Kind::NotDelivered
        | Kind::MarketingStopped
        | Kind::BadRequest
        | Kind::MediaRefused
        | Kind::MediaMissing
        | Kind::ToItself
        | Kind::NeedsPhone
        | Kind::Template
        | Kind::Other => NextStep::GiveUp,
    }
}
