//! Is this completion an answer? The router asks before it counts a call as a success.

use std::sync::Arc;

use pytake_understanding::language::Language;

use super::super::compose::Prompt;
use super::super::recall::Situation;
use super::super::understand::Reading;
use crate::provider::{Completion, FinishReason, ProviderPlace};
use crate::reply::{self, Action, Reply, ReplyProblem, ReplyStream};
use crate::router::Acceptance;
use crate::tenant_view::TenantView;
use crate::turn::TurnRequest;
use crate::vet::{self, StreamVet, VetInput, VetObjection};

/// Everything an answer is held against. Owned, because the router asks from within its own futures.
#[derive(Debug)]
pub(super) struct Judge {
    message: String,
    language: Option<Language>,
    tenant: Arc<TenantView>,
    /// What the answer may repeat: message, history, context, approved answers, profile, own instructions.
    facts: Vec<String>,
    instructions: Arc<str>,
    wants_contract: bool,
    is_bound_chosen: bool,
}

impl Judge {
    pub(super) fn new(
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
        facts.extend(situation.prompt.as_ref().map(|prompt| prompt.template.clone()));
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
            Err(found) => Acceptance::Repair { objection: found.objection },
        }
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
        if self.wants_contract {
            reply::parse(&completion.text).map_err(|problem| problem.to_string())
        } else {
            Ok(Reply::prose(&completion.text))
        }
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
            has_own_prompt: !self.wants_contract,
        }
    }

    /// Reads a streamed answer piece by piece.
    pub(super) fn reader(&self) -> Reader<'_> {
        let reply = self.wants_contract.then(ReplyStream::new);
        Reader { reply, prose: String::new(), vet: StreamVet::new(self.input("")) }
    }
}

/// A streamed answer on its way to the customer: the reply inside it, and of that what is safe.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    /// `None` for a caller who gets plain text.
    reply: Option<ReplyStream>,
    /// All of a plain text.
    prose: String,
    vet: StreamVet<'a>,
}

/// Why the rest of a streamed answer may not be shown.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    #[error(transparent)]
    Shape(#[from] ReplyProblem),
    #[error(transparent)]
    Content(#[from] VetObjection),
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
        Ok(self.vet.push(&text)?)
    }

    /// Ends the answer: what may be shown besides, and the reply.
    pub(super) fn finish(mut self) -> Result<(String, Reply), Unfit> {
        let (reply, rest) = match self.reply {
            Some(stream) => stream.finish()?,
            None => (Reply::prose(&self.prose), String::new()),
        };
        let mut shown = self.vet.push(&rest)?;
        shown.push_str(&self.vet.finish()?.0);
        Ok((shown, reply))
    }
}
