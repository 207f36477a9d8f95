//! Who used what: reservations before a call, bookings after it, and the sums.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::budget::{BudgetClaim, BudgetMark, BudgetScope, Spending};
use crate::conversation::Page;
use crate::error::StorageError;
use crate::id::{ConversationId, MessageId, TenantId, UserId};
use crate::money::{PicoUsd, TokenUsage};

/// What kind of work was paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Operation {
    /// A reply.
    Chat,
    /// An analysis.
    Analyze,
    /// An intent.
    Classify,
    /// A background summary of an older part of a conversation.
    Summary,
    /// A recording that was written down.
    Transcription,
    /// A case of a prompt's test set.
    PromptTest,
    /// A message in another language.
    Translation,
}

impl Operation {
    /// The name in the database, on the wire and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Analyze => "analyze",
            Self::Classify => "classify",
            Self::Summary => "summary",
            Self::Transcription => "transcription",
            Self::PromptTest => "prompt_test",
            Self::Translation => "translation",
        }
    }
}

/// Names a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReservationId(pub String);

/// What a turn wants to use, asked before anything is sent.
#[derive(Debug, Clone)]
pub struct ReservationRequest {
    /// A fresh id.
    pub id: ReservationId,
    /// Whose budget.
    pub tenant: TenantId,
    /// Whose daily limit.
    pub user: UserId,
    /// The UTC day it counts for.
    pub day: Date,
    /// Requests a user may make on a UTC day; `None`: no limit.
    pub daily_limit: Option<u64>,
    /// The caps in force; every one must have room for the money. Empty: nothing is claimed.
    pub budgets: Vec<BudgetClaim>,
    /// The most the turn can cost.
    pub at_most: PicoUsd,
    /// The most it can cost with the cheaper model, claimed where `at_most` has no room; `None`: there is none.
    pub cheaper: Option<PicoUsd>,
    /// Now; and when the reservation lapses if nobody settles it (a killed process).
    pub at: Timestamp,
    /// How long the claim on the budget holds.
    pub holds_for: Duration,
}

/// The answer to a reservation. Limits hold exactly, also when many ask at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// Counted; to be settled by the turn's record, or released.
    Admitted,
    /// As admitted, with the money of the cheaper model only.
    Cheaper {
        /// Marks that this passed, as for a refusal.
        passed: Vec<BudgetMark>,
    },
    /// The user's day is used up. Nothing was counted.
    DailyLimit {
        /// Requests counted for the day so far.
        used: u64,
    },
    /// A cap has no room for the money. The request was counted for the user's day: it may still be answered without a
    /// paid call.
    Budget {
        /// Whose cap, and for how long; of several the one that starts anew last.
        scope: BudgetScope,
        /// Settled and reserved there so far.
        spent: PicoUsd,
        /// Marks that this refusal passed: the last one, where what is settled leaves no room even when nobody else
        /// asks.
        passed: Vec<BudgetMark>,
    },
}

/// One provider call to be booked. A turn whose call was free still books one, so that requests are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// What it was for.
    pub operation: Operation,
    /// Who did it.
    pub provider: String,
    /// With which model.
    pub model: String,
    /// Tokens.
    pub usage: TokenUsage,
    /// Exact cost, `None` where the price is unknown.
    pub cost: Option<PicoUsd>,
    /// False for a call that failed but was billed.
    pub is_answer: bool,
    /// Whether an answer that was kept from before was given again.
    pub is_cached: bool,
    /// What an answer that was given again would have cost; `None` where nothing was given again, or its price is
    /// unknown.
    pub saved: Option<PicoUsd>,
}

/// Where a booking comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The conversation it was for.
    pub conversation: Option<ConversationId>,
    /// The assistant's message that came of it.
    pub message: Option<MessageId>,
}

/// An entry of the ledger as it was booked.
#[derive(Debug, Clone, PartialEq)]
pub struct Booking {
    /// Its number; grows with every booking.
    pub number: u64,
    /// When it was booked.
    pub at: Timestamp,
    /// For whom.
    pub user: String,
    /// What for.
    pub origin: Origin,
    /// The call.
    pub entry: LedgerEntry,
}

