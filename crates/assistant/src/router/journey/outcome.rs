//! What an attempt's outcome means for the turn: an answer, another attempt, or the end; and what is owed for it.

use std::time::Duration;

use super::{Again, Journey};
use crate::money::TokenUsage;
use crate::provider::{
    Completion, CompletionRequest, FailureKind, PromptMessage, ProviderFailure, ProviderPlace, Role,
};
use crate::router::attempt::Attempt;
use crate::router::breaker::{Effect, Permission};
use crate::router::call::{Acceptance, Billed, RouteFailure, RouteFailureReason, RoutedAnswer};
use crate::router::link::whole_ms;
use crate::router::metrics;
use crate::router::plan::{self, Next};
use crate::trail::AttemptRecord;

/// Before the second call to a provider that had no capacity or broke; jitter takes up to a quarter off. Half
/// of what vendors' own clients wait (0.5 s, provider conventions): another provider may be there.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// A vendor that asks for a longer pause than this is not asked again by the same turn.
const LONGEST_RETRY_PAUSE: Duration = Duration::from_secs(1);
/// Longest message kept of an attempt, in characters (as `ProviderFailure::message`).
const MESSAGE_CHARS: usize = 300;

/// What follows a settled attempt.
pub(crate) enum Step {
    Answer(Box<RoutedAnswer>),
    /// Get the next attempt.
    Onwards,
    Failed(RouteFailure),
}

impl Journey {
    /// Takes an attempt's outcome in. `shown` is the text the caller has already seen: with any, there is no
    /// other attempt.
    pub(crate) fn settle(
        &mut self,
        attempt: Attempt,
        outcome: Result<Completion, ProviderFailure>,
        shown: &str,
    ) -> Step {
        match outcome {
            Ok(completion) => self.judge(attempt, completion, shown),
            Err(failure) => self.learn(attempt, failure, shown),
        }
    }

    fn judge(&mut self, attempt: Attempt, mut completion: Completion, shown: &str) -> Step {
        let place = attempt.link.provider.place();
        if completion.usage.is_none() && place == ProviderPlace::Remote {
            completion.usage = Some(self.estimated(&completion.text));
        }
        let verdict = (self.call.accept)(&completion, place);
        let is_answer = verdict == Acceptance::Accept;
        self.bill(&attempt, completion.usage, is_answer);
        let index = attempt.index;
        let mut record = self.record(&attempt, if is_answer { "ok" } else { "rejected" });
        record.usage = completion.usage;
        let request = attempt.request;
        let provider = attempt.link.provider.name().to_owned();
        // The provider did its part; whether the text is fit to send says nothing about its health.
        attempt.passage.settle(Effect::Healthy, used_by(completion.usage.as_ref()));
        let (objection, is_mendable) = match verdict {
            Acceptance::Accept => {
                self.attempts.push(record);
                return Step::Answer(Box::new(RoutedAnswer {
                    completion,
                    provider,
                    place,
                    attempts: std::mem::take(&mut self.attempts),
                    billed: std::mem::take(&mut self.billed),
                }));
            }
            Acceptance::Malformed(why) => (why, false),
            Acceptance::Repair { objection } => (objection, place == ProviderPlace::Remote),
        };
        record.kind = Some(FailureKind::Malformed);
        record.message = Some(bounded(&objection));
        self.attempts.push(record);
        if !shown.is_empty() {
            return Step::Failed(self.fail(RouteFailureReason::AllFailed));
        }
        let stage = &mut self.chain[index];
        if is_mendable && !stage.is_repaired {
            stage.is_repaired = true;
            let request = with_objection(request, &completion.text, &objection);
            self.again = Some(Again { index, pause: Duration::ZERO, request });
        } else {
            stage.is_out = true;
        }
        Step::Onwards
    }

    fn learn(&mut self, attempt: Attempt, mut failure: ProviderFailure, shown: &str) -> Step {
        let index = attempt.index;
        if failure.usage.is_none() && !shown.is_empty() {
            failure.usage = Some(self.estimated(shown));
        }
        self.bill(&attempt, failure.usage, false);
        let mut record = self.record(&attempt, kind_name(failure.kind));
        record.kind = Some(failure.kind);
        record.status = failure.status;
        record.message = Some(bounded(&failure.message));
        record.usage = failure.usage;
        self.attempts.push(record);
        let effect = effect_of(&attempt, &failure);
        let used = used_by(failure.usage.as_ref()).or_else(|| used_without_word(failure.kind));
        let request = attempt.request;
        attempt.passage.settle(effect, used);
        if !shown.is_empty() {
            let is_late = self.budget.left(self.now()).is_zero();
            let reason = if is_late { RouteFailureReason::Deadline } else { RouteFailureReason::AllFailed };
            return Step::Failed(self.fail(reason));
        }
        match plan::after(failure.kind) {
            Next::Stop if failure.kind == FailureKind::Refused => {
                return Step::Failed(self.fail(RouteFailureReason::Refused(failure.message)));
            }
            Next::Stop => return Step::Failed(self.fail(RouteFailureReason::BadRequest(failure.message))),
            Next::LargerContextOnly => {
                let known = self.chain[index].context.unwrap_or(0);
                let met = known.max(self.call.input_tokens);
                self.longer_than = Some(self.longer_than.map_or(met, |before| before.max(met)));
                self.chain[index].is_out = true;
            }
            // Benched by now; waited for where nobody else is there and its time is short.
            Next::Another if failure.kind == FailureKind::RateLimited => {}
            Next::Another => self.chain[index].is_out = true,
            Next::SameOnce => match self.retry_pause(index, failure.retry_after) {
                Some(pause) => {
                    self.chain[index].is_retried = true;
                    self.again = Some(Again { index, pause, request });
                }
                None => self.chain[index].is_out = true,
            },
        }
        Step::Onwards
    }

