//! One call to one provider, within its share of the time: whole or in pieces.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tracing::Instrument;

use super::call::Task;
use super::link::{Link, Passage};
use crate::provider::{
    Completion, CompletionRequest, CompletionStream, FailureKind, ProviderFailure, StreamEvent,
};

/// The longest silence inside an answer that has begun. Our choice: far above any vendor's pace, well below a
/// customer's patience.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

/// A call that was let in and not yet settled. Dropping it leaves nothing behind.
pub(crate) struct Attempt {
    /// Place in the chain.
    pub(crate) index: usize,
    pub(crate) link: Arc<Link>,
    pub(crate) model: Arc<str>,
    pub(crate) request: CompletionRequest,
    pub(crate) task: Task,
    pub(crate) passage: Passage,
    /// The answer, or its first piece, must be there by then.
    pub(crate) limit: Duration,
    /// How long it waited to be let in.
    pub(crate) queued: Duration,
}

impl Attempt {
    /// The whole answer.
    pub(crate) async fn whole(&self) -> Result<Completion, ProviderFailure> {
        let provider = &self.link.provider;
        let request = self.request.clone();
        let call = async {
            match self.task {
                Task::Chat | Task::Summary => provider.chat_completion(request).await,
                Task::Analyze => provider.analyze_message(request).await,
                Task::Classify => provider.classify_intent(request).await,
            }
        };
        let in_time = tokio::time::timeout(self.limit, call).instrument(self.span()).await;
        in_time.unwrap_or_else(|_| Err(timed_out("no answer", self.limit)))
    }

    /// OpenTelemetry's names for model calls (GenAI semantic conventions, in development).
    fn span(&self) -> tracing::Span {
        tracing::info_span!(
            "provider.call",
            gen_ai.operation.name = "chat",
            gen_ai.provider.name = self.link.provider.name(),
            gen_ai.request.model = &*self.model,
            gen_ai.request.max_tokens = self.request.max_output_tokens,
        )
    }
}

/// Reads the streamed answer of one attempt.
pub(crate) struct Listener {
    stream: Option<CompletionStream>,
    /// The text so far.
    pub(crate) said: String,
}

impl Listener {
    pub(crate) fn new() -> Self {
        Self { stream: None, said: String::new() }
    }

    /// The next piece. Before the first text the attempt's limit holds, after it only a silence is too long,
    /// or the turn's deadline.
    pub(crate) async fn next(
        &mut self,
        attempt: &Attempt,
        now: Duration,
        left: Duration,
    ) -> Result<StreamEvent, ProviderFailure> {
        let limit = if self.said.is_empty() {
            attempt.limit.saturating_sub(now.saturating_sub(attempt.passage.started()))
        } else {
            LONGEST_SILENCE.min(left)
        };
        let piece = self.piece(attempt).instrument(attempt.span());
        let event = match tokio::time::timeout(limit, piece).await {
            Ok(event) => event?,
            Err(_) => return Err(timed_out("no further text", limit)),
        };
        if let StreamEvent::Text(text) = &event {
            self.said.push_str(text);
        }
        Ok(event)
    }

    async fn piece(&mut self, attempt: &Attempt) -> Result<StreamEvent, ProviderFailure> {
        if self.stream.is_none() {
            let request = attempt.request.clone();
            self.stream = Some(attempt.link.provider.chat_completion_stream(request).await?);
        }
        let next = match &mut self.stream {
            Some(stream) => stream.next().await,
            None => None,
        };
        let ended =
            || ProviderFailure::new(FailureKind::Incomplete, "the stream ended before the answer did");
        next.unwrap_or_else(|| Err(ended()))
    }
}

fn timed_out(what: &str, limit: Duration) -> ProviderFailure {
    ProviderFailure::new(FailureKind::Timeout, format!("{what} within {} ms", limit.as_millis()))
}
