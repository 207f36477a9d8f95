//! Tenants as an operator of the server handles them, and what each may use and spend.

mod check;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Assistant;
use super::profile::check_profile;
use crate::author::Author;
use crate::clock::utc_day;
use crate::conversation::Page;
use crate::error::{AIError, FieldProblem};
use crate::id::TenantId;
use crate::tenant::{
    Edit, NewTenant, PromptPurpose, PutVersion, Tenant, TenantEntry, TenantPart, TenantProfile,
    TenantSettings, TenantVersion, Versioned,
};
use check::{ServerFacts, check_settings};

/// Longest note on a change, in characters.
const MAX_NOTE_CHARS: usize = 500;
/// Tenants on a page, at most.
const MAX_PAGE: u32 = 200;

/// What is written of a new tenant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TenantDraft {
    /// Its id, for good.
    pub id: TenantId,
    /// What it says about itself.
    #[serde(default)]
    pub profile: Option<TenantProfile>,
    /// What it may use and spend.
    #[serde(default)]
    pub settings: Option<TenantSettings>,
    /// Why, for people.
    #[serde(default)]
    pub note: String,
}

/// What is written of a tenant's settings.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsDraft {
    /// All of them: what is left out goes back to the server's.
    pub settings: TenantSettings,
    /// The version they were made from; with another one as the newest by now, nothing is changed.
    #[serde(default)]
    pub version: Option<u64>,
    /// Why, for people.
    #[serde(default)]
    pub note: String,
}

/// A tenant's settings as they are in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CurrentSettings {
    /// Their version; 0 where nobody has set any.
    pub version: u64,
    /// The settings.
    pub settings: TenantSettings,
}

/// Everything a tenant is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TenantDetail {
    /// Its id.
    pub id: TenantId,
    /// As [`Tenant::created_at`].
    pub created_at: Option<Timestamp>,
    /// As [`Tenant::suspended_at`].
    pub suspended_at: Option<Timestamp>,
    /// What it says about itself.
    pub profile: TenantProfile,
    /// Version of the profile; 0 where nobody has written one.
    pub profile_version: u64,
    /// What it may use and spend.
    pub settings: TenantSettings,
    /// Version of the settings; 0 where nobody has set any.
    pub settings_version: u64,
}

const NO_TENANT: AIError = AIError::NotFound { what: "tenant" };
const NO_VERSION: AIError = AIError::NotFound { what: "version" };

impl Assistant {
    /// Makes a tenant.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when there is one of that id; storage.
    pub async fn create_tenant(&self, draft: TenantDraft, author: Author) -> Result<TenantDetail, AIError> {
        let mut problems = Vec::new();
        if let Some(profile) = &draft.profile {
            problems.extend(within("profile", check_profile(profile)));
        }
        if let Some(settings) = &draft.settings {
            problems.extend(within("settings", self.settings_problems(&draft.id, settings).await?));
        }
        check_note(&draft.note, &mut problems);
        refuse(problems)?;
        let new = NewTenant { id: draft.id, profile: draft.profile, settings: draft.settings };
        let edit = Edit { note: draft.note, ..Edit::by(author) };
        if !self.engine.store.create_tenant(&new, &edit, self.engine.clock.now()).await? {
            return Err(AIError::Conflict(format!("there is already a tenant {}", new.id)));
        }
        self.tenant(&new.id).await
    }

