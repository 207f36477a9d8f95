//! Compares predictions with labels.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::entity_types::coarser;
use crate::lines::{Gold, GoldSpan, Line};
use crate::metrics::{Counts, auroc, calibration_error, macro_mean, per_class, percentile, ratio};
use crate::task::Task;

/// The label of a message that none of the intents fits.
pub const OUT_OF_SCOPE: &str = "oos";

/// What was said about a line.
#[derive(Debug, Clone, PartialEq)]
pub enum Prediction {
    /// One label, with the confidence stated and how strongly the text seems to be in scope (intents only).
    Label {
        /// The label; [`OUT_OF_SCOPE`] for none of the intents.
        label: String,
        /// 0 to 1; `None` where none was stated.
        confidence: Option<f32>,
        /// Higher is more in scope; only its order counts.
        in_scope: Option<f32>,
    },
    /// Any number of labels.
    Labels(Vec<String>),
    /// Yes or no, and how probable yes is.
    Flag {
        /// Yes.
        flagged: bool,
        /// 0 to 1; `None` where none was stated.
        score: Option<f32>,
    },
    /// Places in characters.
    Spans(Vec<GoldSpan>),
}

/// The figures of one file. Shares are 0 to 1.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Figures {
    /// The task's name.
    pub task: &'static str,
    /// The language of all lines, where they say one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Lines.
    pub n: usize,
    /// By name: `accuracy`, `macro_f1`, …
    #[serde(flatten)]
    pub values: BTreeMap<&'static str, f64>,
    /// Entities only: precision, recall and F1 of each type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_type: BTreeMap<String, TypeFigures>,
    /// Time of each prediction.
    pub per_message_us: Times,
    /// Time of all of it, training included.
    pub seconds: f64,
}

/// Microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Times {
    /// The median.
    pub p50: f64,
    /// What 99 of 100 stay under.
    pub p99: f64,
}

impl Times {
    /// Of any number of measurements, in any order.
    pub fn of(mut microseconds: Vec<f64>) -> Self {
        microseconds.sort_by(f64::total_cmp);
        Self { p50: percentile(&microseconds, 0.5), p99: percentile(&microseconds, 0.99) }
    }
}

/// Figures of one type of entity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct TypeFigures {
    /// Labelled places.
    pub n: u64,
    /// Share of what was found that is right.
    pub precision: f64,
    /// Share of what is right that was found.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

impl From<Counts> for TypeFigures {
    fn from(counts: Counts) -> Self {
        Self {
            n: counts.hits + counts.misses,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        }
    }
}

/// Scores predictions, one for each line in its order.
pub fn score(task: Task, lines: &[Line], said: &[Prediction], positive: &[String]) -> Figures {
    let mut figures =
        Figures { task: task.as_str(), language: language_of(lines), n: lines.len(), ..Figures::default() };
    let values = &mut figures.values;
    match task {
        Task::Intent => intent(lines, said, values),
        Task::Sentiment | Task::Language => single(lines, said, values),
        Task::Emotion => many(lines, said, values),
        Task::Toxicity | Task::Spam | Task::Injection => binary(task, lines, said, positive, values),
        Task::Entity => figures.by_type = entities(lines, said, values),
    }
    figures
}

/// The language that every line says, if it is one.
fn language_of(lines: &[Line]) -> Option<String> {
    let languages: BTreeSet<Option<&str>> = lines.iter().map(|line| line.language.as_deref()).collect();
    let mut languages = languages.into_iter();
    match (languages.next(), languages.next()) {
        (Some(Some(only)), None) => Some(only.to_owned()),
        _ => None,
    }
}

fn labels<'a>(lines: &'a [Line], said: &'a [Prediction]) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
    lines.iter().zip(said).map(|(line, said)| {
        let said = match said {
            Prediction::Label { label, .. } => label.as_str(),
            Prediction::Labels(_) | Prediction::Flag { .. } | Prediction::Spans(_) => "",
        };
        (line.gold.label().unwrap_or_default(), said)
    })
}

fn accuracy<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> f64 {
    let (mut right, mut all) = (0, 0);
    for (gold, said) in pairs {
        right += u64::from(gold == said);
        all += 1;
    }
    ratio(right, all)
}

fn single(lines: &[Line], said: &[Prediction], values: &mut BTreeMap<&'static str, f64>) {
    let classes = per_class(labels(lines, said));
    values.insert("accuracy", accuracy(labels(lines, said)));
    values.insert("macro_f1", macro_mean(&classes, Counts::f1));
    values.insert("macro_recall", macro_mean(&classes, Counts::recall));
    insert_calibration(lines, said, values);
}

fn insert_calibration(lines: &[Line], said: &[Prediction], values: &mut BTreeMap<&'static str, f64>) {
    let stated: Vec<(f32, bool)> = lines
        .iter()
        .zip(said)
        .filter_map(|(line, said)| match said {
            Prediction::Label { label, confidence: Some(confidence), .. } => {
                Some((*confidence, line.gold.label() == Some(label)))
            }
            _ => None,
        })
        .collect();
    if let Some(error) = calibration_error(&stated) {
        values.insert("calibration_error", error);
    }
}

