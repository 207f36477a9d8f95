//! A chat request, parsed into what cannot be wrong any more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::burst::Burst;
use crate::channel::Attachment;
use crate::chat::{AIProvider, ChatRequest};
use crate::error::{AIError, FieldProblem};
use crate::id::{ConversationId, InvalidId, TenantId, UserId};
use crate::ledger::Operation;
use crate::settings::Settings;

/// 4,096 characters: the contract, and the longest text of the WhatsApp Cloud API.
pub(crate) const MAX_MESSAGE_CHARS: usize = 4_096;
/// Longest own system prompt, in characters: about 4,000 tokens.
const MAX_SYSTEM_PROMPT_CHARS: usize = 16_000;
/// Longest other context value, in characters.
const MAX_CONTEXT_CHARS: usize = 2_000;
/// Most context entries.
const MAX_CONTEXT_ENTRIES: usize = 64;

/// A checked request with the time it has.
#[derive(Debug, Clone)]
pub(crate) struct TurnRequest {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) message: String,
    /// Pictures that came with it.
    pub(crate) images: Arc<[Attachment]>,
    /// The caller's conversation, or one made for this request.
    pub(crate) conversation: ConversationId,
    /// True when the conversation was made for this request and cannot have a past.
    pub(crate) is_new_conversation: bool,
    /// Facts about the customer; `system_prompt` is taken out.
    pub(crate) context: Map<String, Value>,
    /// The caller's own instructions.
    pub(crate) system_prompt: Option<String>,
    /// Id or name of a custom prompt.
    pub(crate) prompt: Option<String>,
    /// A configured provider's name; `None`: auto.
    pub(crate) preferred: Option<String>,
    pub(crate) may_fall_back: bool,
    pub(crate) model: Option<String>,
    pub(crate) max_output_tokens: u32,
    /// True when the caller chose the bound: an answer cut there is what was asked for.
    pub(crate) is_bound_chosen: bool,
    pub(crate) temperature: f32,
    pub(crate) include_history: bool,
    pub(crate) store: bool,
    /// What it is booked as.
    pub(crate) operation: Operation,
    /// What a channel brought; `None`: a caller's own message.
    pub(crate) burst: Option<Arc<Burst>>,
    pub(crate) arrived_at: Timestamp,
    /// On [`crate::Clock::elapsed`].
    pub(crate) started: Duration,
    /// On [`crate::Clock::elapsed`].
    pub(crate) deadline: Duration,
}

/// What checking needs besides the request.
pub(crate) struct CheckedAgainst<'a> {
    pub(crate) settings: &'a Settings,
    /// Names of the configured providers.
    pub(crate) providers: &'a [String],
    /// Now, on the calendar and monotonic.
    pub(crate) arrived_at: Timestamp,
    pub(crate) now: Duration,
    /// Id for a conversation to be made.
    pub(crate) fresh_conversation: String,
}

