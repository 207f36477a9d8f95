//! A tenant's own prompt for a purpose, where a request names none.

use serde_json::{Map, Value};

use crate::error::StorageError;
use crate::prompts::{self, CustomPrompt};
use crate::service::Engine;
use crate::tenant::PromptPurpose;
use crate::tenant_view::TenantView;

/// What a tenant chose for a purpose.
#[derive(Debug)]
pub(crate) enum ForPurpose {
    /// Nothing.
    Nothing,
    /// This prompt, in the version in force.
    Prompt(Box<CustomPrompt>),
    /// A prompt that is not there any more.
    Vanished,
}

impl Engine {
    /// The tenant's own prompt for a purpose.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn prompt_for(
        &self,
        view: &TenantView,
        purpose: PromptPurpose,
    ) -> Result<ForPurpose, StorageError> {
        let Some(id) = view.tenant.settings.prompts.get(&purpose) else { return Ok(ForPurpose::Nothing) };
        let found = prompts::in_force(&*self.store, &view.tenant.id, id).await?;
        Ok(found.map_or(ForPurpose::Vanished, |prompt| ForPurpose::Prompt(Box::new(prompt))))
    }

    /// What a tenant adds to the fixed instructions of a purpose; `None`: nothing, or nothing that can be used now.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn addition(
        &self,
        view: &TenantView,
        purpose: PromptPurpose,
        context: &Map<String, Value>,
    ) -> Result<Option<String>, StorageError> {
        let prompt = match self.prompt_for(view, purpose).await? {
            ForPurpose::Nothing => return Ok(None),
            ForPurpose::Prompt(prompt) => prompt,
            ForPurpose::Vanished => {
                tracing::warn!(tenant = %view.tenant.id, ?purpose, "the prompt of a purpose is gone; the instructions stand alone");
                return Ok(None);
            }
        };
        match prompts::fill(&prompt, context, &self.known(view, None, None)) {
            Ok(filled) => Ok(Some(filled.text)),
            Err(problems) => {
                let missing: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
                tracing::warn!(
                    tenant = %view.tenant.id,
                    ?purpose,
                    prompt_id = %prompt.id,
                    missing = missing.join(", "),
                    "the prompt of a purpose cannot be filled; the instructions stand alone"
                );
                Ok(None)
            }
        }
    }
}
