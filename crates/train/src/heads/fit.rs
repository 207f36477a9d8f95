//! Trains classes and calibrates them on texts that a model trained on the others had not seen.

use anyhow::Context;
use pytake_understanding::features::Features;
use pytake_understanding::heads::{ClassWeights, View};
use pytake_understanding::linear::{Example, Output, Settings, train};

/// Into how many parts the texts are cut; each is scored by a model that was trained on the others.
pub(super) const FOLDS: u32 = 5;

/// A text with its classes, for one head.
pub(super) struct Item<'a> {
    pub(super) view: &'a View,
    pub(super) classes: Vec<u32>,
    /// How much it counts in training.
    pub(super) weight: f32,
    /// The part in which it is held out; `None` for texts that always train and never calibrate.
    pub(super) fold: Option<u32>,
}

/// What was trained.
pub(super) struct Fitted {
    pub(super) classes: Vec<ClassWeights>,
    /// Scores of the held-out texts: the place of the item and the score of each class, not calibrated.
    pub(super) held_out: Vec<(usize, Vec<f32>)>,
}

/// Trains the classes on all items, and on all but a part in turn to score that part.
pub(super) fn fit(items: &[Item<'_>], names: &[&str], settings: &Settings) -> anyhow::Result<Fitted> {
    let mut held_out = Vec::new();
    for fold in 0..FOLDS {
        let is_out = |item: &Item<'_>| item.fold == Some(fold);
        if !items.iter().any(is_out) {
            continue;
        }
        let model =
            train(&examples(items, |item| !is_out(item)), settings).context("could not train a part")?;
        for (place, item) in items.iter().enumerate().filter(|(_, item)| is_out(item)) {
            held_out.push((place, model.scores(item.view.features())));
        }
    }
    held_out.sort_by_key(|(place, _)| *place);
    let model = train(&examples(items, |_| true), settings).context("could not train")?;
    let classes = (0..)
        .zip(names)
        .map(|(class, name)| ClassWeights::of(&model, class, name, settings.gram_bits))
        .collect();
    Ok(Fitted { classes, held_out })
}

fn examples<'a>(items: &'a [Item<'a>], trains: impl Fn(&Item<'_>) -> bool) -> Vec<Example<'a>> {
    let example = |item: &'a Item<'a>| {
        let features: &'a Features = item.view.features();
        Example { features, classes: item.classes.clone(), weight: item.weight }
    };
    items.iter().filter(|item| trains(item)).map(example).collect()
}

/// So often is each text looked at: 30 passes moved no AUROC of a GoEmotions class by more than 0.3 points.
const PASSES: u32 = 10;

/// Settings that all heads share; `strength` and grams are chosen per head on its held-out parts.
pub(super) fn settings(
    output: Output,
    classes: usize,
    strength: f32,
    gram_scale: f32,
    gram_bits: u8,
) -> Settings {
    let defaults = Settings::new(output, classes);
    Settings { strength, gram_scale, gram_bits, gram_min_examples: 2, passes: PASSES, ..defaults }
}

/// Platt's slope and offset (1999): makes held-out scores of one yes-or-no class believable.
///
/// Newton's method on the logistic loss, with a little ridge so that it always ends.
pub(super) fn platt(answers: &[(f32, bool)]) -> (f32, f32) {
    let (mut slope, mut offset) = (1.0_f64, 0.0_f64);
    for _ in 0..50 {
        let (mut gs, mut go, mut ss, mut so, mut oo) = (1e-3 * (slope - 1.0), 1e-3 * offset, 1e-3, 0.0, 1e-3);
        for (score, right) in answers {
            let score = f64::from(*score);
            let p = 1.0 / (1.0 + (-(slope * score + offset)).exp());
            let miss = p - f64::from(u8::from(*right));
            let spread = (p * (1.0 - p)).max(1e-9);
            gs += miss * score;
            go += miss;
            ss += spread * score * score;
            so += spread * score;
            oo += spread;
        }
        let determinant = (ss * oo - so * so).max(1e-12);
        slope -= ((oo * gs - so * go) / determinant).clamp(-1.0, 1.0);
        offset -= ((ss * go - so * gs) / determinant).clamp(-2.0, 2.0);
    }
    narrow(slope.max(0.05), offset)
}

/// One slope for all classes and an offset each: makes held-out scores of exactly one class believable.
///
/// Alternates the temperature's gradient with the offsets that make mean probabilities those of the labels.
pub(super) fn calibrate_one_of(answers: &[(Vec<f32>, usize)], classes: usize) -> (f32, Vec<f32>) {
    let mut slope = 1.0_f64;
    let mut offsets = vec![0.0_f64; classes];
    for _ in 0..400 {
        let mut pull = 0.0_f64;
        let mut curve = 1e-9_f64;
        let mut stated = vec![1e-9_f64; classes];
        let mut found = vec![1e-9_f64; classes];
        for (scores, right) in answers {
            let odds: Vec<f64> = scores
                .iter()
                .zip(&offsets)
                .map(|(score, offset)| slope * f64::from(*score) + offset)
                .collect();
            let highest = odds.iter().copied().fold(f64::MIN, f64::max);
            let sum: f64 = odds.iter().map(|odds| (odds - highest).exp()).sum();
            let (mut mean, mut square) = (0.0, 0.0);
            for (class, (odds, score)) in odds.iter().zip(scores).enumerate() {
                let p = (odds - highest).exp() / sum;
                stated[class] += p;
                mean += p * f64::from(*score);
                square += p * f64::from(*score).powi(2);
            }
            found[*right] += 1.0;
            pull += mean - f64::from(scores[*right]);
            curve += square - mean * mean;
        }
        slope = (slope - 0.5 * pull / curve).max(0.05);
        for ((offset, stated), found) in offsets.iter_mut().zip(&stated).zip(&found) {
            *offset += 0.5 * (found / stated).ln();
        }
    }
    let (slope, _) = narrow(slope, 0.0);
    (slope, offsets.into_iter().map(|offset| narrow(0.0, offset).1).collect())
}

#[expect(clippy::cast_possible_truncation, reason = "slopes and offsets are small numbers")]
fn narrow(slope: f64, offset: f64) -> (f32, f32) {
    (slope as f32, offset as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platt_finds_what_turned_odds_into_scores() {
        // Odds are 2 * score - 1; the label is drawn by a fixed sequence of even steps.
        let answers: Vec<(f32, bool)> = (0..4_000_u32)
            .map(|n| {
                let score = (n % 40) as f32 * 0.1 - 2.0;
                let p = 1.0 / (1.0 + (-(2.0 * score - 1.0)).exp());
                (score, ((n / 40) as f32 + 0.5) / 100.0 < p)
            })
            .collect();
        let (slope, offset) = platt(&answers);
        assert!((slope - 2.0).abs() < 0.1 && (offset + 1.0).abs() < 0.1, "{slope} {offset}");
    }

    #[test]
    fn one_class_that_is_always_right_does_not_diverge() {
        let (slope, offset) = platt(&[(1.0, true), (2.0, true)]);
        assert!(slope.is_finite() && offset.is_finite());
        let (slope, offsets) = calibrate_one_of(&[(vec![1.0, 0.0], 0)], 2);
        assert!(slope.is_finite() && offsets.iter().all(|offset| offset.is_finite()));
    }
}
