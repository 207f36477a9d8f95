//! What a turn needs to know of a tenant, prepared once per change of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pytake_understanding::entities::{Catalogue, Country};
use pytake_understanding::filter::{ContentFilter, FilterLevel, Phrases};
use pytake_understanding::message::Message;
use pytake_understanding::retrieval::{self, ANSWER_FROM, ASK_FROM, AnswerIndex, Meaning};

use regex::{Regex, RegexBuilder};

use crate::Storage;
use crate::analysis::Topics;
use crate::answers::{ApprovedAnswer, Fit, FoundAnswer};
use crate::error::AIError;
use crate::id::TenantId;
use crate::instructions;
use crate::intents::IntentSet;
use crate::router::{OwnKey, OwnKeys, Terms};
#[cfg(test)]
use crate::tenant::TenantSettings;
use crate::tenant::{OwnPrices, Tenant, TenantProfile};

/// Most memory that a tenant's regular expression may take, in bytes: twenty of them are a megabyte.
pub(crate) const ORDER_PATTERN_BYTES: usize = 50_000;

/// Where a business lives that does not say: most are in Brazil, and most of those share this time.
const HOME_TIME_ZONE: &str = "America/Sao_Paulo";

/// Questions of a tenant that are found by their meaning; those beyond are found by their words alone. Comparing a
/// message with so many takes about half a millisecond, embedding them two seconds.
const MAX_QUESTIONS: usize = 4_000;

/// Meanings kept, of half a kilobyte each: 10 MB.
const MAX_MEANINGS: u64 = 20_000;

/// Tenants kept prepared; the least used are dropped beyond this.
const MAX_TENANTS: u64 = 1_000;

/// Approved answers given to a model as facts, at most.
pub(crate) const MAX_FACTS: usize = 4;

/// A tenant, prepared: profile, filter, search index, default instructions with their token count.
#[derive(Debug)]
pub(crate) struct TenantView {
    pub(crate) profile: TenantProfile,
    /// The store's version of all of it.
    pub(crate) version: i64,
    /// What it may use and spend, and whether it is suspended.
    pub(crate) tenant: Tenant,
    /// What its calls of providers go by.
    pub(crate) terms: Arc<Terms>,
    /// Its own prices, which go before the server's.
    pub(crate) prices: OwnPrices,
    /// `None` when the operator switched filtering off.
    pub(crate) filter: Option<ContentFilter>,
    /// What it never says.
    pub(crate) never_say: Phrases,
    /// With the tokens each takes in a prompt at most.
    answers: Vec<(Arc<ApprovedAnswer>, u64)>,
    index: AnswerIndex,
    /// What its messages are read by.
    pub(crate) topics: Arc<Topics>,
    /// Version of its own intents; `None`: it has none, and the built-in ones count.
    pub(crate) intents_version: Option<u64>,
    pub(crate) country: Country,
    pub(crate) time_zone: TimeZone,
    pub(crate) catalogue: Catalogue,
    pub(crate) order_patterns: Vec<Regex>,
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
    pub(crate) fit: Fit,
}

/// What is stored of a tenant, in one version.
struct Stored {
    tenant: Tenant,
    version: i64,
    profile: TenantProfile,
    answers: Vec<ApprovedAnswer>,
    intents: Option<IntentSet>,
    own_keys: BTreeMap<String, OwnKey>,
}

impl TenantView {
    /// Whether personal data is hidden from providers.
    pub(crate) fn masks_personal_data(&self) -> bool {
        self.tenant.settings.privacy.masks_personal_data
    }

    fn prepare(
        stored: Stored,
        server_level: Option<FilterLevel>,
        meanings: &moka::sync::Cache<Box<str>, Meaning>,
    ) -> Self {
        let Stored { tenant, version, profile, answers, intents, own_keys } = stored;
        let own = intents.as_ref().filter(|set| !set.intents.is_empty());
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
        let mut embedded = 0;
        let index = AnswerIndex::build(documents, |question| {
            embedded += 1;
            let read = || Meaning::of(&Message::new(question));
            (embedded <= MAX_QUESTIONS).then(|| meanings.get_with(question.into(), read))
        });
        let with_tokens = |answer: ApprovedAnswer| {
            let tokens = answer.longest_tokens();
            (Arc::new(answer), tokens)
        };
        let answers = answers.into_iter().map(with_tokens).collect();
        let system = instructions::system_prompt(&profile, true);
        // Checked when the profile was stored; one written by a newer version is read as far as we know it.
        let order_patterns = profile
            .order_patterns
            .iter()
            .filter_map(|pattern| RegexBuilder::new(pattern).size_limit(ORDER_PATTERN_BYTES).build().ok())
            .collect();
        let time_zone =
            Some(profile.time_zone.as_str()).filter(|name| !name.is_empty()).unwrap_or(HOME_TIME_ZONE);
        Self {
            filter,
            index,
            topics: Arc::new(Topics::of(own.map_or(&[], |set| &set.intents))),
            intents_version: own.map(|set| set.version),
            country: Country::from_code(&profile.country).unwrap_or_default(),
            time_zone: TimeZone::get(time_zone).unwrap_or(TimeZone::UTC),
            catalogue: Catalogue::new(profile.products.iter().cloned()),
            order_patterns,
            system_tokens: pytake_tokenizer::count(&system) as u64,
            system: system.into(),
            never_say: Phrases::new(&profile.never_say),
            business_name: profile.business_name.as_str().into(),
            answers,
            profile,
            version,
            prices: OwnPrices::of(&tenant.settings.prices),
            terms: Arc::new(Terms { rules: tenant.settings.providers.clone(), own_keys }),
            tenant,
        }
    }

