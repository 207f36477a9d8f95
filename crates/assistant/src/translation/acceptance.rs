//! Whether a model's answer is the translation that was asked for.

use pytake_understanding::language::{Language, detect};

use super::{Kept, LanguageTag, SURE};
use crate::analysis::{Fields, Objection, objection};

/// Fewer words do not tell their language surely enough: "Pizza Margherita, Casa Blanca" is right in every one. A
/// choice; a translation in the wrong language is no shorter than its message.
const LEAST_WORDS: usize = 5;

/// What a translation must be like.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The language, where the device can check it.
    language: Option<Language>,
    kept: Kept,
}

impl Wanted {
    /// In this language, with these things.
    pub(crate) fn new(target: &LanguageTag, kept: Kept) -> Self {
        Self { language: target.language(), kept }
    }

    /// Reads the translation.
    ///
    /// # Errors
    /// What is wrong with it, for the model's one repair.
    pub(crate) fn read(&self, answer: &str) -> Result<String, Objection> {
        let translation = translation_in(answer)?;
        self.check_kept(&translation)?;
        self.check_language(&translation)?;
        Ok(translation)
    }

    /// Whether it has what must stay, and nothing new.
    ///
    /// # Errors
    /// What is missing or new, as it stands in the message.
    pub(crate) fn check_kept(&self, translation: &str) -> Result<(), Objection> {
        self.kept.check(translation)
    }

    /// Whether it is in the language that was wanted.
    ///
    /// # Errors
    /// Which languages.
    pub(crate) fn check_language(&self, translation: &str) -> Result<(), Objection> {
        let Some(wanted) = self.language else { return Ok(()) };
        let guess = detect(translation);
        let is_told = guess.confidence >= SURE && translation.split_whitespace().count() >= LEAST_WORDS;
        if !is_told || guess.language == Some(wanted) {
            return Ok(());
        }
        let found = guess.language.map_or("another language", Language::name);
        Err(format!("The translation must be in {}; it reads as {found}.", wanted.name()))
    }
}

/// The translation as a model sent it, unchecked.
///
/// # Errors
/// What the answer holds in its place.
pub(crate) fn translation_in(answer: &str) -> Result<String, Objection> {
    let object = Fields::parse(answer)?;
    let value = Fields::root(&object).value("translation");
    let said = value.and_then(serde_json::Value::as_str).map(str::trim);
    let Some(translation) = said.filter(|text| !text.is_empty()) else {
        return Err(objection("translation", value, "the translated message"));
    };
    Ok(translation.to_owned())
}

#[cfg(test)]
mod tests {
    use pytake_understanding::entities::Context;
    use serde_json::json;

    use super::*;

    fn read(message: &str, target: &str, translation: &str) -> Result<String, Objection> {
        let kept = Kept::of(message, &Context::default());
        let wanted = Wanted::new(&LanguageTag::new(target).unwrap(), kept);
        wanted.read(&json!({ "translation": translation }).to_string())
    }

    #[test]
    fn a_translation_is_taken_trimmed_and_whole() {
        let long = "the parcel has not arrived and ".repeat(100);
        assert_eq!(read("não chegou", "en", &format!(" {long}\n")).unwrap(), long.trim());
    }

    #[test]
    fn no_translation_is_objected_to() {
        assert!(read("oi", "en", "  ").unwrap_err().contains("the translated message"));
        let wanted = Wanted::new(&LanguageTag::new("en").unwrap(), Kept::default());
        assert!(wanted.read("{}").unwrap_err().contains("missing"));
        assert!(wanted.read("Good morning").unwrap_err().contains("no JSON object"));
    }

    #[test]
    fn another_language_than_the_wanted_one_is_objected_to() {
        let spanish = "¿Dónde está mi pedido? Ya pagué ayer y nadie me contesta.";
        let objection = read("cadê meu pedido?", "en-GB", spanish).unwrap_err();
        assert_eq!(objection, "The translation must be in English; it reads as Spanish.");
        assert!(read("cadê meu pedido?", "es-MX", spanish).is_ok());
        // The device knows nothing of French.
        assert!(read("cadê meu pedido?", "fr", "Où est ma commande ? J'ai déjà payé hier.").is_ok());
    }

    #[test]
    fn names_alone_are_in_every_language() {
        assert!(read("La Casa de Papel", "en", "La Casa de Papel").is_ok());
    }
}
