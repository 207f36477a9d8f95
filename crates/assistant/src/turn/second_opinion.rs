//! Step second opinion: a moderation model is asked about a message that the device let through in doubt.
//!
//! Only where the operator configured one: the text of such a message goes to its vendor. It fails open, because the
//! device has already decided: a vendor that is slow or gone stops no customer.

use pytake_understanding::filter::FilterVerdict;
use pytake_understanding::language::Language;

use super::recall::Situation;
use super::screen::stopped;
use crate::analysis::Subject;
use crate::error::AIError;
use crate::masking;
use crate::moderation::{Doubt, counted};
use crate::service::Engine;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// The provider that a caller names to keep a message on this machine.
const LOCAL: &str = "local";

/// A message to ask about.
pub(crate) struct Doubtful {
    doubt: Doubt,
    /// For the sentence that a stopped message is answered with.
    language: Option<Language>,
}

/// What to ask about, if anything; the message itself cannot be kept across a wait.
pub(crate) fn doubt(
    engine: &Engine,
    request: &TurnRequest,
    subject: &Subject<'_>,
    situation: &Situation,
) -> Option<Doubtful> {
    let filter = situation.tenant.filter.as_ref()?;
    let stays_here = !request.may_fall_back && request.preferred.as_deref() == Some(LOCAL);
    let is_answered = request.sentence().is_none() && !situation.tenant.is_suspended();
    if engine.second_opinion.is_none() || stays_here || !is_answered {
        return None;
    }
    // The screen has let it through: there is nothing in its verdict.
    let verdict = FilterVerdict::default();
    let doubt = Doubt::of(&verdict, subject.toxicity(), filter.level())?;
    Some(Doubtful { doubt, language: subject.message().language().language })
}

/// Stops what the second opinion flags and the level minds.
///
/// # Errors
/// [`AIError::ContentFilterViolation`] as the screen's, naming who stopped it.
pub(crate) async fn second_opinion(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
    doubtful: Option<Doubtful>,
    trail: &mut Trail,
) -> Result<(), AIError> {
    let (Some(second), Some(Doubtful { doubt, language })) = (&engine.second_opinion, doubtful) else {
        return Ok(());
    };
    let name = second.name();
    let time_left = engine.time_left(request.deadline);
    let text = masking::hidden_message(&situation.tenant, &request.message);
    let asked = second.ask(&request.tenant, &situation.tenant.terms, &text, time_left);
    let found = match asked.await {
        Ok(opinion) => {
            let categories = counted(&opinion, doubt.level);
            if !categories.is_empty() {
                tracing::info!(provider = name, ?categories, "a second opinion stopped a message");
                return Err(stopped(categories, language, name));
            }
            "found nothing that is stopped".to_owned()
        }
        Err(unheard) => format!("{}; the device's word stands", unheard.why()),
    };
    trail.step("second_opinion", format!("in doubt ({:.2}); {name} {found}", doubt.score));
    Ok(())
}
