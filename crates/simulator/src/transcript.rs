//! The conversation as the customers saw it, as lines of text.

use std::collections::HashMap;
use std::fmt;

use crate::journal::{Entry, Happening, Shown, State};
use crate::people::Person;

/// How lines are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// What the business is called.
    pub business: String,
    /// Seconds east of UTC of the clock that is shown.
    pub utc_offset_s: i32,
    /// Whether read marks, typing and repeated posts are shown.
    pub is_verbose: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { business: "Loja".to_owned(), utc_offset_s: 0, is_verbose: false }
    }
}

/// One message, or one note about what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who wrote, padded so that times stand in one column.
    who: String,
    /// `HH:MM:SS`.
    time: String,
    /// The text in its lines, buttons included.
    rows: Vec<String>,
    /// How far a message of the business has come.
    reached: Option<State>,
    is_of_business: bool,
    unix_ms: u64,
}

/// How long the ticks of a message are waited for before it is shown without them.
const TICKS_WITHIN_MS: u64 = 1_500;

impl Line {
    /// Whether the line will stay as it is, as far as can be told at this time.
    pub fn is_settled(&self, now_unix_ms: u64) -> bool {
        let is_at_end = matches!(self.reached, Some(State::Read | State::Failed));
        !self.is_of_business || is_at_end || self.unix_ms.saturating_add(TICKS_WITHIN_MS) <= now_unix_ms
    }

    fn ticks(&self) -> &'static str {
        match self.reached {
            None => "",
            Some(State::Sent) => "  ✓",
            Some(State::Delivered) => "  ✓✓",
            Some(State::Read) => "  ✓✓ read",
            Some(State::Failed) => "  ✗ failed",
        }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let margin = self.who.chars().count() + self.time.len() + 4;
        for (place, row) in self.rows.iter().enumerate() {
            match place {
                0 => write!(f, "{}  {}  {row}", self.who, self.time)?,
                _ if row.is_empty() => writeln!(f)?,
                _ => write!(f, "\n{:margin$}{row}", "")?,
            }
        }
        write!(f, "{}", self.ticks())
    }
}

/// Writes the lines of a journal. What a message's reports say later is shown with the message.
pub fn transcript(entries: &[Entry], people: &[Person], style: &Style) -> Vec<Line> {
    let reached = furthest(entries);
    let customers = entries.iter().filter_map(|entry| customer_of(&entry.happening));
    let mut places: Vec<usize> = customers.collect();
    places.sort_unstable();
    places.dedup();
    let is_crowd = places.len() > 1;
    let name = |place: usize| shown_text(people.get(place).map_or("?", Person::label));
    let to = |place: usize| {
        if is_crowd { format!("{} → {}", style.business, name(place)) } else { style.business.clone() }
    };
    let mut lines = Vec::new();
    for entry in entries {
        let (who, rows, reached, is_of_business) = match &entry.happening {
            Happening::Received { person, shown, .. } => (name(*person), rows(shown), None, false),
            Happening::Echo { person, shown } => {
                let mut rows = rows(shown);
                if let Some(first) = rows.first_mut() {
                    first.insert_str(0, "(from the phone app) ");
                }
                (to(*person), rows, None, false)
            }
            Happening::Sent { person, message_id, shown, .. } => {
                (to(*person), rows(shown), reached.get(message_id).copied(), true)
            }
            happening => match note(happening, style.is_verbose) {
                Some(note) => (String::new(), vec![note], None, false),
                None => continue,
            },
        };
        let time = clock(entry.unix_ms, style.utc_offset_s);
        lines.push(Line { who, time, rows, reached, is_of_business, unix_ms: entry.unix_ms });
    }
    let width = lines.iter().map(|line| line.who.chars().count()).max().unwrap_or(0);
    for line in &mut lines {
        let missing = width - line.who.chars().count();
        line.who.extend(std::iter::repeat_n(' ', missing));
    }
    lines
}

fn customer_of(happening: &Happening) -> Option<usize> {
    match happening {
        Happening::Received { person, .. }
        | Happening::Echo { person, .. }
        | Happening::Sent { person, .. } => Some(*person),
        _ => None,
    }
}

fn furthest(entries: &[Entry]) -> HashMap<String, State> {
    let mut furthest: HashMap<String, State> = HashMap::new();
    for entry in entries {
        if let Happening::Reported { message_id, state } = &entry.happening {
            let reached = furthest.entry(message_id.clone()).or_insert(*state);
            *reached = (*reached).max(*state);
        }
    }
    furthest
}

fn rows(shown: &Shown) -> Vec<String> {
    let mut rows: Vec<String> = shown.text.lines().map(shown_text).collect();
    if shown.is_list {
        for choice in &shown.choices {
            let more = choice
                .description
                .as_ref()
                .map_or_else(String::new, |more| format!("  {}", shown_text(more)));
            rows.push(format!("[{}]{more}", shown_text(&choice.title)));
        }
    } else if !shown.choices.is_empty() {
        let buttons: Vec<String> =
            shown.choices.iter().map(|choice| format!("[{}]", shown_text(&choice.title))).collect();
        rows.push(buttons.join(" "));
    }
    if rows.is_empty() {
        rows.push(String::new());
    }
    rows
}

/// Without control characters, which a terminal would obey.
fn shown_text(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{FFFD}' } else { character }).collect()
}

