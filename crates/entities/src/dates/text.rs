//! Writes what an expression means in its normal form.

use jiff::civil::DateTime;

use super::calendar::{self, Calendar};
use super::length;
use super::lexicon::{Part, Unit};
use super::sense::{At, Clock, Clocks, Day, Every, On, Sense};
use crate::EntityKind;

/// The kind and the normal form of what is meant; none where it cannot be (30 February, year 20,000).
pub(crate) fn text(sense: &Sense, calendar: Calendar) -> Option<(EntityKind, String)> {
    Some(match sense {
        Sense::Day(day) => (EntityKind::Date, calendar.day_text(day)?),
        Sense::DayAway { base, amount, unit } => {
            let text = match calendar.date(base) {
                Some(date) => calendar::away(date, *amount, *unit)?.to_string(),
                None => calendar.day_text(base).map(|text| format!("{text}{amount:+}{unit:?}"))?,
            };
            (EntityKind::Date, text)
        }
        Sense::Clock(clock) => (EntityKind::Time, clock_text(clock.settled())),
        Sense::Part(part) => (EntityKind::TimeRange, clocks_text(part_clocks(*part))),
        Sense::Clocks(clocks) => (EntityKind::TimeRange, clocks_text(*clocks)),
        Sense::At(day, clock) => {
            (EntityKind::DateTime, format!("{}T{}", calendar.day_text(day)?, clock_text(clock.settled())))
        }
        Sense::DayPart(day, part) => {
            (EntityKind::DateTimeRange, day_clocks_text(day, part_clocks(*part), calendar)?)
        }
        Sense::DayClocks(day, clocks) => {
            (EntityKind::DateTimeRange, day_clocks_text(day, *clocks, calendar)?)
        }
        Sense::Period(period) => (EntityKind::DateRange, calendar.period_text(period)?),
        Sense::Duration(length) => (EntityKind::Duration, length::text(length)?),
        Sense::Durations(least, most) => {
            (EntityKind::Duration, format!("{}/{}", length::text(least)?, length::text(most)?))
        }
        Sense::Every(every) => (EntityKind::Recurrence, every_text(every)?),
        Sense::Moment(seconds) => (EntityKind::DateTime, moment_text(*seconds, calendar)?),
        Sense::Instants(first, second) => {
            (EntityKind::DateTimeRange, instants_text(first, second, calendar)?)
        }
        Sense::UntilMoment(seconds) => {
            let (there, now) = (moment_text(*seconds, calendar)?, moment_text(0, calendar)?);
            let range = if *seconds < 0 { format!("{there}/{now}") } else { format!("{now}/{there}") };
            (EntityKind::DateTimeRange, range)
        }
        Sense::OpenInstant { day, clock, is_end } => {
            let date = calendar.day_text(day)?;
            let instant =
                clock.map_or(date.clone(), |clock| format!("{date}T{}", clock_text(clock.settled())));
            let range = if *is_end { format!("../{instant}") } else { format!("{instant}/..") };
            (EntityKind::DateTimeRange, range)
        }
    })
}

fn clock_text(clock: Clock) -> String {
    match clock.second {
        Some(second) => format!("{:02}:{:02}:{second:02}", clock.hour, clock.minute),
        None => format!("{:02}:{:02}", clock.hour, clock.minute),
    }
}

fn part_clocks(part: Part) -> Clocks {
    let clock = |(hour, minute): (i8, i8)| Some(Clock { hour, minute, second: None, half_known: true });
    let (from, to) = part.hours();
    Clocks { from: clock(from), to: clock(to) }
}

fn clocks_text(clocks: Clocks) -> String {
    let side = |clock: Option<Clock>| clock.map_or("..".to_owned(), |clock| clock_text(clock.settled()));
    format!("{}/{}", side(clocks.from), side(clocks.to))
}

/// A range of times that ends before it begins ends the day after ("das 22h às 2h").
fn day_clocks_text(day: &Day, clocks: Clocks, calendar: Calendar) -> Option<String> {
    let date = calendar.day_text(day)?;
    let side = |date: &str, clock: Option<Clock>| {
        clock.map_or("..".to_owned(), |clock| format!("{date}T{}", clock_text(clock.settled())))
    };
    let minutes = |clock: Option<Clock>| clock.map(|clock| clock.settled().minutes());
    let next_day = match (minutes(clocks.from), minutes(clocks.to)) {
        (Some(from), Some(to)) if to <= from => calendar.date(day).and_then(|date| calendar::days(date, 1)),
        _ => None,
    };
    let last = next_day.map_or(date.clone(), |date| date.to_string());
    Some(format!("{}/{}", side(&date, clocks.from), side(&last, clocks.to)))
}

fn every_text(every: &Every) -> Option<String> {
    let time = match every.at {
        Some(At::Clock(clock)) => format!("T{}", clock_text(clock.settled())),
        Some(At::Part(part)) => format!("T{}", clocks_text(part_clocks(part))),
        None => String::new(),
    };
    let day = match every.on {
        Some(On::Weekday(weekday)) => format!("XXXX-WXX-{weekday}"),
        Some(On::DayOfMonth(day)) => format!("---{day:02}"),
        None => String::new(),
    };
    let parts = vec![(Some(crate::numbers::Decimal::from(i64::from(every.amount))), every.unit)];
    let length = match every.unit {
        Unit::Weekend => format!("P{}WE", every.amount),
        Unit::WorkingDay => format!("P{}BD", every.amount),
        _ => length::text(&super::sense::Length { parts })?,
    };
    let start = format!("{day}{time}");
    Some(if start.is_empty() { format!("R/{length}") } else { format!("R/{start}/{length}") })
}

/// An instant counted from now, to the minute; "now+PT30M" where now is not known.
fn moment_text(seconds: i64, calendar: Calendar) -> Option<String> {
    let Some(now) = calendar.now else {
        if seconds == 0 {
            return Some("now".to_owned());
        }
        let sign = if seconds < 0 { '-' } else { '+' };
        return Some(format!("now{sign}PT{}S", seconds.unsigned_abs()));
    };
    Some(instant_text(calendar::moment(now, seconds)?))
}

fn instant_text(instant: DateTime) -> String {
    format!("{}T{:02}:{:02}", instant.date(), instant.hour(), instant.minute())
}

/// Both instants; a time without a day is the other side's day's, and today's where there is none.
fn instants_text(first: &Sense, second: &Sense, calendar: Calendar) -> Option<String> {
    let today = Day::Away { amount: 0, unit: Unit::Day };
    let day_of = |sense: &Sense| match sense {
        Sense::At(day, _) | Sense::Day(day) => Some(*day),
        _ => None,
    };
    let side = |sense: &Sense, other: Option<Day>| match sense {
        Sense::Moment(seconds) => moment_text(*seconds, calendar),
        Sense::Day(day) => calendar.day_text(day),
        Sense::At(day, clock) => Some(format!("{}T{}", calendar.day_text(day)?, clock_text(clock.settled()))),
        Sense::Clock(clock) => {
            Some(format!("{}T{}", calendar.day_text(&other.unwrap_or(today))?, clock_text(clock.settled())))
        }
        _ => None,
    };
    // Of "from 2pm till tomorrow" the first is today's; of "between 2:00 tomorrow and 4:00" the second tomorrow's.
    let (from, to) = (side(first, None)?, side(second, day_of(first))?);
    // Normal forms of one kind sort as they follow each other.
    (calendar.now.is_none() || from < to).then(|| format!("{from}/{to}"))
}
