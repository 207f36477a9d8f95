//! The ledger, its daily roll-up, and the sums over either.
//!
//! Rows are grouped here and not in SQL: the statement stays one static text for every combination of keys, and
//! sums saturate instead of failing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use pytake_assistant::clock::utc_day;
use pytake_assistant::id::{ConversationId, MessageId, TenantId, UserId};
use pytake_assistant::ledger::{LedgerEntry, Operation, UsageKey, UsageQuery, UsageRow};
use pytake_assistant::money::{PicoUsd, TokenUsage};
use rusqlite::{Connection, Result, Row, params};

use super::{Bookings, is_request};
use crate::columns::{count, day, instant, read_count, read_day, read_instant, read_word};

const OPERATIONS: [Operation; 7] = [
    Operation::Chat,
    Operation::Analyze,
    Operation::Classify,
    Operation::Summary,
    Operation::Transcription,
    Operation::PromptTest,
    Operation::Translation,
];

/// Adds a call to the ledger.
pub(super) fn append(connection: &Connection, bookings: &Bookings<'_>, entry: &LedgerEntry) -> Result<()> {
    const APPEND: &str = "
        INSERT INTO usage_ledger (
            tenant_id, user_id, booked_at, operation, provider, model,
            input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
            output_tokens, reasoning_tokens, is_estimated, cost, is_answer,
            conversation_id, message_id, is_cached, saved
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    let origin = bookings.origin;
    let row = params![
        bookings.tenant.as_str(),
        bookings.user.as_str(),
        instant(bookings.at),
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
        origin.conversation.as_ref().map(ConversationId::as_str),
        origin.message.as_ref().map(MessageId::as_str),
        entry.is_cached,
        entry.saved.map(|saved| saved.0),
    ];
    connection.prepare_cached(APPEND)?.execute(row).map(drop)
}

/// Sums of a user's day, by provider, model and operation.
pub(super) struct DayOfUser {
    pub(super) day: i64,
    pub(super) provider: String,
    pub(super) model: String,
    pub(super) operation: String,
    /// `None`: no request was answered.
    pub(super) last_request_at: Option<i64>,
    pub(super) sums: UsageRow,
}

/// Adds a call to the sums of its day.
pub(super) fn roll_up(
    connection: &Connection,
    tenant: &TenantId,
    user: &UserId,
    at: Timestamp,
    entry: &LedgerEntry,
) -> Result<()> {
    let of_call = DayOfUser {
        day: day(utc_day(at)),
        provider: entry.provider.clone(),
        model: entry.model.clone(),
        operation: entry.operation.as_str().to_owned(),
        last_request_at: is_request(entry).then(|| instant(at)),
        sums: sums_of(entry),
    };
    add(connection, tenant, user, &of_call)
}

/// Adds to the sums of a day.
pub(super) fn add(connection: &Connection, tenant: &TenantId, user: &UserId, more: &DayOfUser) -> Result<()> {
    // A sum that would leave the range of a column stays at its end: none of the parts is negative.
    const ROLL_UP: &str = "
        INSERT INTO usage_days (
            tenant_id, day, user_id, provider, model, operation, requests,
            input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
            output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls, last_request_at,
            failed_calls, failed_cost, cached_answers, saved
        )
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
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
                                       last_request_at, excluded.last_request_at),
            failed_calls = failed_calls + excluded.failed_calls,
            failed_cost = MIN(failed_cost, 9223372036854775807 - excluded.failed_cost) + excluded.failed_cost,
            cached_answers = cached_answers + excluded.cached_answers,
            saved = MIN(saved, 9223372036854775807 - excluded.saved) + excluded.saved";
    let DayOfUser { sums, .. } = more;
    let row = params![
        tenant.as_str(),
        more.day,
        user.as_str(),
        more.provider,
        more.model,
        more.operation,
        count(sums.requests),
        count(sums.usage.input_tokens),
        count(sums.usage.cached_tokens),
        count(sums.usage.cache_write_tokens),
        count(sums.usage.cache_write_long_tokens),
        count(sums.usage.output_tokens),
        count(sums.usage.reasoning_tokens),
        sums.usage.is_estimated,
        sums.cost.0,
        count(sums.unpriced_calls),
        more.last_request_at,
        count(sums.failed_calls),
        sums.failed_cost.0,
        count(sums.cached_answers),
        sums.saved.0,
    ];
    connection.prepare_cached(ROLL_UP)?.execute(row).map(drop)
}

