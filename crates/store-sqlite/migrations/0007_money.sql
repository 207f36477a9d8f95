-- Money by more scopes than the tenant's month.

-- In `tenant_months`, `month` is from now on also a day such as 20261122: what the tenant spent on it. One statement
-- counts both. A month never looks like a day, and a program that knows months only finds its own rows.
-- The days before are made from the roll-up. A sum cannot leave the range of a column: no row counts for more than
-- 1,000 US dollars here.
INSERT INTO tenant_months (tenant_id, month, spent)
SELECT tenant_id, day, SUM(MIN(cost, 1000000000000000))
FROM usage_days
WHERE cost > 0
GROUP BY tenant_id, day;

-- Claims count against every budget of their tenant and of their customer from `day` on, until they are settled. Those
-- of before have no customer and the day 0: they count against the tenant's until they lapse.
ALTER TABLE reservations ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE reservations ADD COLUMN day INTEGER NOT NULL DEFAULT 0;

-- Which marks of which budget were told: the highest, in percent, for this cap. `user_id` is '' for the tenant's own
-- budgets, `period` a month or a day as above. Another cap starts anew.
CREATE TABLE budget_marks (
    tenant_id TEXT    NOT NULL,
    user_id   TEXT    NOT NULL,
    period    INTEGER NOT NULL,
    cap       INTEGER NOT NULL,
    percent   INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id, period)
) STRICT, WITHOUT ROWID;

-- Where a booking comes from, and answers that were given again: `saved` is what they would have cost, NULL where that
-- is unknown or nothing was given again.
ALTER TABLE usage_ledger ADD COLUMN conversation_id TEXT;
ALTER TABLE usage_ledger ADD COLUMN message_id TEXT;
ALTER TABLE usage_ledger ADD COLUMN is_cached INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_ledger ADD COLUMN saved INTEGER;

-- With the number of the entry behind it, as every index has: in the order of booking.
CREATE INDEX usage_ledger_by_time ON usage_ledger (tenant_id, booked_at);
CREATE INDEX usage_ledger_by_user ON usage_ledger (tenant_id, user_id, booked_at);
CREATE INDEX usage_ledger_by_conversation ON usage_ledger (tenant_id, conversation_id, booked_at)
WHERE conversation_id IS NOT NULL;

ALTER TABLE usage_days ADD COLUMN failed_calls INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN failed_cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN cached_answers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE usage_days ADD COLUMN saved INTEGER NOT NULL DEFAULT 0;

UPDATE usage_days
SET failed_calls = failed.calls,
    failed_cost = failed.cost
FROM (
    SELECT tenant_id, user_id, provider, model, operation,
           CAST(STRFTIME('%Y%m%d', booked_at / 1000000, 'unixepoch') AS INTEGER) AS day,
           COUNT(*) AS calls,
           SUM(MIN(COALESCE(cost, 0), 1000000000000000)) AS cost
    FROM usage_ledger
    WHERE is_answer = 0
    GROUP BY tenant_id, user_id, provider, model, operation,
             CAST(STRFTIME('%Y%m%d', booked_at / 1000000, 'unixepoch') AS INTEGER)
) AS failed
WHERE usage_days.tenant_id = failed.tenant_id
  AND usage_days.user_id = failed.user_id
  AND usage_days.provider = failed.provider
  AND usage_days.model = failed.model
  AND usage_days.operation = failed.operation
  AND usage_days.day = failed.day;
