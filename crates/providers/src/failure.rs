//! Reads whatever a vendor answers instead of an answer, and decides whose fault it was.
//!
//! Bodies come as an object, an array (Gemini), flat (vLLM), under `detail` (Mistral, FastAPI), as HTML from
//! a proxy, or not at all; codes as text, number or null. What names the reason exactly (a code, sometimes a
//! phrase) decides before the status does, because vendors put an empty purse under 429 and a blocked prompt
//! under 400.

use std::time::Duration;

use pytake_assistant::provider::{FailureKind, FinishReason, ProviderFailure};
use serde_json::Value;

use crate::http::retry_info;

/// Codes and types that mean one thing under every status.
const NAMES: [(&str, FailureKind); 24] = [
    ("context_length_exceeded", FailureKind::ContextTooLong),
    ("exceed_context_size_error", FailureKind::ContextTooLong),
    ("string_above_max_length", FailureKind::ContextTooLong),
    ("insufficient_quota", FailureKind::Billing),
    ("credit_balance_exhausted", FailureKind::Billing),
    ("organization_spend_limit_exceeded", FailureKind::Billing),
    ("project_spend_limit_exceeded", FailureKind::Billing),
    ("organization_usage_limit_exceeded", FailureKind::Billing),
    ("billing_hard_limit_reached", FailureKind::Billing),
    ("billing_not_active", FailureKind::Billing),
    ("billing_error", FailureKind::Billing),
    ("enforced_spend_limit_reached", FailureKind::Billing),
    ("contract_spend_limit_reached", FailureKind::Billing),
    ("content_filter", FailureKind::Refused),
    ("content_policy_violation", FailureKind::Refused),
    ("responsibleaipolicyviolation", FailureKind::Refused),
    ("model_not_found", FailureKind::ModelNotFound),
    ("model_decommissioned", FailureKind::ModelNotFound),
    ("invalid_model", FailureKind::ModelNotFound),
    ("deploymentnotfound", FailureKind::ModelNotFound),
    ("invalid_api_key", FailureKind::Auth),
    ("api_key_invalid", FailureKind::Auth),
    ("server_is_overloaded", FailureKind::Overloaded),
    ("overloaded_error", FailureKind::Overloaded),
];

/// Types that decide only where no status does: errors inside a stream or under status 200.
const NAMES_WITHOUT_STATUS: [(&str, FailureKind); 18] = [
    ("rate_limit_exceeded", FailureKind::RateLimited),
    ("rate_limit_error", FailureKind::RateLimited),
    ("ramp_limit_exceeded", FailureKind::RateLimited),
    ("resource_exhausted", FailureKind::RateLimited),
    ("requests", FailureKind::RateLimited),
    ("tokens", FailureKind::RateLimited),
    ("slow_down", FailureKind::Overloaded),
    ("unavailable", FailureKind::Overloaded),
    ("unavailable_error", FailureKind::Overloaded),
    ("authentication_error", FailureKind::Auth),
    ("permission_error", FailureKind::Auth),
    ("permission_denied", FailureKind::Auth),
    ("unauthenticated", FailureKind::Auth),
    ("not_found_error", FailureKind::ModelNotFound),
    ("request_too_large", FailureKind::ContextTooLong),
    ("invalid_request_error", FailureKind::BadRequest),
    ("invalid_argument", FailureKind::BadRequest),
    ("timeout_error", FailureKind::ServerError),
];

/// Phrases for vendors whose codes do not tell, in lower case; looked for under 4xx statuses only.
const PHRASES: [(&str, FailureKind); 13] = [
    ("maximum context length", FailureKind::ContextTooLong),
    ("prompt is too long", FailureKind::ContextTooLong),
    ("exceed context limit", FailureKind::ContextTooLong),
    ("context window", FailureKind::ContextTooLong),
    ("available context size", FailureKind::ContextTooLong),
    ("maximum number of tokens allowed", FailureKind::ContextTooLong),
    ("credit balance is too low", FailureKind::Billing),
    ("specified api usage limits", FailureKind::Billing),
    ("spend limit", FailureKind::Billing),
    ("spending limit", FailureKind::Billing),
    ("insufficient balance", FailureKind::Billing),
    ("api key not valid", FailureKind::Auth),
    ("is not a valid model", FailureKind::ModelNotFound),
];

/// An error as a vendor described it, nothing of it certain.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct VendorError {
    /// For people; not bounded and not redacted yet.
    pub(crate) message: String,
    /// The field it blames.
    pub(crate) param: Option<String>,
    /// Codes and types, in lower case, the most exact first.
    names: Vec<String>,
    /// A code that is a number: an HTTP status where the real one says 200.
    number: Option<u16>,
    /// Google's wait.
    retry_delay: Option<Duration>,
    /// OpenRouter tells a moderated prompt only by this.
    is_moderation: bool,
}

