//! Custom prompts: making, changing, previewing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Assistant;
use crate::error::{AIError, FieldProblem};
use crate::id::{PromptId, TenantId};
use crate::prompts::{CustomPrompt, PutPrompt};
use crate::template;

/// Longest template, in characters: about 4,000 tokens.
const MAX_TEMPLATE_CHARS: usize = 16_000;

/// What a caller writes of a prompt.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PromptDraft {
    /// Unique within the tenant, 1 to 100 characters.
    pub name: String,
    /// For people; at most 1,000 characters.
    #[serde(default)]
    pub description: String,
    /// Text with `{{variable}}` places; 1 to 16,000 characters.
    pub template: String,
    /// Exactly the variables the template uses, in any order.
    #[serde(default)]
    pub variables: Vec<String>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

impl PromptDraft {
    fn check(&self) -> Result<Vec<String>, AIError> {
        let mut problems = Vec::new();
        let name_chars = self.name.trim().chars().count();
        if name_chars == 0 || name_chars > 100 || self.name.chars().any(char::is_control) {
            problems.push(FieldProblem::new(
                "name",
                "must have 1 to 100 characters, none of them control characters",
            ));
        }
        if self.description.chars().count() > 1_000 {
            problems.push(FieldProblem::new("description", "must have at most 1000 characters"));
        }
        if self.template.trim().is_empty() || self.template.chars().count() > MAX_TEMPLATE_CHARS {
            problems.push(FieldProblem::new("template", "must have 1 to 16000 characters"));
        } else {
            problems.extend(template::check(&self.template, &self.variables));
        }
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        template::variables_of(&self.template).map_err(|why| AIError::invalid("template", why.to_string()))
    }
}

/// A prompt with its places filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenderedPrompt {
    /// The text.
    pub text: String,
    /// o200k tokens of it.
    pub tokens: u64,
}

const NO_PROMPT: AIError = AIError::NotFound { what: "prompt" };

impl Assistant {
    /// The tenant's prompts by name.
    ///
    /// # Errors
    /// Storage.
    pub async fn prompts(&self, tenant: &TenantId) -> Result<Vec<CustomPrompt>, AIError> {
        Ok(self.engine.store.prompts(tenant).await?)
    }

    /// One prompt.
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
    ) -> Result<CustomPrompt, AIError> {
        let variables = draft.check()?;
        let now = self.engine.clock.now();
        let id = PromptId::new(self.engine.ids.next())
            .map_err(|why| AIError::Configuration(format!("the id source made an unusable id: {why}")))?;
        let prompt = CustomPrompt {
            id,
            name: draft.name.trim().to_owned(),
            description: draft.description,
            template: draft.template,
            variables,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        self.put(tenant, prompt).await
    }

    /// Makes a new version of a prompt.
    ///
    /// # Errors
    /// As [`Assistant::create_prompt`], and [`AIError::NotFound`].
    pub async fn update_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        draft: PromptDraft,
    ) -> Result<CustomPrompt, AIError> {
        let current = self.prompt(tenant, id).await?;
        let variables = draft.check()?;
        let prompt = CustomPrompt {
            name: draft.name.trim().to_owned(),
            description: draft.description,
            template: draft.template,
            variables,
            version: current.version + 1,
            updated_at: self.engine.clock.now(),
            ..current
        };
        self.put(tenant, prompt).await
    }

    async fn put(&self, tenant: &TenantId, prompt: CustomPrompt) -> Result<CustomPrompt, AIError> {
        match self.engine.store.put_prompt(tenant, &prompt).await? {
            PutPrompt::Stored => Ok(prompt),
            PutPrompt::NameTaken => {
                Err(AIError::Conflict(format!("another prompt is already named {:?}", prompt.name)))
            }
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

    /// All versions of a prompt, newest first.
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

    /// Fills a prompt's places, for a preview.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming missing and unknown variables; [`AIError::NotFound`]; storage.
    pub async fn render_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        variables: &Map<String, Value>,
    ) -> Result<RenderedPrompt, AIError> {
        let prompt = self.prompt(tenant, id).await?;
        let text = template::render(&prompt.template, variables).map_err(AIError::InvalidRequest)?;
        let tokens = pytake_tokenizer::count(&text) as u64;
        Ok(RenderedPrompt { text, tokens })
    }
}
