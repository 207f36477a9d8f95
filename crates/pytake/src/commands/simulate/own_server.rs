//! The server that is played against when none is named: everything in memory, the demo shop, loopback only.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use pytake::config::{Config, Database, SealingSource, WhatsAppNumber};
use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::{NumberId, TenantId, UuidSource};
use pytake_inbox::NewNumber;
use pytake_server::{AppState, AuthMode, Parts, ServeOptions};
use pytake_simulator::Business;
use pytake_store::NumberSettings;
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::telemetry::{self, Telemetry};

/// A running server in this process.
pub(super) struct OwnServer {
    address: SocketAddr,
    shutdown: CancellationToken,
    serving: JoinHandle<()>,
    working: JoinHandle<()>,
    wired: pytake::Wired,
    telemetry: Option<Telemetry>,
}

impl OwnServer {
    /// Starts it on a free port with these numbers; its Graph API is at `graph_url`. Providers are those of the
    /// configuration, the number and its token are not: nothing here may reach Meta.
    pub(super) async fn start(
        config: &mut Config,
        graph_url: &str,
        secret: &str,
        numbers: &[Business],
        is_logged: bool,
    ) -> anyhow::Result<Self> {
        isolate(config, graph_url, secret, numbers)?;
        let telemetry = if is_logged { Some(telemetry::start(config)?) } else { None };
        let wired = pytake::wire(config)?;
        let channel = pytake::channel(config, &wired)?;
        for business in numbers {
            channel.adopt_number(simulated(business)?).await?;
        }
        let listener = TcpListener::bind(config.listen).await.context("no free port on loopback")?;
        let address = listener.local_addr().context("could not read the listening address")?;
        let state = AppState::new(Parts {
            assistant: wired.assistant.clone(),
            channel: channel.clone(),
            batches: pytake::batches(config, &wired),
            store: Arc::clone(&wired.store) as _,
            provider_keys: wired.provider_keys.clone(),
            auth: AuthMode::Auto,
            cors_origins: pytake_server::CorsOrigins::default(),
            clock: Arc::new(SystemClock::new()),
            ids: Arc::new(UuidSource),
            metrics: pytake_server::recorder().context("could not prepare the metrics")?.handle(),
        });
        let shutdown = CancellationToken::new();
        let router = pytake_server::router(state);
        let serving =
            tokio::spawn(pytake_server::serve(listener, router, ServeOptions::default(), shutdown.clone()));
        let stopped = shutdown.clone();
        let working = tokio::spawn(async move { channel.run(stopped).await });
        Ok(Self { address, shutdown, serving, working, wired, telemetry })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) async fn stop(self) {
        self.shutdown.cancel();
        // A task that panicked has nothing left to stop.
        let _ = tokio::join!(self.serving, self.working);
        self.wired.assistant.drain().await;
        self.wired.store.close();
        if let Some(telemetry) = self.telemetry {
            telemetry.stop().await;
        }
    }
}

fn simulated(business: &Business) -> anyhow::Result<NewNumber> {
    Ok(NewNumber {
        number: NumberId::new(&business.number).context("the phone number id")?,
        tenant: TenantId::default_tenant(),
        account: Some(business.account.clone()),
        display_number: Some(business.display_number.clone()),
        access_token: Some(SecretString::from("simulated-token")),
        app_secret: None,
        verify_token: None,
        settings: NumberSettings::default(),
    })
}

/// Nothing kept, nothing sent anywhere but to the stand-in.
fn isolate(config: &mut Config, graph_url: &str, secret: &str, numbers: &[Business]) -> anyhow::Result<()> {
    config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
    config.database = Database::Memory;
    let first = numbers.first().context("a number to play with")?;
    config.whatsapp.number = Some(WhatsAppNumber {
        number: NumberId::new(&first.number).context("the phone number id")?,
        account: Some(first.account.clone()),
        access_token: SecretString::from("simulated-token"),
        app_secret: SecretString::from(secret),
        verify_token: SecretString::from("simulated-verify-token"),
    });
    config.whatsapp.base_url = Some(graph_url.to_owned());
    config.whatsapp.sealing = SealingSource::Fresh;
    config.traces = None;
    Ok(())
}
