//! How values of the domain look in columns, both ways.
//!
//! Numbers are 64-bit and signed in SQLite. What is larger is stored as the largest; what cannot be read back
//! is an error that names the column.

use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::types::Type;
use rusqlite::{Error, Result, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Microseconds since 1970 in UTC.
pub(crate) fn instant(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// `20261122`: sorts, compares, and is read by people.
pub(crate) fn day(day: Date) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// `202611`.
pub(crate) fn month(of: Date) -> i64 {
    day(of) / 100
}

/// A count, at most the largest a column holds.
pub(crate) fn count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A list or an object as JSON.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::ToSqlConversionFailure(Box::new(error)))
}

pub(crate) fn read_instant(row: &Row<'_>, column: usize) -> Result<Timestamp> {
    instant_from(column, row.get(column)?)
}

pub(crate) fn read_optional_instant(row: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|micros| instant_from(column, micros)).transpose()
}

fn instant_from(column: usize, micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|error| unreadable(column, Type::Integer, error))
}

pub(crate) fn read_day(row: &Row<'_>, column: usize) -> Result<Date> {
    let number: i64 = row.get(column)?;
    let part = |part: i64| i8::try_from(part % 100).unwrap_or_default();
    let year = i16::try_from(number / 10_000).unwrap_or_default();
    Date::new(year, part(number / 100), part(number))
        .map_err(|error| unreadable(column, Type::Integer, error))
}

/// A count; a negative one (nobody writes such) reads as 0.
pub(crate) fn read_count(row: &Row<'_>, column: usize) -> Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or_default())
}

pub(crate) fn read_optional_count(row: &Row<'_>, column: usize) -> Result<Option<u64>> {
    let number: Option<i64> = row.get(column)?;
    Ok(number.map(|number| u64::try_from(number).unwrap_or_default()))
}

/// Text that a type of the domain checks, an id for instance.
pub(crate) fn read_parsed<T>(row: &Row<'_>, column: usize) -> Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text = row.get_ref(column)?.as_str().map_err(|error| unreadable(column, Type::Text, error))?;
    text.parse().map_err(|error| unreadable(column, Type::Text, error))
}

pub(crate) fn read_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| unreadable(column, Type::Text, error))?;
    serde_json::from_str(text).map_err(|error| unreadable(column, Type::Text, error))
}

pub(crate) fn read_optional_json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    match row.get_ref(column)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => read_json(row, column).map(Some),
    }
}

/// One of a fixed set of words.
pub(crate) fn read_word<T: Copy>(row: &Row<'_>, column: usize, words: &[(&str, T)]) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| unreadable(column, Type::Text, error))?;
    let known = words.iter().find(|(word, _)| *word == text);
    known.map(|(_, value)| *value).ok_or_else(|| unreadable(column, Type::Text, UnknownWord(text.to_owned())))
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a word this program knows")]
struct UnknownWord(String);

/// A value made here that is no value of its type: an id source that makes unusable ids, for instance.
pub(crate) fn unusable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::ToSqlConversionFailure(Box::new(error))
}

/// A later instant; the end of time where it would be beyond.
pub(crate) fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// An earlier instant; the beginning of time where it would be before.
pub(crate) fn earlier(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn unreadable(column: usize, kind: Type, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, kind, Box::new(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use rusqlite::Connection;

    fn read<T>(number: i64, read: impl FnOnce(&Row<'_>) -> Result<T>) -> Result<T> {
        Connection::open_in_memory()?.query_row("SELECT ?1", [number], read)
    }

    #[test]
    fn a_day_reads_back_as_it_was() {
        for written in [date(1970, 1, 1), date(2026, 11, 22), date(9999, 12, 31)] {
            assert_eq!(read(day(written), |row| read_day(row, 0)).unwrap(), written);
        }
        assert_eq!(month(date(2026, 11, 22)), 202_611);
        assert!(read(20_261_399, |row| read_day(row, 0)).is_err());
    }

    #[test]
    fn an_instant_reads_back_to_the_microsecond() {
        let written: Timestamp = "2026-11-22T10:20:30.123456Z".parse().unwrap();
        assert_eq!(read(instant(written), |row| read_instant(row, 0)).unwrap(), written);
        assert!(read(i64::MAX, |row| read_instant(row, 0)).is_err());
    }

    #[test]
    fn what_is_larger_than_a_column_is_the_largest() {
        assert_eq!(count(u64::MAX), i64::MAX);
        assert_eq!(read(-1, |row| read_count(row, 0)).unwrap(), 0);
    }
}
