//! The ledger, its daily roll-up, and the sums over either.
//!
//! Rows are grouped here and not in SQL: the statement stays one static text for every combination of keys, and
//! sums saturate instead of failing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use pytake_assistant::clock::utc_day;
use pytake_assistant::id::{TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, Operation, UsageKey, UsageQuery, UsageRow};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use rusqlite::{Connection, Result, Row, params};

use super::is_request;
use crate::columns::{count, day, instant, read_count, read_day, read_instant, read_word};

const OPERATIONS: [Operation; 5] =
    [Operation::Chat, Operation::Analyze, Operation::Classify, Operation::Summary, Operation::Transcription];

/// Adds a call to the ledger.
pub(super) fn append(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    at: Timestamp,
    entry: &LedgerEntry,
) -> Result<()> {
    const APPEND: &str = "
        INSERT INTO usage_ledger (
            tenant_id, user_id, booked_at, operation, provider, model,
            input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
            output_tokens, reasoning_tokens, is_estimated, cost, is_answer
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    let row = params![
        tenant.as_str(),
        user.as_str(),
        instant(at),
        entry.operation.as_str(),
        entry.provider,
        entry.model,
        count(entry.usage.input_tokens),
        count(entry.usage.cached_tokens),
        count(entry.usage.cache_write_tokens),
        count(entry.usage.cache_write_long_tokens),
        count(entry.usage.output_tokens),
        count(entry.usage.reasoning_tokens),
        entry.usage.is_estimated,
        entry.cost.map(|cost| cost.0),
        entry.is_answer,
    ];
    connection.prepare_cached(APPEND)?.execute(row).map(drop)
}

/// Adds a call to the sums of its day.
pub(super) fn roll_up(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    at: Timestamp,
    entry: &LedgerEntry,
) -> Result<()> {
    // A sum that would leave the range of a column stays at its end: none of the parts is negative.
    const ROLL_UP: &str = "
        INSERT INTO usage_days (
            tenant_id, day, user_id, provider, model, operation, requests,
            input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
            output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls, last_request_at
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
        ON CONFLICT (tenant_id, day, user_id, provider, model, operation) DO UPDATE
        SET requests = requests + excluded.requests,
            input_tokens =
                MIN(input_tokens, 9223372036854775807 - excluded.input_tokens) + excluded.input_tokens,
            cached_tokens =
                MIN(cached_tokens, 9223372036854775807 - excluded.cached_tokens) + excluded.cached_tokens,
            cache_write_tokens =
                MIN(cache_write_tokens, 9223372036854775807 - excluded.cache_write_tokens)
                + excluded.cache_write_tokens,
            cache_write_long_tokens =
                MIN(cache_write_long_tokens, 9223372036854775807 - excluded.cache_write_long_tokens)
                + excluded.cache_write_long_tokens,
            output_tokens =
                MIN(output_tokens, 9223372036854775807 - excluded.output_tokens) + excluded.output_tokens,
            reasoning_tokens =
                MIN(reasoning_tokens, 9223372036854775807 - excluded.reasoning_tokens)
                + excluded.reasoning_tokens,
            is_estimated = is_estimated OR excluded.is_estimated,
            cost = MIN(cost, 9223372036854775807 - excluded.cost) + excluded.cost,
            unpriced_calls = unpriced_calls + excluded.unpriced_calls,
            last_request_at = COALESCE(MAX(last_request_at, excluded.last_request_at),
                                       last_request_at, excluded.last_request_at)";
    let row = params![
        tenant.as_str(),
        day(utc_day(at)),
        user.as_str(),
        entry.provider,
        entry.model,
        entry.operation.as_str(),
        is_request(entry),
        count(entry.usage.input_tokens),
        count(entry.usage.cached_tokens),
        count(entry.usage.cache_write_tokens),
        count(entry.usage.cache_write_long_tokens),
        count(entry.usage.output_tokens),
        count(entry.usage.reasoning_tokens),
        entry.usage.is_estimated,
        entry.cost.unwrap_or_default().0,
        entry.cost.is_none(),
        is_request(entry).then(|| instant(at)),
    ];
    connection.prepare_cached(ROLL_UP)?.execute(row).map(drop)
}

/// Columns `first` to `first + 6`: the token classes and whether they are estimated.
fn read_usage(row: &Row<'_>, first: usize) -> Result<TokenUsage> {
    Ok(TokenUsage {
        input_tokens: read_count(row, first)?,
        cached_tokens: read_count(row, first + 1)?,
        cache_write_tokens: read_count(row, first + 2)?,
        cache_write_long_tokens: read_count(row, first + 3)?,
        output_tokens: read_count(row, first + 4)?,
        reasoning_tokens: read_count(row, first + 5)?,
        is_estimated: row.get(first + 6)?,
    })
}

fn read_operation(row: &Row<'_>, column: usize) -> Result<Operation> {
    read_word(row, column, &OPERATIONS.map(|operation| (operation.as_str(), operation)))
}

/// What is summed: a row of the ledger or of the roll-up, fully named.
struct Line {
    day: Date,
    user: String,
    provider: String,
    model: String,
    operation: Operation,
    requests: u64,
    usage: TokenUsage,
    cost: PicoUsd,
    unpriced_calls: u64,
}

/// Sums of lines by the keys that were asked for, in their order.
struct Sums<'a> {
    group_by: &'a [UsageKey],
    rows: BTreeMap<Vec<String>, UsageRow>,
}

impl Sums<'_> {
    fn add(&mut self, line: &Line) {
        let key = self.group_by.iter().map(|key| match key {
            UsageKey::Day => line.day.to_string(),
            UsageKey::Provider => line.provider.clone(),
            UsageKey::Model => line.model.clone(),
            UsageKey::User => line.user.clone(),
            UsageKey::Operation => line.operation.as_str().to_owned(),
        });
        let row = self.rows.entry(key.collect()).or_default();
        for key in self.group_by {
            match key {
                UsageKey::Day => row.day = Some(line.day),
                UsageKey::Provider => row.provider = Some(line.provider.clone()),
                UsageKey::Model => row.model = Some(line.model.clone()),
                UsageKey::User => row.user = Some(line.user.clone()),
                UsageKey::Operation => row.operation = Some(line.operation),
            }
        }
        row.requests = row.requests.saturating_add(line.requests);
        row.usage += line.usage;
        row.cost += line.cost;
        row.unpriced_calls = row.unpriced_calls.saturating_add(line.unpriced_calls);
    }
}

