//! Names, help and labels of the channel's metrics. No label names a tenant, a conversation or a customer; `number` is
//! the channel's id of a business number, of which there are few.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use pytake_assistant::channel::{DeliveryState, OutboxKind, SendFailureKind};
use pytake_store::{Backlog, Receipt};

/// Events of webhooks by `outcome`: `new`, `duplicate`, `unrouted`.
pub const EVENTS: &str = "pytake_inbox_events_total";
/// Conversations with messages that wait for their turn.
pub const CONVERSATIONS_WAITING: &str = "pytake_inbox_conversations_waiting";
/// How long the conversation that is due for the longest has been waiting.
pub const OLDEST_DUE_SECONDS: &str = "pytake_inbox_oldest_due_seconds";
/// Conversations that a person has or is asked for.
pub const WITH_PEOPLE: &str = "pytake_inbox_conversations_with_people";
/// Turns of the channel that run now.
pub const TURNS_RUNNING: &str = "pytake_inbox_turns_running";
/// Turns by `outcome`: `answered`, `silent`, `said`, `outdated` (a draft became void), `fenced`, `postponed`, `deferred` (a limit), `kept` (without
/// a word), `dismissed` (could not even be kept), `given_to_person`.
pub const TURNS: &str = "pytake_inbox_turns_total";
/// Time a turn takes, voice and pictures included.
pub const TURN_SECONDS: &str = "pytake_inbox_turn_duration_seconds";
/// Loops that were broken, by `rule`.
pub const BRAKES: &str = "pytake_inbox_brakes_total";
/// From the arrival of a burst's first message to the moment the channel took the first message of the reply.
pub const FIRST_REPLY_SECONDS: &str = "pytake_inbox_first_reply_seconds";
/// Messages that wait to be sent.
pub const OUTBOX_WAITING: &str = "pytake_outbox_waiting";
/// Messages by `kind` (`reply`, `notice`, `person`) and `outcome`: `accepted`, `withheld`, or the failure's kind.
pub const SENDS: &str = "pytake_outbox_sends_total";
/// Messages that were not sent by `reason`: `window_closed`, `taken_over`, `opted_out`, `newer_input`, `number_gone`.
pub const WITHHELD: &str = "pytake_outbox_withheld_total";
/// Time of calls that send.
pub const SEND_SECONDS: &str = "pytake_outbox_send_duration_seconds";
/// Messages whose sending had no known end, by `outcome`: `repeated` (the customer may have it twice), `failed`.
pub const UNKNOWN: &str = "pytake_outbox_unknown_total";
/// Reports on messages of the business, by `state`.
pub const DELIVERIES: &str = "pytake_outbox_deliveries_total";
/// Delivered service messages of a `number` in the current UTC month; the first 1,000 are free.
pub const SERVICE_MESSAGES: &str = "pytake_outbox_service_messages";
/// Read marks by `outcome`: `ok`, `failed`.
pub const READ_MARKS: &str = "pytake_inbox_read_marks_total";
/// Files of customers by `outcome`: `stored`, `retried`, `failed`.
pub const MEDIA: &str = "pytake_inbox_media_total";
/// Voice notes by `outcome`: `heard`, `not_there`, `failed`.
pub const VOICE: &str = "pytake_inbox_voice_total";
/// Alarms by `alarm`.
pub const ALARMS: &str = "pytake_channel_alarms_total";

/// Gives the recorder help text and units; call once after installing it.
pub fn describe() {
    describe_counter!(EVENTS, "Events of webhooks by what they were");
    describe_gauge!(CONVERSATIONS_WAITING, "Conversations with messages that wait for their turn");
    describe_gauge!(OLDEST_DUE_SECONDS, Unit::Seconds, "How long the conversation due for the longest waits");
    describe_gauge!(WITH_PEOPLE, "Conversations that a person has or is asked for");
    describe_gauge!(TURNS_RUNNING, "Turns of the channel that run now");
    describe_counter!(TURNS, "Turns of the channel by outcome");
    describe_histogram!(TURN_SECONDS, Unit::Seconds, "Time of turns of the channel");
    describe_counter!(BRAKES, "Loops that were broken, by rule");
    describe_histogram!(
        FIRST_REPLY_SECONDS,
        Unit::Seconds,
        "From a customer's message to the accepted reply"
    );
    describe_gauge!(OUTBOX_WAITING, "Messages that wait to be sent");
    describe_counter!(SENDS, "Messages by kind and outcome of a try");
    describe_counter!(WITHHELD, "Messages that were not sent, by reason");
    describe_histogram!(SEND_SECONDS, Unit::Seconds, "Time of calls that send");
    describe_counter!(UNKNOWN, "Messages whose sending had no known end, by what became of them");
    describe_counter!(DELIVERIES, "Reports on messages of the business by state");
    describe_gauge!(SERVICE_MESSAGES, "Delivered service messages of all numbers in this UTC month");
    describe_counter!(READ_MARKS, "Read marks by outcome");
    describe_counter!(MEDIA, "Files of customers by outcome");
    describe_counter!(VOICE, "Voice notes by outcome");
    describe_counter!(ALARMS, "Alarms by kind");
}

