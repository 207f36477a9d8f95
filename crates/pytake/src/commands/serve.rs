//! `pytake serve`: the server.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use pytake::config::{Config, Database};
use pytake_assistant::clock::SystemClock;
use pytake_assistant::id::UuidSource;
use pytake_server::{AppState, AuthMode, CorsOrigins, Parts, Retention, ServeOptions};
use pytake_store::{Jobs, Keys, Operators};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::telemetry;

pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let config = Config::from_env()?;
    let telemetry = telemetry::start(&config)?;
    for (variable, why) in &config.without_effect {
        tracing::warn!(variable, "set without effect: {why}");
    }
    let wired = pytake::wire(&config)?;
    wired.store.lock_for_serving()?;
    wired.store.release_leases().await?;
    wired.store.release_items().await?;
    let channel = pytake::channel(&config, &wired)?;
    pytake::adopt_number(&config, &channel).await?;
    let has_access = wired.store.has_keys().await? || wired.store.has_operators().await?;
    if !config.listen.ip().is_loopback() && !has_access {
        bail!(
            "PYTAKE_LISTEN is {}, which others can reach, and there is neither an API key nor an operator yet. Make \
             one first:\n  \
             pytake keys create --tenant default --scope admin\n  \
             pytake operators create --tenant default --role owner --admin --email you@example.com",
            config.listen
        );
    }
    let is_closed = wired.store.had_keys().await? || wired.store.had_operators().await?;
    let metrics = pytake_server::recorder().context("could not prepare the metrics")?;
    let handle = metrics.handle();
    metrics::set_global_recorder(metrics).context("could not start the metrics")?;
    telemetry.describe();
    pytake_inbox::metrics::describe();
    pytake_server::describe_retention();
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("PYTAKE_LISTEN: could not listen on {}", config.listen))?;
    let address = listener.local_addr().context("could not read the listening address")?;
    let batches = pytake::batches(&config, &wired);
    let state = AppState::new(Parts {
        assistant: wired.assistant.clone(),
        channel: channel.clone(),
        batches: batches.clone(),
        store: Arc::clone(&wired.store) as _,
        provider_keys: wired.provider_keys.clone(),
        auth: auth_mode(&config),
        cors_origins: CorsOrigins::new(config.cors_origins.iter().map(String::as_str)),
        clock: Arc::new(SystemClock::new()),
        ids: Arc::new(UuidSource),
        metrics: handle.clone(),
    });
    let shutdown = CancellationToken::new();
    stop_on_signal(shutdown.clone());
    let keeping = {
        let (store, clock) = (Arc::clone(&wired.store) as _, Arc::new(SystemClock::new()) as _);
        let retention = Retention::new(store, wired.assistant.clone(), channel.clone(), clock);
        tokio::spawn(retention.run(shutdown.clone()))
    };
    let working = {
        let shutdown = shutdown.clone();
        tokio::spawn(async move { channel.run(shutdown).await })
    };
    let batching = {
        let shutdown = shutdown.clone();
        tokio::spawn(async move { batches.run(shutdown).await })
    };
    let upkeep = tokio::spawn(pytake_server::upkeep(handle, shutdown.clone()));
    announce(address, &config, is_closed);
    let router = telemetry.follow_callers(pytake_server::router(state));
    pytake_server::serve(listener, router, options(&config), shutdown).await;
    working.await.context("the WhatsApp channel")?;
    keeping.await.context("the retention")?;
    batching.await.context("the batches")?;
    wired.assistant.drain().await;
    upkeep.await.context("the metrics' upkeep")?;
    wired.store.close();
    telemetry.stop().await;
    eprintln!("stopped; nothing in flight was lost");
    Ok(ExitCode::SUCCESS)
}

/// A server that others can reach is never open.
fn auth_mode(config: &Config) -> AuthMode {
    if config.is_key_always_required || !config.listen.ip().is_loopback() {
        AuthMode::Required
    } else {
        AuthMode::Auto
    }
}

/// Answers in progress get their whole deadline, and a little for writing them out.
fn options(config: &Config) -> ServeOptions {
    let shutdown_grace = config.settings.request_timeout + std::time::Duration::from_secs(5);
    ServeOptions { shutdown_grace, ..ServeOptions::default() }
}

fn announce(address: std::net::SocketAddr, config: &Config, is_closed: bool) {
    eprintln!("PyTake AI Assistant {} is ready", env!("CARGO_PKG_VERSION"));
    eprintln!("  try it   http://{address}/");
    eprintln!("  docs     http://{address}/docs");
    eprintln!("  API      http://{address}/api/v1/ai/chat");
    if let Some(number) = &config.whatsapp.number {
        eprintln!("  WhatsApp http://{address}/webhooks/whatsapp, number {}", number.number);
    }
    match &config.database {
        Database::File(path) => eprintln!("  data     {}", path.display()),
        Database::Memory => eprintln!("  data     in memory, gone at the end"),
    }
    let mut remote: Vec<&str> = config.order.iter().map(String::as_str).collect();
    remote.retain(|name| {
        config.compatible.iter().any(|provider| provider.name == *name)
            || (*name == "openai" && config.openai.api_key.is_some())
            || (*name == "anthropic" && config.anthropic.api_key.is_some())
    });
    if remote.is_empty() {
        eprintln!(
            "  answers  from approved content on this machine; set OPENAI_API_KEY or ANTHROPIC_API_KEY for more"
        );
    } else {
        eprintln!("  answers  by {}, then from approved content on this machine", remote.join(", "));
    }
    if !is_closed && !config.is_key_always_required {
        eprintln!(
            "  OPEN     no API key and no operator exists: everybody on this machine may use everything, and through a proxy"
        );
        eprintln!("           perhaps everybody. Make one with");
        eprintln!("           pytake keys create --tenant default --scope admin");
    }
}

/// Ctrl-C and SIGTERM end the server after what is in flight; a second one ends it at once.
fn stop_on_signal(shutdown: CancellationToken) {
    tokio::spawn(async move {
        signal().await;
        eprintln!("stopping after what is in flight; once more to stop at once");
        shutdown.cancel();
        signal().await;
        std::process::exit(130);
    });
}

#[cfg(unix)]
async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        // Both arms are cancel-safe: a signal that is not taken here is taken by the next call.
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => wait_for_ctrl_c().await,
    }
}

#[cfg(not(unix))]
async fn signal() {
    wait_for_ctrl_c().await;
}

async fn wait_for_ctrl_c() {
    if tokio::signal::ctrl_c().await.is_err() {
        // No signals to be had: run until killed.
        std::future::pending::<()>().await;
    }
}
