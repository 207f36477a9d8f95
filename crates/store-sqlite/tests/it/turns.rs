//! Turns for the tests of this crate.

use jiff::Timestamp;
use pytake_assistant::conversation::{ConversationMessage, Exchange, TurnRecord};
use pytake_assistant::id::{ConversationId, MessageId, TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, Operation, Origin};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::provider::Role;

/// So many seconds into a day of November 2026.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_348_800 + seconds).unwrap()
}

pub(crate) fn conversation(name: &str) -> ConversationId {
    ConversationId::new(name).unwrap()
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).unwrap()
}

/// Question `q-n` and answer `a-n`, both saying whose they are, and one booked call.
pub(crate) fn turn(whose: &str, who: &str, place: &str, n: i64) -> TurnRecord {
    let message = |id: String, role| ConversationMessage {
        id: MessageId::new(id).unwrap(),
        role,
        content: format!("{whose} {n}"),
        tokens: 3,
        created_at: at(n),
        language: None,
        analysis: None,
        answer: None,
        confidence: None,
        channel: None,
    };
    TurnRecord {
        tenant: tenant(whose),
        user: UserId::new(who).unwrap(),
        exchange: Some(Exchange {
            conversation: conversation(place),
            questions: vec![message(format!("q-{n}"), Role::User)],
            answer: Some(message(format!("a-{n}"), Role::Assistant)),
            handoff_reason: None,
        }),
        ledger: vec![LedgerEntry {
            operation: Operation::Chat,
            provider: "local".into(),
            model: "answers".into(),
            usage: TokenUsage { input_tokens: 5, output_tokens: 2, ..Default::default() },
            cost: Some(PicoUsd(1)),
            is_answer: true,
            is_cached: false,
            saved: None,
        }],
        origin: Origin::default(),
        budgets: Vec::new(),
        reservation: None,
        settlement: None,
        at: at(n),
    }
}
