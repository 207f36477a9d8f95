//! A whole server in process. Every JSON answer is checked against the OpenAPI document on its way to the test.

use std::sync::Arc;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use jiff::Timestamp;
use pytake_assistant::channel::Attachment;
use pytake_assistant::clock::{Clock, TestClock};
use pytake_assistant::id::{CountingIds, TenantId};
use pytake_assistant::money::TokenUsage;
use pytake_assistant::provider::{Completion, CompletionRequest, FailureKind, FinishReason, ProviderFailure};
use pytake_assistant::{AIProviderTrait, Assistant, Settings, Transcriber, Transcript};
use pytake_inbox::Channel;
use pytake_server::{AppState, AuthMode, Batches, CorsOrigins, Parts, hash_secret};
use pytake_store::{ApiKeyRecord, Keys, ProviderKeyring, Scope, Sealer, SealingKey};
use pytake_store_sqlite::SqliteStore;
use pytake_understanding::language::Language;
use pytake_whatsapp::{WhatsApp, WhatsAppConfig};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::strict::strict;

/// The origin of pages elsewhere that may use the API.
pub(crate) const PAGE: &str = "https://app.example";

/// A provider that says a sentence, fails or panics, as the customer's message tells it, and analyses whatever it is
/// asked.
#[derive(Debug)]
struct Obedient;

#[async_trait]
impl AIProviderTrait for Obedient {
    fn name(&self) -> &'static str {
        "obedient"
    }

    fn default_model(&self) -> &'static str {
        "obedient-1"
    }

    async fn chat_completion(&self, request: CompletionRequest) -> Result<Completion, ProviderFailure> {
        if request.evidence.message.contains("provider down") {
            return Err(ProviderFailure::new(FailureKind::Auth, "Incorrect API key provided: sk-secret"));
        }
        assert!(!request.evidence.message.contains("provider panics"), "told to");
        let text = match request.schema.map_or("", |schema| schema.name) {
            "analysis" => findings().to_string(),
            "translation" => json!({"translation": "Where is my order 4711? I paid yesterday."}).to_string(),
            _ => "Oi! Como posso ajudar?".to_owned(),
        };
        Ok(Completion {
            text,
            model: "obedient-1".to_owned(),
            finish: FinishReason::Stop,
            usage: Some(TokenUsage { input_tokens: 30, output_tokens: 12, ..TokenUsage::default() }),
            provider_request_id: None,
            confidence: None,
        })
    }
}

/// Hears a sentence in every recording, unless the recording says what else is to happen.
#[derive(Debug)]
struct Hearing;

#[async_trait]
impl Transcriber for Hearing {
    fn name(&self) -> &'static str {
        "hearing"
    }

    fn model(&self) -> &'static str {
        "hearing-1"
    }

    async fn transcribe(
        &self,
        audio: &Attachment,
        language: Option<Language>,
    ) -> Result<Transcript, ProviderFailure> {
        let says = |word: &[u8]| audio.bytes.windows(word.len()).any(|window| window == word);
        if says(b"provider down") {
            return Err(ProviderFailure::new(FailureKind::Auth, "Incorrect API key provided: sk-secret"));
        }
        let text = if says(b"silence") { "" } else { "Oi, sou a Ana." };
        Ok(Transcript {
            text: text.to_owned(),
            language: language.map(|language| language.code().to_owned()),
            seconds: Some(2.5),
            usage: None,
        })
    }
}

/// What is found about "Oi, sou a Ana" by someone with a lot of imagination.
fn findings() -> Value {
    let flags = json!({"flagged": true, "score": 0.9, "categories": ["harassment"], "confidence": 0.9});
    json!({
        "sentiment": {"polarity": "negative", "score": -0.5, "emotions": ["anger"],
            "satisfaction": "very_dissatisfied", "confidence": 0.9},
        "emotion": {"emotions": [{"emotion": "anger", "score": 0.8}], "confidence": 0.9},
        "intent": {"primary": "refund", "secondary": [{"intent": "complaint", "confidence": 0.2}],
            "confidence": 0.9},
        "entity": {"entities": [{"type": "name", "text": "Ana", "value": "Ana", "confidence": 0.9}],
            "confidence": 0.9},
        "language": {"code": "pt-BR", "alternatives": [{"code": "es", "confidence": 0.1}], "confidence": 0.9},
        "priority": {"level": "urgent", "reason": "legal threat", "reasons": ["legal threat"],
            "confidence": 0.9},
        "category": {"primary": "billing", "secondary": ["logistics"], "confidence": 0.9},
        "toxicity": flags, "spam": flags, "injection": flags,
    })
}

/// A running server without a socket.
pub(crate) struct TestApp {
    router: Router,
    store: Arc<SqliteStore>,
    pub(crate) clock: TestClock,
    document: Value,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of an error.
    pub(crate) fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }

    /// The fields an `invalid_request` names.
    pub(crate) fn fields(&self) -> Vec<String> {
        let details = self.json()["details"].as_array().cloned().unwrap_or_default();
        details.iter().map(|detail| detail["field"].as_str().unwrap().to_owned()).collect()
    }
}

impl TestApp {
    /// Open, as `pytake serve` is on loopback without a key.
    pub(crate) fn open() -> Self {
        Self::with(AuthMode::Auto, Settings::default())
    }

