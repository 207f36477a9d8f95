//! Measures when two questions are taken for one, so that one answer serves both.
//!
//! Every line of the asked half is compared with all of the stored half. A hit is right where both lines have the same
//! intent. Equal lines are left out: they need no likeness. What has the same intent may still ask for another thing, which no
//! label tells; that is why the wrong hits are printed, to be read, and why the words decide before the likeness.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use pytake_understanding::entities;
use pytake_understanding::fold;
use pytake_understanding::language::Language;
use pytake_understanding::message::Message;
use pytake_understanding::retrieval::{Meaning, Question, SAME_FROM};
use serde::Deserialize;

use crate::examples::{LANGUAGES, read};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the labelled sets.
    #[arg(long, default_value = "../shared/data/nlu")]
    nlu: PathBuf,
    /// The folder of the built-in intents' messages.
    #[arg(long, default_value = "crates/train/data/intents")]
    data: PathBuf,
}

#[derive(Deserialize)]
struct Line {
    text: String,
    label: String,
}

/// A message, as the cache looks at it.
struct Asked {
    text: String,
    label: String,
    folded: String,
    meaning: Meaning,
    wording: Option<String>,
}

impl Asked {
    fn of(text: String, label: String, language: Language) -> Self {
        let message = Message::new(&text);
        let context = entities::Context { language: Some(language.into()), ..entities::Context::default() };
        let found = entities::find(&text, &context);
        let folded = fold::words(&text).iter().map(|word| word.text.to_owned()).collect::<Vec<_>>().join(" ");
        let wording = Question::of(&message, &found, language).map(|question| question.wording);
        let meaning = Meaning::of(&message);
        Self { text, label, folded, meaning, wording }
    }
}

/// Messages that are kept, and messages that are asked.
struct Set {
    name: String,
    kept: Vec<Asked>,
    asked: Vec<Asked>,
}

/// The best kept message for an asked one.
struct Hit<'a> {
    cosine: f32,
    asked: &'a Asked,
    kept: &'a Asked,
}

impl Hit<'_> {
    fn is_right(&self) -> bool {
        self.asked.label == self.kept.label
    }
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    println!("# Sets by which the words were chosen");
    measure(&chosen_by(arguments)?);
    println!("# Lines that nobody had looked at when they were chosen");
    measure(&held_out(arguments)?);
    Ok(())
}

fn measure(sets: &[Set]) {
    println!("cosine alone: hits, and the share of them with the same intent");
    header();
    for set in sets {
        let hits: Vec<Hit<'_>> =
            set.asked.iter().filter_map(|asked| nearest(asked, set.kept.iter())).collect();
        row(&set.name, &hits);
    }
    println!("equal words that count, then cosine");
    header();
    let mut all: Vec<Hit<'_>> = Vec::new();
    for set in sets {
        let mut by_wording: HashMap<&str, Vec<&Asked>> = HashMap::new();
        for kept in &set.kept {
            if let Some(wording) = &kept.wording {
                by_wording.entry(wording).or_default().push(kept);
            }
        }
        let siblings = |one: &Asked| one.wording.as_deref().and_then(|wording| by_wording.get(wording));
        let of_one = |one| nearest(one, siblings(one)?.iter().copied());
        let hits: Vec<Hit<'_>> = set.asked.iter().filter_map(of_one).collect();
        row(&set.name, &hits);
        all.extend(hits);
    }
    let asked: usize = sets.iter().map(|set| set.asked.len()).sum();
    all.retain(|hit| hit.cosine >= SAME_FROM);
    let right = all.iter().filter(|hit| hit.is_right()).count();
    let share = percent(right, all.len());
    println!(
        "from {SAME_FROM} on: {} hits of {asked} asked, {share:.1} % with the same intent; the others:",
        all.len()
    );
    for hit in all.iter().filter(|hit| !hit.is_right()) {
        println!("  {:.2}  {}  |  {}", hit.cosine, hit.asked.text, hit.kept.text);
    }
}

