//! What a translation must keep: numbers, links, addresses, codes.
//!
//! Numbers are compared by their runs of digits, because languages write the signs between them differently (`1.234,50`
//! and `1,234.50`); codes by their letters and digits; links and e-mail addresses sign by sign.

use std::collections::BTreeMap;

use pytake_understanding::entities::{self, Context, Entity, EntityKind};

use crate::analysis::Objection;

/// How many things one objection names; the model is told again that all must stay.
const MAX_NAMED: usize = 10;

/// What a message has that its translation must have too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    /// Links and e-mail addresses, as they stand.
    addresses: Vec<String>,
    /// Codes, as they stand and by their letters and digits.
    codes: Vec<(String, String)>,
    /// Runs of digits, each as often as it stands there.
    digits: BTreeMap<String, usize>,
    /// The message in lower case: what is not in it is new.
    message: String,
}

impl Kept {
    /// Looks through a message, as its entities are read with `context`.
    pub(crate) fn of(message: &str, context: &Context<'_>) -> Self {
        let mut kept = Self { digits: digits(message), message: message.to_lowercase(), ..Self::default() };
        for entity in entities::find(message, context) {
            if is_address(&entity) {
                kept.addresses.push(entity.text.to_owned());
            } else if is_code(entity.kind) {
                let marks = marks(entity.text);
                if marks.bytes().any(|byte| byte.is_ascii_digit()) {
                    kept.codes.push((entity.text.to_owned(), marks));
                }
            }
        }
        kept
    }

    /// Compares a translation with it.
    ///
    /// # Errors
    /// What is missing or new, for the model's one repair.
    pub(crate) fn check(&self, translation: &str) -> Result<(), Objection> {
        let missing = self.missing(translation);
        if !missing.is_empty() {
            return Err(format!(
                "The translation must keep every number, link, address and code of the message; these are missing or \
                 changed: {}.",
                named(&missing)
            ));
        }
        let new = self.new_addresses(translation);
        if !new.is_empty() {
            return Err(format!(
                "The translation must hold no link and no address that the message does not; these are new: {}.",
                named(&new)
            ));
        }
        Ok(())
    }

    fn missing(&self, translation: &str) -> Vec<String> {
        let (lower, found_marks) = (translation.to_lowercase(), marks(translation));
        let mut missing = Vec::new();
        for address in &self.addresses {
            if !lower.contains(&address.to_lowercase()) {
                missing.push(address.clone());
            }
        }
        for (code, marks) in &self.codes {
            if !found_marks.contains(marks) {
                missing.push(code.clone());
            }
        }
        let found = digits(translation);
        for (run, times) in &self.digits {
            let is_named = missing.iter().any(|named| named.contains(run.as_str()));
            if !is_named && found.get(run).is_none_or(|found| found < times) {
                missing.push(run.clone());
            }
        }
        missing
    }

    fn new_addresses(&self, translation: &str) -> Vec<String> {
        let found = entities::find(translation, &Context::default());
        let is_new =
            |entity: &&Entity<'_>| is_address(entity) && !self.message.contains(&entity.text.to_lowercase());
        found.iter().filter(is_new).map(|entity| entity.text.to_owned()).collect()
    }
}

fn is_address(entity: &Entity<'_>) -> bool {
    matches!(entity.kind, EntityKind::Url | EntityKind::Email)
}

/// What stands for something elsewhere: a sign more or less and it is another one.
fn is_code(kind: EntityKind) -> bool {
    matches!(
        kind,
        EntityKind::OrderId
            | EntityKind::TrackingCode
            | EntityKind::Code
            | EntityKind::PixKey
            | EntityKind::Phone
            | EntityKind::Cpf
            | EntityKind::Cnpj
            | EntityKind::TaxId
            | EntityKind::Card
            | EntityKind::PostalCode
            | EntityKind::IpAddress
    )
}

/// The letters and digits of a text, in lower case.
fn marks(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The runs of ASCII digits, each with how often it stands there.
fn digits(text: &str) -> BTreeMap<String, usize> {
    let mut runs = BTreeMap::new();
    for run in text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()) {
        *runs.entry(run.to_owned()).or_default() += 1;
    }
    runs
}

/// Some of them, quoted.
fn named(things: &[String]) -> String {
    let quoted: Vec<String> = things.iter().take(MAX_NAMED).map(|thing| format!("{thing:?}")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: &str = "Meu pedido #AB12345 de R$ 1.249,90 não chegou. Veja https://loja.com/r/7?x=Y ou \
        escreva para ana@loja.com. Meu CEP é 01310-100.";

    fn check(message: &str, translation: &str) -> Result<(), Objection> {
        Kept::of(message, &Context::default()).check(translation)
    }

    #[test]
    fn a_faithful_translation_may_write_numbers_as_its_language_does() {
        let faithful = "My order #AB12345 for BRL 1,249.90 has not arrived. See https://loja.com/r/7?x=Y or write to \
            ana@loja.com. My postal code is 01310-100.";
        assert_eq!(check(LATE, faithful), Ok(()));
        assert_eq!(check("São 2 camisas, dia 05/12", "They are 2 shirts, on 12/05"), Ok(()));
    }

    #[test]
    fn what_is_missing_or_changed_is_named() {
        let changed = "My order #AB12346 for BRL 1,249.99 has not arrived. See https://loja.com or write to us. My \
            postal code is 01310-100.";
        let objection = check(LATE, changed).unwrap_err();
        for missing in ["AB12345", "90", "https://loja.com/r/7?x=Y", "ana@loja.com"] {
            assert!(objection.contains(missing), "{missing}: {objection}");
        }
        assert!(!objection.contains("01310"), "{objection}");
    }

    #[test]
    fn the_words_before_a_code_and_the_signs_in_it_may_change() {
        let message =
            "pedido AB-12345, código de rastreio BR 123456785 BR, CPF 529.982.247-25, fone (11) 98765-4321";
        let translation =
            "order AB12345, tracking code BR123456785BR, CPF 529.982.247-25, phone (11) 98765-4321";
        assert_eq!(check(message, translation), Ok(()));
        assert!(check(message, &translation.replace("AB12345", "AC12345")).is_err());
    }

    #[test]
    fn a_number_that_stands_there_twice_must_come_twice() {
        assert!(check("10 azuis e 10 verdes", "10 blue and 100 green ones").is_err());
        assert_eq!(check("10 azuis e 10 verdes", "10 blue and 10 green ones"), Ok(()));
    }

    #[test]
    fn a_link_that_the_message_does_not_have_is_refused() {
        let objection = check("Obrigado!", "Thanks! Pay at https://evil.example/pix").unwrap_err();
        assert!(objection.contains("evil.example"), "{objection}");
        assert_eq!(check("Veja www.loja.com", "See www.loja.com"), Ok(()));
    }

    #[test]
    fn nothing_to_keep_is_always_kept() {
        assert_eq!(check("Bom dia", "Good morning"), Ok(()));
        assert_eq!(check("Bom dia", ""), Ok(()), "emptiness is another's matter");
    }

    #[test]
    fn a_long_list_of_missing_things_is_cut() {
        let numbers: Vec<String> = (100..200).map(|number| number.to_string()).collect();
        let objection = check(&numbers.join(" "), "none").unwrap_err();
        assert!(objection.len() < 300, "{objection}");
    }
}
