//! Asks the calendar: from what was meant to ISO 8601, as far as the present day is known.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ToSpan};

use super::lexicon::{Season, Unit};
use super::sense::{Day, Edge, Feast, Period, Third};

/// What is known when an expression is resolved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Calendar {
    /// The customer's present, where it is known.
    pub(crate) now: Option<DateTime>,
    /// Whether the sentence speaks of the past ("comprei na sexta").
    pub(crate) past: bool,
}

impl Calendar {
    fn today(self) -> Option<Date> {
        self.now.map(DateTime::date)
    }

    /// The date, if it can be told.
    pub(crate) fn date(self, day: &Day) -> Option<Date> {
        match *day {
            Day::Calendar { year: Some(year), month, day } => Date::new(year, month, day).ok(),
            Day::Calendar { year: None, month, day } => self.nearest(|year| Date::new(year, month, day).ok()),
            Day::OfMonth { day, shift } => self.of_month(day, shift),
            Day::Weekday { weekday, which, week } => self.weekday(weekday, which, week),
            Day::WeekdayOfMonth { weekday, day } => self.weekday_of_month(weekday, day),
            Day::Away { amount, unit } => away(self.today()?, amount, unit),
            Day::Moving { feast, offset, year: Some(year), .. } => days(feast_day(feast, year)?, offset),
            Day::Moving { feast, offset, year: None, which } => {
                let place = |year| days(feast_day(feast, year)?, offset);
                match which {
                    Some(1) => self.next(place),
                    Some(-1) => self.previous(place),
                    _ => self.nearest(place),
                }
            }
            Day::Nth { nth, weekday, month, shift, year } => {
                let place = |year: i16, month: i8| nth_weekday(nth, weekday, year, month);
                match (month, year) {
                    (Some(month), Some(year)) => place(year, month),
                    (Some(month), None) => self.nearest(|year| place(year, month)),
                    (None, _) => {
                        let first = months(self.today()?.first_of_month(), shift)?;
                        place(first.year(), first.month())
                    }
                }
            }
        }
    }

    /// ISO 8601, or what of it is known.
    pub(crate) fn day_text(self, day: &Day) -> Option<String> {
        if let Some(date) = self.date(day) {
            return Some(date.to_string());
        }
        if self.now.is_some() {
            return None;
        }
        Some(match *day {
            Day::Calendar { year: None, month, day } => format!("--{month:02}-{day:02}"),
            Day::OfMonth { day, shift: None } => format!("---{day:02}"),
            Day::OfMonth { day, shift: Some(shift) } => format!("month{shift:+}-{day:02}"),
            Day::Weekday { weekday, week: Some(week), .. } => format!("week{week:+}-{weekday}"),
            Day::Weekday { weekday, .. } | Day::WeekdayOfMonth { weekday, .. } => {
                format!("XXXX-WXX-{weekday}")
            }
            Day::Away { amount, unit } => relative_day(amount, unit)?,
            Day::Moving { feast: Feast::Easter, offset, .. } => format!("easter{offset:+}"),
            Day::Moving { feast: Feast::Thanksgiving, offset, .. } => format!("thanksgiving{offset:+}"),
            Day::Nth { nth, weekday, month: Some(month), .. } => {
                format!("XXXX-{month:02}-WXX-{weekday}#{nth}")
            }
            Day::Nth { .. } | Day::Calendar { year: Some(_), .. } => return None,
        })
    }

