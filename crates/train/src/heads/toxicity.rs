//! Toxicity: our own messages, HateCheck and the moderation set, against complaints and everyday requests.

use anyhow::Context;
use pytake_understanding::heads::Weights;
use pytake_understanding::linear::Output;
use pytake_understanding::toxicity::ToxicityCategory;

use super::corpus::{Corpus, Sample, Set};
use super::fit::{self, Item, fit, platt};
use super::scores::print_binary;
use super::spam::{print_false_alarms, print_groups};

const GRAM_BITS: u8 = 14;

pub(super) fn train(corpus: &Corpus) -> anyhow::Result<Vec<u8>> {
    let weight = |set: Set| match set {
        Set::OwnToxicity => 3.0,
        Set::Moderation => 1.0,
        // Many texts of few patterns.
        Set::HateCheck => 0.3,
        Set::GoEmotionsDev => 0.2,
        _ => 0.5,
    };
    let sets = [
        Set::OwnToxicity,
        Set::Moderation,
        Set::HateCheck,
        Set::OwnSentiment,
        Set::OwnIntents,
        Set::OwnInjection,
        Set::OwnSpam,
        Set::Requests,
        Set::GoEmotionsDev,
    ];
    let samples: Vec<&Sample> = corpus.of(&sets).filter(|sample| is_clear(sample)).collect();
    let items: Vec<Item<'_>> = samples
        .iter()
        .map(|sample| Item {
            view: &sample.view,
            classes: classes(sample),
            weight: weight(sample.set),
            fold: Some(sample.fold),
        })
        .collect();
    let names: Vec<&str> =
        ["abuse"].into_iter().chain(ToxicityCategory::ALL.map(ToxicityCategory::as_str)).collect();
    let mut fitted = fit(&items, &names, &fit::settings(Output::AnyOf, names.len(), 3.0, 0.8, GRAM_BITS))?;
    let calibrates = |place: usize| {
        matches!(samples[place].set, Set::OwnToxicity | Set::OwnSentiment | Set::OwnIntents | Set::Moderation)
    };
    let mut abuse = vec![0.0; items.len()];
    for (number, class) in fitted.classes.iter_mut().enumerate() {
        let number_u32 = u32::try_from(number).unwrap_or(u32::MAX);
        let answer = |(place, scores): &(usize, Vec<f32>)| {
            (*place, scores[number], items[*place].classes.contains(&number_u32))
        };
        let answers: Vec<(usize, f32, bool)> = fitted.held_out.iter().map(answer).collect();
        let calibrating: Vec<(f32, bool)> = answers
            .iter()
            .filter(|(place, ..)| calibrates(*place))
            .map(|(_, score, is_yes)| (*score, *is_yes))
            .collect();
        (class.slope, class.offset) = platt(&calibrating);
        let probability = |score: f32| 1.0 / (1.0 + (-(class.slope * score + class.offset)).exp());
        let all: Vec<(f32, bool)> =
            calibrating.iter().map(|(score, is_yes)| (probability(*score), *is_yes)).collect();
        print_binary(&class.name, &all, &[0.3, 0.5, 0.7]);
        if number == 0 {
            for (place, score, _) in &answers {
                abuse[*place] = probability(*score);
            }
        }
    }
    let groups =
        [("own toxicity", Set::OwnToxicity), ("HateCheck", Set::HateCheck), ("moderation", Set::Moderation)];
    print_groups(&samples, &abuse, &groups, |sample| !classes(sample).is_empty());
    let harmless = [
        Set::OwnSentiment,
        Set::OwnIntents,
        Set::OwnSpam,
        Set::OwnInjection,
        Set::Requests,
        Set::GoEmotionsDev,
    ];
    print_false_alarms(&samples, &abuse, &harmless);
    let weights = Weights::assemble(Output::AnyOf, GRAM_BITS, &fitted.classes)
        .context("could not round the weights")?;
    Ok(weights.to_bytes())
}

/// Reddit has no label for abuse: only what shows no hostile emotion counts as harmless.
fn is_clear(sample: &Sample) -> bool {
    const HOSTILE: [&str; 4] = ["anger", "annoyance", "disgust", "disapproval"];
    sample.set != Set::GoEmotionsDev
        || !sample.line.labels.iter().any(|label| HOSTILE.contains(&label.as_str()))
}

/// The classes of a text: 0 is abuse, the others are those of [`ToxicityCategory::ALL`].
fn classes(sample: &Sample) -> Vec<u32> {
    let line = &sample.line;
    let named: Vec<&str> = match sample.set {
        Set::OwnToxicity => line.categories.iter().map(String::as_str).collect(),
        Set::HateCheck => by_functionality(&line.functionality, &line.label),
        Set::Moderation => line.labels.iter().filter_map(|label| by_moderation_label(label)).collect(),
        _ => Vec::new(),
    };
    let is_toxic = !named.is_empty() || (sample.set == Set::OwnToxicity && line.label == "toxic");
    let mut classes = if is_toxic { vec![0] } else { Vec::new() };
    for (number, category) in (1..).zip(ToxicityCategory::ALL) {
        if named.contains(&category.as_str()) {
            classes.push(number);
        }
    }
    classes
}

/// HateCheck asks only for hate against protected groups; abuse of a person is harassment to us.
fn by_functionality(functionality: &str, label: &str) -> Vec<&'static str> {
    match functionality {
        "target_indiv_nh" | "target_group_nh" => vec!["harassment"],
        threat if threat.starts_with("threat_") => vec!["hate", "violence"],
        _ if label == "hateful" => vec!["hate"],
        _ => Vec::new(),
    }
}

fn by_moderation_label(label: &str) -> Option<&'static str> {
    match label {
        "S" | "S3" => Some("sexual"),
        "H" | "H2" => Some("hate"),
        "V" | "V2" => Some("violence"),
        "HR" => Some("harassment"),
        "SH" => Some("self_harm"),
        _ => None,
    }
}
