//! When two questions ask the same: what a likeness alone does not tell.
//!
//! Two questions about the same thing mean nearly the same to the encoder, also where one asks for Recife and one for
//! Natal, one says "com" and one "sem". So the words decide first: what is left after articles, courtesy and a few words
//! of pure grammar must be equal, in their order, and so must everything that has a value (numbers, dates, money, products,
//! places). Only then the meaning is compared. Strict on purpose: a miss costs a call, a wrong hit costs a customer.

use pytake_entities::Entity;

use super::Meaning;
use crate::fold;
use crate::language::Language;
use crate::message::Message;

/// From this cosine on, questions of equal words are taken for one. Figures in docs/cache.md, from `pytake-train cache`.
pub const SAME_FROM: f32 = 0.8;

/// Fewer words that count say too little: "oi", "ok?", "e o preço?".
const FEWEST_WORDS: usize = 2;
/// So few words say the same in any order ("aceitam pix", "pix aceitam"); of more, order may be the meaning ("de Recife para
/// Natal").
const FREE_ORDER: usize = 2;

/// A question, as others are compared with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The words that count and the values, folded, one below the other. Equal in questions that may ask the same.
    pub wording: String,
    /// What it means.
    pub meaning: Meaning,
}

impl Question {
    /// Reads a question in a language it is known to be in; `None` where it says too little.
    pub fn of(message: &Message<'_>, entities: &[Entity<'_>], language: Language) -> Option<Self> {
        let grammar = grammar(language);
        let folded = fold::words(message.text());
        let mut words: Vec<&str> = folded.iter().map(|word| grammar.canonical(word.text)).collect();
        for frame in FRAMES {
            remove(&mut words, frame);
        }
        words.retain(|word| !COURTESY.contains(word) && !grammar.empty.contains(word));
        for (asks, instead) in grammar.prices {
            replace(&mut words, asks, instead);
        }
        if words.len() < FEWEST_WORDS {
            return None;
        }
        if words.len() <= FREE_ORDER {
            words.sort_unstable();
        }
        let mut wording = words.join("\n");
        for entity in entities {
            wording.extend(["\n=", entity.kind.as_str(), " ", &entity.value]);
        }
        if message.text().contains('?') {
            wording.push_str("\n?");
        }
        Some(Self { wording, meaning: Meaning::of(message) })
    }
}

/// What says nothing in a language.
struct Grammar {
    /// Articles, and words that a chat leaves out as often as not.
    empty: &'static [&'static str],
    /// Contractions and chat spellings, with the word they stand for.
    spellings: &'static [(&'static str, &'static str)],
    /// Ways to ask for a price, after the empty words are gone, and the one that stands for all.
    prices: &'static [(&'static [&'static str], &'static str)],
}

impl Grammar {
    fn canonical<'a>(&self, word: &'a str) -> &'a str {
        self.spellings.iter().find(|(spelling, _)| *spelling == word).map_or(word, |(_, word)| word)
    }
}

fn grammar(language: Language) -> &'static Grammar {
    match language {
        Language::Portuguese => &PORTUGUESE,
        Language::Spanish => &SPANISH,
        Language::English => &ENGLISH,
    }
}

static PORTUGUESE: Grammar = Grammar {
    empty: &[
        "o", "a", "os", "as", "um", "uma", "ao", "aos", "de", "em", "e", "eu", "voce", "voces", "ser", "sao",
        "esta", "estao", "tem", "ha", "que", "ai", "entao", "bem",
    ],
    spellings: &[
        ("da", "de"),
        ("do", "de"),
        ("das", "de"),
        ("dos", "de"),
        ("na", "em"),
        ("no", "em"),
        ("nas", "em"),
        ("nos", "em"),
        ("num", "em"),
        ("numa", "em"),
        ("pra", "para"),
        ("pro", "para"),
        ("pras", "para"),
        ("pros", "para"),
        ("vc", "voce"),
        ("vcs", "voces"),
        ("eh", "e"),
        ("ta", "esta"),
        ("tao", "estao"),
        ("q", "que"),
        ("pq", "porque"),
        ("qto", "quanto"),
        ("qnto", "quanto"),
        ("qnt", "quanto"),
        ("tb", "tambem"),
        ("tbm", "tambem"),
    ],
    prices: &[
        (&["quanto", "custa"], "quanto"),
        (&["quanto", "custam"], "quanto"),
        (&["quanto", "fica"], "quanto"),
        (&["quanto", "sai"], "quanto"),
        (&["qual", "valor"], "quanto"),
        (&["qual", "preco"], "quanto"),
    ],
};

static SPANISH: Grammar = Grammar {
    empty: &[
        "el", "la", "los", "las", "un", "una", "de", "del", "en", "a", "al", "y", "yo", "usted", "ustedes",
        "es", "son", "esta", "estan", "hay", "tiene", "tienen", "que",
    ],
    spellings: &[("q", "que"), ("pa", "para"), ("xq", "porque"), ("tb", "tambien"), ("tmb", "tambien")],
    prices: &[
        (&["cuanto", "cuesta"], "cuanto"),
        (&["cuanto", "cuestan"], "cuanto"),
        (&["cuanto", "vale"], "cuanto"),
        (&["cuanto", "sale"], "cuanto"),
        (&["cual", "precio"], "cuanto"),
        (&["cual", "valor"], "cuanto"),
    ],
};

static ENGLISH: Grammar = Grammar {
    empty: &["the", "a", "an", "of", "in", "at", "is", "are", "am", "be", "do", "does", "it", "there"],
    spellings: &[("u", "you"), ("ur", "your"), ("r", "are")],
    prices: &[(&["what", "price"], "how much"), (&["how", "much"], "how much")],
};

