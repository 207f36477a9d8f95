//! What an operator is told: alarms, and what became of messages.

use pytake_assistant::channel::{DeliveryState, OutboxId, SendFailure, SendFailureKind};
use pytake_assistant::events::TenantEventKind;
use pytake_assistant::id::{ConversationId, NumberId, TenantId};
use serde_json::{Map, Value, json};

use crate::channel::Channel;
use crate::metrics::{self, failure_name};

impl Channel {
    /// Publishes an event of a tenant.
    pub(crate) fn publish(
        &self,
        tenant: &TenantId,
        kind: TenantEventKind,
        conversation: Option<&ConversationId>,
        data: Value,
    ) {
        let now = self.shared.clock.now();
        self.shared.assistant.events().publish(tenant, kind, conversation.cloned(), now, data);
    }

    /// Tells the tenant's operators that something needs them. `details` holds no personal data.
    pub(crate) fn alarm(
        &self,
        tenant: &TenantId,
        conversation: Option<&ConversationId>,
        alarm: &'static str,
        details: &Value,
    ) {
        metrics::alarm(alarm);
        tracing::warn!(
            tenant = %tenant,
            conversation = conversation.map(ConversationId::as_str),
            alarm,
            %details,
            "alarm of the channel"
        );
        let mut data = Map::new();
        data.insert("alarm".to_owned(), alarm.into());
        if let Value::Object(details) = details {
            data.extend(details.clone());
        }
        self.publish(tenant, TenantEventKind::Alarm, conversation, Value::Object(data));
    }

    /// Tells what became of a message, and raises an alarm where somebody should look at it.
    pub(crate) fn tell_delivery(
        &self,
        tenant: &TenantId,
        conversation: Option<&ConversationId>,
        outbox: &OutboxId,
        state: DeliveryState,
        failure: Option<(&SendFailure, bool)>,
    ) {
        let mut data = json!({"outbox_id": outbox.0, "state": state.as_str()});
        if let Some((failure, is_retried)) = failure {
            data["reason"] = failure_name(failure.kind).into();
            data["code"] = failure.code.into();
            data["message"] = failure.message.as_str().into();
            data["is_retried"] = is_retried.into();
        }
        self.publish(tenant, TenantEventKind::Delivery, conversation, data);
        let Some((failure, false)) = failure else { return };
        if let Some(alarm) = alarm_for(failure.kind) {
            let details = json!({"outbox_id": outbox.0, "code": failure.code, "message": failure.message});
            self.alarm(tenant, conversation, alarm, &details);
        }
    }

    /// Stops sending from a number and tells its operators.
    pub(crate) async fn stop_sending(&self, tenant: &TenantId, number: &NumberId, failure: &SendFailure) {
        let why = match failure.code {
            Some(code) => format!("{} ({code})", failure_name(failure.kind)),
            None => failure_name(failure.kind).to_owned(),
        };
        let now = self.shared.clock.now();
        if let Err(error) = self.shared.store.stop_number(number, Some(&why), now).await {
            // The next message of the number fails the same way and stops it then.
            tracing::error!(number = %number, error = %error, "could not stop a number that must not send");
        }
        let details = json!({
            "number": number.as_str(),
            "reason": failure_name(failure.kind),
            "code": failure.code,
            "message": failure.message,
        });
        self.alarm(tenant, None, "number_stopped", &details);
    }
}

/// The alarm for a message that will not be sent; `None` where only the message itself is concerned.
fn alarm_for(kind: SendFailureKind) -> Option<&'static str> {
    use SendFailureKind as Kind;
    match kind {
        Kind::WindowClosed => Some("window_closed"),
        Kind::BadRequest | Kind::NeedsPhone | Kind::MediaRefused | Kind::Other => Some("message_refused"),
        Kind::Template => Some("template_refused"),
        Kind::NotSent | Kind::Temporary | Kind::PairRate => Some("message_given_up"),
        Kind::ToItself => Some("message_to_itself"),
        // The first ones stop the number, which has its own alarm, or are waited for; the others concern the person and
        // not the system, and are seen on the message.
        Kind::SpamRate
        | Kind::Token
        | Kind::Account
        | Kind::NumberRate
        | Kind::Unknown
        | Kind::Undeliverable
        | Kind::NotDelivered
        | Kind::MarketingStopped
        | Kind::MediaMissing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_of_ours_are_alarms_and_choices_of_people_are_not() {
        assert_eq!(alarm_for(SendFailureKind::BadRequest), Some("message_refused"));
        assert_eq!(alarm_for(SendFailureKind::WindowClosed), Some("window_closed"));
        assert_eq!(alarm_for(SendFailureKind::MarketingStopped), None);
        assert_eq!(alarm_for(SendFailureKind::Token), None, "the number's alarm says it");
    }
}
