//! Emotions: the 28 classes of GoEmotions and `frustration`, which only our own messages have.

use anyhow::Context;
use pytake_understanding::heads::{ClassWeights, Weights};
use pytake_understanding::linear::Output;

use super::corpus::{Corpus, Sample, Set};
use super::fit::{self, Item, fit, platt};
use super::scores::{at_threshold, auroc};

/// The emotions that both our own messages and GoEmotions name.
const SHARED: [&str; 12] = [
    "anger",
    "annoyance",
    "confusion",
    "disappointment",
    "disgust",
    "fear",
    "gratitude",
    "joy",
    "love",
    "optimism",
    "sadness",
    "surprise",
];

/// Those that only GoEmotions names: our own messages say nothing about them.
const REDDIT_ONLY: [&str; 16] = [
    "admiration",
    "amusement",
    "approval",
    "caring",
    "curiosity",
    "desire",
    "disapproval",
    "embarrassment",
    "excitement",
    "grief",
    "nervousness",
    "neutral",
    "pride",
    "realization",
    "relief",
    "remorse",
];

/// Those that only our own messages name.
const OWN_ONLY: [&str; 1] = ["frustration"];

/// How much one of our own messages counts against one of GoEmotions.
const OWN_WEIGHT: f32 = 3.0;

const GRAM_BITS: u8 = 13;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    let own: Vec<&Sample> = corpus.of(&[Set::OwnSentiment]).collect();
    let reddit: Vec<&Sample> = corpus.of(&[Set::GoEmotions]).collect();
    let reddit_dev: Vec<&Sample> = corpus.of(&[Set::GoEmotionsDev]).collect();
    let mut classes = train_group(&SHARED, &own, &reddit, &[])?;
    classes.extend(train_group(&REDDIT_ONLY, &[], &reddit, &reddit_dev)?);
    classes.extend(train_group(&OWN_ONLY, &own, &[], &[])?);
    let weights =
        Weights::assemble(Output::AnyOf, GRAM_BITS, &classes).context("could not round the weights")?;
    Ok(weights.to_bytes())
}

/// Trains the classes that these texts are labelled with. Our own messages calibrate where they have a say,
/// else the development part of GoEmotions, as one more part that is held out.
fn train_group(
    names: &[&str],
    own: &[&Sample],
    reddit: &[&Sample],
    reddit_dev: &[&Sample],
) -> anyhow::Result<Vec<ClassWeights>> {
    let numbers = |labels: &[String]| -> Vec<u32> {
        let number = |name: &&str| labels.iter().any(|label| label == name);
        (0..).zip(names).filter(|(_, name)| number(name)).map(|(number, _)| number).collect()
    };
    let mut items = Vec::new();
    for sample in own {
        let classes = numbers(&sample.line.emotions);
        items.push(Item { view: &sample.view, classes, weight: OWN_WEIGHT, fold: Some(sample.fold) });
    }
    for sample in reddit {
        items.push(Item {
            view: &sample.view,
            classes: numbers(&sample.line.labels),
            weight: 1.0,
            fold: None,
        });
    }
    for sample in reddit_dev {
        items.push(Item {
            view: &sample.view,
            classes: numbers(&sample.line.labels),
            weight: 1.0,
            fold: Some(0),
        });
    }
    let settings = fit::settings(Output::AnyOf, names.len(), 1.0, 0.3, GRAM_BITS);
    let mut fitted = fit(&items, names, &settings)?;
    for (number, class) in fitted.classes.iter_mut().enumerate() {
        let number_u32 = u32::try_from(number).unwrap_or(u32::MAX);
        let answer = |(place, scores): &(usize, Vec<f32>)| {
            (scores[number], items[*place].classes.contains(&number_u32))
        };
        let answers: Vec<(f32, bool)> = fitted.held_out.iter().map(answer).collect();
        (class.slope, class.offset) = platt(&answers);
        let odds = |score: f32| class.slope * score + class.offset;
        let stated: Vec<(f32, bool)> =
            answers.iter().map(|(score, is_yes)| (1.0 / (1.0 + (-odds(*score)).exp()), *is_yes)).collect();
        let yes = stated.iter().filter(|(_, is_yes)| *is_yes).count();
        class.threshold = best_threshold(&stated);
        let found = at_threshold(&stated, class.threshold);
        println!(
            "{:<16} n {:>5} ({yes:>4} yes)  AUROC {:.1}  at {:.3}: precision {:.0} recall {:.0}",
            class.name,
            stated.len(),
            100.0 * auroc(&stated),
            class.threshold,
            100.0 * found.precision,
            100.0 * found.recall
        );
    }
    Ok(fitted.classes)
}

/// The threshold with the best F1, of those in steps of one fortieth.
fn best_threshold(stated: &[(f32, bool)]) -> f32 {
    let mut best = (0.0, 0.5);
    for step in 2..28_u8 {
        let threshold = f32::from(step) / 40.0;
        let found = at_threshold(stated, threshold);
        let f1 = 2.0 * found.precision * found.recall / (found.precision + found.recall).max(f32::EPSILON);
        if f1 > best.0 {
            best = (f1, threshold);
        }
    }
    best.1
}
