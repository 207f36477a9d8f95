-- What customers may have exported and erased.

-- The key of the hashes below, made once for this database.
CREATE TABLE hash_salt (
    only_row INTEGER NOT NULL PRIMARY KEY CHECK (only_row = 1),
    salt     BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO hash_salt (only_row, salt)
VALUES (1, randomblob(32));

-- What remains of an erasure: who had it done and when, and under which names the sums go on. `subject` as JSON is what
-- is still to be erased; NULL once nothing is.
CREATE TABLE erasures (
    tenant_id   TEXT    NOT NULL,
    erasure_id  TEXT    NOT NULL,
    author      TEXT    NOT NULL,
    pseudonyms  TEXT    NOT NULL,
    begun_at    INTEGER NOT NULL,
    finished_at INTEGER,
    subject     TEXT,
    PRIMARY KEY (tenant_id, erasure_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX erasures_unfinished ON erasures (begun_at) WHERE subject IS NOT NULL;

CREATE TABLE erasure_counts (
    tenant_id  TEXT    NOT NULL,
    erasure_id TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    count      INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, erasure_id, kind)
) STRICT, WITHOUT ROWID;

-- Turns that began before somebody was erased write nothing any more; what they cost goes to the pseudonym.
-- `erased_at` NULL: the erasure has not ended.
CREATE TABLE erased_users (
    tenant_id TEXT    NOT NULL,
    user_hash BLOB    NOT NULL,
    pseudonym TEXT    NOT NULL,
    erased_at INTEGER,
    PRIMARY KEY (tenant_id, user_hash)
) STRICT, WITHOUT ROWID;

-- Addresses, as hashes, of people who wanted no messages and were erased: they still want none.
CREATE TABLE erased_addresses (
    tenant_id            TEXT    NOT NULL,
    address_hash         BLOB    NOT NULL,
    opted_out_at         INTEGER,
    marketing_stopped_at INTEGER,
    PRIMARY KEY (tenant_id, address_hash)
) STRICT, WITHOUT ROWID;

-- Keys, as hashes, of events that were erased: a repeated delivery of one stays known.
CREATE TABLE erased_events (
    number_id TEXT    NOT NULL,
    key_hash  BLOB    NOT NULL,
    erased_at INTEGER NOT NULL,
    PRIMARY KEY (number_id, key_hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX erased_events_by_time ON erased_events (erased_at);

-- How far the ledger has forgotten whose bookings they were, and the names of the days that are being worked on.
CREATE TABLE usage_forgotten (
    tenant_id TEXT    NOT NULL PRIMARY KEY,
    entry_id  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE usage_pseudonyms (
    tenant_id TEXT    NOT NULL,
    user_id   TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    pseudonym TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, user_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX media_by_tenant ON media (tenant_id, received_at);
