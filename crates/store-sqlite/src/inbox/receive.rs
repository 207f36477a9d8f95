//! Receiving: a webhook's events, each kept once, and what follows from them.

use jiff::Timestamp;
use pytake_assistant::channel::{
    Event, EventKind, IdentityChange, InboundContent, InboundMessage, MarketingPreference, trusted_time,
};
use pytake_assistant::id::{ConversationId, IdSource, TenantId, UserId};
use pytake_store::{Receipt, ReceivedChange, ReceivedChangeKind, ReceivedEvent};
use rusqlite::{Connection, Result, params};

use super::{echo, items, report};
use crate::channel_conversations::{self, Quiet};
use crate::columns::instant;
use crate::hashes::Hashes;
use crate::privacy::tombstones;
use crate::{conversations, customers, media, numbers};

/// One webhook being received.
pub(super) struct Receiving<'a> {
    pub(super) connection: &'a Connection,
    pub(super) ids: &'a dyn IdSource,
    pub(super) hashes: &'a Hashes,
    pub(super) now: Timestamp,
    pub(super) changes: Vec<ReceivedChange>,
}

/// An event's row, with whose it is.
pub(super) struct Kept<'a> {
    pub(super) item: i64,
    pub(super) tenant: &'a TenantId,
    quiet: Quiet,
}