pub(crate) fn received(receipt: &Receipt) {
    let counts = [("new", receipt.new), ("duplicate", receipt.duplicates), ("unrouted", receipt.unrouted)];
    for (outcome, count) in counts {
        if count > 0 {
            counter!(EVENTS, "outcome" => outcome).increment(count.into());
        }
    }
}

pub(crate) fn backlog(backlog: &Backlog) {
    gauge!(CONVERSATIONS_WAITING).set(backlog.conversations as f64);
    gauge!(OLDEST_DUE_SECONDS).set(backlog.oldest_due.as_secs_f64());
    gauge!(OUTBOX_WAITING).set(backlog.outbox as f64);
    gauge!(WITH_PEOPLE).set(backlog.with_people as f64);
}

/// Counts a running turn for as long as it lives.
pub(crate) struct RunningTurn;

impl RunningTurn {
    pub(crate) fn begin() -> Self {
        gauge!(TURNS_RUNNING).increment(1.0);
        Self
    }
}

impl Drop for RunningTurn {
    fn drop(&mut self) {
        gauge!(TURNS_RUNNING).decrement(1.0);
    }
}

pub(crate) fn turn_ended(outcome: &'static str) {
    counter!(TURNS, "outcome" => outcome).increment(1);
}

pub(crate) fn turn_took(took: Duration) {
    histogram!(TURN_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn braked(rule: &'static str) {
    counter!(BRAKES, "rule" => rule).increment(1);
}

pub(crate) fn first_reply(after: Duration) {
    histogram!(FIRST_REPLY_SECONDS).record(after.as_secs_f64());
}

pub(crate) fn send_ended(kind: OutboxKind, outcome: &'static str, took: Duration) {
    counter!(SENDS, "kind" => kind.as_str(), "outcome" => outcome).increment(1);
    histogram!(SEND_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn withheld(kind: OutboxKind, reason: &'static str) {
    counter!(SENDS, "kind" => kind.as_str(), "outcome" => "withheld").increment(1);
    counter!(WITHHELD, "reason" => reason).increment(1);
}

pub(crate) fn unknown_settled(is_repeated: bool) {
    counter!(UNKNOWN, "outcome" => if is_repeated { "repeated" } else { "failed" }).increment(1);
}

pub(crate) fn delivery(state: DeliveryState) {
    counter!(DELIVERIES, "state" => state.as_str()).increment(1);
}

pub(crate) fn service_messages(count: u64) {
    gauge!(SERVICE_MESSAGES).set(count as f64);
}

pub(crate) fn read_mark(outcome: &'static str) {
    counter!(READ_MARKS, "outcome" => outcome).increment(1);
}

pub(crate) fn media(outcome: &'static str) {
    counter!(MEDIA, "outcome" => outcome).increment(1);
}

pub(crate) fn voice(outcome: &'static str) {
    counter!(VOICE, "outcome" => outcome).increment(1);
}

pub(crate) fn alarm(alarm: &'static str) {
    counter!(ALARMS, "alarm" => alarm).increment(1);
}

/// The name of a failure's kind, in metrics, events and logs: as it is stored.
pub(crate) fn failure_name(kind: SendFailureKind) -> &'static str {
    use SendFailureKind as Kind;
    match kind {
        Kind::NotSent => "not_sent",
        Kind::Unknown => "unknown",
        Kind::Temporary => "temporary",
        Kind::NumberRate => "number_rate",
        Kind::PairRate => "pair_rate",
        Kind::SpamRate => "spam_rate",
        Kind::WindowClosed => "window_closed",
        Kind::Undeliverable => "undeliverable",
        Kind::NotDelivered => "not_delivered",
        Kind::MarketingStopped => "marketing_stopped",
        Kind::BadRequest => "bad_request",
        Kind::MediaRefused => "media_refused",
        Kind::MediaMissing => "media_missing",
        Kind::ToItself => "to_itself",
        Kind::NeedsPhone => "needs_phone",
        Kind::Token => "token",
        Kind::Account => "account",
        Kind::Template => "template",
        Kind::Other => "other",
    }
}
