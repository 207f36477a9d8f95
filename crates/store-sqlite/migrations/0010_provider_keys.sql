-- Tenants' own keys at model vendors. `sealed` opens only with a key that is not in the database; `hint` is the last four
-- characters of the key.
CREATE TABLE provider_keys (
    tenant_id  TEXT    NOT NULL REFERENCES tenants,
    provider   TEXT    NOT NULL,
    sealed     BLOB    NOT NULL,
    hint       TEXT    NOT NULL,
    author     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, provider)
) STRICT, WITHOUT ROWID;
