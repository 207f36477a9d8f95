//! What the filter with its heads stops: catch rates and false alarms of both levels, on labelled data.

use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::screening::screen;
use pytake_understanding::toxicity;
use serde_json::Value;

use crate::shared_data;

fn stops(level: FilterLevel, text: &str) -> bool {
    let message = Message::new(text);
    screen(&ContentFilter::new(level), &message, &toxicity::read(&View::of(&message))).is_blocked()
}

/// How many of the lines are stopped at each level, of how many.
fn stopped<'a>(lines: impl Iterator<Item = &'a Value>) -> ([usize; 2], usize) {
    let (mut counts, mut all) = ([0; 2], 0);
    for text in lines.filter_map(|line| line["text"].as_str()) {
        all += 1;
        for (count, level) in counts.iter_mut().zip([FilterLevel::Normal, FilterLevel::Strict]) {
            *count += usize::from(stops(level, text));
        }
    }
    (counts, all)
}

fn print(name: &str, ([normal, strict], all): ([usize; 2], usize)) {
    let percent = |part: usize| 100.0 * part as f64 / all.max(1) as f64;
    println!("{name:<40} {all:>6}  normal {:>6.2} %  strict {:>6.2} %", percent(normal), percent(strict));
}

/// The promise of the product: of a thousand people who want help, at most five are stopped. The strict level stops
/// coarse words too, which people also say to a machine that plays the wrong music (hwu64): at most ten.
#[test]
fn people_who_want_help_are_hardly_ever_stopped() {
    for path in
        ["support-intents/train.jsonl", "banking77/train.jsonl", "clinc150/val.jsonl", "hwu64/valid.jsonl"]
    {
        let Some(lines) = shared_data(path) else { continue };
        let (counts, all) = stopped(lines.iter().step_by(if lines.len() > 5_000 { 5 } else { 1 }));
        print(path, (counts, all));
        let [normal, strict] = counts.map(|count| count as f64 / all as f64);
        assert!(normal <= 0.005 && strict <= 0.01, "{path}: {counts:?} of {all}");
    }
}

/// These sets have trained the heads, so the rates flatter them; the training prints held-out ones.
#[test]
fn harm_is_stopped_more_often_than_not() {
    if let Some(lines) = shared_data("moderation-openai/dev.jsonl") {
        let is_harm = |line: &&Value| line["labels"].as_array().is_some_and(|labels| !labels.is_empty());
        let harm = stopped(lines.iter().filter(is_harm));
        print("moderation, harmful", harm);
        print("moderation, harmless", stopped(lines.iter().filter(|line| !is_harm(line))));
        assert!(harm.0[1] * 2 > harm.1, "{harm:?}");
    }
    for path in ["toxicity-mhc/pt.dev.jsonl", "toxicity-mhc/es.dev.jsonl"] {
        let Some(lines) = shared_data(path) else { continue };
        let hateful = stopped(lines.iter().filter(|line| line["label"] == "hateful").step_by(4));
        print(&format!("{path}, hateful"), hateful);
        print(
            &format!("{path}, not hateful"),
            stopped(lines.iter().filter(|line| line["label"] != "hateful").step_by(4)),
        );
        assert!(hateful.0[1] * 2 > hateful.1, "{path}: {hateful:?}");
    }
}
