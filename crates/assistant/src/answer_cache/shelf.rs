//! The seam to where kept answers lie: this process's memory now, a store shared by replicas later.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use pytake_understanding::retrieval::Meaning;

use super::key::Key;
use crate::id::{MessageId, TenantId};
use crate::money::PicoUsd;

/// An answer to be given again. It contains nothing personal, see [`super::answer`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeptAnswer {
    pub(crate) text: String,
    /// Who gave it first, with which model.
    pub(crate) provider: String,
    pub(crate) model: String,
    /// The model as it was asked for, by which calls are booked: a vendor may call it by another name.
    pub(crate) booked_model: String,
    /// What the model thought of it.
    pub(crate) confidence: Option<(f32, &'static str)>,
    /// The message it was given as first.
    pub(crate) message: MessageId,
    /// What it cost, which is what giving it again saves; `None` where the price is unknown.
    pub(crate) cost: Option<PicoUsd>,
    /// What its question means; `None` where only the equal question finds it.
    pub(crate) meaning: Option<Meaning>,
}

impl KeptAnswer {
    /// The bytes it takes, without what a shelf adds.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.text, &self.provider, &self.model, &self.booked_model].map(String::len);
        let meaning = self.meaning.as_ref().map_or(0, Meaning::heap_bytes);
        size_of::<Self>() + texts.iter().sum::<usize>() + self.message.as_str().len() + meaning
    }
}

/// Where an answer lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The equal question.
    pub(crate) key: Key,
    /// Questions that may ask the same; `None`: it is found by the equal one alone.
    pub(crate) similar: Option<Key>,
}

/// Keeps answers for a time, and no more of them than it has room for. Losing one is no fault.
#[async_trait]
pub(crate) trait Shelf: Debug + Send + Sync {
    /// The answer for an equal question.
    async fn find(&self, tenant: &TenantId, key: &Key) -> Option<Arc<KeptAnswer>>;
    /// Answers whose questions share the words that count; at most [`MAX_SIBLINGS`].
    async fn siblings(&self, tenant: &TenantId, similar: &Key) -> Vec<Arc<KeptAnswer>>;
    /// Keeps an answer; the one that lay in its place goes.
    async fn keep(&self, tenant: &TenantId, place: Place, answer: Arc<KeptAnswer>);
    /// Forgets what it keeps of a tenant.
    async fn forget(&self, tenant: &TenantId);
}

/// Wordings of one question that are compared by meaning: comparing one takes about 0.1 µs, and more than a few
/// say nothing new.
pub(crate) const MAX_SIBLINGS: usize = 16;
