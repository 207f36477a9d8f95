//! Measures how approved answers are found, and fits the probability that the first one is right.
//!
//! The messages are those of `support-intents`, which have trained nothing that is shipped. In six rounds every second
//! of its 14 matters becomes an entry with two questions of one language; all other messages, in three languages, are
//! asked, and the messages of `data/intents` that no intent fits. Those of matters without an entry must find nothing.

use std::path::PathBuf;

use anyhow::Context;
use pytake_understanding::message::Message;
use pytake_understanding::retrieval::{ANSWER_FROM, ASK_FROM, AnswerIndex, Candidates, Document, Meaning};
use serde::Deserialize;

use crate::examples::{LANGUAGES, read};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The messages of the matters.
    #[arg(long, default_value = "../shared/data/nlu/support-intents/train.jsonl")]
    support: PathBuf,
    /// The folder of the built-in intents' messages.
    #[arg(long, default_value = "crates/train/data/intents")]
    data: PathBuf,
}

/// A message with its matter.
#[derive(Debug, Clone, Deserialize)]
struct Asking {
    text: String,
    label: String,
    lang: String,
}

/// Questions of an entry: what a business writes.
const QUESTIONS: usize = 2;
/// Full-batch steps of the regression over three numbers; it has long stopped moving by then.
const STEPS: usize = 20_000;

/// One asked message, and what was found.
struct Asked {
    language: String,
    found: Candidates,
    /// The entry it should find; `None`: there is none.
    entry: Option<usize>,
}

impl Asked {
    fn is_right(&self) -> bool {
        self.entry.is_some() && self.found.entries.first().map(|first| first.document) == self.entry
    }

    fn score_and_lead(&self) -> (f64, f64) {
        let score = |at: usize| self.found.entries.get(at).map_or(0.0, |entry| f64::from(entry.score));
        (score(0), score(0) - score(1))
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(&arguments.support)
        .with_context(|| format!("could not read {}", arguments.support.display()))?;
    let support: Vec<Asking> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>().context("support-intents")?;
    let outside = read(&arguments.data, "out_of_scope")?;
    let mut labels: Vec<&str> = support.iter().map(|asking| asking.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut asked = Vec::new();
    for language in LANGUAGES {
        for half in 0..2 {
            let with_entry: Vec<&str> = labels.iter().copied().skip(half).step_by(2).collect();
            let of = |name: &&str| -> Vec<&Asking> {
                let is_its = |asking: &&Asking| asking.label == **name && asking.lang == language;
                support.iter().filter(is_its).take(QUESTIONS).collect()
            };
            let questions: Vec<Vec<&Asking>> = with_entry.iter().map(of).collect();
            let documents = questions.iter().map(|questions| Document {
                questions: questions.iter().map(|question| question.text.as_str()).collect(),
                answer: "",
            });
            let index = AnswerIndex::build(documents, |text| Some(Meaning::of(&Message::new(text))));
            let is_question =
                |asking: &Asking| questions.iter().flatten().any(|question| question.text == asking.text);
            asked.extend(support.iter().filter(|asking| !is_question(asking)).map(|asking| Asked {
                language: asking.lang.clone(),
                found: index.search(&Message::new(&asking.text), 3),
                entry: with_entry.iter().position(|name| *name == asking.label),
            }));
            asked.extend(outside.iter().skip(half).step_by(6).map(|message| Asked {
                language: message.language.to_owned(),
                found: index.search(&Message::new(&message.text), 3),
                entry: None,
            }));
        }
    }
    for language in LANGUAGES {
        let known: Vec<_> =
            asked.iter().filter(|one| one.language == language && one.entry.is_some()).collect();
        let right = known.iter().filter(|one| one.is_right()).count();
        println!(
            "{language}: the first entry is right for {:.1} % of {}",
            percent(right, known.len()),
            known.len()
        );
    }
    let (intercept, per_score, per_lead) = fit(&asked);
    println!("fitted: intercept {intercept:.2}, per score {per_score:.2}, per lead {per_lead:.2}");
    println!("answered from  of those with an entry  right of the answered");
    for step in 1_u8..=9 {
        let threshold = f32::from(step) / 10.0;
        let answered: Vec<_> = asked.iter().filter(|one| one.found.fit >= threshold).collect();
        let right = answered.iter().filter(|one| one.is_right()).count();
        let known = asked.iter().filter(|one| one.entry.is_some()).count();
        println!(
            "{threshold:>13.1}  {:>20.1} %  {:>19.1} %",
            percent(right, known),
            percent(right, answered.len())
        );
    }
    let nothing = asked.iter().filter(|one| one.entry.is_none());
    let (mut answered, mut asked_back, mut all) = (0, 0, 0);
    for one in nothing {
        all += 1;
        answered += usize::from(one.found.fit >= ANSWER_FROM);
        asked_back += usize::from((ASK_FROM..ANSWER_FROM).contains(&one.found.fit));
    }
    println!(
        "without an entry: {:.1} % answered all the same, {:.1} % asked back, of {all}",
        percent(answered, all),
        percent(asked_back, all)
    );
    Ok(())
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Logistic regression of "the first is right" over its score and its lead.
fn fit(asked: &[Asked]) -> (f64, f64, f64) {
    let rows: Vec<(f64, f64, f64)> = asked
        .iter()
        .map(|one| {
            let (score, lead) = one.score_and_lead();
            (score, lead, f64::from(u8::from(one.is_right())))
        })
        .collect();
    let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
    for _ in 0..STEPS {
        let (mut da, mut db, mut dc) = (0.0, 0.0, 0.0);
        for (score, lead, right) in &rows {
            let error = right - 1.0 / (1.0 + (-(a + b * score + c * lead)).exp());
            da += error;
            db += error * score;
            dc += error * lead;
        }
        let rate = 4.0 / rows.len() as f64;
        a += rate * da;
        b += rate * db;
        c += rate * dc;
    }
    (a, b, c)
}
