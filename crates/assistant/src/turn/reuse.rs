//! Step reuse: an answer that was given to the same question before, or is being made for it right now.
//!
//! Only where the answer depends on nothing but the question and the business: the customer's first message, without
//! facts about them. What a kept answer says is checked against this message like a fresh one.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::compose::Prompt;
use super::generate::{Draft, Judge};
use super::recall::Situation;
use super::reserve::Seat;
use super::understand::Reading;
use crate::analysis::{AnalysisType, Subject};
use crate::answer_cache::{
    AnswerCache, Asked, Boarding, KeptAnswer, Landing, Lead, Match, Parts, Scope, answer, metrics, patience,
};
use crate::answers::Fit;
use crate::channel::InboundContent;
use crate::id::MessageId;
use crate::ledger::Operation;
use crate::money::PicoUsd;
use crate::service::Engine;
use crate::spans::REUSE;
use crate::tenant_view::TenantView;
use crate::trail::Trail;
use crate::turn::TurnRequest;
use crate::turn::burst::Burst;

/// The provider that a caller names to be answered on this machine.
const LOCAL: &str = "local";

/// Facts that a channel adds to every turn (see `inbox`): its own name, which is part of the key, and the customer's name,
/// which must not show in an answer that is kept.
const CHANNEL: &str = "channel";
const CUSTOMER_NAME: &str = "customer_name";

/// What the cache had.
#[derive(Debug)]
pub(crate) enum Reuse {
    /// An answer.
    Found(Box<Draft>),
    /// Nothing; what is made now may be kept where a keeper is given.
    Nothing(Option<Box<Keeper>>),
}

/// What was given again.
#[derive(Debug, Clone)]
pub(crate) struct Reused {
    pub(crate) how: Match,
    /// The model that its first call is booked under.
    pub(crate) booked_model: String,
    /// What it would have cost; `None` where the price is unknown.
    pub(crate) saved: Option<PicoUsd>,
}

/// The right, and the duty, to keep what this turn says: others may wait for it.
#[derive(Debug)]
pub(crate) struct Keeper {
    lead: Lead,
    scope: Scope,
    asked: Asked,
}

