//! A business number with customers, for the behaviours of inbox, outbox, customers and files.
//!
//! Time is the database's and nothing sleeps: what is to be due at once gets no quiet, what is not to be due gets an
//! hour, and a lease of nothing has run out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use pytake_assistant::channel::{
    Accepted, DeliveryState, Event, EventKind, InboundContent, InboundMessage, ItemId, OutboundContent,
    OutboxDraft, OutboxId, OutboxKind, Recipient, Recorded, SendFailure, SendFailureKind, Sender, Settlement,
    StatusUpdate,
};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::conversation::{Exchange, TurnRecord};
use pytake_assistant::id::{NumberId, TenantId};
use pytake_assistant::ledger::Origin;

use super::sample::{answer, entry, question, tenant};
use crate::{
    Claim, NumberRecord, NumberSettings, Receipt, ReceivedEvent, Reception, Sealed, Sending, StorageError,
    Store,
};

pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const ANA: &str = "5531988887777";
pub(super) const BIA: &str = "5511977776666";

/// The machine's time, which the database's own clock agrees with.
pub(super) fn now() -> Timestamp {
    SystemClock::new().now()
}

/// So many seconds ago, whole, as a channel tells the time.
pub(super) fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_second(now().as_second() - seconds).expect("a little before now is in range")
}

pub(super) fn number(name: &str) -> NumberId {
    NumberId::new(name).expect("the suite's names are valid")
}

pub(super) fn by_phone(phone: &str) -> Sender {
    Sender { phone: Some(phone.to_owned()), ..Sender::default() }
}

pub(super) fn by_id(scoped_id: &str) -> Sender {
    Sender { scoped_id: Some(scoped_id.to_owned()), ..Sender::default() }
}

pub(super) fn text(text: &str) -> InboundContent {
    InboundContent::Text { text: text.to_owned() }
}

pub(super) fn draft(id: &str) -> OutboxDraft {
    let content = OutboundContent::Text { body: format!("text of {id}"), preview_url: false };
    OutboxDraft { id: OutboxId(id.to_owned()), kind: OutboxKind::Reply, content }
}

/// A message a person wrote.
pub(super) fn person(id: &str) -> OutboxDraft {
    OutboxDraft { kind: OutboxKind::Person, ..draft(id) }
}

pub(super) fn failure(kind: SendFailureKind) -> SendFailure {
    SendFailure {
        kind,
        code: Some(131_000),
        status: None,
        message: "it failed".to_owned(),
        retry_after: None,
    }
}

pub(super) fn accepted(message_id: &str) -> Accepted {
    Accepted { message_id: message_id.to_owned(), recipient: Recipient::default() }
}

pub(super) fn record(whose: &str, name: &str) -> NumberRecord {
    NumberRecord {
        number: number(name),
        tenant: tenant(whose),
        account: Some("waba".to_owned()),
        display_number: Some("5511900000001".to_owned()),
        access_token: Sealed(vec![1, 2, 3]),
        app_secret: Some(Sealed(vec![4])),
        verify_token: None,
        settings: NumberSettings { discloses: false, ..NumberSettings::default() },
        stopped: None,
        created_at: super::sample::at(0),
    }
}

/// A tenant's number.
pub(super) struct Shop {
    pub(super) store: Arc<dyn Store>,
    pub(super) tenant: TenantId,
    pub(super) number: NumberId,
}

impl Shop {
    pub(super) fn new(store: &Arc<dyn Store>, whose: &str) -> Self {
        Self { store: Arc::clone(store), tenant: tenant(whose), number: number(&format!("number-{whose}")) }
    }

    pub(super) fn message(&self, id: &str, sender: &Sender, content: InboundContent) -> InboundMessage {
        InboundMessage {
            number: self.number.clone(),
            id: id.to_owned(),
            sender: sender.clone(),
            group: None,
            sent_at: None,
            content,
            quotes: None,
            product: None,
            is_forwarded: false,
            referral: None,
            is_standby: false,
        }
    }

    pub(super) fn event(&self, key: &str, kind: EventKind) -> ReceivedEvent {
        ReceivedEvent {
            event: Event { number: Some(self.number.clone()), account: None, key: key.to_owned(), kind },
            tenant: Some(self.tenant.clone()),
            quiet: Duration::ZERO,
            quiet_at_most: Duration::ZERO,
        }
    }

    pub(super) fn of_message(&self, message: InboundMessage) -> ReceivedEvent {
        self.event(&format!("message {}", message.id), EventKind::Message(Box::new(message)))
    }

