//! Is this completion an answer? The router asks before it counts a call as a success.

use std::sync::Arc;

use pytake_understanding::language::Language;

use super::super::compose::Prompt;
use super::super::recall::Situation;
use super::super::understand::Reading;
use crate::masking::{Mask, Unveiler};
use crate::provider::{Completion, FinishReason, ProviderPlace};
use crate::reply::{self, Action, MAX_CHOICE_CHARS, MAX_REASON_CHARS, Reply, ReplyProblem, ReplyStream};
use crate::router::Acceptance;
use crate::tenant_view::TenantView;
use crate::turn::TurnRequest;
use crate::vet::{self, StreamVet, VetInput, VetObjection};

/// Everything an answer is held against. Owned, because the router asks from within its own futures.
#[derive(Debug)]
pub(in crate::turn) struct Judge {
    message: String,
    language: Option<Language>,
    tenant: Arc<TenantView>,
    /// What the answer may repeat: message, history, context, approved answers, profile, own instructions.
    facts: Vec<String>,
    instructions: Arc<str>,
    /// What is hidden in the prompt, and to be put back in the answer.
    mask: Option<Arc<Mask>>,
    wants_contract: bool,
    is_bound_chosen: bool,
}

impl Judge {
    pub(in crate::turn) fn new(
        request: &TurnRequest,
        situation: &Situation,
        reading: &Reading,
        prompt: &Prompt,
    ) -> Self {
        let profile = &situation.tenant.profile;
        let mut facts = vec![
            request.message.clone(),
            profile.business_name.clone(),
            profile.description.clone(),
            profile.tone.clone(),
            profile.hours.clone(),
            profile.instructions.clone(),
        ];
        facts.extend(profile.topics.iter().cloned());
        facts.extend(request.system_prompt.clone());
        facts.extend(prompt.custom.clone());
        facts.extend(request.context.values().map(|value| match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        }));
        facts.extend(situation.history.recent.iter().map(|message| message.content.clone()));
        facts.extend(situation.history.summary.as_ref().map(|summary| summary.text.clone()));
        for found in &reading.found.answers {
            facts.extend(found.answer.questions.iter().cloned());
            facts.extend(found.answer.answers.iter().map(|answer| answer.text.clone()));
        }
        facts.retain(|fact| !fact.is_empty());
        Self {
            message: request.message.clone(),
            language: reading.language,
            tenant: Arc::clone(&situation.tenant),
            facts,
            instructions: Arc::clone(&prompt.composed.system),
            mask: prompt.mask.clone(),
            wants_contract: prompt.wants_contract,
            is_bound_chosen: request.is_bound_chosen,
        }
    }

    /// Accepts an answer, asks for a repair, or passes on to the next provider.
    pub(super) fn accept(&self, completion: &Completion, place: ProviderPlace) -> Acceptance {
        if place == ProviderPlace::Local {
            // Approved content, word for word: there is nothing to check it against but itself.
            return Acceptance::Accept;
        }
        let is_cut = completion.finish == FinishReason::Length;
        let reply = match self.parse(completion) {
            // A caller who set the bound asked for an answer that may end there.
            Ok(reply) if !is_cut || self.is_bound_chosen => reply,
            Err(objection) if !is_cut => return Acceptance::Repair { objection },
            Ok(_) | Err(_) => {
                return Acceptance::Malformed("the answer was cut at the token limit".to_owned());
            }
        };
        match self.vet(&reply) {
            Ok(()) => Acceptance::Accept,
            Err(found) => {
                // It quotes the answer, in which everything is put back.
                let objection = self.mask.as_ref().map(|mask| mask.hide(&found.objection).into_owned());
                Acceptance::Repair { objection: objection.unwrap_or(found.objection) }
            }
        }
    }

    /// Whether a text that was said before may be said to this message, too.
    pub(in crate::turn) fn fits(&self, text: &str) -> bool {
        vet::vet(&self.input(text)).is_ok()
    }

    /// The language to answer in.
    pub(super) fn language(&self) -> Option<Language> {
        self.language
    }

    /// The reply inside an accepted completion.
    pub(super) fn read(&self, completion: &Completion) -> Reply {
        self.parse(completion).unwrap_or_else(|_| Reply::prose(&completion.text))
    }

    fn parse(&self, completion: &Completion) -> Result<Reply, String> {
        let reply = if self.wants_contract {
            reply::parse(&completion.text).map_err(|problem| problem.to_string())?
        } else {
            Reply::prose(&completion.text)
        };
        self.revealed(reply)
    }

    /// The reply with everything put back that was hidden from its provider.
    fn revealed(&self, mut reply: Reply) -> Result<Reply, String> {
        let Some(mask) = &self.mask else { return Ok(reply) };
        reply.text = mask.checked(&reply.text)?;
        reply.reason = mask.reveal(&reply.reason).text.chars().take(MAX_REASON_CHARS).collect();
        for choice in &mut reply.choices {
            *choice = mask.checked(choice)?;
        }
        if reply.choices.iter().any(|choice| choice.chars().count() > MAX_CHOICE_CHARS) {
            reply.choices.clear();
        }
        Ok(reply)
    }

    fn vet(&self, reply: &Reply) -> Result<(), VetObjection> {
        if reply.text.is_empty() && reply.action == Action::HandOver {
            return Ok(());
        }
        vet::vet(&self.input(&reply.text))?;
        self.vet_choices(reply)
    }

    fn vet_choices(&self, reply: &Reply) -> Result<(), VetObjection> {
        if reply.choices.is_empty() {
            return Ok(());
        }
        vet::vet_choices(&self.input(&reply.choices.join("\n")))
    }

    /// Leaves out choices that may not be sent, where the text is out already.
    pub(super) fn settle_choices(&self, reply: &mut Reply) {
        if self.vet_choices(reply).is_err() {
            reply.choices.clear();
        }
    }

    fn input<'a>(&'a self, reply: &'a str) -> VetInput<'a> {
        VetInput {
            reply,
            customer_message: &self.message,
            customer_language: self.language,
            facts: &self.facts,
            instructions: &self.instructions,
            filter: self.tenant.filter.as_ref(),
            never_say: &self.tenant.never_say,
            has_own_prompt: !self.wants_contract,
        }
    }

    /// Reads a streamed answer piece by piece.
    pub(super) fn reader(&self) -> Reader<'_> {
        let reply = self.wants_contract.then(ReplyStream::new);
        Reader {
            judge: self,
            reply,
            prose: String::new(),
            unveiler: Unveiler::default(),
            vet: StreamVet::new(self.input("")),
        }
    }
}

