//! Step generate: a provider answers, the answer is vetted, and only then is it an answer.

mod judge;
mod live;

use std::sync::Arc;

use pytake_understanding::language::Language;

use super::at_cap::at_cap;
use super::compose::Prompt;
use super::decide::HandoffReason;
use super::outlet::Outlet;
use super::recall::Situation;
use super::reserve::Seat;
use super::reuse::{Keepsake, Reused};
use super::understand::{DOUBTFUL, Reading};
use crate::error::{AIError, LimitScope};
use crate::phrases;
pub(super) use judge::Judge;

use crate::provider::{Completion, CompletionRequest, Evidence, FinishReason, ProviderPlace};
use crate::reply::{self, Action, Reply};
use crate::router::{
    Billed, Earlier, RouteFailure, RouteFailureReason, Routed, RoutedAnswer, RoutedCall, Task,
};
use crate::service::{Engine, ServerSentence};
use crate::spans::GENERATE;
use crate::trail::{AttemptRecord, Trail};
use crate::turn::TurnRequest;

/// The source of a confidence that the model states itself.
const STATED: &str = "model_self_report";

/// What will be said, and what it took.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) finish: &'static str,
    /// With its source.
    pub(crate) confidence: Option<(f32, &'static str)>,
    pub(crate) handoff: Option<HandoffReason>,
    /// What the customer may choose from.
    pub(crate) choices: Vec<String>,
    /// What it says it is grounded in, for the trail; may be empty.
    pub(crate) grounds: String,
    pub(crate) attempts: Vec<AttemptRecord>,
    pub(crate) billed: Vec<Billed>,
    /// Whether a provider elsewhere gave it whole, and it asks and offers nothing: then others may get it too.
    pub(super) is_final: bool,
    /// Where it was given before.
    pub(crate) reused: Option<Reused>,
    /// Where it may be given again.
    pub(crate) keepsake: Option<Keepsake>,
}

/// Why nothing will be said, and what it took.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) error: AIError,
    pub(crate) billed: Vec<Billed>,
}

impl Draft {
    /// The server's own sentence; no model is asked.
    pub(crate) fn hand_over(reason: HandoffReason, situation: &Situation, reading: &Reading) -> Self {
        Self {
            text: phrases::hand_over(reading.language, &situation.tenant.profile.hours),
            provider: "assistant".to_owned(),
            model: "rules".to_owned(),
            finish: "stop",
            handoff: Some(reason),
            ..Self::default()
        }
    }

    /// What the server was asked to say.
    pub(crate) fn sentence(sentence: &ServerSentence, reading: &Reading) -> Self {
        Self {
            text: sentence.text(reading.language),
            provider: "assistant".to_owned(),
            model: "rules".to_owned(),
            finish: "stop",
            choices: if sentence.offers_person() { yes_or_no(reading.language) } else { Vec::new() },
            ..Self::default()
        }
    }

    /// Whether it helps nobody: a vendor's refusal, or an answer of which the model itself thinks little.
    fn is_doubtful(&self) -> bool {
        self.is_refused() || self.confidence.is_some_and(|(sure, source)| source == STATED && sure < DOUBTFUL)
    }

    /// Whether it could be given to others: it is final, and nobody doubts it.
    pub(super) fn may_be_reused(&self) -> bool {
        self.is_final && self.handoff.is_none() && !self.is_doubtful()
    }

    /// Whether it is the server's sentence in place of an answer that a vendor refused to give.
    fn is_refused(&self) -> bool {
        self.provider == "assistant" && self.finish == "content_filter"
    }

    /// Nothing is said.
    pub(crate) fn silence(reason: HandoffReason) -> Self {
        Self {
            provider: "assistant".to_owned(),
            model: "rules".to_owned(),
            finish: "stop",
            handoff: Some(reason),
            ..Self::default()
        }
    }
}

/// The choices that go with an offer of a person.
fn yes_or_no(language: Option<Language>) -> Vec<String> {
    phrases::yes_or_no(language).map(str::to_owned).to_vec()
}

