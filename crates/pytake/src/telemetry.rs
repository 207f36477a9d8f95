//! Logs: one line per event, text for people or JSON for machines, on standard error.

use std::io::IsTerminal;

use anyhow::Context;
use pytake::config::Config;
use tracing_subscriber::EnvFilter;

/// Starts logging as configured. Standard output stays free for what a command prints.
pub(crate) fn start(config: &Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&config.log_filter)
        .with_context(|| format!("RUST_LOG or AI_LOG_LEVEL is not a log filter: {:?}", config.log_filter))?;
    let has_colours = std::io::stderr().is_terminal();
    let logs =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(has_colours);
    let started = if config.is_log_json { logs.json().try_init() } else { logs.try_init() };
    started.map_err(|error| anyhow::anyhow!("could not start logging: {error}"))
}