/// A streamed answer on its way to the customer: the reply inside it, and of that what is safe.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    judge: &'a Judge,
    /// `None` for a caller who gets plain text.
    reply: Option<ReplyStream>,
    /// All of a plain text.
    prose: String,
    /// Of a reply with marks: what may be the beginning of one.
    unveiler: Unveiler,
    vet: StreamVet<'a>,
}

/// Why the rest of a streamed answer may not be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Shape(#[from] ReplyProblem),
    #[error(transparent)]
    Content(#[from] VetObjection),
    #[error("{0}")]
    Mark(String),
}

impl Reader<'_> {
    /// Takes a piece; gives what may be shown now.
    pub(super) fn push(&mut self, chunk: &str) -> Result<String, Unfit> {
        let text = if let Some(reply) = &mut self.reply {
            reply.push(chunk)
        } else {
            self.prose.push_str(chunk);
            chunk.to_owned()
        };
        let text = match &self.judge.mask {
            Some(mask) => self.unveiler.push(mask, &text).map_err(Unfit::Mark)?,
            None => text,
        };
        Ok(self.vet.push(&text)?)
    }

    /// Ends the answer: what may be shown besides, and the reply.
    pub(super) fn finish(mut self) -> Result<(String, Reply), Unfit> {
        let (mut reply, mut rest) = match self.reply {
            Some(stream) => stream.finish()?,
            None => (Reply::prose(&self.prose), String::new()),
        };
        if let Some(mask) = &self.judge.mask {
            rest = self.unveiler.push(mask, &rest).map_err(Unfit::Mark)?;
            rest.push_str(&self.unveiler.finish(mask).map_err(Unfit::Mark)?);
            reply = self.judge.revealed(reply).map_err(Unfit::Mark)?;
        }
        let mut shown = self.vet.push(&rest)?;
        shown.push_str(&self.vet.finish()?.0);
        Ok((shown, reply))
    }
}
