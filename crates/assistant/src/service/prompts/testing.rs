//! Runs a prompt's test set: each case is a turn of its own that is booked and leaves nothing else.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::NO_PROMPT;
use crate::author::Author;
use crate::chat::{ChatRequest, ChatResponse};
use crate::error::AIError;
use crate::id::{PromptId, TenantId};
use crate::ledger::Operation;
use crate::prompts::{CaseResult, CustomPrompt, TestCase, TestRun, TestSet, check_cases, judge};
use crate::service::finishing::Finishing;
use crate::service::{Answered, Assistant, Engine, run};
use crate::turn::Outlet;

/// Cases that run at the same time: a provider's queue is for customers first. A choice.
const AT_ONCE: usize = 4;
/// Deadlines of a request that a whole run has: with four at once, thirteen cases each could take all of theirs only in
/// a set of fifty where everything stalls, and then waiting longer tells nothing.
const DEADLINES: u32 = 4;

/// What a caller writes of a test set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSetDraft {
    /// At most 50; none: there is nothing to test.
    pub cases: Vec<TestCase>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What to test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestRunRequest {
    /// Which version; `None`: the newest.
    pub version: Option<u32>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// How a version did, beside the one in production.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestReport {
    /// The run.
    pub run: TestRun,
    /// The last run of the version in production; null: there is none, or it is this version.
    pub production: Option<TestedBefore>,
    /// What a run of this version costs more (or, below zero, less) than one of that; null where a cost is unknown or the
    /// cases have changed since.
    pub cost_difference_micro_usd: Option<i64>,
}

/// The last run of another version, without its cases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TestedBefore {
    /// Which version.
    pub version: u32,
    /// When it ran.
    pub ran_at: Timestamp,
    /// Whether it ran the same cases.
    pub is_same_cases: bool,
    /// Cases that went as they must.
    pub passed: u32,
    /// Cases that did not.
    pub failed: u32,
    /// Input and output tokens of all billed calls.
    pub tokens_used: u64,
    /// Millionths of a US dollar, or null where the cost of a case is not known.
    pub cost_micro_usd: Option<i64>,
}