const THRESHOLDS: [f32; 7] = [0.0, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95];

fn header() {
    print!("{:>10}", "");
    for threshold in THRESHOLDS {
        print!("  {threshold:>13.2}");
    }
    println!();
}

fn row(name: &str, hits: &[Hit<'_>]) {
    print!("{name:>10}");
    for threshold in THRESHOLDS {
        let over: Vec<&Hit<'_>> = hits.iter().filter(|hit| hit.cosine >= threshold).collect();
        let right = over.iter().filter(|hit| hit.is_right()).count();
        print!("  {:>5} {:>5.1} %", over.len(), percent(right, over.len()));
    }
    println!();
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// The kept message that means most nearly the same; `None` where an equal one is kept, or none at all.
fn nearest<'a>(asked: &'a Asked, kept: impl Iterator<Item = &'a Asked>) -> Option<Hit<'a>> {
    let mut best: Option<Hit<'a>> = None;
    for kept in kept {
        if kept.folded == asked.folded {
            return None;
        }
        let cosine = kept.meaning.cosine(&asked.meaning);
        if best.as_ref().is_none_or(|hit| cosine > hit.cosine) {
            best = Some(Hit { cosine, asked, kept });
        }
    }
    best
}

fn chosen_by(arguments: &Arguments) -> anyhow::Result<Vec<Set>> {
    let english = |file: &str| lines(&arguments.nlu.join(file));
    let mut sets = vec![
        split("banking77", english("banking77/train.jsonl")?, 2, 0, 1),
        Set {
            name: "clinc150".to_owned(),
            kept: english("clinc150/train.jsonl")?,
            asked: english("clinc150/val.jsonl")?,
        },
        Set {
            name: "hwu64".to_owned(),
            kept: english("hwu64/train.jsonl")?,
            asked: english("hwu64/valid.jsonl")?,
        },
    ];
    for code in LANGUAGES {
        sets.push(split(&format!("own {code}"), own(arguments, code)?, 2, 0, 1));
    }
    Ok(sets)
}

/// The same sources, in pairs that the others do not have: within the halves, and within what was only kept before.
fn held_out(arguments: &Arguments) -> anyhow::Result<Vec<Set>> {
    let english = |file: &str| lines(&arguments.nlu.join(file));
    let mut sets = Vec::new();
    for name in ["clinc150", "hwu64"] {
        sets.push(split(name, english(&format!("{name}/train.jsonl"))?, 2, 0, 1));
    }
    for half in 0..2 {
        sets.push(split("banking77", english("banking77/train.jsonl")?, 4, half, half + 2));
        for code in LANGUAGES {
            sets.push(split(&format!("own {code}"), own(arguments, code)?, 4, half, half + 2));
        }
    }
    Ok(sets)
}

fn own(arguments: &Arguments, code: &str) -> anyhow::Result<Vec<Asked>> {
    let language = Language::from_code(code).context("a language of ours")?;
    let examples = read(&arguments.data, "examples")?;
    let of_language = examples.into_iter().filter(|example| example.language == code);
    Ok(of_language.map(|one| Asked::of(one.text, one.label, language)).collect())
}

/// Of so many lines in turn, which one is kept and which one is asked.
fn split(name: &str, all: Vec<Asked>, of: usize, kept: usize, asked: usize) -> Set {
    let mut set = Set { name: name.to_owned(), kept: Vec::new(), asked: Vec::new() };
    for (at, one) in all.into_iter().enumerate() {
        if at % of == kept {
            set.kept.push(one);
        } else if at % of == asked {
            set.asked.push(one);
        }
    }
    set
}

fn lines(path: &Path) -> anyhow::Result<Vec<Asked>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let mut all = Vec::new();
    for line in text.lines() {
        let line: Line = serde_json::from_str(line).with_context(|| path.display().to_string())?;
        all.push(Asked::of(line.text, line.label, Language::English));
    }
    Ok(all)
}
