//! `pytake tenants`: businesses on this server. Works beside a running server; a change is effective at once.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use pytake::Wired;
use pytake::config::{Config, Database};
use pytake_assistant::id::TenantId;
use pytake_assistant::service::{SettingsDraft, TenantDetail, TenantDraft};
use pytake_assistant::tenant::{SettingsRight, TenantEntry, TenantProfile, TenantSettings};
use pytake_assistant::{AIError, Assistant, Author};
use serde::Serialize;

use super::access::note;

/// Longest file with settings, in bytes: a body of the API may have no more (contract, section 4).
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// Tenants read at a time.
const PAGE: u32 = 200;

#[derive(Debug, Subcommand)]
pub(crate) enum TenantsCommand {
    /// Makes a tenant.
    Create(CreateArguments),
    /// Lists all tenants.
    List,
    /// Shows a tenant with its profile and settings, as JSON.
    Show {
        /// The tenant.
        id: TenantId,
    },
    /// Suspends a tenant: its keys open nothing, its customers' messages are kept, nothing is said or spent.
    Suspend {
        /// The tenant.
        id: TenantId,
    },
    /// Lets a suspended tenant go on.
    Resume {
        /// The tenant.
        id: TenantId,
    },
    /// Shows a tenant's settings as JSON, or replaces them.
    Settings(SettingsArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Its id, for good: a-z, 0-9, - and _.
    id: TenantId,
    /// The business's name.
    #[arg(long)]
    name: Option<String>,
    /// A file with its settings as JSON; - reads standard input.
    #[arg(long)]
    settings: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArguments {
    /// The tenant.
    id: TenantId,
    /// A file with the new settings as JSON, as this command shows them; - reads standard input.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Why they are changed, for people.
    #[arg(long, default_value = "", requires = "file")]
    note: String,
    /// The version they were made from: with another one as the newest by now, nothing is changed.
    #[arg(long, requires = "file")]
    version: Option<u64>,
}

pub(crate) async fn run(command: TenantsCommand) -> anyhow::Result<ExitCode> {
    let Wired { assistant, store, .. } = open()?;
    match command {
        TenantsCommand::Create(arguments) => {
            let id = arguments.id.clone();
            create(&assistant, arguments).await?;
            note(&store, &id, "tenants create", &[]).await;
        }
        TenantsCommand::List => list(&assistant).await?,
        TenantsCommand::Show { id } => {
            let detail = assistant.tenant(&id).await.map_err(|error| unknown(&id, error))?;
            print(&detail)?;
        }
        TenantsCommand::Suspend { id } => {
            let suspended = assistant.suspend_tenant(&id).await.map_err(|error| unknown(&id, error))?;
            note(&store, &id, "tenants suspend", &[]).await;
            println!("suspended {}", suspended.id);
        }
        TenantsCommand::Resume { id } => {
            let resumed = assistant.resume_tenant(&id).await.map_err(|error| unknown(&id, error))?;
            note(&store, &id, "tenants resume", &[]).await;
            println!("resumed {}", resumed.id);
        }
        TenantsCommand::Settings(arguments) => {
            let (id, is_change) = (arguments.id.clone(), arguments.file.is_some());
            settings(&assistant, arguments).await?;
            if is_change {
                note(&store, &id, "tenants settings", &[]).await;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The engine on the configured database, beside a server that may be running: it knows which providers there are.
fn open() -> anyhow::Result<Wired> {
    let config = Config::from_env()?;
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL is sqlite::memory:, where a tenant would be gone at once; name a file");
    }
    Ok(pytake::wire(&config)?)
}

async fn create(assistant: &Assistant, arguments: CreateArguments) -> anyhow::Result<()> {
    let CreateArguments { id, name, settings } = arguments;
    let profile = name.map(|business_name| TenantProfile { business_name, ..TenantProfile::default() });
    let settings = settings.as_deref().map(read_settings).transpose()?;
    let draft = TenantDraft { id, profile, settings, note: String::new() };
    let TenantDetail { id, .. } = assistant.create_tenant(draft, Author::command()).await?;
    println!("made {id}; give it a key with: pytake keys create --tenant {id} --scope chat,manage");
    Ok(())
}

async fn list(assistant: &Assistant) -> anyhow::Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = assistant.tenants(after.as_deref(), PAGE).await?;
        for TenantEntry { id, business_name, created_at, suspended_at } in page.items {
            let state = if suspended_at.is_some() { "suspended" } else { "active" };
            let since = created_at.map_or("-".to_owned(), |at| at.strftime("%Y-%m-%d").to_string());
            println!("{state:<9}  {since:<10}  {id}  {}", on_one_line(&business_name));
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A name as a terminal may show it: one that was stored before names were checked could hold commands for it.
fn on_one_line(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}

async fn settings(assistant: &Assistant, arguments: SettingsArguments) -> anyhow::Result<()> {
    let SettingsArguments { id, file, note, version } = arguments;
    let Some(file) = file else {
        let current = assistant.settings(&id).await.map_err(|error| unknown(&id, error))?;
        return print(&current.settings);
    };
    let draft = SettingsDraft { settings: read_settings(&file)?, version, note };
    let stored = assistant.put_settings(&id, draft, Author::command(), SettingsRight::Everything).await;
    let stored = stored.map_err(|error| unknown(&id, error))?;
    println!("version {} of the settings of {id} is in force", stored.version);
    Ok(())
}

fn read_settings(file: &Path) -> anyhow::Result<TenantSettings> {
    let name = file.display().to_string();
    let mut text = String::new();
    let read = if name == "-" {
        std::io::stdin().take(MAX_FILE_BYTES + 1).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|file| file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text))
    };
    let size = read.with_context(|| format!("could not read {name}"))?;
    if size as u64 > MAX_FILE_BYTES {
        bail!("{name} has more than {MAX_FILE_BYTES} bytes");
    }
    serde_json::from_str(&text).with_context(|| format!("{name} holds no settings"))
}

fn print<T: Serialize>(value: &T) -> anyhow::Result<()> {
    println!("{}", serde_json::to_string_pretty(value)?);
    Ok(())
}

fn unknown(id: &TenantId, error: AIError) -> anyhow::Error {
    match error {
        AIError::NotFound { .. } => {
            anyhow::anyhow!("there is no tenant {id}; `pytake tenants list` shows all, `create` makes one")
        }
        other => other.into(),
    }
}
