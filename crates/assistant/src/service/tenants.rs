//! Tenants as an operator of the server handles them, and what each may use and spend.

mod check;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Assistant;
use crate::author::Author;
use crate::clock::utc_day;
use crate::conversation::Page;
use crate::error::{AIError, FieldProblem};
use crate::id::TenantId;
use crate::tenant::{
    Edit, NewTenant, PromptPurpose, PutVersion, SettingsRight, Tenant, TenantEntry, TenantPart,
    TenantProfile, TenantSettings, TenantVersion, Versioned,
};
use check::{ServerFacts, check_settings};

/// Longest note on a change, in characters.
const MAX_NOTE_CHARS: usize = 500;
/// Tenants on a page, at most.
const MAX_PAGE: u32 = 200;
/// How often a change without a version is tried where somebody else is faster each time. A choice.
const MAX_TRIES: u32 = 3;

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
            problems.extend(within("profile", self.profile_problems(profile)));
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
        let Tenant { id, created_at, suspended_at, .. } = store.tenant(id).await?.ok_or(NO_TENANT)?;
        // Each part with its version in one read: a change in between would be written over by whoever trusts the number.
        let (profile, profile_version) = match store.profile_version(&id, None).await? {
            Some(newest) => (newest.value, newest.version.version),
            None => (store.profile(&id).await?.ok_or(NO_TENANT)?, 0),
        };
        let CurrentSettings { version: settings_version, settings } = self.settings(&id).await?;
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

    /// Replaces the tenant's settings, as far as the right of whoever changes them goes; the next message already goes by
    /// them.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Forbidden`] naming each section that the right does not
    /// cover; [`AIError::Conflict`] when they were changed meanwhile; [`AIError::NotFound`]; storage.
    pub async fn put_settings(
        &self,
        tenant: &TenantId,
        draft: SettingsDraft,
        author: Author,
        right: SettingsRight,
    ) -> Result<CurrentSettings, AIError> {
        let SettingsDraft { settings, version, note } = draft;
        let edit = Edit { author, note, based_on: version };
        self.change_settings(tenant, settings, &edit, right, "settings.").await
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
    /// [`AIError::Forbidden`] naming each section that would change and that the right does not cover;
    /// [`AIError::NotFound`]; storage.
    pub async fn restore_settings(
        &self,
        tenant: &TenantId,
        version: u64,
        author: Author,
        right: SettingsRight,
    ) -> Result<CurrentSettings, AIError> {
        let earlier = self.settings_version(tenant, version).await?;
        self.change_settings(tenant, earlier.value, &back_to(version, author), right, "").await
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

    /// Puts settings in force; `place` stands before the fields that are named.
    async fn change_settings(
        &self,
        tenant: &TenantId,
        settings: TenantSettings,
        edit: &Edit,
        right: SettingsRight,
        place: &str,
    ) -> Result<CurrentSettings, AIError> {
        for _ in 0..MAX_TRIES {
            let current = self.settings(tenant).await?;
            if edit.based_on.is_some_and(|version| version != current.version) {
                break;
            }
            let lacks = right.lacks(&current.settings, &settings);
            if !lacks.is_empty() {
                return Err(AIError::Forbidden(lacks));
            }
            let mut problems = self.new_problems(tenant, &current.settings, &settings).await?;
            for problem in &mut problems {
                problem.field.insert_str(0, place);
            }
            check_note(&edit.note, &mut problems);
            refuse(problems)?;
            // What a right was held against must be what is replaced; whoever may change everything need not look.
            let looked_at = (right == SettingsRight::Unlocked).then_some(current.version);
            let attempt = Edit { based_on: edit.based_on.or(looked_at), ..edit.clone() };
            let now = self.engine.clock.now();
            match self.engine.store.put_settings(tenant, &settings, &attempt, now).await? {
                PutVersion::Stored(version) => return Ok(CurrentSettings { version, settings }),
                PutVersion::Stale if edit.based_on.is_some() => break,
                PutVersion::Stale => {}
            }
        }
        Err(stale("the settings were"))
    }

    /// What is wrong with settings and was not wrong before: a provider that the operator took away, or a prompt that was
    /// deleted, must not keep anybody from changing something else.
    async fn new_problems(
        &self,
        tenant: &TenantId,
        now: &TenantSettings,
        next: &TenantSettings,
    ) -> Result<Vec<FieldProblem>, AIError> {
        let mut problems = self.settings_problems(tenant, next).await?;
        if !problems.is_empty() {
            let standing = self.settings_problems(tenant, now).await?;
            problems.retain(|problem| !standing.contains(problem));
        }
        Ok(problems)
    }

    /// What is wrong with settings of a tenant on this server.
    async fn settings_problems(
        &self,
        tenant: &TenantId,
        settings: &TenantSettings,
    ) -> Result<Vec<FieldProblem>, AIError> {
        // Rules and prices are also of those that are asked beside the router.
        let beside = [
            self.engine.stenographer.as_ref().map(|stenographer| stenographer.name().to_owned()),
            self.engine.second_opinion.as_ref().map(|second| second.name().to_owned()),
        ];
        let providers: Vec<String> =
            self.engine.provider_names.iter().cloned().chain(beside.into_iter().flatten()).collect();
        let server = ServerFacts {
            providers: &providers,
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
