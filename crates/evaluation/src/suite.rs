//! The known data sets of a folder, each with the figure that counts and its goal.
//!
//! The folder is laid out as docs/understanding.md says. What trains the shipped weights is marked: its figure says
//! little about new texts, and the program that trains (`pytake-train`) prints held-out ones.

use std::fmt;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::device;
use crate::error::EvaluationError;
use crate::figures::{Figures, score};
use crate::lines::{self, Line};
use crate::task::Task;

/// How a data set becomes examples and questions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Split {
    /// All lines are questions to the shipped models.
    Whole,
    /// All lines in the product's languages are.
    InOurLanguages,
    /// The first ten lines of each label are the examples, the others the questions.
    TenOfEach,
    /// Every fifth line is a question, the others are the examples.
    EveryFifth,
    /// The lines of the first file are the examples, with at most so many of each label; the other files are the
    /// questions.
    FirstFile(Option<usize>),
    /// The English lines are the examples, those of this language the questions.
    FromEnglish(&'static str),
    /// Five rounds: each line is a question once, to a model of the other lines. Only this language's count.
    FiveFolds(&'static str),
}

/// One figure of one data set.
#[derive(Debug, Clone, Copy)]
pub struct Measurement {
    /// Its name in the table.
    name: &'static str,
    task: Task,
    split: Split,
    files: &'static [&'static str],
    figure: &'static str,
    goal: Option<f64>,
    /// The files have trained the shipped weights.
    is_trained_on: bool,
}

const fn measurement(
    name: &'static str,
    task: Task,
    split: Split,
    files: &'static [&'static str],
    figure: &'static str,
    goal: Option<f64>,
) -> Measurement {
    Measurement { name, task, split, files, figure, goal, is_trained_on: false }
}

/// The same, of files that have trained the shipped weights.
const fn known(measurement: Measurement) -> Measurement {
    Measurement { is_trained_on: true, ..measurement }
}

const BANKING: &[&str] = &["banking77/train.jsonl"];
const CLINC: &[&str] = &["clinc150/train.jsonl", "clinc150/val.jsonl", "clinc150/oos_val.jsonl"];
const SUPPORT: &[&str] = &["support-intents/train.jsonl"];
const RECOGNIZERS: [&[&str]; 4] = [
    &["entities-recognizers/datetime.en.dev.jsonl"],
    &["entities-recognizers/datetime.es.dev.jsonl"],
    &["entities-recognizers/datetime.pt.dev.jsonl"],
    &["entities-recognizers/phonenumber.en.dev.jsonl", "entities-recognizers/phonenumber.pt.dev.jsonl"],
];