/// Words of courtesy, in all languages.
const COURTESY: &[&str] = &[
    "oi", "ola", "hola", "hi", "hello", "hey", "favor", "please", "pls", "plz", "porfavor", "porfa",
    "obrigado", "obrigada", "gracias", "thanks",
];

/// What people say before a question, the longer first; folded, as words.
const FRAMES: &[&[&str]] = &[
    &["eu", "gostaria", "de", "saber"],
    &["gostaria", "de", "saber"],
    &["eu", "queria", "saber"],
    &["queria", "saber"],
    &["eu", "quero", "saber"],
    &["quero", "saber"],
    &["preciso", "saber"],
    &["voce", "pode", "me", "dizer"],
    &["voces", "podem", "me", "dizer"],
    &["pode", "me", "dizer"],
    &["podem", "me", "dizer"],
    &["poderia", "me", "dizer"],
    &["poderiam", "me", "dizer"],
    &["pode", "me", "informar"],
    &["poderia", "me", "informar"],
    &["sabe", "me", "dizer"],
    &["sabem", "me", "dizer"],
    &["me", "diz"],
    &["me", "diga"],
    &["me", "informa"],
    &["me", "informe"],
    &["por", "favor"],
    &["por", "gentileza"],
    &["bom", "dia"],
    &["boa", "tarde"],
    &["boa", "noite"],
    &["tudo", "bem"],
    &["tudo", "bom"],
    &["me", "puede", "decir"],
    &["me", "puedes", "decir"],
    &["me", "pueden", "decir"],
    &["podria", "decirme"],
    &["puede", "decirme"],
    &["puedes", "decirme"],
    &["pueden", "decirme"],
    &["quisiera", "saber"],
    &["me", "gustaria", "saber"],
    &["quiero", "saber"],
    &["buenos", "dias"],
    &["buen", "dia"],
    &["buenas", "tardes"],
    &["buenas", "noches"],
    &["can", "you", "please", "tell", "me"],
    &["could", "you", "please", "tell", "me"],
    &["can", "you", "tell", "me"],
    &["could", "you", "tell", "me"],
    &["i", "would", "like", "to", "know"],
    &["i", "d", "like", "to", "know"],
    &["id", "like", "to", "know"],
    &["i", "want", "to", "know"],
    &["i", "need", "to", "know"],
    &["do", "you", "know"],
    &["please", "tell", "me"],
    &["tell", "me"],
    &["good", "morning"],
    &["good", "afternoon"],
    &["good", "evening"],
];

fn place_of(words: &[&str], phrase: &[&str]) -> Option<usize> {
    words.windows(phrase.len()).position(|window| window == phrase)
}

fn remove(words: &mut Vec<&str>, phrase: &[&str]) {
    while let Some(at) = place_of(words, phrase) {
        words.drain(at..at + phrase.len());
    }
}

fn replace(words: &mut Vec<&str>, phrase: &[&str], instead: &'static str) {
    if let Some(at) = place_of(words, phrase) {
        words.splice(at..at + phrase.len(), [instead]);
    }
}

#[cfg(test)]
mod tests {
    use pytake_entities::{Context, find};

    use super::*;

    fn wording(text: &str, language: Language) -> Option<String> {
        let entities = find(text, &Context::default());
        Question::of(&Message::new(text), &entities, language).map(|question| question.wording)
    }

    #[test]
    fn courtesy_articles_and_spelling_do_not_count() {
        for (left, right, language) in [
            (
                "Qual o horário de funcionamento?",
                "oi, qual é o horario de funcionamento por favor?",
                Language::Portuguese,
            ),
            (
                "Quanto custa o frete?",
                "bom dia! gostaria de saber qual o valor do frete?",
                Language::Portuguese,
            ),
            ("vcs aceitam pix?", "Aceitam pix?", Language::Portuguese),
            ("pix vcs aceitam?", "vocês aceitam PIX?", Language::Portuguese),
            (
                "¿Cuánto cuesta el envío?",
                "hola, quisiera saber cual es el precio del envio?",
                Language::Spanish,
            ),
            (
                "What is the price of shipping?",
                "hi, can you tell me how much is shipping?",
                Language::English,
            ),
        ] {
            let (left_words, right_words) = (wording(left, language), wording(right, language));
            assert!(
                left_words.is_some() && left_words == right_words,
                "{left}: {left_words:?}\n{right}: {right_words:?}"
            );
        }
    }

    #[test]
    fn what_changes_the_question_counts() {
        for (left, right) in [
            ("Vocês entregam em Recife?", "Vocês entregam em Natal?"),
            ("Posso trocar o produto?", "Não posso trocar o produto?"),
            ("Entregam de Recife para Natal?", "Entregam de Natal para Recife?"),
            ("Tem bolo com glúten?", "Tem bolo sem glúten?"),
            ("Quanto custa 2 camisetas?", "Quanto custa 3 camisetas?"),
            ("Quando vocês abrem?", "Onde vocês abrem?"),
            ("Entregam domingo cedo?", "Entregam sábado cedo?"),
            ("frete de Recife?", "frete para Recife?"),
            ("Aceita pix ou cartão?", "Aceita pix e cartão?"),
            ("O frete grátis acabou.", "O frete grátis acabou?"),
            ("Qual o prazo antes do pagamento?", "Qual o prazo depois do pagamento?"),
        ] {
            let of = |text| wording(text, Language::Portuguese);
            assert!(of(left).is_some() && of(left) != of(right), "{left} | {right}: {:?}", of(left));
        }
    }

    #[test]
    fn what_says_too_little_is_no_question() {
        for text in ["oi", "bom dia, tudo bem?", "ok", "?", "", "e o frete?"] {
            assert_eq!(wording(text, Language::Portuguese), None, "{text}");
        }
    }
}