/// An answer to be kept once it is recorded.
#[derive(Debug)]
pub(crate) struct Keepsake {
    keeper: Box<Keeper>,
    text: String,
    confidence: Option<(f32, &'static str)>,
}

/// The question as the cache knows it; `None` where the answer is for this customer, or this moment, alone.
///
/// The message itself cannot be kept across a wait, hence apart from [`reuse`].
pub(crate) fn asked(
    engine: &Engine,
    request: &TurnRequest,
    subject: &Subject<'_>,
    situation: &Situation,
    reading: &Reading,
) -> Option<Asked> {
    engine.answer_cache.as_ref()?;
    let settings = situation.tenant.tenant.settings.cache;
    let wants_local = !request.may_fall_back && request.preferred.as_deref() == Some(LOCAL);
    // A test asks what the model says to it now, and what that costs.
    let is_test = request.operation == Operation::PromptTest;
    if !settings.is_enabled || wants_local || is_test || !is_about_the_question_alone(request, situation) {
        return None;
    }
    let is_abuse = [AnalysisType::Toxicity, AnalysisType::Spam, AnalysisType::Injection]
        .iter()
        .any(|kind| reading.analysis.contains_key(kind));
    if is_abuse || reading.is_angry || reading.is_urgent || reading.threatens_legal_action {
        return None;
    }
    Asked::of(subject, reading.language, settings.is_similar_enabled, first_fact(reading))
}

/// Whether nothing but the question and the business reaches the model.
fn is_about_the_question_alone(request: &TurnRequest, situation: &Situation) -> bool {
    let history = &situation.history;
    let has_past = !history.recent.is_empty() || history.summary.is_some();
    let has_variables = situation.prompt.as_ref().is_some_and(|prompt| !prompt.prompt.variables.is_empty());
    let is_plain = request.burst.as_ref().is_none_or(|burst| is_text_alone(burst));
    !has_past && !has_variables && is_plain && request.images.is_empty() && !tells_more(request)
}

/// Whether a burst has nothing but texts in it, none of them an answer to another message.
fn is_text_alone(burst: &Burst) -> bool {
    burst.messages.iter().all(|message| {
        let content = &message.detail.content;
        let is_text = content.as_ref().is_none_or(|content| matches!(content, InboundContent::Text { .. }));
        is_text && message.detail.quotes.is_none()
    })
}

/// Whether the context tells more of the customer than a channel tells of each.
fn tells_more(request: &TurnRequest) -> bool {
    let is_channels = |name: &str| request.burst.is_some() && (name == CHANNEL || name == CUSTOMER_NAME);
    request.context.iter().any(|(name, value)| !value.is_null() && !is_channels(name))
}

fn first_fact(reading: &Reading) -> &str {
    match reading.found.fit {
        Fit::Nothing => "",
        Fit::First(_) | Fit::OneOfTwo => {
            reading.found.answers.first().map_or("", |found| found.answer.id.as_str())
        }
    }
}

/// Looks for an answer, and waits for one that another turn is making.
#[tracing::instrument(level = "debug", name = REUSE, skip_all)]
pub(crate) async fn reuse(
    engine: &Engine,
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    prompt: &Prompt,
    asked: Option<Asked>,
    trail: &mut Trail,
) -> Reuse {
    let (Some(cache), Some(asked)) = (&engine.answer_cache, asked) else { return Reuse::Nothing(None) };
    let scope = scope(request, situation, reading, prompt, &trail.prompt_version);
    let find = Find { cache, request, scope: &scope, asked: &asked };
    let mut given = find.kept().await;
    // Once for all whom it follows one after the other.
    let impatient_at = engine.clock.elapsed() + patience(engine.time_left(request.deadline));
    while given.is_none() {
        if !request.store {
            // What it is answered is kept nowhere, so others do not wait for it either.
            break;
        }
        let follow = match cache.board(&scope, &asked) {
            Boarding::Lead(lead) => {
                // Somebody may have landed between the look and the lead.
                given = find.kept().await;
                if given.is_some() {
                    break;
                }
                metrics::looked_up("miss");
                return Reuse::Nothing(Some(Box::new(Keeper { lead, scope, asked })));
            }
            Boarding::Follow(follow) => follow,
        };
        match follow.landing(engine.time_left(impatient_at)).await {
            Ok(Some(Landing::Kept(answer))) => {
                metrics::waited("answered");
                given = Some((answer, Match::Exact));
            }
            Ok(None) => metrics::waited("handed_on"),
            Ok(Some(Landing::OwnOnly)) => {
                metrics::waited("own_only");
                break;
            }
            Err(_) => {
                metrics::waited("impatient");
                break;
            }
        }
    }
    let Some((answer, how)) = given else {
        metrics::looked_up("miss");
        return Reuse::Nothing(None);
    };
    if !Judge::new(request, situation, reading, prompt).fits(&answer.text) {
        metrics::looked_up("unfit");
        return Reuse::Nothing(None);
    }
    metrics::looked_up(how.as_str());
    trail.step("reuse", found(&answer, how));
    Reuse::Found(Box::new(Draft::again(&answer, how)))
}

/// What is looked for.
struct Find<'a> {
    cache: &'a AnswerCache,
    request: &'a TurnRequest,
    scope: &'a Scope,
    asked: &'a Asked,
}

impl Find<'_> {
    async fn kept(&self) -> Option<(Arc<KeptAnswer>, Match)> {
        self.cache.find(&self.request.tenant, self.scope, self.asked).await
    }
}

fn found(answer: &KeptAnswer, how: Match) -> String {
    let message = &answer.message;
    match how {
        Match::Exact => format!("the answer of message {message}, which answers an equal question"),
        Match::Similar(cosine) => {
            format!("the answer of message {message}, whose question asks the same ({cosine:.2})")
        }
    }
}

