//! Translation: the calls around the pure parts of [`crate::translation`].

use std::sync::Arc;
use std::time::Duration;

use pytake_understanding::entities::{self, Context};
use tracing::Instrument;

use super::ON_DEVICE;
use super::errand::{Asked, Errand};
use crate::analysis::CONFIGURE;
use crate::chat::UsageReport;
use crate::error::AIError;
use crate::id::TenantId;
use crate::ledger::Operation;
use crate::service::finishing::Finishing;
use crate::service::{Assistant, Engine};
use crate::tenant_view::TenantView;
use crate::translation::{
    Kept, LanguageTag, Source, TranslateRequest, TranslateResponse, TranslationQuestion, Wanted,
    translation_prompt,
};
use crate::turn::{self, Admission};

impl Assistant {
    /// Says a message in another language.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::ServiceUnavailable`] where no provider is configured,
    /// or where the tenant's settings hide personal data from providers;
    /// limits, budget and provider failures as for [`Assistant::chat`].
    ///
    /// # Cancel safety
    /// As [`Assistant::analyze`].
    pub async fn translate(
        &self,
        tenant: &TenantId,
        request: TranslateRequest,
    ) -> Result<TranslateResponse, AIError> {
        let started = self.engine.clock.elapsed();
        let question = TranslationQuestion::check(request)?;
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let work = async move { translate(&engine, &tenant, question, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }
}

async fn translate(
    engine: &Engine,
    tenant: &TenantId,
    question: TranslationQuestion,
    started: Duration,
) -> Result<TranslateResponse, AIError> {
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    view.in_service()?;
    let deadline = started + engine.settings.request_timeout;
    let mut admission = turn::admit_errand(engine, &view, &question.user, deadline).await?;
    let source = Source::of(&question);
    let errand =
        Errand { engine, view: &view, user: &question.user, operation: Operation::Translation, started };
    let told = if source.is(&question.target) {
        admission.leave_desk();
        keep_as_it_is(&errand, &question).await?
    } else {
        ask(&errand, &mut admission, &question, &source).await?
    };
    let elapsed = engine.clock.elapsed().saturating_sub(started);
    Ok(TranslateResponse {
        translation: told.text,
        source_language: source.into_tag(),
        target_language: question.target.as_str().to_owned(),
        provider: told.provider,
        model: told.model,
        usage: told.usage,
        processing_time_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    })
}

/// A message in the wanted language, and who said it.
struct Told {
    text: String,
    provider: String,
    model: String,
    usage: UsageReport,
}

/// Gives the message back: it costs nothing, and is counted.
async fn keep_as_it_is(errand: &Errand<'_>, question: &TranslationQuestion) -> Result<Told, AIError> {
    let seat = errand.reserve(None).await?;
    let device = Asked::for_free(ON_DEVICE, super::DEVICE);
    let usage = device.usage(errand, &seat);
    errand.settle(seat, None).await?;
    Ok(Told { text: question.message.clone(), provider: device.provider, model: device.model, usage })
}

/// Asks a model, and books it.
async fn ask(
    errand: &Errand<'_>,
    admission: &mut Admission,
    question: &TranslationQuestion,
    source: &Source,
) -> Result<Told, AIError> {
    let settings = &errand.engine.settings;
    if !errand.engine.router.has_remote(&errand.view.terms) {
        return Err(AIError::ServiceUnavailable(format!(
            "a translation needs a model, and no provider is configured: {CONFIGURE}"
        )));
    }
    if errand.view.tenant.settings.privacy.masks_personal_data {
        // A translation must hold every number and address of the message, so that the model would have to see them.
        return Err(AIError::ServiceUnavailable(
            "the tenant's settings hide personal data from providers (privacy.masks_personal_data), and translations \
             are not made that way"
                .to_owned(),
        ));
    }
    let prompt = translation_prompt(question, source.tag.as_ref(), settings.max_prompt_tokens)?;
    let wanted = Wanted::new(&question.target, kept(question, source, errand.view));
    admission.leave_desk();
    admission.take_tokens(prompt.input_tokens, settings.max_output_tokens)?;
    let seat = errand.reserve(Some(&prompt)).await?;
    let read = move |answer: &str| wanted.read(answer);
    let (text, asked) = errand.ask(&seat, admission, prompt, read).await?;
    let usage = asked.usage(errand, &seat);
    errand.settle(seat, Some(&asked)).await?;
    Ok(Told { text, provider: asked.provider, model: asked.model, usage })
}

/// What must stay, read as the business' other messages are.
fn kept(question: &TranslationQuestion, source: &Source, view: &TenantView) -> Kept {
    let language = source.tag.as_ref().and_then(LanguageTag::language);
    let context = Context {
        language: language.map(entities::Language::from),
        country: view.country,
        now: None,
        catalogue: None,
        order_patterns: &view.order_patterns,
    };
    Kept::of(&question.message, &context)
}