fn intent(lines: &[Line], said: &[Prediction], values: &mut BTreeMap<&'static str, f64>) {
    single(lines, said, values);
    values.remove("macro_recall");
    let is_out = |label: &str| label == OUT_OF_SCOPE;
    values.insert("in_scope_accuracy", accuracy(labels(lines, said).filter(|(gold, _)| !is_out(gold))));
    if labels(lines, said).any(|(gold, _)| is_out(gold)) {
        values.insert("oos_recall", accuracy(labels(lines, said).filter(|(gold, _)| is_out(gold))));
        let scored: Vec<(bool, f32)> = lines
            .iter()
            .zip(said)
            .filter_map(|(line, said)| match said {
                Prediction::Label { in_scope: Some(score), .. } => {
                    Some((line.gold.label() != Some(OUT_OF_SCOPE), *score))
                }
                _ => None,
            })
            .collect();
        if let Some(area) = auroc(&scored) {
            values.insert("oos_auroc", area);
        }
    }
}

fn many(lines: &[Line], said: &[Prediction], values: &mut BTreeMap<&'static str, f64>) {
    if lines.iter().all(|line| line.gold.label().is_some()) {
        // One emotion a line: the usual figures of a single label.
        let singles: Vec<Prediction> = said.iter().map(first_label).collect();
        single(lines, &singles, values);
        values.insert("micro_f1", values["accuracy"]);
        return;
    }
    let mut classes: BTreeMap<&str, Counts> = BTreeMap::new();
    for line in lines {
        for label in gold_labels(&line.gold) {
            classes.entry(label).or_default();
        }
    }
    for (line, said) in lines.iter().zip(said) {
        let gold: BTreeSet<&str> = gold_labels(&line.gold).collect();
        let said: BTreeSet<&str> = match said {
            Prediction::Labels(said) => said.iter().map(String::as_str).collect(),
            Prediction::Label { label, .. } => [label.as_str()].into(),
            Prediction::Flag { .. } | Prediction::Spans(_) => BTreeSet::new(),
        };
        for (class, counts) in &mut classes {
            match (gold.contains(class), said.contains(class)) {
                (true, true) => counts.hits += 1,
                (true, false) => counts.misses += 1,
                (false, true) => counts.false_alarms += 1,
                (false, false) => {}
            }
        }
    }
    let mut all = Counts::default();
    for counts in classes.values() {
        all.add(*counts);
    }
    values.insert("macro_f1", macro_mean(&classes, Counts::f1));
    values.insert("micro_f1", all.f1());
}

fn first_label(said: &Prediction) -> Prediction {
    match said {
        Prediction::Labels(labels) => Prediction::Label {
            label: labels.first().cloned().unwrap_or_default(),
            confidence: None,
            in_scope: None,
        },
        other => other.clone(),
    }
}

fn gold_labels(gold: &Gold) -> impl Iterator<Item = &str> {
    let (one, many): (Option<&str>, &[String]) = match gold {
        Gold::Label(label) => (Some(label), &[]),
        Gold::Labels(labels) => (None, labels),
        Gold::Spans(_) => (None, &[]),
    };
    one.into_iter().chain(many.iter().map(String::as_str))
}

fn binary(
    task: Task,
    lines: &[Line],
    said: &[Prediction],
    positive: &[String],
    values: &mut BTreeMap<&'static str, f64>,
) {
    let is_positive = |line: &Line| {
        let mut labels = gold_labels(&line.gold);
        if positive.is_empty() {
            // A line with a list of harms is positive where it has one.
            match &line.gold {
                Gold::Labels(harms) => !harms.is_empty(),
                _ => labels.any(|label| task.usual_positives().contains(&label)),
            }
        } else {
            labels.any(|label| positive.iter().any(|positive| positive == label))
        }
    };
    let (mut counts, mut quiet) = (Counts::default(), 0);
    let mut scored = Vec::new();
    for (line, said) in lines.iter().zip(said) {
        let Prediction::Flag { flagged, score } = said else { continue };
        let is_positive = is_positive(line);
        match (is_positive, flagged) {
            (true, true) => counts.hits += 1,
            (true, false) => counts.misses += 1,
            (false, true) => counts.false_alarms += 1,
            (false, false) => quiet += 1,
        }
        scored.extend(score.map(|score| (is_positive, score)));
    }
    let negative = Counts { hits: quiet, false_alarms: counts.misses, misses: counts.false_alarms };
    values.insert("accuracy", ratio(counts.hits + quiet, lines.len() as u64));
    values.insert("precision", counts.precision());
    values.insert("recall", counts.recall());
    values.insert("f1", counts.f1());
    values.insert("macro_f1", f64::midpoint(counts.f1(), negative.f1()));
    values.insert("false_positive_rate", ratio(counts.false_alarms, counts.false_alarms + quiet));
    if let Some(area) = auroc(&scored) {
        values.insert("auroc", area);
    }
}