fn scope(
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    prompt: &Prompt,
    prompt_version: &str,
) -> Scope {
    let tenant = &situation.tenant;
    let rules = serde_json::to_string(&tenant.terms.rules).unwrap_or_default();
    let filter =
        tenant.filter.as_ref().map_or_else(|| "off".to_owned(), |filter| format!("{:?}", filter.level()));
    let prompt_id = situation.prompt.as_ref().map_or("", |prompt| prompt.prompt.id.as_str());
    Scope::of(&Parts {
        tenant: &request.tenant,
        tenant_version: tenant.version,
        prompt: &format!("{prompt_id} {prompt_version}"),
        system: &prompt.composed.system,
        preferred: request.preferred.as_deref(),
        may_fall_back: request.may_fall_back,
        model: request.model.as_deref(),
        rules: &rules,
        max_output_tokens: request.max_output_tokens,
        is_bound_chosen: request.is_bound_chosen,
        temperature: request.temperature,
        filter: &filter,
        language: reading.language.map_or("", |language| language.code()),
        channel: text_of(&request.context, CHANNEL).unwrap_or_default(),
    })
}

fn text_of<'a>(context: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    context.get(name)?.as_str()
}

/// Puts an answer aside for others, or tells those who wait that it is not for them.
pub(crate) fn put_aside(
    keeper: Option<Box<Keeper>>,
    mut draft: Draft,
    request: &TurnRequest,
    situation: &Situation,
    reading: &Reading,
    seat: &Seat,
) -> Draft {
    let Some(keeper) = keeper else { return draft };
    // What the cheaper model says when the money is short is not what others are to get.
    let is_usual = seat.cheaper.is_none();
    if is_usual
        && draft.may_be_reused()
        && is_as_asked(&draft, request)
        && is_shared(&draft, request, situation, reading)
    {
        draft.keepsake = Some(Keepsake { keeper, text: draft.text.clone(), confidence: draft.confidence });
    } else {
        keeper.lead.land(Landing::OwnOnly);
    }
    draft
}

/// Whether the one who was asked for answered, not one who stood in: the key names the wish.
fn is_as_asked(draft: &Draft, request: &TurnRequest) -> bool {
    let is_provider = request.preferred.as_ref().is_none_or(|name| *name == draft.provider);
    let answered = draft.billed.iter().find(|call| call.is_answer);
    let is_model =
        request.model.as_ref().is_none_or(|model| answered.is_some_and(|call| call.model == *model));
    is_provider && is_model
}

/// Whether nothing in it belongs to this customer. What a caller's own prompt says is not the business's word.
fn is_shared(draft: &Draft, request: &TurnRequest, situation: &Situation, reading: &Reading) -> bool {
    let tenant: &TenantView = &situation.tenant;
    let mut own: Vec<&str> = vec![&tenant.system];
    own.extend(situation.prompt.as_ref().map(|prompt| prompt.prompt.template.as_str()));
    for found in &reading.found.answers {
        own.extend(found.answer.answers.iter().map(|answer| answer.text.as_str()));
    }
    let name = text_of(&request.context, CUSTOMER_NAME);
    answer::is_for_everybody(&draft.text, &own, name, reading.language, tenant)
}

impl Keepsake {
    /// Keeps it, now that it is recorded, and hands it to those who wait.
    pub(crate) async fn keep(self, engine: &Engine, request: &TurnRequest, draft: &Draft, given: Given) {
        let Some(cache) = &engine.answer_cache else { return };
        let Keeper { lead, scope, asked } = *self.keeper;
        let answer = Arc::new(KeptAnswer {
            text: self.text,
            provider: draft.provider.clone(),
            model: draft.model.clone(),
            booked_model: given.booked_model,
            confidence: self.confidence,
            message: given.message,
            cost: given.cost,
            meaning: asked.same.as_ref().map(|same| same.meaning.clone()),
        });
        cache.keep(&request.tenant, &scope, &asked, Arc::clone(&answer)).await;
        metrics::kept();
        lead.land(Landing::Kept(answer));
    }
}

/// How an answer was given the first time.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) message: MessageId,
    pub(crate) booked_model: String,
    pub(crate) cost: Option<PicoUsd>,
}

impl Draft {
    /// A kept answer, said once more; no model is asked.
    fn again(kept: &KeptAnswer, how: Match) -> Self {
        Self {
            text: kept.text.clone(),
            provider: kept.provider.clone(),
            model: kept.model.clone(),
            finish: "stop",
            confidence: kept.confidence,
            reused: Some(Reused { how, booked_model: kept.booked_model.clone(), saved: kept.cost }),
            ..Self::default()
        }
    }
}
