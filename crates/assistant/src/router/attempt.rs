//! One call to one provider, within its share of the time: whole or in pieces.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use tracing::{Instrument, Span};

use super::call::Task;
use super::journey::kind_name;
use super::link::{Link, Passage};
use crate::provider::{
    Completion, CompletionRequest, CompletionStream, FailureKind, ProviderFailure, StreamEvent,
};
use crate::spans;

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
                Task::Chat | Task::Summary | Task::Translate => provider.chat_completion(request).await,
                Task::Analyze => provider.analyze_message(request).await,
                Task::Classify => provider.classify_intent(request).await,
            }
        };
        let span = self.span();
        let in_time = tokio::time::timeout(self.limit, call).instrument(span.clone()).await;
        let outcome = in_time.unwrap_or_else(|_| Err(timed_out("no answer", self.limit)));
        match &outcome {
            Ok(completion) => spans::provider_answered(&span, completion),
            Err(failure) => spans::provider_failed(&span, kind_name(failure.kind), failure.usage),
        }
        outcome
    }

    fn span(&self) -> Span {
        spans::provider_call(self.link.provider.name(), &self.model, self.request.max_output_tokens)
    }
}

/// Reads the streamed answer of one attempt.
pub(crate) struct Listener {
    stream: Option<CompletionStream>,
    /// Of the whole call; made with its first piece.
    span: Option<Span>,
    /// The text so far.
    pub(crate) said: String,
}

impl Listener {
    pub(crate) fn new() -> Self {
        Self { stream: None, span: None, said: String::new() }
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
        let span = self.span.get_or_insert_with(|| attempt.span()).clone();
        let piece = self.piece(attempt).instrument(span.clone());
        let in_time = tokio::time::timeout(limit, piece).await;
        let event = in_time.unwrap_or_else(|_| Err(timed_out("no further text", limit)));
        match &event {
            Ok(StreamEvent::Text(text)) => self.said.push_str(text),
            Ok(StreamEvent::Done(completion)) => spans::provider_answered(&span, completion),
            Err(failure) => spans::provider_failed(&span, kind_name(failure.kind), failure.usage),
        }
        event
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
