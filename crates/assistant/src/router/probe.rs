//! The small call that finds out whether a benched provider works again, while the customer is answered by
//! another one. It carries nothing of any customer's.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;

use super::breaker::Effect;
use super::journey::{kind_name, used_by, used_without_word};
use super::link::{Link, Passage};
use super::metrics;
use crate::provider::{CompletionRequest, Evidence, FailureKind, PromptMessage, ProviderFailure, Role};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Longer than a healthy small answer takes at any vendor; nobody waits for it.
const LONGEST_PROBE: Duration = Duration::from_secs(10);
/// Enough for a model that thinks before it answers; an answer uses a handful.
const PROBE_TOKENS: u32 = 256;

/// Starts a probe if one is due, as a task that ends with the router.
pub(crate) fn start(link: &Arc<Link>, model: &Arc<str>, tasks: &TaskTracker, stop: &CancellationToken) {
    if stop.is_cancelled() {
        return;
    }
    let Some(passage) = link.enter_as_probe(model, PROBE_TOKENS.into()) else {
        return;
    };
    let (link, model, stop) = (Arc::clone(link), Arc::clone(model), stop.clone());
    tasks.spawn(async move {
        tokio::select! {
            // Both arms may be dropped at any point: a dropped probe gives its passage back.
            () = stop.cancelled() => {}
            () = probe(&link, model, passage) => {}
        }
    });
}

async fn probe(link: &Link, model: Arc<str>, passage: Passage) {
    let call = link.provider.chat_completion(request(model, link.key.clone()));
    let late = ProviderFailure::new(FailureKind::Timeout, "no answer to a probe");
    let outcome = tokio::time::timeout(LONGEST_PROBE, call).await.unwrap_or(Err(late));
    let (effect, name) = match &outcome {
        Ok(_) => (Effect::Healthy, "ok"),
        Err(failure) => (Effect::of(failure), kind_name(failure.kind)),
    };
    let used = match &outcome {
        Ok(completion) => completion.usage,
        Err(failure) => failure.usage,
    };
    tracing::info!(
        provider = link.provider.name(),
        outcome = name,
        tokens = used.unwrap_or_default().total(),
        "probed a benched provider"
    );
    metrics::probed(link.provider.name(), name);
    let used = match &outcome {
        Ok(completion) => used_by(completion.usage.as_ref()),
        Err(failure) => used_by(failure.usage.as_ref()).or_else(|| used_without_word(failure.kind)),
    };
    passage.settle(effect, used);
}

fn request(model: Arc<str>, key: Option<SecretString>) -> CompletionRequest {
    let greeting = PromptMessage::new(Role::User, "Reply with: OK");
    CompletionRequest {
        model,
        system: "".into(),
        messages: [greeting].into(),
        max_output_tokens: PROBE_TOKENS,
        temperature: None,
        schema: None,
        user_pseudonym: None,
        evidence: Arc::new(Evidence::default()),
        key,
    }
}