/// A call as a sum of one.
fn sums_of(entry: &LedgerEntry) -> UsageRow {
    UsageRow {
        requests: u64::from(is_request(entry)),
        usage: entry.usage,
        cost: entry.cost.unwrap_or_default(),
        unpriced_calls: u64::from(entry.cost.is_none()),
        failed_calls: u64::from(!entry.is_answer),
        failed_cost: failed_cost(entry),
        cached_answers: u64::from(is_cached(entry)),
        saved: entry.saved.unwrap_or_default(),
        ..UsageRow::default()
    }
}

/// What was paid for nothing.
fn failed_cost(entry: &LedgerEntry) -> PicoUsd {
    if entry.is_answer { PicoUsd::ZERO } else { entry.cost.unwrap_or_default() }
}

/// Whether an answer was given again; one that saved money was.
fn is_cached(entry: &LedgerEntry) -> bool {
    entry.is_cached || entry.saved.is_some()
}

/// Columns `first` to `first + 6`: the token classes and whether they are estimated.
pub(super) fn read_usage(row: &Row<'_>, first: usize) -> Result<TokenUsage> {
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
    /// Of the ledger only.
    conversation: Option<String>,
    sums: UsageRow,
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
            UsageKey::Conversation => line.conversation.clone().unwrap_or_default(),
        });
        let row = self.rows.entry(key.collect()).or_default();
        for key in self.group_by {
            match key {
                UsageKey::Day => row.day = Some(line.day),
                UsageKey::Provider => row.provider = Some(line.provider.clone()),
                UsageKey::Model => row.model = Some(line.model.clone()),
                UsageKey::User => row.user = Some(line.user.clone()),
                UsageKey::Operation => row.operation = Some(line.operation),
                UsageKey::Conversation => row.conversation.clone_from(&line.conversation),
            }
        }
        let sums = &line.sums;
        row.requests = row.requests.saturating_add(sums.requests);
        row.usage += sums.usage;
        row.cost += sums.cost;
        row.unpriced_calls = row.unpriced_calls.saturating_add(sums.unpriced_calls);
        row.failed_calls = row.failed_calls.saturating_add(sums.failed_calls);
        row.failed_cost += sums.failed_cost;
        row.cached_answers = row.cached_answers.saturating_add(sums.cached_answers);
        row.saved += sums.saved;
    }
}

fn sum(query: &UsageQuery, lines: impl Iterator<Item = Result<Line>>) -> Result<Vec<UsageRow>> {
    let mut sums = Sums { group_by: &query.group_by, rows: BTreeMap::new() };
    for line in lines {
        sums.add(&line?);
    }
    Ok(sums.rows.into_values().collect())
}