/// Gets a vetted answer within the deadline, or does what the tenant chose for the time when there is no money for one.
///
/// # Errors
/// [`Failed`] with the contract's error and what was billed all the same.
#[tracing::instrument(level = "debug", name = GENERATE, skip_all)]
#[expect(clippy::too_many_arguments, reason = "a step takes what the steps before it found, by name")]
pub(crate) async fn generate(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    prompt: Prompt,
    seat: &Seat,
    outlet: &mut Outlet,
    trail: &mut Trail,
) -> Result<Draft, Failed> {
    if let Some(outcome) = at_cap(engine, request, situation, reading, seat, trail) {
        return outcome;
    }
    let judge = Arc::new(Judge::new(request, situation, reading, &prompt));
    let call = routed_call(request, situation, reading, &prompt, seat, Arc::clone(&judge));
    let mut draft = if outlet.is_stream() {
        live::stream(engine, call, &judge, seat, outlet).await?
    } else {
        whole(engine, engine.router.complete(call).await, &judge, seat)?
    };
    let helped_before = !reading.has_offered_person && !reading.was_doubtful;
    if draft.handoff.is_none() && !helped_before && draft.is_doubtful() {
        draft.handoff = Some(HandoffReason::NoAnswer);
        draft.choices.clear();
        if draft.is_refused() && !outlet.has_sent() {
            // The offer of a person is over: one comes.
            draft.text.clear();
        }
    }
    if let Some(handoff) = draft.handoff {
        // The server says it, not the model: see reply-craft, "Hand over when".
        let sentence = phrases::hand_over(reading.language, &situation.tenant.profile.hours);
        let joined = if draft.text.is_empty() { sentence } else { format!("\n\n{sentence}") };
        outlet.send(&joined).await;
        draft.text.push_str(&joined);
        trail.step("generate", format!("the answer hands over: {}", handoff.code()));
    }
    if !draft.grounds.is_empty() {
        trail.step("generate", std::mem::take(&mut draft.grounds));
    }
    trail.step("vet", format!("answer of {} accepted", draft.provider));
    Ok(draft)
}

/// Refuses a provider or a model that the tenant's terms do not allow, before anything is spent or sent.
///
/// # Errors
/// [`AIError::InvalidRequest`] naming the field.
pub(super) fn permit(engine: &Engine, request: &TurnRequest, situation: &Situation) -> Result<(), AIError> {
    let (preferred, model) = (request.preferred.as_deref(), request.model.as_deref());
    match engine.router.permits(&situation.tenant.terms, preferred, model) {
        Err(RouteFailureReason::NotAllowed { field, problem }) => Err(AIError::invalid(field, problem)),
        // Whatever else is wrong is told when somebody is asked.
        Ok(()) | Err(_) => Ok(()),
    }
}

fn routed_call(
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    prompt: &Prompt,
    seat: &Seat,
    judge: Arc<Judge>,
) -> RoutedCall {
    let evidence = Evidence {
        message: request.message.as_str().into(),
        language: reading.language,
        answers: reading.found.answers.clone(),
        fit: reading.found.fit,
        has_offered_person: reading.has_offered_person,
        business_name: Arc::clone(&situation.tenant.business_name),
    };
    RoutedCall {
        earlier: Earlier::default(),
        request: CompletionRequest {
            model: "".into(),
            system: Arc::clone(&prompt.composed.system),
            messages: Arc::clone(&prompt.composed.messages),
            max_output_tokens: request.max_output_tokens,
            temperature: Some(request.temperature),
            schema: prompt.wants_contract.then(reply::reply_schema),
            // Whoever may not know the data may not guess it either.
            user_pseudonym: (!situation.tenant.masks_personal_data()).then(|| pseudonym(request)),
            evidence: Arc::new(evidence),
            key: None,
        },
        task: Task::Chat,
        preferred: seat
            .cheaper
            .as_ref()
            .map_or_else(|| request.preferred.clone(), |cheaper| Some(cheaper.provider.clone())),
        fallback: request.may_fall_back,
        model: seat
            .cheaper
            .as_ref()
            .map_or_else(|| request.model.clone(), |cheaper| Some(cheaper.model.clone())),
        terms: match &seat.cheaper {
            Some(cheaper) => Arc::new(situation.tenant.terms.narrowed_to(cheaper)),
            None => Arc::clone(&situation.tenant.terms),
        },
        tenant: request.tenant.clone(),
        lane: request.conversation.as_str().into(),
        deadline: request.deadline,
        input_tokens: prompt.composed.input_tokens,
        remote_allowed: seat.may_spend,
        covered: seat.covered.clone(),
        local_allowed: true,
        accept: Arc::new(move |completion: &Completion, place| judge.accept(completion, place)),
    }
}