    /// The first and the last day of a period.
    pub(crate) fn bounds(self, period: &Period) -> Option<(Date, Date)> {
        match period {
            Period::Unit { unit, shift } => self.unit(*unit, *shift),
            Period::Several { amount, unit } => self.several(*amount, *unit),
            Period::Month { month, year, shift } => self.month(*month, *year, *shift),
            Period::Year(year) => year_bounds(*year, 1),
            Period::Years { first, count } => year_bounds(*first, *count),
            Period::Season { season, year, shift } => self.season(*season, *year, *shift),
            Period::PartOfYear { part, of, year, shift } => {
                let year = self.year(*year, *shift)?;
                let length = 12 / of;
                let first = Date::new(year, (part - 1).checked_mul(length)?.checked_add(1)?, 1).ok()?;
                Some((first, months(first, i32::from(length))?.yesterday().ok()?))
            }
            Period::WeekOf(day) => week_of(self.date(day)?),
            Period::NthWeek { nth, month, shift, year } => self.nth_week(*nth, *month, *shift, *year),
            Period::WeekNumber { week, year, shift } => {
                let year = self.year(*year, *shift)?;
                week_of(days(Date::new(year, 1, 4).ok()?, (i32::from(*week) - 1) * 7)?)
            }
            Period::Third { third, of } => third_of(self.bounds(of)?, *third),
            Period::Counted { from, amount, unit } => {
                let first = self.date(from)?;
                Some((first, days(away(first, *amount, *unit)?, -1)?))
            }
            Period::Slice { amount, unit, of } => {
                let (first, last) = self.bounds(of)?;
                if *amount > 0 {
                    Some((first, days(away(first, *amount, *unit)?, -1)?.min(last)))
                } else {
                    Some((days(away(last, *amount, *unit)?, 1)?.max(first), last))
                }
            }
            Period::Between { from: Some(from), to: Some(to) } => self.between(from, to),
            Period::Between { .. } => None,
        }
    }

    /// "start/end", both days included, or what of it is known.
    pub(crate) fn period_text(self, period: &Period) -> Option<String> {
        if let Some((first, last)) = self.bounds(period) {
            return Some(format!("{first}/{last}"));
        }
        match period {
            Period::Between { from: Some(_), to: Some(_) } if self.now.is_some() => None,
            Period::Between { from, to } => {
                let from = from.as_ref().map_or(Some("..".to_owned()), |edge| self.edge_text(edge, true))?;
                let to = to.as_ref().map_or(Some("..".to_owned()), |edge| self.edge_text(edge, false))?;
                Some(format!("{from}/{to}"))
            }
            _ if self.now.is_some() => None,
            Period::Unit { unit, shift } => Some(format!("{}{shift:+}", unit_name(*unit)?)),
            Period::Several { amount, unit } => {
                let length = format!("P{}", designator(amount.unsigned_abs(), *unit)?);
                Some(if *amount < 0 { format!("{length}/today") } else { format!("today/{length}") })
            }
            Period::Month { month, shift: None, .. } => Some(format!("--{month:02}")),
            Period::Month { month, shift: Some(shift), .. } => Some(format!("year{shift:+}-{month:02}")),
            Period::Season { season, .. } => Some(format!("XXXX-{}", season_name(*season))),
            Period::PartOfYear { part, of, shift, .. } => {
                Some(format!("year{shift:+}-{}{part}", if *of == 4 { "Q" } else { "S" }))
            }
            Period::WeekOf(day) => Some(format!("week:{}", self.day_text(day)?)),
            Period::NthWeek { nth, month: Some(month), .. } => Some(format!("XXXX-{month:02}-W#{nth}")),
            Period::NthWeek { nth, month: None, shift, .. } => Some(format!("month{shift:+}-W#{nth}")),
            Period::WeekNumber { week, .. } => Some(format!("XXXX-W{week:02}")),
            Period::Third { third, of } => Some(format!("{}:{}", third_name(*third), self.period_text(of)?)),
            Period::Counted { from, amount, unit } => {
                Some(format!("{}/P{}", self.day_text(from)?, designator(amount.unsigned_abs(), *unit)?))
            }
            Period::Slice { amount, unit, of } => {
                let third = if *amount > 0 { "first" } else { "last" };
                Some(format!(
                    "{third}:P{}:{}",
                    designator(amount.unsigned_abs(), *unit)?,
                    self.period_text(of)?
                ))
            }
            Period::Year(_) | Period::Years { .. } => None,
        }
    }

    fn edge_text(self, edge: &Edge, is_first: bool) -> Option<String> {
        match edge {
            Edge::Day(day) => self.day_text(day),
            Edge::Period(period) => match self.bounds(period) {
                Some((first, last)) => Some(if is_first { first } else { last }.to_string()),
                None => self.period_text(period),
            },
        }
    }