/// Every figure, in the order of the table. The goals are those the project set itself.
pub const SUITE: &[Measurement] = &[
    measurement("banking77, 10 of each", Task::Intent, Split::TenOfEach, BANKING, "accuracy", Some(0.84)),
    measurement("banking77, full", Task::Intent, Split::EveryFifth, BANKING, "accuracy", Some(0.935)),
    measurement(
        "clinc150, 10 of each",
        Task::Intent,
        Split::FirstFile(Some(10)),
        CLINC,
        "in_scope_accuracy",
        Some(0.91),
    ),
    measurement(
        "clinc150, full",
        Task::Intent,
        Split::FirstFile(None),
        CLINC,
        "in_scope_accuracy",
        Some(0.96),
    ),
    measurement(
        "clinc150, out of scope",
        Task::Intent,
        Split::FirstFile(None),
        CLINC,
        "oos_auroc",
        Some(0.975),
    ),
    measurement(
        "support pt, from en",
        Task::Intent,
        Split::FromEnglish("pt"),
        SUPPORT,
        "accuracy",
        Some(0.80),
    ),
    measurement(
        "support es, from en",
        Task::Intent,
        Split::FromEnglish("es"),
        SUPPORT,
        "accuracy",
        Some(0.88),
    ),
    measurement(
        "support en, from all",
        Task::Intent,
        Split::FiveFolds("en"),
        SUPPORT,
        "accuracy",
        Some(0.90),
    ),
    measurement(
        "support pt, from all",
        Task::Intent,
        Split::FiveFolds("pt"),
        SUPPORT,
        "accuracy",
        Some(0.90),
    ),
    measurement(
        "support es, from all",
        Task::Intent,
        Split::FiveFolds("es"),
        SUPPORT,
        "accuracy",
        Some(0.90),
    ),
    measurement(
        "umsab en",
        Task::Sentiment,
        Split::Whole,
        &["sentiment-umsab/en.train.jsonl", "sentiment-umsab/en.val.jsonl"],
        "macro_f1",
        Some(0.65),
    ),
    measurement(
        "umsab pt",
        Task::Sentiment,
        Split::Whole,
        &["sentiment-umsab/pt.train.jsonl", "sentiment-umsab/pt.val.jsonl"],
        "macro_f1",
        Some(0.67),
    ),
    measurement(
        "umsab es",
        Task::Sentiment,
        Split::Whole,
        &["sentiment-umsab/es.train.jsonl", "sentiment-umsab/es.val.jsonl"],
        "macro_f1",
        Some(0.62),
    ),
    measurement(
        "tweeteval emotion",
        Task::Emotion,
        Split::Whole,
        &["tweeteval-emotion/train.jsonl", "tweeteval-emotion/val.jsonl"],
        "macro_f1",
        Some(0.70),
    ),
    measurement(
        "brighter en",
        Task::Emotion,
        Split::Whole,
        &["emotion-brighter/en.dev.jsonl"],
        "macro_f1",
        None,
    ),
    measurement(
        "brighter pt",
        Task::Emotion,
        Split::Whole,
        &["emotion-brighter/pt.dev.jsonl"],
        "macro_f1",
        None,
    ),
    measurement(
        "brighter es",
        Task::Emotion,
        Split::Whole,
        &["emotion-brighter/es.dev.jsonl"],
        "macro_f1",
        None,
    ),
    measurement(
        "goemotions",
        Task::Emotion,
        Split::Whole,
        &["emotion-goemotions/dev.jsonl"],
        "macro_f1",
        None,
    ),
    measurement(
        "told-br",
        Task::Toxicity,
        Split::Whole,
        &["toxicity-toldbr/train.jsonl"],
        "macro_f1",
        Some(0.76),
    ),
    known(measurement(
        "hatecheck pt",
        Task::Toxicity,
        Split::Whole,
        &["toxicity-mhc/pt.dev.jsonl"],
        "macro_f1",
        None,
    )),
    known(measurement(
        "hatecheck es",
        Task::Toxicity,
        Split::Whole,
        &["toxicity-mhc/es.dev.jsonl"],
        "macro_f1",
        None,
    )),
    known(measurement(
        "moderation",
        Task::Toxicity,
        Split::Whole,
        &["moderation-openai/dev.jsonl"],
        "auroc",
        None,
    )),
    measurement(
        "tweeteval offensive",
        Task::Toxicity,
        Split::Whole,
        &["tweeteval-offensive/val.jsonl"],
        "macro_f1",
        None,
    ),
    known(measurement(
        "sms spam",
        Task::Spam,
        Split::Whole,
        &["spam-sms/train.jsonl"],
        "accuracy",
        Some(0.993),
    )),
    known(measurement(
        "deepset injections",
        Task::Injection,
        Split::Whole,
        &["prompt-injection/deepset.train.jsonl"],
        "accuracy",
        Some(0.93),
    )),
    known(measurement(
        "notinject, false alarms",
        Task::Injection,
        Split::Whole,
        &["prompt-injection/notinject.dev.jsonl"],
        "false_positive_rate",
        Some(0.05),
    )),
    measurement(
        "support, false alarms",
        Task::Injection,
        Split::Whole,
        SUPPORT,
        "false_positive_rate",
        Some(0.005),
    ),
    known(measurement(
        "words",
        Task::Language,
        Split::InOurLanguages,
        &["language-lingua/single-words.dev.jsonl"],
        "accuracy",
        Some(0.78),
    )),
    known(measurement(
        "word pairs",
        Task::Language,
        Split::InOurLanguages,
        &["language-lingua/word-pairs.dev.jsonl"],
        "accuracy",
        Some(0.93),
    )),
    known(measurement(
        "sentences",
        Task::Language,
        Split::InOurLanguages,
        &["language-lingua/sentences.dev.jsonl"],
        "accuracy",
        Some(0.997),
    )),
    measurement("dates en", Task::Entity, Split::Whole, RECOGNIZERS[0], "f1", Some(0.90)),
    measurement("dates es", Task::Entity, Split::Whole, RECOGNIZERS[1], "f1", Some(0.90)),
    measurement("dates pt", Task::Entity, Split::Whole, RECOGNIZERS[2], "f1", Some(0.90)),
    measurement(
        "money en, es, pt",
        Task::Entity,
        Split::Whole,
        &[
            "entities-recognizers/currency.en.dev.jsonl",
            "entities-recognizers/currency.es.dev.jsonl",
            "entities-recognizers/currency.pt.dev.jsonl",
        ],
        "f1",
        Some(0.90),
    ),
    measurement("phones en, pt", Task::Entity, Split::Whole, RECOGNIZERS[3], "f1", Some(0.90)),
];

