//! The OpenAPI document: what is said once for all routes, and the errors each of them can answer with.

use utoipa::OpenApi as _;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Content, Header, Object, OpenApi, Ref, RefOr, Required, Type};

use crate::auth::cookie;
use crate::schema;

/// What the document says before any route is added.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "PyTake AI Assistant",
        description = "A self-hosted assistant for businesses: replies, analysis, prompts, conversations and usage.\n\n\
            Every answer carries `x-request-id`: the caller's, if it sent a sane one. Every error is an object with \
            `error` (a stable code), `message` (for a person) and `request_id`. Lists answer `items` and `next`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    tags(
        (name = "chat", description = "Replies, and voice notes written down"),
        (name = "analysis", description = "What a message says"),
        (name = "prompts", description = "Custom prompts, scope `prompts`"),
        (name = "intents", description = "What customers write about: reading (scope `read`) and changing (scope `operate`)"),
        (name = "content", description = "What the business says: approved answers and profile"),
        (name = "tenants", description = "Every tenant (scope `admin`), and what one may use and spend (scope `manage`)"),
        (name = "batch", description = "Many questions at once"),
        (name = "conversations", description = "Reading (scope `read`) and taking over (scope `operate`)"),
        (name = "whatsapp", description = "Business numbers, what is sent from them, and Meta's webhook"),
        (name = "customers", description = "A customer's data: handed over, or erased; scope `manage`"),
        (name = "access", description = "Keys, operators, sessions and the audit log, scope `manage`"),
        (name = "usage", description = "Requests, tokens and money, scope `read`"),
        (name = "providers", description = "How model providers are doing, scope `read`"),
        (name = "health", description = "For whatever starts and watches the server"),
    ),
    components(schemas(schema::Error)),
)]
struct Base;

/// The document before routes are added.
pub(crate) fn base() -> OpenApi {
    Base::openapi()
}

/// The document as it is served, printed by `pytake openapi` and committed.
///
/// # Panics
/// Never: it is made of strings, maps and numbers, which are always JSON.
pub fn openapi() -> String {
    let (_, document) = crate::routes::documented();
    document.to_pretty_json().expect("a document of strings, maps and numbers is always JSON")
}

/// Adds what the routes have in common: the key, and the errors.
pub(crate) fn finish(document: &mut OpenApi) {
    let components = document.components.get_or_insert_default();
    let mut key = Http::new(HttpAuthScheme::Bearer);
    key.description = Some("An API key, as printed by `pytake keys create`".to_owned());
    components.add_security_scheme("api_key", SecurityScheme::Http(key));
    let session = ApiKeyValue::with_description(
        cookie::NAME,
        "A session, as begun by `signIn`; on another host than localhost it is called `__Host-pytake_session`",
    );
    components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(session)));
    components.parameters.insert(TENANT.to_owned(), RefOr::T(tenant_parameter()));
    for refusal in &REFUSALS {
        components.responses.insert(refusal.name.to_owned(), RefOr::T(refusal.response()));
    }
    for (path, item) in &mut document.paths.paths {
        if path.starts_with("/api/") {
            operations(item).for_each(|operation| complete(path, operation));
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().filter_map(Option::as_mut)
}

fn complete(path: &str, operation: &mut Operation) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    if id == "signIn" {
        // Who signs in has nothing to show yet.
        operation.security = Some(Vec::new());
    } else {
        // Either of them.
        let needs = |scheme| SecurityRequirement::new(scheme, Vec::<String>::new());
        operation.security = Some(vec![needs("api_key"), needs("session")]);
        let tenant = Ref::new(format!("#/components/parameters/{TENANT}"));
        operation.parameters.get_or_insert_default().push(RefOr::Ref(tenant));
    }
    let has_body = operation.request_body.is_some();
    let is_turn = ["chat", "analyze", "classify", "moderate", "transcribe", "translate"].contains(&id);
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            tell_limits(response);
        }
    }
    for refusal in &REFUSALS {
        let applies = match refusal.when {
            When::Always => true,
            When::Body => has_body,
            When::Turn => is_turn,
            When::Named => is_turn || path.contains('{'),
        };
        if applies {
            let reference = Ref::from_response_name(refusal.name);
            operation.responses.responses.entry(refusal.status.to_owned()).or_insert(RefOr::Ref(reference));
        }
    }
}

/// The headers that every answer to a limited caller carries.
const LIMIT_HEADERS: [(&str, &str); 2] = [
    (
        "RateLimit-Policy",
        "The limits that count for this caller, `key` and `tenant`: requests (`q`) in so many seconds (`w`), as in \
        `\"key\";q=60;w=60, \"tenant\";q=600;w=60`; absent where there is none",
    ),
    (
        "RateLimit",
        "What is left of them: requests (`r`), and in how many seconds (`t`) more is left than now, as in \
        `\"key\";r=12;t=7`",
    ),
];

