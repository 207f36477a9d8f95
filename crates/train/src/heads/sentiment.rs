//! Sentiment: GoEmotions by the stance of its emotions, and our own messages in three languages.

use anyhow::Context;
use pytake_understanding::heads::{ClassWeights, Weights};
use pytake_understanding::linear::Output;
use pytake_understanding::linear::calibration::{expected_calibration_error, temperature};
use pytake_understanding::sentiment::Polarity;

use super::corpus::{Corpus, Sample, Set};
use super::fit::{self, Item, fit};
use super::scores::table;

const POSITIVE: [&str; 12] = [
    "admiration",
    "amusement",
    "approval",
    "caring",
    "desire",
    "excitement",
    "gratitude",
    "joy",
    "love",
    "optimism",
    "pride",
    "relief",
];
const NEGATIVE: [&str; 11] = [
    "anger",
    "annoyance",
    "disappointment",
    "disapproval",
    "disgust",
    "embarrassment",
    "fear",
    "grief",
    "nervousness",
    "remorse",
    "sadness",
];

/// How much one of our own messages counts against one of GoEmotions. More is better on our own messages and worse
/// on tweets in Portuguese and Spanish: macro-F1 own 80.0, UMSAB en/pt/es 59.4/58.6/55.3 at 3 with strength 1;
/// own 74.1, UMSAB 58.0/59.5/57.5 at 1 with strength 0.3. This lies between.
const OWN_WEIGHT: f32 = 2.0;

/// How much a request to a bank or an assistant counts: they are many, alike, and all neutral.
const REQUEST_WEIGHT: f32 = 0.1;

const GRAM_BITS: u8 = 15;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    let mut items = own(corpus);
    let reddit: Vec<(&Sample, u32)> = corpus
        .of(&[Set::GoEmotions])
        .filter_map(|sample| Some((sample, stance(&sample.line.labels)?)))
        .collect();
    let mut counts = [0.0_f32; 3];
    for (_, class) in &reddit {
        counts[*class as usize] += 1.0;
    }
    for (sample, class) in &reddit {
        // Each stance counts the same in all, so that the head does not learn how Reddit is mixed.
        let weight = reddit.len() as f32 / (3.0 * counts[*class as usize]);
        items.push(Item { view: &sample.view, classes: vec![*class], weight, fold: None });
    }
    for sample in corpus.of(&[Set::Requests]) {
        items.push(Item { view: &sample.view, classes: vec![1], weight: REQUEST_WEIGHT, fold: None });
    }
    let names = Polarity::ALL.map(Polarity::as_str);
    let fitted = fit(&items, &names, &fit::settings(Output::OneOf, 3, 0.3, 0.3, GRAM_BITS))?;
    let answers: Vec<(Vec<f32>, usize)> = fitted
        .held_out
        .iter()
        .map(|(place, scores)| (scores.clone(), items[*place].classes[0] as usize))
        .collect();
    // The temperature alone: offsets would fit how our own messages are mixed.
    let mut classes = fitted.classes;
    let temperature = temperature(&answers);
    for class in &mut classes {
        class.slope = 1.0 / temperature;
    }
    print_one_of("own messages, held out", &classes, &answers);
    let weights =
        Weights::assemble(Output::OneOf, GRAM_BITS, &classes).context("could not round the weights")?;
    Ok(weights.to_bytes())
}

fn own(corpus: &Corpus) -> Vec<Item<'_>> {
    let item = |sample: &'_ Sample| {
        let class = Polarity::ALL.iter().position(|polarity| polarity.as_str() == sample.line.label)?;
        Some((u32::try_from(class).ok()?, sample.fold))
    };
    corpus
        .of(&[Set::OwnSentiment])
        .filter_map(|sample| {
            let (class, fold) = item(sample)?;
            Some(Item { view: &sample.view, classes: vec![class], weight: OWN_WEIGHT, fold: Some(fold) })
        })
        .collect()
}

/// The stance of a set of emotions: the one they agree on; what is neither good nor bad is neutral; `None` for both.
fn stance(labels: &[String]) -> Option<u32> {
    let any = |names: &[&str]| labels.iter().any(|label| names.contains(&label.as_str()));
    match (any(&NEGATIVE), any(&POSITIVE)) {
        (true, true) => None,
        (true, false) => Some(0),
        (false, false) => Some(1),
        (false, true) => Some(2),
    }
}

/// Classes with the slope and offsets that fit held-out scores.
pub(super) fn calibrated_one_of(
    mut classes: Vec<ClassWeights>,
    answers: &[(Vec<f32>, usize)],
) -> Vec<ClassWeights> {
    let (slope, offsets) = fit::calibrate_one_of(answers, classes.len());
    for (class, offset) in classes.iter_mut().zip(offsets) {
        (class.slope, class.offset) = (slope, offset);
    }
    classes
}

/// Prints accuracy, macro-F1 and calibration error of held-out scores.
pub(super) fn print_one_of(name: &str, classes: &[ClassWeights], answers: &[(Vec<f32>, usize)]) {
    let mut pairs = Vec::new();
    let mut confidences = Vec::new();
    for (scores, right) in answers {
        let odds: Vec<f32> =
            scores.iter().zip(classes).map(|(score, class)| class.slope * score + class.offset).collect();
        let highest = odds.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = odds.iter().map(|odds| (odds - highest).exp()).sum();
        let choice = odds.iter().position(|odds| *odds >= highest).unwrap_or(0);
        pairs.push((*right, choice));
        confidences.push((1.0 / sum, choice == *right));
    }
    let found = table(&pairs, classes.len());
    println!(
        "{name:<28} n {:>5}  accuracy {:.1}  macro-F1 {:.1}  ECE {:.1}",
        answers.len(),
        100.0 * found.accuracy,
        100.0 * found.macro_f1,
        100.0 * expected_calibration_error(&confidences, 10)
    );
}
