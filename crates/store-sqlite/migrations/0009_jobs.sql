-- Batches that are worked on in the background. `served` grows with every item a job gets: the one that was served
-- longest ago is next. `position` of a job is the order of arrival.
CREATE TABLE jobs (
    position        INTEGER PRIMARY KEY,
    tenant_id       TEXT    NOT NULL,
    job_id          TEXT    NOT NULL,
    author          TEXT    NOT NULL,
    idempotency_key TEXT,
    fingerprint     BLOB    NOT NULL,
    state           TEXT    NOT NULL,
    total           INTEGER NOT NULL,
    finished        INTEGER NOT NULL DEFAULT 0,
    failed          INTEGER NOT NULL DEFAULT 0,
    served          INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    UNIQUE (tenant_id, job_id)
) STRICT;

CREATE UNIQUE INDEX jobs_by_key ON jobs (tenant_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX jobs_of_tenant ON jobs (tenant_id, position);
CREATE INDEX jobs_open ON jobs (served, position) WHERE state = 'open';
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE finished_at IS NOT NULL;

-- `due_at` is when an item may be taken, also the end of the lease of whoever has it; NULL: it has its result, or gets
-- none any more.
CREATE TABLE job_items (
    tenant_id TEXT    NOT NULL,
    job_id    TEXT    NOT NULL,
    position  INTEGER NOT NULL,
    request   TEXT    NOT NULL,
    tries     INTEGER NOT NULL DEFAULT 0,
    due_at    INTEGER,
    status    INTEGER,
    body      TEXT,
    PRIMARY KEY (tenant_id, job_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_items_due ON job_items (tenant_id, job_id, due_at, position) WHERE due_at IS NOT NULL;

INSERT INTO meta (name, value)
VALUES ('job_turns', 0);