    fn edge(self, edge: &Edge) -> Option<(Date, Date)> {
        match edge {
            Edge::Day(day) => self.date(day).map(|date| (date, date)),
            Edge::Period(period) => self.bounds(period),
        }
    }

    /// Puts the ends in order: "de nov a mar" ends in the year after.
    fn between(self, from: &Edge, to: &Edge) -> Option<(Date, Date)> {
        let ((first, _), (_, last)) = (self.edge(from)?, self.edge(to)?);
        if first <= last {
            return Some((first, last));
        }
        let repeats_weekly = matches!(to, Edge::Day(Day::Weekday { .. }));
        let later = if repeats_weekly { days(last, 7)? } else { months(last, 12)? };
        let earlier = if repeats_weekly { days(first, -7)? } else { months(first, -12)? };
        let today = self.today()?;
        if !repeats_weekly && self.past {
            Some((earlier, last))
        } else if later >= first && later >= today {
            Some((first, later))
        } else {
            None
        }
    }

    fn year(self, year: Option<i16>, shift: i32) -> Option<i16> {
        match year {
            Some(year) => Some(year),
            None => self.today()?.year().checked_add(i16::try_from(shift).ok()?),
        }
    }

    /// Whichever year brings it nearest to today; the past one where the sentence speaks of the past.
    fn nearest(self, place: impl Fn(i16) -> Option<Date>) -> Option<Date> {
        if self.past {
            return self.previous(place);
        }
        let today = self.today()?;
        let distance = |date: Date| today.until(date).ok().map_or(i32::MAX, |span| span.get_days().abs());
        let years = [0, 1, -1, 2, 3, 4, 5, 6, 7, 8];
        let mut dates = years.into_iter().filter_map(|shift| place(today.year().checked_add(shift)?));
        let close: Vec<Date> = dates.by_ref().take(3).collect();
        close.into_iter().min_by_key(|date| distance(*date))
    }

    fn next(self, place: impl Fn(i16) -> Option<Date>) -> Option<Date> {
        let today = self.today()?;
        (0..=8).filter_map(|shift| place(today.year().checked_add(shift)?)).find(|date| *date > today)
    }

    fn previous(self, place: impl Fn(i16) -> Option<Date>) -> Option<Date> {
        let today = self.today()?;
        (0..=8).filter_map(|shift| place(today.year().checked_sub(shift)?)).find(|date| *date <= today)
    }

    /// The next day with that number, or the last one; a month without it is left out.
    fn of_month(self, day: i8, shift: Option<i32>) -> Option<Date> {
        let today = self.today()?;
        let in_month = |shift: i32| {
            let first = months(today.first_of_month(), shift)?;
            Date::new(first.year(), first.month(), day).ok()
        };
        match shift {
            Some(shift) => in_month(shift),
            None if self.past => (-3..=0).rev().filter_map(in_month).find(|date| *date <= today),
            None => (0..=3).filter_map(in_month).find(|date| *date >= today),
        }
    }

    /// The weekday that is meant.
    ///
    /// Alone it is the next one after today (the last one in a sentence of the past). "Next" and
    /// "last" leave out tomorrow and yesterday, which have names of their own.
    fn weekday(self, weekday: i8, which: Option<i32>, week: Option<i32>) -> Option<Date> {
        let today = self.today()?;
        let weekday = Weekday::from_monday_one_offset(weekday).ok()?;
        if let Some(week) = week {
            let (monday, _) = week_of(days(today, week.checked_mul(7)?)?)?;
            return days(monday, i32::from(weekday.to_monday_zero_offset()));
        }
        match which {
            Some(2) => today.nth_weekday(1, weekday).ok(),
            Some(-2) => today.nth_weekday(-1, weekday).ok(),
            Some(1) => days(today, 1)?.nth_weekday(1, weekday).ok(),
            Some(-1) => days(today, -1)?.nth_weekday(-1, weekday).ok(),
            Some(_) if !self.past => days(today, -1)?.nth_weekday(1, weekday).ok(),
            _ if self.past => today.nth_weekday(-1, weekday).ok(),
            _ => today.nth_weekday(1, weekday).ok(),
        }
    }