/// A line of the table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The data set.
    pub name: &'static str,
    /// The figure's name.
    pub figure: &'static str,
    /// The figure.
    pub value: f64,
    /// What it should be; for false alarms at most, else at least.
    pub goal: Option<f64>,
    /// The shipped weights were trained on these texts.
    pub is_trained_on: bool,
    /// All figures.
    pub figures: Figures,
}

impl Row {
    /// The table's first line.
    pub fn header() -> String {
        format!("{:<26} {:<20} {:>6} {:>7} {:>7} {:>8}", "data set", "figure", "n", "got", "goal", "µs p50")
    }

    /// True where there is no goal, or it is met.
    pub fn is_met(&self) -> bool {
        let is_ceiling = self.figure == "false_positive_rate";
        self.goal.is_none_or(|goal| if is_ceiling { self.value <= goal } else { self.value >= goal })
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = self.goal.map_or_else(String::new, |goal| format!("{:.1}", goal * 100.0));
        let mark = match (self.is_met(), self.is_trained_on) {
            (_, true) => " trained on these texts",
            (false, false) => " missed",
            (true, false) => "",
        };
        write!(
            f,
            "{:<26} {:<20} {:>6} {:>7.1} {:>7} {:>8.0}{mark}",
            self.name,
            self.figure,
            self.figures.n,
            self.value * 100.0,
            goal,
            self.figures.per_message_us.p50
        )
    }
}

impl Measurement {
    /// Scores the set, if the folder has it.
    ///
    /// # Errors
    /// What is wrong with which line of which file.
    pub fn run(&self, folder: &Path) -> Result<Option<Row>, EvaluationError> {
        let paths: Vec<_> = self.files.iter().map(|file| folder.join(file)).collect();
        if !paths.iter().all(|path| path.is_file()) {
            return Ok(None);
        }
        let files =
            paths.iter().map(|path| lines::read(path, self.task)).collect::<Result<Vec<Vec<Line>>, _>>()?;
        let figures = self.figures(files)?;
        let value = figures.values.get(self.figure).copied().unwrap_or_default();
        Ok(Some(Row {
            name: self.name,
            figure: self.figure,
            value,
            goal: self.goal,
            is_trained_on: self.is_trained_on,
            figures,
        }))
    }

    #[expect(clippy::disallowed_methods, reason = "how long it takes is one of the figures")]
    fn figures(&self, files: Vec<Vec<Line>>) -> Result<Figures, EvaluationError> {
        let started = Instant::now();
        let mut figures = match self.rounds(files) {
            None => return Ok(Figures::default()),
            Some(Rounds::Shipped(questions)) => device::score_lines(self.task, &questions, None, &[])?,
            Some(Rounds::Trained(rounds)) => {
                let (mut questions, mut said, mut times) = (Vec::new(), Vec::new(), Vec::new());
                for (examples, asked) in rounds {
                    let (predicted, took) = device::predict(self.task, &asked, Some(&examples))?;
                    questions.extend(asked);
                    said.extend(predicted);
                    times.extend(took);
                }
                let mut figures = score(self.task, &questions, &said, &[]);
                figures.per_message_us = crate::figures::Times::of(times);
                figures
            }
        };
        figures.seconds = started.elapsed().as_secs_f64();
        Ok(figures)
    }