/// Sums the roll-up; where conversations are asked for, which it does not know, the ledger.
pub(super) fn usage(connection: &Connection, tenant: &TenantId, query: &UsageQuery) -> Result<Vec<UsageRow>> {
    // A range of the primary key.
    const OF_TENANT: &str = "
        SELECT day, user_id, provider, model, operation, requests,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls,
               failed_calls, failed_cost, cached_answers, saved
        FROM usage_days
        WHERE tenant_id = ?1
          AND day BETWEEN ?2 AND ?3";
    // A range of usage_days_by_user.
    const OF_USER: &str = "
        SELECT day, user_id, provider, model, operation, requests,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, unpriced_calls,
               failed_calls, failed_cost, cached_answers, saved
        FROM usage_days INDEXED BY usage_days_by_user
        WHERE tenant_id = ?1
          AND day BETWEEN ?2 AND ?3
          AND user_id = ?4";
    if query.group_by.contains(&UsageKey::Conversation) {
        return from_ledger(connection, tenant, query);
    }
    let read = |row: &Row<'_>| {
        let sums = UsageRow {
            requests: read_count(row, 5)?,
            usage: read_usage(row, 6)?,
            cost: PicoUsd(row.get(13)?),
            unpriced_calls: read_count(row, 14)?,
            failed_calls: read_count(row, 15)?,
            failed_cost: PicoUsd(row.get(16)?),
            cached_answers: read_count(row, 17)?,
            saved: PicoUsd(row.get(18)?),
            ..UsageRow::default()
        };
        Ok(Line {
            day: read_day(row, 0)?,
            user: row.get(1)?,
            provider: row.get(2)?,
            model: row.get(3)?,
            operation: read_operation(row, 4)?,
            conversation: None,
            sums,
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
    // A range of usage_ledger_by_time.
    const OF_TENANT: &str = "
        SELECT booked_at, user_id, provider, model, operation, is_answer,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, is_cached, saved, conversation_id
        FROM usage_ledger INDEXED BY usage_ledger_by_time
        WHERE tenant_id = ?1
          AND booked_at >= ?2
          AND booked_at < ?3";
    // A range of usage_ledger_by_user.
    const OF_USER: &str = "
        SELECT booked_at, user_id, provider, model, operation, is_answer,
               input_tokens, cached_tokens, cache_write_tokens, cache_write_long_tokens,
               output_tokens, reasoning_tokens, is_estimated, cost, is_cached, saved, conversation_id
        FROM usage_ledger INDEXED BY usage_ledger_by_user
        WHERE tenant_id = ?1
          AND booked_at >= ?2
          AND booked_at < ?3
          AND user_id = ?4";
    let read = |row: &Row<'_>| {
        let entry = read_entry(row)?;
        let sums = sums_of(&entry);
        Ok(Line {
            day: utc_day(read_instant(row, 0)?),
            user: row.get(1)?,
            conversation: row.get(16)?,
            provider: entry.provider,
            model: entry.model,
            operation: entry.operation,
            sums,
        })
    };
    let (from, to) = instants_of(query.from, query.to);
    if let Some(user) = &query.user {
        let mut statement = connection.prepare_cached(OF_USER)?;
        return sum(query, statement.query_map(params![tenant.as_str(), from, to, user.as_str()], read)?);
    }
    let mut statement = connection.prepare_cached(OF_TENANT)?;
    sum(query, statement.query_map(params![tenant.as_str(), from, to], read)?)
}

/// The columns 2 to 15 of a row of the ledger, as the statements here select them.
pub(super) fn read_entry(row: &Row<'_>) -> Result<LedgerEntry> {
    let money = |column| row.get::<_, Option<i64>>(column).map(|amount| amount.map(PicoUsd));
    Ok(LedgerEntry {
        provider: row.get(2)?,
        model: row.get(3)?,
        operation: read_operation(row, 4)?,
        is_answer: row.get(5)?,
        usage: read_usage(row, 6)?,
        cost: money(13)?,
        is_cached: row.get(14)?,
        saved: money(15)?,
    })
}

/// The first instant of the first day, and the first after the last day.
pub(super) fn instants_of(from: Option<Date>, to: Option<Date>) -> (i64, i64) {
    let start = |day: Date| day.to_zoned(TimeZone::UTC).map(|zoned| instant(zoned.timestamp())).ok();
    let after = |day: Date| day.tomorrow().ok().and_then(start);
    (from.and_then(start).unwrap_or(i64::MIN), to.and_then(after).unwrap_or(i64::MAX))
}