    /// How long to wait before the same provider is asked once more; `None`: it is not. Every other provider
    /// that works must keep a call of the budget.
    fn retry_pause(&self, index: usize, wish: Option<Duration>) -> Option<Duration> {
        let stage = &self.chain[index];
        let short = RETRY_PAUSE.mul_f64(1.0 - 0.25 * self.inner.shared.jitter.next());
        let pause = wish.unwrap_or(short).max(short);
        let now = self.now();
        let spare_calls = (self.budget.calls_left() as usize).saturating_sub(self.others(index, now));
        let outlook = stage.link.outlook(&stage.model, &self.call.need());
        let may_retry = !stage.is_retried
            && !stage.link.is_local()
            && outlook.permission == Permission::Pass
            && pause <= LONGEST_RETRY_PAUSE
            && spare_calls > 0
            && self.budget.allows_a_call(now.saturating_add(pause));
        may_retry.then_some(pause)
    }

    fn record(&self, attempt: &Attempt, outcome: &'static str) -> AttemptRecord {
        let took = self.now().saturating_sub(attempt.passage.started());
        let provider = attempt.link.provider.name();
        let is_known = attempt.model == attempt.link.default_model
            || self.inner.catalog.facts(provider, &attempt.model).is_some();
        let label = if is_known { &*attempt.model } else { "other" };
        metrics::call_ended(provider, label, outcome, took);
        AttemptRecord {
            provider: provider.to_owned(),
            model: attempt.model.to_string(),
            kind: None,
            status: None,
            ms: whole_ms(took),
            queued_ms: whole_ms(attempt.queued),
            message: None,
            usage: None,
        }
    }

    fn bill(&mut self, attempt: &Attempt, usage: Option<TokenUsage>, is_answer: bool) {
        if let Some(usage) = usage {
            let provider = attempt.link.provider.name().to_owned();
            self.billed.push(Billed { provider, model: attempt.model.to_string(), usage, is_answer });
        }
    }

    /// For a vendor that sent no numbers.
    fn estimated(&self, text: &str) -> TokenUsage {
        TokenUsage {
            input_tokens: self.call.input_tokens,
            output_tokens: pytake_tokenizer::count(text) as u64,
            is_estimated: true,
            ..TokenUsage::default()
        }
    }
}

/// Tokens of an answer; `None`: nobody knows, and what was reserved stays taken.
pub(crate) fn used_by(usage: Option<&TokenUsage>) -> Option<u64> {
    usage.map(TokenUsage::total)
}

/// Tokens of a failed call whose vendor reported none: where nothing was generated, none.
pub(crate) fn used_without_word(kind: FailureKind) -> Option<u64> {
    match kind {
        FailureKind::BadRequest
        | FailureKind::ContextTooLong
        | FailureKind::Auth
        | FailureKind::Billing
        | FailureKind::ModelNotFound
        | FailureKind::RateLimited
        | FailureKind::Overloaded
        | FailureKind::Connect => Some(0),
        FailureKind::ServerError
        | FailureKind::Refused
        | FailureKind::Incomplete
        | FailureKind::Malformed
        | FailureKind::Timeout => None,
    }
}

/// What a failed call says about the provider's health. A time-out says nothing where the attempt had less
/// time than the provider usually needs.
fn effect_of(attempt: &Attempt, failure: &ProviderFailure) -> Effect {
    if attempt.link.is_local() {
        return Effect::Answered;
    }
    let was_short = attempt.link.typical().is_some_and(|typical| attempt.limit < typical);
    if failure.kind == FailureKind::Timeout && was_short {
        return Effect::NoVerdict;
    }
    Effect::of(failure)
}

fn with_objection(request: CompletionRequest, answer: &str, objection: &str) -> CompletionRequest {
    let mut messages = request.messages.to_vec();
    messages.push(PromptMessage::new(Role::Assistant, answer));
    messages.push(PromptMessage::new(Role::User, objection));
    CompletionRequest { messages: messages.into(), ..request }
}

fn bounded(message: &str) -> String {
    message.chars().take(MESSAGE_CHARS).collect()
}

/// The kind as a metric's label.
pub(crate) fn kind_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::BadRequest => "bad_request",
        FailureKind::ContextTooLong => "context_too_long",
        FailureKind::Auth => "auth",
        FailureKind::Billing => "billing",
        FailureKind::ModelNotFound => "model_not_found",
        FailureKind::RateLimited => "rate_limited",
        FailureKind::Overloaded => "overloaded",
        FailureKind::ServerError => "server_error",
        FailureKind::Refused => "refused",
        FailureKind::Incomplete => "incomplete",
        FailureKind::Malformed => "malformed",
        FailureKind::Timeout => "timeout",
        FailureKind::Connect => "connect",
    }
}
