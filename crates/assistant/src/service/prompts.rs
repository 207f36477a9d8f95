//! Custom prompts: making, changing, comparing. Publishing, testing and the rest stand in the files below.

mod draft;
mod file;
mod publish;
mod purpose;
mod render;
mod testing;
mod variables;

pub use draft::{FieldValues, PromptDraft};
pub(crate) use purpose::ForPurpose;

pub use file::{FiledPrompt, ImportOutcome, ImportedPrompt, PromptFile, PromptImport};
pub use publish::{PublishRequest, Publishing, RollBackRequest};
pub use render::{EstimatedCost, RenderRequest, RenderedPrompt};
pub use testing::{TestReport, TestRunRequest, TestSetDraft, TestedBefore};
pub use variables::VariableListing;

use super::Assistant;
use crate::author::Author;
use crate::error::{AIError, FieldProblem};
use crate::id::{PromptId, TenantId};
use crate::instructions;
use crate::prompts::{
    self, CustomPrompt, MAX_PROMPT_VERSIONS, MAX_PROMPTS, PromptDiff, PromptField, PromptLabel, PutPrompt,
};

const NO_PROMPT: AIError = AIError::NotFound { what: "prompt" };
const NO_VERSION: AIError = AIError::NotFound { what: "version" };

impl Assistant {
    /// The tenant's prompts by name, each in its newest version.
    ///
    /// # Errors
    /// Storage.
    pub async fn prompts(&self, tenant: &TenantId) -> Result<Vec<CustomPrompt>, AIError> {
        Ok(self.engine.store.prompts(tenant).await?)
    }

