-- Tenants as objects of their own. `settings` as JSON; '{}': what the operator of the server decided.
ALTER TABLE tenants ADD COLUMN created_at INTEGER;
ALTER TABLE tenants ADD COLUMN suspended_at INTEGER;
ALTER TABLE tenants ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- The last versions of profiles and settings; the newest of each is in `tenants` too, where turns read it. `kind` is
-- `profile` or `settings`. A table with row ids, because a profile may have a hundred kilobytes; its value stands last,
-- so that a listing need not read over it.
CREATE TABLE tenant_versions (
    tenant_id  TEXT    NOT NULL REFERENCES tenants,
    kind       TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    author     TEXT    NOT NULL,
    note       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    value      TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, kind, version)
) STRICT;

-- What was there before versions were kept is the first.
INSERT INTO tenant_versions (tenant_id, kind, version, author, note, created_at, value)
SELECT tenant_id, 'profile', 1, 'open', 'from before versions were kept',
       CAST(unixepoch('subsec') * 1000000 AS INTEGER), profile
FROM tenants
WHERE profile <> '{}';
