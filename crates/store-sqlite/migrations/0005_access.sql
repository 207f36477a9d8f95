-- Who may come in: keys, operators and their sessions, and what they did.
ALTER TABLE api_keys ADD COLUMN requests_per_minute INTEGER;

-- The secret a key had before its last rotation, and until when it still opens.
ALTER TABLE api_keys ADD COLUMN previous_hash BLOB;
ALTER TABLE api_keys ADD COLUMN previous_until INTEGER;
CREATE UNIQUE INDEX api_keys_by_previous ON api_keys (previous_hash) WHERE previous_hash IS NOT NULL;

CREATE TABLE operators (
    operator_id   TEXT    NOT NULL PRIMARY KEY,
    tenant_id     TEXT    NOT NULL REFERENCES tenants,
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    is_admin      INTEGER NOT NULL,
    password_hash TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    disabled_at   INTEGER
) STRICT;

CREATE INDEX operators_by_tenant ON operators (tenant_id, created_at, operator_id);
CREATE INDEX operators_in_use ON operators (operator_id) WHERE disabled_at IS NULL;

-- An ended session is a deleted row.
CREATE TABLE sessions (
    session_id   TEXT    NOT NULL PRIMARY KEY,
    tenant_id    TEXT    NOT NULL,
    operator_id  TEXT    NOT NULL REFERENCES operators ON DELETE CASCADE,
    secret_hash  BLOB    NOT NULL UNIQUE,
    user_agent   TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX sessions_by_operator ON sessions (tenant_id, operator_id, created_at, session_id);

-- Tries to sign in that did not succeed, by what they are counted for (an account or an address, hashed).
CREATE TABLE sign_in_failures (
    counted_for BLOB    NOT NULL PRIMARY KEY,
    failures    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

CREATE TABLE audit_log (
    position   INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant_id  TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    author     TEXT    NOT NULL,
    action     TEXT    NOT NULL,
    object     TEXT    NOT NULL,
    status     INTEGER,
    request_id TEXT,
    peer       TEXT
) STRICT;

CREATE INDEX audit_log_by_time ON audit_log (tenant_id, at, position);
