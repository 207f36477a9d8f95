//! Urgency: our own messages, with requests to a bank or an assistant as what can wait.

use anyhow::Context;
use pytake_understanding::heads::Weights;
use pytake_understanding::linear::Output;
use pytake_understanding::urgency::UrgencyLevel;

use super::corpus::{Corpus, Set};
use super::fit::{self, Item, fit};
use super::sentiment::{calibrated_one_of, print_one_of};

/// How much a request counts against one of our own messages.
const REQUEST_WEIGHT: f32 = 0.1;

const GRAM_BITS: u8 = 13;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    let mut items = Vec::new();
    for sample in corpus.of(&[Set::OwnSentiment]) {
        let class = sample.line.urgency.min(2);
        items.push(Item { view: &sample.view, classes: vec![class], weight: 1.0, fold: Some(sample.fold) });
    }
    for sample in corpus.of(&[Set::Requests]) {
        items.push(Item { view: &sample.view, classes: vec![0], weight: REQUEST_WEIGHT, fold: None });
    }
    let names = UrgencyLevel::ALL.map(UrgencyLevel::as_str);
    let fitted = fit(&items, &names, &fit::settings(Output::OneOf, 3, 3.0, 0.5, GRAM_BITS))?;
    let answers: Vec<(Vec<f32>, usize)> = fitted
        .held_out
        .iter()
        .map(|(place, scores)| (scores.clone(), items[*place].classes[0] as usize))
        .collect();
    let classes = calibrated_one_of(fitted.classes, &answers);
    print_one_of("own messages, held out", &classes, &answers);
    let weights =
        Weights::assemble(Output::OneOf, GRAM_BITS, &classes).context("could not round the weights")?;
    Ok(weights.to_bytes())
}
