//! What single words say about time, in three languages, folded to lower case without accents.

mod english;
mod portuguese;
mod spanish;

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::Language;
use crate::wordlist::{table, words};

/// What a word says about time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// A weekday, Monday is 1.
    Weekday(i8),
    /// A short weekday that is also another word ("seg", "mar", "sun"): its neighbours decide.
    MaybeWeekday(i8),
    /// Weekdays in the plural: every week's ("sábados", "tuesdays").
    Weekdays(i8),
    /// A month.
    Month(i8),
    /// A short month, or one that is also another word ("set", "may"): its neighbours decide.
    MaybeMonth(i8),
    /// A day counted from today.
    Today(i32),
    /// A unit of time.
    Unit(Unit),
    /// A part of the day.
    Part(Part),
    /// "próximo", "pasada", "this": which one, counted from the present one.
    Shift(i32),
    /// A season of the year.
    Season(Season),
    /// Every so often, in one word.
    Often(i32, Unit),
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Night,
    WorkingDay,
    Week,
    Weekend,
    Fortnight,
    Month,
    Quarter,
    Semester,
    Year,
    Decade,
    Century,
}

impl Unit {
    /// Whether it is shorter than a day.
    pub(crate) fn is_of_the_clock(self) -> bool {
        matches!(self, Self::Second | Self::Minute | Self::Hour)
    }
}

/// A part of the day; its hours are in [`Part::hours`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Dawn,
    Morning,
    Afternoon,
    Evening,
    Night,
    Breakfast,
    Lunch,
    Dinner,
}

impl Part {
    /// From which hour to which minute it reaches: our own convention, the customary Brazilian one.
    pub(crate) fn hours(self) -> ((i8, i8), (i8, i8)) {
        match self {
            Self::Dawn => ((0, 0), (6, 0)),
            Self::Morning => ((6, 0), (12, 0)),
            Self::Afternoon => ((12, 0), (18, 0)),
            Self::Evening => ((17, 0), (21, 0)),
            Self::Night => ((18, 0), (23, 59)),
            Self::Breakfast => ((7, 0), (9, 0)),
            Self::Lunch => ((12, 0), (14, 0)),
            Self::Dinner => ((19, 0), (21, 0)),
        }
    }
}

/// A season, as the northern or the southern half of the earth has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Season {
    Spring,
    Summer,
    Autumn,
    Winter,
}

/// Words that say the same, separated by white space, and what they say.
type Entry = (&'static str, Word);

/// What `word` says about time in `language`.
pub(crate) fn word(word: &str, language: Language) -> Option<Word> {
    static TABLES: LazyLock<[FxHashMap<&str, Word>; 3]> =
        LazyLock::new(|| [portuguese::WORDS, spanish::WORDS, english::WORDS].map(table));
    let [portuguese, spanish, english] = &*TABLES;
    let table = match language {
        Language::Portuguese => portuguese,
        Language::Spanish => spanish,
        Language::English => english,
    };
    table.get(word).copied()
}

/// Whether `word` says something about time by itself, beyond what [`word`] knows of it: feasts, noon, "now".
pub(crate) fn is_core(word: &str) -> bool {
    static CORE: LazyLock<FxHashSet<&str>> = LazyLock::new(|| words(CORE_OF_ALL));
    CORE.contains(word)
}

/// Whether `word` may begin an expression of time, given that one follows ("até", "the", "cada").
pub(crate) fn opens(word: &str) -> bool {
    static OPENERS: LazyLock<FxHashSet<&str>> = LazyLock::new(|| words(OPENERS_OF_ALL));
    OPENERS.contains(word)
}

/// For the three languages together.
const CORE_OF_ALL: &str = "\
    almoco jantar janta cafe desayuno almuerzo cena lunchtime dinnertime present moment momento fecha date time \
    academic afternoons agora ahora ano anoche black boxing breakfast calendar carnaval christmas \
    consciencia corpus dia dinner duas earth easter eod eom eoy evenings father fathers finados fiscal h \
    half halloween hora independence juneteenth labor labour lunch media medianoche medio mediodia meia \
    meianoite meio meiodia midday midnight momento mornings mother mothers natal navidad negro neste \
    nochebuena nochevieja noon noonish now once pascoa pascua proclamacao q quarter reveillon reyes \
    saint school semana t thanksgiving tiradentes tonight tonite twice valentine valentines vespera \
    viernes virada xmas year";

/// For the three languages together.
const OPENERS_OF_ALL: &str = "\
    a about after al algumas algunas algunos alguns all alrededor an antes any apartir apos around as at \
    ate ateh before beginning between by cada cerca comeco comienzos da daqui das de del dentro depois \
    desde despues do dps each earlier early el em en end entre every faz few fim fin final finales fines \
    fins first for from good ha hace hasta in inicio inicios la lah las last late later less los mais \
    mas meados mediados medianos menos mid middle more na nas new no nos otro pocas pocos por poucas \
    poucos primeiras primeiros primeras primeros principio principios prior right san semi several since \
    some st start starting td tda tds the till toda todas todo todos umas unas unos uns until varias \
    varios within";
