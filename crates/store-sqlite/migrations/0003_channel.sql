-- Messaging channels: numbers, customers, inbox, outbox, files. An id of the channel (of a number, of a message) is
-- only a name within a tenant here: the tenant comes first in every key but the two that say why.

-- Who has a conversation, in instants; see `Conversation::state`.
ALTER TABLE conversations ADD COLUMN waiting_since INTEGER;
ALTER TABLE conversations ADD COLUMN person_at INTEGER;
ALTER TABLE conversations ADD COLUMN paused_until INTEGER;
ALTER TABLE conversations ADD COLUMN closed_at INTEGER;
ALTER TABLE conversations ADD COLUMN resumed_at INTEGER;

-- What the channel knows of a message, as JSON.
ALTER TABLE messages ADD COLUMN channel TEXT;

-- How sure an answer was, 0 to 1. In a column of its own, because every turn reads it and no turn reads `record`.
ALTER TABLE messages ADD COLUMN confidence REAL;

INSERT INTO meta (name, value)
VALUES ('numbers_version', 1),
       ('outbox_turns', 0);

-- A webhook names its number before anybody knows whose it is, so the tenant cannot come first. Secrets are sealed.
-- `display_phone` is the telephone in canonical form, to recognise our own messages.
CREATE TABLE numbers (
    number_id      TEXT    NOT NULL PRIMARY KEY,
    tenant_id      TEXT    NOT NULL REFERENCES tenants,
    account        TEXT,
    display_number TEXT,
    display_phone  TEXT,
    access_token   BLOB    NOT NULL,
    app_secret     BLOB,
    verify_token   BLOB,
    settings       TEXT    NOT NULL,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX numbers_by_phone ON numbers (tenant_id, display_phone) WHERE display_phone IS NOT NULL;

-- What a number sends, and whether it may. `next_send_at` is the earliest `send_at` of its conversations, NULL:
-- nothing waits. `served` grows with every turn a tenant gets: who has waited longest is next.
CREATE TABLE senders (
    tenant_id    TEXT    NOT NULL,
    number_id    TEXT    NOT NULL,
    stopped      TEXT,
    stopped_at   INTEGER,
    held_until   INTEGER NOT NULL DEFAULT 0,
    next_send_at INTEGER,
    served       INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, number_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX senders_with_work ON senders (served)
WHERE next_send_at IS NOT NULL
  AND stopped IS NULL;

CREATE TABLE service_messages (
    number_id TEXT    NOT NULL,
    month     INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    PRIMARY KEY (number_id, month)
) STRICT, WITHOUT ROWID;

-- `position` is the order of creation: of two that turn out to be one, the older remains. `phone` and `scoped_id` are
-- the newest addresses as they were received. `merged_into` names the one who remains.
CREATE TABLE customers (
    position             INTEGER PRIMARY KEY,
    tenant_id            TEXT    NOT NULL,
    customer_id          TEXT    NOT NULL,
    name                 TEXT,
    username             TEXT,
    phone                TEXT,
    scoped_id            TEXT,
    opted_out_at         INTEGER,
    marketing_stopped_at INTEGER,
    merged_into          TEXT,
    created_at           INTEGER NOT NULL,
    UNIQUE (tenant_id, customer_id)
) STRICT;

CREATE INDEX customers_merged ON customers (tenant_id, merged_into) WHERE merged_into IS NOT NULL;

-- `kind` is `scoped_id` or `phone`; a telephone stands here in its canonical form.
CREATE TABLE customer_aliases (
    tenant_id   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    PRIMARY KEY (tenant_id, kind, value)
) STRICT, WITHOUT ROWID;

CREATE INDEX customer_aliases_by_customer ON customer_aliases (tenant_id, customer_id);

CREATE TABLE webhook_bodies (
    body_id     INTEGER PRIMARY KEY,
    received_at INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

CREATE INDEX webhook_bodies_by_arrival ON webhook_bodies (received_at);

-- One row an event, in the order of arrival; an id is never used again. `state`: pending (waits for a turn), settled,
-- kept (nothing follows). `event` is the message as JSON, of messages only. `sent_at` orders what waits. `target_id` is
-- the message that an edit or a revocation is about. The key is unique by number: what one business's channel says can
-- never hide what another's does. An event without a number has the number ''.
CREATE TABLE inbox_items (
    item_id         INTEGER PRIMARY KEY AUTOINCREMENT,
    number_id       TEXT    NOT NULL,
    event_key       TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    body_id         INTEGER NOT NULL,
    received_at     INTEGER NOT NULL,
    tenant_id       TEXT,
    conversation_id TEXT,
    message_id      TEXT,
    target_id       TEXT,
    sent_at         INTEGER,
    event           TEXT,
    UNIQUE (number_id, event_key)
) STRICT;

CREATE INDEX inbox_items_pending ON inbox_items (tenant_id, conversation_id, sent_at)
WHERE state = 'pending';
CREATE INDEX inbox_items_by_conversation ON inbox_items (tenant_id, conversation_id)
WHERE conversation_id IS NOT NULL;
CREATE INDEX inbox_items_by_message ON inbox_items (tenant_id, conversation_id, message_id)
WHERE state = 'pending';
CREATE INDEX inbox_items_by_target ON inbox_items (tenant_id, conversation_id, target_id)
WHERE target_id IS NOT NULL;
CREATE INDEX inbox_items_done ON inbox_items (received_at)
WHERE state <> 'pending';

-- A conversation as the inbox and the outbox work on it.
-- Inbox: it is due at `ready_at` (NULL: nothing waits) unless leased; `lease_until` 0: nobody has it. `newest_item` is
-- the last item that changed what waits, `claimed_item` what it was when the conversation was claimed.
-- Outbox: the next row may go at `send_at` (NULL: nothing waits, or a row is in flight); `last_out` is the row sent
-- last, which is waited for until `waits_until`.
CREATE TABLE channel_conversations (
    tenant_id        TEXT    NOT NULL,
    conversation_id  TEXT    NOT NULL,
    number_id        TEXT    NOT NULL,
    customer_id      TEXT    NOT NULL,
    ready_at         INTEGER,
    first_pending_at INTEGER,
    lease_until      INTEGER NOT NULL DEFAULT 0,
    lease_token      INTEGER NOT NULL DEFAULT 0,
    newest_item      INTEGER NOT NULL DEFAULT 0,
    claimed_item     INTEGER NOT NULL DEFAULT 0,
    failed_attempts  INTEGER NOT NULL DEFAULT 0,
    void_drafts      INTEGER NOT NULL DEFAULT 0,
    window_from      INTEGER,
    held_until       INTEGER NOT NULL DEFAULT 0,
    waits_until      INTEGER NOT NULL DEFAULT 0,
    last_out         INTEGER NOT NULL DEFAULT 0,
    send_at          INTEGER,
    due_at           INTEGER GENERATED ALWAYS AS (MAX(ready_at, lease_until)) VIRTUAL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- All tenants together: the one that has been due for the longest is claimed.
CREATE INDEX channel_conversations_due ON channel_conversations (due_at)
WHERE due_at IS NOT NULL;
CREATE INDEX channel_conversations_to_send ON channel_conversations (tenant_id, number_id, send_at)
WHERE send_at IS NOT NULL;
CREATE UNIQUE INDEX channel_conversations_by_customer
ON channel_conversations (tenant_id, customer_id, number_id);

-- `position` is the order of sending. `turn` is the position of the first row that was queued with it. `after_item` is
-- `newest_item` of the conversation at that time. `attempts` names the try and only grows; `tries` counts for the
-- waits and starts anew when somebody sends it again. `failed_message_id` is the channel's id of a try that a report
-- ended.
CREATE TABLE outbox (
    position              INTEGER PRIMARY KEY,
    tenant_id             TEXT    NOT NULL,
    outbox_id             TEXT    NOT NULL,
    conversation_id       TEXT    NOT NULL,
    number_id             TEXT    NOT NULL,
    kind                  TEXT    NOT NULL,
    content               TEXT    NOT NULL,
    state                 TEXT    NOT NULL,
    turn                  INTEGER NOT NULL,
    after_item            INTEGER NOT NULL,
    attempts              INTEGER NOT NULL DEFAULT 0,
    tries                 INTEGER NOT NULL DEFAULT 0,
    first_tried_at        INTEGER,
    sending_since         INTEGER,
    message_id            TEXT,
    failed_message_id     TEXT,
    reason                TEXT,
    code                  INTEGER,
    category              TEXT,
    is_counted            INTEGER NOT NULL DEFAULT 0,
    is_possible_duplicate INTEGER NOT NULL DEFAULT 0,
    queued_at             INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    UNIQUE (tenant_id, outbox_id)
) STRICT;

CREATE INDEX outbox_queued ON outbox (tenant_id, conversation_id) WHERE state = 'queued';
CREATE INDEX outbox_in_flight ON outbox (tenant_id, conversation_id) WHERE state = 'sending';
CREATE INDEX outbox_sending ON outbox (sending_since) WHERE state = 'sending';
CREATE INDEX outbox_by_message ON outbox (tenant_id, number_id, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX outbox_by_conversation ON outbox (tenant_id, conversation_id, queued_at);
CREATE INDEX outbox_by_state ON outbox (tenant_id, state, queued_at);
CREATE INDEX outbox_by_time ON outbox (tenant_id, queued_at);

-- Reports on messages that the outbox does not know, or not yet. `failure` as JSON.
CREATE TABLE deliveries (
    tenant_id  TEXT    NOT NULL,
    number_id  TEXT    NOT NULL,
    message_id TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    failure    TEXT,
    category   TEXT,
    is_counted INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, number_id, message_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_by_time ON deliveries (updated_at);

-- Files of messages, by item. `due_at`: when it is to be fetched; the lease of whoever fetches it.
CREATE TABLE media (
    item_id     INTEGER PRIMARY KEY,
    tenant_id   TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    media       TEXT    NOT NULL,
    due_at      INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    reason      TEXT,
    mime_type   TEXT,
    sha256      TEXT,
    received_at INTEGER NOT NULL
) STRICT;

CREATE INDEX media_wanted ON media (due_at) WHERE state = 'wanted';
CREATE INDEX media_by_arrival ON media (received_at);

-- Pieces of 1 MiB, each written by a job of its own: a large file makes nobody wait for long.
CREATE TABLE media_pieces (
    item_id  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    bytes    BLOB    NOT NULL,
    PRIMARY KEY (item_id, position)
) STRICT;
