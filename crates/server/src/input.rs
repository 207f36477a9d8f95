//! Reads what a caller sent into the types of a handler, and says precisely what is wrong with it.
//!
//! [`Payload`] for JSON bodies, [`Upload`] for forms with a file, [`Params`] for query strings, [`Id`] for the ids in paths. Shape is checked
//! here; meaning is the assistant's.

mod json;
mod limited;
mod upload;

pub(crate) use upload::{Fields, Upload};

use std::convert::Infallible;
use std::num::ParseIntError;
use std::str::FromStr;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use pytake_assistant::id::{AnswerId, ConversationId, NumberId, PromptId, TenantId, UserId};
use serde::de::DeserializeOwned;

use crate::problem::Problem;

pub(crate) use limited::{Room, read_of_stranger};

/// A JSON body of at most 256 KiB.
pub(crate) struct Payload<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Payload<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        if !is_json(&head.headers) {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "The body must be JSON, sent with the header Content-Type: application/json",
            ));
        }
        let bytes = limited::read(&head.headers, body).await?;
        json::parse(&bytes).map(Self).map_err(|problem| Problem::invalid(problem.field, problem.problem))
    }
}

/// The query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(params)) => Ok(Self(params)),
            Err(rejection) => {
                let text =
                    std::error::Error::source(&rejection).map_or_else(String::new, ToString::to_string);
                let problem = json::named(String::new(), &text);
                Err(Problem::invalid(problem.field, problem.problem))
            }
        }
    }
}

/// The first value of a parameter, decoded.
pub(crate) fn query_value(query: Option<&str>, name: &str) -> Option<String> {
    let uri =
        query.filter(|query| query.contains(name)).and_then(|query| format!("/?{query}").parse().ok())?;
    let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&uri).ok()?;
    pairs.into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// The id in a path. One that cannot exist is answered like one that does not.
pub(crate) struct Id<T>(pub(crate) T);

/// What a path can name.
pub(crate) trait Named: FromStr {
    /// The answer when there is no such thing.
    fn missing() -> Problem;
}

impl Named for PromptId {
    fn missing() -> Problem {
        Problem::not_found("there is no such prompt")
    }
}

impl Named for TenantId {
    fn missing() -> Problem {
        Problem::not_found("there is no such tenant")
    }
}

impl Named for NumberId {
    fn missing() -> Problem {
        Problem::not_found("there is no such number")
    }
}

impl Named for ConversationId {
    fn missing() -> Problem {
        Problem::not_found("there is no such conversation")
    }
}

impl Named for AnswerId {
    fn missing() -> Problem {
        Problem::not_found("there is no such answer")
    }
}

/// The name of a provider. Whether there is one is the engine's to say.
pub(crate) struct ProviderName(pub(crate) String);

impl FromStr for ProviderName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for ProviderName {
    fn missing() -> Problem {
        Problem::not_found("there is no such provider")
    }
}

/// The name of an intent.
pub(crate) struct IntentName(pub(crate) String);

impl FromStr for IntentName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for IntentName {
    fn missing() -> Problem {
        Problem::not_found("there is no such intent")
    }
}

/// The number of a version.
pub(crate) struct Version(pub(crate) u64);

impl FromStr for Version {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        text.parse().map(Self)
    }
}

impl Named for Version {
    fn missing() -> Problem {
        Problem::not_found("there is no such version")
    }
}

impl Named for UserId {
    fn missing() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "user_not_found", "there is no usage for this user")
    }
}

/// A customer, by any name they have.
pub(crate) struct CustomerName(pub(crate) String);

impl FromStr for CustomerName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl Named for CustomerName {
    fn missing() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "user_not_found", "nothing is known of this customer")
    }
}

impl<T: Named, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(T::missing());
        };
        text.parse().map(Self).map_err(|_| T::missing())
    }
}

/// How many a page of a list has, where the caller does not say.
pub(crate) fn a_page() -> u32 {
    50
}

/// The id in a path where any text may be one. What is no text at all is nobody's.
pub(crate) struct TextId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for TextId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        path.map(|Path(text)| Self(text)).map_err(|_| Problem::not_found("there is nothing with this id"))
    }
}

/// `application/json`, with or without parameters. Nothing else and not nothing: a browser may send those
/// across origins without asking.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_is_found_and_decoded() {
        assert_eq!(query_value(Some("a=1&tenant_id=shop%2Da"), "tenant_id").as_deref(), Some("shop-a"));
        assert_eq!(query_value(Some("x_tenant_id=1"), "tenant_id"), None);
        assert_eq!(query_value(None, "tenant_id"), None);
    }

    #[test]
    fn only_json_counts_as_json() {
        let typed = |text: &'static str| {
            is_json(&HeaderMap::from_iter([(header::CONTENT_TYPE, text.parse().unwrap())]))
        };
        assert!(typed("application/json") && typed("Application/JSON; charset=utf-8"));
        assert!(!typed("text/plain") && !typed("application/jsonp") && !typed("text/plain;application/json"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
