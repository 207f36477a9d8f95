//! Publishing a version, and going back.

use serde::{Deserialize, Serialize};

use super::draft::check_note;
use super::{NO_PROMPT, NO_VERSION, TestReport};
use crate::author::Author;
use crate::error::AIError;
use crate::id::{PromptId, TenantId};
use crate::prompts::{CustomPrompt, Publication, PublicationKind, RollBack};
use crate::service::Assistant;

/// What to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PublishRequest {
    /// Which version; `None`: the newest.
    pub version: Option<u32>,
    /// Why, for people; at most 500 characters.
    pub note: String,
    /// Whether it goes into production without running its test set.
    pub force: bool,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// Why to go back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RollBackRequest {
    /// For people; at most 500 characters.
    pub note: String,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

/// What publishing came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Publishing {
    /// It is in production.
    Published(Box<CustomPrompt>),
    /// Its test set did not pass, and nothing changed.
    Failed(Box<TestReport>),
}

impl Assistant {
    /// Puts a version into production, if its test set passes or there is none. From the next turn on it is used.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] for the note; [`AIError::Conflict`] where another version came into production while the
    /// tests ran; [`AIError::NotFound`]; storage.
    ///
    /// # Cancel safety
    /// A dropped call may leave the version tested and not published.
    pub async fn publish_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        request: PublishRequest,
        author: &Author,
    ) -> Result<Publishing, AIError> {
        let mut problems = Vec::new();
        check_note(&request.note, &mut problems);
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let prompt = self.prompt_version(tenant, id, request.version).await?;
        if !request.force
            && let Some(report) = self.tested(tenant, &prompt, author).await?
        {
            if report.run.failed > 0 {
                return Ok(Publishing::Failed(Box::new(report)));
            }
            // Tests take a while; whoever published meanwhile knows more than who asked before.
            if self.prompt(tenant, id).await?.production_version != prompt.production_version {
                return Err(AIError::Conflict(
                    "another version came into production while the tests ran; look at it and publish again"
                        .to_owned(),
                ));
            }
        }
        let publication = Publication {
            version: prompt.version,
            author: author.clone(),
            note: request.note,
            kind: if request.force { PublicationKind::Forced } else { PublicationKind::Published },
            at: self.engine.clock.now(),
        };
        if !self.engine.store.publish_prompt(tenant, id, &publication).await? {
            return Err(NO_VERSION);
        }
        let published = self.prompt_version(tenant, id, Some(prompt.version)).await?;
        Ok(Publishing::Published(Box::new(published)))
    }

    /// Puts the version into production that was there before.
    ///
    /// # Errors
    /// [`AIError::Conflict`] where none was; [`AIError::InvalidRequest`] for the note; [`AIError::NotFound`]; storage.
    pub async fn roll_back_prompt(
        &self,
        tenant: &TenantId,
        id: &PromptId,
        request: RollBackRequest,
        author: &Author,
    ) -> Result<CustomPrompt, AIError> {
        let mut problems = Vec::new();
        check_note(&request.note, &mut problems);
        if !problems.is_empty() {
            return Err(AIError::InvalidRequest(problems));
        }
        let at = self.engine.clock.now();
        match self.engine.store.roll_back_prompt(tenant, id, author, &request.note, at).await? {
            RollBack::To(version) => self.prompt_version(tenant, id, Some(version)).await,
            RollBack::NothingBefore => {
                Err(AIError::Conflict("no other version was in production before".to_owned()))
            }
            RollBack::NoPrompt => Err(NO_PROMPT),
        }
    }

    /// What was in production, newest first.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn prompt_publications(
        &self,
        tenant: &TenantId,
        id: &PromptId,
    ) -> Result<Vec<Publication>, AIError> {
        self.prompt(tenant, id).await?;
        Ok(self.engine.store.publications(tenant, id).await?)
    }
}
