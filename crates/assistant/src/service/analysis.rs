//! Analysis and intents: the calls around the pure parts of [`crate::analysis`].
//!
//! Not a turn: nothing is answered, so nothing is screened, and neither message nor result is stored; the request
//! is counted and booked like a turn.

mod cover;
mod errand;
mod moderation;
mod translating;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::finishing::Finishing;
use super::{Assistant, Engine};
use crate::analysis::checked::{Question, check_analyze, check_classify};
use crate::analysis::classify::{Choice, Intents, may_classify};
use crate::analysis::{
    self, AnalysisEngine, AnalysisType, AnalyzeRequest, AnalyzeResponse, ClassifyRequest, ClassifyResponse,
    Finding, IntentOption, Subject, Wanted,
};
use crate::error::{AIError, ErrorKind};
use crate::id::TenantId;
use crate::ledger::Operation;
use crate::tenant::PromptPurpose;
use crate::tenant_view::TenantView;
use crate::turn::{self, Admission};
use cover::Cover;
use errand::Errand;

/// The provider's name where nothing left the machine.
pub(super) const ON_DEVICE: &str = "local";
/// The model's name there.
const DEVICE: &str = "device";

impl Assistant {
    /// Finds out what a message says about its writer and their matter.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::ServiceUnavailable`] where a model is needed and none
    /// is configured; with engine `provider` also [`AIError::TokenLimitExceeded`], limits, budget and provider failures
    /// as for [`Assistant::chat`].
    ///
    /// # Cancel safety
    /// A dropped call does not stop the analysis: what a provider has answered is booked.
    pub async fn analyze(
        &self,
        tenant: &TenantId,
        request: AnalyzeRequest,
    ) -> Result<AnalyzeResponse, AIError> {
        let started = self.engine.clock.elapsed();
        let (question, types) = check_analyze(request, &self.engine.custom_analyses)?;
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let work = async move { analyze(&engine, &tenant, question, types, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }

    /// Chooses the intent of a message: one of the caller's, else of the tenant's own, else of the built-in set.
    ///
    /// # Errors
    /// As [`Assistant::analyze`].
    ///
    /// # Cancel safety
    /// As [`Assistant::analyze`].
    pub async fn classify_intent(
        &self,
        tenant: &TenantId,
        request: ClassifyRequest,
    ) -> Result<ClassifyResponse, AIError> {
        let started = self.engine.clock.elapsed();
        let (question, options) = check_classify(request)?;
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let work = async move { classify(&engine, &tenant, question, options, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }
}

async fn analyze(
    engine: &Engine,
    tenant: &TenantId,
    question: Question,
    types: Vec<Wanted>,
    started: Duration,
) -> Result<AnalyzeResponse, AIError> {
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    view.in_service()?;
    let deadline = started + engine.settings.request_timeout;
    let mut admission = turn::admit_errand(engine, &view, &question.user, deadline).await?;
    let intents = engine.intent_models.of_tenant(engine.store.as_ref(), tenant, &view).await?;
    let plan = {
        let now = view.local_time(engine.clock.now());
        let subject = Subject::new(&question.message, &view, intents).at(now);
        analysis::plan(types, &subject, question.engine, engine.router.has_remote(&view.terms))?
    };
    let mut findings: BTreeMap<AnalysisType, Finding> = plan.found.into_iter().collect();
    admission.leave_desk();
    let errand = Errand { engine, view: &view, user: &question.user, operation: Operation::Analyze, started };
    let heard = if plan.ask.is_empty() {
        Heard::NotAsked
    } else {
        let asked = ask_about(&errand, &mut admission, plan.ask, &view, &question).await;
        Heard::of(asked, plan.can_do_without).inspect_err(|error| admission.ends_in(error))?
    };
    let (provider, degraded) = match heard {
        Heard::Answer((found, provider)) => {
            findings.extend(found);
            (provider, None)
        }
        Heard::NotAsked | Heard::Degraded(_) => {
            let seat = errand.reserve(None).await?;
            errand.settle(seat, None).await?;
            (ON_DEVICE.to_owned(), heard.degraded())
        }
    };
    let mut response = AnalyzeResponse {
        analysis: BTreeMap::new(),
        confidence: BTreeMap::new(),
        provider,
        degraded,
        processing_time_ms: 0,
    };
    for (kind, finding) in findings {
        response.analysis.insert(kind.clone(), finding.value);
        response.confidence.insert(kind, finding.confidence);
    }
    let elapsed = engine.clock.elapsed().saturating_sub(started);
    response.processing_time_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    Ok(response)
}

/// Asks a model about all these types in one call, and books it.
async fn ask_about(
    errand: &Errand<'_>,
    admission: &mut Admission,
    types: Vec<Wanted>,
    view: &TenantView,
    question: &Question,
) -> Result<(Vec<(AnalysisType, Finding)>, String), AIError> {
    let topics = Arc::clone(&view.topics);
    let cover = Cover::of(question, view);
    let shown = cover.question(question);
    let addition = errand.engine.addition(view, PromptPurpose::Analysis, &shown.context).await?;
    let most = errand.engine.settings.max_prompt_tokens;
    let make = |most| analysis::analysis_prompt(&types, &topics, &shown, addition.as_deref(), most);
    let prompt = cover.prompt(most, make)?;
    admission.take_tokens(prompt.input_tokens, errand.engine.settings.max_output_tokens)?;
    let seat = errand.reserve(Some(&prompt)).await?;
    let message = question.message.clone();
    let read = move |answer: &str| {
        cover.read(answer, |answer| analysis::read_answer(answer, &types, &topics, &message))
    };
    let (found, asked) = errand.ask(&seat, admission, prompt, read).await?;
    errand.settle(seat, Some(&asked)).await?;
    Ok((found, asked.provider))
}

async fn classify(
    engine: &Engine,
    tenant: &TenantId,
    question: Question,
    options: Option<Vec<IntentOption>>,
    started: Duration,
) -> Result<ClassifyResponse, AIError> {
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    view.in_service()?;
    let has_remote = engine.router.has_remote(&view.terms);
    may_classify(question.engine, has_remote)?;
    let deadline = started + engine.settings.request_timeout;
    let mut admission = turn::admit_errand(engine, &view, &question.user, deadline).await?;
    let models = &engine.intent_models;
    let reader = match &options {
        Some(options) => models.of_request(options).await?,
        None => models.of_tenant(engine.store.as_ref(), tenant, &view).await?,
    };
    let (on_device, entities) = {
        let subject = Subject::new(&question.message, &view, reader).at(view.local_time(engine.clock.now()));
        (Choice::on_device(subject.intent()), analysis::flat_entities(subject.entities()))
    };
    admission.leave_desk();
    let errand =
        Errand { engine, view: &view, user: &question.user, operation: Operation::Classify, started };
    let is_asked = match question.engine {
        AnalysisEngine::Local => false,
        AnalysisEngine::Provider => true,
        AnalysisEngine::Auto => on_device.is_unsure() && has_remote,
    };
    let heard = if is_asked {
        let intents = match &options {
            Some(options) => Intents::new(options.clone()),
            None => Intents::of_topics(&view.topics),
        };
        let asked = ask_which(&errand, &mut admission, intents, &view, &question).await;
        let heard = Heard::of(asked, question.engine == AnalysisEngine::Auto);
        heard.inspect_err(|error| admission.ends_in(error))?
    } else {
        Heard::NotAsked
    };
    let degraded = heard.degraded();
    let (choice, provider) = match heard {
        Heard::Answer((choice, provider)) => (choice, provider),
        Heard::NotAsked | Heard::Degraded(_) => {
            let seat = errand.reserve(None).await?;
            errand.settle(seat, None).await?;
            (on_device, ON_DEVICE.to_owned())
        }
    };
    let department = match &options {
        Some(_) => None,
        None => view.topics.department_of(&choice.intent).map(str::to_owned),
    };
    Ok(ClassifyResponse {
        department,
        intent: choice.intent,
        confidence: Some(choice.confidence),
        alternatives: choice.alternatives,
        entities,
        provider,
        degraded,
    })
}

/// Asks a model which intent it is, and books it.
async fn ask_which(
    errand: &Errand<'_>,
    admission: &mut Admission,
    intents: Intents,
    view: &TenantView,
    question: &Question,
) -> Result<(Choice, String), AIError> {
    let cover = Cover::of(question, view);
    let shown = cover.question(question);
    let addition = errand.engine.addition(view, PromptPurpose::Classification, &shown.context).await?;
    let most = errand.engine.settings.max_prompt_tokens;
    let prompt = cover.prompt(most, |most| intents.prompt(&shown, addition.as_deref(), most))?;
    admission.take_tokens(prompt.input_tokens, errand.engine.settings.max_output_tokens)?;
    let seat = errand.reserve(Some(&prompt)).await?;
    let read = move |answer: &str| cover.read(answer, |answer| intents.read(answer));
    let (choice, asked) = errand.ask(&seat, admission, prompt, read).await?;
    errand.settle(seat, Some(&asked)).await?;
    Ok((choice, asked.provider))
}

/// What came of asking a model.
enum Heard<T> {
    NotAsked,
    Answer(T),
    /// It could not be asked, and the device has an answer of its own.
    Degraded(AIError),
}

impl<T> Heard<T> {
    /// # Errors
    /// The failure, where the device cannot do without the model, or where the device may not answer either.
    fn of(asked: Result<T, AIError>, can_do_without: bool) -> Result<Self, AIError> {
        match asked {
            Ok(answer) => Ok(Self::Answer(answer)),
            // A limit of the user's day counts for the device too, and a broken store for everybody.
            Err(error) if !can_do_without || !concerns_models(&error) => Err(error),
            Err(error) => {
                tracing::info!(%error, "no provider answered; the device did");
                Ok(Self::Degraded(error))
            }
        }
    }

    fn degraded(&self) -> Option<ErrorKind> {
        match self {
            Self::NotAsked | Self::Answer(_) => None,
            Self::Degraded(error) => Some(error.kind()),
        }
    }
}

/// True for what stops a model and not the device.
fn concerns_models(error: &AIError) -> bool {
    matches!(
        error,
        AIError::BudgetExceeded { .. }
            | AIError::ProviderError { .. }
            | AIError::RateLimitExceeded { .. }
            | AIError::ServiceUnavailable(_)
            | AIError::TokenLimitExceeded { .. }
            | AIError::DeadlineExceeded { .. }
    )
}
