//! Gets an answer from some provider within one deadline and one budget of calls.
//!
//! Every decision is a pure function or state machine of its own (`breaker`, `allowance`, `plan`, `deadline`,
//! `balance`, and the window and the queue of `crate::limits`); `link` keeps them per provider, `chain` chooses who may
//! be asked, `journey` is the way of one turn through them, and
//! this file is the door. Nothing here knows a vendor or what a good answer is.

mod allowance;
mod attempt;
mod balance;
mod breaker;
mod call;
mod chain;
mod deadline;
mod jitter;
mod journey;
mod link;
pub mod metrics;
mod own_links;
mod plan;
mod probe;
mod reachable;
mod stats;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use self::breaker::{Breaker, Effect, Permission};
pub use self::breaker::{BreakerConfig, BreakerState};
pub use self::call::{
    Accept, Acceptance, Billed, Earlier, ProviderStatus, RouteEvent, RouteFailure, RouteFailureReason,
    Routed, RoutedAnswer, RoutedCall, RoutedStream, Task, Wish,
};

pub(crate) use self::terms::{Access, Reached};
pub use self::terms::{KeyOwner, OwnKey, OwnKeys, Terms};

use self::attempt::Listener;
use self::balance::Balance;
use self::jitter::Jitter;
pub(crate) use self::journey::kind_name;
use self::journey::{Journey, Step};
use self::link::{Link, Shared};
use self::own_links::OwnLinks;
use crate::clock::Clock;
use crate::money::ModelCatalog;
use crate::provider::{AIProviderTrait, StreamEvent};
use crate::tenant::ModelChoice;

/// How the router behaves.
#[derive(Debug, Clone)]
pub struct RouterConfig {
    /// Names in the order of `auto`; empty: as the providers are given. A provider that is not named is asked
    /// only when a call prefers it, except the local one, which is last wherever it stands.
    pub order: Vec<String>,
    /// Which share of the turns asks which provider first; empty: the order decides.
    pub weights: Vec<(String, u32)>,
    /// Upstream calls per turn, retries and repairs included.
    pub max_attempts: u32,
    /// Calls that may wait for one provider's quota.
    pub max_queue: usize,
    /// The longest a turn waits for quotas.
    pub max_queue_wait: Duration,
    /// When a provider is benched.
    pub breaker: BreakerConfig,
    /// What the operator allows at providers besides their requests a minute, by name.
    pub allowances: BTreeMap<String, ProviderAllowance>,
}

/// What the operator allows at a provider besides [`AIProviderTrait::rate_limit`]. `None`: no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProviderAllowance {
    /// Tokens a minute, prompts and answers together.
    pub tokens_per_minute: Option<u32>,
    /// Calls at the same time.
    pub concurrent_calls: Option<u32>,
}

impl Default for RouterConfig {
    /// 3 upstream calls a turn, 1,000 waiting per provider for at most 5 seconds.
    fn default() -> Self {
        Self {
            order: Vec::new(),
            weights: Vec::new(),
            max_attempts: 3,
            max_queue: 1_000,
            max_queue_wait: Duration::from_secs(5),
            breaker: BreakerConfig::default(),
            allowances: BTreeMap::new(),
        }
    }
}

/// Routes calls to providers. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Router {
    inner: Arc<Inner>,
}