impl TurnRequest {
    /// Checks every field and reports all problems at once.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] naming each field, or [`AIError::TokenLimitExceeded`] for `max_tokens`.
    pub(crate) fn check(
        tenant: TenantId,
        request: ChatRequest,
        against: &CheckedAgainst<'_>,
    ) -> Result<Self, AIError> {
        let mut problems = Vec::new();
        check_message(&request.message, &mut problems);
        let user = check_user(&request.user_id, &mut problems);
        let is_new_conversation = request.conversation_id.is_none();
        let conversation_text = request.conversation_id.as_deref().unwrap_or(&against.fresh_conversation);
        let conversation = keep(ConversationId::new(conversation_text), "conversation_id", &mut problems);
        let mut context = request.context;
        let system_prompt = take_system_prompt(&mut context, &mut problems);
        check_context(&context, &mut problems);
        if system_prompt.is_some() && request.prompt.is_some() {
            problems.push(FieldProblem::new(
                "prompt",
                "cannot be used together with context.system_prompt; send one of them",
            ));
        }
        let preferred = check_provider(request.preferred_provider, against.providers, &mut problems);
        for (field, text) in [("model", &request.model), ("prompt", &request.prompt)] {
            if let Some(text) = text
                && (text.trim().is_empty() || text.chars().count() > 128)
            {
                problems.push(FieldProblem::new(field, "must have 1 to 128 characters"));
            }
        }
        if let Some(temperature) = request.temperature
            && !(0.0..=2.0).contains(&temperature)
        {
            problems.push(FieldProblem::new("temperature", "must be from 0 to 2"));
        }
        if request.max_tokens == Some(0) {
            problems.push(FieldProblem::new("max_tokens", "must be at least 1"));
        }
        let (Some(user), Some(conversation), true) = (user, conversation, problems.is_empty()) else {
            return Err(AIError::InvalidRequest(problems));
        };
        let settings = against.settings;
        if let Some(max_tokens) = request.max_tokens
            && max_tokens > settings.max_output_tokens
        {
            return Err(AIError::TokenLimitExceeded {
                current: max_tokens.into(),
                max: settings.max_output_tokens.into(),
            });
        }
        Ok(Self {
            tenant,
            user,
            message: request.message.trim().to_owned(),
            images: Arc::default(),
            conversation,
            is_new_conversation,
            context,
            system_prompt,
            prompt: request.prompt,
            preferred,
            may_fall_back: request.fallback,
            model: request.model,
            max_output_tokens: request.max_tokens.unwrap_or(settings.max_output_tokens),
            is_bound_chosen: request.max_tokens.is_some(),
            temperature: request.temperature.unwrap_or(settings.chat_temperature),
            include_history: request.include_history,
            store: request.store,
            operation: Operation::Chat,
            burst: None,
            arrived_at: against.arrived_at,
            started: against.now,
            deadline: against.now + settings.request_timeout,
        })
    }
}

/// Checks a customer's message; shared with analysis.
pub(crate) fn check_message(message: &str, problems: &mut Vec<FieldProblem>) {
    if message.trim().is_empty() {
        problems.push(FieldProblem::new("message", "must not be empty"));
    } else if message.len() > MAX_MESSAGE_CHARS && message.chars().count() > MAX_MESSAGE_CHARS {
        problems.push(FieldProblem::new("message", "must have at most 4096 characters"));
    } else if let Some(control) = message.chars().find(|c| c.is_control() && !"\n\r\t".contains(*c)) {
        problems.push(FieldProblem::new(
            "message",
            format!("must not contain the control character U+{:04X}", u32::from(control)),
        ));
    }
}

/// Checks the customer's id; shared with analysis.
pub(crate) fn check_user(user: &str, problems: &mut Vec<FieldProblem>) -> Option<UserId> {
    if user.trim().is_empty() {
        problems.push(FieldProblem::new("user_id", "must not be empty"));
        return None;
    }
    keep(UserId::new(user), "user_id", problems)
}

fn keep<T>(parsed: Result<T, InvalidId>, field: &str, problems: &mut Vec<FieldProblem>) -> Option<T> {
    parsed.map_err(|why| problems.push(FieldProblem::new(field, why.to_string()))).ok()
}

fn take_system_prompt(context: &mut Map<String, Value>, problems: &mut Vec<FieldProblem>) -> Option<String> {
    let field = "context.system_prompt";
    match context.shift_remove("system_prompt")? {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) if text.chars().count() > MAX_SYSTEM_PROMPT_CHARS => {
            problems.push(FieldProblem::new(field, "must have at most 16000 characters"));
            None
        }
        Value::String(text) => Some(text),
        _ => {
            problems.push(FieldProblem::new(field, "must be a string"));
            None
        }
    }
}

