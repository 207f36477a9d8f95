//! What a message signals to the turn besides its topic: a wish for a person, anger, legal threats.
//!
//! Written as word patterns in `data/signals.rules`, in three languages. All three are conservative:
//! a hand-over that nobody asked for costs a person's time, and a missed one is caught by the model.

use std::sync::LazyLock;

use crate::phrases::RuleBook;

static BOOK: LazyLock<RuleBook> = LazyLock::new(|| RuleBook::parse(&[include_str!("../data/signals.rules")]));

/// True when the customer asks for a human being to answer.
///
/// ```
/// use pytake_understanding::signals::asks_for_person;
/// assert!(asks_for_person("quero falar com um atendente"));
/// assert!(!asks_for_person("vou falar com meu marido"));
/// ```
pub fn asks_for_person(text: &str) -> bool {
    is_bare_request(text) || BOOK.any_in(text, "person")
}

/// True when the customer threatens with court, a lawyer, or a consumer authority.
pub fn mentions_legal_threat(text: &str) -> bool {
    BOOK.any_in(text, "legal")
}

/// True when the customer is beyond displeased: a legal threat, or two signs among abuse, words of
/// outrage, shouting in capitals and rows of exclamation marks.
pub fn is_angry(text: &str) -> bool {
    if mentions_legal_threat(text) {
        return true;
    }
    let signs =
        BOOK.count_in(text, "insult") + usize::from(is_shouted(text)) + usize::from(text.contains("!!!"));
    signs >= 2
}

/// A message that is nothing but the word: "atendente", "agente!", "human".
fn is_bare_request(text: &str) -> bool {
    const REQUESTS: [&str; 16] = [
        "atendente",
        "humano",
        "humana",
        "atendimento",
        "pessoa",
        "agente",
        "asesor",
        "operador",
        "persona",
        "agent",
        "human",
        "representative",
        "operator",
        "person",
        "supervisor",
        "gerente",
    ];
    // Longer than any of these words with a greeting's worth of signs around it.
    if text.len() > 40 {
        return false;
    }
    let words = crate::fold::words(text);
    words.len() == 1 && words.iter().any(|word| REQUESTS.contains(&word.text))
}

/// Mostly capitals, in at least three words: an order code or a single "OK" is no shouting.
fn is_shouted(text: &str) -> bool {
    let (mut upper, mut lower) = (0_u32, 0_u32);
    for c in text.chars() {
        upper += u32::from(c.is_uppercase());
        lower += u32::from(c.is_lowercase());
    }
    let words = text
        .split_whitespace()
        .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() >= 2)
        .count();
    // Twelve letters: three short words.
    upper >= 12 && upper >= 4 * lower && words >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_for_a_person_is_heard_in_three_languages() {
        for text in [
            "quero falar com um atendente",
            "Quero falar com uma pessoa",
            "me passa para um humano",
            "atendente",
            "Preciso de um atendente humano",
            "tem alguém aí?",
            "falar com humano",
            "atendente por favor",
            "quero ser atendido por uma pessoa de verdade",
            "não quero falar com robô",
            "me transfere pra um atendente",
            "posso falar com alguém?",
            "chama o gerente",
            "quero atendimento humano",
            "falar com a atendente pfv",
            "quiero hablar con una persona",
            "agente por favor",
            "me comunicas con un asesor?",
            "hablar con alguien",
            "necesito un agente",
            "pásame con un humano",
            "no quiero hablar con un robot",
            "¿hay alguien ahí?",
            "quiero hablar con un asesor",
            "comuníqueme con un supervisor",
            "con una persona real por favor",
            "talk to a human",
            "representative please",
            "I want to speak to a real person",
            "agent",
            "HUMAN!!",
            "can I talk to someone?",
            "connect me to an agent",
            "let me speak to a manager",
            "I need a human",
            "get me a representative",
            "I don't want to talk to a bot",
            "is there a real person there",
            "please transfer me to customer service agent",
        ] {
            assert!(asks_for_person(text), "{text}");
        }
    }

    #[test]
    fn talking_about_people_is_no_wish_for_one() {
        for text in [
            "vou falar com meu marido",
            "quantas pessoas cabem",
            "human hair wig",
            "mesa para 4 pessoas",
            "a pessoa que recebeu foi o porteiro",
            "vou conversar com minha esposa e volto",
            "peruca de cabelo humano",
            "uma pessoa me disse que vocês têm desconto",
            "meu gerente de banco aprovou",
            "hablo con mi esposo y te digo",
            "¿para cuántas personas es?",
            "una persona recibió el paquete",
            "agente de viajes",
            "soy agente inmobiliario",
            "I talked to my wife about it",
            "how many people fit",
            "table for two people",
            "a nice person helped me",
            "real estate agent",
            "cleaning agent for floors",
            "human resources email",
            "talk to you later",
            "vou falar com ela amanhã",
            "nobody received it",
            "alguém recebeu por mim",
            "someone else paid for it",
        ] {
            assert!(!asks_for_person(text), "{text}");
        }
    }

    #[test]
    fn legal_threats_are_noticed() {
        for text in [
            "vou processar vocês",
            "vou no Procon",
            "já abri reclamação no Reclame Aqui",
            "meu advogado vai entrar em contato",
            "vou entrar na justiça",
            "quero danos morais",
            "vou acionar o procon",
            "los voy a demandar",
            "hablaré con mi abogado",
            "voy a denunciar a la empresa en Profeco",
            "tomaré acciones legales",
            "I will sue you",
            "my lawyer will contact you",
            "I'm taking you to court",
            "legal action",
            "I'll report you to the BBB",
        ] {
            assert!(mentions_legal_threat(text), "{text}");
        }
    }

    #[test]
    fn ordinary_words_of_law_and_trade_are_no_threat() {
        for text in [
            "quando vocês vão processar meu pedido?",
            "o pagamento está em processamento",
            "processar o reembolso",
            "hay mucha demanda de este producto",
            "presente para advogado",
            "I want to pursue a refund",
            "is it legal to import this?",
            "tennis court shoes",
            "can you process my order",
            "Sue recommended you",
        ] {
            assert!(!mentions_legal_threat(text), "{text}");
        }
    }

    #[test]
    fn anger_needs_more_than_one_sign() {
        for text in [
            "VOCÊS SÃO UNS LADRÕES!!!",
            "isso é um absurdo, bando de incompetentes",
            "que merda de empresa, um lixo",
            "ISSO É UM ABSURDO, CADÊ MEU DINHEIRO",
            "son unos ladrones, qué vergüenza",
            "ESTOY HARTA DE ESPERAR",
            "you are thieves, this is unacceptable",
            "THIS IS RIDICULOUS I WANT MY MONEY",
            "vou processar vocês",
            "worst company ever, bunch of scammers",
        ] {
            assert!(is_angry(text), "{text}");
        }
        for text in [
            "que merda de entrega",
            "não gostei do produto",
            "meu pedido está atrasado de novo",
            "QUERO COMPRAR",
            "MEU PEDIDO É ABC1234",
            "I never received my order",
            "nunca chegou",
            "esto es horrible",
            "OI TUDO BEM COM VOCES",
            "amei!!! muito obrigada",
            "lixeira de 10 litros",
            "no estoy contenta con el servicio",
            "CADÊ MEU PEDIDO",
        ] {
            assert!(!is_angry(text), "{text}");
        }
    }
}
