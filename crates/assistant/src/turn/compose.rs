//! Step compose: instructions, facts, memory and message, fitted into the token budget.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::burst::newest_part;
use super::recall::Situation;
use super::understand::Reading;
use crate::compose::{self, Composed, Parts};
use crate::conversation::ConversationMessage;
use crate::error::{AIError, FieldProblem};
use crate::instructions;
use crate::masking::{self, Mask, Texts};
use crate::prompts::{self, Known};
use crate::service::Engine;
use crate::spans::COMPOSE;
use crate::trail::Trail;
use crate::turn::TurnRequest;

/// Tokens by which the fence around a message may grow when its text is cut elsewhere than between two tokens.
const CUT_TOKENS: u64 = 4;

/// What the version of a prompt ends with where personal data was hidden in it.
const MASKED: &str = "+masked";

/// A prompt, ready to be sent.
#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) composed: Composed,
    /// What the custom prompt says with its places filled; `None`: it was not used.
    pub(crate) custom: Option<String>,
    /// False for a caller with own instructions, who gets plain text.
    pub(crate) wants_contract: bool,
    /// What is hidden in it; `None`: the tenant's settings hide nothing.
    pub(crate) mask: Option<Arc<Mask>>,
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
    let (seen, resumed) = situation.seen();
    let mask = mask(request, situation, reading, &seen, trail);
    let sent = Sent::of(request, situation, &seen, mask.as_ref());
    let custom = custom_instructions(engine, request, &sent.context, situation, reading, trail)?;
    let (mut system, mut system_tokens): (Arc<str>, u64) = match (&request.system_prompt, &custom) {
        (Some(text), _) => {
            let text = hidden(mask.as_ref(), text);
            (Arc::from(&*text), pytake_tokenizer::count(&text) as u64)
        }
        (None, Some(custom)) => (Arc::clone(&custom.system), custom.system_tokens),
        (None, None) => (Arc::clone(&tenant.system), tenant.system_tokens),
    };
    if mask.is_some() {
        system = format!("{system}{}", masking::INSTRUCTION).into();
        system_tokens += pytake_tokenizer::count(masking::INSTRUCTION) as u64;
    }
    let found = if wants_contract { reading.found.answers.as_slice() } else { &[] };
    let mut parts = Parts {
        system,
        system_tokens,
        facts: found,
        context: &sent.context,
        summary: sent.summary.as_deref(),
        history: &sent.history,
        settled: resumed.filter(|_| wants_contract),
        message: &sent.message,
        // What is in a picture cannot be hidden.
        images: if mask.is_some() { &[] } else { &request.images },
        language: reading.language.filter(|_| wants_contract),
    };
    let budget = engine.settings.max_prompt_tokens;
    let mut composed = compose::compose(&parts, budget);
    if let (Err(too_long), Some(_)) = (&composed, &request.burst) {
        // A channel has nobody to tell: what was written last is answered, the beginning is left out.
        let tokens = pytake_tokenizer::count(&sent.message) as u64;
        let excess = too_long.current.saturating_sub(too_long.max);
        let newest = newest_part(&sent.message, tokens.saturating_sub(excess + CUT_TOKENS));
        if !newest.is_empty() {
            parts.message = newest;
            composed = compose::compose(&parts, budget);
        }
    }
    let composed = composed
        .map_err(|too_long| AIError::TokenLimitExceeded { current: too_long.current, max: too_long.max })?;
    trail.facts.clone_from(&composed.facts);
    trail.prompt_version = match (&situation.prompt, wants_contract) {
        (Some(chosen), true) if custom.is_some() => chosen.prompt.versioned_name(),
        (_, true) => instructions::PROMPT_VERSION.to_owned(),
        (_, false) => "caller".to_owned(),
    };
    if mask.is_some() {
        trail.prompt_version.push_str(MASKED);
    }
    let older = earlier_messages(situation);
    let mut left_out = composed.left_out.clone();
    if parts.message.len() < sent.message.len() {
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
            if parts.images.is_empty() {
                String::new()
            } else {
                format!(", {} pictures", parts.images.len())
            },
            if left_out.is_empty() { String::new() } else { format!("; left out: {}", left_out.join(", ")) },
        ),
    );
    Ok(Prompt { composed, custom: custom.map(|custom| custom.text), wants_contract, mask })
}