fn note(happening: &Happening, is_verbose: bool) -> Option<String> {
    match happening {
        Happening::Refused { code } => {
            Some(format!("! a message was refused: {code} {}", crate::graph::title_of(*code)))
        }
        Happening::NotTaken { status: Some(status) } => {
            Some(format!("! a webhook was answered with {status} instead of 200"))
        }
        Happening::NotTaken { status: None } => Some("! a webhook was not answered".to_owned()),
        Happening::Marked { is_typing, .. } if is_verbose => {
            Some(if *is_typing { "(read, typing…)".to_owned() } else { "(read)".to_owned() })
        }
        Happening::Repeated { .. } if is_verbose => Some("(the same message posted again)".to_owned()),
        _ => None,
    }
}

fn clock(unix_ms: u64, utc_offset_s: i32) -> String {
    let seconds = i64::try_from(unix_ms / 1000).unwrap_or(0) + i64::from(utc_offset_s);
    let of_day = seconds.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", of_day / 3_600, of_day / 60 % 60, of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Choice;

    fn at(seconds: u64, happening: Happening) -> Entry {
        Entry { after_ms: seconds * 1000, unix_ms: (1_767_268_800 + seconds) * 1000, happening }
    }

    fn wrote(person: usize, text: &str) -> Happening {
        Happening::Received {
            person,
            number: "1".into(),
            message_id: text.into(),
            timestamp: 0,
            shown: Shown { kind: "text".into(), text: text.into(), ..Shown::default() },
            wants_answer: true,
        }
    }

    fn answered(person: usize, text: &str, buttons: &[&str], is_list: bool) -> Happening {
        let choice = |title: &&str| Choice {
            id: "1".into(),
            title: (*title).into(),
            description: is_list.then(|| "para hoje".into()),
        };
        let choices = buttons.iter().map(choice).collect();
        Happening::Sent {
            person,
            number: "1".into(),
            message_id: text.into(),
            callback: None,
            shown: Shown { kind: "text".into(), text: text.into(), choices, is_list },
        }
    }

    fn reported(text: &str, state: State) -> Happening {
        Happening::Reported { message_id: text.into(), state }
    }

    fn person(name: &str) -> Person {
        Person { name: Some(name.into()), ..Person::default() }
    }

    fn shown(entries: &[Entry], people: &[Person], style: &Style) -> String {
        let lines: Vec<String> = transcript(entries, people, style).iter().map(Line::to_string).collect();
        lines.join("\n")
    }

    #[test]
    fn a_conversation_reads_as_on_the_telephone() {
        let entries = [
            at(1, wrote(0, "oi")),
            at(2, wrote(0, "cadê meu pedido?")),
            at(4, Happening::Marked { message_id: "oi".into(), is_typing: true }),
            at(7, answered(0, "Olá, Ana!\nQual é o número?", &["Não sei", "Digitar"], false)),
            at(7, reported("Olá, Ana!\nQual é o número?", State::Read)),
            at(8, reported("Olá, Ana!\nQual é o número?", State::Delivered)),
            at(9, answered(0, "Quando?", &["Manhã", "Tarde"], true)),
            at(9, Happening::Refused { code: 131_056 }),
        ];
        insta::assert_snapshot!(shown(&entries, &[person("Ana")], &Style::default()), @"
        Ana   12:00:01  oi
        Ana   12:00:02  cadê meu pedido?
        Loja  12:00:07  Olá, Ana!
                        Qual é o número?
                        [Não sei] [Digitar]  ✓✓ read
        Loja  12:00:09  Quando?
                        [Manhã]  para hoje
                        [Tarde]  para hoje
              12:00:09  ! a message was refused: 131056 (Business Account, Consumer Account) pair rate limit hit
        ");
        let verbose = Style { is_verbose: true, utc_offset_s: -3 * 3600, ..Style::default() };
        insta::assert_snapshot!(shown(&entries[..4], &[person("Ana")], &verbose), @"
        Ana   09:00:01  oi
        Ana   09:00:02  cadê meu pedido?
              09:00:04  (read, typing…)
        Loja  09:00:07  Olá, Ana!
                        Qual é o número?
                        [Não sei] [Digitar]
        ");
    }

    #[test]
    fn with_several_customers_each_answer_says_whose_it_is() {
        let entries = [
            at(1, wrote(0, "oi")),
            at(1, wrote(1, "¿hola?")),
            at(5, answered(1, "¡Hola!", &[], false)),
            at(5, reported("¡Hola!", State::Sent)),
            at(6, answered(0, "Olá!", &[], false)),
            at(7, reported("Olá!", State::Failed)),
        ];
        insta::assert_snapshot!(shown(&entries, &[person("Ana"), person("José María")], &Style::default()), @"
        Ana                12:00:01  oi
        José María         12:00:01  ¿hola?
        Loja → José María  12:00:05  ¡Hola!  ✓
        Loja → Ana         12:00:06  Olá!  ✗ failed
        ");
    }

    #[test]
    fn a_text_cannot_command_the_terminal() {
        let said = shown(&[at(1, wrote(0, "a\u{1b}[2Jb\u{7}"))], &[person("A\u{1b}na")], &Style::default());
        assert!(!said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
    }

    #[test]
    fn a_line_waits_for_its_ticks_but_not_for_long() {
        let entries = [at(1, answered(0, "Olá!", &[], false)), at(1, reported("Olá!", State::Sent))];
        let lines = transcript(&entries, &[person("Ana")], &Style::default());
        let sent = entries[0].unix_ms;
        assert!(!lines[0].is_settled(sent) && lines[0].is_settled(sent + 1_500));
    }
}
