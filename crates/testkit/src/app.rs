//! The whole app in process: real router, real engine, SQLite in memory, no socket of its own.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use pytake_assistant::answers::{AnswerText, ApprovedAnswer};
use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::{AnswerId, IdSource, TenantId, UuidSource};
use pytake_assistant::router::RouterConfig;
use pytake_assistant::settings::CacheBounds;
use pytake_assistant::tenant::{Edit, TenantProfile};
use pytake_assistant::{AIProviderTrait, Assistant, Author, Clock, Moderator, Settings, Transcriber};
use pytake_inbox::{Channel, ChannelSettings};
use pytake_providers::{
    AnthropicConfig, AnthropicProvider, LocalProvider, OPENAI_TRANSCRIPTION_MODEL, OpenAIConfig,
    OpenAIModerator, OpenAIProvider, OpenAITranscriber, TranscriberConfig,
};
use pytake_server::{AppState, AuthMode, Batches, Parts};
use pytake_store::{ApiKeyRecord, Keys, ProviderKeyring, Scope, Sealer, SealingKey};
use pytake_store_sqlite::SqliteStore;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tower::ServiceExt;

use crate::meta;
use crate::vendor::{FakeVendor, Wire};

/// The server's key at every vendor.
const SERVERS_KEY: &str = "test-key";

/// A port nobody listens on, for apps that send nothing.
const NOBODY: &str = "http://127.0.0.1:9";

/// One recorder for the process; nothing is exported in tests.
static METRICS: LazyLock<metrics_exporter_prometheus::PrometheusHandle> =
    LazyLock::new(|| pytake_server::recorder().expect("the buckets are valid").handle());

/// An answer of the app.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The Server-Sent Events of the body: name and data.
    pub fn events(&self) -> Vec<(String, Value)> {
        self.text
            .split("\n\n")
            .filter_map(|frame| {
                let field = |name: &str| frame.lines().find_map(|line| line.strip_prefix(name));
                let data = serde_json::from_str(field("data: ")?).unwrap_or(Value::Null);
                Some((field("event: ")?.to_owned(), data))
            })
            .collect()
    }
}

/// Puts a [`TestApp`] together.
#[derive(Default)]
pub struct TestAppBuilder {
    providers: Vec<Arc<dyn AIProviderTrait>>,
    moderator: Option<Arc<dyn Moderator>>,
    transcriber: Option<Arc<dyn Transcriber>>,
    settings: Settings,
    auth: AuthMode,
    store: Option<Arc<SqliteStore>>,
    clock: Option<Arc<dyn Clock>>,
    router: RouterConfig,
    channel: ChannelSettings,
    graph_api: Option<String>,
    sealer: Option<Arc<Sealer>>,
}

impl TestAppBuilder {
    /// Adds a provider; the first one added is asked first. The local one is always there, and last.
    #[must_use]
    pub fn provider(mut self, provider: impl AIProviderTrait) -> Self {
        self.providers.push(Arc::new(provider));
        self
    }

    /// Adds a provider that speaks to a fake vendor.
    ///
    /// # Panics
    /// Never for an address that a fake gives.
    #[must_use]
    pub fn vendor(self, wire: Wire, vendor: &FakeVendor) -> Self {
        self.vendor_with_key(wire, vendor, SERVERS_KEY)
    }

    /// As [`TestAppBuilder::vendor`], with another key of the server's; empty: it has none.
    ///
    /// # Panics
    /// Never for an address that a fake gives.
    #[must_use]
    pub fn vendor_with_key(self, wire: Wire, vendor: &FakeVendor, key: &str) -> Self {
        let key = SecretString::from(key);
        match wire {
            Wire::OpenAI => {
                let config =
                    OpenAIConfig { base_url: vendor.base_url(), rate_limit: None, ..OpenAIConfig::new(key) };
                self.provider(OpenAIProvider::new(config).expect("a loopback address is valid"))
            }
            Wire::Anthropic => {
                let config = AnthropicConfig {
                    base_url: vendor.base_url(),
                    rate_limit: None,
                    ..AnthropicConfig::new(key)
                };
                self.provider(AnthropicProvider::new(config).expect("a loopback address is valid"))
            }
        }
    }

    /// Asks a fake of OpenAI for second opinions.
    ///
    /// # Panics
    /// Never for an address that a fake gives.
    #[must_use]
    pub fn moderator(mut self, vendor: &FakeVendor) -> Self {
        let key = SecretString::from(SERVERS_KEY);
        let config = OpenAIConfig { base_url: vendor.base_url(), ..OpenAIConfig::new(key) };
        self.moderator = Some(Arc::new(OpenAIModerator::new(&config).expect("a loopback address is valid")));
        self
    }

