//! Prompt injection: published attacks and our own, against texts that only use their words.

use pytake_understanding::linear::Output;

use super::corpus::{Corpus, Sample, Set};
use super::fit::{self, Item};
use super::spam::{print_false_alarms, print_groups, train_one, yes_or_no};

const GRAM_BITS: u8 = 16;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    // Harmless texts that look like attacks are few and must not be flagged: they count more.
    let weight = |set: Set| match set {
        Set::NotInject => 3.0,
        Set::OwnInjection => 2.0,
        Set::Deepset | Set::PiGuard => 1.0,
        _ => 0.5,
    };
    let sets = [
        Set::NotInject,
        Set::OwnInjection,
        Set::Deepset,
        Set::PiGuard,
        Set::OwnSentiment,
        Set::OwnIntents,
        Set::OwnSpam,
        Set::OwnToxicity,
        Set::Requests,
    ];
    let samples: Vec<&Sample> = corpus.of(&sets).collect();
    let is_yes = |sample: &Sample| sample.line.label == "injection";
    let items: Vec<Item<'_>> =
        samples.iter().map(|sample| yes_or_no(sample, is_yes(sample), weight(sample.set))).collect();
    let settings = fit::settings(Output::AnyOf, 1, 10.0, 2.0, GRAM_BITS);
    let (bytes, scores) = train_one(&items, "injection", &settings, |place| {
        matches!(samples[place].set, Set::Deepset | Set::NotInject | Set::OwnInjection)
    })?;
    let groups = [
        ("deepset", Set::Deepset),
        ("NotInject", Set::NotInject),
        ("PIGuard", Set::PiGuard),
        ("own injection", Set::OwnInjection),
    ];
    print_groups(&samples, &scores, &groups, is_yes);
    let harmless = [Set::OwnSentiment, Set::OwnIntents, Set::OwnSpam, Set::OwnToxicity, Set::Requests];
    print_false_alarms(&samples, &scores, &harmless);
    Ok(bytes)
}
