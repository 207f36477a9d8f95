//! The shipped heads on sets that only measure, through the product's own functions.

use std::path::Path;

use pytake_understanding::filter::{Category, ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::sentiment::Polarity;
use pytake_understanding::{emotion, injection, sentiment, spam, toxicity};

use super::corpus::{Line, Sources, read_lines};
use super::scores::{print_binary, table};

pub(super) fn run(sources: &Sources, _cache: Option<&Path>) -> anyhow::Result<()> {
    for language in ["en", "pt", "es"] {
        let files = [
            format!("sentiment-umsab/{language}.train.jsonl"),
            format!("sentiment-umsab/{language}.val.jsonl"),
        ];
        measure_sentiment(language, &lines(sources, &[&files[0], &files[1]])?);
    }
    measure_tweet_emotion(&lines(
        sources,
        &["tweeteval-emotion/train.jsonl", "tweeteval-emotion/val.jsonl"],
    )?);
    for language in ["en", "pt", "es"] {
        let files = [
            format!("emotion-brighter/{language}.train.jsonl"),
            format!("emotion-brighter/{language}.dev.jsonl"),
        ];
        measure_brighter(language, &lines(sources, &[&files[0], &files[1]])?);
    }
    let toxicity_sets: [(&str, &str, &[&str]); 4] = [
        ("ToLD-Br, 2 votes", "toxicity-toldbr/train.jsonl", &["toxic"]),
        ("ToLD-Br, 1 vote", "toxicity-toldbr/train.jsonl", &["toxic", "toxic-1"]),
        ("TweetEval offensive", "tweeteval-offensive/train.jsonl", &["offensive"]),
        ("TweetEval hate", "tweeteval-hate/train.jsonl", &["hate"]),
    ];
    for (name, file, positive) in toxicity_sets {
        let lines: Vec<Line> = lines(sources, &[file])?.into_iter().step_by(4).collect();
        measure_toxicity(name, &lines, |line| positive.contains(&line.label.as_str()));
    }
    let benign =
        ["banking77/train.jsonl", "clinc150/train.jsonl", "hwu64/valid.jsonl", "support-intents/train.jsonl"];
    for file in benign {
        measure_false_alarms(file, &lines(sources, &[file])?.into_iter().step_by(3).collect::<Vec<_>>());
    }
    Ok(())
}

fn lines(sources: &Sources, files: &[&str]) -> anyhow::Result<Vec<Line>> {
    let mut all = Vec::new();
    for file in files {
        all.extend(read_lines(&sources.published.join(file))?);
    }
    Ok(all)
}

fn view(text: &str) -> View {
    View::of(&Message::new(text))
}

fn measure_sentiment(language: &str, lines: &[Line]) {
    let pairs: Vec<(usize, usize)> = lines
        .iter()
        .filter_map(|line| {
            let truth = Polarity::ALL.iter().position(|polarity| polarity.as_str() == line.label)?;
            Some((truth, sentiment::read(&view(&line.text)).polarity as usize))
        })
        .collect();
    let found = table(&pairs, 3);
    println!(
        "UMSAB {language:<22} n {:>5}  accuracy {:.1}  macro-F1 {:.1}",
        pairs.len(),
        100.0 * found.accuracy,
        100.0 * found.macro_f1
    );
}

fn measure_tweet_emotion(lines: &[Line]) {
    const LABELS: [&str; 4] = ["anger", "joy", "optimism", "sadness"];
    let pairs: Vec<(usize, usize)> = lines
        .iter()
        .filter_map(|line| {
            let truth = LABELS.iter().position(|label| *label == line.label)?;
            let found = emotion::read(&view(&line.text));
            let scores = LABELS.map(|label| found.strength(label).unwrap_or(0.0));
            let best = scores.iter().copied().fold(0.0, f32::max);
            Some((truth, scores.iter().position(|score| *score >= best)?))
        })
        .collect();
    println!(
        "{:<28} n {:>5}  macro-F1 {:.1}",
        "TweetEval emotion",
        pairs.len(),
        100.0 * table(&pairs, 4).macro_f1
    );
}

fn measure_brighter(language: &str, lines: &[Line]) {
    const LABELS: [&str; 6] = ["anger", "disgust", "fear", "joy", "sadness", "surprise"];
    let read: Vec<emotion::Emotions> = lines.iter().map(|line| emotion::read(&view(&line.text))).collect();
    let mut parts = Vec::new();
    let mut f1_sum = 0.0_f32;
    let mut counted = 0.0;
    for label in LABELS {
        let answers: Vec<(f32, bool)> = read
            .iter()
            .zip(lines)
            .map(|(found, line)| {
                (found.probability(label).unwrap_or(0.0), line.labels.iter().any(|truth| truth == label))
            })
            .collect();
        if !answers.iter().any(|(_, is_yes)| *is_yes) {
            continue;
        }
        counted += 1.0;
        let flags: Vec<(f32, bool)> = read
            .iter()
            .zip(&answers)
            .map(|(found, (_, is_yes))| (found.strength(label).unwrap_or(0.0), *is_yes))
            .collect();
        let found = super::scores::at_threshold(&flags, 1.0);
        f1_sum += 2.0 * found.precision * found.recall / (found.precision + found.recall).max(1e-6);
        parts.push(format!("{label} {:.0}", 100.0 * super::scores::auroc(&answers)));
    }
    println!(
        "BRIGHTER {language:<19} n {:>5}  AUROC {}; macro-F1 {:.1}",
        lines.len(),
        parts.join(", "),
        100.0 * f1_sum / counted
    );
}

fn measure_toxicity(name: &str, lines: &[Line], is_toxic: impl Fn(&Line) -> bool) {
    for level in [FilterLevel::Normal, FilterLevel::Strict] {
        let mut answers = Vec::new();
        let mut flags = Vec::new();
        for line in lines {
            let found = toxicity::read(&view(&line.text));
            answers.push((found.score_at(level), is_toxic(line)));
            flags.push((if found.is_flagged(level) { 1.0 } else { 0.0 }, is_toxic(line)));
        }
        print_binary(&format!("{name} {level:?}"), &answers, &[0.5, 0.6, 0.7, 0.8]);
        print_binary("  flags", &flags, &[0.5]);
    }
}

fn measure_false_alarms(name: &str, lines: &[Line]) {
    let filter = ContentFilter::default();
    let mut alarms = [0.0_f32; 4];
    for line in lines {
        let view = view(&line.text);
        let by_rule = filter.check_inbound(&line.text).categories().contains(&Category::PromptInjection);
        let toxicity = toxicity::read(&view);
        let found = [
            toxicity.is_flagged(FilterLevel::Normal),
            toxicity.is_flagged(FilterLevel::Strict),
            spam::read(&view).flagged,
            injection::read(&view, by_rule).flagged,
        ];
        for (alarm, found) in alarms.iter_mut().zip(found) {
            *alarm += if found { 1.0 } else { 0.0 };
        }
    }
    let shares = alarms.map(|alarm| 100.0 * alarm / lines.len().max(1) as f32);
    println!(
        "{name:<28} n {:>5}  false alarms %: toxic normal {:.2} strict {:.2}, spam {:.2}, injection {:.2}",
        lines.len(),
        shares[0],
        shares[1],
        shares[2],
        shares[3]
    );
}
