-- Instants are microseconds since 1970 in UTC, days are numbers such as 20261122, months such as 202611, money is
-- pico-US-dollars (10^-12 USD). The tenant comes first in every key; the exceptions say why.

-- Small facts about this database.
CREATE TABLE meta (
    name  TEXT    NOT NULL PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value)
VALUES ('is_unseeded', 1),
       ('health_checks', 0);

-- `version` changes with the profile and with the approved answers.
CREATE TABLE tenants (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    version   INTEGER NOT NULL,
    profile   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO tenants (tenant_id, version, profile)
VALUES ('default', 1, '{}');

CREATE TABLE approved_answers (
    tenant_id  TEXT    NOT NULL REFERENCES tenants,
    answer_id  TEXT    NOT NULL,
    questions  TEXT    NOT NULL,
    answers    TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, answer_id)
) STRICT, WITHOUT ROWID;

-- Found by the secret's hash before anybody knows whose it is, so the tenant cannot come first.
CREATE TABLE api_keys (
    key_id       TEXT    NOT NULL PRIMARY KEY,
    tenant_id    TEXT    NOT NULL REFERENCES tenants,
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL,
    secret_hash  BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER
) STRICT;

CREATE INDEX api_keys_in_use ON api_keys (key_id) WHERE revoked_at IS NULL;

-- The newest version of each prompt; the texts are in prompt_versions.
CREATE TABLE prompts (
    tenant_id TEXT    NOT NULL,
    prompt_id TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id),
    UNIQUE (tenant_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_versions (
    tenant_id   TEXT    NOT NULL,
    prompt_id   TEXT    NOT NULL,
    version     INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    template    TEXT    NOT NULL,
    variables   TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id, version),
    FOREIGN KEY (tenant_id, prompt_id) REFERENCES prompts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE conversations (
    tenant_id       TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    user_id         TEXT    NOT NULL,
    attendant       TEXT    NOT NULL,
    handoff_reason  TEXT,
    message_count   INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversations_by_change ON conversations (tenant_id, updated_at, conversation_id);
-- Without the instant, so that it does not change with every turn: a customer has few conversations to sort.
CREATE INDEX conversations_by_user ON conversations (tenant_id, user_id);
CREATE INDEX conversations_with_people ON conversations (tenant_id, updated_at, conversation_id)
WHERE attendant = 'human';

-- `position` counts 0, 1, 2, … within the conversation. `record` is how an answer came to be, as JSON. A table with
-- row ids: the turns of a batch append to the same page, and only the small index entry goes to the conversation's
-- own place. Kept by conversation, every turn would rewrite a page of its own and split it every few turns.
CREATE TABLE messages (
    tenant_id       TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    position        INTEGER NOT NULL,
    message_id      TEXT    NOT NULL,
    role            TEXT    NOT NULL,
    content         TEXT    NOT NULL,
    tokens          INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    language        TEXT,
    record          TEXT,
    PRIMARY KEY (tenant_id, conversation_id, position)
) STRICT;

CREATE TABLE summaries (
    tenant_id       TEXT    NOT NULL,
    conversation_id TEXT    NOT NULL,
    text            TEXT    NOT NULL,
    covers          INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, conversation_id)
) STRICT, WITHOUT ROWID;

-- Every booked call, in the order of booking: only appended to, and read whole by an audit. `cost` NULL: unknown.
CREATE TABLE usage_ledger (
    entry_id                INTEGER PRIMARY KEY,
    tenant_id               TEXT    NOT NULL,
    user_id                 TEXT    NOT NULL,
    booked_at               INTEGER NOT NULL,
    operation               TEXT    NOT NULL,
    provider                TEXT    NOT NULL,
    model                   TEXT    NOT NULL,
    input_tokens            INTEGER NOT NULL,
    cached_tokens           INTEGER NOT NULL,
    cache_write_tokens      INTEGER NOT NULL,
    cache_write_long_tokens INTEGER NOT NULL,
    output_tokens           INTEGER NOT NULL,
    reasoning_tokens        INTEGER NOT NULL,
    is_estimated            INTEGER NOT NULL,
    cost                    INTEGER,
    is_answer               INTEGER NOT NULL
) STRICT;

-- The ledger summed by day. `cost` is the sum of the known ones. `requests` are those answered, the last of them
-- at `last_request_at`.
CREATE TABLE usage_days (
    tenant_id               TEXT    NOT NULL,
    day                     INTEGER NOT NULL,
    user_id                 TEXT    NOT NULL,
    provider                TEXT    NOT NULL,
    model                   TEXT    NOT NULL,
    operation               TEXT    NOT NULL,
    requests                INTEGER NOT NULL,
    input_tokens            INTEGER NOT NULL,
    cached_tokens           INTEGER NOT NULL,
    cache_write_tokens      INTEGER NOT NULL,
    cache_write_long_tokens INTEGER NOT NULL,
    output_tokens           INTEGER NOT NULL,
    reasoning_tokens        INTEGER NOT NULL,
    is_estimated            INTEGER NOT NULL,
    cost                    INTEGER NOT NULL,
    unpriced_calls          INTEGER NOT NULL,
    last_request_at         INTEGER,
    PRIMARY KEY (tenant_id, day, user_id, provider, model, operation)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_days_by_user ON usage_days (tenant_id, user_id, day);

-- Requests counted against the daily limit, those in flight included.
CREATE TABLE user_days (
    tenant_id TEXT    NOT NULL,
    user_id   TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    counted   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE tenant_months (
    tenant_id TEXT    NOT NULL,
    month     INTEGER NOT NULL,
    spent     INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, month)
) STRICT, WITHOUT ROWID;

-- Money claimed by turns in flight. A turn that claims no money has no row.
CREATE TABLE reservations (
    tenant_id      TEXT    NOT NULL,
    reservation_id TEXT    NOT NULL,
    month          INTEGER NOT NULL,
    at_most        INTEGER NOT NULL,
    lapses_at      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, reservation_id)
) STRICT, WITHOUT ROWID;
