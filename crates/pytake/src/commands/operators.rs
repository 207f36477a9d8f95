//! `pytake operators`: people who sign in. Works beside a running server; a change is effective at once.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::id::{IdSource, TenantId, UuidSource};
use pytake_store::{Email, OperatorChange, OperatorChanged, OperatorRecord, Operators, Role};
use pytake_store_sqlite::SqliteStore;
use secrecy::SecretString;

use super::access::{note, open_store};

#[derive(Debug, Subcommand)]
pub(crate) enum OperatorsCommand {
    /// Makes an operator; asks for the password. A new tenant is created.
    Create(CreateArguments),
    /// Lists operators.
    List {
        /// Only this tenant's.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// Ends an operator's sessions at once and lets them sign in no more.
    Disable {
        /// The operator's e-mail address.
        email: Email,
    },
    /// Gives an operator a new password and ends their sessions.
    Password {
        /// The operator's e-mail address.
        email: Email,
        /// Read the password from standard input, its first line.
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// The tenant they belong to.
    #[arg(long)]
    tenant: TenantId,
    /// By which they sign in; unique on the server.
    #[arg(long)]
    email: Email,
    /// A name for people.
    #[arg(long, default_value = "")]
    name: String,
    /// What they may do: owner, operator, viewer.
    #[arg(long)]
    role: Role,
    /// Lets them do everything, for every tenant.
    #[arg(long)]
    admin: bool,
    /// Read the password from standard input, its first line.
    #[arg(long)]
    password_stdin: bool,
}

pub(crate) async fn run(command: OperatorsCommand) -> anyhow::Result<ExitCode> {
    let store = open_store()?;
    match command {
        OperatorsCommand::Create(arguments) => create(&store, arguments).await?,
        OperatorsCommand::List { tenant } => list(&store, tenant.as_ref()).await?,
        OperatorsCommand::Disable { email } => disable(&store, &email).await?,
        OperatorsCommand::Password { email, password_stdin } => {
            change_password(&store, &email, password_stdin).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(store: &SqliteStore, arguments: CreateArguments) -> anyhow::Result<()> {
    let password = read_password(arguments.password_stdin, &arguments.email)?;
    let operator = OperatorRecord {
        id: UuidSource.next(),
        tenant: arguments.tenant,
        email: arguments.email,
        name: arguments.name,
        role: arguments.role,
        is_admin: arguments.admin,
        password_hash: hash(&password)?,
        created_at: SystemClock::new().now(),
        disabled_at: None,
    };
    if !store.create_operator(&operator).await? {
        bail!("somebody signs in with this e-mail address already; `pytake operators list` shows all");
    }
    note(store, &operator.tenant, "operators create", &[("operator_id", &operator.id)]).await;
    println!("id      {}", operator.id);
    println!("tenant  {}", operator.tenant);
    println!("role    {}{}", operator.role, if operator.is_admin { ", admin" } else { "" });
    Ok(())
}

async fn list(store: &SqliteStore, tenant: Option<&TenantId>) -> anyhow::Result<()> {
    let operators = store.operators(tenant).await?;
    if operators.is_empty() {
        println!(
            "no operators; make one with: pytake operators create --tenant default --role owner --email E"
        );
    }
    for operator in operators {
        println!(
            "{}  {:<8}  {:<8}{}  {}  {}  {}",
            operator.id,
            if operator.disabled_at.is_some() { "disabled" } else { "active" },
            operator.role,
            if operator.is_admin { "  admin" } else { "" },
            operator.tenant,
            operator.email.as_str(),
            operator.name
        );
    }
    Ok(())
}

async fn disable(store: &SqliteStore, email: &Email) -> anyhow::Result<()> {
    let operator = find(store, email).await?;
    let change = OperatorChange {
        name: operator.name.clone(),
        role: operator.role,
        is_admin: operator.is_admin,
        disabled_at: Some(SystemClock::new().now()),
    };
    match store.change_operator(&operator, &change).await? {
        OperatorChanged::Done(_) => {}
        OperatorChanged::Missing => bail!("the operator was deleted meanwhile"),
        OperatorChanged::Meanwhile => bail!("somebody else has just changed the operator; try again"),
        OperatorChanged::LastOwner => bail!(
            "this is the last owner of {} who can sign in; make another first, or end the sessions with \
             `pytake operators password`",
            operator.tenant
        ),
    }
    note(store, &operator.tenant, "operators disable", &[("operator_id", &operator.id)]).await;
    println!("disabled {}", operator.id);
    Ok(())
}

async fn change_password(store: &SqliteStore, email: &Email, is_piped: bool) -> anyhow::Result<()> {
    find(store, email).await?;
    let hash = hash(&read_password(is_piped, email)?)?;
    // Typing takes its time: as they are now.
    let operator = find(store, email).await?;
    if !store.set_password(&operator, &hash).await? {
        bail!("somebody else has just changed the operator; try again");
    }
    note(store, &operator.tenant, "operators password", &[("operator_id", &operator.id)]).await;
    println!("changed the password of {}; their sessions have ended", operator.id);
    Ok(())
}

async fn find(store: &SqliteStore, email: &Email) -> anyhow::Result<OperatorRecord> {
    let found = store.operator_by_email(email).await?;
    found.context("nobody signs in with this e-mail address; `pytake operators list` shows all")
}

/// Never an argument: those are seen by everybody on the machine, and kept by shells.
fn read_password(is_piped: bool, email: &Email) -> anyhow::Result<SecretString> {
    let password = if is_piped {
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).context("standard input")?;
        SecretString::from(line.trim_end_matches(['\n', '\r']))
    } else {
        if !std::io::stdin().is_terminal() {
            bail!("there is no terminal to ask for the password; use --password-stdin");
        }
        SecretString::from(rpassword::prompt_password("Password: ").context("the terminal")?)
    };
    if let Err(why) = pytake_server::check_password(&password, email) {
        bail!("the password {why}");
    }
    Ok(password)
}

fn hash(password: &SecretString) -> anyhow::Result<String> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).context("could not get randomness from the operating system")?;
    pytake_server::hash_password(password, salt).map_err(|failure| anyhow::anyhow!("{failure}"))
}