impl VendorError {
    /// From a body of any shape.
    pub(crate) fn from_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) => Self { message: String::from_utf8_lossy(body).into_owned(), ..Self::default() },
        }
    }

    /// From parsed JSON: the whole body, or what stood under `error`.
    pub(crate) fn from_value(value: &Value) -> Self {
        let outer = match value {
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            other => other,
        };
        let inner = match &outer["error"] {
            Value::Null => outer,
            named => named,
        };
        let mut error = Self { message: message(inner), ..Self::default() };
        error.param = inner["param"].as_str().map(str::to_owned);
        error.number = number(&inner["code"]).or_else(|| number(&outer["code"]));
        error.is_moderation = inner["metadata"]["reasons"].is_array();
        let details = &inner["details"];
        let places = [
            &inner["innererror"]["code"],
            &details["error_code"],
            &inner["code"],
            &inner["type"],
            &inner["status"],
        ];
        error.names = places.iter().filter_map(|name| name.as_str()).map(str::to_ascii_lowercase).collect();
        for detail in details.as_array().into_iter().flatten() {
            error.names.extend(detail["reason"].as_str().map(str::to_ascii_lowercase));
            if let Some(delay) = detail["retryDelay"].as_str() {
                error.retry_delay = retry_info(delay);
            }
        }
        error
    }

    /// True for a name among its codes and types.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.names.iter().any(|own| own == name)
    }

    /// Whose fault it was. A 2xx status decides nothing: the error came in the place of an answer.
    pub(crate) fn kind(&self, status: u16) -> FailureKind {
        let status = if (200..300).contains(&status) { self.number } else { Some(status) };
        if self.is_moderation {
            return FailureKind::Refused;
        }
        if let Some(kind) = self.named(&NAMES) {
            return kind;
        }
        if status.is_none_or(|status| (400..500).contains(&status)) {
            let message = self.message.to_lowercase();
            if let Some((_, kind)) = PHRASES.iter().find(|(phrase, _)| message.contains(phrase)) {
                return *kind;
            }
        }
        match status {
            Some(status) => of_status(status),
            None => self.named(&NAMES_WITHOUT_STATUS).unwrap_or(FailureKind::ServerError),
        }
    }

    /// The failure, with the wait the headers named or else the body.
    pub(crate) fn failure(
        &self,
        status: u16,
        message: String,
        retry_after: Option<Duration>,
    ) -> ProviderFailure {
        let message = if message.is_empty() { format!("status {status} without a message") } else { message };
        ProviderFailure {
            kind: self.kind(status),
            status: Some(status),
            message,
            retry_after: retry_after.or(self.retry_delay),
            usage: None,
        }
    }

    fn named(&self, table: &[(&str, FailureKind)]) -> Option<FailureKind> {
        self.names.iter().find_map(|own| table.iter().find(|(name, _)| own == name).map(|(_, kind)| *kind))
    }
}

/// What a status means where nothing more exact was said.
fn of_status(status: u16) -> FailureKind {
    match status {
        401 | 403 => FailureKind::Auth,
        402 => FailureKind::Billing,
        404 | 405 | 410 => FailureKind::ModelNotFound,
        408 => FailureKind::Timeout,
        // Also Groq's, about a prompt above the tokens of a minute: waiting never makes it fit.
        413 => FailureKind::ContextTooLong,
        429 => FailureKind::RateLimited,
        // 498: no flex capacity at Groq; 529: Anthropic is overloaded.
        498 | 503 | 529 => FailureKind::Overloaded,
        // 424 and 499: Groq's own upstream failed, or gave up; 409 and 425: come again.
        409 | 424 | 425 | 499 | 500.. => FailureKind::ServerError,
        400..=498 => FailureKind::BadRequest,
        _ => FailureKind::Malformed,
    }
}

fn number(code: &Value) -> Option<u16> {
    let number = match code {
        Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
        Value::String(text) => text.parse().ok()?,
        _ => return None,
    };
    (400..600).contains(&number).then_some(number)
}

fn message(error: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(message) = text(error).or_else(|| text(&error["message"])).or_else(|| text(&error["detail"]))
    {
        return message;
    }
    // FastAPI's list of wrong fields: their places and reasons, never `input`, which repeats what was sent.
    let wrong_fields = error["detail"].as_array().or_else(|| error["message"]["detail"].as_array());
    let fields = wrong_fields.into_iter().flatten().map(|field| {
        let place = field["loc"].as_array().into_iter().flatten().filter_map(Value::as_str);
        format!("{}: {}", place.collect::<Vec<_>>().join("."), field["msg"].as_str().unwrap_or_default())
    });
    fields.collect::<Vec<_>>().join("; ")
}

/// An error under status 200, whole or in a stream.
pub(crate) fn in_place_of_an_answer(error: &Value) -> ProviderFailure {
    let error = VendorError::from_value(error);
    error.failure(200, error.message.clone(), None)
}

