//! Which language a message is written in: Portuguese, Spanish, English or none of them.
//!
//! A naive Bayes model over words with four classes, the fourth being "another language". Known
//! words come from hand-written frequency lists (`language/words.rs`), unknown ones are judged by
//! their letters and endings (`language/letters.rs`). [`detect`] is the seam: callers know nothing
//! of the model behind it.

mod letters;
mod words;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

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

    /// The two-letter code of ISO 639-1.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Portuguese => "pt",
            Self::Spanish => "es",
            Self::English => "en",
        }
    }

    /// Reads a BCP 47 tag such as `pt-BR`, `es_419` or `EN`; regions are ignored.
    pub fn from_code(code: &str) -> Option<Self> {
        let primary = code.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| primary.eq_ignore_ascii_case(language.code()))
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

/// Portuguese, Spanish, English, other.
type Scores = [f32; 4];
const OTHER: usize = 3;

/// What one message is written in before anything was read. The product serves three languages;
/// its markets make others rare.
const PRIOR: Scores = [0.32, 0.30, 0.30, 0.08];

/// Words beyond this many add nothing: the sum is clear long before.
const MAX_WORDS: usize = 60;

/// Below this probability the answer is "unknown". Calibrated on the Lingua development data.
const LEAST_CONFIDENCE: f32 = 0.45;

/// Evidence of words adds up as if every one were independent; this divides the sum. Calibrated so
/// that on the Lingua development data the mean confidence equals the share of right answers.
const TEMPERATURE: f32 = 1.25;

/// Guesses the language of a message.
///
/// ```
/// use pytake_understanding::language::{detect, Language};
/// assert_eq!(detect("cadê meu pedido?").language, Some(Language::Portuguese));
/// assert_eq!(detect("12345 👍").language, None);
/// ```
pub fn detect(text: &str) -> LanguageGuess {
    let mut sum = PRIOR.map(f32::ln);
    let (mut judged, mut foreign_letters, mut word_buffer) = (0, 0, String::new());
    for chunk in text.split_whitespace().filter(|chunk| !is_address(chunk)) {
        for word in
            chunk.split(|c: char| !(c.is_alphanumeric() || matches!(c, '\'' | '’' | '\u{300}'..='\u{36F}')))
        {
            if word.is_empty() || word.contains(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if !is_latin(word) {
                foreign_letters += word.chars().count();
                continue;
            }
            lower_into(word, &mut word_buffer);
            let Some(scores) = judge(word_buffer.trim_matches('\'')) else { continue };
            sum.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
            judged += 1;
        }
        if judged >= MAX_WORDS {
            break;
        }
    }
    if judged == 0 {
        // A letter or two of another script may be a face or a symbol; a word is a language.
        let confidence = if foreign_letters >= 2 { 0.99 } else { 0.0 };
        return LanguageGuess { confidence, ..LanguageGuess::default() };
    }
    if foreign_letters > 0 {
        sum[OTHER] += 2.0 * foreign_letters.min(20) as f32 / judged as f32;
    }
    guess(sum)
}

/// Turns summed evidence into a guess.
fn guess(sum: Scores) -> LanguageGuess {
    let highest = sum.iter().copied().fold(f32::MIN, f32::max);
    let mut shares = sum.map(|score| ((score - highest) / TEMPERATURE).exp());
    let total: f32 = shares.iter().sum();
    shares = shares.map(|share| share / total);
    let mut ranked: Vec<(Language, f32)> = Language::ALL.into_iter().zip(shares).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (best, confidence) = ranked[0];
    if shares[OTHER] >= confidence {
        return LanguageGuess { language: None, confidence: shares[OTHER], alternatives: ranked };
    }
    if confidence < LEAST_CONFIDENCE {
        return LanguageGuess { language: None, confidence: 0.0, alternatives: ranked };
    }
    ranked.remove(0);
    LanguageGuess { language: Some(best), confidence, alternatives: ranked }
}

/// How much a word speaks for each class; `None` where it speaks for none.
fn judge(word: &str) -> Option<Scores> {
    if let Some(scores) = KNOWN.get(word) {
        return *scores;
    }
    let letters = word.chars().count();
    // One or two unknown letters are an initial, an abbreviation or laughter. Beyond 24 letters it
    // is noise; the longest words in the lists have 16.
    if !(3..=24).contains(&letters) || is_laughter(word) {
        return None;
    }
    letters::scores(word)
}

/// Words that say nothing: greetings and names everybody uses.
const NEUTRAL: [&str; 18] = [
    "ok",
    "okay",
    "oki",
    "whatsapp",
    "pix",
    "email",
    "online",
    "internet",
    "app",
    "site",
    "wifi",
    "instagram",
    "facebook",
    "google",
    "iphone",
    "samsung",
    "hotel",
    "taxi",
];

/// The scores of known words. A word of several lists gets each list's share.
static KNOWN: LazyLock<FxHashMap<Box<str>, Option<Scores>>> = LazyLock::new(|| {
    let mut known: FxHashMap<Box<str>, Option<Scores>> = FxHashMap::default();
    let lists = [words::PORTUGUESE, words::SPANISH, words::ENGLISH, words::OTHERS];
    for (class, list) in lists.into_iter().enumerate() {
        for (rank, word) in list.split_whitespace().enumerate() {
            // The last class has nine languages one after the other, each with its own ranks.
            let rank = if class == OTHER { 60 } else { rank };
            let score = score_of_rank(rank);
            add(&mut known, word, class, score);
            let plain: String = word.nfd().filter(char::is_ascii).collect();
            if plain != word {
                // Typed without its accent, as on the phone: less frequent, and less telling.
                add(&mut known, &plain, class, score - 0.9);
            }
        }
    }
    for word in NEUTRAL {
        known.insert(word.into(), None);
    }
    known
});

/// Score of a word that the list does not have.
const UNLISTED: f32 = -9.5;

/// Zipf's law: the frequency of a word is about one over its rank.
fn score_of_rank(rank: usize) -> f32 {
    -((rank + 12) as f32).ln() - 1.8
}

fn add(known: &mut FxHashMap<Box<str>, Option<Scores>>, word: &str, class: usize, score: f32) {
    let scores = known.entry(word.into()).or_insert(Some([UNLISTED; 4]));
    if let Some(scores) = scores {
        scores[class] = scores[class].max(score);
    }
}

fn lower_into(word: &str, buffer: &mut String) {
    buffer.clear();
    if word.is_ascii() {
        buffer.push_str(word);
        buffer.make_ascii_lowercase();
        return;
    }
    // Composed, because accents may come as characters of their own.
    for c in word.nfc().flat_map(char::to_lowercase) {
        buffer.push(if c == '’' { '\'' } else { c });
    }
}

/// Web and e-mail addresses, mentions and codes such as `#123-AB` are no language.
fn is_address(chunk: &str) -> bool {
    let is_code = || chunk.contains(|c: char| c.is_ascii_digit()) && !chunk.contains(char::is_lowercase);
    chunk.contains('@')
        || chunk.contains("://")
        || chunk.starts_with("www.")
        || chunk.contains(".com")
        || is_code()
}

fn is_latin(word: &str) -> bool {
    word.chars().all(|c| c < '\u{250}' || matches!(c, '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}' | '’'))
}

/// "kkkk", "hahaha", "jajaja", "rsrs": a consonant or two over and over.
fn is_laughter(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 3 && bytes.iter().zip(&bytes[2..]).all(|(a, b)| a == b)
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
