//! Step compose: instructions, facts, memory and message, fitted into the token budget.

use std::sync::Arc;

use super::burst::newest_part;
use super::recall::Situation;
use super::understand::Reading;
use crate::compose::{self, Composed, Parts};
use crate::error::{AIError, FieldProblem};
use crate::instructions;
use crate::service::Engine;
use crate::spans::COMPOSE;
use crate::template;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Tokens by which the fence around a message may grow when its text is cut elsewhere than between two tokens.
const CUT_TOKENS: u64 = 4;

/// A prompt, ready to be sent.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) composed: Composed,
    /// False for a caller with own instructions, who gets plain text.
    pub(crate) wants_contract: bool,
}

/// Fits everything into the budget; what had to be left out is in the trail.
///
/// # Errors
/// [`AIError::TokenLimitExceeded`] when instructions and message alone do not fit;
/// [`AIError::InvalidRequest`] naming variables of a custom prompt that `context` lacks.
#[tracing::instrument(level = "debug", name = COMPOSE, skip_all)]
pub(crate) fn compose(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    trail: &mut Trail,
) -> Result<Prompt, AIError> {
    let tenant = &situation.tenant;
    let wants_contract = request.system_prompt.is_none();
    let own = own_instructions(request, situation)?;
    let (system, system_tokens): (Arc<str>, u64) = match own {
        Some(text) => (text.as_str().into(), pytake_tokenizer::count(&text) as u64),
        None => (Arc::clone(&tenant.system), tenant.system_tokens),
    };
    let found = if wants_contract { reading.found.answers.as_slice() } else { &[] };
    let (seen, resumed) = situation.seen();
    let mut parts = Parts {
        system,
        system_tokens,
        facts: found,
        context: &request.context,
        summary: situation.history.summary.as_ref().map(|summary| summary.text.as_str()),
        history: &seen,
        settled: resumed.filter(|_| wants_contract),
        message: &request.message,
        images: &request.images,
        language: reading.language.filter(|_| wants_contract),
    };
    let budget = engine.settings.max_prompt_tokens;
    let mut composed = compose::compose(&parts, budget);
    if let (Err(too_long), Some(_)) = (&composed, &request.burst) {
        // A channel has nobody to tell: what was written last is answered, the beginning is left out.
        let tokens = pytake_tokenizer::count(&request.message) as u64;
        let excess = too_long.current.saturating_sub(too_long.max);
        let newest = newest_part(&request.message, tokens.saturating_sub(excess + CUT_TOKENS));
        if !newest.is_empty() {
            parts.message = newest;
            composed = compose::compose(&parts, budget);
        }
    }
    let composed = composed
        .map_err(|too_long| AIError::TokenLimitExceeded { current: too_long.current, max: too_long.max })?;
    trail.facts.clone_from(&composed.facts);
    trail.prompt_version = match (&situation.prompt, wants_contract) {
        (Some(prompt), _) => format!("{}@{}", prompt.name, prompt.version),
        (None, true) => instructions::PROMPT_VERSION.to_owned(),
        (None, false) => "caller".to_owned(),
    };
    let older = earlier_messages(situation);
    let mut left_out = composed.left_out.clone();
    if parts.message.len() < request.message.len() {
        left_out.push("the beginning of the customer's messages".to_owned());
    }
    if older > 0 {
        left_out.push(format!("{older} messages before the newest {}", situation.history.recent.len()));
    }
    trail.step(
        "compose",
        format!(
            "{} tokens, {} messages, {} facts{}{}{}",
            composed.input_tokens,
            composed.messages.len(),
            composed.facts.len(),
            if situation.history.summary.is_some() { ", summary" } else { "" },
            if request.images.is_empty() {
                String::new()
            } else {
                format!(", {} pictures", request.images.len())
            },
            if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) },
        ),
    );
    Ok(Prompt { composed, wants_contract })
}

/// Messages that exist and were not read verbatim.
fn earlier_messages(situation: &Situation) -> u64 {
    let stored = situation.history.conversation.as_ref().map_or(0, |c| c.message_count);
    stored.saturating_sub(situation.history.recent.len() as u64)
}

fn own_instructions(request: &TurnRequest, situation: &Situation) -> Result<Option<String>, AIError> {
    if let Some(system_prompt) = &request.system_prompt {
        return Ok(Some(system_prompt.clone()));
    }
    let Some(prompt) = &situation.prompt else { return Ok(None) };
    let text = template::fill(&prompt.template, &request.context).map_err(|problems| {
        let in_context =
            |p: FieldProblem| FieldProblem::new(p.field.replacen("variables.", "context.", 1), p.problem);
        AIError::InvalidRequest(problems.into_iter().map(in_context).collect())
    })?;
    Ok(Some(instructions::with_contract(&text)))
}
