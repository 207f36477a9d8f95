//! Analysis and intents: the calls around the pure parts of [`crate::analysis`].
//!
//! Not a turn: nothing is answered, so nothing is screened, and neither message nor result is stored; the request
//! is counted and booked like a turn.

mod errand;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tracing::Instrument;

use super::finishing::Finishing;
use super::{Assistant, Engine};
use crate::analysis::checked::{Question, check_analyze, check_classify};
use crate::analysis::classify::{Intents, may_classify};
use crate::analysis::{
    self, AnalyzeRequest, AnalyzeResponse, ClassifyRequest, ClassifyResponse, Plan, Subject,
};
use crate::error::AIError;
use crate::id::TenantId;
use crate::ledger::Operation;
use errand::Errand;

/// The provider's name where nothing left the machine.
const ON_DEVICE: &str = "local";

impl Assistant {
    /// Finds out what a message says about its writer and their matter.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field, also `engine` where it cannot find a type that is asked;
    /// [`AIError::ServiceUnavailable`] where a model is needed and none is configured;
    /// [`AIError::TokenLimitExceeded`], limits, budget and provider failures as for [`Assistant::chat`].
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
        let plan = analysis::plan(types, &question, self.engine.router.has_remote())?;
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let work = async move { analyze(&engine, &tenant, question, plan, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }

    /// Chooses the intent of a message: one of the caller's, else one of the built-in set.
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
        let (question, own) = check_classify(request)?;
        may_classify(question.engine, self.engine.router.has_remote())?;
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let intents = Intents::new(own);
        let work = async move { classify(&engine, &tenant, question, intents, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }
}

async fn analyze(
    engine: &Engine,
    tenant: &TenantId,
    question: Question,
    plan: Plan,
    started: Duration,
) -> Result<AnalyzeResponse, AIError> {
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    let errand = Errand { engine, tenant, user: &question.user, operation: Operation::Analyze, started };
    let mut findings = Vec::new();
    let provider = if plan.model.is_empty() {
        let seat = errand.reserve(None).await?;
        errand.settle(seat, None).await?;
        ON_DEVICE.to_owned()
    } else {
        let prompt = analysis::analysis_prompt(&plan.model, &question, engine.settings.max_prompt_tokens)?;
        let seat = errand.reserve(Some(&prompt)).await?;
        let (types, message) = (plan.model, question.message.clone());
        let read = move |answer: &str| analysis::read_answer(answer, &types, &message);
        let (found, asked) = errand.ask(&seat, prompt, read).await?;
        findings = found;
        errand.settle(seat, Some(&asked)).await?;
        asked.provider
    };
    let subject = Subject::new(&question.message, &view.profile);
    findings.extend(plan.device.into_iter().map(|(kind, on_device)| (kind, on_device.finding(&subject))));
    let mut response = AnalyzeResponse {
        analysis: BTreeMap::new(),
        confidence: BTreeMap::new(),
        provider,
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

async fn classify(
    engine: &Engine,
    tenant: &TenantId,
    question: Question,
    intents: Intents,
    started: Duration,
) -> Result<ClassifyResponse, AIError> {
    // Only for its error: a tenant that does not exist uses nothing.
    engine.tenants.view(engine.store.as_ref(), tenant).await?;
    let errand = Errand { engine, tenant, user: &question.user, operation: Operation::Classify, started };
    let prompt = intents.prompt(&question, engine.settings.max_prompt_tokens)?;
    let seat = errand.reserve(Some(&prompt)).await?;
    let intents = Arc::new(intents);
    let read = {
        let intents = Arc::clone(&intents);
        move |answer: &str| intents.read(answer)
    };
    let (choice, asked) = errand.ask(&seat, prompt, read).await?;
    errand.settle(seat, Some(&asked)).await?;
    Ok(ClassifyResponse {
        department: intents.department_of(&choice.intent).map(str::to_owned),
        intent: choice.intent,
        confidence: Some(choice.confidence),
        alternatives: choice.alternatives,
        entities: analysis::flat_entities(&question.message),
        provider: asked.provider,
    })
}