/// What to hide from providers, where the tenant's settings say so.
fn mask(
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    seen: &[ConversationMessage],
    trail: &mut Trail,
) -> Option<Arc<Mask>> {
    let tenant = &situation.tenant;
    if !tenant.masks_personal_data() {
        return None;
    }
    let mut texts = Texts { own: vec![&tenant.system], context: Some(&request.context), ..Texts::default() };
    if let Some(chosen) = &situation.prompt {
        texts.own.push(&chosen.prompt.template);
        texts.own.extend(chosen.prompt.fields.iter().flat_map(|field| field.value.texts()));
    }
    for found in &reading.found.answers {
        texts.own.extend(found.answer.questions.iter().map(String::as_str));
        texts.own.extend(found.answer.answers.iter().map(|answer| answer.text.as_str()));
    }
    texts.customer.push(&request.message);
    texts.customer.extend(seen.iter().map(|message| message.content.as_str()));
    texts.customer.extend(situation.history.summary.as_ref().map(|summary| summary.text.as_str()));
    // What a caller writes for one conversation may tell of its customer.
    texts.customer.extend(request.system_prompt.as_deref());
    let mask = Mask::of(tenant, &texts);
    let pictures = match request.images.len() {
        0 => String::new(),
        pictures => format!("; pictures not sent: {pictures}"),
    };
    trail.step("mask", format!("{}{pictures}", mask.counted()));
    Some(Arc::new(mask))
}

/// The customer's part of a prompt as it is sent.
struct Sent<'a> {
    message: Cow<'a, str>,
    history: Cow<'a, [ConversationMessage]>,
    summary: Option<Cow<'a, str>>,
    context: Cow<'a, Map<String, Value>>,
}

impl<'a> Sent<'a> {
    fn of(
        request: &'a TurnRequest,
        situation: &'a Situation,
        seen: &'a [ConversationMessage],
        mask: Option<&Arc<Mask>>,
    ) -> Self {
        let summary = situation.history.summary.as_ref();
        let history = match mask {
            None => Cow::Borrowed(seen),
            Some(mask) => Cow::Owned(seen.iter().map(|message| hidden_in(mask, message)).collect()),
        };
        Self {
            message: hidden(mask, &request.message),
            history,
            summary: summary.map(|summary| hidden(mask, &summary.text)),
            context: match mask {
                None => Cow::Borrowed(&request.context),
                Some(mask) => Cow::Owned(mask.hide_context(&request.context)),
            },
        }
    }
}

fn hidden<'t>(mask: Option<&Arc<Mask>>, text: &'t str) -> Cow<'t, str> {
    mask.map_or(Cow::Borrowed(text), |mask| mask.hide(text))
}

fn hidden_in(mask: &Mask, message: &ConversationMessage) -> ConversationMessage {
    let mut message = message.clone();
    if let Cow::Owned(content) = mask.hide(&message.content) {
        message.tokens = u32::try_from(pytake_tokenizer::count(&content)).unwrap_or(u32::MAX);
        message.content = content;
    }
    message
}

/// Messages that exist and were not read verbatim.
fn earlier_messages(situation: &Situation) -> u64 {
    let stored = situation.history.conversation.as_ref().map_or(0, |c| c.message_count);
    stored.saturating_sub(situation.history.recent.len() as u64)
}

/// A custom prompt with its places filled.
struct Custom {
    text: String,
    /// With what the engine adds.
    system: Arc<str>,
    system_tokens: u64,
}

/// The custom prompt with its places filled; `None`: there is none, or the tenant's own choice cannot be used now.
fn custom_instructions(
    engine: &Engine,
    request: &TurnRequest,
    context: &Map<String, Value>,
    situation: &Situation,
    reading: &Reading,
    trail: &mut Trail,
) -> Result<Option<Custom>, AIError> {
    if request.system_prompt.is_some() {
        return Ok(None);
    }
    let Some(chosen) = &situation.prompt else { return Ok(None) };
    // A channel says itself who it is, among its facts.
    let channel = if request.burst.is_some() { None } else { Some("api") };
    let customer_name = context.get("name").and_then(Value::as_str);
    let known = Known { customer_name, ..engine.known(&situation.tenant, reading.language, channel) };
    match prompts::fill(&chosen.prompt, context, &known) {
        Ok(filled) => {
            let system = instructions::with_contract(&filled.text);
            let system_tokens = pytake_tokenizer::count(&system) as u64;
            let most = engine.settings.max_instruction_tokens();
            // Checked when it was written; what the context puts into its places comes on top.
            if !chosen.is_asked_for && system_tokens > most {
                let name = chosen.prompt.versioned_name();
                trail.step(
                    "compose",
                    format!(
                        "{name} has {system_tokens} tokens with its places filled, of at most {most}; the default \
                         instructions are used"
                    ),
                );
                return Ok(None);
            }
            Ok(Some(Custom { text: filled.text, system: system.into(), system_tokens }))
        }
        Err(problems) if chosen.is_asked_for => {
            let as_sent = |p: FieldProblem| match p.field.strip_prefix("variables.") {
                Some(name) => FieldProblem::new(format!("context.{name}"), p.problem),
                None => FieldProblem::new("prompt", p.problem),
            };
            Err(AIError::InvalidRequest(problems.into_iter().map(as_sent).collect()))
        }
        Err(problems) => {
            let missing: Vec<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
            trail.step(
                "compose",
                format!(
                    "{} cannot be filled ({}); the default instructions are used",
                    chosen.prompt.versioned_name(),
                    missing.join(", ")
                ),
            );
            Ok(None)
        }
    }
}
