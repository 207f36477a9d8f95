//! Translation: the calls around the pure parts of [`crate::translation`].

use std::sync::Arc;
use std::time::Duration;

use pytake_understanding::entities::{self, Context};
use tracing::Instrument;

use super::ON_DEVICE;
use super::cover::Cover;
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
    translation_in, translation_prompt,
};
use crate::turn::{self, Admission};

impl Assistant {
    /// Says a message in another language.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::ServiceUnavailable`] where no provider is configured;
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
        let told = ask(&errand, &mut admission, &question, &source).await;
        told.inspect_err(|error| admission.ends_in(error))?
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
    let cover = Cover::of_message(&question.message, errand.view);
    let shown =
        TranslationQuestion { message: cover.message(&question.message).into_owned(), ..question.clone() };
    let make = |most| translation_prompt(&shown, source.tag.as_ref(), most);
    let prompt = cover.prompt(settings.max_prompt_tokens, make)?;
    let reader = Reader::new(cover, question, shown.message, source, errand.view);
    admission.leave_desk();
    admission.take_tokens(prompt.input_tokens, settings.max_output_tokens)?;
    let seat = errand.reserve(Some(&prompt)).await?;
    let read = move |answer: &str| reader.read(answer);
    let (text, asked) = errand.ask(&seat, admission, prompt, read).await?;
    let usage = asked.usage(errand, &seat);
    errand.settle(seat, Some(&asked)).await?;
    Ok(Told { text, provider: asked.provider, model: asked.model, usage })
}

/// Says whether an answer is the translation, and puts back what was hidden from the model.
struct Reader {
    cover: Cover,
    /// The message as the model saw it.
    shown: String,
    /// What of it must stay besides the marks.
    beside_marks: Kept,
    wanted: Wanted,
}

impl Reader {
    fn new(
        cover: Cover,
        question: &TranslationQuestion,
        shown: String,
        source: &Source,
        view: &TenantView,
    ) -> Self {
        let beside_marks = match cover.mask() {
            Some(mask) => kept(&mask.without_marks(&shown), source, view),
            None => Kept::default(),
        };
        let wanted = Wanted::new(&question.target, kept(&question.message, source, view));
        Self { cover, shown, beside_marks, wanted }
    }

    /// # Errors
    /// What is wrong with it. It goes to the model, and names nothing that was hidden: whatever it quotes was there for the
    /// model to see.
    fn read(&self, answer: &str) -> Result<String, String> {
        let Some(mask) = self.cover.mask() else { return self.wanted.read(answer) };
        let came = translation_in(answer)?;
        let translation = mask.checked(&came)?;
        let lost = mask.lost(&self.shown, &came);
        if !lost.is_empty() {
            return Err(format!(
                "The translation must have every mark of the message, copied exactly and as often; these are missing: {}.",
                lost.join(", ")
            ));
        }
        self.beside_marks.check(&mask.without_marks(&came))?;
        self.wanted.check_language(&translation)?;
        self.wanted.check_kept(&translation).map_err(|_| BESIDE_A_MARK.to_owned())?;
        Ok(translation)
    }
}

/// What a model is told that makes something else of a mark: `[NAME_1].example`.
const BESIDE_A_MARK: &str = "The translation adds something to a mark, or takes something from around it, so that it means another thing.";

/// What must stay, read as the business' other messages are.
fn kept(message: &str, source: &Source, view: &TenantView) -> Kept {
    let language = source.tag.as_ref().and_then(LanguageTag::language);
    let context = Context {
        language: language.map(entities::Language::from),
        country: view.country,
        now: None,
        catalogue: None,
        order_patterns: &view.order_patterns,
    };
    Kept::of(message, &context)
}
