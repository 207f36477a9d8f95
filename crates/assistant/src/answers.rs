//! Approved answers: what the business itself says about its matters.
//!
//! They ground every reply: the closest ones go into the prompt as facts, and the local provider answers
//! with nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use pytake_understanding::language::Language;
use serde::{Deserialize, Serialize};

use crate::error::StorageError;
use crate::id::{AnswerId, TenantId};

/// A question the business has answered once and for all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovedAnswer {
    /// Its id.
    pub id: AnswerId,
    /// What customers ask, in their own words; the first is the title. At least one.
    pub questions: Vec<String>,
    /// What the business answers, by language; at least one.
    pub answers: Vec<AnswerText>,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An answer in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerText {
    /// The language it is written in.
    pub language: Language,
    /// The text, as the customer may read it.
    pub text: String,
}

impl ApprovedAnswer {
    /// o200k tokens of its title with its longest text.
    pub fn longest_tokens(&self) -> u64 {
        let title = self.questions.first().map_or(0, |title| pytake_tokenizer::count(title));
        let text = self.answers.iter().map(|a| pytake_tokenizer::count(&a.text)).max().unwrap_or(0);
        (title + text) as u64
    }

    /// The text in a language, else the first one.
    pub fn text_in(&self, language: Option<Language>) -> Option<&AnswerText> {
        self.answers.iter().find(|a| Some(a.language) == language).or_else(|| self.answers.first())
    }
}

/// An approved answer that search found for a message.
#[derive(Debug, Clone)]
pub struct FoundAnswer {
    /// The entry.
    pub answer: Arc<ApprovedAnswer>,
    /// Likeness by meaning and words together; only its order means something.
    pub score: f32,
    /// o200k tokens it takes in a prompt at most, counted once when the entry was prepared.
    pub tokens: u64,
}

/// How well the approved answers that were found fit the message.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Fit {
    /// None does.
    #[default]
    Nothing,
    /// The first or the second, and it is not clear which.
    OneOfTwo,
    /// The first is what was asked, with this probability, 0 to 1.
    First(f32),
}

/// Stores approved answers.
#[async_trait]
pub trait Answers: Send + Sync {
    /// All of a tenant's, ordered by id.
    async fn answers(&self, tenant: &TenantId) -> Result<Vec<ApprovedAnswer>, StorageError>;
    /// Creates or replaces one.
    async fn put_answer(&self, tenant: &TenantId, answer: &ApprovedAnswer) -> Result<(), StorageError>;
    /// Removes one; false when there was none.
    async fn delete_answer(&self, tenant: &TenantId, id: &AnswerId) -> Result<bool, StorageError>;
}
