//! Which reaction a call gets: the caller's decision, then the recipient's queue, then the kind's queue, then chance.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use super::{Call, Reaction};
use crate::random::Random;

/// Kinds of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum On {
    /// A message is sent.
    Send,
    /// A message is marked as read, with or without typing.
    Mark,
    /// The address of a file is asked for.
    MediaAddress,
    /// A file is downloaded.
    MediaFile,
    /// Everything else: questions about numbers and accounts.
    Ask,
}

/// Failures by chance, the same with the same seed and the same order of calls.
#[derive(Debug, Clone)]
pub struct Failures {
    /// The seed.
    pub seed: u64,
    /// How many of the calls fail, from 0 to 1.
    pub share: f64,
    /// What is drawn from.
    pub reactions: Vec<Reaction>,
    /// Which kinds of calls fail.
    pub on: Vec<On>,
}

impl Failures {
    /// A share of the messages meets temporary trouble, and a share of that is taken all the same.
    pub fn of_sends(seed: u64, share: f64) -> Self {
        let reactions = vec![
            Reaction::error(131_000),
            Reaction::error(131_016),
            Reaction::Answer {
                status: 502,
                content_type: "text/html".to_owned(),
                body: "<html></html>".to_owned(),
            },
            Reaction::Close,
            Reaction::AcceptAndClose,
        ];
        Self { seed, share, reactions, on: vec![On::Send] }
    }
}

/// A caller's own decision on every call.
#[derive(Clone)]
pub struct Decision {
    decide: Arc<Decide>,
}

type Decide = dyn Fn(&Call) -> Option<Reaction> + Send + Sync;

impl Decision {
    /// Made of a function; `None` leaves the call to the queues.
    pub fn new(decide: impl Fn(&Call) -> Option<Reaction> + Send + Sync + 'static) -> Self {
        Self { decide: Arc::new(decide) }
    }
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision").finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Script {
    decision: Option<Decision>,
    queues: HashMap<On, VecDeque<Reaction>>,
    by_recipient: HashMap<String, VecDeque<Reaction>>,
    failures: Option<(Failures, Random)>,
}

impl Script {
    pub(super) fn new(failures: Option<Failures>) -> Self {
        let mut script =
            Self { decision: None, queues: HashMap::new(), by_recipient: HashMap::new(), failures: None };
        script.fail_by_chance(failures);
        script
    }

    pub(super) fn push(&mut self, on: On, reaction: Reaction) {
        self.queues.entry(on).or_default().push_back(reaction);
    }

    pub(super) fn push_for(&mut self, recipient: &str, reaction: Reaction) {
        self.by_recipient.entry(recipient.to_owned()).or_default().push_back(reaction);
    }

    pub(super) fn decide(&mut self, decision: Decision) {
        self.decision = Some(decision);
    }

    pub(super) fn fail_by_chance(&mut self, failures: Option<Failures>) {
        self.failures = failures.map(|failures| {
            let random = Random::seeded(failures.seed);
            (failures, random)
        });
    }

    pub(super) fn reaction(&mut self, call: &Call, recipient: Option<&str>) -> Reaction {
        if let Some(reaction) = self.decision.as_ref().and_then(|decision| (decision.decide)(call)) {
            return reaction;
        }
        let of_recipient = recipient.and_then(|recipient| self.by_recipient.get_mut(recipient));
        if let Some(reaction) = of_recipient.and_then(VecDeque::pop_front) {
            return reaction;
        }
        if let Some(reaction) = self.queues.get_mut(&call.on).and_then(VecDeque::pop_front) {
            return reaction;
        }
        if let Some((failures, random)) = &mut self.failures
            && failures.on.contains(&call.on)
            && random.happens(failures.share)
        {
            return random.pick(&failures.reactions).cloned().unwrap_or(Reaction::Accept);
        }
        Reaction::Accept
    }
}
