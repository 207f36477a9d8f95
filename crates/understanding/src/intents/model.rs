//! A trained model of intents and how it chooses.

use std::ops::Range;

use serde::Serialize;

use super::{IntentSpace, OUT_OF_SCOPE};
use crate::embedding::{CompactEmbedding, DIMENSIONS, Embedding};
use crate::features::{Centre, Features, Gram};
use crate::linear::LinearModel;
use crate::message::Message;

/// A model of one set of intents.
#[derive(Debug, Clone, PartialEq)]
pub struct IntentModel {
    pub(super) names: Vec<String>,
    pub(super) centre: Centre,
    /// The fingerprint of the space whose features the linear model reads, or 0 without one.
    pub(super) space: u32,
    pub(super) linear: LinearModel,
    /// Per intent the embedding of its name (zero where it has no word) and, where there is one, of its
    /// description.
    pub(super) prototypes: Vec<Vec<CompactEmbedding>>,
    /// Remembered examples, those of an intent together.
    pub(super) anchors: Vec<CompactEmbedding>,
    /// Per intent where its anchors are.
    pub(super) anchor_ranges: Vec<Range<usize>>,
    /// Added to the score of an intent without examples: a name is less like a message than an example is, so
    /// that it would hardly ever win against taught intents.
    pub(super) untaught_lift: f32,
    /// What scores are divided by.
    pub(super) temperature: f32,
    /// Scope below this is out of scope.
    pub(super) scope_threshold: f32,
}

/// What a message is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// The chosen intent; `None` where the message is out of scope.
    pub intent: Option<String>,
    /// How probable it is that the choice is right, 0 to 1.
    pub confidence: f32,
    /// The most probable other intents, the best first.
    pub alternatives: Vec<Alternative>,
    /// How much the message seems to be about one of the intents at all; only its order means something, and below the
    /// model's threshold it is out of scope.
    pub scope: f32,
}

impl Choice {
    /// The chosen intent's name, or [`OUT_OF_SCOPE`].
    pub fn name(&self) -> &str {
        self.intent.as_deref().unwrap_or(OUT_OF_SCOPE)
    }
}

/// An intent that a message may have, too.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alternative {
    /// The intent's name.
    pub intent: String,
    /// How probable it is, 0 to 1.
    pub confidence: f32,
}

/// Alternatives of a choice, at most.
const MAX_ALTERNATIVES: usize = 4;

/// Alternatives less probable than this are not worth naming.
const LEAST_ALTERNATIVE: f32 = 0.01;

/// How the parts of a score weigh against the logistic regression. Best of a small grid on Banking77,
/// CLINC150 and HWU64 with 10 examples each (see docs/understanding.md): +0.3 to +2 points.
pub(super) const NEAREST_WEIGHT: f32 = 3.0;
pub(super) const PROTOTYPE_WEIGHT: f32 = 2.0;

/// Intents whose examples a message is compared with.
const SHORTLIST: usize = 10;

/// Neighbours that say whether a message is near what is known.
const NEIGHBOURS: usize = 5;

/// What speaks for each intent, before it becomes a choice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Evidence {
    /// One per intent.
    pub(super) scores: Vec<f32>,
    /// Mean cosine of the nearest [`NEIGHBOURS`] examples and prototypes.
    pub(super) nearness: f32,
}

impl IntentModel {
    /// Chooses the intent of a message.
    pub fn choose(&self, message: &Message<'_>) -> Choice {
        self.choose_read(message.embedding(), message.grams())
    }

    /// Chooses the intent of a text whose embedding and grams are known.
    pub fn choose_read(&self, embedding: &Embedding, grams: &[Gram]) -> Choice {
        self.decide(&self.evidence(&self.features(embedding, grams)))
    }

    /// How probable each intent is by the logistic regression alone, in the order of the set: what a message is about,
    /// as far as these intents can say. A text that says nothing has every intent equally.
    pub fn topics(&self, message: &Message<'_>) -> Vec<f32> {
        self.linear.probabilities(&self.features(message.embedding(), message.grams()))
    }

    fn features(&self, embedding: &Embedding, grams: &[Gram]) -> Features {
        let mut dense = self.centre.centred(embedding).to_vec();
        if self.space != 0 {
            IntentSpace::shipped().append(embedding, &mut dense);
        }
        Features { dense, sparse: grams.to_vec() }
    }

    /// An embedding as this model sees it.
    pub(crate) fn centred(&self, embedding: &Embedding) -> [f32; DIMENSIONS] {
        self.centre.centred(embedding)
    }