impl Receiving<'_> {
    /// Keeps the body and the events that are new.
    pub(super) fn receive(mut self, body: &[u8], events: &[ReceivedEvent]) -> Result<Receipt> {
        let body = self.keep_body(body)?;
        let mut receipt = Receipt::default();
        for received in events {
            let Some(item) = self.keep(body, received)? else {
                receipt.duplicates += 1;
                continue;
            };
            receipt.new += 1;
            let Some(tenant) = &received.tenant else {
                receipt.unrouted += 1;
                continue;
            };
            let quiet = Quiet { each: received.quiet, at_most: received.quiet_at_most };
            self.follow(&Kept { item, tenant, quiet }, &received.event)?;
        }
        if receipt.new == 0 && receipt.duplicates > 0 {
            self.forget_body(body)?;
        }
        receipt.changes = self.changes;
        Ok(receipt)
    }

    fn keep_body(&self, body: &[u8]) -> Result<i64> {
        const KEEP: &str = "
            INSERT INTO webhook_bodies (received_at, body)
            VALUES (?1, ?2)";
        self.connection.prepare_cached(KEEP)?.insert(params![instant(self.now), body])
    }

    /// A body that tells nothing new is kept already.
    fn forget_body(&self, body: i64) -> Result<()> {
        const FORGET: &str = "
            DELETE FROM webhook_bodies
            WHERE body_id = ?1";
        self.connection.prepare_cached(FORGET)?.execute([body]).map(drop)
    }

    /// The row of an event; `None`: it is known. The unique key decides.
    fn keep(&self, body: i64, received: &ReceivedEvent) -> Result<Option<i64>> {
        const KEEP: &str = "
            INSERT INTO inbox_items (
                number_id, event_key, kind, state, body_id, received_at, tenant_id, message_id
            )
            VALUES (?1, ?2, ?3, 'kept', ?4, ?5, ?6, ?7)
            ON CONFLICT (number_id, event_key) DO NOTHING";
        let event = &received.event;
        if self.is_erased(event)? {
            return Ok(None);
        }
        let row = params![
            number_id(event),
            event.key,
            word_for(&event.kind),
            body,
            instant(self.now),
            received.tenant.as_ref().map(TenantId::as_str),
            message_id(&event.kind),
        ];
        let mut is_new = self.connection.prepare_cached(KEEP)?.execute(row)? > 0;
        if !is_new && self.forget_unrouted(received)? {
            is_new = self.connection.prepare_cached(KEEP)?.execute(row)? > 0;
        }
        Ok(is_new.then(|| self.connection.last_insert_rowid()))
    }

    /// Whether an event was erased, or reports on a message that was: it would only name the customer again.
    fn is_erased(&self, event: &Event) -> Result<bool> {
        let is_erased =
            |key: &str| tombstones::is_erased_event(self.connection, self.hashes, number_id(event), key);
        let report = if let EventKind::Status(status) = &event.kind {
            Some(tombstones::report_on(&status.message_id))
        } else {
            None
        };
        Ok(is_erased(&event.key)? || report.map_or(Ok(false), |key| is_erased(&key))?)
    }

    /// Makes room for an event that was known as nobody's and is somebody's now: its number was added since, or what came
    /// first was signed by somebody who may not speak for the number.
    fn forget_unrouted(&self, received: &ReceivedEvent) -> Result<bool> {
        const FORGET: &str = "
            DELETE FROM inbox_items
            WHERE number_id = ?1
              AND event_key = ?2
              AND tenant_id IS NULL";
        if received.tenant.is_none() {
            return Ok(false);
        }
        let key = params![number_id(&received.event), received.event.key];
        Ok(self.connection.prepare_cached(FORGET)?.execute(key)? > 0)
    }

    fn follow(&mut self, kept: &Kept<'_>, event: &Event) -> Result<()> {
        match &event.kind {
            EventKind::Message(message) => self.message(kept, message),
            EventKind::Status(status) => report::apply(self, kept, status),
            EventKind::Echo(echo) => echo::take_over(self, kept, echo),
            EventKind::Identity(change) => self.identity(kept, change),
            EventKind::Preference(preference) => self.preference(kept, preference),
            EventKind::Notice { .. } | EventKind::Other { .. } => Ok(()),
        }
    }

    fn message(&mut self, kept: &Kept<'_>, message: &InboundMessage) -> Result<()> {
        if let Some(phone) = &message.sender.phone
            && numbers::is_own_phone(self.connection, kept.tenant, phone)?
        {
            self.change(kept.tenant, None, ReceivedChangeKind::OwnNumber);
            return Ok(());
        }
        let place = if message.group.is_none() { self.place(kept.tenant, message)? } else { None };
        let Some(conversation) = place else {
            self.change(kept.tenant, None, ReceivedChangeKind::Kept);
            return Ok(());
        };
        match &message.content {
            InboundContent::Edit { message_id, content } => {
                items::keep_with(self.connection, kept, &conversation, message, self.now, Some(message_id))?;
                if let Some(changed) =
                    items::edit(self.connection, kept.tenant, &conversation, message_id, content)?
                {
                    media::want(self.connection, kept.tenant, changed, content, self.now)?;
                    channel_conversations::note_change(
                        self.connection,
                        kept.tenant,
                        &conversation,
                        kept.item,
                    )?;
                }
            }
            InboundContent::Revoke { message_id } => {
                items::keep_with(self.connection, kept, &conversation, message, self.now, Some(message_id))?;
                if items::revoke(self.connection, kept.tenant, &conversation, message_id)? {
                    channel_conversations::note_change(
                        self.connection,
                        kept.tenant,
                        &conversation,
                        kept.item,
                    )?;
                    channel_conversations::refresh_due(
                        self.connection,
                        kept.tenant,
                        &conversation,
                        self.now,
                    )?;
                }
            }
            content => {
                items::keep_with(self.connection, kept, &conversation, message, self.now, None)?;
                media::want(self.connection, kept.tenant, kept.item, content, self.now)?;
                if content.wants_answer() {
                    return self.wants_answer(kept, message, conversation);
                }
            }
        }
        self.change(kept.tenant, Some(conversation), ReceivedChangeKind::Kept);
        Ok(())
    }

    /// A message that says something: opens the window, and waits for its turn unless somebody else answers it.
    fn wants_answer(
        &mut self,
        kept: &Kept<'_>,
        message: &InboundMessage,
        conversation: ConversationId,
    ) -> Result<()> {
        let written_at = trusted_time(message.sent_at, self.now);
        channel_conversations::open_window(self.connection, kept.tenant, &conversation, written_at)?;
        let is_waiting =
            !message.is_standby && items::make_pending(self.connection, kept, &conversation, message)?;
        if !is_waiting {
            self.change(kept.tenant, Some(conversation), ReceivedChangeKind::Kept);
            return Ok(());
        }
        let quiet = if message.content.is_choice() {
            Quiet { each: std::time::Duration::ZERO, ..kept.quiet }
        } else {
            kept.quiet
        };
        channel_conversations::make_due(
            self.connection,
            kept.tenant,
            &conversation,
            kept.item,
            quiet,
            self.now,
        )?;
        conversations::state::open_again(self.connection, kept.tenant, &conversation, self.now)?;
        self.change(kept.tenant, Some(conversation), ReceivedChangeKind::Waiting);
        Ok(())
    }

    /// The conversation a message belongs to; `None`: nobody wrote it.
    fn place(&mut self, tenant: &TenantId, message: &InboundMessage) -> Result<Option<ConversationId>> {
        let Some(customer) = self.customer(tenant, &message.sender)? else { return Ok(None) };
        channel_conversations::ensure(self.connection, tenant, &message.number, &customer).map(Some)
    }

    /// The customer a sender is, made where there is none; `None`: a sender without any id.
    pub(super) fn customer(
        &mut self,
        tenant: &TenantId,
        sender: &pytake_assistant::channel::Sender,
    ) -> Result<Option<UserId>> {
        let resolved = customers::resolve(self.connection, tenant, sender, self.ids, self.hashes, self.now)?;
        Ok(resolved.map(|resolved| self.merged(tenant, resolved)))
    }

    fn merged(&mut self, tenant: &TenantId, resolved: customers::Resolved) -> UserId {
        if let Some(from) = resolved.gone {
            let kind = ReceivedChangeKind::Merged { into: resolved.id.clone(), from };
            self.change(tenant, None, kind);
        }
        resolved.id
    }

    fn identity(&mut self, kept: &Kept<'_>, change: &IdentityChange) -> Result<()> {
        let known = match customers::known(self.connection, kept.tenant, &change.before)? {
            Some(known) => Some(known),
            None => customers::known(self.connection, kept.tenant, &change.after)?,
        };
        // Of somebody who never wrote there is nothing to keep together.
        let Some(customer) = known else { return Ok(()) };
        let resolved = customers::add_addresses(self.connection, kept.tenant, &customer, &change.after)?;
        self.merged(kept.tenant, resolved);
        Ok(())
    }

    fn preference(&mut self, kept: &Kept<'_>, preference: &MarketingPreference) -> Result<()> {
        let Some(customer) = self.customer(kept.tenant, &preference.sender)? else { return Ok(()) };
        let since = preference.is_stopped.then_some(self.now);
        customers::set_marketing_stopped(self.connection, kept.tenant, &customer, since)
    }

    pub(super) fn change(
        &mut self,
        tenant: &TenantId,
        conversation: Option<ConversationId>,
        kind: ReceivedChangeKind,
    ) {
        self.changes.push(ReceivedChange { tenant: tenant.clone(), conversation, kind });
    }
}

fn number_id(event: &Event) -> &str {
    event.number.as_ref().map_or("", |number| number.as_str())
}

fn word_for(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::Message(_) => "message",
        EventKind::Status(_) => "status",
        EventKind::Echo(_) => "echo",
        EventKind::Identity(_) => "identity",
        EventKind::Preference(_) => "preference",
        EventKind::Notice { .. } => "notice",
        EventKind::Other { .. } => "other",
    }
}

fn message_id(kind: &EventKind) -> Option<&str> {
    match kind {
        EventKind::Message(message) => Some(&message.id),
        EventKind::Status(status) => Some(&status.message_id),
        EventKind::Echo(echo) => Some(&echo.id),
        EventKind::Identity(_)
        | EventKind::Preference(_)
        | EventKind::Notice { .. }
        | EventKind::Other { .. } => None,
    }
}
