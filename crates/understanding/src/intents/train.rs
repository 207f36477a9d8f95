//! From a set of intents to a model and a report.

use std::ops::Range;

use super::anchors::{MAX_ANCHORS, spread};
use super::model::{Evidence, IntentModel, compact, meaning, scope};
use super::report::{self, HeldOutAnswer, TrainingReport};
use super::{IntentError, IntentSet, IntentSpace};
use crate::embedding::CompactEmbedding;
use crate::embedding::{Embedding, SentenceEncoder};
use crate::features::{Centre, Features, grams};
use crate::fold::words;
use crate::linear::calibration::temperature;
use crate::linear::{Example, HeldOut, Output, Settings, train_with_held_out};

/// Held-out models: each is trained without a fifth of the examples, as usual.
const FOLDS: u32 = 5;

/// With more examples than this, grams that only one of them shows are left out: they are most of a model's size.
const MANY_EXAMPLES: usize = 1_000;

/// Examples that are held out, at most: more make training slow and the calibration hardly better.
const MAX_HELD_OUT: usize = 1_500;

/// The temperature of a set without examples: 0.70 is the best one with 5 or 10 examples on Banking77 and
/// HWU64, and names alone have a calibration error of 3 to 13 points with it.
const USUAL_TEMPERATURE: f32 = 0.70;

/// The scope threshold of a set without examples: with names alone 5 % of the messages in scope are below
/// -0.3 (HWU64), 0.2 (support intents), 0.4 (built-in), 1.5 (CLINC150), 1.8 (Banking77).
const UNTAUGHT_SCOPE: f32 = 0.5;

/// The same of a set with examples, as far as it has too few to find its own: 4.7 to 8.0 on the sets above. The
/// lowest, because turning a customer away costs more than a wrong guess at a stray message.
const TAUGHT_SCOPE: f32 = 4.7;

/// How many held-out examples it takes until their own figures count as much as the usual ones.
const USUAL_COUNT: f32 = 30.0;

/// The share of held-out examples, all of them in scope, that the threshold may turn away. CLINC150 with ten each:
/// at 2 % it keeps 94.8 % of the messages in scope and finds 76.5 % of the others, at 5 % 87.8 and 90.5 %.
const TURNED_AWAY: f32 = 0.03;

/// The share of held-out examples that may go to intents without examples, as a part of these intents' share of
/// the set. With a third of the intents untaught, accuracy on Banking77 and HWU64 with ten examples each is 59
/// and 61 % without any lift and 68 to 70 and 71 to 72 % when 5 to 7 % go over.
const LIFTED_OVER: f32 = 0.2;

/// An example as the model sees it.
pub(super) struct Read<'a> {
    pub(super) text: &'a str,
    pub(super) intent: usize,
    pub(super) features: Features,
    /// The fold it is held out in.
    pub(super) fold: Option<u32>,
    /// It equals an earlier example of the same intent, but for case, accents and punctuation.
    pub(super) is_duplicate: bool,
    /// Without any word or sign to learn from.
    pub(super) is_empty: bool,
}

impl IntentModel {
    /// Trains a model of the set, helped by what the built-in intents say, and reports what the set lacks.
    ///
    /// # Errors
    /// [`IntentError`] names the bound or the name that is in the way.
    pub fn train(
        set: &IntentSet,
        encoder: &dyn SentenceEncoder,
    ) -> Result<(Self, TrainingReport), IntentError> {
        Self::train_beside(set, encoder, Some(IntentSpace::shipped()))
    }

    /// Trains a model that knows the set only: for the built-in intents themselves, of which the space would
    /// already have seen what is held out.
    ///
    /// # Errors
    /// [`IntentError`] names the bound or the name that is in the way.
    pub fn train_alone(
        set: &IntentSet,
        encoder: &dyn SentenceEncoder,
    ) -> Result<(Self, TrainingReport), IntentError> {
        Self::train_beside(set, encoder, None)
    }