    /// The names of the intents, in the order of the set.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn evidence(&self, features: &Features) -> Evidence {
        let mut scores = self.linear.scores(features);
        let nearness = self.add_likeness(&mut scores, &compact(features), |_| true);
        Evidence { scores, nearness }
    }

    /// Adds what the prototypes and the nearest example say to the scores, looking only at the anchors whose
    /// place `is_known`; returns the mean cosine of the nearest.
    ///
    /// Only the likeliest intents' examples are compared one by one: the others cannot win any more.
    pub(super) fn add_likeness(
        &self,
        scores: &mut [f32],
        message: &CompactEmbedding,
        is_known: impl Fn(usize) -> bool,
    ) -> f32 {
        let mut nearest = Nearest::default();
        let mut prototype_cosines = Vec::with_capacity(scores.len());
        for (score, prototypes) in scores.iter_mut().zip(&self.prototypes) {
            let mut best = -1.0_f32;
            for text in prototypes {
                let cosine = message.cosine(text);
                nearest.offer(cosine);
                best = best.max(cosine);
            }
            prototype_cosines.push(best);
            *score += PROTOTYPE_WEIGHT * best;
        }
        for ((score, range), prototype) in scores.iter_mut().zip(&self.anchor_ranges).zip(&prototype_cosines)
        {
            // An intent without examples has its name for one.
            if range.is_empty() {
                *score += self.untaught_lift + NEAREST_WEIGHT * prototype;
            }
        }
        let mut taught: Vec<usize> = (0..scores.len()).filter(|intent| !self.is_untaught(*intent)).collect();
        let score_of = |intent: usize| scores.get(intent).copied().unwrap_or(f32::NEG_INFINITY);
        taught.sort_by(|left, right| score_of(*right).total_cmp(&score_of(*left)));
        let (likely, others) = taught.split_at(taught.len().min(SHORTLIST));
        let mut least = 1.0_f32;
        for intent in likely {
            let mut best = f32::NEG_INFINITY;
            for place in self.anchor_ranges.get(*intent).cloned().unwrap_or_default() {
                if let Some(anchor) = self.anchors.get(place).filter(|_| is_known(place)) {
                    let cosine = message.cosine(anchor);
                    nearest.offer(cosine);
                    best = best.max(cosine);
                }
            }
            // Nothing known of it: it is held out with all its examples.
            let best =
                if best.is_finite() { best } else { prototype_cosines.get(*intent).copied().unwrap_or(0.0) };
            least = least.min(best);
            if let Some(score) = scores.get_mut(*intent) {
                *score += NEAREST_WEIGHT * best;
            }
        }
        for intent in others {
            if let Some(score) = scores.get_mut(*intent) {
                *score += NEAREST_WEIGHT * least;
            }
        }
        nearest.mean()
    }

    /// True of an intent without examples.
    pub(super) fn is_untaught(&self, intent: usize) -> bool {
        self.anchor_ranges.get(intent).is_none_or(Range::is_empty)
    }

    /// Probabilities of all intents, given that one of them is right.
    pub(super) fn probabilities(&self, scores: &[f32]) -> Vec<f32> {
        let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut probabilities: Vec<f32> =
            scores.iter().map(|score| ((score - peak) / self.temperature).exp()).collect();
        let total: f32 = probabilities.iter().sum();
        for probability in &mut probabilities {
            *probability /= total;
        }
        probabilities
    }

    fn decide(&self, evidence: &Evidence) -> Choice {
        let probabilities = self.probabilities(&evidence.scores);
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        let probability = |place: usize| probabilities.get(place).copied().unwrap_or(0.0);
        order.sort_by(|left, right| probability(*right).total_cmp(&probability(*left)));
        let best = order.first().copied().unwrap_or(0);
        let scope = scope(probability(best), evidence.nearness);
        let in_scope = in_scope(scope - self.scope_threshold);
        let is_in_scope = in_scope >= 0.5;
        let alternatives = order
            .iter()
            .skip(usize::from(is_in_scope))
            .map(|place| (place, probability(*place) * in_scope))
            .take_while(|(_, confidence)| *confidence >= LEAST_ALTERNATIVE)
            .take(MAX_ALTERNATIVES)
            .filter_map(|(place, confidence)| {
                Some(Alternative { intent: self.names.get(*place)?.clone(), confidence })
            })
            .collect();
        Choice {
            intent: if is_in_scope { self.names.get(best).cloned() } else { None },
            confidence: if is_in_scope { probability(best) * in_scope } else { 1.0 - in_scope },
            alternatives,
            scope,
        }
    }
}

/// How much a message looks like one that belongs to the set: the log-odds of the best intent's probability
/// plus its nearness. Their mix is the best of a small grid for the area under the curve on CLINC150,
/// Banking77 and the built-in set with their out-of-scope messages (see docs/understanding.md).
pub(super) fn scope(probability: f32, nearness: f32) -> f32 {
    let probability = probability.clamp(1e-6, 1.0 - 1e-6);
    (probability / (1.0 - probability)).ln() + NEARNESS_WEIGHT * nearness
}

const NEARNESS_WEIGHT: f32 = 20.0;

/// The probability of being in scope, from how far the scope is above the threshold.
///
/// The slope is that of a logistic regression on the scope of those same sets: 0.5 to 1.1 with examples,
/// 0.4 to 1.3 with names alone.
fn in_scope(distance: f32) -> f32 {
    1.0 / (1.0 + (-0.6 * distance).exp())
}

/// The embedding among a text's features, without what the space appended.
pub(super) fn compact(features: &Features) -> CompactEmbedding {
    CompactEmbedding::of(meaning(features))
}

/// The centred embedding among a text's features.
pub(super) fn meaning(features: &Features) -> &[f32] {
    features.dense.get(..DIMENSIONS).unwrap_or(&features.dense)
}

/// The largest cosines seen, the largest first.
#[derive(Default)]
struct Nearest {
    cosines: [f32; NEIGHBOURS],
    count: usize,
}

impl Nearest {
    fn offer(&mut self, cosine: f32) {
        let place =
            self.cosines.iter().take(self.count).position(|kept| cosine > *kept).unwrap_or(self.count);
        if place >= NEIGHBOURS {
            return;
        }
        self.count = (self.count + 1).min(NEIGHBOURS);
        if let Some(tail) = self.cosines.get_mut(place..self.count) {
            tail.rotate_right(1);
            if let Some(first) = tail.first_mut() {
                *first = cosine;
            }
        }
    }

    fn mean(&self) -> f32 {
        self.cosines.iter().take(self.count).sum::<f32>() / self.count.max(1) as f32
    }
}
