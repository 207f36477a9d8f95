//! Which language a message is written in: Portuguese, Spanish, English or none of them.
//!
//! A linear model over hashed pieces of words (`language/grams.rs`, `language/model.rs`) with twelve
//! classes, nine of which count as "another language". What the conversation and the contact's number
//! say comes in as a prior (`language/prior.rs`). [`detect`] and [`detect_with_prior`] are the seam:
//! callers know nothing of the model behind it.

pub mod grams;
pub mod model;
mod prior;

use serde::{Deserialize, Serialize};

use model::{CLASSES, Evidence, OURS, SHIPPED, shares};

pub use prior::{Prior, calling_code};

/// A language the assistant speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Language {
    /// Portuguese, of Brazil unless something says otherwise.
    #[serde(rename = "pt")]
    Portuguese,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// English.
    #[serde(rename = "en")]
    English,
}

impl Language {
    /// Every language, in the order of the product's texts.
    pub const ALL: [Self; 3] = [Self::Portuguese, Self::Spanish, Self::English];

    /// The place in [`Language::ALL`].
    const fn index(self) -> usize {
        match self {
            Self::Portuguese => 0,
            Self::Spanish => 1,
            Self::English => 2,
        }
    }

    /// The two-letter code of ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Portuguese => "pt",
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    /// The name in English.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Portuguese => "Portuguese",
            Self::Spanish => "Spanish",
            Self::English => "English",
        }
    }

    /// Reads a BCP 47 tag such as `pt-BR`, `es_419` or `EN`; regions are ignored.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
    }
}

impl From<Language> for pytake_entities::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Portuguese => Self::Portuguese,
            Language::Spanish => Self::Spanish,
            Language::English => Self::English,
        }
    }
}

/// What [`detect`] thinks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LanguageGuess {
    /// The language; `None` for another language, and where the text says nothing (numbers, emoji).
    pub language: Option<Language>,
    /// From 0 to 1: how often such a guess is right. For `None` how sure it is that the text is
    /// in another language, 0 where the text says nothing.
    pub confidence: f32,
    /// The other languages with their probability, the likeliest first; empty where the text says
    /// nothing.
    pub alternatives: Vec<(Language, f32)>,
}

/// Guesses the language of a message.
///
/// ```
/// use pytake_understanding::language::{detect, Language};
/// assert_eq!(detect("cadê meu pedido?").language, Some(Language::Portuguese));
/// assert_eq!(detect("12345 👍").language, None);
/// ```
pub fn detect(text: &str) -> LanguageGuess {
    detect_with_prior(text, &Prior::default())
}

/// Guesses the language of a message, knowing what came before it and where it comes from.
///
/// Where the text says nothing ("ok", a number), the prior alone decides.
///
/// ```
/// use pytake_understanding::language::{detect_with_prior, Language, Prior};
/// let prior = Prior { earlier: &[Language::Spanish], calling_code: Some(55) };
/// assert_eq!(detect_with_prior("ok", &prior).language, Some(Language::Spanish));
/// assert_eq!(detect_with_prior("where is my order?", &prior).language, Some(Language::English));
/// ```
pub fn detect_with_prior(text: &str, prior: &Prior<'_>) -> LanguageGuess {
    let Evidence { mut scores, amount } = SHIPPED.read(text);
    if amount.foreign_letters > amount.letters {
        // A letter of another script may be a face or a symbol; a word is a language.
        let share = amount.foreign_letters as f32 / (amount.foreign_letters + amount.letters) as f32;
        let confidence = if amount.foreign_letters >= 2 { share * SURE } else { 0.0 };
        return LanguageGuess { confidence, ..LanguageGuess::default() };
    }
    let weights = prior.weights();
    if amount.letters < LEAST_LETTERS {
        if weights.iter().all(|weight| *weight == 0.0) {
            return LanguageGuess::default();
        }
        scores = [0.0; CLASSES];
    }
    scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += weight);
    guess(shares(scores))
}

/// A single letter is a size, a list or a slip.
const LEAST_LETTERS: usize = 2;

/// As sure as a guess can be.
const SURE: f32 = 0.99;

/// Turns probabilities into a guess.
fn guess(shares: [f32; CLASSES]) -> LanguageGuess {
    let other: f32 = shares[OURS..].iter().sum();
    let mut ranked: Vec<(Language, f32)> = Language::ALL.into_iter().zip(shares).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (best, share) = ranked[0];
    if other >= share {
        return LanguageGuess { language: None, confidence: other.min(1.0), alternatives: ranked };
    }
    ranked.remove(0);
    LanguageGuess { language: Some(best), confidence: share, alternatives: ranked }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        detect(text).language.map_or("-", Language::code)
    }

    #[test]
    fn customers_are_understood_as_they_type() {
        for text in [
            "oi, cadê meu pedido?",
            "vc pode me ajudar",
            "qto custa o frete pra sp",
            "blz obg",
            "bom dia",
            "nao chegou ainda",
            "quero trocar o tamanho",
            "tb quero",
            "pq nao veio",
            "Obrigada!",
            "boa noite",
            "meu cartao foi recusado",
            "vlw",
            "quero falar com um atendente",
            "voces abrem sabado?",
            "oi tudo bem",
        ] {
            assert_eq!(code(text), "pt", "{text}");
        }
        for text in [
            "hola, dónde está mi pedido?",
            "xq no llega",
            "cuanto cuesta el envio",
            "buenas tardes",
            "gracias",
            "quiero hablar con una persona",
            "me cobraron dos veces",
            "no funciona",
            "tienen talla m?",
            "necesito factura",
            "buenos dias",
            "a que hora abren",
            "porfa ayuda",
        ] {
            assert_eq!(code(text), "es", "{text}");
        }
        for text in [
            "where is my order?",
            "thx",
            "pls help",
            "do you ship to canada",
            "how much is it",
            "good morning",
            "my package never arrived",
            "i want a refund",
            "are you open on sunday",
            "it's broken",
            "thank you",
        ] {
            assert_eq!(code(text), "en", "{text}");
        }
    }

    #[test]
    fn a_text_that_says_nothing_has_no_language() {
        for text in
            ["", "  ", "12345", "👍👍", "ok", "OK!", "#123-AB", "kkkkk", "hahaha", "https://x.com/a", "x"]
        {
            let guess = detect(text);
            assert_eq!((guess.language, guess.confidence), (None, 0.0), "{text}");
        }
    }

    #[test]
    fn other_languages_are_none_of_ours() {
        for text in [
            "Где мой заказ?",
            "我的订单在哪里",
            "أين طلبي",
            "Bonjour, où est ma commande ?",
            "Wo ist meine Bestellung? Ich warte seit drei Wochen",
            "dove è il mio ordine? non è ancora arrivato",
        ] {
            let guess = detect(text);
            assert!(guess.language.is_none() && guess.confidence > 0.5, "{text}: {guess:?}");
        }
    }

    #[test]
    fn codes_are_read_with_and_without_regions() {
        assert_eq!(Language::from_code("pt-BR"), Some(Language::Portuguese));
        assert_eq!(Language::from_code("ES_419"), Some(Language::Spanish));
        assert_eq!(Language::from_code("eng"), None);
        assert_eq!(serde_json::to_string(&Language::English).unwrap(), "\"en\"");
    }
}