    fn train_beside(
        set: &IntentSet,
        encoder: &dyn SentenceEncoder,
        space: Option<&IntentSpace>,
    ) -> Result<(Self, TrainingReport), IntentError> {
        set.check()?;
        let (centre, prototypes, examples) = read(set, encoder, space);
        let used: Vec<&Read<'_>> =
            examples.iter().filter(|example| !example.is_duplicate && !example.is_empty).collect();
        let mut learned: Vec<Example<'_>> =
            used.iter().map(|example| Example::of(&example.features, class(example.intent))).collect();
        for (intent, texts) in prototypes.iter().enumerate() {
            learned.extend(texts.iter().map(|features| Example::of(features, class(intent))));
        }
        let folds: Vec<Option<u32>> = (0..learned.len()).map(|at| used.get(at)?.fold).collect();
        let settings = Settings {
            gram_min_examples: if used.len() > MANY_EXAMPLES { 2 } else { 1 },
            ..Settings::new(Output::OneOf, set.intents.len())
        };
        let (linear, held_out) = train_with_held_out(&learned, &settings, &folds)?;
        let remembered = remember(set.intents.len(), &used);
        let mut model = Self {
            names: set.intents.iter().map(|intent| intent.name.trim().to_owned()).collect(),
            centre,
            space: space.map_or(0, IntentSpace::fingerprint),
            linear,
            prototypes: prototypes.iter().map(|texts| texts.iter().map(compact).collect()).collect(),
            anchors: remembered.anchors,
            anchor_ranges: remembered.ranges,
            untaught_lift: 0.0,
            temperature: USUAL_TEMPERATURE,
            scope_threshold: if used.is_empty() { UNTAUGHT_SCOPE } else { TAUGHT_SCOPE },
        };
        let answers = model.calibrate(&used, &held_out, &remembered.folds);
        let report = report::report(&model, &examples, &answers);
        Ok((model, report))
    }

    /// Finds temperature and threshold on the held-out examples and returns what was answered to them.
    fn calibrate(
        &mut self,
        used: &[&Read<'_>],
        held_out: &[HeldOut],
        anchor_folds: &[Option<u32>],
    ) -> Vec<HeldOutAnswer> {
        let mut evidence = Vec::new();
        for (example, scores) in used.iter().zip(held_out) {
            let Some(mut scores) = scores.clone() else { continue };
            let message = compact(&example.features);
            let is_known = |place: usize| anchor_folds.get(place).is_some_and(|fold| *fold != example.fold);
            let nearness = self.add_likeness(&mut scores, &message, is_known);
            evidence.push((example.intent, Evidence { scores, nearness }));
        }
        self.lift_untaught(&mut evidence);
        let count = evidence.len() as f32;
        let own_share = count / (count + USUAL_COUNT);
        let judged: Vec<(Vec<f32>, usize)> =
            evidence.iter().map(|(intent, evidence)| (evidence.scores.clone(), *intent)).collect();
        let own_temperature = temperature(&judged);
        self.temperature =
            (own_share * own_temperature.ln() + (1.0 - own_share) * USUAL_TEMPERATURE.ln()).exp();
        let answers: Vec<HeldOutAnswer> =
            evidence.iter().map(|(intent, evidence)| self.answer(*intent, evidence)).collect();
        let own_scope = low_quantile(answers.iter().map(|answer| answer.scope), TURNED_AWAY)
            .unwrap_or(self.scope_threshold);
        self.scope_threshold = own_share * own_scope + (1.0 - own_share) * self.scope_threshold;
        answers
    }

    /// Lifts the intents without examples as far as costs few of the held-out examples, all of which belong to
    /// intents with examples.
    fn lift_untaught(&mut self, evidence: &mut [(usize, Evidence)]) {
        let is_untaught: Vec<bool> = (0..self.names.len()).map(|intent| self.is_untaught(intent)).collect();
        let best = |scores: &[f32], untaught: bool| {
            let wanted = scores.iter().zip(&is_untaught).filter(|(_, is)| **is == untaught);
            wanted.map(|(score, _)| *score).fold(f32::NEG_INFINITY, f32::max)
        };
        let leads = evidence.iter().map(|(_, found)| best(&found.scores, false) - best(&found.scores, true));
        let untaught = is_untaught.iter().filter(|is| **is).count() as f32 / is_untaught.len().max(1) as f32;
        let Some(lift) = low_quantile(leads, untaught * LIFTED_OVER).filter(|lift| lift.is_finite()) else {
            return;
        };
        self.untaught_lift = lift.max(0.0);
        for (_, found) in evidence {
            for (score, is_untaught) in found.scores.iter_mut().zip(&is_untaught) {
                if *is_untaught {
                    *score += self.untaught_lift;
                }
            }
        }
    }

    fn answer(&self, right: usize, evidence: &Evidence) -> HeldOutAnswer {
        let probabilities = self.probabilities(&evidence.scores);
        let best = probabilities.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
        let (chosen, confidence) = best.map_or((0, 0.0), |(place, probability)| (place, *probability));
        HeldOutAnswer { right, chosen, confidence, scope: scope(confidence, evidence.nearness) }
    }
}

/// The value that `share` of the values are below.
fn low_quantile(values: impl Iterator<Item = f32>, share: f32) -> Option<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
    let place = (values.len() as f32 * share) as usize;
    values.get(place).copied()
}

