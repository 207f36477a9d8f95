//! What holds for every text: spans, order, values that parse back, no panic, bounded time.

use jiff::civil::{Date, DateTime, Time, date};
use proptest::prelude::*;
use pytake_entities::dates::{self, DateContext};
use pytake_entities::{Entity, EntityKind, Language, numbers};

const LANGUAGES: [Language; 3] = [Language::Portuguese, Language::Spanish, Language::English];

/// Words that expressions are made of, so that random rows of them hold many.
const WORDS: &[&str] = &[
    "amanhã",
    "hoje",
    "dia",
    "5",
    "31",
    "de",
    "março",
    "às",
    "15h",
    "15:30",
    "das",
    "9",
    "a",
    "18",
    "e",
    "meia",
    "sexta",
    "próxima",
    "semana",
    "que",
    "vem",
    "passada",
    "há",
    "2",
    "horas",
    "todo",
    "dias",
    "até",
    "depois",
    "natal",
    "25/12",
    "29/2",
    "2026",
    "1/2",
    "-",
    ",",
    "mañana",
    "la",
    "noche",
    "el",
    "lunes",
    "hace",
    "tres",
    "del",
    "al",
    "y",
    "media",
    "menos",
    "cuarto",
    "next",
    "last",
    "friday",
    "the",
    "3rd",
    "of",
    "may",
    "in",
    "two",
    "weeks",
    "before",
    "christmas",
    "between",
    "and",
    "pm",
    "3pm",
    "every",
    "other",
    "half",
    "past",
    "nine",
    "end",
    "month",
    "from",
    "to",
    "1990",
    "q1",
    "99999",
    "0",
    "00",
    "24",
    "mil",
    "um",
    "por",
    "cento",
    "%",
    "primeira",
    "último",
    "13.45",
    "12-12-12",
    "😀",
    "ª",
    "á\u{301}",
];

fn context(language: Option<Language>, now: Option<DateTime>) -> DateContext {
    DateContext { language, now, day_first: language != Some(Language::English) }
}

fn now() -> DateTime {
    date(2026, 11, 18).at(10, 0, 0, 0)
}

fn check_spans(text: &str, found: &[Entity<'_>]) {
    let mut end = 0;
    for entity in found {
        assert!(entity.start >= end && entity.start < entity.end, "{text:?}: {entity:?}");
        assert_eq!(text.get(entity.start..entity.end), Some(entity.text));
        assert!((0.0..=1.0).contains(&entity.confidence));
        end = entity.end;
    }
}

/// A date, or a date with its time; the middle of a range may be open.
fn instant(text: &str) -> Option<DateTime> {
    match text.parse::<Date>() {
        Ok(day) if !text.contains('T') => Some(day.at(0, 0, 0, 0)),
        _ => text.parse::<DateTime>().ok(),
    }
}

fn is_length(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P') else { return false };
    !rest.is_empty()
        && rest.chars().all(|character| character.is_ascii_digit() || "TYMWDBHSEX.".contains(character))
}

/// Whether a value of a message whose present is known is in the normal form of its kind.
fn parses_back(entity: &Entity<'_>) -> bool {
    let value = entity.value.as_ref();
    let sides = || value.split_once('/');
    let open = |side: &str| side == "..";
    match entity.kind {
        EntityKind::Date => value.parse::<Date>().is_ok_and(|day| day.to_string() == value),
        EntityKind::Time => value.parse::<Time>().is_ok(),
        EntityKind::DateTime => instant(value).is_some() && value.contains('T'),
        EntityKind::TimeRange => sides().is_some_and(|(from, to)| {
            [from, to].iter().all(|side| open(side) || side.parse::<Time>().is_ok())
        }),
        EntityKind::DateRange | EntityKind::DateTimeRange => sides().is_some_and(|(from, to)| {
            let ordered = open(from) || open(to) || instant(from) <= instant(to);
            ordered && [from, to].iter().all(|side| open(side) || instant(side).is_some())
        }),
        EntityKind::Duration => value.split('/').all(is_length),
        EntityKind::Recurrence => {
            value.strip_prefix("R/").is_some_and(|rest| rest.rsplit('/').next().is_some_and(is_length))
        }
        EntityKind::Number | EntityKind::Ordinal | EntityKind::Percentage => value.parse::<f64>().is_ok(),
        _ => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn rows_of_words_of_time_give_values_that_parse_back(
        words in prop::collection::vec(prop::sample::select(WORDS), 1..14),
        separator in prop::sample::select(&[" ", "", "  "][..]),
    ) {
        let text = words.join(separator);
        for language in LANGUAGES {
            let found = dates::find(&text, &context(Some(language), Some(now())));
            check_spans(&text, &found);
            for entity in &found {
                prop_assert!(parses_back(entity), "{text:?}: {entity:?}");
            }
            let unresolved = dates::find(&text, &context(Some(language), None));
            check_spans(&text, &unresolved);
            let counted = numbers::find(&text, language);
            check_spans(&text, &counted);
            for entity in &counted {
                prop_assert!(parses_back(entity), "{text:?}: {entity:?}");
            }
        }
    }

    #[test]
    fn any_text_is_read_without_panic(text in "\\PC{0,80}") {
        for language in LANGUAGES {
            check_spans(&text, &dates::find(&text, &context(Some(language), Some(now()))));
            check_spans(&text, &numbers::find(&text, language));
        }
        for position in 0..text.len() {
            let _ = numbers::parse_at(&text, position, Language::Portuguese);
        }
    }
}

/// Texts of 4,096 characters that make a reader look far, in the language that reads them.
#[test]
fn long_texts_are_read_to_their_end() {
    let rows = [
        "amanhã ",
        "de ",
        "1 ",
        "mil ",
        "1/",
        "das 9 às ",
        "próxima ",
        "3 dias ",
        "a partir de ",
        "sexta ",
        "12:30 ",
        "every other ",
        "between 3 and ",
        "the last ",
        "e ",
        "vinte e um ",
        "março ",
        "1.000.",
        "depois de amanhã às 15h de ",
        "dia 5 a ",
        "by the end of ",
        "a",
        "1",
        "á",
        "today ",
        "mañana ",
        "bom dia meu amigo tudo bem ",
    ];
    for row in rows {
        let text: String = row.chars().cycle().take(4096).collect();
        for language in LANGUAGES {
            // Nothing is found twice, and what it costs is a line of `cargo bench -p pytake-entities`.
            let found = dates::find(&text, &context(Some(language), Some(now())));
            assert!(found.windows(2).all(|pair| pair[0].end <= pair[1].start), "{row:?}");
            let counted = numbers::find(&text, language);
            assert!(counted.windows(2).all(|pair| pair[0].end <= pair[1].start), "{row:?}");
        }
    }
}
