//! Answers that are given again: to an equal question, or to one that asks the same in other words.
//!
//! Whether a question and its answer may take part is decided in [`question`] and [`answer`], without I/O; [`key`] says
//! what must be equal; [`shelf`] keeps the answers, [`flights`] lets equal questions that come at once wait for one answer.
//! The step that asks here is `turn/reuse.rs`. What is kept contains nothing personal, and neither do its keys: they
//! are hashes. See `docs/cache.md`.

pub(crate) mod answer;
mod flights;
mod key;
mod memory;
pub(crate) mod metrics;
pub(crate) mod question;
mod shelf;
mod spelling;

pub(crate) use flights::{Boarding, Landing, Lead};
pub(crate) use key::{Parts, Scope};
pub(crate) use question::Asked;
pub(crate) use shelf::KeptAnswer;

use std::sync::Arc;
use std::time::Duration;

use pytake_understanding::retrieval::SAME_FROM;

use crate::clock::Clock;
use crate::id::TenantId;
use crate::settings::CacheBounds;
use flights::Flights;
use memory::MemoryShelf;
use shelf::{Place, Shelf};

/// How a kept answer was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Match {
    /// The question is equal.
    Exact,
    /// It asks the same, with this cosine.
    Similar(f32),
}

impl Match {
    /// The value of `metadata.cached`, and of a metric's label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Similar(_) => "similar",
        }
    }
}

/// The answers that may be given again, of all tenants.
#[derive(Debug)]
pub(crate) struct AnswerCache {
    shelf: Arc<dyn Shelf>,
    flights: Flights,
}

impl AnswerCache {
    /// A cache in this process's memory.
    pub(crate) fn in_memory(bounds: CacheBounds, clock: Arc<dyn Clock>) -> Self {
        metrics::describe();
        Self { shelf: Arc::new(MemoryShelf::new(bounds, clock)), flights: Flights::default() }
    }

    /// The answer kept for a question, if there is one.
    pub(crate) async fn find(
        &self,
        tenant: &TenantId,
        scope: &Scope,
        asked: &Asked,
    ) -> Option<(Arc<KeptAnswer>, Match)> {
        let exact = scope.exact(asked);
        if let Some(answer) = self.shelf.find(tenant, &exact).await {
            return Some((answer, Match::Exact));
        }
        let similar = scope.similar(asked)?;
        let meaning = &asked.same.as_ref()?.meaning;
        let mut best: Option<(Arc<KeptAnswer>, f32)> = None;
        for answer in self.shelf.siblings(tenant, &similar).await {
            let Some(cosine) = answer.meaning.as_ref().map(|kept| kept.cosine(meaning)) else { continue };
            if cosine >= SAME_FROM && best.as_ref().is_none_or(|(_, most)| cosine > *most) {
                best = Some((answer, cosine));
            }
        }
        best.map(|(answer, cosine)| (answer, Match::Similar(cosine)))
    }

    /// Takes part in the work on a question: as the first of all who ask it now, or as one of the others.
    pub(crate) fn board(&self, scope: &Scope, asked: &Asked) -> Boarding {
        self.flights.board(scope.exact(asked))
    }

    /// Keeps an answer for its question.
    pub(crate) async fn keep(
        &self,
        tenant: &TenantId,
        scope: &Scope,
        asked: &Asked,
        answer: Arc<KeptAnswer>,
    ) {
        let place = Place { key: scope.exact(asked), similar: scope.similar(asked) };
        self.shelf.keep(tenant, place, answer).await;
    }

    /// Forgets every answer of a tenant.
    pub(crate) async fn forget(&self, tenant: &TenantId) {
        self.shelf.forget(tenant).await;
    }
}

/// The longest share of what is left of a turn's time that it waits for another turn's answer: the rest must do for one
/// of its own.
pub(crate) fn patience(time_left: Duration) -> Duration {
    time_left / 2
}

#[cfg(test)]
mod laws;