impl Assistant {
    /// A prompt's test set; empty where nobody wrote one.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt_tests(&self, tenant: &TenantId, id: &PromptId) -> Result<TestSet, AIError> {
        let prompt = self.prompt(tenant, id).await?;
        let set = self.engine.store.test_set(tenant, id).await?;
        Ok(set.unwrap_or(TestSet { cases: Vec::new(), updated_at: prompt.created_at }))
    }

    /// Replaces a prompt's test set.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::NotFound`]; storage.
    pub async fn put_prompt_tests(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        cases: Vec<TestCase>,
    ) -> Result<TestSet, AIError> {
        let mut problems = Vec::new();
        check_cases(&cases, &mut problems);
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let set = TestSet { cases, updated_at: self.engine.clock.now() };
        if self.engine.store.put_test_set(tenant, id, &set).await? { Ok(set) } else { Err(NO_PROMPT) }
    }

    /// The last run of each version, newest version first.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt_test_runs(&self, tenant: &TenantId, id: &PromptId) -> Result<Vec<TestRun>, AIError> {
        self.prompt(tenant, id).await?;
        Ok(self.engine.store.test_runs(tenant, id).await?)
    }

    /// Runs a prompt's test set on a version, and keeps how it went.
    ///
    /// # Errors
    /// [`AIError::Conflict`] where there are no cases; [`AIError::NotFound`]; storage. A case that fails for whatever
    /// reason, limits and money included, is a failed case.
    ///
    /// # Cancel safety
    /// A dropped call does not stop the run: what a provider has answered is booked.
    pub async fn run_prompt_tests(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        version: Option<u32>,
        author: &Author,
    ) -> Result<TestReport, AIError> {
        let prompt = self.prompt_version(tenant, id, version).await?;
        let report = self.tested(tenant, &prompt, author).await?;
        report.ok_or_else(|| AIError::Conflict("the prompt has no test cases; write some first".to_owned()))
    }

    /// Runs the test set on a version; `None`: there are no cases.
    pub(super) async fn tested(
        &self,
        tenant: &TenantId,
        prompt: &CustomPrompt,
        author: &Author,
    ) -> Result<Option<TestReport>, AIError> {
        let set = self.engine.store.test_set(tenant, &prompt.id).await?;
        let Some(set) = set.filter(|set| !set.cases.is_empty()) else { return Ok(None) };
        let assistant = self.clone();
        let (tenant, prompt, author) = (tenant.clone(), prompt.clone(), author.clone());
        let work = async move { assistant.test(&tenant, &prompt, author, &set).await };
        Finishing::new(&self.engine.tasks, work).await.map(Some)
    }

    async fn test(
        &self,
        tenant: &TenantId,
        prompt: &CustomPrompt,
        author: Author,
        set: &TestSet,
    ) -> Result<TestReport, AIError> {
        let engine = &self.engine;
        let deadline = engine.clock.elapsed() + engine.settings.request_timeout * DEADLINES;
        let mut running = Vec::new();
        for (place, case) in set.cases.iter().enumerate() {
            running.push(self.try_case(tenant, prompt, place, case, deadline));
        }
        let cases: Vec<CaseResult> = futures::stream::iter(running).buffered(AT_ONCE).collect().await;
        let run = TestRun::of(prompt.version, author, engine.clock.now(), set, cases);
        if !engine.store.put_test_run(tenant, &prompt.id, &run).await? {
            return Err(NO_PROMPT);
        }
        let other = prompt.production_version.filter(|version| *version != prompt.version);
        let before = match other {
            Some(version) => engine.store.test_run(tenant, &prompt.id, version).await?,
            None => None,
        };
        Ok(TestReport::of(run, before))
    }

    async fn try_case(
        &self,
        tenant: &TenantId,
        prompt: &CustomPrompt,
        place: usize,
        case: &TestCase,
        deadline: Duration,
    ) -> CaseResult {
        let answered = self.answer_case(tenant, prompt, place, case, deadline).await;
        judge(case, &answered, |provider| reads_prompts(&self.engine, provider))
    }

    async fn answer_case(
        &self,
        tenant: &TenantId,
        prompt: &CustomPrompt,
        place: usize,
        case: &TestCase,
        deadline: Duration,
    ) -> Result<ChatResponse, AIError> {
        if self.engine.time_left(deadline).is_zero() {
            return Err(AIError::ServiceUnavailable("the run's time was over before its turn".to_owned()));
        }
        let request = ChatRequest {
            message: case.input.clone(),
            // A customer of its own for every case, so that no real one's day is counted, and no case another's.
            user_id: format!("prompt_test:{}:{}", prompt.id, place + 1),
            context: case.context.clone(),
            prompt: Some(format!("{}@{}", prompt.id, prompt.version)),
            store: false,
            ..ChatRequest::default()
        };
        let mut request = self.check(tenant, request)?;
        request.operation = Operation::PromptTest;
        request.deadline = request.deadline.min(deadline);
        run(&self.engine, request, Outlet::Whole).await.0.and_then(Answered::of_caller)
    }
}

/// A model does, and so does the turn that decides without one; what the device answers from approved content does not.
fn reads_prompts(engine: &Arc<Engine>, provider: &str) -> bool {
    !engine.is_local(provider)
}

impl TestReport {
    fn of(run: TestRun, before: Option<TestRun>) -> Self {
        let production = before.map(|before| TestedBefore {
            version: before.version,
            ran_at: before.ran_at,
            is_same_cases: before.cases_updated_at == run.cases_updated_at,
            passed: before.passed,
            failed: before.failed,
            tokens_used: before.tokens_used,
            cost_micro_usd: before.cost_micro_usd,
        });
        let comparable = production.as_ref().filter(|before| before.is_same_cases);
        let before = comparable.and_then(|before| before.cost_micro_usd);
        let cost_difference_micro_usd = match (run.cost_micro_usd, before) {
            (Some(now), Some(before)) => now.checked_sub(before),
            (None, _) | (_, None) => None,
        };
        Self { run, production, cost_difference_micro_usd }
    }
}