/// Which bookings to list, newest first.
#[derive(Debug, Clone, Default)]
pub struct BookingFilter {
    /// First UTC day; `None`: from the beginning.
    pub from: Option<Date>,
    /// Last UTC day, included; `None`: until today.
    pub to: Option<Date>,
    /// Only this customer's.
    pub user: Option<UserId>,
    /// Only this conversation's.
    pub conversation: Option<ConversationId>,
    /// Where to go on: the `next` of the page before. One that is malformed lists from the start.
    pub cursor: Option<String>,
    /// Bookings on a page.
    pub limit: u32,
}

/// One way to sum usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is the contract's word of the same name")]
pub enum UsageKey {
    Day,
    Provider,
    Model,
    User,
    Operation,
    Conversation,
}

/// Which usage to sum.
#[derive(Debug, Clone, Default)]
pub struct UsageQuery {
    /// First UTC day; `None`: from the beginning.
    pub from: Option<Date>,
    /// Last UTC day, included; `None`: until today.
    pub to: Option<Date>,
    /// Only this customer's.
    pub user: Option<UserId>,
    /// One row per combination of these; empty: one row in all.
    pub group_by: Vec<UsageKey>,
}

/// A sum of usage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UsageRow {
    /// Values of the keys it was grouped by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Date>,
    /// Provider, when grouped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Model, when grouped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Customer, when grouped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Operation, when grouped by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
    /// Conversation, when grouped by it; `None` also for what belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
    /// Requests answered.
    pub requests: u64,
    /// Tokens by class.
    pub usage: TokenUsage,
    /// Sum of the known costs.
    pub cost: PicoUsd,
    /// Calls whose price is unknown; the cost is a lower bound when it is not 0.
    pub unpriced_calls: u64,
    /// Calls that were billed and gave no answer.
    pub failed_calls: u64,
    /// Part of the cost that was for those.
    pub failed_cost: PicoUsd,
    /// Answers that were given again.
    pub cached_answers: u64,
    /// What those would have cost, where that is known.
    pub saved: PicoUsd,
}

impl UsageRow {
    /// The cost, where anything has a known price. Unknown is never 0; with some prices unknown it is a lower
    /// bound, see `unpriced_calls`.
    pub fn known_cost(&self) -> Option<PicoUsd> {
        let is_unknown = self.unpriced_calls > 0 && self.cost == PicoUsd::ZERO;
        (!is_unknown).then_some(self.cost)
    }
}

/// A customer's totals.
#[derive(Debug, Clone, PartialEq)]
pub struct UserUsage {
    /// Answered requests ever (chat, analyze, classify, transcribe and prompt tests; background summaries do not count).
    pub total_requests: u64,
    /// Requests counted against today's limit, those in flight included.
    pub requests_today: u64,
    /// The last one.
    pub last_request: Option<Timestamp>,
}

/// Keeps usage.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Counts a request and claims its money, both or neither as [`Admission`] says; durable against a killed
    /// process when it returns.
    async fn reserve(&self, request: ReservationRequest) -> Result<Admission, StorageError>;

    /// Takes back a reservation whose turn failed before it used anything: the request no longer counts.
    async fn release(
        &self,
        tenant: &TenantId,
        user: &UserId,
        day: Date,
        id: &ReservationId,
    ) -> Result<(), StorageError>;

    /// A customer's totals; `None` when nothing was ever counted.
    async fn user_usage(
        &self,
        tenant: &TenantId,
        user: &UserId,
        today: Date,
    ) -> Result<Option<UserUsage>, StorageError>;

    /// What counts against budgets: of the tenant on the day and in its month, of a customer where one is named. Claims
    /// that have lapsed at `at` are left out.
    async fn spending(
        &self,
        tenant: &TenantId,
        user: Option<&UserId>,
        at: Timestamp,
    ) -> Result<Spending, StorageError>;

    /// Single bookings, newest first.
    async fn bookings(&self, tenant: &TenantId, filter: BookingFilter)
    -> Result<Page<Booking>, StorageError>;

    /// Sums, ordered by their keys.
    async fn usage(&self, tenant: &TenantId, query: UsageQuery) -> Result<Vec<UsageRow>, StorageError>;
}
