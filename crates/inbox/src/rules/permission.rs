//! The check just before a message is sent: what was right when it was queued may be wrong by now.

use jiff::Timestamp;
use pytake_assistant::channel::{OutboxKind, is_window_open};
use pytake_assistant::conversation::Attendant;
use pytake_store::Sending;

/// Whether the message may be sent now.
///
/// # Errors
/// Why not, as it stands in the outbox and in metrics: `opted_out`, `window_closed`, `taken_over`, `newer_input`.
pub(crate) fn may_send(sending: &Sending, now: Timestamp) -> Result<(), &'static str> {
    let is_template = sending.content.is_template();
    // A template starts a conversation. An answer to a question is a service, also to somebody who wants no more
    // messages that start by themselves.
    if is_template && sending.opted_out_at.is_some() {
        return Err("opted_out");
    }
    if !is_template && !is_window_open(sending.window_from, now) {
        return Err("window_closed");
    }
    if sending.kind == OutboxKind::Reply {
        if sending.attendant == Attendant::Human {
            return Err("taken_over");
        }
        if sending.is_outdated {
            return Err("newer_input");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use pytake_assistant::channel::{OutboundContent, OutboxId, Recipient};
    use pytake_assistant::id::{ConversationId, NumberId, TenantId};
    use pytake_store::SendingKey;

    use super::*;

    const NOW: &str = "2026-11-22T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn reply() -> Sending {
        Sending {
            key: SendingKey { tenant: TenantId::default_tenant(), id: OutboxId("o".to_owned()), attempt: 1 },
            conversation: ConversationId::new("c").unwrap(),
            number: NumberId::new("1").unwrap(),
            recipient: Recipient::default(),
            kind: OutboxKind::Reply,
            content: OutboundContent::Text { body: "oi".to_owned(), preview_url: false },
            queued_at: at(NOW),
            is_possible_duplicate: false,
            window_from: Some(at("2026-11-22T11:00:00Z")),
            attendant: Attendant::Assistant,
            opted_out_at: None,
            is_outdated: false,
        }
    }

    fn template() -> OutboundContent {
        OutboundContent::Template {
            name: "order_ready".to_owned(),
            language: "pt_BR".to_owned(),
            components: serde_json::Value::Null,
        }
    }

    #[test]
    fn each_reason_withholds_what_it_concerns_and_nothing_else() {
        let closed = Some(at("2026-11-21T12:00:00Z"));
        let cases: [(&str, Sending, Result<(), &str>); 10] = [
            ("a reply", reply(), Ok(())),
            ("window closed", Sending { window_from: closed, ..reply() }, Err("window_closed")),
            ("nobody has written", Sending { window_from: None, ..reply() }, Err("window_closed")),
            (
                "a template goes through a closed window",
                Sending { window_from: closed, content: template(), kind: OutboxKind::Person, ..reply() },
                Ok(()),
            ),
            (
                "a template to somebody who opted out",
                Sending {
                    opted_out_at: Some(at(NOW)),
                    content: template(),
                    kind: OutboxKind::Person,
                    ..reply()
                },
                Err("opted_out"),
            ),
            (
                "an answer to somebody who opted out",
                Sending { opted_out_at: Some(at(NOW)), ..reply() },
                Ok(()),
            ),
            ("a person took over", Sending { attendant: Attendant::Human, ..reply() }, Err("taken_over")),
            (
                "the notice that a person takes over",
                Sending { attendant: Attendant::Human, kind: OutboxKind::Notice, ..reply() },
                Ok(()),
            ),
            ("something newer came", Sending { is_outdated: true, ..reply() }, Err("newer_input")),
            (
                "a person's message is not outdated",
                Sending {
                    is_outdated: true,
                    attendant: Attendant::Human,
                    kind: OutboxKind::Person,
                    ..reply()
                },
                Ok(()),
            ),
        ];
        for (name, sending, expected) in cases {
            assert_eq!(may_send(&sending, at(NOW)), expected, "{name}");
        }
    }
}