    /// Has recordings written down by a fake of OpenAI.
    ///
    /// # Panics
    /// Never for an address that a fake gives.
    #[must_use]
    pub fn transcriber(mut self, vendor: &FakeVendor) -> Self {
        let made = OpenAITranscriber::new(TranscriberConfig {
            name: "openai".to_owned(),
            base_url: vendor.base_url(),
            api_key: Some(SecretString::from(SERVERS_KEY)),
            model: OPENAI_TRANSCRIPTION_MODEL.to_owned(),
            dialect: None,
        });
        self.transcriber = Some(Arc::new(made.expect("a loopback address is valid")));
        self
    }

    /// Limits and defaults.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Gives answers again, as the server does unless it is told otherwise.
    #[must_use]
    pub fn with_answer_cache(self) -> Self {
        self.settings(|settings| settings.answer_cache = Some(CacheBounds::default()))
    }

    /// The deadline of a request.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.settings(|settings| settings.request_timeout = timeout)
    }

    /// Attempts, weights, breakers.
    #[must_use]
    pub fn router(mut self, config: RouterConfig) -> Self {
        self.router = config;
        self
    }

    /// Always asks for a key.
    #[must_use]
    pub fn with_keys_required(mut self) -> Self {
        self.auth = AuthMode::Required;
        self
    }

    /// On this store instead of a new one in memory.
    #[must_use]
    pub fn store(mut self, store: Arc<SqliteStore>) -> Self {
        self.store = Some(store);
        self
    }

    /// With these keys for what is secret in the store, instead of a new one.
    #[must_use]
    pub fn sealer(mut self, sealer: Sealer) -> Self {
        self.sealer = Some(Arc::new(sealer));
        self
    }

    /// With this clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// How long bursts are gathered, and other times of the channel.
    #[must_use]
    pub fn channel(mut self, change: impl FnOnce(&mut ChannelSettings)) -> Self {
        change(&mut self.channel);
        self
    }

    /// Where the channel's messages go.
    #[must_use]
    pub(crate) fn graph_api(mut self, base_url: &str) -> Self {
        self.graph_api = Some(base_url.to_owned());
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When no store can be made in memory.
    pub fn start(self) -> TestApp {
        let store =
            self.store.unwrap_or_else(|| Arc::new(SqliteStore::in_memory().expect("memory for a store")));
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let request_timeout = self.settings.request_timeout;
        let order = self.providers.iter().map(|provider| provider.name().to_owned()).collect();
        let sealer = self.sealer.unwrap_or_else(|| {
            let key = SealingKey::generate().expect("randomness");
            Arc::new(Sealer::new(vec![key]))
        });
        let provider_keys = ProviderKeyring::new(Arc::clone(&store) as _, Arc::clone(&sealer));
        let mut builder = Assistant::builder(Arc::clone(&store) as _)
            .settings(self.settings)
            .own_keys(Arc::new(provider_keys.clone()))
            .clock(Arc::clone(&clock))
            .catalog(pytake_providers::catalog())
            .router(RouterConfig { order, ..self.router });
        for provider in self.providers {
            builder = builder.provider(provider);
        }
        if let Some(moderator) = self.moderator {
            builder = builder.moderator(moderator);
        }
        if let Some(transcriber) = self.transcriber {
            builder = builder.transcriber(transcriber);
        }
        let assistant = builder.provider(Arc::new(LocalProvider::new())).build();
        let messenger = meta::messenger(self.graph_api.as_deref().unwrap_or(NOBODY));
        let channel = Channel::builder(&store, assistant.clone(), messenger, sealer)
            .webhook_secrets(Some(meta::APP_SECRET.into()), Some(meta::VERIFY_TOKEN.into()))
            .settings(self.channel)
            .clock(Arc::clone(&clock))
            .build();
        let batches = Batches::new(
            assistant.clone(),
            Arc::clone(&store) as _,
            Arc::clone(&clock),
            Arc::new(UuidSource),
            request_timeout,
        );
        let state = AppState::new(Parts {
            assistant: assistant.clone(),
            channel: channel.clone(),
            batches: batches.clone(),
            store: Arc::clone(&store) as _,
            provider_keys,
            auth: self.auth,
            cors_origins: pytake_server::CorsOrigins::default(),
            clock,
            ids: Arc::new(UuidSource),
            metrics: METRICS.clone(),
        });
        TestApp { assistant, channel, batches, store, router: pytake_server::router(state) }
    }
}

/// A running app.
#[derive(Clone)]
pub struct TestApp {
    /// The engine.
    pub assistant: Assistant,
    /// Its channel. Nothing runs in it by itself, except with a stand-in for Meta.
    pub channel: Channel,
    /// Its batches. Nothing runs in them by itself.
    pub batches: Batches,
    /// Its store.
    pub store: Arc<SqliteStore>,
    router: Router,
}

