//! Requests and answers against the vendors' own documents, where they are at hand.
//!
//! The documents are not part of the repository; without them the tests say so and pass.

use std::path::PathBuf;

use pytake_assistant::AIProviderTrait;
use pytake_assistant::provider::{CompletionRequest, FailureKind};
use serde_json::{Value, json};

use crate::bodies::{anthropic, chat_answer, messages_answer, openai, request, with_schema};
use crate::server::{Reply, Server};

pub(crate) fn document(name: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/specs");
    let Ok(bytes) = std::fs::read(folder.join(name)) else {
        eprintln!("SKIPPED: {name} is not in ../shared/data/specs");
        return None;
    };
    Some(serde_json::from_slice(&bytes).unwrap())
}

pub(crate) fn validator(document: &Value, schema: &str) -> jsonschema::Validator {
    let schema = json!({
        "$ref": format!("#/components/schemas/{schema}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

pub(crate) fn assert_valid(validator: &jsonschema::Validator, body: &Value, what: &str) {
    let errors: Vec<String> =
        validator.iter_errors(body).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what}: {errors:#?}\n{body:#}");
}

/// Every combination of the optional parts of a request.
fn combinations(model: &str) -> Vec<CompletionRequest> {
    let mut requests = Vec::new();
    for bits in 0..16 {
        let mut request = request(model);
        if bits & 1 == 0 {
            request.temperature = None;
        }
        if bits & 2 == 0 {
            request.user_pseudonym = None;
        }
        if bits & 4 == 0 {
            request.system = "".into();
        }
        if bits & 8 != 0 {
            request = with_schema(request);
        }
        requests.push(request);
    }
    requests
}

async fn send_all(provider: &dyn AIProviderTrait, models: &[&str]) {
    for model in models {
        for request in combinations(model) {
            provider.chat_completion(request.clone()).await.unwrap();
            drop(provider.chat_completion_stream(request).await.unwrap());
        }
    }
}

#[tokio::test]
async fn all_requests_to_openai_are_valid() {
    let Some(document) = document("openai.openapi.json") else { return };
    let validator = validator(&document, "CreateChatCompletionRequest");
    let server = Server::start(vec![Reply::json(200, chat_answer())]).await;
    let models = ["gpt-6-luna", "gpt-6.1-sol", "gpt-5-mini", "gpt-5.4-mini", "gpt-4o-mini", "o3", "gpt-99"];
    send_all(&openai(&server.url), &models).await;
    let received = server.received();
    assert_eq!(received.len(), models.len() * 32);
    // OpenAI refuses unknown fields; its document allows them, so they are checked by name.
    let known = known_fields(&document, "CreateChatCompletionRequest");
    for sent in received {
        assert_valid(&validator, &sent.body, "OpenAI");
        for field in sent.body.as_object().unwrap().keys() {
            assert!(known.contains(field), "{field} is no field of the document");
        }
    }
}

/// The property names of a schema, through its `allOf` and references.
pub(crate) fn known_fields(document: &Value, schema: &str) -> Vec<String> {
    let schema = &document["components"]["schemas"][schema];
    let mut fields: Vec<String> = Vec::new();
    let mut pending = vec![schema];
    while let Some(schema) = pending.pop() {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            pending.push(&document["components"]["schemas"][name]);
        }
        pending.extend(schema["allOf"].as_array().into_iter().flatten());
        fields.extend(schema["properties"].as_object().into_iter().flat_map(|object| object.keys().cloned()));
    }
    fields
}

#[tokio::test]
async fn all_requests_to_anthropic_are_valid_under_both_versions() {
    for (name, version) in [
        ("anthropic-2023-06-01.openapi.json", "2023-06-01"),
        ("anthropic-2026-10-21.mock.openapi.json", "2026-10-21"),
    ] {
        let Some(document) = document(name) else { return };
        let validator = validator(&document, "CreateMessageParams");
        let server = Server::start(vec![Reply::json(200, messages_answer())]).await;
        let models =
            ["claude-haiku-5-5", "claude-haiku-4-5", "claude-sonnet-5-5", "claude-opus-4-6", "claude-9"];
        send_all(&anthropic(&server.url, version), &models).await;
        let received = server.received();
        assert_eq!(received.len(), models.len() * 32);
        for sent in received {
            assert_valid(&validator, &sent.body, name);
            assert_eq!(sent.header("anthropic-version"), Some(version));
        }
    }
}

/// The example answers of a document: status, name, body.
fn examples(document: &Value, path: &str) -> Vec<(u16, String, Value)> {
    let responses = document["paths"][path]["post"]["responses"].as_object().unwrap();
    let mut examples = Vec::new();
    for (status, response) in responses {
        let named = response["content"]["application/json"]["examples"].as_object();
        for (name, example) in named.into_iter().flatten() {
            examples.push((status.parse().unwrap(), name.clone(), example["value"].clone()));
        }
    }
    examples
}

/// The kind of failure each example is, or the text of its answer.
async fn outcomes(provider: &dyn AIProviderTrait, count: usize) -> Vec<Result<String, FailureKind>> {
    let mut outcomes = Vec::new();
    for _ in 0..count {
        let outcome = provider.chat_completion(request(provider.default_model())).await;
        outcomes.push(outcome.map(|completion| completion.text).map_err(|failure| failure.kind));
    }
    outcomes
}

async fn read_examples(
    name: &str,
    path: &str,
    provider: impl Fn(&str) -> Box<dyn AIProviderTrait>,
) -> Option<Vec<String>> {
    let document = document(name)?;
    let examples = examples(&document, path);
    assert!(examples.len() > 10);
    let replies = examples.iter().map(|(status, _, body)| Reply::json(*status, body.to_string())).collect();
    let server = Server::start(replies).await;
    let outcomes = outcomes(provider(&server.url).as_ref(), examples.len()).await;
    assert_eq!(server.received().len(), examples.len());
    Some(
        examples
            .iter()
            .zip(outcomes)
            .map(|((status, name, _), outcome)| format!("{status} {name}: {outcome:?}"))
            .collect(),
    )
}

#[tokio::test]
async fn openais_example_answers_are_understood() {
    let examples =
        read_examples("openai.mock.openapi.json", "/chat/completions", |url| Box::new(openai(url))).await;
    if let Some(outcomes) = examples {
        insta::assert_snapshot!(outcomes.join("\n"), @r#"
        200 stop: Ok("Olá! Como posso ajudar?")
        200 length: Ok("Olá! Co")
        200 content_filter: Err(Refused)
        200 refusal: Err(Refused)
        200 tool_calls: Err(Malformed)
        200 json: Ok("{\"sentiment\":\"positive\",\"score\":0.9}")
        200 bad_json: Ok("{\"sentiment\":\"positive\",\"sco")
        200 cached: Ok("ok")
        429 rate_limit_exceeded: Err(RateLimited)
        429 insufficient_quota: Err(Billing)
        429 credit_balance_exhausted: Err(Billing)
        400 context_length_exceeded: Err(ContextTooLong)
        400 unsupported_value: Err(BadRequest)
        400 unsupported_parameter: Err(BadRequest)
        401 invalid_api_key: Err(Auth)
        403 unsupported_country: Err(Auth)
        404 model_not_found: Err(ModelNotFound)
        500 server_error: Err(ServerError)
        503 overloaded: Err(Overloaded)
        "#);
    }
}

#[tokio::test]
async fn anthropics_example_answers_are_understood() {
    let provider = |url: &str| -> Box<dyn AIProviderTrait> { Box::new(anthropic(url, "2026-10-21")) };
    let examples = read_examples("anthropic-2026-10-21.mock.openapi.json", "/v1/messages", provider).await;
    if let Some(outcomes) = examples {
        insta::assert_snapshot!(outcomes.join("\n"), @r#"
        200 end_turn: Ok("Olá! Como posso ajudar?")
        200 max_tokens: Ok("Olá! Com")
        200 refusal: Err(Refused)
        200 tool_use: Err(Malformed)
        200 cached: Ok("ok")
        400 invalid_request_error: Err(BadRequest)
        401 authentication_error: Err(Auth)
        402 billing_error: Err(Billing)
        403 permission_error: Err(Auth)
        404 not_found_error: Err(ModelNotFound)
        413 invalid_request_error: Err(ContextTooLong)
        429 rate_limit_error: Err(RateLimited)
        500 api_error: Err(ServerError)
        504 timeout_error: Err(ServerError)
        529 overloaded_error: Err(Overloaded)
        "#);
    }
}
