//! Step screen: the content filter, before anything is counted or sent.

use pytake_understanding::filter::{Category, safe_reply};
use pytake_understanding::language::Language;
use pytake_understanding::screening;

use super::recall::Situation;
use crate::analysis::Subject;
use crate::error::AIError;
use crate::spans::SCREEN;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Who stops what the patterns and the heads find, as answers name it.
const ON_DEVICE: &str = "local";

/// Stops what must not be answered.
///
/// # Errors
/// [`AIError::ContentFilterViolation`] with the categories and a safe sentence in the customer's language.
#[tracing::instrument(level = "debug", name = SCREEN, skip_all)]
pub(crate) fn screen(
    subject: &Subject<'_>,
    request: &TurnRequest,
    situation: &Situation,
    trail: &mut Trail,
) -> Result<(), AIError> {
    if request.sentence().is_some() {
        // Nothing goes to a model; the sentence may be the very one that the filter asked for.
        return Ok(());
    }
    let Some(filter) = &situation.tenant.filter else {
        trail.step("screen", "content filter is switched off");
        return Ok(());
    };
    let verdict = screening::screen(filter, subject.message(), subject.toxicity());
    if !verdict.is_blocked() {
        trail.step("screen", "content filter found nothing");
        return Ok(());
    }
    Err(stopped(verdict.categories(), subject.message().language().language, ON_DEVICE))
}

/// What a customer gets whose message is stopped.
pub(super) fn stopped(categories: Vec<Category>, language: Option<Language>, by: &str) -> AIError {
    // A person who may harm themselves gets care before anything else that was found.
    let leading = if categories.contains(&Category::SelfHarm) {
        Category::SelfHarm
    } else {
        categories.first().copied().unwrap_or(Category::Custom)
    };
    AIError::ContentFilterViolation {
        fallback_response: safe_reply(leading, language).to_owned(),
        categories,
        stopped_by: by.to_owned(),
    }
}
