//! Sends the outbox: takes a message, checks once more, calls the channel, writes down what it said.

use std::time::Duration;

use async_trait::async_trait;
use pytake_assistant::channel::{
    Accepted, DeliveryState, NextStep, OutboundContent, SendFailure, SendFailureKind,
};
use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_store::Sending;
use serde_json::json;

use crate::channel::Channel;
use crate::metrics::{self, failure_name};
use crate::registry::KnownNumber;
use crate::rules::may_send;
use crate::work::{Work, fraction};

/// A call that sends; after it nobody knows whether the message is on its way.
const SEND_WITHIN: Duration = Duration::from_secs(30);
/// Tries to write down that the channel took a message. After them the row stays as it was, and the report on the
/// message settles it, or the rule for unknown ends.
const WRITE_TRIES: u32 = 6;
/// First pause between those tries; doubles, 3 s in all.
const WRITE_PAUSE: Duration = Duration::from_millis(100);

/// Messages of the outbox, as work.
#[derive(Clone)]
pub(crate) struct Sends(pub(crate) Channel);

#[async_trait]
impl Work for Sends {
    type Job = Sending;

    async fn take(&self) -> Result<Option<Sending>, StorageError> {
        self.0.shared.store.take().await
    }

    async fn next_in(&self) -> Result<Option<Duration>, StorageError> {
        self.0.shared.store.next_send_in().await
    }

    async fn act(&self, sending: Sending) {
        self.0.send(sending).await;
        // What waited behind it in the conversation may go now.
        self.0.shared.wake.sends.notify_one();
    }
}

impl Channel {
    #[tracing::instrument(level = "info", name = "send", skip_all, fields(outbox = sending.key.id.0))]
    async fn send(&self, sending: Sending) {
        let numbers = match self.shared.numbers.current().await {
            Ok(numbers) => numbers,
            Err(error) => return self.not_called(&sending, &error).await,
        };
        let Some(number) = numbers.get(&sending.number) else {
            return self.withhold(&sending, "number_gone").await;
        };
        if let Err(why) = may_send(&sending, self.shared.clock.now()) {
            return self.withhold(&sending, why).await;
        }
        let began = self.shared.clock.elapsed();
        let result = self.call(&sending, &number).await;
        let took = self.shared.clock.elapsed().saturating_sub(began);
        let outcome = match &result {
            Ok(_) => "accepted",
            Err(failure) => failure_name(failure.kind),
        };
        metrics::send_ended(sending.kind, outcome, took);
        match result {
            Ok(accepted) => self.was_accepted(&sending, &accepted).await,
            Err(failure) => self.was_refused(&sending, &failure).await,
        }
    }

    async fn call(&self, sending: &Sending, number: &KnownNumber) -> Result<Accepted, SendFailure> {
        let Some(access) = &number.access else {
            return Err(SendFailure {
                kind: SendFailureKind::Token,
                code: None,
                status: None,
                message: "the access token cannot be opened with this server's key".to_owned(),
                retry_after: None,
            });
        };
        let call =
            self.shared.messenger.send(access, &sending.recipient, &sending.content, &sending.key.id.0);
        let within = call_within(self.shared.settings.unknown_after);
        match tokio::time::timeout(within, call).await {
            Ok(result) => result,
            Err(_) => Err(SendFailure {
                kind: SendFailureKind::Unknown,
                code: None,
                status: None,
                message: format!("no answer within {} ms", within.as_millis()),
                retry_after: None,
            }),
        }
    }

