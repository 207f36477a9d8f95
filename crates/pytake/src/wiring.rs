//! Builds what a configuration describes: store, providers, assistant. Decides nothing.

#[cfg(feature = "server")]
mod channel;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pytake_assistant::money::ModelCatalog;
use pytake_assistant::router::{ProviderAllowance, RouterConfig};
use pytake_assistant::{AIProviderTrait, Assistant, Moderator, Transcriber};
use pytake_providers::{
    AnthropicConfig, AnthropicProvider, CompatibleConfig, CompatibleProvider, DEFAULT_OPENAI_BASE_URL,
    LocalProvider, OPENAI_TRANSCRIPTION_MODEL, OpenAIConfig, OpenAIModerator, OpenAIProvider,
    OpenAITranscriber, TranscriberConfig,
};
use pytake_store::{ProviderKeyring, Sealer, SealingError, SealingKey};
use pytake_store_sqlite::{SqliteOptions, SqliteStore};
use secrecy::{ExposeSecret, SecretBox, SecretString};

use crate::config::{Config, Database, SealingSource, Vendor};
use crate::demo::demo_shop;

#[cfg(feature = "server")]
pub use channel::{adopt_number, batches, channel};

/// Why a configuration cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum WiringError {
    /// The database cannot be opened.
    #[error("DATABASE_URL: {0}")]
    Database(#[source] pytake_store_sqlite::OpenError),
    /// The demo shop could not be written.
    #[error("could not prepare the new database: {0}")]
    Seed(#[source] pytake_assistant::error::StorageError),
    /// The channel cannot be made.
    #[error("{0}")]
    Channel(String),
    /// The key that seals secrets cannot be used.
    #[error("PYTAKE_SECRET_KEY or PYTAKE_KEY_FILE: {0}")]
    Sealing(#[source] pytake_store::SealingError),
    /// A provider cannot be made.
    #[error("{0}")]
    Provider(String),
    /// The catalog file cannot be used.
    #[error("AI_MODEL_CATALOG: {path}: {why}", path = .path.display())]
    Catalog {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

/// A working engine and its store.
#[derive(Debug, Clone)]
pub struct Wired {
    /// The engine.
    pub assistant: Assistant,
    /// Its store.
    pub store: Arc<SqliteStore>,
    /// Seals what is secret in the store; one for everybody, so that all of it opens with the same keys.
    pub sealer: Arc<Sealer>,
    /// The tenants' own keys at vendors.
    pub provider_keys: ProviderKeyring,
}

/// Opens the store, makes the providers, builds the assistant. Calls no provider. Makes the file with the key that seals
/// secrets where there is none.
///
/// # Errors
/// [`WiringError`] naming the variable behind what cannot be built.
pub fn wire(config: &Config) -> Result<Wired, WiringError> {
    let store = Arc::new(open_store(config)?);
    let (profile, answers) = demo_shop();
    // The store's own thread does the work: nothing here needs the runtime.
    futures::executor::block_on(store.seed_if_new(&profile, &answers)).map_err(WiringError::Seed)?;
    let sealer = Arc::new(sealer(&config.whatsapp.sealing).map_err(WiringError::Sealing)?);
    let provider_keys = ProviderKeyring::new(Arc::clone(&store) as _, Arc::clone(&sealer));
    let mut builder = Assistant::builder(Arc::clone(&store) as _)
        .settings(config.settings.clone())
        .own_keys(Arc::new(provider_keys.clone()))
        .catalog(catalog(config)?)
        .router(RouterConfig {
            order: config.order.clone(),
            weights: config.weights.clone(),
            allowances: allowances(config),
            ..RouterConfig::default()
        });
    for provider in providers(config)? {
        builder = builder.provider(provider);
    }
    if let Some(moderator) = moderator(config)? {
        builder = builder.moderator(moderator);
    }
    if let Some(transcriber) = transcriber(config)? {
        builder = builder.transcriber(transcriber);
    }
    Ok(Wired { assistant: builder.build(), store, sealer, provider_keys })
}

fn sealer(source: &SealingSource) -> Result<Sealer, SealingError> {
    let keys = match source {
        SealingSource::Keys(keys) => {
            let read = keys.iter().map(|key| key.expose_secret().parse::<SealingKey>());
            read.collect::<Result<Vec<_>, _>>()?
        }
        SealingSource::File(path) => vec![SealingKey::load_or_create(path)?],
        SealingSource::Fresh => vec![SealingKey::generate()?],
    };
    Ok(Sealer::new(keys))
}

/// Opens the configured database.
///
/// # Errors
/// [`WiringError`] naming the variable behind what cannot be opened.
pub fn open_store(config: &Config) -> Result<SqliteStore, WiringError> {
    let options = SqliteOptions { hash_keys: hash_keys(config)?, ..SqliteOptions::default() };
    let store = match &config.database {
        Database::File(path) => SqliteStore::open(path, &options),
        Database::Memory => SqliteStore::in_memory_with(&options),
    };
    store.map_err(WiringError::Database)
}

/// Keys by which erased people are known again, made from those that seal secrets. None before there is one: it is made
/// with the channel.
fn hash_keys(config: &Config) -> Result<Vec<SecretBox<[u8; 32]>>, WiringError> {
    const PURPOSE: &str = "hashes of erased people";
    let keys = match &config.whatsapp.sealing {
        SealingSource::Keys(keys) => {
            let read = keys.iter().map(|key| key.expose_secret().parse::<SealingKey>());
            read.collect::<Result<Vec<_>, _>>().map_err(WiringError::Sealing)?
        }
        SealingSource::File(path) if path.exists() => {
            vec![SealingKey::load_or_create(path).map_err(WiringError::Sealing)?]
        }
        SealingSource::File(_) | SealingSource::Fresh => Vec::new(),
    };
    Ok(keys.iter().map(|key| key.derive(PURPOSE)).collect())
}

/// By provider name.
fn allowances(config: &Config) -> BTreeMap<String, ProviderAllowance> {
    let mut allowances = BTreeMap::new();
    for (name, vendor) in [("openai", &config.openai), ("anthropic", &config.anthropic)] {
        allowances.insert(name.to_owned(), vendor.allowance);
    }
    for server in &config.compatible {
        allowances.insert(server.name.clone(), server.allowance);
    }
    allowances
}

fn catalog(config: &Config) -> Result<ModelCatalog, WiringError> {
    let Some(path) = &config.catalog else { return Ok(pytake_providers::catalog()) };
    let invalid = |why: String| WiringError::Catalog { path: path.clone(), why };
    let json = std::fs::read_to_string(path).map_err(|error| invalid(error.to_string()))?;
    pytake_providers::catalog_with_overrides(&json).map_err(|error| invalid(error.to_string()))
}

/// Makes the providers, the local one last. OpenAI and Anthropic are always there: without a key of the server they are asked
/// for tenants that have their own. Where providers are built: a new one adds a line here.
///
/// # Errors
/// [`WiringError::Provider`] naming the variable behind the one that cannot be made.
pub fn providers(config: &Config) -> Result<Vec<Arc<dyn AIProviderTrait>>, WiringError> {
    let mut providers: Vec<Arc<dyn AIProviderTrait>> = Vec::new();
    let openai = OpenAIProvider::new(openai_config(&config.openai)).map_err(unusable("OPENAI_BASE_URL"))?;
    providers.push(Arc::new(openai));
    let vendor = &config.anthropic;
    let mut anthropic = AnthropicConfig::new(key_of(vendor));
    anthropic.rate_limit = Some(vendor.rate_limit);
    anthropic.base_url = vendor.base_url.clone().unwrap_or(anthropic.base_url);
    anthropic.default_model = vendor.model.clone().unwrap_or(anthropic.default_model);
    anthropic.version = config.anthropic_version.clone().unwrap_or(anthropic.version);
    providers.push(Arc::new(AnthropicProvider::new(anthropic).map_err(unusable("ANTHROPIC_BASE_URL"))?));
    for server in &config.compatible {
        let compatible = CompatibleConfig {
            name: server.name.clone(),
            base_url: server.base_url.clone(),
            api_key: server.api_key.clone(),
            model: server.model.clone(),
            rate_limit: server.rate_limit,
            dialect: server.dialect.clone(),
            reads_images: server.reads_images,
        };
        let made = CompatibleProvider::new(compatible).map_err(unusable("AI_COMPATIBLE_PROVIDERS"))?;
        providers.push(Arc::new(made));
    }
    providers.push(Arc::new(LocalProvider::new()));
    Ok(providers)
}

fn openai_config(vendor: &Vendor) -> OpenAIConfig {
    let mut openai = OpenAIConfig::new(key_of(vendor));
    openai.rate_limit = Some(vendor.rate_limit);
    openai.base_url = vendor.base_url.clone().unwrap_or(openai.base_url);
    openai.default_model = vendor.model.clone().unwrap_or(openai.default_model);
    openai
}

/// The server's key; empty where it has none.
fn key_of(vendor: &Vendor) -> SecretString {
    vendor.api_key.clone().unwrap_or_else(|| SecretString::from(""))
}

/// Makes the configured moderator, if there is one.
///
/// # Errors
/// [`WiringError::Provider`] naming the variable behind it when it cannot be made.
pub fn moderator(config: &Config) -> Result<Option<Arc<dyn Moderator>>, WiringError> {
    let Some(vendor) = &config.moderation else { return Ok(None) };
    let made = OpenAIModerator::new(&openai_config(vendor)).map_err(unusable("OPENAI_BASE_URL"))?;
    Ok(Some(Arc::new(made)))
}

/// Makes the configured transcriber, if there is one.
///
/// # Errors
/// [`WiringError::Provider`] naming the variable behind it when it cannot be made.
pub fn transcriber(config: &Config) -> Result<Option<Arc<dyn Transcriber>>, WiringError> {
    let Some(wanted) = &config.transcription else { return Ok(None) };
    let made = OpenAITranscriber::new(TranscriberConfig {
        name: wanted.provider.clone(),
        base_url: wanted.base_url.clone().unwrap_or_else(|| DEFAULT_OPENAI_BASE_URL.to_owned()),
        api_key: wanted.api_key.clone(),
        model: wanted.model.clone().unwrap_or_else(|| OPENAI_TRANSCRIPTION_MODEL.to_owned()),
        dialect: wanted.dialect.clone(),
    });
    Ok(Some(Arc::new(made.map_err(unusable("AI_TRANSCRIPTION_PROVIDER"))?)))
}

fn unusable<E: std::fmt::Display>(variable: &'static str) -> impl Fn(E) -> WiringError {
    move |why| WiringError::Provider(format!("{variable}: {why}"))
}