struct Inner {
    links: Vec<Arc<Link>>,
    own_links: OwnLinks,
    /// Indices of `links`: the chain of `auto`, remote ones first.
    order: Vec<usize>,
    balance: Mutex<Balance>,
    config: RouterConfig,
    catalog: Arc<ModelCatalog>,
    shared: Arc<Shared>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Router {
    /// Takes the providers; of two with one name the first is used.
    pub fn new(
        providers: Vec<Arc<dyn AIProviderTrait>>,
        config: RouterConfig,
        clock: Arc<dyn Clock>,
        catalog: Arc<ModelCatalog>,
    ) -> Self {
        metrics::describe();
        let seed = u64::try_from(clock.now().as_microsecond()).unwrap_or_default();
        let shared = Arc::new(Shared { clock, breaker: config.breaker, jitter: Jitter::seeded(seed) });
        let link = |provider: Arc<dyn AIProviderTrait>| {
            let allowance = config.allowances.get(provider.name()).copied().unwrap_or_default();
            Arc::new(Link::new(provider, allowance, config.max_queue, Arc::clone(&shared)))
        };
        let links: Vec<Arc<Link>> = providers.into_iter().map(link).collect();
        let order = order_of(&links, &config.order);
        let weights: Vec<u32> = links.iter().map(|link| weight_of(link, &config)).collect();
        let balance = Mutex::new(Balance::by_weight(&weights));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self {
            inner: Arc::new(Inner {
                links,
                own_links: OwnLinks::new(),
                order,
                balance,
                config,
                catalog,
                shared,
                tasks,
                stop,
            }),
        }
    }

    /// Gets a whole answer.
    ///
    /// # Errors
    /// [`RouteFailure`] with everything that was tried and is billed all the same.
    ///
    /// # Cancel safety
    /// A dropped call leaves no place in a queue, no probe and no call in flight behind; what an upstream call
    /// has cost by then is not reported.
    pub async fn complete(&self, call: RoutedCall) -> Routed {
        let mut journey = Journey::begin(Arc::clone(&self.inner), call)?;
        loop {
            let attempt = journey.next_attempt().await?;
            let outcome = attempt.whole().await;
            match journey.settle(attempt, outcome, "") {
                Step::Answer(answer) => return Ok(*answer),
                Step::Onwards => {}
                Step::Failed(failure) => return Err(failure),
            }
        }
    }

    /// Gets an answer in pieces. Providers that fail before their first text are replaced silently; after it
    /// the stream can only end in [`RouteEvent::Failed`].
    ///
    /// # Cancel safety
    /// As [`Router::complete`].
    pub fn stream(&self, call: RoutedCall) -> RoutedStream {
        let inner = Arc::clone(&self.inner);
        let events = async_stream::stream! {
            let mut journey = match Journey::begin(inner, call) {
                Ok(journey) => journey,
                Err(failure) => {
                    yield RouteEvent::Failed(failure);
                    return;
                }
            };
            loop {
                let attempt = match journey.next_attempt().await {
                    Ok(attempt) => attempt,
                    Err(failure) => {
                        yield RouteEvent::Failed(failure);
                        return;
                    }
                };
                let mut listener = Listener::new();
                let outcome = loop {
                    let (now, left) = journey.time();
                    match listener.next(&attempt, now, left).await {
                        Ok(StreamEvent::Text(text)) if text.is_empty() => {}
                        Ok(StreamEvent::Text(text)) => yield RouteEvent::Text(text),
                        Ok(StreamEvent::Done(completion)) => break Ok(completion),
                        Err(failure) => break Err(failure),
                    }
                };
                match journey.settle(attempt, outcome, &listener.said) {
                    Step::Answer(answer) => {
                        if listener.said.is_empty() && !answer.completion.text.is_empty() {
                            yield RouteEvent::Text(answer.completion.text.clone());
                        }
                        yield RouteEvent::Done(answer);
                        return;
                    }
                    Step::Onwards => {}
                    Step::Failed(failure) => {
                        yield RouteEvent::Failed(failure);
                        return;
                    }
                }
            }
        };
        events.boxed()
    }

    /// How every provider does.
    pub fn status(&self) -> Vec<ProviderStatus> {
        self.inner.links.iter().map(|link| link.status()).collect()
    }

    /// Names of all providers, as given.
    pub fn provider_names(&self) -> Vec<String> {
        self.inner.links.iter().map(|link| link.provider.name().to_owned()).collect()
    }

    /// Whether a call by these terms that prefers nobody may reach a provider besides the local one.
    pub fn has_remote(&self, terms: &Terms) -> bool {
        self.inner.has_remote(terms)
    }

    /// Whether a call by these terms may name this provider and this model; asked before anything else is done for it.
    ///
    /// # Errors
    /// [`RouteFailureReason::UnknownProvider`]; [`RouteFailureReason::NotAllowed`] naming the field.
    pub fn permits(
        &self,
        terms: &Terms,
        preferred: Option<&str>,
        model: Option<&str>,
    ) -> Result<(), RouteFailureReason> {
        self.inner.permits(terms, preferred, model)
    }

    /// Every provider outside of this process, as these terms reach it.
    pub(crate) fn reached(&self, terms: &Terms) -> Vec<Reached> {
        self.inner.reached(terms)
    }

    /// Whether there is a provider of this name that works with a tenant's own key.
    pub fn takes_own_keys(&self, provider: &str) -> bool {
        let links = &self.inner.links;
        links.iter().any(|link| link.provider.name() == provider && link.provider.takes_own_keys())
    }

    /// Every model besides the local provider's that a call of this kind may end up with, in no particular order.
    pub fn reachable(&self, wish: &Wish<'_>) -> Vec<ModelChoice> {
        self.inner.reachable(wish)
    }

    /// Ends background probes and waits for them. Calls in flight are their callers'.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Inner {
    fn probe_beside(&self, link: &Arc<Link>, model: &Arc<str>) {
        probe::start(link, model, &self.tasks, &self.stop);
    }
}

/// Remote providers as named, then the local ones.
fn order_of(links: &[Arc<Link>], names: &[String]) -> Vec<usize> {
    let position = |name: &String| links.iter().position(|link| link.provider.name() == name);
    let wanted: Vec<usize> = if names.is_empty() {
        (0..links.len()).collect()
    } else {
        names.iter().filter_map(position).collect()
    };
    let mut order: Vec<usize> = Vec::with_capacity(links.len());
    for index in wanted {
        if !links[index].is_local() && !order.contains(&index) {
            order.push(index);
        }
    }
    order.extend((0..links.len()).filter(|index| links[*index].is_local()));
    order
}

/// Its share of the turns; none where it is not named.
fn weight_of(link: &Link, config: &RouterConfig) -> u32 {
    let named = config.weights.iter().find(|(name, _)| name == link.provider.name());
    named.map_or(0, |(_, weight)| *weight)
}

#[cfg(test)]
mod tests;
