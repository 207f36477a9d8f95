//! Spam: the SMS collection and our own messages, against ordinary requests and complaints.

use pytake_understanding::linear::Output;

use super::corpus::{Corpus, Sample, Set};
use super::fit::{self, Item};
use super::scores::print_binary;

const GRAM_BITS: u8 = 15;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    let weight = |set: Set| match set {
        Set::OwnSpam => 3.0,
        Set::Sms => 1.0,
        _ => 0.5,
    };
    let sets = [Set::OwnSpam, Set::Sms, Set::OwnSentiment, Set::OwnIntents, Set::OwnToxicity, Set::Requests];
    let samples: Vec<&Sample> = corpus.of(&sets).collect();
    let items: Vec<Item<'_>> = samples
        .iter()
        .map(|sample| yes_or_no(sample, sample.line.label == "spam", weight(sample.set)))
        .collect();
    let settings = fit::settings(Output::AnyOf, 1, 10.0, 2.0, GRAM_BITS);
    let (bytes, scores) = train_one(&items, "spam", &settings, |place| {
        matches!(samples[place].set, Set::OwnSpam | Set::OwnIntents | Set::OwnSentiment | Set::Sms)
    })?;
    print_groups(&samples, &scores, &[("SMS", Set::Sms), ("own spam", Set::OwnSpam)], |sample| {
        sample.line.label == "spam"
    });
    print_false_alarms(
        &samples,
        &scores,
        &[Set::OwnSentiment, Set::OwnIntents, Set::OwnToxicity, Set::Requests],
    );
    Ok(bytes)
}

/// An item of a head with one class.
pub(super) fn yes_or_no(sample: &Sample, is_yes: bool, weight: f32) -> Item<'_> {
    let classes = if is_yes { vec![0] } else { Vec::new() };
    Item { view: &sample.view, classes, weight, fold: Some(sample.fold) }
}

/// Trains a head of one class; `calibrates` says which held-out items stand for what the product meets.
///
/// Answers the file and the held-out probability of each item.
pub(super) fn train_one(
    items: &[Item<'_>],
    name: &str,
    settings: &pytake_understanding::linear::Settings,
    calibrates: impl Fn(usize) -> bool,
) -> anyhow::Result<(Vec<u8>, Vec<f32>)> {
    let mut fitted = fit::fit(items, &[name], settings)?;
    let is_yes = |place: usize| !items[place].classes.is_empty();
    let answers: Vec<(f32, bool)> = fitted
        .held_out
        .iter()
        .filter(|(place, _)| calibrates(*place))
        .map(|(place, scores)| (scores[0], is_yes(*place)))
        .collect();
    let (slope, offset) = fit::platt(&answers);
    for class in &mut fitted.classes {
        (class.slope, class.offset) = (slope, offset);
    }
    let weights =
        pytake_understanding::heads::Weights::assemble(settings.output, settings.gram_bits, &fitted.classes)?;
    let mut probabilities = vec![0.0; items.len()];
    for (place, scores) in &fitted.held_out {
        probabilities[*place] = 1.0 / (1.0 + (-(slope * scores[0] + offset)).exp());
    }
    let stated: Vec<(f32, bool)> = (0..items.len())
        .filter(|place| calibrates(*place))
        .map(|place| {
            let p = probabilities[place];
            (p.max(1.0 - p), (p >= 0.5) == is_yes(place))
        })
        .collect();
    let error = pytake_understanding::linear::calibration::expected_calibration_error(&stated, 10);
    println!("{:<28} n {:>5}  ECE {:.1}", "calibration", stated.len(), 100.0 * error);
    Ok((weights.to_bytes(), probabilities))
}

/// Thresholds at which held-out figures are printed.
const THRESHOLDS: [f32; 5] = [0.3, 0.5, 0.6, 0.7, 0.9];

pub(super) fn print_groups(
    samples: &[&Sample],
    scores: &[f32],
    groups: &[(&str, Set)],
    is_yes: impl Fn(&Sample) -> bool,
) {
    for (name, set) in groups {
        let answers: Vec<(f32, bool)> = samples
            .iter()
            .zip(scores)
            .filter(|(sample, _)| sample.set == *set)
            .map(|(sample, score)| (*score, is_yes(sample)))
            .collect();
        print_binary(name, &answers, &THRESHOLDS);
    }
}

pub(super) fn print_false_alarms(samples: &[&Sample], scores: &[f32], sets: &[Set]) {
    for set in sets {
        let of_set: Vec<f32> = samples
            .iter()
            .zip(scores)
            .filter(|(sample, _)| sample.set == *set)
            .map(|(_, score)| *score)
            .collect();
        let share = |threshold: f32| {
            100.0 * of_set.iter().filter(|score| **score >= threshold).count() as f32
                / of_set.len().max(1) as f32
        };
        let shares: Vec<String> = THRESHOLDS.iter().map(|t| format!("{t:.1}: {:.2}", share(*t))).collect();
        println!("{:<28} n {:>5}  false alarms % at {}", format!("{set:?}"), of_set.len(), shares.join("  "));
    }
}
