//! The whole app behind a real socket, with a stand-in for Meta on the other side.

use std::sync::Arc;
use std::time::Duration;

use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::{NumberId, TenantId};
use pytake_assistant::tenant::{Edit, TenantProfile, Tenants};
use pytake_assistant::{Author, Clock};
use pytake_inbox::NewNumber;
use pytake_server::ServeOptions;
use pytake_simulator::{
    Business, Graph, GraphOptions, PlayOptions, Player, Scenario, WebhookOptions, Webhooks,
};
use pytake_store::NumberSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::app::{TestApp, TestAppBuilder};

/// What signs webhooks in tests.
pub const APP_SECRET: &str = "test-app-secret";
/// What the handshake asks for in tests.
pub const VERIFY_TOKEN: &str = "test-verify-token";

/// A running app with its Meta. Everything stops when it is dropped.
pub struct MetaApp {
    /// The app; its requests need no socket.
    pub app: TestApp,
    /// Where messages go.
    pub graph: Graph,
    /// Where they come from.
    pub webhooks: Webhooks,
    /// The server's address.
    pub url: String,
    _running: DropGuard,
}

impl TestAppBuilder {
    /// Starts it with a stand-in for Meta and the numbers of these businesses, the first of them the default tenant's,
    /// each further one of a tenant of its own (`shop-1`, …).
    ///
    /// # Panics
    /// When a port, the store or a number is refused.
    pub async fn start_with_meta(self, options: GraphOptions, businesses: &[Business]) -> MetaApp {
        let graph = Graph::start(options).await.expect("a free port");
        let app = self.graph_api(&graph.base_url()).start();
        for (place, business) in businesses.iter().enumerate() {
            app.add_number(place, business).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound port has an address"));
        let shutdown = CancellationToken::new();
        let serving = pytake_server::serve(listener, app.router(), ServeOptions::default(), shutdown.clone());
        tokio::spawn(serving);
        let (channel, stopped) = (app.channel.clone(), shutdown.clone());
        tokio::spawn(async move { channel.run(stopped).await });
        let webhooks = Webhooks::new(WebhookOptions::new(&url, APP_SECRET), &graph).expect("a valid address");
        graph.report_to(&webhooks);
        MetaApp { app, graph, webhooks, url, _running: shutdown.drop_guard() }
    }
}

impl TestApp {
    async fn add_number(&self, place: usize, business: &Business) {
        let tenant = match place {
            0 => TenantId::default_tenant(),
            _ => TenantId::new(format!("shop-{place}")).expect("a valid tenant"),
        };
        let known = self.store.profile(&tenant).await.expect("a store that reads").unwrap_or_default();
        let name = Some(known.business_name.clone()).filter(|name| !name.is_empty());
        let profile = TenantProfile {
            business_name: name.unwrap_or_else(|| "Loja Sol".to_owned()),
            description: "Uma loja de calçados.".to_owned(),
            ..known
        };
        self.store
            .put_profile(&tenant, &profile, &Edit::by(Author::open()), SystemClock::new().now())
            .await
            .expect("a store that takes profiles");
        let number = NewNumber {
            number: NumberId::new(&business.number).expect("a valid number"),
            tenant,
            account: Some(business.account.clone()),
            display_number: Some(business.display_number.clone()),
            access_token: Some("test-token".into()),
            app_secret: None,
            verify_token: None,
            settings: NumberSettings::default(),
        };
        self.channel.put_number(number).await.expect("a usable number");
    }
}

impl MetaApp {
    /// Plays a scenario with short pauses, and gives what was not met.
    pub async fn play(&self, scenario: &Scenario, pause_max: Duration) -> Vec<String> {
        let options = PlayOptions { pause_max, settle: Duration::from_secs(1), ..PlayOptions::default() };
        Player::new(&self.graph, &self.webhooks, options).play(scenario).await.failures
    }

    /// Waits until nothing has happened for a while.
    pub async fn wait_for_quiet(&self) {
        self.graph.journal().wait_for_quiet(Duration::from_secs(1), Duration::from_secs(20)).await;
    }
}

impl std::fmt::Debug for MetaApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MetaApp").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The channel of an app, towards this Graph API.
pub(crate) fn messenger(base_url: &str) -> Arc<pytake_whatsapp::WhatsApp> {
    let config = pytake_whatsapp::WhatsAppConfig {
        base_url: base_url.to_owned(),
        ..pytake_whatsapp::WhatsAppConfig::default()
    };
    Arc::new(pytake_whatsapp::WhatsApp::new(config).expect("a loopback address is valid"))
}
