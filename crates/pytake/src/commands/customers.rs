//! `pytake export` and `pytake erase`: a customer's data, handed over or erased. Both work beside a running server.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use pytake::config::{Config, Database};
use pytake_assistant::Author;
use pytake_assistant::clock::{Clock, SystemClock};
use pytake_assistant::id::TenantId;
use pytake_store::{Export, Privacy, Subject};
use pytake_store_sqlite::SqliteStore;
use serde_json::Value;

use super::access::note;

#[derive(Debug, Args)]
pub(crate) struct CustomerArguments {
    /// The tenant whose customer it is.
    #[arg(long)]
    tenant: TenantId,
    /// The customer: as callers name them, or the id, the telephone or the scoped id of WhatsApp.
    #[arg(long)]
    user: String,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    #[command(flatten)]
    customer: CustomerArguments,
    /// A new folder for `data.jsonl` and the files; without it everything is printed, files in base64.
    #[arg(long)]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct EraseArguments {
    #[command(flatten)]
    customer: CustomerArguments,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn export(arguments: ExportArguments) -> anyhow::Result<ExitCode> {
    let store = open_store()?;
    let subject = find(&store, &arguments.customer).await?;
    let CustomerArguments { tenant, user } = &arguments.customer;
    // Noted before anything is shown: an export that breaks off was a look, too.
    note(&store, tenant, "export", &[("user_id", user)]).await;
    let export = Export::begin(store, subject, SystemClock::new().now()).await?;
    if let Some(folder) = arguments.out {
        let mut files = Folder::make(&folder)?;
        write_lines(export, |line| files.take(line)).await?;
        files.data.flush().context("could not write data.jsonl")?;
        println!("{} and {} files in {}", files.lines, files.files, folder.display());
    } else {
        let mut out = BufWriter::new(std::io::stdout().lock());
        write_lines(export, |line| Ok(writeln!(out, "{line}")?)).await?;
        out.flush().context("could not write to the terminal")?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn erase(arguments: EraseArguments) -> anyhow::Result<ExitCode> {
    let EraseArguments { customer, yes } = arguments;
    let store = open_store()?;
    let subject = find(&store, &customer).await?;
    let counts = store.data_counts(&subject).await?;
    for (kind, count) in counts.iter().filter(|(_, count)| **count > 0) {
        println!("{count:>8} {kind}");
    }
    if !yes && !is_confirmed(&customer.user)? {
        bail!("nothing was erased");
    }
    let clock = SystemClock::new();
    let begun =
        store.begin_erasure(&customer.tenant, &customer.user, &Author::command(), clock.now()).await?;
    let Some(erasure) = begun else { bail!("somebody else has just erased {}", customer.user) };
    let record = store.erase(&erasure, &clock).await?;
    // Not whom: that is what was erased.
    let about = [("user_id", "erased"), ("erasure_id", record.id.as_str())];
    note(&store, &customer.tenant, "erase", &about).await;
    println!("erased; what remains is the record {}", record.id);
    for (kind, count) in &record.counts {
        println!("{count:>8} {kind}");
    }
    Ok(ExitCode::SUCCESS)
}

async fn find(store: &SqliteStore, customer: &CustomerArguments) -> anyhow::Result<Subject> {
    let found = store.subject(&customer.tenant, &customer.user).await?;
    found.with_context(|| format!("nothing is known of {} in the tenant {}", customer.user, customer.tenant))
}

fn is_confirmed(user: &str) -> anyhow::Result<bool> {
    if !std::io::stdin().is_terminal() {
        bail!("nobody is here to be asked; say --yes");
    }
    print!("This cannot be undone. Type {user} to erase: ");
    std::io::stdout().flush().context("could not write to the terminal")?;
    let mut typed = String::new();
    std::io::stdin().lock().read_line(&mut typed).context("could not read the answer")?;
    Ok(typed.trim() == user)
}

fn open_store() -> anyhow::Result<Arc<SqliteStore>> {
    let config = Config::from_env()?;
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL is sqlite::memory:, which no command can look into; name a file");
    }
    Ok(Arc::new(pytake::open_store(&config)?))
}

async fn write_lines(
    mut export: Export,
    mut write: impl FnMut(Value) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    while let Some(lines) = export.next().await? {
        for line in lines {
            write(line)?;
        }
    }
    Ok(())
}

/// An export in a folder: pieces of files go to files of their own.
struct Folder {
    path: PathBuf,
    data: BufWriter<File>,
    open: Option<(i64, File)>,
    lines: u64,
    files: u64,
}

impl Folder {
    /// A folder that was not there before: nothing is mixed up, nothing overwritten.
    fn make(path: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(path)
            .with_context(|| format!("could not make the new folder {}", path.display()))?;
        let data = new_file(&path.join("data.jsonl"))?;
        Ok(Self { path: path.to_owned(), data: BufWriter::new(data), open: None, lines: 0, files: 0 })
    }

    fn take(&mut self, mut line: Value) -> anyhow::Result<()> {
        if line["kind"] == "file_piece" {
            return self.add_piece(&line);
        }
        if line["kind"] == "file" && line["state"] == "stored" {
            self.begin_file(&mut line)?;
        }
        self.lines += 1;
        writeln!(self.data, "{line}").context("could not write data.jsonl")
    }

    fn begin_file(&mut self, line: &mut Value) -> anyhow::Result<()> {
        let Some(item) = line["item_id"].as_i64() else { return Ok(()) };
        let name = format!("{item}{}", extension(line["mime_type"].as_str().unwrap_or_default()));
        let file = new_file(&self.path.join(&name))?;
        self.open = Some((item, file));
        self.files += 1;
        line["path"] = name.into();
        Ok(())
    }

    fn add_piece(&mut self, line: &Value) -> anyhow::Result<()> {
        let Some((item, file)) = &mut self.open else { return Ok(()) };
        if line["item_id"] != *item {
            return Ok(());
        }
        let bytes =
            STANDARD.decode(line["base64"].as_str().unwrap_or_default()).context("a damaged piece")?;
        file.write_all(&bytes).context("could not write a file")
    }
}

fn new_file(path: &Path) -> anyhow::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.with_context(|| format!("could not make {}", path.display()))
}

/// `.jpeg` of `image/jpeg`; nothing where the subtype is no plain word. Never the name the customer gave the file.
fn extension(mime_type: &str) -> String {
    let subtype =
        mime_type.split(';').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().trim();
    let is_plain =
        (1..=8).contains(&subtype.len()) && subtype.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_plain { format!(".{subtype}") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_by_its_type_and_never_by_its_sender() {
        assert_eq!(extension("image/jpeg"), ".jpeg");
        assert_eq!(extension("audio/ogg; codecs=opus"), ".ogg");
        assert_eq!(extension("x/../../etc"), ".etc");
        assert_eq!(extension("application/vnd.ms-excel"), "");
        assert_eq!(extension(""), "");
    }
}
