//! Brakes against loops: another machine that answers us, or somebody's finger on one key.
//!
//! A reply to a machine's reply costs money each time and annoys whoever reads it. What looks like a loop pauses the
//! assistant in the conversation and is shown to an operator; nothing of the customer's is lost.

use pytake_understanding::fold::fold;

/// Equal texts within the time that [`Claim::recent_texts`](pytake_store::Claim) covers (2 minutes) that make a loop:
/// the first two are answered (specification, section 8.8).
const EQUAL_TEXTS: usize = 3;

/// From this share of common trigrams two texts are nearly equal (Dice's coefficient). A choice: one letter changed in
/// a sentence of 60 stays above it, another sentence of the same words does not.
const NEARLY: f64 = 0.9;

/// Characters of a text that are compared: what repeats does so from its beginning.
const COMPARED_CHARS: usize = 600;

/// Short answers that a person may well give three times in two minutes.
const ANSWERS: [&str; 12] =
    ["s", "n", "sim", "nao", "ok", "si", "no", "yes", "isso", "certo", "claro", "obrigado"];

/// Which brake stepped in. The name is a label of the metric and the reason an operator sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brake {
    /// Too many messages of the assistant in 10 minutes.
    TooManyIn10Minutes,
    /// Too many messages of the assistant in 24 hours.
    TooManyToday,
    /// The customer's texts repeat.
    SameText,
    /// The text says that a machine wrote it.
    AutoReply,
}

impl Brake {
    /// The name in metrics and events.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::TooManyIn10Minutes => "too_many_in_10_min",
            Self::TooManyToday => "too_many_today",
            Self::SameText => "same_text",
            Self::AutoReply => "auto_reply",
        }
    }
}

/// True where one of the waiting texts has been there [`EQUAL_TEXTS`] times, this one included.
///
/// `recent` holds the texts that wait as well. Those are counted once: what was typed thrice before the assistant
/// said anything gets one reply, so no loop goes round.
pub(crate) fn repeats(waiting: &[&str], recent: &[String]) -> bool {
    let mut earlier: Vec<&String> = recent.iter().collect();
    for text in waiting {
        if let Some(at) = earlier.iter().rposition(|other| other == text) {
            earlier.remove(at);
        }
    }
    if earlier.len() + 1 < EQUAL_TEXTS {
        return false;
    }
    let earlier: Vec<Comparable> = earlier.into_iter().map(|text| Comparable::of(text)).collect();
    waiting
        .iter()
        .map(|text| Comparable::of(text))
        .filter(|text| !text.is_answer())
        .any(|text| earlier.iter().filter(|other| text.is_nearly(other)).count() + 1 >= EQUAL_TEXTS)
}

/// A text as it is compared.
struct Comparable {
    folded: String,
    digits: String,
    trigrams: Vec<[char; 3]>,
}

impl Comparable {
    fn of(text: &str) -> Self {
        let start: String = text.chars().take(COMPARED_CHARS).collect();
        let folded = fold(&start).split_whitespace().collect::<Vec<_>>().join(" ");
        let letters: Vec<char> = folded.chars().collect();
        let mut trigrams: Vec<[char; 3]> =
            letters.windows(3).map(|three| [three[0], three[1], three[2]]).collect();
        trigrams.sort_unstable();
        let digits = folded.chars().filter(char::is_ascii_digit).collect();
        Self { folded, digits, trigrams }
    }

    /// A yes, a no or a number of a menu.
    fn is_answer(&self) -> bool {
        let bare = self.folded.trim_matches(|c: char| !c.is_alphanumeric());
        let is_menu_number = bare.len() <= 2 && bare.bytes().all(|b| b.is_ascii_digit());
        is_menu_number || ANSWERS.contains(&bare)
    }

    /// Two order numbers are two messages, however alike the words around them are.
    fn is_nearly(&self, other: &Self) -> bool {
        self.folded == other.folded || (self.digits == other.digits && self.likeness(other) >= NEARLY)
    }

    /// Dice's coefficient over trigrams, both sorted.
    fn likeness(&self, other: &Self) -> f64 {
        let (mut at, mut common) = (0, 0_usize);
        for trigram in &self.trigrams {
            while other.trigrams.get(at).is_some_and(|theirs| theirs < trigram) {
                at += 1;
            }
            if other.trigrams.get(at) == Some(trigram) {
                common += 1;
                at += 1;
            }
        }
        let all = self.trigrams.len() + other.trigrams.len();
        if all == 0 { 0.0 } else { 2.0 * common as f64 / all as f64 }
    }
}

/// Phrases in which a text calls itself automatic: one is enough. Folded.
const SAYS_SO: [&str; 17] = [
    "esta e uma mensagem automatica",
    "essa e uma mensagem automatica",
    "isto e uma mensagem automatica",
    "esta e uma resposta automatica",
    "essa e uma resposta automatica",
    "mensagem automatica:",
    "resposta automatica:",
    "nao responda esta mensagem",
    "este es un mensaje automatico",
    "esta es una respuesta automatica",
    "respuesta automatica:",
    "mensaje automatico:",
    "no responda a este mensaje",
    "this is an automated message",
    "this is an automatic reply",
    "auto-reply:",
    "automatic reply:",
];

