//! What a turn needs to know of a tenant, prepared once per change of it.

use std::sync::Arc;

use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::retrieval::{self, LexicalIndex};

use crate::Storage;
use crate::answers::{ApprovedAnswer, FoundAnswer};
use crate::error::AIError;
use crate::id::TenantId;
use crate::instructions;
use crate::tenant::TenantProfile;

/// Tenants kept prepared; the least used are dropped beyond this.
const MAX_TENANTS: u64 = 1_000;

/// Approved answers given to a model as facts, at most.
pub(crate) const MAX_FACTS: usize = 4;

/// A tenant, prepared: profile, filter, search index, default instructions with their token count.
#[derive(Debug)]
pub(crate) struct TenantView {
    version: i64,
    pub(crate) profile: TenantProfile,
    /// `None` when the operator switched filtering off.
    pub(crate) filter: Option<ContentFilter>,
    /// With the tokens each takes in a prompt at most.
    answers: Vec<(Arc<ApprovedAnswer>, u64)>,
    index: LexicalIndex,
    /// The default instructions, with the output contract.
    pub(crate) system: Arc<str>,
    /// o200k tokens of `system`.
    pub(crate) system_tokens: u64,
    pub(crate) business_name: Arc<str>,
}

/// Approved answers found for a message.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) answers: Vec<FoundAnswer>,
    pub(crate) is_confident: bool,
}

impl TenantView {
    fn prepare(
        version: i64,
        profile: TenantProfile,
        answers: Vec<ApprovedAnswer>,
        server_level: Option<FilterLevel>,
    ) -> Self {
        let filter = server_level.map(|level| {
            ContentFilter::new(profile.filter_level.unwrap_or(level))
                .with_lists(&profile.filter_allow, &profile.filter_block)
        });
        let in_all_languages: Vec<String> = answers
            .iter()
            .map(|answer| answer.answers.iter().map(|a| a.text.as_str()).collect::<Vec<_>>().join("\n"))
            .collect();
        let documents = answers.iter().zip(&in_all_languages).map(|(answer, text)| retrieval::Document {
            questions: answer.questions.iter().map(String::as_str).collect(),
            answer: text,
        });
        let index = LexicalIndex::build(documents);
        let with_tokens = |answer: ApprovedAnswer| {
            let tokens = answer.longest_tokens();
            (Arc::new(answer), tokens)
        };
        let answers = answers.into_iter().map(with_tokens).collect();
        let system = instructions::system_prompt(&profile, true);
        Self {
            version,
            filter,
            index,
            system_tokens: pytake_tokenizer::count(&system) as u64,
            system: system.into(),
            business_name: profile.business_name.as_str().into(),
            answers,
            profile,
        }
    }

    /// Searches the approved answers for a message.
    pub(crate) fn search(&self, message: &str) -> Found {
        let hits = self.index.search(message, MAX_FACTS);
        let is_confident = retrieval::is_confident(&hits);
        let answers = hits
            .iter()
            .filter_map(|hit| {
                let answer = self.answers.get(hit.document)?;
                let (answer, tokens) = (Arc::clone(&answer.0), answer.1);
                Some(FoundAnswer { answer, score: hit.score, coverage: hit.coverage, tokens })
            })
            .collect();
        Found { answers, is_confident }
    }
}

/// Prepared tenants, refreshed when their version in the store changes.
#[derive(Debug, Clone)]
pub(crate) struct TenantViews {
    views: moka::sync::Cache<TenantId, Arc<TenantView>>,
    server_level: Option<FilterLevel>,
}

impl TenantViews {
    pub(crate) fn new(server_level: Option<FilterLevel>) -> Self {
        Self { views: moka::sync::Cache::new(MAX_TENANTS), server_level }
    }

    /// The tenant as it is now, also when another process changed it a moment ago.
    ///
    /// # Errors
    /// [`AIError::NotFound`] when there is no such tenant; storage errors.
    pub(crate) async fn view(
        &self,
        store: &dyn Storage,
        tenant: &TenantId,
    ) -> Result<Arc<TenantView>, AIError> {
        const NO_TENANT: AIError = AIError::NotFound { what: "tenant" };
        let version = store.tenant_version(tenant).await?.ok_or(NO_TENANT)?;
        if let Some(view) = self.views.get(tenant)
            && view.version == version
        {
            return Ok(view);
        }
        let profile = store.profile(tenant).await?.ok_or(NO_TENANT)?;
        let answers = store.answers(tenant).await?;
        let view = Arc::new(TenantView::prepare(version, profile, answers, self.server_level));
        self.views.insert(tenant.clone(), Arc::clone(&view));
        Ok(view)
    }
}