fn tell_limits(response: &mut Response) {
    for (name, description) in LIMIT_HEADERS {
        let mut header = Header::new(Object::with_type(Type::String));
        header.description = Some(description.to_owned());
        response.headers.insert(name.to_owned(), RefOr::T(header));
    }
}

const TENANT: &str = "tenant_id";

fn tenant_parameter() -> Parameter {
    ParameterBuilder::new()
        .name(TENANT)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some("The tenant to act for; honoured only with the scope `admin`"))
        .schema(Some(Object::with_type(Type::String)))
        .build()
}

/// Which operations can be refused so.
enum When {
    Always,
    Body,
    Turn,
    Named,
}

struct Refusal {
    status: &'static str,
    name: &'static str,
    when: When,
    description: &'static str,
}

impl Refusal {
    fn response(&self) -> Response {
        let mut response = Response::new(self.description);
        let content = Content::new(Some(Ref::from_schema_name("Error")));
        if self.status == "429" {
            let mut header = Header::new(Object::with_type(Type::Integer));
            header.description = Some("Seconds until a next try makes sense, rounded up".to_owned());
            response.headers.insert("Retry-After".to_owned(), RefOr::T(header));
        }
        tell_limits(&mut response);
        response.content.insert("application/json".to_owned(), RefOr::T(content));
        response
    }
}

const REFUSALS: [Refusal; 13] = [
    Refusal {
        status: "400",
        name: "BadRequest",
        when: When::Always,
        description: "`invalid_request` with `details`; on messages also `content_filter_violation` with \
            `categories`, `fallback_response` and `stopped_by`, or `token_limit_exceeded` with `current` and `max`",
    },
    Refusal {
        status: "401",
        name: "Unauthorized",
        when: When::Always,
        description: "`unauthorized`: neither a key nor a session, or one that is unknown, expired or ended",
    },
    Refusal {
        status: "403",
        name: "Forbidden",
        when: When::Always,
        description: "`forbidden`: the caller lacks `required_scope`, may not change what `details` names, its tenant is \
            suspended, or a change with a session's cookie came from another site",
    },
    Refusal {
        status: "404",
        name: "NotFound",
        when: When::Named,
        description: "`not_found` or `user_not_found`: what the path or the body names is not there for this tenant",
    },
    Refusal {
        status: "408",
        name: "RequestTimeout",
        when: When::Body,
        description: "`request_timeout`: the body did not arrive in time",
    },
    Refusal {
        status: "409",
        name: "Suspended",
        when: When::Turn,
        description: "`conflict`: the tenant that an admin acts for is suspended",
    },
    Refusal {
        status: "413",
        name: "PayloadTooLarge",
        when: When::Body,
        description: "`payload_too_large`: the body, or its file, is over `max_bytes`",
    },
    Refusal {
        status: "415",
        name: "UnsupportedMediaType",
        when: When::Body,
        description: "`unsupported_media_type`: the body is not of the type that is documented",
    },
    Refusal {
        status: "429",
        name: "TooManyRequests",
        when: When::Always,
        description: "`rate_limit_exceeded`: too much at a time of the `scope` `key`, `tenant`, `user`, `provider`, \
            `conversation` or `server`; where a message is worked on also `daily_limit_exceeded` (with `limit`) or \
            `budget_exceeded`; with `retry_after_ms`, `scope` and the header `Retry-After` in seconds",
    },
    Refusal {
        status: "500",
        name: "InternalError",
        when: When::Always,
        description: "`internal_error`: a defect; the server's log has it under the request id",
    },
    Refusal {
        status: "502",
        name: "BadGateway",
        when: When::Turn,
        description: "`provider_error`: every provider refused or failed; `attempts` says how",
    },
    Refusal {
        status: "503",
        name: "ServiceUnavailable",
        when: When::Always,
        description: "`service_unavailable`: nothing that is configured can do this now",
    },
    Refusal {
        status: "504",
        name: "GatewayTimeout",
        when: When::Turn,
        description: "`deadline_exceeded`: no answer was complete in time; `attempts` says how far it came",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_document_is_the_servers() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let is_same = committed.trim_end() == openapi();
        assert!(
            is_same,
            "openapi.json is out of date; write it anew: pytake openapi > crates/server/openapi.json"
        );
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_a_summary() {
        let (_, mut document) = crate::routes::documented();
        let mut ids = Vec::new();
        for operation in document.paths.paths.values_mut().flat_map(operations) {
            assert!(operation.summary.is_some(), "{:?}", operation.operation_id);
            ids.push(operation.operation_id.clone().unwrap());
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}
