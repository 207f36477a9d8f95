//! What the device says about labelled lines.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use pytake_understanding::embedding::Shipped;
use pytake_understanding::entities::{self, Context};
use pytake_understanding::filter::{Category, ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::intents::{self, Intent, IntentModel, IntentSet};
use pytake_understanding::language::Language;
use pytake_understanding::message::Message;
use pytake_understanding::{emotion, injection, sentiment, spam, toxicity};

use crate::error::EvaluationError;
use crate::figures::{Figures, OUT_OF_SCOPE, Prediction, Times, score};
use crate::lines::{self, Gold, GoldSpan, Line};
use crate::task::{Options, Task};

/// Scores a file.
///
/// # Errors
/// What is wrong with which line of which file, or with the examples of the intents.
pub fn score_file(task: Task, path: &Path, options: &Options) -> Result<Figures, EvaluationError> {
    let questions = lines::read(path, task)?;
    let examples = match &options.train {
        Some(path) => {
            let most = options.per_class.unwrap_or(usize::MAX);
            Some(lines::first_of_each(lines::read(path, Task::Intent)?, most).0)
        }
        None => None,
    };
    score_lines(task, &questions, examples.as_deref(), &options.positive)
}

/// Scores lines; `examples` are those of the intents, without them the built-in ones are meant.
///
/// # Errors
/// As [`score_file`].
#[expect(clippy::disallowed_methods, reason = "how long it takes is one of the figures")]
pub fn score_lines(
    task: Task,
    questions: &[Line],
    examples: Option<&[Line]>,
    positive: &[String],
) -> Result<Figures, EvaluationError> {
    let started = Instant::now();
    let (said, times) = predict(task, questions, examples)?;
    let mut figures = score(task, questions, &said, positive);
    figures.per_message_us = Times::of(times);
    figures.seconds = started.elapsed().as_secs_f64();
    Ok(figures)
}

/// What the device says about each line, and how many microseconds each took.
///
/// # Errors
/// When no model can be made of the examples.
pub fn predict(
    task: Task,
    questions: &[Line],
    examples: Option<&[Line]>,
) -> Result<(Vec<Prediction>, Vec<f64>), EvaluationError> {
    Ok(match task {
        Task::Intent => intents(questions, examples)?,
        Task::Sentiment => timed(questions, |message, _| {
            let found = sentiment::read(&View::of(message));
            label(found.polarity.as_str(), found.confidence())
        }),
        Task::Emotion => emotions(questions),
        Task::Language => timed(questions, |message, _| {
            let guess = message.language();
            label(guess.language.map_or(lines::OTHER_LANGUAGE, Language::code), guess.confidence)
        }),
        Task::Toxicity => timed(questions, |message, _| {
            let head = toxicity::read(&View::of(message));
            let by_rule = has(message, &ATTACKS);
            flag(by_rule || head.is_flagged(FilterLevel::Strict), head.score_at(FilterLevel::Strict), by_rule)
        }),
        Task::Spam => timed(questions, |message, _| {
            let head = spam::read(&View::of(message));
            let by_rule = has(message, &[Category::Spam]);
            flag(by_rule || head.flagged, head.score, by_rule)
        }),
        Task::Injection => timed(questions, |message, _| {
            let by_rule = has(message, &[Category::PromptInjection]);
            let head = injection::read(&View::of(message), by_rule);
            flag(head.flagged, head.score, by_rule)
        }),
        Task::Entity => timed(questions, |message, line| Prediction::Spans(entities_of(message, line))),
    })
}

/// The filter's categories that are attacks, see `pytake_assistant::analysis`.
const ATTACKS: [Category; 6] = [
    Category::Violence,
    Category::Sexual,
    Category::Minors,
    Category::Hate,
    Category::Harassment,
    Category::SelfHarm,
];

#[expect(clippy::disallowed_methods, reason = "how long it takes is one of the figures")]
fn timed(
    questions: &[Line],
    mut ask: impl FnMut(&Message<'_>, &Line) -> Prediction,
) -> (Vec<Prediction>, Vec<f64>) {
    let mut times = Vec::with_capacity(questions.len());
    let said = questions.iter().map(|line| {
        let started = Instant::now();
        let said = ask(&Message::new(&line.text), line);
        times.push(started.elapsed().as_secs_f64() * 1e6);
        said
    });
    let said = said.collect();
    (said, times)
}

fn label(label: &str, confidence: f32) -> Prediction {
    Prediction::Label { label: label.to_owned(), confidence: Some(confidence), in_scope: None }
}

/// A rule has no probability; for ranking it stands above every score of a head.
fn flag(flagged: bool, score: f32, by_rule: bool) -> Prediction {
    Prediction::Flag { flagged, score: Some(if by_rule { 1.0 } else { score }) }
}

fn has(message: &Message<'_>, categories: &[Category]) -> bool {
    let verdict = ContentFilter::new(FilterLevel::Strict).check_inbound_words(message.unmasked());
    verdict.categories().iter().any(|category| categories.contains(category))
}

fn intents(
    questions: &[Line],
    examples: Option<&[Line]>,
) -> Result<(Vec<Prediction>, Vec<f64>), EvaluationError> {
    let trained = match examples {
        Some(examples) => Some(train(examples)?),
        None => None,
    };
    let model = trained.as_ref().unwrap_or_else(|| intents::built_in());
    // Where nothing is out of scope, the question is which of the intents it is.
    let may_refuse = questions.iter().any(|line| line.gold.label() == Some(OUT_OF_SCOPE));
    Ok(timed(questions, |message, _| {
        let choice = model.choose(message);
        let likeliest = choice.alternatives.first().filter(|_| !may_refuse).map(|other| other.intent.clone());
        let label = choice.intent.clone().or(likeliest).unwrap_or_else(|| OUT_OF_SCOPE.to_owned());
        Prediction::Label { label, confidence: Some(choice.confidence), in_scope: Some(choice.scope) }
    }))
}

fn train(examples: &[Line]) -> Result<IntentModel, EvaluationError> {
    let mut intents: Vec<Intent> = Vec::new();
    // Examples of nothing are no examples of an intent.
    for line in examples.iter().filter(|line| line.gold.label() != Some(OUT_OF_SCOPE)) {
        let Gold::Label(label) = &line.gold else { continue };
        match intents.iter_mut().find(|intent| intent.name == *label) {
            Some(intent) => intent.examples.push(line.text.clone()),
            None => intents.push(Intent { examples: vec![line.text.clone()], ..Intent::named(label) }),
        }
    }
    let trained = IntentModel::train(&IntentSet { intents }, &Shipped);
    trained.map(|(model, _)| model).map_err(|error| EvaluationError::Training(error.to_string()))
}

/// The emotions of the file: the likeliest where each line has one, else all that are probable enough.
fn emotions(questions: &[Line]) -> (Vec<Prediction>, Vec<f64>) {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    let mut is_single = true;
    for line in questions {
        match &line.gold {
            Gold::Label(label) => drop(names.insert(label)),
            Gold::Labels(labels) => {
                is_single = false;
                names.extend(labels.iter().map(String::as_str));
            }
            Gold::Spans(_) => {}
        }
    }
    timed(questions, |message, _| {
        let found = emotion::read(&View::of(message));
        let mut scored: Vec<(&str, f32)> =
            names.iter().map(|name| (*name, found.strength(name).unwrap_or(0.0))).collect();
        scored.sort_by(|a, b| b.1.total_cmp(&a.1));
        if is_single {
            scored.truncate(1);
        } else {
            // The strength is the probability in units of the emotion's own threshold.
            scored.retain(|(_, strength)| *strength >= 1.0);
        }
        Prediction::Labels(scored.into_iter().map(|(name, _)| name.to_owned()).collect())
    })
}

fn entities_of(message: &Message<'_>, line: &Line) -> Vec<GoldSpan> {
    let language = line.language.as_deref().and_then(Language::from_code).or(message.language().language);
    let context = Context {
        language: language.map(entities::Language::from),
        now: line.written_at.as_deref().and_then(|at| at.parse().ok()),
        ..Context::default()
    };
    let characters = |byte: usize| message.text().get(..byte).map_or(0, |before| before.chars().count());
    let span = |entity: &entities::Entity<'_>| GoldSpan {
        start: characters(entity.start),
        end: characters(entity.end),
        kind: entity.kind.as_str().to_owned(),
    };
    entities::find(message.text(), &context).iter().map(span).collect()
}
