//! Stop and start words: a message that is nothing but such a word.
//!
//! Compared without case, accents, punctuation and spaces around it; "pode parar de chover?" is not a stop word.

use pytake_assistant::channel::InboundContent;
use pytake_understanding::fold::words;

/// What stops automatic messages (WhatsApp opt-out words of the three languages, and their usual forms).
const STOP: [&str; 16] = [
    "parar",
    "pare",
    "sair",
    "descadastrar",
    "descadastre",
    "remover",
    "remova",
    "stop",
    "stop all",
    "unsubscribe",
    "baja",
    "darme de baja",
    "detener",
    "alto",
    "no molestar",
    "nao perturbe",
];

/// Stops only where nothing is going on: in a dialogue it is an order or a booking that is cancelled.
const CANCEL: [&str; 4] = ["cancelar", "cancela", "cancele", "cancel"];

/// What starts them again.
const START: [&str; 6] = ["start", "voltar", "alta", "iniciar", "comecar", "unstop"];

/// Longest text that can be such a word, in bytes: longer ones are not looked at.
const LONGEST: usize = 64;

/// What a word asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// No more automatic messages.
    Stop,
    /// Automatic messages again.
    Start,
}

/// What a message asks for, where it is nothing but such a word; of a button its payload counts as well.
///
/// `is_in_dialogue`: there was a message in the last 24 hours, so that a bare "cancelar" is about what was talked of.
pub(crate) fn wish(content: &InboundContent, is_in_dialogue: bool) -> Option<Wish> {
    let by_payload = match content {
        InboundContent::Choice { id, .. } => wish_of(id, is_in_dialogue),
        _ => None,
    };
    let by_text = match content {
        InboundContent::Text { text } | InboundContent::Choice { title: text, .. } => {
            wish_of(text, is_in_dialogue)
        }
        // A caption, a form or an order says more than the word.
        _ => None,
    };
    by_payload.or(by_text)
}

fn wish_of(text: &str, is_in_dialogue: bool) -> Option<Wish> {
    if text.len() > LONGEST {
        return None;
    }
    // Signs fall away with the split, accents and case with the folding.
    let folded: Vec<String> = words(text).iter().map(|word| word.text.to_owned()).collect();
    let folded = folded.join(" ");
    let is_one_of = |list: &[&str]| list.contains(&folded.as_str());
    if is_one_of(&STOP) || (is_one_of(&CANCEL) && !is_in_dialogue) {
        return Some(Wish::Stop);
    }
    is_one_of(&START).then_some(Wish::Start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<Wish> {
        wish(&InboundContent::Text { text: text.to_owned() }, false)
    }

    #[test]
    fn a_message_that_is_only_a_stop_word_opts_out() {
        let words = [
            "PARAR",
            "pare",
            "Sair.",
            " sair ",
            "Cancelar",
            "DESCADASTRAR",
            "remover!",
            "STOP",
            "stop!!!",
            "Unsubscribe",
            "BAJA",
            "Detener",
            "alto",
            "NO MOLESTAR",
            "\"parar\"",
            "Não perturbe",
            "párar",
        ];
        for word in words {
            assert_eq!(of(word), Some(Wish::Stop), "{word}");
        }
    }

    #[test]
    fn a_sentence_with_such_a_word_does_not() {
        let sentences = [
            "pode parar de chover?",
            "quero cancelar meu pedido",
            "não quero sair de casa, vocês entregam?",
            "Rua Alto da Serra",
            "stop motion",
            "vocês não param",
            "baja el precio",
            "12345",
            "",
            "!!!",
        ];
        for sentence in sentences {
            assert_eq!(of(sentence), None, "{sentence}");
        }
    }

    #[test]
    fn cancel_in_a_dialogue_is_about_the_dialogue() {
        let content = InboundContent::Text { text: "cancelar".to_owned() };
        assert_eq!(wish(&content, true), None);
        assert_eq!(wish(&content, false), Some(Wish::Stop));
        let stop = InboundContent::Text { text: "parar".to_owned() };
        assert_eq!(wish(&stop, true), Some(Wish::Stop), "other words are clear at any time");
    }

    #[test]
    fn a_pressed_button_counts_by_payload_or_title() {
        let pressed = |id: &str, title: &str| {
            wish(&InboundContent::Choice { id: id.to_owned(), title: title.to_owned() }, false)
        };
        assert_eq!(pressed("STOP", "Não quero mais"), Some(Wish::Stop));
        assert_eq!(pressed("choice-2", "Parar"), Some(Wish::Stop));
        assert_eq!(pressed("choice-1", "Quero continuar"), None);
    }

    #[test]
    fn start_words_opt_in() {
        for word in ["START", "Voltar", "alta", "Começar", "iniciar"] {
            assert_eq!(of(word), Some(Wish::Start), "{word}");
        }
    }

    #[test]
    fn a_text_of_any_size_is_read_in_bounded_time() {
        assert_eq!(of(&"parar ".repeat(100_000)), None);
    }
}
