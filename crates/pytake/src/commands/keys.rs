//! `pytake keys`: API keys. Works beside a running server; a change is effective at once.

use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::id::{IdSource, TenantId, UuidSource};
use pytake_store::{ApiKeyRecord, Keys, NewSecret, Scope};
use pytake_store_sqlite::SqliteStore;
use secrecy::{ExposeSecret, SecretString};

use super::access::{note, open_store};

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
    /// Gives a key a new secret, printed once, alone on the last line; everything else of it stays.
    Rotate {
        /// The key's id, as listed.
        id: String,
        /// Hours for which the old secret opens too; 0: not at all.
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=168))]
        grace_hours: u32,
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
    /// What it may do: chat, analyze, read, prompts, operate, manage, admin. Repeat, or separate with commas.
    #[arg(long, required = true, value_delimiter = ',')]
    scope: Vec<Scope>,
    /// A name for people.
    #[arg(long, default_value = "")]
    name: String,
    /// Days after which it ends by itself.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=3650))]
    expires_in_days: Option<u32>,
    /// Requests it may make in a minute; left out: as many as its tenant.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    requests_per_minute: Option<u32>,
}

pub(crate) async fn run(command: KeysCommand) -> anyhow::Result<ExitCode> {
    let store = open_store()?;
    match command {
        KeysCommand::Create(arguments) => create(&store, arguments).await?,
        KeysCommand::List { tenant } => list(&store, tenant.as_ref()).await?,
        KeysCommand::Rotate { id, grace_hours } => rotate(&store, &id, grace_hours).await?,
        KeysCommand::Revoke { id } => revoke(&store, &id).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(store: &SqliteStore, arguments: CreateArguments) -> anyhow::Result<()> {
    let secret = new_secret()?;
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
        previous: None,
        requests_per_minute: arguments.requests_per_minute,
        created_at: now,
        expires_at: arguments
            .expires_in_days
            .map(|days| now.saturating_add(SignedDuration::from_hours(i64::from(days) * 24)))
            .transpose()?,
        revoked_at: None,
        last_used_at: None,
    };
    store.create_key(&record).await?;
    note(store, &record.tenant, "keys create", &[("key_id", &record.id)]).await;
    println!("id      {}", record.id);
    println!("tenant  {}", record.tenant);
    println!("scopes  {}", names(&record.scopes));
    print_secret(&secret);
    Ok(())
}

async fn rotate(store: &SqliteStore, id: &str, grace_hours: u32) -> anyhow::Result<()> {
    let secret = new_secret()?;
    let now = SystemClock::new().now();
    let Some(key) = find(store, id).await? else {
        bail!("there is no key {id}; `pytake keys list` shows all");
    };
    let replacement = NewSecret {
        replaces: key.secret_hash,
        prefix: pytake_server::shown_prefix(&secret),
        secret_hash: pytake_server::hash_secret(secret.expose_secret()),
        previous_until: now.saturating_add(SignedDuration::from_hours(grace_hours.into()))?,
    };
    let Some(record) = store.rotate_key(None, id, &replacement).await? else {
        bail!("the key {id} is revoked, or somebody else has just rotated it; `pytake keys list` shows all");
    };
    note(store, &record.tenant, "keys rotate", &[("key_id", id)]).await;
    println!("id      {}", record.id);
    println!("tenant  {}", record.tenant);
    println!("old     opens for {grace_hours} hours more");
    print_secret(&secret);
    Ok(())
}

async fn revoke(store: &SqliteStore, id: &str) -> anyhow::Result<()> {
    let found = find(store, id).await?;
    let is_revoked = store.revoke_key(None, id, SystemClock::new().now()).await?;
    let Some(key) = found.filter(|_| is_revoked) else {
        bail!("there is no key {id} that is not revoked yet; `pytake keys list` shows all");
    };
    note(store, &key.tenant, "keys revoke", &[("key_id", id)]).await;
    println!("revoked {id}");
    Ok(())
}

async fn find(store: &SqliteStore, id: &str) -> anyhow::Result<Option<ApiKeyRecord>> {
    Ok(store.keys(None).await?.into_iter().find(|key| key.id == id))
}

fn new_secret() -> anyhow::Result<SecretString> {
    let random =
        pytake_server::random_secret().context("could not get randomness from the operating system")?;
    Ok(pytake_server::new_secret(random))
}

fn print_secret(secret: &SecretString) {
    println!("The secret is shown this once:");
    println!("{}", secret.expose_secret());
}

async fn list(store: &SqliteStore, tenant: Option<&TenantId>) -> anyhow::Result<()> {
    let now = SystemClock::new().now();
    let keys = store.keys(tenant).await?;
    if keys.is_empty() {
        println!("no keys; make one with: pytake keys create --tenant default --scope chat");
    }
    for key in keys {
        println!(
            "{}  {}…  {:<8}  {}  {}  {}{}",
            key.id,
            key.prefix,
            state(&key, now),
            key.tenant,
            names(&key.scopes),
            key.name,
            ends(&key, now)
        );
    }
    Ok(())
}

/// When the key, and an older secret of it, end by themselves.
fn ends(key: &ApiKeyRecord, now: Timestamp) -> String {
    let own = key.expires_at.map(|end| format!("  until {end:.0}"));
    let previous = key.previous.filter(|previous| now < previous.valid_until);
    let older = previous.map(|previous| format!("  old secret until {:.0}", previous.valid_until));
    [own, older].into_iter().flatten().collect()
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
