//! Models of intents: trained when a set is saved, kept while it is used.
//!
//! Training takes a core for up to some seconds, so it happens off the runtime and one at a time: a tenant that saves
//! often makes others' saving wait, never their messages.

use std::sync::Arc;

use pytake_understanding::embedding::Shipped;
use pytake_understanding::intents::{self, Choice, IntentError, IntentModel, TrainingReport};
use pytake_understanding::message::Message;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::Storage;
use crate::analysis::IntentOption;
use crate::error::AIError;
use crate::id::TenantId;
use crate::intents::Intent;
use crate::tenant_view::TenantView;

/// Memory of all models that are kept ready, in bytes as they are stored; the least used are dropped beyond this.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// What chooses a message's intent.
#[derive(Debug)]
pub(crate) enum IntentReader {
    /// The model that is part of the program.
    BuiltIn,
    /// A tenant's, or that of a request's own intents.
    Trained(Box<IntentModel>),
}

impl IntentReader {
    pub(crate) fn choose(&self, message: &Message<'_>) -> Choice {
        match self {
            Self::BuiltIn => intents::built_in().choose(message),
            Self::Trained(model) => model.choose(message),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Tenant(TenantId, u64),
    /// SHA-256 of the intents.
    Request([u8; 32]),
}

/// A model with its size.
#[derive(Debug, Clone)]
struct Kept {
    reader: Arc<IntentReader>,
    bytes: u32,
}

/// All models in use.
#[derive(Debug)]
pub(crate) struct IntentModels {
    kept: moka::sync::Cache<Key, Kept>,
    built_in: Arc<IntentReader>,
    one_at_a_time: Semaphore,
}

impl IntentModels {
    pub(crate) fn new() -> Self {
        let kept = moka::sync::Cache::builder()
            .max_capacity(MAX_BYTES)
            .weigher(|_: &Key, kept: &Kept| kept.bytes)
            .build();
        Self { kept, built_in: Arc::new(IntentReader::BuiltIn), one_at_a_time: Semaphore::new(1) }
    }

    /// The tenant's own model, or the built-in one where it has no intents.
    ///
    /// # Errors
    /// Storage.
    pub(crate) async fn of_tenant(
        &self,
        store: &dyn Storage,
        tenant: &TenantId,
        view: &TenantView,
    ) -> Result<Arc<IntentReader>, AIError> {
        let Some(version) = view.intents_version else { return Ok(Arc::clone(&self.built_in)) };
        let key = Key::Tenant(tenant.clone(), version);
        if let Some(kept) = self.kept.get(&key) {
            return Ok(kept.reader);
        }
        if let Some(bytes) = store.intent_model(tenant, version).await? {
            match IntentModel::from_bytes(&bytes) {
                Ok(model) => return Ok(self.keep(key, model, bytes.len())),
                // An older or newer program wrote it; the intents are there to train it again.
                Err(error) => {
                    tracing::warn!(%error, %tenant, version, "the stored model of the intents is trained again");
                }
            }
        }
        match store.intent_set_version(tenant, version).await? {
            Some(set) => {
                let (model, bytes, _) = self.train_model(options_of(&set.intents)).await?;
                Ok(self.keep(key, model, bytes.len()))
            }
            // Forgotten since the tenant was looked at: fifty changes in one turn.
            None => Ok(Arc::clone(&self.built_in)),
        }
    }

    /// A model of a request's own intents.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] when no model can be made of them.
    pub(crate) async fn of_request(&self, options: &[IntentOption]) -> Result<Arc<IntentReader>, AIError> {
        let key = Key::Request(digest(options));
        if let Some(kept) = self.kept.get(&key) {
            return Ok(kept.reader);
        }
        let intents = options.iter().map(|option| intents::Intent {
            name: option.name().to_owned(),
            description: option.description().to_owned(),
            examples: option.examples().to_vec(),
        });
        let (model, bytes, _) = self.train_model(intents.collect()).await?;
        Ok(self.keep(key, model, bytes.len()))
    }

    /// Trains a tenant's intents: the model as it is stored, and what was found out about them.
    ///
    /// # Errors
    /// [`AIError::InvalidRequest`] when no model can be made of them.
    pub(crate) async fn train(&self, intents: &[Intent]) -> Result<(Vec<u8>, Value), AIError> {
        let (_, bytes, report) = self.train_model(options_of(intents)).await?;
        let report = serde_json::to_value(report).map_err(|error| {
            AIError::Configuration(format!("the report of the training is no JSON: {error}"))
        })?;
        Ok((bytes, report))
    }

    async fn train_model(
        &self,
        intents: Vec<intents::Intent>,
    ) -> Result<(IntentModel, Vec<u8>, TrainingReport), AIError> {
        let turn = self.one_at_a_time.acquire().await;
        let set = intents::IntentSet { intents };
        let trained = tokio::task::spawn_blocking(move || {
            let (model, report) = IntentModel::train(&set, &Shipped)?;
            let bytes = model.to_bytes();
            Ok::<_, IntentError>((model, bytes, report))
        })
        .await;
        drop(turn);
        match trained {
            Ok(Ok(trained)) => Ok(trained),
            Ok(Err(problem)) => Err(AIError::invalid("intents", problem.to_string())),
            Err(_) => Err(AIError::ServiceUnavailable("the training was stopped".to_owned())),
        }
    }

    fn keep(&self, key: Key, model: IntentModel, bytes: usize) -> Arc<IntentReader> {
        let reader = Arc::new(IntentReader::Trained(Box::new(model)));
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.kept.insert(key, Kept { reader: Arc::clone(&reader), bytes });
        reader
    }
}

fn options_of(intents: &[Intent]) -> Vec<intents::Intent> {
    let option = |intent: &Intent| intents::Intent {
        name: intent.name.clone(),
        description: intent.description.clone(),
        examples: intent.texts().map(str::to_owned).collect(),
    };
    intents.iter().map(option).collect()
}

/// Two lists of intents with one digest are the same list.
fn digest(options: &[IntentOption]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text);
    };
    for option in options {
        add(option.name());
        add(option.description());
        for example in option.examples() {
            add(example);
        }
        // What no length says: here an intent ends.
        add("");
        add("end");
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(name: &str, description: &str, examples: &[&str]) -> IntentOption {
        IntentOption::Described {
            name: name.to_owned(),
            description: description.to_owned(),
            examples: examples.iter().map(|example| (*example).to_owned()).collect(),
        }
    }

    #[test]
    fn different_intents_have_different_digests() {
        let lists = [
            vec![described("a", "b", &["c"])],
            vec![described("a", "", &["b", "c"])],
            vec![described("a", "b", &[]), described("c", "", &[])],
            vec![described("ab", "", &["c"])],
        ];
        let digests: Vec<[u8; 32]> = lists.iter().map(|list| digest(list)).collect();
        for (at, one) in digests.iter().enumerate() {
            assert!(!digests[at + 1..].contains(one));
        }
        assert_eq!(digest(&lists[0]), digest(&[described("a", "b", &["c"])]));
    }
}
