//! A message on the device, with what is known around it: what every built-in analysis looks at.

use std::cell::OnceCell;
use std::sync::Arc;

use jiff::civil::DateTime;
use pytake_understanding::emotion::{self, Emotions};
use pytake_understanding::entities::{self, Context, Entity};
use pytake_understanding::filter::{Category, ContentFilter, FilterLevel, FilterVerdict};
use pytake_understanding::heads::View;
use pytake_understanding::intents::Choice;
use pytake_understanding::message::Message;
use pytake_understanding::priority::{Facts, Priority, priority};
use pytake_understanding::sentiment::{self, Satisfaction, Sentiment};
use pytake_understanding::spam::{self, Spam};
use pytake_understanding::toxicity::{self, Toxicity};

use super::topics::Topics;
use crate::intent_models::IntentReader;
use crate::tenant_view::TenantView;

/// A message on the device. Each thing is found once, and only where an analysis asks for it.
pub(crate) struct Subject<'a> {
    message: Message<'a>,
    tenant: &'a TenantView,
    intents: Arc<IntentReader>,
    /// At the business's place.
    now: Option<DateTime>,
    /// Messages of the customer since the last answer, this one included.
    unanswered: u32,
    verdict: OnceCell<FilterVerdict>,
    view: OnceCell<View>,
    sentiment: OnceCell<Sentiment>,
    emotions: OnceCell<Emotions>,
    toxicity: OnceCell<Toxicity>,
    spam: OnceCell<Spam>,
    priority: OnceCell<Priority>,
    intent: OnceCell<Choice>,
    entities: OnceCell<Vec<Entity<'a>>>,
}

impl<'a> Subject<'a> {
    /// A message of one of the tenant's customers, read by these intents.
    pub(crate) fn new(message: &'a str, tenant: &'a TenantView, intents: Arc<IntentReader>) -> Self {
        Self {
            message: Message::new(message),
            tenant,
            intents,
            now: None,
            unanswered: 1,
            verdict: OnceCell::new(),
            view: OnceCell::new(),
            sentiment: OnceCell::new(),
            emotions: OnceCell::new(),
            toxicity: OnceCell::new(),
            spam: OnceCell::new(),
            priority: OnceCell::new(),
            intent: OnceCell::new(),
            entities: OnceCell::new(),
        }
    }

    /// When it is, at the business's place: without it, "amanhã" is no date.
    #[must_use]
    pub(crate) fn at(self, now: DateTime) -> Self {
        Self { now: Some(now), ..self }
    }

    /// How many messages of the customer wait, this one included.
    #[must_use]
    pub(crate) fn with_unanswered(self, unanswered: u32) -> Self {
        Self { unanswered, ..self }
    }

    pub(crate) fn text(&self) -> &'a str {
        self.message.text()
    }

    pub(crate) fn message(&self) -> &Message<'a> {
        &self.message
    }

    pub(crate) fn topics(&self) -> &Topics {
        &self.tenant.topics
    }

    /// The intent, by the tenant's own model or the built-in one.
    pub(crate) fn intent(&self) -> &Choice {
        self.intent.get_or_init(|| self.intents.choose(&self.message))
    }

    /// The probability that the message has one of the intents of which something holds.
    pub(crate) fn share_of_intents(&self, holds: impl Fn(&str) -> bool) -> f32 {
        let choice = self.intent();
        let first = std::iter::once((choice.name(), choice.confidence));
        let others = choice.alternatives.iter().map(|other| (other.intent.as_str(), other.confidence));
        first
            .chain(others)
            .filter(|(intent, _)| holds(intent))
            .map(|(_, sure)| sure)
            .sum::<f32>()
            .clamp(0.0, 1.0)
    }

    /// What it names.
    pub(crate) fn entities(&self) -> &[Entity<'a>] {
        self.entities.get_or_init(|| {
            let language = self.message.language().language.map(entities::Language::from);
            let context = Context {
                language,
                country: self.tenant.country,
                now: self.now,
                catalogue: Some(&self.tenant.catalogue),
                order_patterns: &self.tenant.order_patterns,
            };
            entities::find(self.message.text(), &context)
        })
    }

    /// What the heads look at: sentiment, emotion, toxicity, spam, injection.
    pub(crate) fn view(&self) -> &View {
        self.view.get_or_init(|| View::of(&self.message))
    }

    pub(crate) fn sentiment(&self) -> &Sentiment {
        self.sentiment.get_or_init(|| sentiment::read(self.view()))
    }

    pub(crate) fn emotions(&self) -> &Emotions {
        self.emotions.get_or_init(|| emotion::read(self.view()))
    }

    pub(crate) fn toxicity(&self) -> &Toxicity {
        self.toxicity.get_or_init(|| toxicity::read(self.view()))
    }

    pub(crate) fn spam(&self) -> &Spam {
        self.spam.get_or_init(|| spam::read(self.view()))
    }

    /// How soon somebody should look, with the tenant's weights.
    pub(crate) fn priority(&self) -> &Priority {
        self.priority.get_or_init(|| self.judge_priority())
    }

    fn judge_priority(&self) -> Priority {
        let violence = [Category::Violence];
        let facts = Facts {
            signals: *self.message.signals(),
            intent: self.intent().intent.as_deref(),
            is_dissatisfied: self.sentiment().satisfaction <= Satisfaction::Dissatisfied,
            is_threat: self.verdict().categories().iter().any(|category| violence.contains(category)),
            is_self_harm: self.verdict().is_self_harm(),
            is_spam: self.is_spam(),
            unanswered: self.unanswered,
        };
        priority(&facts, &self.tenant.profile.priority_weights)
    }

    /// True where the patterns or the head call it unwanted advertising.
    pub(crate) fn is_spam(&self) -> bool {
        self.verdict().categories().contains(&Category::Spam) || self.spam().flagged
    }

    /// What the filter's patterns find at the strict level, whatever the tenant's filter is set to: strong abuse is
    /// answered at the normal level, and it is abuse all the same.
    pub(crate) fn verdict(&self) -> &FilterVerdict {
        self.verdict.get_or_init(|| {
            ContentFilter::new(FilterLevel::Strict)
                .with_lists(&self.tenant.profile.filter_allow, &[])
                .check_inbound_words(self.message.unmasked())
        })
    }
}