/// Why an answer that ended for this reason without any text is none.
pub(crate) fn without_text(finish: FinishReason) -> (FailureKind, &'static str) {
    match finish {
        FinishReason::Length => (FailureKind::Incomplete, "the token limit was used up before any text"),
        FinishReason::ToolCalls => (FailureKind::Malformed, "the model called a tool that was not offered"),
        _ => (FailureKind::Incomplete, "the answer has no text"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FailureKind::{
        Auth, BadRequest, Billing, ContextTooLong, Malformed, ModelNotFound, Overloaded, RateLimited,
        Refused, ServerError, Timeout,
    };

    fn kind(status: u16, body: &str) -> FailureKind {
        VendorError::from_body(body.as_bytes()).kind(status)
    }

    #[test]
    fn every_row_of_the_chat_completions_table() {
        let openai = |kind: &str, code: &str| {
            format!(r#"{{"error":{{"message":"m","type":"{kind}","param":null,"code":"{code}"}}}}"#)
        };
        let rows = [
            (400, openai("invalid_request_error", "context_length_exceeded"), ContextTooLong),
            (400, openai("invalid_request_error", "unsupported_parameter"), BadRequest),
            (400, openai("invalid_request_error", "unsupported_value"), BadRequest),
            (400, openai("invalid_request_error", "invalid_value"), BadRequest),
            (401, openai("invalid_request_error", "invalid_api_key"), Auth),
            (403, openai("request_forbidden", "unsupported_country_region_territory"), Auth),
            (404, openai("invalid_request_error", "model_not_found"), ModelNotFound),
            (429, openai("requests", "rate_limit_exceeded"), RateLimited),
            (429, openai("tokens", "rate_limit_exceeded"), RateLimited),
            (429, openai("requests", "slow_down"), RateLimited),
            (429, openai("insufficient_quota", "insufficient_quota"), Billing),
            (429, openai("insufficient_quota", ""), Billing),
            (429, openai("insufficient_quota", "credit_balance_exhausted"), Billing),
            (429, openai("billing", "organization_spend_limit_exceeded"), Billing),
            (429, openai("billing", "project_spend_limit_exceeded"), Billing),
            (429, openai("billing", "organization_usage_limit_exceeded"), Billing),
            (500, openai("server_error", ""), ServerError),
            (502, openai("server_error", ""), ServerError),
            (504, openai("server_error", ""), ServerError),
            (503, openai("server_error", "server_is_overloaded"), Overloaded),
            (503, openai("server_error", "slow_down"), Overloaded),
        ];
        for (status, body, expected) in rows {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn every_row_of_the_messages_table() {
        let anthropic = |kind: &str, message: &str, code: &str| {
            format!(
                r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}","details":{{"error_code":"{code}"}}}},"request_id":"r"}}"#
            )
        };
        let rows = [
            (400, anthropic("invalid_request_error", "max_tokens: Field required", ""), BadRequest),
            (400, anthropic("invalid_request_error", "prompt is too long: 9 tokens > 8", ""), ContextTooLong),
            (400, anthropic("invalid_request_error", "Your credit balance is too low", ""), Billing),
            (
                400,
                anthropic("invalid_request_error", "You have reached your specified API usage limits.", ""),
                Billing,
            ),
            (401, anthropic("authentication_error", "invalid x-api-key", ""), Auth),
            (402, anthropic("billing_error", "m", ""), Billing),
            (403, anthropic("permission_error", "m", ""), Auth),
            (404, anthropic("not_found_error", "model: claude-x", ""), ModelNotFound),
            (409, anthropic("conflict_error", "m", ""), ServerError),
            (413, anthropic("request_too_large", "m", ""), ContextTooLong),
            (429, anthropic("rate_limit_error", "m", ""), RateLimited),
            (429, anthropic("rate_limit_error", "m", "ramp_limit_exceeded"), RateLimited),
            (429, anthropic("rate_limit_error", "m", "enforced_spend_limit_reached"), Billing),
            (429, anthropic("rate_limit_error", "m", "contract_spend_limit_reached"), Billing),
            (500, anthropic("api_error", "m", ""), ServerError),
            (504, anthropic("timeout_error", "m", ""), ServerError),
            (529, anthropic("overloaded_error", "m", ""), Overloaded),
            (200, anthropic("overloaded_error", "m", ""), Overloaded),
            (200, anthropic("rate_limit_error", "m", ""), RateLimited),
            (200, anthropic("api_error", "m", ""), ServerError),
            (200, anthropic("invalid_request_error", "m", ""), BadRequest),
        ];
        for (status, body, expected) in rows {
            assert_eq!(kind(status, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn every_dialect_that_fails_in_its_own_way() {
        let rows = [
            (
                "Azure",
                400,
                r#"{"error":{"code":"content_filter","message":"m","status":400,"innererror":{"code":"ResponsibleAIPolicyViolation"}}}"#,
                Refused,
            ),
            ("Azure", 404, r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#, ModelNotFound),
            (
                "Ollama",
                404,
                r#"{"error":{"message":"model 'x' not found","type":"api_error","param":null,"code":null}}"#,
                ModelNotFound,
            ),
            ("Ollama", 500, r#"{"error":"llama runner process has terminated"}"#, ServerError),
            (
                "vLLM",
                400,
                r#"{"object":"error","message":"This model's maximum context length is 8","type":"BadRequestError","param":null,"code":400}"#,
                ContextTooLong,
            ),
            (
                "vLLM",
                404,
                r#"{"object":"error","message":"no","type":"NotFoundError","param":null,"code":404}"#,
                ModelNotFound,
            ),
            (
                "llama.cpp",
                503,
                r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
                Overloaded,
            ),
            (
                "llama.cpp",
                400,
                r#"{"error":{"code":400,"message":"m","type":"exceed_context_size_error"}}"#,
                ContextTooLong,
            ),
            ("llama-cpp-python", 401, r#"{"detail":"Invalid API key"}"#, Auth),
            (
                "Groq",
                413,
                r#"{"error":{"message":"Request too large","type":"tokens","code":"rate_limit_exceeded"}}"#,
                ContextTooLong,
            ),
            ("Groq", 424, "{}", ServerError),
            ("Groq", 498, r#"{"error":{"message":"m","type":"flex"}}"#, Overloaded),
            ("Groq", 499, "{}", ServerError),
            ("Groq", 400, r#"{"error":{"message":"m","code":"model_decommissioned"}}"#, ModelNotFound),
            (
                "Mistral",
                422,
                r#"{"detail":[{"type":"extra_forbidden","loc":["body","x"],"msg":"no","input":1}]}"#,
                BadRequest,
            ),
            (
                "Mistral",
                400,
                r#"{"object":"error","message":"too large for model with 32768 maximum context length","code":"3051"}"#,
                ContextTooLong,
            ),
            (
                "Gemini",
                429,
                r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#,
                RateLimited,
            ),
            (
                "Gemini",
                400,
                r#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#,
                Auth,
            ),
            (
                "DeepSeek",
                402,
                r#"{"error":{"message":"Insufficient Balance","type":"unknown_error","code":"invalid_request_error"}}"#,
                Billing,
            ),
            ("DeepSeek", 422, "{}", BadRequest),
            ("DeepSeek", 503, "", Overloaded),
            ("OpenRouter", 402, r#"{"error":{"code":402,"message":"credits"}}"#, Billing),
            (
                "OpenRouter",
                403,
                r#"{"error":{"code":403,"message":"flagged","metadata":{"reasons":["x"]}}}"#,
                Refused,
            ),
            ("OpenRouter", 403, r#"{"error":{"code":403,"message":"no"}}"#, Auth),
            ("OpenRouter", 200, r#"{"error":{"code":429,"message":"m"}}"#, RateLimited),
            ("OpenRouter", 200, r#"{"error":{"code":502,"message":"m"}}"#, ServerError),
        ];
        for (vendor, status, body, expected) in rows {
            assert_eq!(kind(status, body), expected, "{vendor} {status} {body}");
        }
    }

    #[test]
    fn a_proxy_without_a_body_is_judged_by_its_status() {
        let rows = [
            (502, "<html><body>Bad Gateway</body></html>", ServerError),
            (503, "<html>", Overloaded),
            (408, "", Timeout),
            (302, "", Malformed),
            (418, "", BadRequest),
            (522, "", ServerError),
        ];
        for (status, body, expected) in rows {
            assert_eq!(kind(status, body), expected, "{status}");
        }
    }

    #[test]
    fn a_list_of_wrong_fields_is_told_without_what_was_sent() {
        let body =
            r#"{"detail":[{"loc":["body","user"],"msg":"Extra inputs are not permitted","input":"Maria"}]}"#;
        assert_eq!(
            VendorError::from_body(body.as_bytes()).message,
            "body.user: Extra inputs are not permitted"
        );
    }

    #[test]
    fn google_names_its_wait_in_the_details() {
        let body = r#"[{"error":{"code":429,"details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}]"#;
        let error = VendorError::from_body(body.as_bytes());
        let failure = error.failure(429, String::new(), None);
        assert_eq!(failure.retry_after, Some(Duration::from_secs(34)));
        assert_eq!(failure.message, "status 429 without a message");
    }

    proptest::proptest! {
        #[test]
        fn no_body_makes_it_panic(body in ".{0,80}", status in 100_u16..1000) {
            VendorError::from_body(body.as_bytes()).kind(status);
        }
    }
}