    pub(crate) fn with(auth: AuthMode, mut settings: Settings) -> Self {
        // Every question reaches the provider.
        settings.answer_cache = None;
        let clock = TestClock::at("2026-11-22T12:00:00Z".parse().unwrap());
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        let sealer = Arc::new(Sealer::new(vec![SealingKey::generate().unwrap()]));
        let provider_keys = ProviderKeyring::new(store.clone(), Arc::clone(&sealer));
        let assistant = Assistant::builder(store.clone())
            .own_keys(Arc::new(provider_keys.clone()))
            .provider(Arc::new(Obedient))
            .transcriber(Arc::new(Hearing))
            .settings(settings)
            .clock(Arc::new(clock.clone()))
            .build();
        // Nobody listens on that port: nothing is sent here.
        let meta = WhatsAppConfig { base_url: "http://127.0.0.1:9".to_owned(), ..WhatsAppConfig::default() };
        let messenger = Arc::new(WhatsApp::new(meta).unwrap());
        let channel = Channel::builder(&store, assistant.clone(), messenger, sealer)
            .clock(Arc::new(clock.clone()))
            .build();
        let batches = Batches::new(
            assistant.clone(),
            store.clone(),
            Arc::new(clock.clone()),
            Arc::new(CountingIds::default()),
            std::time::Duration::from_secs(30),
        );
        let router = pytake_server::router(AppState::new(Parts {
            assistant,
            channel,
            batches,
            store: store.clone(),
            provider_keys,
            auth,
            cors_origins: CorsOrigins::new([PAGE]),
            clock: Arc::new(clock.clone()),
            ids: Arc::new(CountingIds::default()),
            metrics: pytake_server::recorder().unwrap().handle(),
        }));
        Self {
            router,
            store,
            clock,
            document: strict(serde_json::from_str(&pytake_server::openapi()).unwrap()),
        }
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn store(&self) -> &SqliteStore {
        &self.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Stores a key and gives its secret, which is its id.
    pub(crate) async fn key(&self, id: &str, tenant: &str, scopes: &[Scope]) -> String {
        self.store_key(id, tenant, scopes, None).await;
        id.to_owned()
    }

    pub(crate) async fn store_key(
        &self,
        id: &str,
        tenant: &str,
        scopes: &[Scope],
        expires_at: Option<Timestamp>,
    ) {
        self.store_limited_key(id, tenant, scopes, expires_at, None).await;
    }

    pub(crate) async fn store_limited_key(
        &self,
        id: &str,
        tenant: &str,
        scopes: &[Scope],
        expires_at: Option<Timestamp>,
        requests_per_minute: Option<u32>,
    ) {
        let record = ApiKeyRecord {
            id: id.to_owned(),
            tenant: TenantId::new(tenant).unwrap(),
            name: id.to_owned(),
            prefix: id.chars().take(8).collect(),
            secret_hash: hash_secret(id),
            previous: None,
            scopes: scopes.to_vec(),
            requests_per_minute,
            created_at: self.now(),
            expires_at,
            revoked_at: None,
            last_used_at: None,
        };
        self.store.create_key(&record).await.unwrap();
    }

    pub(crate) async fn revoke(&self, id: &str) {
        assert!(self.store.revoke_key(None, id, self.now()).await.unwrap());
    }

    pub(crate) async fn last_use(&self, id: &str) -> Option<Timestamp> {
        let keys = self.store.keys(None).await.unwrap();
        keys.into_iter().find(|key| key.id == id).unwrap().last_used_at
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, None, None)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::POST, path, None, Some(body))).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(request(Method::PUT, path, None, Some(body))).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(request(Method::DELETE, path, None, None)).await
    }

    /// As the owner of a key.
    pub(crate) async fn as_key(
        &self,
        secret: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Answer {
        self.send(request(method, path, Some(secret), body)).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().as_str().to_lowercase(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let answer = Answer { status: head.status, headers: head.headers, text };
        if answer.header("content-type") == "application/json" {
            self.check_against_document(&method, &path, &answer);
        }
        answer
    }

    /// Fails the test when the document does not promise this answer.
    fn check_against_document(&self, method: &str, path: &str, answer: &Answer) {
        let paths = self.document["paths"].as_object().unwrap();
        let matching =
            paths.iter().find(|(pattern, item)| is_path(pattern, path) && item.get(method).is_some());
        let Some((_, item)) = matching else { return };
        let status = answer.status.as_str();
        let mut promised = &item[method]["responses"][status];
        assert!(!promised.is_null(), "{method} {path} answered {status}, which is not documented");
        if let Some(reference) = promised["$ref"].as_str() {
            promised = self.document.pointer(reference.trim_start_matches('#')).unwrap();
        }
        let mut schema = promised["content"]["application/json"]["schema"].clone();
        schema["components"] = self.document["components"].clone();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let json = answer.json();
        let broken: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
        assert!(broken.is_empty(), "{method} {path} {status} is not as documented: {broken:?}\n{json:#}");
    }
}

fn is_path(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(|(p, s)| p == s || p.starts_with('{'))
}

pub(crate) fn request(
    method: Method,
    path: &str,
    secret: Option<&str>,
    body: Option<Value>,
) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(secret) = secret {
        request = request.header(header::AUTHORIZATION, format!("Bearer {secret}"));
    }
    if body.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/json");
    }
    request.body(body.map_or(Body::empty(), |body| Body::from(body.to_string()))).unwrap()
}