    fn weekday_of_month(self, weekday: i8, day: i8) -> Option<Date> {
        let today = self.today()?;
        let weekday = Weekday::from_monday_one_offset(weekday).ok()?;
        let place = |shift: i32| {
            let first = months(today.first_of_month(), shift)?;
            Date::new(first.year(), first.month(), day).ok().filter(|date| date.weekday() == weekday)
        };
        let forward = (0..=12).filter_map(place).find(|date| *date >= today);
        let backward = (0..=12).filter_map(|shift| place(-shift)).find(|date| *date <= today);
        if self.past { backward.or(forward) } else { forward.or(backward) }
    }

    fn unit(self, unit: Unit, shift: i32) -> Option<(Date, Date)> {
        let today = self.today()?;
        match unit {
            Unit::Week => week_of(days(today, shift.checked_mul(7)?)?),
            Unit::Weekend => {
                let (monday, sunday) = week_of(days(today, shift.checked_mul(7)?)?)?;
                Some((days(monday, 5)?, sunday))
            }
            Unit::Fortnight => {
                let (monday, _) = week_of(days(today, shift.checked_mul(14)?)?)?;
                Some((monday, days(monday, 13)?))
            }
            Unit::Month => {
                let first = months(today.first_of_month(), shift)?;
                Some((first, first.last_of_month()))
            }
            Unit::Quarter => part_of_year(today, 3, shift),
            Unit::Semester => part_of_year(today, 6, shift),
            Unit::Year => year_bounds(self.year(None, shift)?, 1),
            Unit::Decade => {
                let year = self.year(None, shift.checked_mul(10)?)?;
                year_bounds(year - year.rem_euclid(10), 10)
            }
            Unit::Century => {
                let year = self.year(None, shift.checked_mul(100)?)?;
                year_bounds(year - year.rem_euclid(100), 100)
            }
            Unit::Day | Unit::Night | Unit::WorkingDay => days(today, shift).map(|day| (day, day)),
            Unit::Second | Unit::Minute | Unit::Hour => None,
        }
    }

    /// The next or the last days, weeks …: tomorrow is the first of the next, yesterday the last of the last.
    fn several(self, amount: i32, unit: Unit) -> Option<(Date, Date)> {
        let today = self.today()?;
        let edge = away(today, amount, unit)?;
        if amount < 0 { Some((edge, days(today, -1)?)) } else { Some((days(today, 1)?, edge)) }
    }

    fn month(self, month: i8, year: Option<i16>, shift: Option<i32>) -> Option<(Date, Date)> {
        let place = |year: i16| Date::new(year, month, 1).ok();
        let first = match (year, shift) {
            (Some(year), _) => place(year),
            (None, Some(0)) => place(self.today()?.year()),
            (None, Some(1)) => self.next(place),
            (None, Some(_)) => {
                self.previous(|year| place(year).map(Date::last_of_month)).map(Date::first_of_month)
            }
            (None, None) => self.nearest(place),
        }?;
        Some((first, first.last_of_month()))
    }

    /// Seasons by whole months. Brazil and most of Latin America's south: summer is December to February.
    fn season(self, season: Season, year: Option<i16>, shift: Option<i32>) -> Option<(Date, Date)> {
        let month = match season {
            Season::Autumn => 3,
            Season::Winter => 6,
            Season::Spring => 9,
            Season::Summer => 12,
        };
        let (first, _) = self.month(month, year, shift)?;
        Some((first, months(first, 3)?.yesterday().ok()?))
    }

    fn nth_week(self, nth: i8, month: Option<i8>, shift: i32, year: Option<i16>) -> Option<(Date, Date)> {
        let (first, last) = match month {
            Some(month) => self.month(month, year, None)?,
            None if year.is_some() => year_bounds(year?, 1)?,
            None => self.unit(Unit::Month, shift)?,
        };
        // A week belongs to the month that its Thursday is in, as in ISO 8601.
        if nth < 0 {
            let thursday = days(last, 1)?.nth_weekday(-1, Weekday::Thursday).ok()?;
            return week_of(thursday);
        }
        let thursday = days(first, -1)?.nth_weekday(i32::from(nth), Weekday::Thursday).ok()?;
        if thursday > last { None } else { week_of(thursday) }
    }
}

