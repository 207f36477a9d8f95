//! Trains the built-in intents, and says how right they are about messages they have not seen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use pytake_understanding::built_in::{self, OUT_OF_SCOPE};
use pytake_understanding::embedding::Shipped;
use pytake_understanding::intents::{Intent, IntentModel, IntentSet, IntentSpace};
use pytake_understanding::message::Message;

use crate::examples::{Example, LANGUAGES, read};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the examples.
    #[arg(long, default_value = "crates/train/data/intents")]
    data: PathBuf,
    /// The file to write.
    #[arg(long, default_value = "crates/understanding/data/intents.model")]
    out: PathBuf,
    /// The file of the space to write, which helps a tenant's own intents.
    #[arg(long, default_value = "crates/understanding/data/intents.space")]
    space: PathBuf,
    /// Only the files, without the minutes of measuring.
    #[arg(long)]
    without_figures: bool,
}

/// Rounds of cross-validation: every message is asked once, of a model that has not seen it.
const FOLDS: usize = 5;

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let examples = read(&arguments.data, "examples")?;
    let all: Vec<&Example> = examples.iter().collect();
    let space = IntentSpace::train(&set(&all)?, &Shipped)?.to_bytes();
    write(&arguments.space, &space)?;
    if !arguments.without_figures {
        measure(arguments, &examples)?;
    }
    let (model, report) = IntentModel::train_alone(&set(&all)?, &Shipped)?;
    println!("contradictions: {}, duplicates: {}", report.contradictions.len(), report.duplicates.len());
    write(&arguments.out, &model.to_bytes())
}

/// Asks every message of a model that has not seen it and prints how right the answers are.
fn measure(arguments: &Arguments, examples: &[Example]) -> anyhow::Result<()> {
    let outside = read(&arguments.data, "out_of_scope")?;
    let mut asked = Vec::new();
    for round in 0..FOLDS {
        let known: Vec<&Example> = not_of_round(examples, round, false);
        let (model, _) = IntentModel::train_alone(&set(&known)?, &Shipped)?;
        let unknown =
            not_of_round(examples, round, true).into_iter().chain(outside.iter().skip(round).step_by(FOLDS));
        for example in unknown {
            let choice = model.choose(&Message::new(&example.text));
            let is_right = choice.name() == example.label;
            asked.push((example, choice, is_right));
        }
    }
    print_figures(
        &asked
            .iter()
            .map(|(example, choice, is_right)| (*example, choice.confidence, *is_right))
            .collect::<Vec<_>>(),
    );
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))?;
    println!("{} bytes to {}", bytes.len(), path.display());
    Ok(())
}

/// Examples by their place among those of their intent and language.
fn not_of_round(examples: &[Example], round: usize, is_asked: bool) -> Vec<&Example> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    examples
        .iter()
        .filter(|example| {
            let place = places.entry((&example.label, example.language)).or_default();
            *place += 1;
            (*place % FOLDS == round) == is_asked
        })
        .collect()
}

fn set(examples: &[&Example]) -> anyhow::Result<IntentSet> {
    let mut intents: Vec<Intent> = built_in::intents()
        .iter()
        .map(|intent| Intent {
            name: intent.name.clone(),
            description: intent.description.clone(),
            examples: Vec::new(),
        })
        .collect();
    for example in examples {
        let intent = intents.iter_mut().find(|intent| intent.name == example.label);
        let intent = intent.with_context(|| format!("there is no intent {:?}", example.label))?;
        intent.examples.push(example.text.clone());
    }
    Ok(IntentSet { intents })
}

/// Accuracy by language, what is recognised as out of scope, and what a threshold on the confidence leaves to a model.
fn print_figures(asked: &[(&Example, f32, bool)]) {
    let share = |of: &dyn Fn(&(&Example, f32, bool)) -> bool| {
        let chosen: Vec<_> = asked.iter().filter(|one| of(one)).collect();
        let right = chosen.iter().filter(|(_, _, is_right)| *is_right).count();
        (100.0 * right as f64 / chosen.len().max(1) as f64, chosen.len())
    };
    for language in LANGUAGES {
        let (accuracy, n) = share(&|one| one.0.language == language && one.0.label != OUT_OF_SCOPE);
        let (outside, outside_n) = share(&|one| one.0.language == language && one.0.label == OUT_OF_SCOPE);
        println!(
            "{language}: {accuracy:.1} % right of {n}; {outside:.1} % of {outside_n} recognised as out of scope"
        );
    }
    println!("asked below  of messages  right of the rest");
    for step in 0_u8..=9 {
        let threshold = f32::from(step) / 10.0;
        let below = asked.iter().filter(|one| one.1 < threshold).count();
        let (accuracy, _) = share(&|one| one.1 >= threshold);
        println!(
            "{threshold:>11.1}  {:>9.1} %  {accuracy:>13.1} %",
            100.0 * below as f64 / asked.len().max(1) as f64
        );
    }
}
