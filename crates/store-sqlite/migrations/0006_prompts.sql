-- Prompts: author, note and labels of a version, and their test sets.

-- NULL: made before authors were noted.
ALTER TABLE prompt_versions ADD COLUMN author TEXT;
ALTER TABLE prompt_versions ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- What the owner fills in: a JSON list.
ALTER TABLE prompt_versions ADD COLUMN fields TEXT NOT NULL DEFAULT '[]';

-- What is in production: the number of a publication. NULL: the prompt was never published.
ALTER TABLE prompts ADD COLUMN publication INTEGER;

-- Every time a version came into production, numbered from 1.
CREATE TABLE prompt_publications (
    tenant_id    TEXT    NOT NULL,
    prompt_id    TEXT    NOT NULL,
    number       INTEGER NOT NULL,
    version      INTEGER NOT NULL,
    -- Where going back leads: the publication that was in force before. NULL: nowhere.
    before       INTEGER,
    kind         TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    note         TEXT    NOT NULL,
    published_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id, number),
    FOREIGN KEY (tenant_id, prompt_id) REFERENCES prompts ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE prompt_test_sets (
    tenant_id  TEXT    NOT NULL,
    prompt_id  TEXT    NOT NULL,
    cases      TEXT    NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id),
    FOREIGN KEY (tenant_id, prompt_id) REFERENCES prompts ON DELETE CASCADE
) STRICT;

-- The last run of each version, as JSON.
CREATE TABLE prompt_test_runs (
    tenant_id TEXT    NOT NULL,
    prompt_id TEXT    NOT NULL,
    version   INTEGER NOT NULL,
    run       TEXT    NOT NULL,
    PRIMARY KEY (tenant_id, prompt_id, version),
    FOREIGN KEY (tenant_id, prompt_id) REFERENCES prompts ON DELETE CASCADE
) STRICT;
