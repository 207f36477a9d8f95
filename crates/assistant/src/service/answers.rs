//! What the business says: approved answers.

use pytake_understanding::language::Language;
use serde::{Deserialize, Serialize};

use super::Assistant;
use crate::answers::{AnswerText, ApprovedAnswer};
use crate::error::{AIError, FieldProblem};
use crate::id::{AnswerId, TenantId};

/// Most approved answers of a tenant; the search index of so many takes a few megabytes.
const MAX_ANSWERS: usize = 5_000;

/// What a caller writes of an approved answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerDraft {
    /// Its id; one is made when absent. An existing one is replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What customers ask; 1 to 50 of 1 to 500 characters.
    pub questions: Vec<String>,
    /// What the business answers, one text of 1 to 4,000 characters per language.
    pub answers: Vec<AnswerText>,
    /// The tenant to act for; honoured only for a key with the scope `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
}

impl AnswerDraft {
    fn problems(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let mut check = |field: String, text: &str, max: usize| {
            let chars = text.trim().chars().count();
            if chars == 0 || chars > max {
                problems.push(FieldProblem::new(field, format!("must have 1 to {max} characters")));
            }
        };
        for (number, question) in self.questions.iter().enumerate() {
            check(format!("questions[{number}]"), question, 500);
        }
        for (number, answer) in self.answers.iter().enumerate() {
            check(format!("answers[{number}].text"), &answer.text, 4_000);
        }
        if self.questions.is_empty() || self.questions.len() > 50 {
            problems.push(FieldProblem::new("questions", "must have 1 to 50 entries"));
        }
        let languages: std::collections::HashSet<Language> =
            self.answers.iter().map(|answer| answer.language).collect();
        if self.answers.is_empty() || languages.len() != self.answers.len() {
            problems.push(FieldProblem::new("answers", "must have one text per language, at least one"));
        }
        problems
    }
}

impl Assistant {
    /// The tenant's approved answers.
    ///
    /// # Errors
    /// Storage.
    pub async fn answers(&self, tenant: &TenantId) -> Result<Vec<ApprovedAnswer>, AIError> {
        Ok(self.engine.store.answers(tenant).await?)
    }

    /// Creates or replaces an approved answer; the next message already finds it.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field; [`AIError::Conflict`] when the tenant has too many; storage.
    pub async fn put_answer(&self, tenant: &TenantId, draft: AnswerDraft) -> Result<ApprovedAnswer, AIError> {
        let mut problems = draft.problems();
        let id = AnswerId::new(draft.id.unwrap_or_else(|| self.engine.ids.next()))
            .map_err(|why| problems.push(FieldProblem::new("id", why.to_string())));
        let (Ok(id), true) = (id, problems.is_empty()) else {
            return Err(AIError::InvalidRequest(problems));
        };
        let existing = self.engine.store.answers(tenant).await?;
        if existing.len() >= MAX_ANSWERS && !existing.iter().any(|answer| answer.id == id) {
            return Err(AIError::Conflict(format!(
                "a tenant can have at most {MAX_ANSWERS} approved answers"
            )));
        }
        let answer = ApprovedAnswer {
            id,
            questions: draft.questions,
            answers: draft.answers,
            updated_at: self.engine.clock.now(),
        };
        self.engine.store.put_answer(tenant, &answer).await?;
        Ok(answer)
    }

    /// Deletes an approved answer.
    ///
    /// # Errors
    /// [`AIError::NotFound`]; storage.
    pub async fn delete_answer(&self, tenant: &TenantId, id: &AnswerId) -> Result<(), AIError> {
        let was_there = self.engine.store.delete_answer(tenant, id).await?;
        if was_there { Ok(()) } else { Err(AIError::NotFound { what: "answer" }) }
    }
}
