//! `pytake doctor`: what works, what does not, and how to mend it. Exit 1 if something configured does not work.

mod money;
mod whatsapp;

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use jiff::civil::date;
use pytake::config::{Config, Database, SealingSource};
use pytake::{AIProviderTrait, Wired};
use pytake_assistant::clock::{Clock, SystemClock, utc_day};
use pytake_assistant::provider::{
    CompletionRequest, Evidence, FailureKind, PromptMessage, ProviderPlace, Role,
};
use pytake_store::{Health, Keys, Operators, StorageError};
use std::sync::Arc;

/// How long a provider may take to answer one short question.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(20);
/// Below this much free space the database will soon be unable to grow.
const LOW_DISK_BYTES: u64 = 200 * 1024 * 1024;

#[derive(Default)]
struct Findings {
    failed: u32,
}

impl Findings {
    fn good(what: &str, found: &str) {
        println!("ok    {what:<14} {found}");
    }

    fn note(what: &str, found: &str) {
        println!("note  {what:<14} {found}");
    }

    fn bad(&mut self, what: &str, found: &str, mend: &str) {
        self.failed += 1;
        println!("FAIL  {what:<14} {found}\n      {:<14} mend: {mend}", "");
    }
}

pub(crate) async fn run() -> anyhow::Result<ExitCode> {
    let mut findings = Findings::default();
    match Config::from_env() {
        Ok(config) => {
            Findings::good("configuration", "every variable is well formed");
            for (variable, why) in &config.without_effect {
                Findings::note(variable, &format!("is set without effect: {why}"));
            }
            clock(&mut findings);
            disk(&mut findings, &config);
            everything_built(&mut findings, &config).await;
        }
        Err(error) => {
            for problem in error.problems {
                let mend =
                    problem.example.map_or_else(String::new, |example| format!("for example {example}"));
                findings.bad(&problem.variable, &problem.problem, &mend);
            }
        }
    }
    println!();
    if findings.failed == 0 {
        println!("everything that is configured works");
        Ok(ExitCode::SUCCESS)
    } else {
        println!("{} of what is configured does not work", findings.failed);
        Ok(ExitCode::FAILURE)
    }
}

fn clock(findings: &mut Findings) {
    let today = utc_day(SystemClock::new().now());
    // The first release; a clock before it is wrong, and with it every price, limit and certificate.
    if today < date(2026, 11, 22) {
        findings.bad("clock", &format!("says {today}"), "set the system clock, for example with NTP");
    } else {
        Findings::good("clock", &format!("says {today} (UTC)"));
    }
}