/// A stable name for the vendor's abuse detection that says nothing about the customer by itself: the first 16 bytes of
/// SHA-256 over tenant and user, in hex. Whoever tries every telephone finds the one that a caller used as the user's name.
fn pseudonym(request: &TurnRequest) -> Arc<str> {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    hash.update(request.tenant.as_str());
    hash.update([0]);
    hash.update(request.user.as_str());
    let digits = hash.finalize().into_iter().take(16).flat_map(|byte| [byte >> 4, byte & 15]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect::<String>().into()
}

/// A refusal by the vendor's policy is answered with a sentence of ours, and nobody else is asked.
fn whole(engine: &Engine, routed: Routed, judge: &Judge, seat: &Seat) -> Result<Draft, Failed> {
    match routed {
        Ok(routed) => {
            let reply = judge.read(&routed.completion);
            Ok(draft(routed, reply))
        }
        Err(RouteFailure { reason: RouteFailureReason::Refused(_), attempts, billed }) => Ok(Draft {
            text: phrases::safe_reply(judge.language()).to_owned(),
            provider: "assistant".to_owned(),
            model: "rules".to_owned(),
            finish: "content_filter",
            choices: yes_or_no(judge.language()),
            attempts,
            billed,
            ..Draft::default()
        }),
        Err(failure) => Err(failed(engine, failure, seat)),
    }
}

fn draft(routed: RoutedAnswer, reply: Reply) -> Draft {
    let stated = reply.confidence.map(|confidence| (confidence, STATED));
    let grounds = grounds(&reply);
    let is_final = routed.place == ProviderPlace::Remote
        && routed.completion.finish == FinishReason::Stop
        && matches!(reply.action, Action::Continue | Action::Close)
        && reply.choices.is_empty();
    Draft {
        is_final,
        text: reply.text,
        model: routed.completion.model,
        provider: routed.provider,
        finish: finish_name(routed.completion.finish),
        confidence: routed.completion.confidence.or(stated),
        handoff: handoff(reply.action, routed.place),
        // Where a person takes over there is nothing left to choose.
        choices: if reply.action == Action::HandOver { Vec::new() } else { reply.choices },
        grounds,
        attempts: routed.attempts,
        billed: routed.billed,
        reused: None,
        keepsake: None,
    }
}

fn handoff(action: Action, place: ProviderPlace) -> Option<HandoffReason> {
    match (action, place) {
        (Action::HandOver, ProviderPlace::Remote) => Some(HandoffReason::AssistantDecided),
        // Approved answers hand over for one reason only: they had none, twice.
        (Action::HandOver, ProviderPlace::Local) => Some(HandoffReason::NoAnswer),
        (Action::Continue | Action::Ask | Action::Close, _) => None,
    }
}

/// What a reply says about itself: its reason, and the labels of the facts it used.
fn grounds(reply: &Reply) -> String {
    let facts = reply.used_facts.join(", ");
    match (reply.reason.is_empty(), facts.is_empty()) {
        (true, true) => String::new(),
        (false, true) => reply.reason.clone(),
        (true, false) => format!("uses {facts}"),
        (false, false) => format!("{}; uses {facts}", reply.reason),
    }
}

fn finish_name(finish: FinishReason) -> &'static str {
    match finish {
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ContentFilter => "content_filter",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::Other => "other",
    }
}

/// Calls whose answer nobody gets: they are booked as those that failed are.
pub(crate) fn not_used(mut billed: Vec<Billed>) -> Vec<Billed> {
    for call in &mut billed {
        call.is_answer = false;
    }
    billed
}

/// The contract's error for a call that the router could not get answered.
pub(crate) fn failed(engine: &Engine, failure: RouteFailure, seat: &Seat) -> Failed {
    let RouteFailure { reason, attempts, billed } = failure;
    let error = match reason {
        RouteFailureReason::BadRequest(_)
        | RouteFailureReason::ContextTooLong
        | RouteFailureReason::Refused(_)
        | RouteFailureReason::AllFailed => AIError::ProviderError { attempts },
        RouteFailureReason::NoProvider => seat.refusal(engine.clock.now()).unwrap_or_else(|| {
            AIError::ServiceUnavailable(
                "no provider that was asked for can answer now; allow fallback, or configure one".to_owned(),
            )
        }),
        RouteFailureReason::NotAllowed { field, problem } => AIError::invalid(field, problem),
        RouteFailureReason::UnknownProvider(name) => {
            AIError::ServiceUnavailable(format!("the provider {name} is not configured"))
        }
        RouteFailureReason::QueueFull { retry_after } => {
            AIError::RateLimitExceeded { scope: LimitScope::Provider, retry_after }
        }
        RouteFailureReason::Deadline => AIError::DeadlineExceeded { attempts },
    };
    Failed { error, billed }
}