fn sum(query: &UsageQuery, lines: impl Iterator<Item = Result<Line>>) -> Result<Vec<UsageRow>> {
    let mut sums = Sums { group_by: &query.group_by, rows: BTreeMap::new() };
    for line in lines {
        sums.add(&line?);
    }
    Ok(sums.rows.into_values().collect())
}

/// Sums the roll-up.
pub(super) fn usage(connection: &Connection, tenant: &TenantId, query: &UsageQuery) -> Result<Vec<UsageRow>> {
    // A range of the primary key.
    const OF_TENANT: &str = "
        SELECT day, user_id, provider, model, operation, requests,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls
        FROM usage_days
        WHERE tenant_id = ?1
          AND day BETWEEN ?2 AND ?3";
    // A range of usage_days_by_user.
    const OF_USER: &str = "
        SELECT day, user_id, provider, model, operation, requests,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls
        FROM usage_days INDEXED BY usage_days_by_user
        WHERE tenant_id = ?1
          AND day BETWEEN ?2 AND ?3
          AND user_id = ?4";
    let read = |row: &Row<'_>| {
        Ok(Line {
            day: read_day(row, 0)?,
            user: row.get(1)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            operation: read_operation(row, 4)?,
            requests: read_count(row, 5)?,
            usage: read_usage(row, 6)?,
            cost: PicoUsd(row.get(13)?),
            unpriced_calls: read_count(row, 14)?,
        })
    };
    let from = query.from.map_or(0, day);
    let to = query.to.map_or(i64::MAX, day);
    if let Some(user) = &query.user {
        let mut statement = connection.prepare_cached(OF_USER)?;
        return sum(query, statement.query_map(params![tenant.as_str(), from, to, user.as_str()], read)?);
    }
    let mut statement = connection.prepare_cached(OF_TENANT)?;
    sum(query, statement.query_map(params![tenant.as_str(), from, to], read)?)
}

/// Sums the ledger itself.
pub(super) fn from_ledger(
    connection: &Connection,
    tenant: &TenantId,
    query: &UsageQuery,
) -> Result<Vec<UsageRow>> {
    // Reads the whole ledger: an audit may take its time.
    const ALL: &str = "
        SELECT booked_at, user_id, provider, model, operation, is_answer,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost
        FROM usage_ledger
        WHERE tenant_id = ?1";
    let read = |row: &Row<'_>| {
        let cost: Option<i64> = row.get(13)?;
        let entry = LedgerEntry {
            operation: read_operation(row, 4)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            usage: read_usage(row, 6)?,
            cost: cost.map(PicoUsd),
            is_answer: row.get(5)?,
        };
        Ok(Line {
            day: utc_day(read_instant(row, 0)?),
            user: row.get(1)?,
            requests: u64::from(is_request(&entry)),
            provider: entry.provider,
            model: entry.model,
            operation: entry.operation,
            usage: entry.usage,
            cost: entry.cost.unwrap_or_default(),
            unpriced_calls: u64::from(entry.cost.is_none()),
        })
    };
    let is_asked = |line: &Line| {
        query.from.is_none_or(|from| line.day >= from)
            && query.to.is_none_or(|to| line.day <= to)
            && query.user.as_ref().is_none_or(|user| line.user == user.as_str())
    };
    let mut statement = connection.prepare_cached(ALL)?;
    let lines = statement.query_map([tenant.as_str()], read)?;
    sum(query, lines.filter(|line| line.as_ref().map_or(true, is_asked)))
}