/// A day so many units away. Working days are counted from Monday to Friday, without holidays.
pub(crate) fn away(today: Date, amount: i32, unit: Unit) -> Option<Date> {
    match unit {
        Unit::Day | Unit::Night => days(today, amount),
        Unit::WorkingDay => working_days(today, amount),
        Unit::Week | Unit::Weekend => days(today, amount.checked_mul(7)?),
        Unit::Fortnight => days(today, amount.checked_mul(14)?),
        Unit::Month => months(today, amount),
        Unit::Quarter => months(today, amount.checked_mul(3)?),
        Unit::Semester => months(today, amount.checked_mul(6)?),
        Unit::Year => months(today, amount.checked_mul(12)?),
        Unit::Decade => months(today, amount.checked_mul(120)?),
        Unit::Century => months(today, amount.checked_mul(1200)?),
        Unit::Second | Unit::Minute | Unit::Hour => None,
    }
}

fn working_days(today: Date, amount: i32) -> Option<Date> {
    // More than a few years of working days are no delivery time.
    if amount.unsigned_abs() > 1000 {
        return None;
    }
    let step = amount.signum();
    let mut date = today;
    let mut left = amount.unsigned_abs();
    while left > 0 {
        date = days(date, step)?;
        if !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(date)
}

/// `date` moved by `amount` days.
pub(crate) fn days(date: Date, amount: i32) -> Option<Date> {
    date.checked_add(Span::new().try_days(amount).ok()?).ok()
}

fn months(date: Date, amount: i32) -> Option<Date> {
    date.checked_add(Span::new().try_months(amount).ok()?).ok()
}

fn week_of(date: Date) -> Option<(Date, Date)> {
    let monday = days(date, -i32::from(date.weekday().to_monday_zero_offset()))?;
    Some((monday, days(monday, 6)?))
}

fn year_bounds(first: i16, count: i16) -> Option<(Date, Date)> {
    Some((Date::new(first, 1, 1).ok()?, Date::new(first.checked_add(count)?.checked_sub(1)?, 12, 31).ok()?))
}

fn part_of_year(today: Date, length: i8, shift: i32) -> Option<(Date, Date)> {
    let begun = Date::new(today.year(), (today.month() - 1) / length * length + 1, 1).ok()?;
    let first = months(begun, shift.checked_mul(i32::from(length))?)?;
    Some((first, months(first, i32::from(length))?.yesterday().ok()?))
}

fn third_of((first, last): (Date, Date), third: Third) -> Option<(Date, Date)> {
    let length = first.until(last).ok()?.get_days() + 1;
    let part = length / 3;
    match third {
        Third::Beginning => Some((first, days(first, part - 1)?)),
        Third::Middle => Some((days(first, part)?, days(last, -part)?)),
        Third::End => Some((days(last, 1 - part)?, last)),
    }
}

fn nth_weekday(nth: i8, weekday: i8, year: i16, month: i8) -> Option<Date> {
    let weekday = Weekday::from_monday_one_offset(weekday).ok()?;
    Date::new(year, month, 1).ok()?.nth_weekday_of_month(nth, weekday).ok()
}

fn feast_day(feast: Feast, year: i16) -> Option<Date> {
    match feast {
        Feast::Easter => easter(year),
        Feast::Thanksgiving => nth_weekday(4, 4, year, 11),
    }
}

/// Easter Sunday in the Gregorian calendar (the anonymous algorithm; Meeus 1991, chapter 8).
pub(crate) fn easter(year: i16) -> Option<Date> {
    let whole = i32::from(year);
    let golden = whole.rem_euclid(19);
    let (century, of_century) = (whole.div_euclid(100), whole.rem_euclid(100));
    let correction = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let epact = (19 * golden + century - century.div_euclid(4) - correction + 15).rem_euclid(30);
    let weekday =
        (32 + 2 * century.rem_euclid(4) + 2 * of_century.div_euclid(4) - epact - of_century.rem_euclid(4))
            .rem_euclid(7);
    let late = (golden + 11 * epact + 22 * weekday).div_euclid(451);
    let sum = epact + weekday - 7 * late + 114;
    let (month, day) = (sum.div_euclid(31), sum.rem_euclid(31) + 1);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// The instant so many seconds from `now`.
pub(crate) fn moment(now: DateTime, seconds: i64) -> Option<DateTime> {
    now.checked_add(seconds.checked_abs().filter(|size| *size < 400 * 86_400).map(|_| seconds.seconds())?)
        .ok()
}

fn relative_day(amount: i32, unit: Unit) -> Option<String> {
    if matches!(unit, Unit::Day | Unit::Night) {
        return Some(if amount == 0 { "today".to_owned() } else { format!("today{amount:+}D") });
    }
    let sign = if amount < 0 { '-' } else { '+' };
    Some(format!("today{sign}{}", designator(amount.unsigned_abs(), unit)?))
}

/// ISO 8601's way to write so many of a unit: "3D", "2W", "6M".
fn designator(amount: u32, unit: Unit) -> Option<String> {
    Some(match unit {
        Unit::Day | Unit::Night => format!("{amount}D"),
        Unit::WorkingDay => format!("{amount}BD"),
        Unit::Week | Unit::Weekend => format!("{amount}W"),
        Unit::Fortnight => format!("{}W", amount.checked_mul(2)?),
        Unit::Month => format!("{amount}M"),
        Unit::Quarter => format!("{}M", amount.checked_mul(3)?),
        Unit::Semester => format!("{}M", amount.checked_mul(6)?),
        Unit::Year => format!("{amount}Y"),
        Unit::Decade => format!("{}Y", amount.checked_mul(10)?),
        Unit::Century => format!("{}Y", amount.checked_mul(100)?),
        Unit::Second | Unit::Minute | Unit::Hour => return None,
    })
}

fn unit_name(unit: Unit) -> Option<&'static str> {
    Some(match unit {
        Unit::Day | Unit::Night | Unit::WorkingDay => "today",
        Unit::Week => "week",
        Unit::Weekend => "weekend",
        Unit::Fortnight => "fortnight",
        Unit::Month => "month",
        Unit::Quarter => "quarter",
        Unit::Semester => "semester",
        Unit::Year => "year",
        Unit::Decade => "decade",
        Unit::Century => "century",
        Unit::Second | Unit::Minute | Unit::Hour => return None,
    })
}

fn season_name(season: Season) -> &'static str {
    match season {
        Season::Spring => "SP",
        Season::Summer => "SU",
        Season::Autumn => "FA",
        Season::Winter => "WI",
    }
}

