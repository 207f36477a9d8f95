//! Logs, one line per event on standard error, and traces, to a collector where one is configured.

mod caller;
mod queue;
mod traces;

use std::io::IsTerminal;

use anyhow::Context;
use pytake::config::Config;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

use traces::Export;

/// What runs beside the server until it stops.
pub(crate) struct Telemetry {
    export: Option<Export>,
}

/// Starts logging as configured, and the export of traces if there is one. Standard output stays free for what a
/// command prints.
pub(crate) fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("RUST_LOG or AI_LOG_LEVEL is not a log filter: {:?}", config.log_filter))?;
    let (started, export) = match &config.traces {
        // The filter stands before everything, so that what it leaves out costs one atomic read.
        None => (registry().with(filter).with(lines(config)).try_init(), None),
        Some(traces) => {
            let export = Export::start(traces).context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
            let logs = lines(config).with_filter(filter);
            (registry().with(logs).with(export.layer()).try_init(), Some(export))
        }
    };
    started.context("could not start logging")?;
    Ok(Telemetry { export })
}

fn lines<S>(config: &Config) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(std::io::stderr().is_terminal());
    if config.is_log_json { lines.json().boxed() } else { lines.boxed() }
}

impl Telemetry {
    /// Says what the metrics of the export mean; call once after installing the recorder.
    pub(crate) fn describe(&self) {
        if self.export.is_some() {
            queue::describe();
        }
    }

    /// Lets traces that callers began go on here.
    pub(crate) fn follow_callers(&self, router: axum::Router) -> axum::Router {
        if self.export.is_some() { caller::follow(router) } else { router }
    }

    /// Sends what waits, for a few seconds at most.
    pub(crate) async fn stop(self) {
        if let Some(export) = self.export {
            export.stop().await;
        }
    }
}
