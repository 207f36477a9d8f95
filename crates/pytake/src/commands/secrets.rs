//! `pytake secrets`: what is sealed in the database. Works beside a running server.

use std::process::ExitCode;

use anyhow::bail;
use clap::Subcommand;
use pytake::config::{Config, Database, SealingSource};
use pytake_store::{SecretsFound, reseal};

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Seals everything with the first key of `PYTAKE_SECRET_KEY`; after it the others can go.
    Rotate,
}

pub(crate) async fn run(command: &SecretsCommand) -> anyhow::Result<ExitCode> {
    let SecretsCommand::Rotate = command;
    let config = Config::from_env()?;
    if config.database == Database::Memory || matches!(config.whatsapp.sealing, SealingSource::Fresh) {
        bail!("DATABASE_URL is sqlite::memory:, where nothing is sealed; name a file");
    }
    let wired = pytake::wire(&config)?;
    let found = reseal(&*wired.store, &wired.sealer).await?;
    wired.store.close();
    Ok(tell(&found))
}

fn tell(found: &SecretsFound) -> ExitCode {
    println!("sealed anew      {} of numbers, {} of tenants at vendors", found.numbers, found.provider_keys);
    println!("sealed so before {}", found.current);
    if found.is_all_current() {
        println!("every secret is sealed with the first key; the others can go");
        return ExitCode::SUCCESS;
    }
    if !found.changed.is_empty() {
        list("changed meanwhile", &found.changed);
        println!("somebody set them anew just now: run this again before any key goes");
    }
    if !found.unopened.is_empty() {
        list("not opened", &found.unopened);
        println!(
            "add the key they were sealed with to PYTAKE_SECRET_KEY and run this again, or set them again"
        );
    }
    ExitCode::FAILURE
}

fn list(what: &str, secrets: &[String]) {
    println!("{what:<16} {}", secrets.len());
    for secret in secrets {
        println!("  {secret}");
    }
}
