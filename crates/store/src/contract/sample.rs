//! Records for the suite: short to make, different in every field that could be mixed up.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use pytake_assistant::AnalysisType;
use pytake_assistant::budget::{BudgetClaim, BudgetScope};
use pytake_assistant::conversation::{AnswerRecord, ConversationMessage, Exchange, TurnRecord};
use pytake_assistant::id::{ConversationId, MessageId, TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, Operation, Origin, ReservationId, ReservationRequest};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use pytake_assistant::provider::Role;
use pytake_assistant::trail::{AttemptRecord, Trail};
use serde_json::json;

/// The UTC day on which everything happens unless a behaviour says otherwise.
pub(super) const DAY: Date = date(2026, 11, 22);

/// Noon of [`DAY`] plus so many milliseconds.
pub(super) fn at(milliseconds: i64) -> Timestamp {
    const NOON_OF_DAY: i64 = 1_795_348_800_000;
    Timestamp::from_millisecond(NOON_OF_DAY + milliseconds).expect("a few days around noon are in range")
}

pub(super) fn tenant(name: &str) -> TenantId {
    TenantId::new(name).expect("the suite's names are valid")
}

pub(super) fn user(name: &str) -> UserId {
    UserId::new(name).expect("the suite's names are valid")
}

pub(super) fn conversation(name: &str) -> ConversationId {
    ConversationId::new(name).expect("the suite's names are valid")
}

/// A customer's message.
pub(super) fn question(id: &str, text: &str, at: Timestamp) -> ConversationMessage {
    ConversationMessage {
        id: MessageId::new(id).expect("the suite's names are valid"),
        role: Role::User,
        content: text.to_owned(),
        tokens: 7,
        created_at: at,
        language: Some("pt".to_owned()),
        analysis: Some([(AnalysisType::Intent, json!({"primary": "refund"}))].into()),
        answer: None,
        confidence: None,
        channel: None,
    }
}

/// The assistant's message, with a full record of how it was made.
pub(super) fn answer(id: &str, text: &str, at: Timestamp) -> ConversationMessage {
    let usage = TokenUsage { input_tokens: 900, cached_tokens: 600, output_tokens: 45, ..Default::default() };
    let mut trail = Trail { facts: vec!["returns".to_owned()], ..Default::default() };
    trail.step("screen", "nothing to stop");
    trail.attempts.push(AttemptRecord {
        provider: "openai".to_owned(),
        model: "small".to_owned(),
        kind: None,
        status: Some(200),
        ms: 812,
        queued_ms: 3,
        message: None,
        usage: Some(usage),
    });
    ConversationMessage {
        id: MessageId::new(id).expect("the suite's names are valid"),
        role: Role::Assistant,
        content: text.to_owned(),
        tokens: 45,
        created_at: at,
        language: None,
        analysis: None,
        answer: Some(AnswerRecord {
            provider: "openai".to_owned(),
            model: "small".to_owned(),
            usage,
            cost: Some(PicoUsd(123_456_789)),
            trail,
        }),
        confidence: Some(0.35),
        channel: None,
    }
}

/// One answered chat call.
pub(super) fn entry(provider: &str, cost: Option<i64>) -> LedgerEntry {
    LedgerEntry {
        operation: Operation::Chat,
        provider: provider.to_owned(),
        model: "small".to_owned(),
        usage: TokenUsage { input_tokens: 900, output_tokens: 45, ..Default::default() },
        cost: cost.map(PicoUsd),
        is_answer: true,
        is_cached: false,
        saved: None,
    }
}

/// A turn that keeps nothing and books these calls.
pub(super) fn booking(whose: &str, who: &str, at: Timestamp, ledger: Vec<LedgerEntry>) -> TurnRecord {
    TurnRecord {
        tenant: tenant(whose),
        user: user(who),
        exchange: None,
        ledger,
        origin: Origin::default(),
        budgets: Vec::new(),
        reservation: None,
        settlement: None,
        at,
    }
}

/// A turn with question and answer number `n`, at `n` seconds after noon, that costs 1,000 pico-USD.
pub(super) fn turn(whose: &str, who: &str, place: &str, n: i64) -> TurnRecord {
    let when = at(n * 1_000);
    TurnRecord {
        exchange: Some(Exchange {
            conversation: conversation(place),
            questions: vec![question(&format!("q-{n}"), &format!("question {n}"), when)],
            answer: Some(answer(&format!("a-{n}"), &format!("answer {n}"), when)),
            handoff_reason: None,
        }),
        ..booking(whose, who, when, vec![entry("openai", Some(1_000))])
    }
}

/// Asks for one request of [`DAY`] with no limit at all.
pub(super) fn request(id: &str, whose: &str, who: &str) -> ReservationRequest {
    ReservationRequest {
        id: ReservationId(id.to_owned()),
        tenant: tenant(whose),
        user: user(who),
        day: DAY,
        daily_limit: None,
        budgets: Vec::new(),
        at_most: PicoUsd::ZERO,
        cheaper: None,
        at: at(0),
        holds_for: Duration::from_mins(1),
    }
}

/// A cap of so many pico-USD.
pub(super) fn cap(scope: BudgetScope, cap: i64) -> BudgetClaim {
    BudgetClaim { scope, cap: PicoUsd(cap) }
}