/// Phrases of away messages and greetings of businesses (those that the WhatsApp Business app proposes, and usual
/// ones of mail programs). A person may write one of them: two together make an auto-reply. Folded.
const COURTESIES: [&str; 42] = [
    "agradecemos sua mensagem",
    "agradecemos a sua mensagem",
    "agradecemos seu contato",
    "agradecemos o seu contato",
    "obrigado por entrar em contato",
    "obrigada por entrar em contato",
    "obrigado pelo contato",
    "nao estamos disponiveis no momento",
    "no momento nao estamos disponiveis",
    "no momento, nao estamos disponiveis",
    "nao estou disponivel no momento",
    "no momento nao estou disponivel",
    "no momento nao posso",
    "respondo assim que possivel",
    "responderei assim que possivel",
    "responderemos assim que possivel",
    "retornaremos assim que possivel",
    "retornarei assim que possivel",
    "retornaremos o seu contato",
    "em breve retornaremos",
    "fora do escritorio",
    "estou de ferias",
    "nosso horario de atendimento",
    "gracias por tu mensaje",
    "gracias por comunicarte con",
    "gracias por contactarnos",
    "no estamos disponibles en este momento",
    "no estoy disponible en este momento",
    "en este momento no estamos disponibles",
    "te responderemos lo antes posible",
    "responderemos lo antes posible",
    "respondere lo antes posible",
    "fuera de la oficina",
    "nuestro horario de atencion",
    "thanks for your message",
    "thank you for your message",
    "thank you for contacting",
    "thanks for contacting",
    "unavailable right now",
    "respond as soon as possible",
    "get back to you as soon as possible",
    "out of the office",
];

/// Bytes of a text that are searched: an auto-reply says so at its beginning.
const SEARCHED_CHARS: usize = 1_000;

/// True for a text that a machine sends by itself.
pub(crate) fn is_auto_reply(text: &str) -> bool {
    let start: String = text.chars().take(SEARCHED_CHARS).collect();
    let folded = fold(&start);
    if SAYS_SO.iter().any(|phrase| folded.contains(phrase)) {
        return true;
    }
    // Mail programs put it in front; inside a sentence a person may talk about it.
    let beginning = folded.trim_start();
    if ["out of office", "auto-reply", "autoreply", "automatic reply"]
        .iter()
        .any(|p| beginning.starts_with(p))
    {
        return true;
    }
    COURTESIES.iter().filter(|phrase| folded.contains(*phrase)).count() >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repeated(waiting: &[&str], recent: &[&str]) -> bool {
        let recent: Vec<String> = recent.iter().map(|text| (*text).to_owned()).collect();
        repeats(waiting, &recent)
    }

    #[test]
    fn the_third_equal_text_is_a_loop_and_the_second_is_not() {
        assert!(!repeated(&["Olá!"], &["Olá!"]));
        assert!(!repeated(&["Olá!"], &["Olá!", "Olá!"]));
        assert!(repeated(&["Olá!"], &["Olá!", "olá!", "Olá!"]));
        assert!(repeated(&["Ola!"], &["OLÁ!", "  olá!", "Ola!"]), "case, accents and spaces do not matter");
    }

    #[test]
    fn a_letter_changed_in_a_sentence_is_nearly_equal() {
        let text = "Recebemos a sua mensagem e vamos tratar dela durante a próxima manhã útil";
        let other = "Recebemos a sua mensagem e vamos tratar dela durante a próxima manha util.";
        assert!(repeated(&[text], &[other, text, text]));
        let different = "Recebemos o seu pedido e vamos enviar a nota durante a próxima semana útil";
        assert!(!repeated(&[text], &[different, different, text]));
    }

    #[test]
    fn other_numbers_make_another_text() {
        let orders = ["cadê o pedido 10230?", "cadê o pedido 10231?", "cadê o pedido 10232?"];
        assert!(!repeated(&[orders[2]], &orders));
    }

    #[test]
    fn one_burst_of_equal_texts_gets_one_reply() {
        assert!(!repeated(&["oi", "oi", "oi"], &["oi", "oi", "oi"]));
        assert!(repeated(&["oi", "oi"], &["oi", "oi", "oi", "oi"]), "two were answered before");
    }

    #[test]
    fn short_answers_may_be_given_again_and_again() {
        for answer in ["sim", "Não!", "1", "ok"] {
            assert!(!repeated(&[answer], &[answer; 6]), "{answer}");
        }
    }

    #[test]
    fn what_says_that_it_is_automatic_is() {
        let texts = [
            "Olá! Esta é uma mensagem automática.",
            "Agradecemos sua mensagem. Não estamos disponíveis no momento, mas responderemos assim que possível.",
            "Gracias por tu mensaje. No estamos disponibles en este momento, pero te responderemos lo antes posible.",
            "Thanks for your message! We're unavailable right now, but will respond as soon as possible.",
            "Auto-reply: I am away",
            "Out of office until Monday",
            "Obrigado por entrar em contato! Nosso horário de atendimento é das 9h às 18h.",
            "Estou fora do escritório, respondo assim que possível.",
        ];
        for text in texts {
            assert!(is_auto_reply(text), "{text}");
        }
    }

    #[test]
    fn what_people_write_is_not() {
        let texts = [
            "recebi uma mensagem automática de vocês, o que é?",
            "Estou fora do escritório, podem entregar na portaria?",
            "qual o horário de atendimento?",
            "me respondam assim que possível por favor",
            "obrigado pelo contato, vou pensar",
            "gracias por tu mensaje, ya lo vi",
            "is your office out of stock?",
            "estou de férias na praia, entregam aqui?",
        ];
        for text in texts {
            assert!(!is_auto_reply(text), "{text}");
        }
    }

    #[test]
    fn texts_of_any_size_are_compared_in_bounded_time() {
        let huge = "mensagem ".repeat(200_000);
        assert!(repeated(&[&huge], &[&huge, &huge, &huge]));
        assert!(!is_auto_reply(&huge));
    }
}
