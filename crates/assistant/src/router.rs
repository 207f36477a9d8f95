//! Gets an answer from some provider within one deadline and one budget of calls.
//!
//! Every decision is a pure function or state machine of its own (`breaker`, `limiter`, `queue`, `plan`,
//! `deadline`, `balance`); `link` keeps them per provider, `journey` is the way of one turn through them, and
//! this file is the door. Nothing here knows a vendor or what a good answer is.

mod attempt;
mod balance;
mod breaker;
mod call;
mod deadline;
mod jitter;
mod journey;
mod limiter;
mod link;
pub mod metrics;
mod plan;
mod probe;
mod queue;
mod stats;

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
    Routed, RoutedAnswer, RoutedCall, RoutedStream, Task,
};

use self::attempt::Listener;
use self::balance::Balance;
use self::jitter::Jitter;
pub(crate) use self::journey::kind_name;
use self::journey::{Journey, Step};
use self::link::{Link, Shared};
use crate::clock::Clock;
use crate::money::ModelCatalog;
use crate::provider::{AIProviderTrait, StreamEvent};

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
        let link = |provider| Arc::new(Link::new(provider, config.max_queue, Arc::clone(&shared)));
        let links: Vec<Arc<Link>> = providers.into_iter().map(link).collect();
        let order = order_of(&links, &config.order);
        let weights: Vec<u32> = links.iter().map(|link| weight_of(link, &config)).collect();
        let balance = Mutex::new(Balance::by_weight(&weights));
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        Self { inner: Arc::new(Inner { links, order, balance, config, catalog, shared, tasks, stop }) }
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

    /// Whether a call that prefers nobody may reach a provider besides the local one: one of the order, or one that
    /// has a weight.
    pub fn has_remote(&self) -> bool {
        let inner = &self.inner;
        let weighted = |link: &Arc<Link>| weight_of(link, &inner.config) > 0;
        inner.links.iter().enumerate().any(|(index, link)| {
            !link.is_local()
                && link.provider.is_available()
                && (inner.order.contains(&index) || weighted(link))
        })
    }

    /// Ends background probes and waits for them. Calls in flight are their callers'.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }
}

impl Inner {
    /// The provider a call names.
    fn preferred(&self, call: &RoutedCall) -> Result<Option<usize>, RouteFailureReason> {
        let name = match call.preferred.as_deref() {
            None | Some("auto") => return Ok(None),
            Some(name) => name,
        };
        let index = self.links.iter().position(|link| link.provider.name() == name);
        index.map(Some).ok_or_else(|| RouteFailureReason::UnknownProvider(name.to_owned()))
    }

    /// Indices of the providers a call may be sent to, best first.
    fn order_for(
        &self,
        call: &RoutedCall,
        preferred: Option<usize>,
    ) -> Result<Vec<usize>, RouteFailureReason> {
        let mut order: Vec<usize> = Vec::with_capacity(self.links.len());
        match preferred {
            Some(index) => order.push(index),
            // A model that was asked for belongs to the first provider, not to whichever is due.
            None if call.model.is_none() => order.extend(self.due_first(call)),
            None => {}
        }
        if preferred.is_none() || call.fallback {
            let others: Vec<usize> = self.order.iter().copied().filter(|i| !order.contains(i)).collect();
            order.extend(others);
        }
        order.retain(|index| {
            let link = &self.links[*index];
            let is_allowed = if link.is_local() { call.local_allowed } else { call.remote_allowed };
            is_allowed && link.provider.is_available()
        });
        if !call.fallback {
            order.truncate(1);
        }
        if order.is_empty() { Err(RouteFailureReason::NoProvider) } else { Ok(order) }
    }

    /// By weight, among those that could be asked or are due for a probe.
    fn due_first(&self, call: &RoutedCall) -> Option<usize> {
        let mut balance = self.balance.lock();
        if balance.is_in_order() {
            return None;
        }
        balance.pick(|index| {
            let link = &self.links[index];
            let permission = link.outlook(&link.default_model, &call.tenant, &call.lane).permission;
            link.provider.is_available() && !matches!(permission, Permission::Refuse { .. })
        })
    }

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