type ReadSet<'a> = (Centre, Vec<Vec<Features>>, Vec<Read<'a>>);

/// Embeds all texts of the set and finds their features.
fn read<'a>(set: &'a IntentSet, encoder: &dyn SentenceEncoder, space: Option<&IntentSpace>) -> ReadSet<'a> {
    let prototypes: Vec<Vec<(String, Embedding)>> = set
        .intents
        .iter()
        .map(|intent| {
            let mut texts = vec![intent.spoken_name()];
            texts.extend(Some(intent.description.trim().to_owned()).filter(|text| !text.is_empty()));
            texts.into_iter().map(|text| (encoder.embed(&text), text)).map(|(e, text)| (text, e)).collect()
        })
        .collect();
    let texts = set.intents.iter().enumerate();
    let examples: Vec<(usize, &str, Embedding)> = texts
        .flat_map(|(at, intent)| intent.examples.iter().map(move |text| (at, text.as_str())))
        .map(|(at, text)| (at, text, encoder.embed(text)))
        .collect();
    // Names alone are few and alike in form; with examples these are what messages look like.
    let centre = if examples.is_empty() {
        Centre::of(prototypes.iter().flatten().map(|(_, embedding)| embedding))
    } else {
        Centre::of(examples.iter().map(|(_, _, embedding)| embedding))
    };
    let features = |text: &str, embedding: &Embedding| {
        let mut dense = centre.centred(embedding).to_vec();
        if let Some(space) = space {
            space.append(embedding, &mut dense);
        }
        Features { dense, sparse: grams(text) }
    };
    let prototypes = prototypes
        .iter()
        .map(|texts| texts.iter().map(|(text, embedding)| features(text, embedding)).collect())
        .collect();
    let mut reads: Vec<Read<'_>> = Vec::with_capacity(examples.len());
    let mut seen = rustc_hash::FxHashSet::default();
    for (intent, text, embedding) in &examples {
        let features = features(text, embedding);
        let is_empty = features.sparse.is_empty() && meaning(&features).iter().all(|value| *value == 0.0);
        reads.push(Read {
            text,
            intent: *intent,
            features,
            fold: None,
            is_duplicate: !seen.insert((*intent, folded(text))),
            is_empty,
        });
    }
    assign_folds(&mut reads);
    (centre, prototypes, reads)
}

/// A text as its words; signs alone stay as they are.
pub(super) fn folded(text: &str) -> String {
    let words = words(text);
    if words.is_empty() {
        return text.trim().to_owned();
    }
    words.iter().map(|word| word.text).collect::<Vec<_>>().join(" ")
}

/// Gives neighbouring examples of an intent different folds; of a large set only every n-th is held out.
fn assign_folds(examples: &mut [Read<'_>]) {
    let usable = |example: &&mut Read<'_>| !example.is_duplicate && !example.is_empty;
    let count = examples.iter().filter(|example| !example.is_duplicate && !example.is_empty).count();
    let every = count.div_ceil(MAX_HELD_OUT).max(1);
    for (at, example) in examples.iter_mut().filter(usable).enumerate() {
        if at % every == 0 {
            example.fold = u32::try_from(at / every).ok().map(|turn| turn % FOLDS);
        }
    }
}

/// What is remembered of the examples, and the folds they are held out in.
struct Remembered {
    anchors: Vec<CompactEmbedding>,
    ranges: Vec<Range<usize>>,
    folds: Vec<Option<u32>>,
}

fn remember(intents: usize, used: &[&Read<'_>]) -> Remembered {
    let each = (MAX_ANCHORS / intents.max(1)).max(1);
    let mut remembered = Remembered { anchors: Vec::new(), ranges: Vec::new(), folds: Vec::new() };
    for intent in 0..intents {
        let own: Vec<&&Read<'_>> = used.iter().filter(|example| example.intent == intent).collect();
        let embeddings: Vec<&[f32]> = own.iter().map(|example| meaning(&example.features)).collect();
        let start = remembered.anchors.len();
        for example in spread(&embeddings, each).into_iter().filter_map(|place| own.get(place)) {
            remembered.anchors.push(compact(&example.features));
            remembered.folds.push(example.fold);
        }
        remembered.ranges.push(start..remembered.anchors.len());
    }
    remembered
}

/// Sets have at most [`super::MAX_INTENTS`] intents.
fn class(intent: usize) -> u32 {
    u32::try_from(intent).unwrap_or(u32::MAX)
}
