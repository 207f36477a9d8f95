//! What training says of a set: what is confused, contradictory, double or scarce.

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::model::{IntentModel, compact};
use super::train::{Read, folded};
use crate::embedding::CompactEmbedding;
use crate::linear::calibration::expected_calibration_error;

/// What is to be known of a set after training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrainingReport {
    /// Intents of the set.
    pub intents: usize,
    /// Examples that were learned, without duplicates and empty ones.
    pub examples: usize,
    /// How well held-out examples were told apart; `None` without any.
    pub held_out: Option<HeldOutFigures>,
    /// Pairs of intents that are taken for each other, the most frequent first.
    pub confusions: Vec<Confusion>,
    /// Examples that say nearly the same under two intents, the most alike first.
    pub contradictions: Vec<Contradiction>,
    /// Examples that an intent has twice.
    pub duplicates: Vec<Duplicate>,
    /// Intents with too few examples.
    pub scarce: Vec<Scarcity>,
    /// Examples without a word or a sign, per intent that has such.
    pub empty: Vec<Scarcity>,
}

/// Figures of examples that the model was not trained on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HeldOutFigures {
    /// How many examples were held out in turn.
    pub examples: usize,
    /// Share of them whose intent was found, 0 to 1.
    pub accuracy: f32,
    /// How far stated confidence and share of right answers are apart on average, 0 to 1.
    pub calibration_error: f32,
}

/// One intent taken for another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Confusion {
    /// The right intent.
    pub intent: String,
    /// What it was taken for.
    pub taken_for: String,
    /// How many of its held-out examples were.
    pub count: usize,
    /// How many of its examples were held out.
    pub of: usize,
}

/// Two examples that are nearly the same and belong to different intents.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contradiction {
    /// One example.
    pub text: String,
    /// Its intent.
    pub intent: String,
    /// The other example.
    pub other_text: String,
    /// Its intent.
    pub other_intent: String,
    /// Their cosine; 1 where they are the same but for case, accents and punctuation.
    pub similarity: f32,
}

/// An example that an intent has more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicate {
    /// The intent.
    pub intent: String,
    /// The later example.
    pub text: String,
}

/// How many examples of a kind an intent has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scarcity {
    /// The intent.
    pub intent: String,
    /// How many.
    pub count: usize,
}

/// Intents with fewer examples are named: accuracy climbs steeply up to five (see docs/understanding.md).
const FEW_EXAMPLES: usize = 5;

/// Examples of two intents that are more alike contradict each other.
const CONTRADICTION: f32 = 0.93;

/// Examples that are compared one by one for contradictions: 5,000 take about a second.
const MAX_COMPARED: usize = 5_000;

/// Entries of each list, at most: a report is read by a person.
const MAX_LISTED: usize = 100;

/// The answer to an example by a model that did not know it.
pub(super) struct HeldOutAnswer {
    pub(super) right: usize,
    pub(super) chosen: usize,
    pub(super) confidence: f32,
    pub(super) scope: f32,
}