/// Checks the facts about the customer; shared with analysis.
pub(crate) fn check_context(context: &Map<String, Value>, problems: &mut Vec<FieldProblem>) {
    if context.len() > MAX_CONTEXT_ENTRIES {
        problems.push(FieldProblem::new("context", "must have at most 64 entries"));
    }
    for (name, value) in context {
        let field = || format!("context.{name}");
        match value {
            Value::Object(_) | Value::Array(_) => {
                problems.push(FieldProblem::new(field(), "must be a string, a number, true, false or null"));
            }
            Value::String(text) if text.chars().count() > MAX_CONTEXT_CHARS => {
                problems.push(FieldProblem::new(field(), "must have at most 2000 characters"));
            }
            Value::String(text) if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) => {
                problems.push(FieldProblem::new(field(), "must not contain control characters"));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

fn check_provider(
    preferred: Option<AIProvider>,
    providers: &[String],
    problems: &mut Vec<FieldProblem>,
) -> Option<String> {
    match preferred? {
        AIProvider::Auto => None,
        AIProvider::OpenAI => Some("openai".to_owned()),
        AIProvider::Anthropic => Some("anthropic".to_owned()),
        AIProvider::Named(name) if providers.contains(&name) => Some(name),
        AIProvider::Named(_) => {
            let known = providers.join(", ");
            let problem = format!("must be one of auto, openai, anthropic, or a configured name ({known})");
            problems.push(FieldProblem::new("preferred_provider", problem));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(request: ChatRequest) -> Result<TurnRequest, AIError> {
        let settings = Settings::default();
        let against = CheckedAgainst {
            settings: &settings,
            providers: &["local".to_owned()],
            arrived_at: Timestamp::UNIX_EPOCH,
            now: Duration::ZERO,
            fresh_conversation: "fresh".to_owned(),
        };
        TurnRequest::check(TenantId::default_tenant(), request, &against)
    }

    fn good() -> ChatRequest {
        ChatRequest { message: "Oi".into(), user_id: "ana".into(), ..ChatRequest::default() }
    }

    fn fields(result: Result<TurnRequest, AIError>) -> Vec<String> {
        match result {
            Err(AIError::InvalidRequest(problems)) => problems.into_iter().map(|p| p.field).collect(),
            other => panic!("expected invalid fields, got {other:?}"),
        }
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let request = ChatRequest {
            message: "  ".into(),
            user_id: "x".repeat(129),
            conversation_id: Some("a b".into()),
            temperature: Some(7.0),
            max_tokens: Some(0),
            preferred_provider: Some(AIProvider::Named("nobody".into())),
            ..ChatRequest::default()
        };
        assert_eq!(
            fields(check(request)),
            ["message", "user_id", "conversation_id", "preferred_provider", "temperature", "max_tokens"]
        );
    }

    #[test]
    fn a_message_is_counted_in_characters_and_free_of_controls() {
        assert!(check(ChatRequest { message: "é".repeat(4_096), ..good() }).is_ok());
        assert_eq!(fields(check(ChatRequest { message: "é".repeat(4_097), ..good() })), ["message"]);
        assert_eq!(fields(check(ChatRequest { message: "oi\u{0}".into(), ..good() })), ["message"]);
        assert!(check(ChatRequest { message: "linha\num\tdois".into(), ..good() }).is_ok());
    }

    #[test]
    fn context_holds_scalars_and_the_callers_instructions() {
        let context = serde_json::json!({"system_prompt": "Be brief", "plan": "gold", "age": 7});
        let Value::Object(context) = context else { unreachable!() };
        let checked = check(ChatRequest { context, ..good() }).unwrap();
        assert_eq!(checked.system_prompt.as_deref(), Some("Be brief"));
        assert_eq!(checked.context.len(), 2);

        let Value::Object(nested) = serde_json::json!({"cart": {"items": 1}}) else { unreachable!() };
        assert_eq!(fields(check(ChatRequest { context: nested, ..good() })), ["context.cart"]);
    }

    #[test]
    fn more_tokens_than_allowed_is_its_own_error() {
        let result = check(ChatRequest { max_tokens: Some(2_001), ..good() });
        assert!(matches!(result, Err(AIError::TokenLimitExceeded { current: 2_001, max: 2_000 })));
    }
}