fn third_name(third: Third) -> &'static str {
    match third {
        Third::Beginning => "start",
        Third::Middle => "mid",
        Third::End => "end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easter_falls_where_the_almanac_says() {
        let days: Vec<String> = [1961, 2000, 2018, 2024, 2026, 2027, 2038]
            .iter()
            .filter_map(|year| easter(*year))
            .map(|day| day.to_string())
            .collect();
        assert_eq!(
            days,
            [
                "1961-04-02",
                "2000-04-23",
                "2018-04-01",
                "2024-03-31",
                "2026-04-05",
                "2027-03-28",
                "2038-04-25"
            ]
        );
    }

    #[test]
    fn working_days_leave_out_the_weekend() {
        let friday = Date::constant(2026, 11, 20);
        assert_eq!(away(friday, 1, Unit::WorkingDay), Some(Date::constant(2026, 11, 23)));
        assert_eq!(away(friday, 5, Unit::WorkingDay), Some(Date::constant(2026, 11, 27)));
        assert_eq!(away(friday, -1, Unit::WorkingDay), Some(Date::constant(2026, 11, 19)));
    }

    #[test]
    fn a_month_ends_where_it_ends() {
        let calendar = Calendar { now: Some(Date::constant(2028, 1, 31).at(9, 0, 0, 0)), past: false };
        let next_month = Day::Away { amount: 1, unit: Unit::Month };
        assert_eq!(calendar.day_text(&next_month).as_deref(), Some("2028-02-29"));
        let last_week = Period::NthWeek { nth: -1, month: Some(7), shift: 0, year: Some(2016) };
        assert_eq!(calendar.period_text(&last_week).as_deref(), Some("2016-07-25/2016-07-31"));
    }
}