    /// One prompt in its newest version.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<CustomPrompt, AIError> {
        self.engine.store.prompt(tenant, id).await?.ok_or(NO_PROMPT)
    }

    /// Makes a prompt.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when the name is taken; storage.
    pub async fn create_prompt(
        &self,
        tenant: &TenantId,
        draft: PromptDraft,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let id = PromptId::new(self.engine.ids.next())
            .map_err(|why| AIError::Configuration(format!("the id source made an unusable id: {why}")))?;
        let prompt = self.first_version(id, draft, author)?;
        self.put(tenant, prompt).await
    }

    fn first_version(
        &self,
        id: PromptId,
        mut draft: PromptDraft,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let fields = draft.fields.take().unwrap_or_default();
        let variables = self.checked(&draft, &fields)?;
        let now = self.engine.clock.now();
        Ok(CustomPrompt {
            id,
            name: draft.name.trim().to_owned(),
            description: draft.description,
            template: draft.template,
            variables,
            fields,
            version: 1,
            label: PromptLabel::Draft,
            production_version: None,
            author: Some(author.clone()),
            note: draft.note,
            created_at: now,
            updated_at: now,
        })
    }

    /// Makes a new version of a prompt, a draft. Without fields in the draft, those of the newest version stay.
    ///
    /// # Errors
    /// As [`Assistant::create_prompt`], and [`AIError::NotFound`].
    pub async fn update_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        draft: PromptDraft,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let current = self.prompt(tenant, id).await?;
        let prompt = self.next_version(current, draft, author)?;
        self.put(tenant, prompt).await
    }

    fn next_version(
        &self,
        current: CustomPrompt,
        mut draft: PromptDraft,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let fields = draft.fields.take().unwrap_or_else(|| current.fields.clone());
        let variables = self.checked(&draft, &fields)?;
        Ok(CustomPrompt {
            name: draft.name.trim().to_owned(),
            description: draft.description,
            template: draft.template,
            variables,
            fields,
            version: current.version.saturating_add(1),
            label: PromptLabel::Draft,
            author: Some(author.clone()),
            note: draft.note,
            updated_at: self.engine.clock.now(),
            ..current
        })
    }

    /// Checks a draft with these fields, and that what is always there of it leaves room for a conversation: a prompt that
    /// fits into none would end every turn it is used in. Gives its variables.
    fn checked(&self, draft: &PromptDraft, fields: &[PromptField]) -> Result<Vec<String>, AIError> {
        let variables = draft.check(fields)?;
        let fixed =
            prompts::fixed_text(&draft.template, fields, &variables).map_err(AIError::InvalidRequest)?;
        let tokens = pytake_tokenizer::count(&instructions::with_contract(&fixed)) as u64;
        let most = self.engine.settings.max_instruction_tokens();
        if tokens > most {
            let problem = format!(
                "makes a prompt of {tokens} tokens, with its fields and what the server adds; at most {most} leave room for a \
                 conversation"
            );
            return Err(AIError::InvalidRequest(vec![FieldProblem::new("template", problem)]));
        }
        Ok(variables)
    }

    /// Makes a new version with other values in the fields; everything else is as in the newest.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each value; [`AIError::Conflict`] when somebody else was faster;
    /// [`AIError::NotFound`]; storage.
    pub async fn fill_in_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        filled: FieldValues,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let current = self.prompt(tenant, id).await?;
        let note = filled.note.clone();
        let fields: Vec<PromptField> = filled.into_fields(current.fields.clone())?;
        let draft = PromptDraft {
            name: current.name.clone(),
            description: current.description.clone(),
            template: current.template.clone(),
            variables: current.variables.clone(),
            fields: Some(fields.clone()),
            note,
            tenant_id: None,
        };
        let prompt =
            self.next_version(current, draft, author).map_err(|error| draft::as_values(error, &fields))?;
        self.put(tenant, prompt).await
    }

    async fn put(&self, tenant: &TenantId, prompt: CustomPrompt) -> Result<CustomPrompt, AIError> {
        match self.engine.store.put_prompt(tenant, &prompt).await? {
            PutPrompt::Stored => Ok(prompt),
            PutPrompt::NameTaken => {
                Err(AIError::Conflict(format!("another prompt is already named {:?}", prompt.name)))
            }
            PutPrompt::Full => Err(AIError::Conflict(format!(
                "a tenant can have at most {MAX_PROMPTS} prompts, and a prompt {MAX_PROMPT_VERSIONS} versions"
            ))),
            PutPrompt::Stale => {
                Err(AIError::Conflict("the prompt was changed meanwhile; read it again".to_owned()))
            }
        }
    }

    /// Deletes a prompt with all its versions.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn delete_prompt(&self, tenant: &TenantId, id: &PromptId) -> Result<(), AIError> {
        if self.engine.store.delete_prompt(tenant, id).await? { Ok(()) } else { Err(NO_PROMPT) }
    }

    /// The versions of a prompt, newest first; the oldest of very many are read by their number alone.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt_versions(
        &self,
        tenant: &TenantId,
        id: &PromptId,
    ) -> Result<Vec<CustomPrompt>, AIError> {
        let versions = self.engine.store.prompt_versions(tenant, id).await?;
        if versions.is_empty() { Err(NO_PROMPT) } else { Ok(versions) }
    }

    /// One version of a prompt; the newest where none is named.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt_version(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        version: Option<u32>,
    ) -> Result<CustomPrompt, AIError> {
        let Some(version) = version else { return self.prompt(tenant, id).await };
        if let Some(prompt) = self.engine.store.prompt_version(tenant, id, version).await? {
            return Ok(prompt);
        }
        self.prompt(tenant, id).await?;
        Err(NO_VERSION)
    }

    /// What changed between two versions of a prompt: by default from the one in production, or the one before, to the
    /// newest.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn compare_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        from: Option<u32>,
        to: Option<u32>,
    ) -> Result<PromptDiff, AIError> {
        let to = self.prompt_version(tenant, id, to).await?;
        let usual = to.production_version.unwrap_or_else(|| to.version.saturating_sub(1).max(1));
        let from = self.prompt_version(tenant, id, Some(from.unwrap_or(usual))).await?;
        // Off the runtime: texts of many lines take milliseconds.
        let compared = tokio::task::spawn_blocking(move || prompts::diff(&from, &to)).await;
        compared.map_err(|error| {
            AIError::ServiceUnavailable(format!("the versions could not be compared: {error}"))
        })
    }
}