pub(super) fn report(
    model: &IntentModel,
    examples: &[Read<'_>],
    answers: &[HeldOutAnswer],
) -> TrainingReport {
    let name = |intent: usize| model.names.get(intent).cloned().unwrap_or_default();
    let count_of = |wanted: &dyn Fn(&Read<'_>) -> bool| {
        let mut counts = vec![0; model.names.len()];
        for example in examples.iter().filter(|example| wanted(example)) {
            if let Some(count) = counts.get_mut(example.intent) {
                *count += 1;
            }
        }
        counts
    };
    let scarcity = |(intent, count)| Scarcity { intent: name(intent), count };
    let learned = count_of(&|example| !example.is_duplicate && !example.is_empty);
    let empty = count_of(&|example| example.is_empty);
    TrainingReport {
        intents: model.names.len(),
        examples: learned.iter().sum(),
        held_out: figures(answers),
        confusions: confusions(answers, &name),
        contradictions: contradictions(examples, &name),
        duplicates: examples
            .iter()
            .filter(|example| example.is_duplicate && !example.is_empty)
            .map(|example| Duplicate { intent: name(example.intent), text: example.text.to_owned() })
            .take(MAX_LISTED)
            .collect(),
        scarce: learned.into_iter().enumerate().filter(|(_, n)| *n < FEW_EXAMPLES).map(scarcity).collect(),
        empty: empty.into_iter().enumerate().filter(|(_, n)| *n > 0).map(scarcity).collect(),
    }
}

fn figures(answers: &[HeldOutAnswer]) -> Option<HeldOutFigures> {
    if answers.is_empty() {
        return None;
    }
    let judged: Vec<(f32, bool)> =
        answers.iter().map(|answer| (answer.confidence, answer.chosen == answer.right)).collect();
    let right = judged.iter().filter(|(_, is_right)| *is_right).count();
    Some(HeldOutFigures {
        examples: answers.len(),
        accuracy: right as f32 / answers.len() as f32,
        calibration_error: expected_calibration_error(&judged, 10),
    })
}

fn confusions(answers: &[HeldOutAnswer], name: &dyn Fn(usize) -> String) -> Vec<Confusion> {
    let mut held_out: FxHashMap<usize, usize> = FxHashMap::default();
    let mut counts: FxHashMap<(usize, usize), usize> = FxHashMap::default();
    for answer in answers {
        *held_out.entry(answer.right).or_default() += 1;
        if answer.chosen != answer.right {
            *counts.entry((answer.right, answer.chosen)).or_default() += 1;
        }
    }
    let mut counts: Vec<((usize, usize), usize)> = counts.into_iter().collect();
    counts.sort_unstable_by_key(|(pair, count)| (std::cmp::Reverse(*count), *pair));
    let confusion = |((right, chosen), count)| Confusion {
        intent: name(right),
        taken_for: name(chosen),
        count,
        of: held_out.get(&right).copied().unwrap_or(0),
    };
    counts.into_iter().take(MAX_LISTED).map(confusion).collect()
}

fn contradictions(examples: &[Read<'_>], name: &dyn Fn(usize) -> String) -> Vec<Contradiction> {
    let usable: Vec<(&Read<'_>, String, CompactEmbedding)> = examples
        .iter()
        .filter(|example| !example.is_duplicate && !example.is_empty)
        .map(|example| (example, folded(example.text), compact(&example.features)))
        .collect();
    let mut found: Vec<(f32, &Read<'_>, &Read<'_>)> = Vec::new();
    let mut first_with: FxHashMap<&str, &Read<'_>> = FxHashMap::default();
    for (example, text, _) in &usable {
        let first = *first_with.entry(text).or_insert(example);
        if first.intent != example.intent {
            found.push((1.0, first, example));
        }
    }
    // Of a large set only some are compared with all others, which is quadratic.
    let every = usable.len().div_ceil(MAX_COMPARED).max(1);
    let compared: Vec<_> = usable.iter().step_by(every).collect();
    for (at, (one, one_text, one_compact)) in compared.iter().enumerate() {
        for (other, other_text, other_compact) in compared.iter().skip(at + 1) {
            if one.intent != other.intent && one_text != other_text {
                let similarity = one_compact.cosine(other_compact).min(1.0);
                if similarity >= CONTRADICTION {
                    found.push((similarity, one, other));
                }
            }
        }
    }
    // Stable, so that equally alike pairs stay in the order of the set.
    found.sort_by(|left, right| right.0.total_cmp(&left.0));
    let contradiction = |(similarity, one, other): (f32, &Read<'_>, &Read<'_>)| Contradiction {
        text: one.text.to_owned(),
        intent: name(one.intent),
        other_text: other.text.to_owned(),
        other_intent: name(other.intent),
        similarity,
    };
    found.into_iter().take(MAX_LISTED).map(contradiction).collect()
}
