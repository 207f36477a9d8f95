//! Things to choose from: buttons where they fit, else a list, else lines of text.
//!
//! Limits are Meta's (WhatsApp Cloud API, interactive reply buttons and interactive lists), counted in UTF-16 units,
//! which is never less than what Meta counts. A title is never shortened: it would offer something else.

use pytake_assistant::channel::{Choice, OutboundContent};
use pytake_understanding::language::Language;

use crate::split::units;

const MAX_BUTTONS: usize = 3;
const MAX_BUTTON_TITLE: usize = 20;
const MAX_BUTTONS_BODY: usize = 1_024;
const MAX_ROWS: usize = 10;
const MAX_ROW_TITLE: usize = 24;

/// How the choices of a reply are shown.
#[derive(Debug, PartialEq)]
pub(super) enum Choices {
    /// There are none.
    None,
    /// They fit a list, perhaps buttons.
    Offered(Offered),
    /// They fit neither: numbered lines.
    Lines(String),
}

/// Choices that fit a list.
#[derive(Debug, PartialEq)]
pub(super) struct Offered {
    choices: Vec<Choice>,
}

impl Choices {
    /// Decides by number, length and sameness.
    pub(super) fn of(choices: &[String]) -> Self {
        let titles: Vec<String> =
            choices.iter().map(|choice| title(choice)).filter(|title| !title.is_empty()).collect();
        if titles.is_empty() {
            return Self::None;
        }
        let fits = titles.len() <= MAX_ROWS && titles.iter().all(|title| units(title) <= MAX_ROW_TITLE);
        if !fits || has_duplicates(&titles) {
            return Self::Lines(lines(&titles));
        }
        let choices = titles.into_iter().enumerate();
        let choices = choices.map(|(at, title)| Choice {
            // At most 3 + 24 characters of the 200 an id may have.
            id: format!("choice:{}:{title}", at + 1),
            title,
            description: None,
        });
        Self::Offered(Offered { choices: choices.collect() })
    }
}

impl Offered {
    /// The message that shows them below a text of at most 4,096 units.
    pub(super) fn below(self, body: String, language: Option<Language>) -> OutboundContent {
        let fits_buttons = self.choices.len() <= MAX_BUTTONS
            && self.choices.iter().all(|choice| units(&choice.title) <= MAX_BUTTON_TITLE)
            && units(&body) <= MAX_BUTTONS_BODY;
        if fits_buttons {
            return OutboundContent::Buttons { body, buttons: self.choices };
        }
        OutboundContent::List { body, button: see_options(language).to_owned(), rows: self.choices }
    }
}

/// What opens the list; at most 20 characters. Portuguese where the language is not known, as everywhere.
fn see_options(language: Option<Language>) -> &'static str {
    match language.unwrap_or(Language::Portuguese) {
        Language::Portuguese => "Ver opções",
        Language::Spanish => "Ver opciones",
        Language::English => "See options",
    }
}

/// A title on one line without the marks around it, which buttons show as they are.
fn title(choice: &str) -> String {
    let line = choice.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut title = line.as_str();
    for mark in ["**", "__", "*", "_", "~~", "~", "`"] {
        let inner = title.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
        title = inner.filter(|inner| !inner.is_empty() && !inner.contains(mark)).unwrap_or(title);
    }
    title.trim().to_owned()
}

fn has_duplicates(titles: &[String]) -> bool {
    titles.iter().enumerate().any(|(at, title)| titles[..at].contains(title))
}

fn lines(titles: &[String]) -> String {
    let lines: Vec<String> =
        titles.iter().enumerate().map(|(at, title)| format!("{}. {title}", at + 1)).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(titles: &[&str]) -> Choices {
        let titles: Vec<String> = titles.iter().map(|&title| title.to_owned()).collect();
        Choices::of(&titles)
    }

    fn below(titles: &[&str], body: &str, language: Option<Language>) -> OutboundContent {
        match offered(titles) {
            Choices::Offered(offered) => offered.below(body.to_owned(), language),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn up_to_three_short_choices_are_buttons_with_ids_that_tell_them() {
        let OutboundContent::Buttons { buttons, .. } = below(&["Sim", " **Não** "], "Confirma?", None)
        else {
            panic!("no buttons")
        };
        assert_eq!(buttons[0].id, "choice:1:Sim");
        assert_eq!((buttons[1].id.as_str(), buttons[1].title.as_str()), ("choice:2:Não", "Não"));
    }

    #[test]
    fn what_is_too_much_for_buttons_is_a_list() {
        let four = below(&["A", "B", "C", "D"], "Qual?", Some(Language::Spanish));
        assert!(matches!(four, OutboundContent::List { ref button, .. } if button == "Ver opciones"));
        // 20 and 21 units: an emoji has two.
        assert!(matches!(below(&["Falar com atendente1"], "x", None), OutboundContent::Buttons { .. }));
        assert!(matches!(below(&["Falar com atendente😀"], "x", None), OutboundContent::List { .. }));
        assert!(matches!(below(&["Sim"], &"x".repeat(1_024), None), OutboundContent::Buttons { .. }));
        assert!(matches!(below(&["Sim"], &"x".repeat(1_025), None), OutboundContent::List { .. }));
    }

    #[test]
    fn what_fits_neither_is_lines_of_text() {
        let long = "uma opção que não cabe em lista";
        assert_eq!(offered(&["Sim", long]), Choices::Lines(format!("1. Sim\n2. {long}")));
        assert_eq!(offered(&["Sim", "Sim"]), Choices::Lines("1. Sim\n2. Sim".to_owned()));
        let eleven: Vec<String> = (1..=11).map(|n| n.to_string()).collect();
        assert!(matches!(Choices::of(&eleven), Choices::Lines(_)));
    }

    #[test]
    fn empty_titles_are_no_choices() {
        assert_eq!(offered(&[]), Choices::None);
        assert_eq!(offered(&["", "  "]), Choices::None);
    }

    #[test]
    fn labels_and_ids_keep_to_metas_limits() {
        for language in Language::ALL {
            assert!(units(see_options(Some(language))) <= 20);
        }
        let OutboundContent::List { rows, .. } = below(&["é".repeat(24).as_str()], "x", None) else {
            panic!("no list")
        };
        assert!(rows[0].id.chars().count() <= 200);
    }
}
