//! `pytake keys`: API keys. Works beside a running server; a change is effective at once.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use pytake::config::{Config, Database};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::id::{IdSource, TenantId, UuidSource};
use pytake_store::{ApiKeyRecord, Keys, Scope};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use secrecy::ExposeSecret;

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a key; its secret is printed once, alone on the last line. A new tenant is created.
    Create(CreateArguments),
    /// Lists keys, without their secrets.
    List {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Ends a key at once.
    Revoke {
        /// The key's id, as listed.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// The tenant it belongs to.
    #[arg(long)]
    tenant: TenantId,
    /// What it may do: chat, analyze, read, prompts, operate, admin. Repeat, or separate with commas.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<Scope>,
    /// A name for people.
    #[arg(long, default_value = "")]
    name: String,
    /// Days after which it ends by itself.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_in_days: Option<u32>,
}

pub(crate) async fn run(command: KeysCommand) -> anyhow::Result<ExitCode> {
    let store = open_store()?;
    match command {
        KeysCommand::Create(arguments) => create(&store, arguments).await?,
        KeysCommand::List { tenant } => list(&store, tenant.as_ref()).await?,
        KeysCommand::Revoke { id } => {
            if !store.revoke_key(&id, SystemClock::new().now()).await? {
                bail!("there is no key {id} that is not revoked yet; `pytake keys list` shows all");
            }
            println!("revoked {id}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The configured database, beside a server that may be running.
fn open_store() -> anyhow::Result<Arc<SqliteStore>> {
    let config = Config::from_env()?;
    let Database::File(path) = &config.database else {
        bail!("DATABASE_URL is sqlite::memory:, where a key would be gone at once; name a file");
    };
    Ok(Arc::new(SqliteStore::open(path, &SqliteOptions::default()).context("DATABASE_URL")?))
}

async fn create(store: &SqliteStore, arguments: CreateArguments) -> anyhow::Result<()> {
    let mut random = [0_u8; 32];
    getrandom::fill(&mut random).context("could not get randomness from the operating system")?;
    let secret = pytake_server::new_secret(random);
    let now = SystemClock::new().now();
    let mut scopes = arguments.scope;
    scopes.sort_unstable();
    scopes.dedup();
    let record = ApiKeyRecord {
        id: UuidSource.next(),
        tenant: arguments.tenant,
        name: arguments.name,
        prefix: pytake_server::shown_prefix(&secret),
        secret_hash: pytake_server::hash_secret(secret.expose_secret()),
        scopes,
        created_at: now,
        expires_at: arguments
            .expires_in_days
            .map(|days| now.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)))
            .transpose()?,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_key(&record).await?;
    println!("id      {}", record.id);
    println!("tenant  {}", record.tenant);
    println!("scopes  {}", names(&record.scopes));
    println!("The secret is shown this once:");
    println!("{}", secret.expose_secret());
    Ok(())
}

async fn list(store: &SqliteStore, tenant: Option<&TenantId>) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let keys = store.keys(tenant).await?;
    if keys.is_empty() {
        println!("no keys; make one with: pytake keys create --tenant default --scope chat");
    }
    for key in keys {
        println!(
            "{}  {}…  {:<8}  {}  {}  {}",
            key.id,
            key.prefix,
            state(&key, now),
            key.tenant,
            names(&key.scopes),
            key.name
        );
    }
    Ok(())
}

fn state(key: &ApiKeyRecord, now: Timestamp) -> &'static str {
    if key.revoked_at.is_some() {
        "revoked"
    } else if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
        "expired"
    } else {
        "active"
    }
}

fn names(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(",")
}