    fn rounds(&self, mut files: Vec<Vec<Line>>) -> Option<Rounds> {
        if self.split == Split::Whole {
            return Some(Rounds::Shipped(files.into_iter().flatten().collect()));
        }
        if self.split == Split::InOurLanguages {
            let is_ours = |line: &Line| line.gold.label() != Some(lines::OTHER_LANGUAGE);
            return Some(Rounds::Shipped(files.into_iter().flatten().filter(is_ours).collect()));
        }
        let first = if files.is_empty() { return None } else { files.remove(0) };
        let in_language = |line: &Line, language: &str| line.language.as_deref() == Some(language);
        Some(Rounds::Trained(match self.split {
            Split::Whole | Split::InOurLanguages => Vec::new(),
            Split::TenOfEach => vec![lines::first_of_each(first, 10)],
            Split::EveryFifth => vec![fold(&first, |at| at % 5 == 0)],
            Split::FirstFile(most) => {
                let examples = match most {
                    Some(most) => lines::first_of_each(first, most).0,
                    None => first,
                };
                vec![(examples, files.into_iter().flatten().collect())]
            }
            Split::FromEnglish(language) => {
                let english = first.iter().filter(|line| in_language(line, "en")).cloned().collect();
                vec![(english, first.into_iter().filter(|line| in_language(line, language)).collect())]
            }
            Split::FiveFolds(language) => (0..5)
                .map(|round| {
                    let (examples, mut questions) = fold(&first, |at| at % 5 == round);
                    questions.retain(|line| in_language(line, language));
                    (examples, questions)
                })
                .collect(),
        }))
    }
}

enum Rounds {
    Shipped(Vec<Line>),
    /// Examples, questions.
    Trained(Vec<(Vec<Line>, Vec<Line>)>),
}

/// Examples and questions by the place of a line among those of its label and language.
fn fold(lines: &[Line], is_question: impl Fn(usize) -> bool) -> (Vec<Line>, Vec<Line>) {
    let mut counts = std::collections::BTreeMap::<(String, Option<String>), usize>::new();
    let (mut examples, mut questions) = (Vec::new(), Vec::new());
    for line in lines {
        let key = (line.gold.label().unwrap_or_default().to_owned(), line.language.clone());
        let place = counts.entry(key).or_default();
        if is_question(*place) {
            questions.push(line.clone());
        } else {
            examples.push(line.clone());
        }
        *place += 1;
    }
    (examples, questions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lines::Gold;

    fn lines(labels: &[&str]) -> Vec<Line> {
        labels
            .iter()
            .map(|label| Line {
                text: (*label).to_owned(),
                gold: Gold::Label((*label).to_owned()),
                language: None,
                written_at: None,
            })
            .collect()
    }

    #[test]
    fn no_line_is_an_example_and_a_question() {
        let all = lines(&["a", "a", "b", "a", "b", "a", "a", "a"]);
        let (examples, questions) = lines::first_of_each(all.clone(), 2);
        assert_eq!((examples.len(), questions.len()), (4, 4));
        let (examples, questions) = fold(&all, |at| at % 5 == 0);
        assert_eq!((examples.len(), questions.len()), (5, 3));
    }

    #[test]
    fn a_ceiling_is_met_from_below() {
        let row = |figure, value| Row {
            name: "x",
            figure,
            value,
            goal: Some(0.5),
            is_trained_on: false,
            figures: Figures::default(),
        };
        assert!(row("false_positive_rate", 0.4).is_met() && !row("false_positive_rate", 0.6).is_met());
        assert!(row("f1", 0.6).is_met() && row("f1", 0.4).to_string().ends_with("missed"));
    }
}