    pub(super) async fn receive(&self, events: Vec<ReceivedEvent>) -> Result<Receipt, StorageError> {
        self.store.receive(Reception { body: Bytes::from_static(b"{}"), events }).await
    }

    /// A text that is due at once.
    pub(super) async fn says(&self, id: &str, phone: &str, words: &str) -> Result<Receipt, StorageError> {
        self.brings(self.message(id, &by_phone(phone), text(words))).await
    }

    pub(super) async fn brings(&self, message: InboundMessage) -> Result<Receipt, StorageError> {
        self.receive(vec![self.of_message(message)]).await
    }

    pub(super) fn status(&self, message_id: &str, state: DeliveryState) -> StatusUpdate {
        StatusUpdate {
            number: self.number.clone(),
            message_id: message_id.to_owned(),
            state,
            at: None,
            callback: None,
            category: None,
            is_billable: None,
            failure: None,
        }
    }

    pub(super) async fn reports(&self, status: StatusUpdate) -> Result<Receipt, StorageError> {
        let key = format!("status {} {} {:?}", status.message_id, status.state.as_str(), status.category);
        self.receive(vec![self.event(&key, EventKind::Status(Box::new(status)))]).await
    }

    /// Claims for an hour what must be due.
    pub(super) async fn claims(&self) -> Result<Claim, StorageError> {
        Ok(self.store.claim(HOUR).await?.expect("a conversation is due"))
    }

    /// The record of a turn that answers a claim with these drafts.
    pub(super) fn turn(&self, claim: &Claim, drafts: &[&str], is_void_when_newer: bool) -> TurnRecord {
        let at = now();
        let texts: Vec<String> = claim.items.iter().map(|item| item.message.id.clone()).collect();
        let questions = texts.iter().map(|id| question(&format!("q-{id}"), id, at)).collect();
        let said = drafts.first().map(|id| answer(&format!("a-{id}"), id, at));
        TurnRecord {
            tenant: self.tenant.clone(),
            user: claim.customer.id.clone(),
            exchange: Some(Exchange {
                conversation: claim.key.conversation.clone(),
                questions,
                answer: said,
                handoff_reason: None,
            }),
            ledger: vec![entry("openai", Some(1_000))],
            origin: Origin::default(),
            budgets: Vec::new(),
            reservation: None,
            settlement: Some(Settlement {
                lease: claim.key.lease,
                items: claim.items.iter().map(|item| item.id).collect(),
                outbound: drafts.iter().map(|id| draft(id)).collect(),
                is_void_when_newer,
            }),
            at,
        }
    }

    pub(super) async fn settles(&self, claim: &Claim, drafts: &[&str]) -> Result<Recorded, StorageError> {
        Ok(self.store.record(self.turn(claim, drafts, true)).await?.recorded)
    }

    /// A customer writes and is answered with these drafts, which are queued then.
    pub(super) async fn answers(
        &self,
        id: &str,
        phone: &str,
        drafts: &[&str],
    ) -> Result<Claim, StorageError> {
        self.says(id, phone, "oi").await?;
        let claim = self.claims().await?;
        assert_eq!(self.settles(&claim, drafts).await?, Recorded::Written);
        Ok(claim)
    }

    /// Takes what must be there to be sent.
    pub(super) async fn takes(&self) -> Result<Sending, StorageError> {
        Ok(self.store.take().await?.expect("a message may be sent"))
    }

    /// Takes the next message and gets it delivered, so that nothing waits for it.
    pub(super) async fn sends(&self) -> Result<Sending, StorageError> {
        let sending = self.takes().await?;
        let id = format!("wamid.{}", sending.key.id.0);
        self.store.accepted(&sending.key, &accepted(&id)).await?;
        self.reports(self.status(&id, DeliveryState::Delivered)).await?;
        Ok(sending)
    }

    pub(super) async fn row(&self, id: &str) -> Result<crate::OutboxRow, StorageError> {
        let filter = crate::OutboxFilter { limit: 200, ..Default::default() };
        let page = self.store.outbox(&self.tenant, filter).await?;
        Ok(page.items.into_iter().find(|row| row.id.0 == id).expect("the row is there"))
    }
}

pub(super) fn message_ids(claim: &Claim) -> Vec<&str> {
    claim.items.iter().map(|item| item.message.id.as_str()).collect()
}

pub(super) fn item_ids(claim: &Claim) -> Vec<ItemId> {
    claim.items.iter().map(|item| item.id).collect()
}
