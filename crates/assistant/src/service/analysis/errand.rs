//! One structured question for a user: a place in their day, the model's answer, the booking.

use std::sync::Arc;
use std::time::Duration;

use crate::analysis::Prompt;
use crate::chat::UsageReport;
use crate::error::AIError;
use crate::id::UserId;
use crate::ledger::Operation;
use crate::money::{PicoUsd, TokenUsage};
use crate::provider::{Completion, CompletionRequest, Evidence, FinishReason, PromptMessage, Role};
use crate::router::{Acceptance, Billed, Earlier, RoutedCall, Task, Wish};
use crate::service::Engine;
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::{self, Admission, Bookkeeping, Failed, Need, Seat};

/// Who asks, and for what.
pub(super) struct Errand<'a> {
    pub(super) engine: &'a Engine,
    pub(super) view: &'a TenantView,
    pub(super) user: &'a UserId,
    /// [`Operation::Analyze`], [`Operation::Classify`] or [`Operation::Translation`].
    pub(super) operation: Operation,
    /// On [`crate::Clock::elapsed`].
    pub(super) started: Duration,
}

/// Who answered, and what it took.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) provider: String,
    pub(super) model: String,
    billed: Vec<Billed>,
}

impl Asked {
    /// One who takes no money and counts no tokens.
    pub(super) fn for_free(provider: &str, model: &str) -> Self {
        Self { provider: provider.to_owned(), model: model.to_owned(), billed: Vec::new() }
    }

    /// What it took, every call of it.
    pub(super) fn usage(&self, errand: &Errand<'_>, seat: &Seat) -> UsageReport {
        let mut usage = TokenUsage::default();
        let mut cost = Some(PicoUsd::ZERO);
        for call in &self.billed {
            usage += call.usage;
            let costs = errand.engine.cost(errand.view, call, seat.day);
            cost = [cost, costs].into_iter().sum();
        }
        UsageReport {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cached_tokens: usage.cached_tokens,
            cost_micro_usd: cost.map(PicoUsd::micro_usd),
        }
    }
}

impl Errand<'_> {
    /// Claims a request of the user's day, and the money for a prompt where there is one.
    pub(super) async fn reserve(&self, prompt: Option<&Prompt>) -> Result<Seat, AIError> {
        let wish = Wish { preferred: None, fallback: true, model: None, terms: &self.view.terms };
        let need = Need {
            view: self.view,
            user: self.user,
            input_tokens: prompt.map_or(0, |prompt| prompt.input_tokens),
            max_output_tokens: self.engine.settings.max_output_tokens,
            wish: prompt.map(|_| wish),
            // The device stands in, or nobody: an analysis is worth little to a customer who waits.
            may_be_cheaper: false,
        };
        // Nothing is stored of an analysis, so nobody reads its trail.
        let mut trail = Trail::default();
        turn::reserve(self.engine, need, &mut trail).await
    }

    /// Asks a model until an answer can be read, within the deadline. Where none comes, the seat is given back
    /// and what was billed is booked all the same.
    pub(super) async fn ask<T>(
        &self,
        seat: &Seat,
        admission: &mut Admission,
        prompt: Prompt,
        read: impl Fn(&str) -> Result<T, String> + Send + Sync + 'static,
    ) -> Result<(T, Asked), AIError> {
        let read = Arc::new(read);
        let call = self.call(seat, prompt, {
            let read = Arc::clone(&read);
            move |answer| read(answer).map(|_| ())
        });
        let routed = self.engine.router.complete(call).await;
        admission.used(routed.as_ref().map_or_else(|failure| &failure.billed, |answer| &answer.billed));
        let failed = match routed {
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
                Err(_) => Failed {
                    error: AIError::ProviderError { attempts: routed.attempts },
                    billed: turn::not_used(routed.billed),
                },
            },
            Err(failure) => turn::failed(self.engine, failure, seat),
        };
        Err(turn::give_up(&self.books(), seat, failed).await)
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
            Operation::Translation => (Task::Translate, settings.analysis_temperature),
            Operation::Analyze
            | Operation::Chat
            | Operation::Summary
            | Operation::Transcription
            | Operation::PromptTest => (Task::Analyze, settings.analysis_temperature),
        };
        RoutedCall {
            earlier: Earlier::default(),
            request: CompletionRequest {
                model: "".into(),
                system: prompt.system,
                messages: Arc::new([PromptMessage::new(Role::User, prompt.content)]),
                max_output_tokens: settings.max_output_tokens,
                temperature: Some(temperature),
                schema: Some(prompt.schema),
                user_pseudonym: None,
                evidence: Arc::new(Evidence::default()),
                key: None,
            },
            task,
            preferred: None,
            fallback: true,
            model: None,
            terms: Arc::clone(&self.view.terms),
            tenant: self.view.tenant.id.clone(),
            lane: self.user.as_str().into(),
            deadline: self.started + settings.request_timeout,
            input_tokens: prompt.input_tokens,
            remote_allowed: seat.may_spend,
            covered: seat.covered.clone(),
            local_allowed: false,
            accept: Arc::new(move |completion: &Completion, _| judge(completion, &check)),
        }
    }

    /// Books the answer, or a request that the device alone has served.
    ///
    /// # Errors
    /// Storage: the result is not given, because it could not be counted.
    pub(super) async fn settle(&self, seat: Seat, asked: Option<&Asked>) -> Result<(), AIError> {
        if !self.engine.settings.is_usage_tracked {
            return Ok(());
        }
        let (billed, provider, model): (&[Billed], &str, &str) = match asked {
            Some(asked) => (&asked.billed, &asked.provider, &asked.model),
            None => (&[], super::ON_DEVICE, super::DEVICE),
        };
        let ledger = turn::book(self.engine, self.view, self.operation, billed, provider, model, seat.day);
        let mut record = self.books().record(&seat, ledger);
        record.reservation = seat.reservation;
        Ok(turn::write(self.engine, record).await.map(drop)?)
    }

    pub(super) fn books(&self) -> Bookkeeping<'_> {
        Bookkeeping {
            engine: self.engine,
            view: self.view,
            user: self.user,
            operation: self.operation,
            conversation: None,
        }
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
