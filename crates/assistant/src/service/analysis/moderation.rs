//! Moderation on its own: the findings of the content filter without a turn.

use std::sync::Arc;
use std::time::Duration;

use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::message::Message;
use tracing::Instrument;

use super::ON_DEVICE;
use super::errand::{Asked, Errand};
use crate::analysis::AnalysisEngine;
use crate::error::{AIError, ErrorKind};
use crate::id::TenantId;
use crate::ledger::Operation;
use crate::masking;
use crate::moderation::{Findings, ModerateRequest, ModerateResponse, ModerationQuestion, SecondOpinion};
use crate::service::finishing::Finishing;
use crate::service::{Assistant, Engine};
use crate::tenant_view::TenantView;
use crate::turn::{self, Failed};

impl Assistant {
    /// Finds out whether a chat would stop a message, and why.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::DailyLimitExceeded`]; with engine `provider` also
    /// [`AIError::ServiceUnavailable`] where nobody is configured for a second opinion or it rests after failures, and
    /// [`AIError::ProviderError`] where it fails.
    ///
    /// # Cancel safety
    /// As [`Assistant::analyze`].
    pub async fn moderate(
        &self,
        tenant: &TenantId,
        request: ModerateRequest,
    ) -> Result<ModerateResponse, AIError> {
        let started = self.engine.clock.elapsed();
        let question = ModerationQuestion::check(request)?;
        if question.engine == AnalysisEngine::Provider && self.engine.second_opinion.is_none() {
            return Err(AIError::ServiceUnavailable(
                "engine provider needs a second opinion, and nobody is configured for it: set AI_MODERATION_PROVIDER"
                    .to_owned(),
            ));
        }
        let (engine, tenant) = (Arc::clone(&self.engine), tenant.clone());
        let work = async move { moderate(&engine, &tenant, question, started).await };
        Finishing::new(&self.engine.tasks, work.in_current_span()).await
    }
}

async fn moderate(
    engine: &Engine,
    tenant: &TenantId,
    question: ModerationQuestion,
    started: Duration,
) -> Result<ModerateResponse, AIError> {
    let view = engine.tenants.view(engine.store.as_ref(), tenant).await?;
    view.in_service()?;
    let deadline = started + engine.settings.request_timeout;
    let mut admission = turn::admit_errand(engine, &view, &question.user, deadline).await?;
    let filter = filter_at(&view, question.level);
    let mut findings = Findings::on_device(&filter, &Message::new(&question.message));
    admission.leave_desk();
    let errand = Errand { engine, view: &view, user: &question.user, operation: Operation::Analyze, started };
    let seat = errand.reserve(None).await?;
    let mut degraded: Option<ErrorKind> = None;
    let mut asked: Option<Asked> = None;
    if let Some(second) = whom_to_ask(engine, question.engine, &findings) {
        let time_left = engine.time_left(started + engine.settings.request_timeout);
        let text = masking::hidden_message(&view, &question.message);
        match second.ask(tenant, &view.terms, &text, time_left).await {
            Ok(opinion) => {
                findings.add(&opinion, filter.level(), second.name());
                asked = Some(Asked::for_free(second.name(), &opinion.model));
            }
            Err(unheard) => {
                let error = unheard.into_error(second.name());
                if question.engine == AnalysisEngine::Provider {
                    let failed = Failed { error, billed: Vec::new() };
                    return Err(turn::give_up(&errand.books(), &seat, failed).await);
                }
                degraded = Some(error.kind());
            }
        }
    }
    errand.settle(seat, asked.as_ref()).await?;
    Ok(ModerateResponse {
        flagged: !findings.matches.is_empty(),
        categories: findings.categories(),
        scores: findings.scores,
        matches: findings.matches,
        provider: asked.map_or_else(|| ON_DEVICE.to_owned(), |asked| asked.provider),
        degraded,
    })
}

/// The tenant's filter at the wanted level; also where the operator switched filtering off, because nothing is stopped
/// here.
fn filter_at(view: &TenantView, wanted: Option<FilterLevel>) -> ContentFilter {
    let profile = &view.profile;
    let own = view.filter.as_ref().map_or(profile.filter_level.unwrap_or_default(), ContentFilter::level);
    let level = wanted.unwrap_or(own);
    match &view.filter {
        Some(filter) if filter.level() == level => filter.clone(),
        Some(_) | None => ContentFilter::new(level).with_lists(&profile.filter_allow, &profile.filter_block),
    }
}

fn whom_to_ask<'a>(
    engine: &'a Engine,
    wanted: AnalysisEngine,
    findings: &Findings,
) -> Option<&'a SecondOpinion> {
    let is_asked = match wanted {
        AnalysisEngine::Local => false,
        AnalysisEngine::Provider => true,
        AnalysisEngine::Auto => findings.doubt.is_some(),
    };
    engine.second_opinion.as_ref().filter(|_| is_asked)
}