fn disk(findings: &mut Findings, config: &Config) {
    let Database::File(path) = &config.database else { return };
    let folder = path.parent().filter(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match fs4::available_space(folder) {
        Ok(free) if free < LOW_DISK_BYTES => findings.bad(
            "disk",
            &format!("{} MiB free for {}", free / 1024 / 1024, path.display()),
            "free some space, or point DATABASE_URL elsewhere",
        ),
        Ok(free) => Findings::good("disk", &format!("{} MiB free", free / 1024 / 1024)),
        Err(error) => Findings::note("disk", &format!("free space is unknown: {error}")),
    }
}

async fn everything_built(findings: &mut Findings, config: &Config) {
    let wired = match pytake::wire(config) {
        Ok(wired) => wired,
        Err(error) => {
            let mend = "correct the variable named above";
            return findings.bad("start", &error.to_string(), mend);
        }
    };
    match wired.store.check().await {
        Ok(()) => Findings::good("database", "can be read and written"),
        Err(error) => {
            findings.bad("database", &error.to_string(), "check the file, its folder and their rights");
        }
    }
    match access(&wired).await {
        Ok((true, _)) => Findings::good("API keys", "at least one, or an operator, is in force"),
        Ok((false, false)) if config.listen.ip().is_loopback() && !config.is_key_always_required => {
            Findings::note("API keys", "none: the server is open to everybody on this machine");
        }
        Ok((false, _)) => findings.bad(
            "API keys",
            "none, and one is needed",
            "pytake keys create --tenant default --scope admin",
        ),
        Err(error) => findings.bad("API keys", &error.to_string(), "see database"),
    }
    money::money(findings, &wired).await;
    providers(findings, config).await;
    moderation(findings, config).await;
    transcription(config);
    whatsapp::whatsapp(findings, config, &wired).await;
    secrets(findings, &wired).await;
    key_file(config);
    wired.store.close();
}

/// Everything that is sealed must open with a key that is known here.
async fn secrets(findings: &mut Findings, wired: &Wired) {
    match pytake_store::unopened(&*wired.store, &wired.sealer).await {
        Ok(lost) if lost.is_empty() => Findings::good("secrets", "all that are stored can be opened"),
        Ok(lost) => {
            for secret in lost {
                let mend = "add the key it was sealed with to PYTAKE_SECRET_KEY, or set the secret again";
                findings.bad("secrets", &format!("{secret}: no key known here opens it"), mend);
            }
        }
        Err(error) => findings.bad("secrets", &error.to_string(), "see database"),
    }
}

/// Whoever can read the key file and a copy of the database opens every secret in it.
#[cfg(unix)]
fn key_file(config: &Config) {
    use std::os::unix::fs::PermissionsExt;
    let SealingSource::File(path) = &config.whatsapp.sealing else { return };
    let Ok(metadata) = std::fs::metadata(path) else { return };
    let rights = metadata.permissions().mode() & 0o777;
    if rights & 0o077 != 0 {
        let found = format!("{} can be read by others (rights {rights:o}): chmod 600", path.display());
        Findings::note("key file", &found);
    }
}

#[cfg(not(unix))]
fn key_file(_: &Config) {}

/// Whether somebody has access, and whether anybody ever had.
async fn access(wired: &Wired) -> Result<(bool, bool), StorageError> {
    let store = &wired.store;
    let has = store.has_keys().await? || store.has_operators().await?;
    Ok((has, store.had_keys().await? || store.had_operators().await?))
}

async fn providers(findings: &mut Findings, config: &Config) {
    let Ok(providers) = pytake::providers(config) else { return };
    let is_asked = |p: &&Arc<dyn AIProviderTrait>| p.place() == ProviderPlace::Remote && p.is_available();
    let remote: Vec<_> = providers.iter().filter(is_asked).collect();
    if remote.is_empty() {
        Findings::note("providers", "none: answers come from approved content on this machine");
    }
    for provider in remote {
        let asked =
            tokio::time::timeout(PROVIDER_TIMEOUT, provider.chat_completion(ping(provider.default_model())));
        let what = provider.name().to_owned();
        match asked.await {
            Ok(Ok(answer)) => Findings::good(&what, &format!("answers with {}", answer.model)),
            Ok(Err(failure)) => findings.bad(&what, &failure.to_string(), mend(failure.kind)),
            Err(_) => findings.bad(&what, "no answer in 20 s", mend(FailureKind::Timeout)),
        }
    }
}

async fn moderation(findings: &mut Findings, config: &Config) {
    let Ok(Some(moderator)) = pytake::moderator(config) else { return };
    let what = "moderation";
    match tokio::time::timeout(PROVIDER_TIMEOUT, moderator.moderate("ok")).await {
        Ok(Ok(opinion)) => {
            Findings::good(what, &format!("{} answers with {}", moderator.name(), opinion.model));
        }
        Ok(Err(failure)) => findings.bad(what, &failure.to_string(), mend_moderation(failure.kind)),
        Err(_) => findings.bad(what, "no answer in 20 s", mend_moderation(FailureKind::Timeout)),
    }
}

/// Asking would need a recording of somebody, so it is only said who would be asked.
fn transcription(config: &Config) {
    if let Ok(Some(transcriber)) = pytake::transcriber(config) {
        let found =
            format!("recordings go to {} ({}); not tried here", transcriber.name(), transcriber.model());
        Findings::note("transcription", &found);
    }
}

fn mend_moderation(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::ModelNotFound => {
            "what OPENAI_BASE_URL names does not moderate: set AI_MODERATION_PROVIDER to none"
        }
        other => mend(other),
    }
}

/// The smallest question there is; it costs a fraction of a cent.
fn ping(model: &str) -> CompletionRequest {
    CompletionRequest {
        model: model.into(),
        system: "".into(),
        messages: Arc::new([PromptMessage::new(Role::User, "Say ok.")]),
        max_output_tokens: 64,
        temperature: None,
        schema: None,
        user_pseudonym: None,
        evidence: Arc::new(Evidence::default()),
        key: None,
    }
}

fn mend(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Auth => "check the API key and what it may do",
        FailureKind::Billing => "add credit, or raise the spending limit at the vendor",
        FailureKind::ModelNotFound => "set the model variable to one the vendor still serves",
        FailureKind::RateLimited => "wait, or ask the vendor for a higher limit",
        FailureKind::Timeout | FailureKind::Connect => "check the address, the network and the firewall",
        _ => "check the address (base URL) and the vendor's status page",
    }
}
