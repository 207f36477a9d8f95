//! A question as a model sees it, where the tenant's settings hide personal data, and its answer as it was meant.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::analysis::Prompt;
use crate::analysis::checked::Question;
use crate::error::AIError;
use crate::masking::{self, Mask, Texts};
use crate::tenant_view::TenantView;

/// What stands between a question and the model that is asked.
pub(super) struct Cover {
    /// `None`: the tenant's settings hide nothing.
    mask: Option<Mask>,
}

impl Cover {
    pub(super) fn of(question: &Question, view: &TenantView) -> Self {
        Self::over(&question.message, Some(&question.context), view)
    }

    /// Of a message alone.
    pub(super) fn of_message(message: &str, view: &TenantView) -> Self {
        Self::over(message, None, view)
    }

    fn over(message: &str, context: Option<&Map<String, Value>>, view: &TenantView) -> Self {
        if !view.masks_personal_data() {
            return Self { mask: None };
        }
        let texts = Texts { own: vec![&view.system], customer: vec![message], context };
        Self { mask: Some(Mask::of(view, &texts)) }
    }

    /// What hides; `None`: nothing is hidden.
    pub(super) fn mask(&self) -> Option<&Mask> {
        self.mask.as_ref()
    }

    /// A message as it is sent.
    pub(super) fn message<'a>(&self, message: &'a str) -> Cow<'a, str> {
        self.mask.as_ref().map_or(Cow::Borrowed(message), |mask| mask.hide(message))
    }

    /// The question as it is sent.
    pub(super) fn question<'a>(&self, question: &'a Question) -> Cow<'a, Question> {
        let Some(mask) = &self.mask else { return Cow::Borrowed(question) };
        Cow::Owned(Question {
            message: mask.hide(&question.message).into_owned(),
            context: mask.hide_context(&question.context),
            ..question.clone()
        })
    }

    /// The prompt that `make` makes within so many tokens, with what a model has to know about marks.
    ///
    /// # Errors
    /// Those of `make`; one of the length names the whole.
    pub(super) fn prompt(
        &self,
        most: u64,
        make: impl FnOnce(u64) -> Result<Prompt, AIError>,
    ) -> Result<Prompt, AIError> {
        if self.mask.is_none() {
            return make(most);
        }
        let more = pytake_tokenizer::count(masking::INSTRUCTION) as u64;
        let mut prompt = make(most.saturating_sub(more)).map_err(|error| match error {
            AIError::TokenLimitExceeded { current, .. } => {
                AIError::TokenLimitExceeded { current: current.saturating_add(more), max: most }
            }
            other => other,
        })?;
        prompt.system = format!("{}{}", prompt.system, masking::INSTRUCTION).into();
        prompt.input_tokens += more;
        Ok(prompt)
    }

    /// Reads an answer with everything put back that was hidden.
    ///
    /// # Errors
    /// What is wrong with it, with everything hidden again: it goes to the model.
    pub(super) fn read<T>(
        &self,
        answer: &str,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, String> {
        let Some(mask) = &self.mask else { return read(answer) };
        read(&mask.checked_json(answer)?).map_err(|objection| mask.hide(&objection).into_owned())
    }
}