    async fn was_accepted(&self, sending: &Sending, accepted: &Accepted) {
        let mut pause = WRITE_PAUSE;
        for attempt in 1..=WRITE_TRIES {
            match self.shared.store.accepted(&sending.key, accepted).await {
                Ok(()) => break,
                Err(error) if attempt == WRITE_TRIES => {
                    tracing::error!(error = %error, "a message was sent and the database does not know it");
                }
                Err(error) => {
                    tracing::warn!(error = %error, attempt, "could not note that a message was sent");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        let arrived = self.shared.memory.reply_is_out(&sending.key.tenant, &sending.conversation);
        if let Some(arrived) = arrived {
            let waited = self.shared.clock.now().duration_since(arrived);
            metrics::first_reply(Duration::try_from(waited).unwrap_or_default());
        }
        self.tell_delivery(
            &sending.key.tenant,
            Some(&sending.conversation),
            &sending.key.id,
            DeliveryState::Accepted,
            None,
        );
    }

    async fn was_refused(&self, sending: &Sending, failure: &SendFailure) {
        let jitter = fraction(&sending.key.id.0, sending.key.attempt.into());
        let step = match self.shared.store.failed(&sending.key, failure, jitter).await {
            Ok(step) => step,
            Err(error) => {
                // It stays `sending` and is settled like one whose end nobody knows.
                tracing::error!(error = %error, "could not note that a message was not sent");
                return;
            }
        };
        tracing::info!(
            kind = failure_name(failure.kind),
            code = failure.code,
            status = failure.status,
            attempt = sending.key.attempt,
            step = step_name(step),
            "a message was not sent"
        );
        let (tenant, conversation) = (&sending.key.tenant, Some(&sending.conversation));
        match step {
            NextStep::Retry { .. } | NextStep::AwaitReport => {}
            NextStep::GiveUp => {
                self.shared.memory.reply_is_withheld(tenant, &sending.conversation);
                let state = DeliveryState::Failed;
                self.tell_delivery(tenant, conversation, &sending.key.id, state, Some((failure, false)));
            }
            NextStep::StopNumber => self.stop_sending(tenant, &sending.number, failure).await,
        }
    }

    async fn withhold(&self, sending: &Sending, why: &'static str) {
        if let Err(error) = self.shared.store.withheld(&sending.key, why).await {
            tracing::error!(error = %error, why, "could not withhold a message; it was not sent");
            return;
        }
        metrics::withheld(sending.kind, why);
        self.shared.memory.reply_is_withheld(&sending.key.tenant, &sending.conversation);
        tracing::info!(why, "a message was withheld");
        let (tenant, conversation) = (&sending.key.tenant, Some(&sending.conversation));
        let data = json!({"outbox_id": sending.key.id.0, "state": "withheld", "reason": why});
        self.publish(tenant, TenantEventKind::Delivery, conversation, data);
        // The others are no loss: a person has it, the customer wrote anew, or asked for silence.
        if why == "window_closed" {
            let template = matches!(sending.content, OutboundContent::Template { .. });
            let details = json!({"outbox_id": sending.key.id.0, "is_template": template});
            self.alarm(tenant, conversation, "window_closed", &details);
        }
    }

    /// The numbers could not be read: nothing has left this machine.
    async fn not_called(&self, sending: &Sending, error: &StorageError) {
        tracing::warn!(error = %error, "could not read the numbers before sending");
        let failure = SendFailure {
            kind: SendFailureKind::NotSent,
            code: None,
            status: None,
            message: "the database could not be read before sending".to_owned(),
            retry_after: None,
        };
        self.was_refused(sending, &failure).await;
    }
}

/// How long a call may take: it has ended before others count its message as one of unknown end and send it again.
fn call_within(unknown_after: Duration) -> Duration {
    SEND_WITHIN.min(unknown_after / 4 * 3)
}

fn step_name(step: NextStep) -> &'static str {
    match step {
        NextStep::Retry { .. } => "retry",
        NextStep::AwaitReport => "await_report",
        NextStep::GiveUp => "give_up",
        NextStep::StopNumber => "stop_number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_ended_before_its_message_is_sent_again() {
        assert_eq!(call_within(Duration::from_mins(1)), SEND_WITHIN);
        assert_eq!(call_within(Duration::from_secs(4)), Duration::from_secs(3));
    }
}
