//! Step screen: the content filter, before anything is counted or sent.

use pytake_understanding::filter::{Category, safe_reply};
use pytake_understanding::language::detect;

use super::recall::Situation;
use crate::error::AIError;
use crate::spans::SCREEN;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Stops what must not be answered.
///
/// # Errors
/// [`AIError::ContentFilterViolation`] with the categories and a safe sentence in the customer's language.
#[tracing::instrument(level = "debug", name = SCREEN, skip_all)]
pub(crate) fn screen(request: &TurnRequest, situation: &Situation, trail: &mut Trail) -> Result<(), AIError> {
    let Some(filter) = &situation.tenant.filter else {
        trail.step("screen", "content filter is switched off");
        return Ok(());
    };
    let verdict = filter.check_inbound(&request.message);
    if !verdict.is_blocked() {
        trail.step("screen", "content filter found nothing");
        return Ok(());
    }
    let categories = verdict.categories();
    // A person who may harm themselves gets care before anything else that was found.
    let leading = if verdict.is_self_harm() {
        Category::SelfHarm
    } else {
        categories.first().copied().unwrap_or(Category::Custom)
    };
    let language = detect(&request.message).language;
    Err(AIError::ContentFilterViolation {
        fallback_response: safe_reply(leading, language).to_owned(),
        categories,
    })
}
