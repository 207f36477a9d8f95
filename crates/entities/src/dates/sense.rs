//! What an expression of time means before the calendar is asked.

use super::lexicon::{Part, Season, Unit};
use crate::numbers::Decimal;

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    /// "25/12", "3 de março de 2026".
    Calendar { year: Option<i16>, month: i8, day: i8 },
    /// "dia 5"; `shift` counts months from the present one where that is said.
    OfMonth { day: i8, shift: Option<i32> },
    /// "sexta"; `which` is "next" (1), "last" (-1), "this" (0), "this coming" (2) or
    /// "this past" (-2); `week` counts weeks from the present one.
    Weekday { weekday: i8, which: Option<i32>, week: Option<i32> },
    /// "terça 25": a weekday that says which day of the month it is.
    WeekdayOfMonth { weekday: i8, day: i8 },
    /// Counted from today: "amanhã", "há 2 semanas".
    Away { amount: i32, unit: Unit },
    /// Counted from a feast that moves: carnival, Good Friday, Corpus Christi, Black Friday.
    Moving { feast: Feast, offset: i32, year: Option<i16>, which: Option<i32> },
    /// "primeira segunda de janeiro"; -1 is the last one.
    Nth { nth: i8, weekday: i8, month: Option<i8>, shift: i32, year: Option<i16> },
}

/// A feast that others are counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feast {
    /// Easter Sunday.
    Easter,
    /// The fourth Thursday of November, which Black Friday follows.
    Thanksgiving,
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: i8,
    pub(crate) minute: i8,
    pub(crate) second: Option<i8>,
    /// Whether it is known to be before or after noon.
    pub(crate) half_known: bool,
}

impl Clock {
    /// The clock that people mean: at one to six without more they mean the afternoon.
    ///
    /// A shop's customer who writes "às 3" has never been seen to mean the night; who does writes
    /// "3 da manhã" or "03:00", and both are known halves.
    pub(crate) fn settled(self) -> Self {
        if self.half_known || !(1..=6).contains(&self.hour) {
            return Self { half_known: true, ..self };
        }
        Self { hour: self.hour + 12, half_known: true, ..self }
    }

    /// The same time before or after noon, as a part of the day says.
    pub(crate) fn in_part(self, part: Part) -> Self {
        let is_late =
            matches!(part, Part::Lunch | Part::Dinner | Part::Afternoon | Part::Evening | Part::Night);
        let hour = match (part, self.hour) {
            (Part::Dawn | Part::Night, 12) => 0,
            // "2 da noite" is after midnight, "11" at lunch before noon.
            (Part::Night, ..5) | (Part::Lunch, 11) => self.hour,
            (_, ..=11) if is_late => self.hour + 12,
            _ => self.hour,
        };
        Self { hour, half_known: true, ..self }
    }

    /// Minutes since midnight.
    pub(crate) fn minutes(self) -> i32 {
        i32::from(self.hour) * 60 + i32::from(self.minute)
    }
}

/// From a time to a time; one side may be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clocks {
    pub(crate) from: Option<Clock>,
    pub(crate) to: Option<Clock>,
}

/// Days on end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Period {
    /// "esta semana", "mês que vem": one unit, counted from the present one.
    Unit { unit: Unit, shift: i32 },
    /// "próximos 3 dias" (3), "últimas 2 semanas" (-2).
    Several { amount: i32, unit: Unit },
    /// A month; `shift` is "this" (0), "next" (1), "last" (-1).
    Month { month: i8, year: Option<i16>, shift: Option<i32> },
    /// A year.
    Year(i16),
    /// Years on end: a decade, a century.
    Years { first: i16, count: i16 },
    /// A season.
    Season { season: Season, year: Option<i16>, shift: Option<i32> },
    /// A quarter (of four) or a semester (of two) of a year.
    PartOfYear { part: i8, of: i8, year: Option<i16>, shift: i32 },
    /// The week around a day.
    WeekOf(Day),
    /// "segunda semana de janeiro", "última semana do mês"; -1 is the last one.
    NthWeek { nth: i8, month: Option<i8>, shift: i32, year: Option<i16> },
    /// A week by its number.
    WeekNumber { week: i8, year: Option<i16>, shift: i32 },
    /// The beginning, the middle or the end of a longer period.
    Third { third: Third, of: Box<Period> },
    /// So many units from a day on, that day included.
    Counted { from: Day, amount: i32, unit: Unit },
    /// The first (3) or the last (-3) units of a longer period.
    Slice { amount: i32, unit: Unit, of: Box<Period> },
    /// From here to there, both included; an open side is none.
    Between { from: Option<Edge>, to: Option<Edge> },
}

/// Where in a longer period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Third {
    Beginning,
    Middle,
    End,
}

/// One end of a range of days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edge {
    Day(Day),
    Period(Box<Period>),
}

/// A length of time: amounts with their units, the longest first. An unknown amount is none ("alguns dias").
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) parts: Vec<(Option<Decimal>, Unit)>,
}

/// Every so often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Every {
    /// How often.
    pub(crate) amount: i32,
    pub(crate) unit: Unit,
    /// On which day.
    pub(crate) on: Option<On>,
    /// At what time.
    pub(crate) at: Option<At>,
}

/// The day of a recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Weekday(i8),
    DayOfMonth(i8),
}

/// The time of a recurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum At {
    Clock(Clock),
    Part(Part),
}

/// What an expression means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sense {
    Day(Day),
    /// So many units before or after a day: "2 weeks before Christmas".
    DayAway {
        base: Day,
        amount: i32,
        unit: Unit,
    },
    Clock(Clock),
    Part(Part),
    Clocks(Clocks),
    At(Day, Clock),
    DayPart(Day, Part),
    DayClocks(Day, Clocks),
    Period(Period),
    Duration(Length),
    /// "3 a 5 dias úteis".
    Durations(Length, Length),
    Every(Every),
    /// Seconds from now; zero is now.
    Moment(i64),
    /// From an instant to another: "de amanhã às 9h até sexta às 18h".
    Instants(Box<Sense>, Box<Sense>),
    /// The seconds between now and then.
    UntilMoment(i64),
    /// Up to an instant of a day, or from it on.
    OpenInstant {
        day: Day,
        clock: Option<Clock>,
        is_end: bool,
    },
}

/// Which rules found an expression; each has its own measured precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    NumericDate,
    MonthName,
    Weekday,
    RelativeDay,
    DayOfMonth,
    Offset,
    Holiday,
    Clock,
    BareClock,
    PartOfDay,
    ClockRange,
    DayAndTime,
    DayRange,
    Period,
    Year,
    Duration,
    Recurrence,
    Bounded,
}
