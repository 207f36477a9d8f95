//! Translation: a message in another language, with everything in it that must not change.
//!
//! Here stands the contract of `POST /api/v1/ai/translate`, also the library's. A model translates; the device says
//! which language a message is written in, gives back what needs no translation, and accepts a translation only with
//! every number, link, address and code of the message and without new ones. Messages are translated whatever they say,
//! as they are analysed: nothing is answered here. All but [`Assistant::translate`](crate::Assistant::translate), which
//! does the calls, is pure.

mod acceptance;
mod kept;
mod prompt;
mod tag;

pub(crate) use acceptance::{Wanted, translation_in};
pub(crate) use kept::Kept;
pub(crate) use prompt::translation_prompt;
pub(crate) use tag::LanguageTag;

use pytake_understanding::language::{Language, detect};
use serde::{Deserialize, Serialize};

use crate::chat::UsageReport;
use crate::error::{AIError, FieldProblem};
use crate::id::UserId;
use crate::turn::{check_message, check_user};

/// How sure the device must be of a language to act on it alone. A choice: its confidence is calibrated
/// (`docs/understanding.md`), so that at most one guess in ten at the very edge is wrong, and far fewer beyond it.
const SURE: f32 = 0.9;

/// A message to be translated.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranslateRequest {
    /// 1 to 4,096 characters.
    pub message: String,
    /// For whom it is; 1 to 128 characters. Counted for their day.
    pub user_id: String,
    /// Into which language, as BCP 47: `pt-BR`, `es`, `en`.
    pub target_language: String,
    /// From which one; absent: whichever it is written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_language: Option<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// The message in the wanted language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TranslateResponse {
    /// What it says there; the message itself where it was written in that language.
    pub translation: String,
    /// As the request said, else as the device detected it; null where it could not be sure.
    pub source_language: Option<String>,
    /// As the request said.
    pub target_language: String,
    /// `local` where there was nothing to translate, else the provider.
    pub provider: String,
    /// The model that translated; `device` where there was nothing to translate.
    pub model: String,
    /// What it took, a repair included.
    pub usage: UsageReport,
    /// Milliseconds from request to answer.
    pub processing_time_ms: u64,
}

/// A checked request.
#[derive(Debug, Clone)]
pub(crate) struct TranslationQuestion {
    pub(crate) user: UserId,
    pub(crate) message: String,
    pub(crate) target: LanguageTag,
    /// As the request said.
    pub(crate) source: Option<LanguageTag>,
}

impl TranslationQuestion {
    /// Checks every field and reports all problems at once.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field.
    pub(crate) fn check(request: TranslateRequest) -> Result<Self, AIError> {
        let mut problems = Vec::new();
        check_message(&request.message, &mut problems);
        let user = check_user(&request.user_id, &mut problems);
        let target = check_tag(&request.target_language, "target_language", &mut problems);
        let source = request.source_language.as_deref();
        let source = source.and_then(|tag| check_tag(tag, "source_language", &mut problems));
        match (user, target) {
            (Some(user), Some(target)) if problems.is_empty() => {
                Ok(Self { user, message: request.message, target, source })
            }
            _ => Err(AIError::InvalidRequest(problems)),
        }
    }
}

fn check_tag(tag: &str, field: &str, problems: &mut Vec<FieldProblem>) -> Option<LanguageTag> {
    LanguageTag::new(tag).map_err(|why| problems.push(FieldProblem::new(field, why))).ok()
}

/// In which language a message is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// As the caller said, else as detected with confidence.
    pub(crate) tag: Option<LanguageTag>,
}

impl Source {
    /// Believes the caller, else the device where it is sure.
    pub(crate) fn of(question: &TranslationQuestion) -> Self {
        let detected = || surely(&question.message).map(LanguageTag::from);
        Self { tag: question.source.clone().or_else(detected) }
    }

    /// True where the message is in the target language already.
    pub(crate) fn is(&self, target: &LanguageTag) -> bool {
        self.tag.as_ref().is_some_and(|tag| tag.includes(target) || target.includes(tag))
    }

    /// The tag on the wire.
    pub(crate) fn into_tag(self) -> Option<String> {
        self.tag.map(|tag| tag.as_str().to_owned())
    }
}

/// The language of a text where the device is sure of one of ours.
fn surely(text: &str) -> Option<Language> {
    let guess = detect(text);
    guess.language.filter(|_| guess.confidence >= SURE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(message: &str, target: &str, source: Option<&str>) -> TranslateRequest {
        TranslateRequest {
            message: message.into(),
            user_id: "ana".into(),
            target_language: target.into(),
            source_language: source.map(str::to_owned),
            tenant_id: None,
        }
    }

    fn source(message: &str, target: &str, source: Option<&str>) -> (Option<String>, bool) {
        let question = TranslationQuestion::check(asked(message, target, source)).unwrap();
        let source = Source::of(&question);
        (source.clone().into_tag(), source.is(&question.target))
    }

    #[test]
    fn every_bad_field_is_named() {
        let request =
            TranslateRequest { user_id: String::new(), ..asked(" ", "Brazilian Portuguese", Some("")) };
        let Err(AIError::InvalidRequest(problems)) = TranslationQuestion::check(request) else {
            panic!("it was accepted");
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
        assert_eq!(fields, ["message", "user_id", "target_language", "source_language"]);
    }

    #[test]
    fn what_is_in_the_language_already_needs_no_translation() {
        let late = "cadê meu pedido? já paguei ontem e ninguém me responde";
        assert_eq!(source(late, "pt-BR", None), (Some("pt".to_owned()), true));
        assert_eq!(source(late, "en", None), (Some("pt".to_owned()), false));
        assert_eq!(source("12345", "pt", None), (None, false));
    }

    #[test]
    fn the_caller_is_believed_and_a_region_is_not_another() {
        assert_eq!(source("Bom dia", "pt-BR", Some("pt-PT")), (Some("pt-PT".to_owned()), false));
        assert_eq!(source("Bonjour à tous", "FR", Some("fr-CA")), (Some("fr-CA".to_owned()), true));
        assert_eq!(source("Bom dia, tudo bem com vocês?", "pt", Some("gl")).0.as_deref(), Some("gl"));
    }
}
