//! A model's reply as messages of WhatsApp: its marks instead of Markdown, in as few messages as possible, with choices
//! as buttons, as a list, or as lines of text.

mod address;
mod blocks;
mod choices;
mod inline;
mod table;
mod tag;

use pytake_assistant::channel::OutboundContent;
use pytake_understanding::language::Language;

pub(crate) use blocks::to_whatsapp;

use crate::split::{split, split_with_tail};
use choices::Choices;

/// Writes a reply. Empty only for an empty text.
pub(crate) fn write(text: &str, choices: &[String], language: Option<Language>) -> Vec<OutboundContent> {
    let mut body = to_whatsapp(text);
    if body.is_empty() {
        // Nothing but marks, such as a line of dashes: shown as it is rather than not at all.
        text.trim().clone_into(&mut body);
    }
    if body.is_empty() {
        return Vec::new();
    }
    match Choices::of(choices) {
        Choices::None => split(&body).into_iter().map(plain).collect(),
        Choices::Lines(lines) => split_with_tail(&body, &lines).into_iter().map(plain).collect(),
        Choices::Offered(offered) => {
            let mut parts = split(&body);
            // The last part carries the choices, so that they stand below all that was said.
            let last = parts.pop().unwrap_or_default();
            let mut messages: Vec<OutboundContent> = parts.into_iter().map(plain).collect();
            messages.push(offered.below(last, language));
            messages
        }
    }
}

/// A text; the first link is shown with a picture, which is how customers tell a shop's page from any other.
fn plain(body: String) -> OutboundContent {
    let preview_url = body.contains("https://") || body.contains("http://");
    OutboundContent::Text { body, preview_url }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(titles: &[&str]) -> Vec<String> {
        titles.iter().map(|&title| title.to_owned()).collect()
    }

    #[test]
    fn an_empty_text_is_no_message() {
        for text in ["", "  \n\t "] {
            assert_eq!(write(text, &choices(&["Sim"]), None), Vec::new());
        }
    }

    #[test]
    fn a_text_of_nothing_but_marks_is_shown_as_it_is() {
        let expected = OutboundContent::Text { body: "---".to_owned(), preview_url: false };
        assert_eq!(write("---\n", &[], None), [expected]);
    }

    #[test]
    fn a_text_with_a_link_is_shown_with_its_picture() {
        let written = write("Veja [a loja](https://loja.example/x_y)", &[], None);
        let expected = OutboundContent::Text {
            body: "Veja a loja: https://loja.example/x_y".to_owned(),
            preview_url: true,
        };
        assert_eq!(written, [expected]);
    }

    #[test]
    fn choices_stand_below_the_last_part() {
        let text = "Uma frase curta.\n\n".repeat(400);
        let written = write(&text, &choices(&["Sim", "Não"]), Some(Language::Portuguese));
        assert_eq!(written.len(), 2);
        assert!(matches!(written[0], OutboundContent::Text { .. }));
        assert!(matches!(&written[1], OutboundContent::List { rows, .. } if rows.len() == 2));
        let written = write(&"Uma frase.\n".repeat(400), &choices(&["Sim", "Não"]), None);
        assert!(matches!(&written[1], OutboundContent::Buttons { buttons, .. } if buttons.len() == 2));
    }

    #[test]
    fn there_are_never_more_than_three_messages_and_choices_are_not_lost() {
        let text = "Uma frase bem comprida para encher a tela. ".repeat(1_000);
        let offered: Vec<String> = (1..=12).map(|n| format!("Opção {n}")).collect();
        let written = write(&text, &offered, None);
        assert_eq!(written.len(), 3);
        assert!(written[2].text().ends_with("11. Opção 11\n12. Opção 12"), "{}", written[2].text());
        assert!(written[2].text().contains("tela.…\n\n1. Opção 1\n"));
        assert!(written.iter().all(|message| message.text().encode_utf16().count() <= 4_096));
    }
}
