//! One structured question for a user: a place in their day, the model's answer, the booking.

use std::sync::Arc;
use std::time::Duration;

use crate::analysis::Prompt;
use crate::clock::until_next_utc_month;
use crate::conversation::TurnRecord;
use crate::error::{AIError, LimitScope};
use crate::id::{TenantId, UserId};
use crate::ledger::{LedgerEntry, Operation, ReservationId};
use crate::provider::{Completion, CompletionRequest, Evidence, FinishReason, PromptMessage, Role};
use crate::router::{Acceptance, Billed, RouteFailure, RouteFailureReason, RoutedCall, Task};
use crate::service::Engine;
use crate::trail::{AttemptRecord, Trail};
use crate::turn::{self, Seat};

/// Who asks, and for what.
pub(super) struct Errand<'a> {
    pub(super) engine: &'a Engine,
    pub(super) tenant: &'a TenantId,
    pub(super) user: &'a UserId,
    /// [`Operation::Analyze`] or [`Operation::Classify`].
    pub(super) operation: Operation,
    /// On [`crate::Clock::elapsed`].
    pub(super) started: Duration,
}

/// Who answered, and what it took.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) provider: String,
    model: String,
    billed: Vec<Billed>,
}

impl Errand<'_> {
    /// Claims a request of the user's day, and the money for a prompt where there is one.
    pub(super) async fn reserve(&self, prompt: Option<&Prompt>) -> Result<Seat, AIError> {
        let (input_tokens, output_tokens) = match prompt {
            Some(prompt) => (prompt.input_tokens, self.engine.settings.max_output_tokens),
            None => (0, 0),
        };
        // Nothing is stored of an analysis, so nobody reads its trail.
        let mut trail = Trail::default();
        turn::reserve(self.engine, self.tenant, self.user, input_tokens, output_tokens, &mut trail).await
    }

    /// Asks a model until an answer can be read, within the deadline. Where none comes, the seat is given back
    /// and what was billed is booked all the same.
    pub(super) async fn ask<T>(
        &self,
        seat: &Seat,
        prompt: Prompt,
        read: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<(T, Asked), AIError> {
        let read = Arc::new(read);
        let call = self.call(seat, prompt, {
            let read = Arc::clone(&read);
            move |answer| read(answer).map(|_| ())
        });
        let (error, billed) = match self.engine.router.complete(call).await {
            Ok(routed) => match read(&routed.completion.text) {
                Ok(found) => {
                    let asked = Asked {
                        provider: routed.provider,
                        model: routed.completion.model,
                        billed: routed.billed,
                    };
                    return Ok((found, asked));
                }
                // The router accepted only what could be read; it is read the same way here.
                Err(_) => (AIError::ProviderError { attempts: routed.attempts }, routed.billed),
            },
            Err(RouteFailure { reason, attempts, billed }) => (self.error(reason, attempts, seat), billed),
        };
        self.give_back(seat, &billed).await;
        Err(error)
    }

    fn call(
        &self,
        seat: &Seat,
        prompt: Prompt,
        check: impl Fn(&str) -> Result<(), String> + Send + Sync + 'static,
    ) -> RoutedCall {
        let settings = &self.engine.settings;
        let (task, temperature) = match self.operation {
            Operation::Classify => (Task::Classify, settings.intent_temperature),
            Operation::Analyze | Operation::Chat | Operation::Summary => {
                (Task::Analyze, settings.analysis_temperature)
            }
        };
        RoutedCall {
            request: CompletionRequest {
                model: "".into(),
                system: prompt.system,
                messages: Arc::new([PromptMessage { role: Role::User, content: prompt.content }]),
                max_output_tokens: settings.max_output_tokens,
                temperature: Some(temperature),
                schema: Some(prompt.schema),
                user_pseudonym: None,
                evidence: Arc::new(Evidence::default()),
            },
            task,
            preferred: None,
            fallback: true,
            model: None,
            tenant: self.tenant.clone(),
            lane: self.user.as_str().into(),
            deadline: self.started + settings.request_timeout,
            input_tokens: prompt.input_tokens,
            remote_allowed: seat.may_spend,
            local_allowed: false,
            accept: Arc::new(move |completion: &Completion, _| judge(completion, &check)),
        }
    }

    fn error(&self, reason: RouteFailureReason, attempts: Vec<AttemptRecord>, seat: &Seat) -> AIError {
        match reason {
            RouteFailureReason::BadRequest(_)
            | RouteFailureReason::ContextTooLong
            | RouteFailureReason::Refused(_)
            | RouteFailureReason::AllFailed => AIError::ProviderError { attempts },
            RouteFailureReason::NoProvider if !seat.may_spend => {
                AIError::BudgetExceeded { retry_after: until_next_utc_month(self.engine.clock.now()) }
            }
            RouteFailureReason::NoProvider => {
                AIError::ServiceUnavailable("no configured provider can be asked now".to_owned())
            }
            RouteFailureReason::UnknownProvider(name) => {
                AIError::ServiceUnavailable(format!("the provider {name} is not configured"))
            }
            RouteFailureReason::QueueFull { retry_after } => {
                AIError::RateLimitExceeded { scope: LimitScope::Provider, retry_after }
            }
            RouteFailureReason::Deadline => AIError::DeadlineExceeded { attempts },
        }
    }

    /// Books the answer, or a request that the device alone has served.
    ///
    /// # Errors
    /// Storage: the result is not given, because it could not be counted.
    pub(super) async fn settle(&self, seat: Seat, asked: Option<&Asked>) -> Result<(), AIError> {
        let ledger = match asked {
            Some(asked) => self.book(&asked.billed, &asked.provider, &asked.model, &seat),
            None => self.book(&[], super::ON_DEVICE, "device", &seat),
        };
        self.record(ledger, seat.reservation).await
    }

    async fn give_back(&self, seat: &Seat, billed: &[Billed]) {
        let Some(reservation) = &seat.reservation else { return };
        let booked = match billed {
            [] => Ok(()),
            billed => self.record(self.book(billed, "", "", seat), None).await,
        };
        let released = self.engine.store.release(self.tenant, self.user, seat.day, reservation).await;
        if let Err(error) = booked.and(released.map_err(AIError::from)) {
            // The caller gets the failure that came first.
            tracing::error!(%error, "could not settle an analysis that failed; its place stays counted");
        }
    }

    fn book(&self, billed: &[Billed], provider: &str, model: &str, seat: &Seat) -> Vec<LedgerEntry> {
        turn::book(self.engine, self.operation, billed, provider, model, seat.day)
    }

    async fn record(
        &self,
        ledger: Vec<LedgerEntry>,
        reservation: Option<ReservationId>,
    ) -> Result<(), AIError> {
        if !self.engine.settings.is_usage_tracked {
            return Ok(());
        }
        let record = TurnRecord {
            tenant: self.tenant.clone(),
            user: self.user.clone(),
            exchange: None,
            ledger,
            reservation,
            at: self.engine.clock.now(),
        };
        Ok(self.engine.store.record(record).await?)
    }
}

/// Is it an answer that can be read?
fn judge(completion: &Completion, check: impl Fn(&str) -> Result<(), String>) -> Acceptance {
    match check(&completion.text) {
        Ok(()) => Acceptance::Accept,
        Err(_) if completion.finish == FinishReason::Length => {
            Acceptance::Malformed("the answer was cut at the token limit".to_owned())
        }
        Err(objection) => Acceptance::Repair { objection },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completion(finish: FinishReason) -> Completion {
        Completion {
            text: "{}".to_owned(),
            model: "m".to_owned(),
            finish,
            usage: None,
            provider_request_id: None,
            confidence: None,
        }
    }

    #[test]
    fn what_cannot_be_read_is_repaired_and_what_was_cut_is_not() {
        let check = |_: &str| Err("no level".to_owned());
        let repair = Acceptance::Repair { objection: "no level".to_owned() };
        assert_eq!(judge(&completion(FinishReason::Stop), check), repair);
        assert!(matches!(judge(&completion(FinishReason::Length), check), Acceptance::Malformed(_)));
        assert_eq!(judge(&completion(FinishReason::Stop), |_| Ok(())), Acceptance::Accept);
    }
}
