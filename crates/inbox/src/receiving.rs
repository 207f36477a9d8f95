//! Takes a webhook in: routed, stored in one transaction, told to whoever waits for it. Nothing is answered here.

use bytes::Bytes;
use pytake_assistant::channel::{DeliveryState, Event, EventKind, InboundContent};
use pytake_assistant::error::StorageError;
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::TenantId;
use pytake_store::{NumberSettings, Receipt, ReceivedChange, ReceivedChangeKind, ReceivedEvent, Reception};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

use crate::channel::Channel;
use crate::metrics;
use crate::registry::{NumberTable, WebhookKey};
use crate::settings::ChannelSettings;

/// The price category of a provider of general-purpose assistants: a business that pays it is judged to be one, which
/// Meta's terms forbid or charge (Business Solution Terms, since 15 January 2026).
const GENERAL_PURPOSE: &str = "general_purpose_ai";

impl Channel {
    /// Stores a webhook and starts what follows from it. When this returns, the channel may be told that all of it has
    /// arrived. `key` is what it was signed with: events of numbers that are not the key's are kept like those of
    /// unknown numbers, and nothing follows from them.
    ///
    /// # Errors
    /// The database failed and nothing is kept: the channel must be told so, and repeats it.
    ///
    /// # Cancel safety
    /// A call that is dropped has stored everything or nothing; the work is found by the next look, within a second.
    pub async fn receive(
        &self,
        body: Bytes,
        events: Vec<Event>,
        key: &WebhookKey,
    ) -> Result<Receipt, StorageError> {
        let numbers = self.shared.numbers.current().await?;
        let notices = notices(&events, &numbers, key);
        let has_files = events.iter().any(has_file);
        let events = route(events, &numbers, key, &self.shared.settings);
        let receipt = self.shared.store.receive(Reception { body, events }).await?;
        metrics::received(&receipt);
        if receipt.new > 0 {
            for (tenant, field, text) in &notices {
                self.tell_notice(tenant.as_ref(), field, text);
            }
        }
        for change in &receipt.changes {
            self.tell_change(change).await;
        }
        self.wake_for(&receipt);
        if has_files {
            // At once: the addresses of files live for minutes.
            self.shared.wake.fetches.notify_one();
        }
        Ok(receipt)
    }

    fn wake_for(&self, receipt: &Receipt) {
        let wake = &self.shared.wake;
        let (mut turns, mut sends) = (false, false);
        for change in &receipt.changes {
            match change.kind {
                ReceivedChangeKind::Waiting => turns = true,
                ReceivedChangeKind::Delivery { .. } => sends = true,
                _ => {}
            }
        }
        if turns {
            wake.turns.notify_one();
        }
        if sends {
            wake.sends.notify_one();
        }
    }

    async fn tell_change(&self, change: &ReceivedChange) {
        let tenant = &change.tenant;
        let conversation = change.conversation.as_ref();
        match &change.kind {
            // The turn tells of the message, with its text.
            ReceivedChangeKind::Waiting | ReceivedChangeKind::Kept => {}
            ReceivedChangeKind::OwnNumber => {
                tracing::info!(tenant = %tenant, "a message of one of our own numbers was dropped");
            }
            ReceivedChangeKind::TakenOver => {
                self.publish(
                    tenant,
                    TenantEventKind::Handoff,
                    conversation,
                    json!({"state": "human", "reason": "phone_app"}),
                );
            }
            ReceivedChangeKind::Delivery { outbox, state, failure, is_retried } => {
                metrics::delivery(*state);
                if *state == DeliveryState::Failed || failure.is_some() {
                    tracing::info!(
                        tenant = %tenant, outbox = outbox.0,
                        kind = failure.as_ref().map(|f| metrics::failure_name(f.kind)),
                        code = failure.as_ref().and_then(|f| f.code),
                        is_retried, "a message was not delivered"
                    );
                }
                let failure = failure.as_ref().map(|failure| (failure, *is_retried));
                self.tell_delivery(tenant, conversation, outbox, *state, failure);
            }
            ReceivedChangeKind::Category(category) => {
                if category == GENERAL_PURPOSE {
                    let details = json!({"category": category});
                    self.alarm(tenant, conversation, GENERAL_PURPOSE, &details);
                }
            }
            ReceivedChangeKind::NumberStopped(number, failure) => {
                self.stop_sending(tenant, number, failure).await;
            }
            ReceivedChangeKind::Merged { into, from } => {
                tracing::info!(tenant = %tenant, into = %into, from = %from, "two customers are one");
            }
        }
    }

