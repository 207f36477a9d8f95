//! Errors in Meta's form.

use serde_json::{Value, json};

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    pub(crate) code: i64,
    message: String,
    details: Option<String>,
    kind: &'static str,
    subcode: Option<i64>,
}

impl Failure {
    /// An error with a code, told by the script.
    pub(crate) fn told(status: u16, code: i64) -> Self {
        Self::with_details(status, code, "Told to fail.")
    }

    fn with_details(status: u16, code: i64, details: &str) -> Self {
        Self {
            status,
            code,
            message: format!("(#{code}) {}", title_of(code)),
            details: Some(details.to_owned()),
            kind: "OAuthException",
            subcode: None,
        }
    }

    /// A parameter is wrong as a whole: code 100.
    pub(crate) fn parameter(message: &str) -> Self {
        Self {
            status: 400,
            code: 100,
            message: format!("(#100) {message}"),
            details: None,
            kind: "OAuthException",
            subcode: None,
        }
    }

    /// A value has the wrong length or form: code 131009.
    pub(crate) fn value(details: &str) -> Self {
        Self::with_details(400, 131_009, details)
    }

    /// A value is missing: code 131008.
    pub(crate) fn missing(details: &str) -> Self {
        Self::with_details(400, 131_008, details)
    }

    /// The token is missing or wrong.
    pub(crate) fn token() -> Self {
        Self {
            status: 401,
            code: 190,
            message: "Invalid OAuth access token - Cannot parse access token".to_owned(),
            details: None,
            kind: "OAuthException",
            subcode: None,
        }
    }

    /// There is no such object, or it cannot do this.
    pub(crate) fn no_object(method: &str, id: &str) -> Self {
        Self {
            status: 400,
            code: 100,
            message: format!(
                "Unsupported {} request. Object with ID '{id}' does not exist, cannot be loaded due to missing \
                 permissions, or does not support this operation",
                method.to_ascii_lowercase()
            ),
            details: None,
            kind: "GraphMethodException",
            subcode: Some(33),
        }
    }

    /// The path is none that is known.
    pub(crate) fn path(path: &str) -> Self {
        Self {
            status: 400,
            code: 2500,
            message: format!("Unknown path components: {path}"),
            details: None,
            kind: "OAuthException",
            subcode: None,
        }
    }

    /// The address of a file has died.
    pub(crate) fn gone() -> Self {
        Self { status: 404, ..Self::no_object("get", "attachments") }
    }

    /// Sends too fast: 131056 to one person, 130429 in all.
    pub(crate) fn rate(code: i64) -> Self {
        Self::with_details(
            status_of(code),
            code,
            "Message failed to send because there were too many messages.",
        )
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({ "message": self.message, "type": self.kind, "code": self.code });
        if let Some(details) = &self.details {
            error["error_data"] = json!({ "messaging_product": "whatsapp", "details": details });
        }
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        error["fbtrace_id"] = json!("AsimulatedTraceId");
        json!({ "error": error })
    }
}

/// The HTTP status that an error mostly comes with. Nobody may build on it, Meta says so.
pub(crate) fn status_of(code: i64) -> u16 {
    match code {
        0 | 190 => 401,
        3 | 10 | 200..=299 | 368 | 130_497 | 131_005 | 131_031 => 403,
        1 | 131_000 | 131_057 => 500,
        2 | 131_016 | 133_004 => 503,
        _ => 400,
    }
}

/// The title of an error, for people.
pub(crate) fn title_of(code: i64) -> &'static str {
    match code {
        4 => "Application request limit reached",
        190 => "Invalid OAuth access token",
        368 => "Temporarily blocked for policies violations",
        80_007 | 130_429 => "Rate limit hit",
        131_000 => "Something went wrong",
        131_008 => "Required parameter is missing",
        131_009 => "Parameter value is not valid",
        131_016 => "Service unavailable",
        131_026 => "Message undeliverable",
        131_047 => "Re-engagement message",
        131_048 => "Spam rate limit hit",
        131_049 => "This message was not delivered to maintain healthy ecosystem engagement.",
        131_053 => "Media upload error",
        131_056 => "(Business Account, Consumer Account) pair rate limit hit",
        _ => "Error",
    }
}