/// Exact places. Types that the file does not know are not counted: a set that labels only phones says nothing of
/// dates; and where it knows only a coarser type, ours count as that.
fn entities(
    lines: &[Line],
    said: &[Prediction],
    values: &mut BTreeMap<&'static str, f64>,
) -> BTreeMap<String, TypeFigures> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for line in lines {
        if let Gold::Spans(spans) = &line.gold {
            known.extend(spans.iter().map(|span| span.kind.as_str()));
        }
    }
    let mut by_type: BTreeMap<String, Counts> = BTreeMap::new();
    for (line, said) in lines.iter().zip(said) {
        let (Gold::Spans(gold), Prediction::Spans(said)) = (&line.gold, said) else { continue };
        let gold: BTreeSet<(usize, usize, &str)> =
            gold.iter().map(|span| (span.start, span.end, span.kind.as_str())).collect();
        let said: BTreeSet<(usize, usize, &str)> = said
            .iter()
            .filter_map(|span| Some((span.start, span.end, kind_in(&span.kind, &known)?)))
            .collect();
        for span in gold.union(&said) {
            let counts = by_type.entry(span.2.to_owned()).or_default();
            match (gold.contains(span), said.contains(span)) {
                (true, true) => counts.hits += 1,
                (true, false) => counts.misses += 1,
                (false, _) => counts.false_alarms += 1,
            }
        }
    }
    let mut all = Counts::default();
    for counts in by_type.values() {
        all.add(*counts);
    }
    values.insert("precision", all.precision());
    values.insert("recall", all.recall());
    values.insert("f1", all.f1());
    by_type.into_iter().map(|(kind, counts)| (kind, counts.into())).collect()
}

fn kind_in<'a>(kind: &'a str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    known
        .get(kind)
        .copied()
        .or_else(|| coarser(kind).iter().find(|coarser| known.contains(*coarser)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(gold: Gold) -> Line {
        Line { text: String::new(), gold, language: Some("pt".to_owned()), written_at: None }
    }

    fn label(label: &str) -> Prediction {
        Prediction::Label {
            label: label.to_owned(),
            confidence: Some(1.0),
            in_scope: Some(if label == "oos" { 0.0 } else { 1.0 }),
        }
    }

    fn close(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    #[test]
    fn out_of_scope_is_scored_apart() {
        let lines = ["a", "a", "oos", "oos"].map(|gold| line(Gold::Label(gold.to_owned())));
        let said = ["a", "b", "oos", "a"].map(label);
        let values = score(Task::Intent, &lines, &said, &[]).values;
        assert!(close(values["accuracy"], 0.5) && close(values["in_scope_accuracy"], 0.5));
        assert!(close(values["oos_recall"], 0.5) && close(values["oos_auroc"], 0.75));
    }

    #[test]
    fn yes_and_no_are_counted_by_the_positive_labels() {
        let lines = ["spam", "ham", "ham", "odd"].map(|gold| line(Gold::Label(gold.to_owned())));
        let flag = |flagged| Prediction::Flag { flagged, score: None };
        let said = [flag(true), flag(true), flag(false), flag(false)];
        let values = score(Task::Spam, &lines, &said, &[]).values;
        assert!(close(values["precision"], 0.5) && close(values["recall"], 1.0));
        assert!(close(values["false_positive_rate"], 1.0 / 3.0) && !values.contains_key("auroc"));
        let values = score(Task::Spam, &lines, &said, &["odd".to_owned()]).values;
        assert!(close(values["recall"], 0.0));
    }

    #[test]
    fn many_labels_are_counted_each() {
        let lines = [vec!["joy", "love"], vec![]]
            .map(|labels| line(Gold::Labels(labels.into_iter().map(str::to_owned).collect())));
        let said = [
            Prediction::Labels(vec!["joy".to_owned()]),
            Prediction::Labels(vec!["love".to_owned(), "fear".to_owned()]),
        ];
        let values = score(Task::Emotion, &lines, &said, &[]).values;
        assert!(close(values["macro_f1"], 0.5) && close(values["micro_f1"], 0.5));
    }

    #[test]
    fn a_place_counts_where_it_is_exact_and_its_type_is_asked() {
        let span = |start, end, kind: &str| GoldSpan { start, end, kind: kind.to_owned() };
        let lines = [line(Gold::Spans(vec![span(0, 5, "date"), span(7, 9, "phone")]))];
        let said = [Prediction::Spans(vec![span(0, 5, "date_time"), span(7, 8, "phone"), span(1, 2, "url")])];
        let figures = score(Task::Entity, &lines, &said, &[]);
        assert!(close(figures.values["precision"], 0.5) && close(figures.values["recall"], 0.5));
        assert_eq!(figures.by_type.keys().collect::<Vec<_>>(), ["date", "phone"]);
        assert_eq!(figures.language.as_deref(), Some("pt"));
    }
}