impl TestApp {
    /// Starts putting one together. No answer is given twice unless a test asks for it: most count calls.
    pub fn builder() -> TestAppBuilder {
        TestAppBuilder::default().settings(|settings| settings.answer_cache = None)
    }

    /// Sends a request, with a key where one is given, and reads the whole answer.
    ///
    /// # Panics
    /// When the request cannot be built or the answer not be read.
    pub async fn send(&self, method: &str, path: &str, key: Option<&str>, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.send_raw(request.body(body).expect("a valid request")).await
    }

    /// The routes.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Sends a request as it is.
    ///
    /// # Panics
    /// When the answer cannot be read.
    pub async fn send_raw(&self, request: Request<Body>) -> Answer {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 16 * 1024 * 1024).await.expect("a readable answer");
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Posts JSON without a key.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, None, Some(body)).await
    }

    /// Posts a form of short fields and a file, with a key where one is given.
    ///
    /// # Panics
    /// When the request cannot be built.
    pub async fn post_form(
        &self,
        path: &str,
        key: Option<&str>,
        fields: &[(&str, &str)],
        file: &[u8],
    ) -> Answer {
        const BOUNDARY: &str = "a-boundary-that-no-test-sends";
        let mut body = Vec::new();
        for (name, value) in fields {
            let head = format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(format!("{head}{value}\r\n").as_bytes());
        }
        let head = "content-disposition: form-data; name=\"file\"; filename=\"a.bin\"";
        body.extend_from_slice(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let mut request = Request::builder()
            .method("POST")
            .uri(path)
            .header("host", "127.0.0.1:8080")
            .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"));
        if let Some(key) = key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        self.send_raw(request.body(Body::from(body)).expect("a valid request")).await
    }

    /// Gets without a key.
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, None).await
    }

    /// Chats: message and user, with further fields of the request.
    pub async fn chat(&self, message: &str, user: &str, more: &Value) -> Answer {
        let mut body = serde_json::json!({"message": message, "user_id": user});
        if let (Some(body), Some(more)) = (body.as_object_mut(), more.as_object()) {
            body.extend(more.clone());
        }
        self.post("/api/v1/ai/chat", body).await
    }

    /// Makes a key for a tenant, creating it, and gives the secret.
    ///
    /// # Panics
    /// When the store refuses it.
    pub async fn key(&self, tenant: &str, scopes: &[Scope]) -> String {
        let mut random = [0_u8; 32];
        random[..16].copy_from_slice(&UuidSource.next().as_bytes()[..16]);
        random[16..].copy_from_slice(&UuidSource.next().as_bytes()[20..36]);
        let secret = pytake_server::new_secret(random);
        let record = ApiKeyRecord {
            id: UuidSource.next(),
            tenant: TenantId::new(tenant).expect("a valid tenant"),
            name: "test".to_owned(),
            prefix: pytake_server::shown_prefix(&secret),
            secret_hash: pytake_server::hash_secret(secret.expose_secret()),
            previous: None,
            scopes: scopes.to_vec(),
            requests_per_minute: None,
            created_at: SystemClock::new().now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        self.store.create_key(&record).await.expect("a store that takes keys");
        secret.expose_secret().to_owned()
    }

    /// Gives the default tenant a small shop with two approved answers.
    ///
    /// # Panics
    /// When the store refuses them.
    pub async fn with_shop(self) -> Self {
        use pytake_assistant::answers::Answers;
        use pytake_assistant::tenant::Tenants;
        let tenant = TenantId::default_tenant();
        let profile = TenantProfile {
            business_name: "Loja Sol".to_owned(),
            description: "Uma loja de calçados.".to_owned(),
            ..TenantProfile::default()
        };
        self.store
            .put_profile(&tenant, &profile, &Edit::by(Author::open()), SystemClock::new().now())
            .await
            .expect("a store that takes profiles");
        let entries = [
            (
                "horario",
                "Qual o horário de funcionamento? What are your opening hours?",
                "Abrimos das 9h às 18h.",
            ),
            ("frete", "Quanto custa o frete? How much is shipping?", "O frete custa R$ 12,00."),
        ];
        for (id, question, text) in entries {
            let answer = ApprovedAnswer {
                id: AnswerId::new(id).expect("a valid id"),
                questions: vec![question.to_owned()],
                answers: vec![AnswerText {
                    language: pytake_understanding::language::Language::Portuguese,
                    text: text.to_owned(),
                }],
                updated_at: SystemClock::new().now(),
            };
            self.store.put_answer(&tenant, &answer).await.expect("a store that takes answers");
        }
        self
    }
}