    /// A page of the server's tenants, by id.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for a page of none or of more than 200; storage.
    pub async fn tenants(&self, after: Option<&str>, limit: u32) -> Result<Page<TenantEntry>, AIError> {
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(AIError::invalid("limit", "must be from 1 to 200"));
        }
        Ok(self.engine.store.tenant_page(after, limit).await?)
    }

    /// A tenant with its profile and settings.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn tenant(&self, id: &TenantId) -> Result<TenantDetail, AIError> {
        let store = &self.engine.store;
        let Tenant { id, created_at, suspended_at, settings } = store.tenant(id).await?.ok_or(NO_TENANT)?;
        let profile = store.profile(&id).await?.ok_or(NO_TENANT)?;
        let newest = |versions: Vec<TenantVersion>| versions.first().map_or(0, |newest| newest.version);
        let profile_version = newest(store.tenant_versions(&id, TenantPart::Profile).await?);
        let settings_version = newest(store.tenant_versions(&id, TenantPart::Settings).await?);
        Ok(TenantDetail {
            id,
            created_at,
            suspended_at,
            profile,
            profile_version,
            settings,
            settings_version,
        })
    }

    /// Suspends a tenant: its keys open nothing, what its customers write is kept, and nothing is said or spent.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn suspend_tenant(&self, id: &TenantId) -> Result<TenantDetail, AIError> {
        let now = self.engine.clock.now();
        self.engine.store.set_suspended(id, Some(now)).await?.ok_or(NO_TENANT)?;
        self.tenant(id).await
    }

    /// Lets a suspended tenant go on. What arrived meanwhile is not answered any more.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn resume_tenant(&self, id: &TenantId) -> Result<TenantDetail, AIError> {
        self.engine.store.set_suspended(id, None).await?.ok_or(NO_TENANT)?;
        self.tenant(id).await
    }

    /// The tenant's settings.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn settings(&self, tenant: &TenantId) -> Result<CurrentSettings, AIError> {
        if let Some(newest) = self.engine.store.settings_version(tenant, None).await? {
            return Ok(CurrentSettings { version: newest.version.version, settings: newest.value });
        }
        let settings = self.engine.store.tenant(tenant).await?.ok_or(NO_TENANT)?.settings;
        Ok(CurrentSettings { version: 0, settings })
    }

    /// Replaces the tenant's settings; the next message already goes by them.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when they were changed meanwhile;
    /// [`AIError::NotFound`]; storage.
    pub async fn put_settings(
        &self,
        tenant: &TenantId,
        draft: SettingsDraft,
        author: Author,
    ) -> Result<CurrentSettings, AIError> {
        let SettingsDraft { settings, version, note } = draft;
        self.engine.store.tenant(tenant).await?.ok_or(NO_TENANT)?;
        let mut problems: Vec<FieldProblem> =
            within("settings", self.settings_problems(tenant, &settings).await?).collect();
        check_note(&note, &mut problems);
        refuse(problems)?;
        self.store_settings(tenant, settings, &Edit { author, note, based_on: version }).await
    }

    /// The kept versions of the settings, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn settings_versions(&self, tenant: &TenantId) -> Result<Vec<TenantVersion>, AIError> {
        Ok(self.engine.store.tenant_versions(tenant, TenantPart::Settings).await?)
    }

    /// One version of the settings.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn settings_version(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Versioned<TenantSettings>, AIError> {
        self.engine.store.settings_version(tenant, Some(version)).await?.ok_or(NO_VERSION)
    }

    /// Makes an earlier version of the settings the newest.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field that cannot be in force any more, a prompt that is gone for instance;
    /// [`AIError::NotFound`]; storage.
    pub async fn restore_settings(
        &self,
        tenant: &TenantId,
        version: u64,
        author: Author,
    ) -> Result<CurrentSettings, AIError> {
        let earlier = self.settings_version(tenant, version).await?;
        refuse(self.settings_problems(tenant, &earlier.value).await?)?;
        self.store_settings(tenant, earlier.value, &back_to(version, author)).await
    }

    /// The kept versions of the profile, newest first.
    ///
    /// # Errors
    /// Storage.
    pub async fn profile_versions(&self, tenant: &TenantId) -> Result<Vec<TenantVersion>, AIError> {
        Ok(self.engine.store.tenant_versions(tenant, TenantPart::Profile).await?)
    }

    /// One version of the profile.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn profile_version(
        &self,
        tenant: &TenantId,
        version: u64,
    ) -> Result<Versioned<TenantProfile>, AIError> {
        self.engine.store.profile_version(tenant, Some(version)).await?.ok_or(NO_VERSION)
    }

    /// Makes an earlier version of the profile the newest.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; [`AIError::InvalidRequest`] naming each field that is not accepted any more; storage.
    pub async fn restore_profile(
        &self,
        tenant: &TenantId,
        version: u64,
        author: Author,
    ) -> Result<TenantProfile, AIError> {
        let earlier = self.profile_version(tenant, version).await?;
        self.put_profile(tenant, earlier.value, back_to(version, author)).await
    }

    async fn store_settings(
        &self,
        tenant: &TenantId,
        settings: TenantSettings,
        edit: &Edit,
    ) -> Result<CurrentSettings, AIError> {
        let now = self.engine.clock.now();
        match self.engine.store.put_settings(tenant, &settings, edit, now).await? {
            PutVersion::Stored(version) => Ok(CurrentSettings { version, settings }),
            PutVersion::Stale => Err(stale("the settings were")),
        }
    }

    /// What is wrong with settings of a tenant on this server.
    async fn settings_problems(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
    ) -> Result<Vec<FieldProblem>, AIError> {
        let server = ServerFacts {
            providers: &self.engine.provider_names,
            daily_request_limit: self.engine.settings.daily_request_limit,
            catalog: &self.engine.catalog,
            today: utc_day(self.engine.clock.now()),
        };
        let mut problems = check_settings(settings, &server);
        for (purpose, prompt) in &settings.prompts {
            if self.engine.store.prompt(tenant, prompt).await?.is_none() {
                let field = format!("prompts.{}", name_of(*purpose));
                problems.push(FieldProblem::new(field, "names no prompt of this tenant; give a prompt's id"));
            }
        }
        Ok(problems)
    }
}

/// As a purpose is written in settings.
fn name_of(purpose: PromptPurpose) -> &'static str {
    match purpose {
        PromptPurpose::Reply => "reply",
        PromptPurpose::Analysis => "analysis",
        PromptPurpose::Classification => "classification",
        PromptPurpose::Summary => "summary",
    }
}

fn back_to(version: u64, author: Author) -> Edit {
    Edit { note: format!("back to version {version}"), ..Edit::by(author) }
}

/// Somebody else was faster.
pub(super) fn stale(what: &str) -> AIError {
    AIError::Conflict(format!("{what} changed by somebody else meanwhile; read the newest version again"))
}

/// Checks what people read about a change.
pub(super) fn check_note(note: &str, problems: &mut Vec<FieldProblem>) {
    if note.chars().count() > MAX_NOTE_CHARS || note.chars().any(char::is_control) {
        problems.push(FieldProblem::new("note", "must have at most 500 characters on one line"));
    }
}

pub(super) fn refuse(problems: Vec<FieldProblem>) -> Result<(), AIError> {
    if problems.is_empty() { Ok(()) } else { Err(AIError::InvalidRequest(problems)) }
}

/// The fields as they are named where they stand inside another one.
fn within(field: &str, problems: Vec<FieldProblem>) -> impl Iterator<Item = FieldProblem> {
    problems
        .into_iter()
        .map(move |problem| FieldProblem::new(format!("{field}.{}", problem.field), problem.problem))
}