    /// A tenant that has stored nothing.
    #[cfg(test)]
    pub(crate) fn of_nothing() -> Self {
        let meanings = moka::sync::Cache::new(1);
        let tenant = Tenant {
            id: TenantId::default_tenant(),
            created_at: None,
            suspended_at: None,
            settings: TenantSettings::default(),
        };
        let stored = Stored {
            tenant,
            version: 0,
            profile: TenantProfile::default(),
            answers: Vec::new(),
            intents: None,
            own_keys: BTreeMap::new(),
        };
        Self::prepare(stored, None, &meanings)
    }

    /// Whether the operator of the server has suspended it.
    pub(crate) fn is_suspended(&self) -> bool {
        self.tenant.suspended_at.is_some()
    }

    /// Lets a request of a caller through.
    ///
    /// # Errors
    /// [`AIError::Conflict`] where the tenant is suspended: nothing is answered or spent for it.
    pub(crate) fn in_service(&self) -> Result<(), AIError> {
        if self.is_suspended() {
            return Err(AIError::Conflict("the tenant is suspended".to_owned()));
        }
        Ok(())
    }

    /// The time at the business's place.
    pub(crate) fn local_time(&self, now: Timestamp) -> DateTime {
        self.time_zone.to_datetime(now)
    }

    /// Searches the approved answers for a message.
    pub(crate) fn search(&self, message: &Message<'_>) -> Found {
        let candidates = self.index.search(message, MAX_FACTS);
        let answers: Vec<FoundAnswer> = candidates
            .entries
            .iter()
            .filter_map(|entry| {
                let answer = self.answers.get(entry.document)?;
                let (answer, tokens) = (Arc::clone(&answer.0), answer.1);
                Some(FoundAnswer { answer, score: entry.score, tokens })
            })
            .collect();
        let fit = match candidates.fit {
            fit if fit >= ANSWER_FROM => Fit::First(fit),
            fit if fit >= ASK_FROM && answers.len() >= 2 => Fit::OneOfTwo,
            _ => Fit::Nothing,
        };
        Found { answers, fit }
    }
}

/// Prepared tenants, each in the version the store has.
#[derive(Clone)]
pub(crate) struct TenantViews {
    views: moka::future::Cache<(TenantId, i64), Arc<TenantView>>,
    /// The meaning of questions by their text, so that a changed profile does not embed every question again.
    meanings: moka::sync::Cache<Box<str>, Meaning>,
    server_level: Option<FilterLevel>,
    /// `None`: no tenant has keys of its own.
    own_keys: Option<Arc<dyn OwnKeys>>,
}

impl TenantViews {
    pub(crate) fn new(server_level: Option<FilterLevel>, own_keys: Option<Arc<dyn OwnKeys>>) -> Self {
        Self {
            own_keys,
            views: moka::future::Cache::new(MAX_TENANTS),
            meanings: moka::sync::Cache::new(MAX_MEANINGS),
            server_level,
        }
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
        let key = (tenant.clone(), version);
        if let Some(view) = self.views.get(&key).await {
            return Ok(view);
        }
        let record = store.tenant(tenant).await?.ok_or(NO_TENANT)?;
        let profile = store.profile(tenant).await?.ok_or(NO_TENANT)?;
        let answers = store.answers(tenant).await?;
        let intents = store.intent_set(tenant).await?;
        let own_keys = match &self.own_keys {
            Some(own_keys) => own_keys.own_keys(tenant).await?,
            None => BTreeMap::new(),
        };
        let stored = Stored { tenant: record, version, profile, answers, intents, own_keys };
        let (level, meanings) = (self.server_level, self.meanings.clone());
        // Off the runtime, because thousands of questions take a second or two, and once for all turns that wait.
        let prepare = move || Arc::new(TenantView::prepare(stored, level, &meanings));
        let view = self.views.try_get_with(key, tokio::task::spawn_blocking(prepare)).await;
        let view = view.map_err(|error| {
            AIError::ServiceUnavailable(format!("the tenant could not be prepared: {error}"))
        })?;
        self.views.invalidate(&(tenant.clone(), version - 1)).await;
        Ok(view)
    }
}
