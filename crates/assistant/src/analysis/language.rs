//! Language: in which one the message is written. On the device: Portuguese, Spanish, English, or none of them.
//!
//! Shape: `{code, alternatives: [{code, confidence}]}`. The code is BCP 47; `und` where it cannot be told, or
//! where the device knows only that it is another language.

use pytake_understanding::language::{Language, LanguageGuess};
use serde_json::{Value, json};

use super::analyzer::Analyzer;
use super::fields::{Fields, Objection, Properties, closed, confidence, list, score, text};
use super::finding::Finding;
use super::subject::Subject;
use super::topics::Topics;

/// "Undetermined": RFC 5646, section 4.1.
const UNDETERMINED: &str = "und";
/// The longest tag of RFC 5646, section 4.4.1.
const MAX_CODE_CHARS: usize = 35;

pub(super) struct LanguageOf;

impl Analyzer for LanguageOf {
    fn properties(&self, _: &Topics) -> Properties {
        let entry = closed([("code", text("BCP 47")), ("confidence", confidence())]);
        vec![
            ("code", text("BCP 47, such as pt-BR or en; und if it cannot be told.")),
            ("alternatives", list(entry)),
        ]
    }

    fn instruction(&self, _: &Topics) -> String {
        format!(
            "\"code\": BCP 47 code of the language most of it is written in, with a region only where the wording \
             shows it; {UNDETERMINED} if it cannot be told. \"alternatives\": other languages it may be, each with \
             \"code\" and \"confidence\"; usually none."
        )
    }

    fn read(&self, entry: &Fields<'_>, _: &str, _: &Topics) -> Result<Value, Objection> {
        let code = code(entry)?;
        let mut alternatives = Vec::new();
        for one in entry.objects("alternatives")? {
            alternatives
                .push(json!({ "code": self::code(&one)?, "confidence": score(one.share("confidence")?) }));
        }
        alternatives.retain(|alternative| alternative["code"] != code.as_str());
        Ok(json!({ "code": code, "alternatives": alternatives }))
    }

    fn look(&self, subject: &Subject<'_>) -> Finding {
        shape(subject.message().language())
    }
}

fn code(entry: &Fields<'_>) -> Result<String, Objection> {
    let code = entry.text("code")?;
    let is_tag = (2..=MAX_CODE_CHARS).contains(&code.len())
        && code.split('-').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric()))
        && code.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_tag {
        Ok(code)
    } else {
        Err(format!("A \"code\" must be a BCP 47 code such as pt-BR; it was {code:?}."))
    }
}

fn shape(guess: &LanguageGuess) -> Finding {
    let alternatives: Vec<Value> = guess
        .alternatives
        .iter()
        .map(|(language, sure)| json!({ "code": language.code(), "confidence": score(*sure) }))
        .collect();
    Finding {
        value: json!({ "code": guess.language.map_or(UNDETERMINED, Language::code), "alternatives": alternatives }),
        // Nothing can be said where the text says nothing.
        confidence: (guess.confidence > 0.0).then_some(guess.confidence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytake_understanding::language::detect;

    fn found(message: &str) -> Finding {
        shape(&detect(message))
    }

    #[test]
    fn the_device_knows_three_languages_and_says_how_sure_it_is() {
        let finding = found("cadê meu pedido? já paguei ontem");
        assert_eq!(finding.value["code"], "pt");
        assert!(finding.confidence.is_some_and(|sure| sure > 0.6 && sure <= 1.0));
    }

    #[test]
    fn a_number_has_no_language_and_no_confidence() {
        assert_eq!(
            found("12345"),
            Finding { value: json!({"code": "und", "alternatives": []}), confidence: None }
        );
    }

    #[test]
    fn a_code_that_is_none_is_objected_to() {
        let object = Fields::parse(r#"{"code":"Brazilian Portuguese","alternatives":[]}"#).unwrap();
        assert!(
            LanguageOf.read(&Fields::root(&object), "", &Topics::of(&[])).unwrap_err().contains("BCP 47")
        );
    }
}