    /// Tells the tenant of a notice; one that is nobody's goes into the log.
    fn tell_notice(&self, tenant: Option<&TenantId>, field: &str, text: &str) {
        let Some(tenant) = tenant else {
            return tracing::warn!(field, text, "the channel says something about an account");
        };
        self.alarm(tenant, None, "notice", &json!({"field": field, "text": text}));
    }
}

fn has_file(event: &Event) -> bool {
    let EventKind::Message(message) = &event.kind else { return false };
    match &message.content {
        InboundContent::Media { .. } => true,
        InboundContent::Edit { content, .. } => matches!(**content, InboundContent::Media { .. }),
        _ => false,
    }
}

/// Gives each event its tenant and the times of its number.
fn route(
    events: Vec<Event>,
    numbers: &NumberTable,
    key: &WebhookKey,
    settings: &ChannelSettings,
) -> Vec<ReceivedEvent> {
    let mut routed = Vec::with_capacity(events.len());
    for event in events {
        let number = event.number.as_ref().and_then(|number| numbers.get(number));
        let number = number.filter(|number| key.is_of(number));
        let (quiet, quiet_at_most) = quiet_of(number.as_ref().map(|known| &known.record.settings), settings);
        let tenant = number.map(|number| number.record.tenant.clone());
        routed.push(ReceivedEvent { event, tenant, quiet, quiet_at_most });
    }
    routed
}

/// The quiet times of a number; the longest wait is never shorter than one quiet time asks for.
fn quiet_of(number: Option<&NumberSettings>, settings: &ChannelSettings) -> (Duration, Duration) {
    let own = |ms: Option<u32>| ms.map(|ms| Duration::from_millis(ms.into()));
    let quiet = number.and_then(|number| own(number.quiet_ms)).unwrap_or(settings.quiet);
    let at_most = number.and_then(|number| own(number.quiet_max_ms)).unwrap_or(settings.quiet_at_most);
    (quiet, at_most.max(quiet))
}

/// The alarms among the events, once for each tenant they concern; `None`: nobody knows whom.
fn notices(
    events: &[Event],
    numbers: &NumberTable,
    key: &WebhookKey,
) -> Vec<(Option<TenantId>, String, String)> {
    let mut notices = Vec::new();
    for event in events {
        let EventKind::Notice { field, text, is_alarm: true } = &event.kind else { continue };
        let concerned = concerned(event, numbers, key);
        if concerned.is_empty() {
            notices.push((None, field.clone(), text.clone()));
        }
        for tenant in concerned {
            notices.push((Some(tenant), field.clone(), text.clone()));
        }
    }
    notices
}

/// Whom a notice concerns: the tenant of its number. One about an account names no number: it concerns every tenant
/// with a number of that account that the key may speak for, or the only tenant where nobody is known to have one.
fn concerned(event: &Event, numbers: &NumberTable, key: &WebhookKey) -> BTreeSet<TenantId> {
    if let Some(number) = &event.number {
        let known = numbers.get(number).filter(|known| key.is_of(known));
        return known.map(|known| known.record.tenant.clone()).into_iter().collect();
    }
    let mut tenants = BTreeSet::new();
    if let Some(account) = &event.account {
        for number in numbers.iter() {
            if number.record.account.as_ref() == Some(account) && key.is_of(number) {
                tenants.insert(number.record.tenant.clone());
            }
        }
    }
    if tenants.is_empty() {
        tenants.extend(numbers.only_tenant().cloned());
    }
    tenants
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_have_its_own_quiet_times() {
        let server = ChannelSettings::default();
        let seconds = |quiet_ms, quiet_max_ms| {
            let own = NumberSettings { quiet_ms, quiet_max_ms, ..NumberSettings::default() };
            let (quiet, at_most) = quiet_of(Some(&own), &server);
            (quiet.as_millis(), at_most.as_millis())
        };
        assert_eq!(seconds(None, None), (2_500, 12_000));
        assert_eq!(seconds(Some(0), None), (0, 12_000));
        assert_eq!(seconds(Some(5_000), Some(1_000)), (5_000, 5_000));
        assert_eq!(quiet_of(None, &server), (server.quiet, server.quiet_at_most));
    }
}
