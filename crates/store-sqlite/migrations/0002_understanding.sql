-- A tenant's own intents: one row a version, the newest counts. `model` is what was trained from them, in a format
-- that says its own version; NULL where it is to be trained again. Not WITHOUT ROWID: a model has a megabyte or two.
CREATE TABLE intent_sets (
    tenant_id  TEXT    NOT NULL REFERENCES tenants,
    version    INTEGER NOT NULL,
    change     TEXT    NOT NULL,
    intents    TEXT    NOT NULL,
    report     TEXT    NOT NULL,
    model      BLOB,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, version)
) STRICT;

-- What the device found in a customer's message, as JSON.
ALTER TABLE messages ADD COLUMN analysis TEXT;
