//! The labelled texts that train shipped weights, and how a head sees each of them.

mod embeddings;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use pytake_encoder::Embedding;
use pytake_understanding::features::{Centre, grams};
use pytake_understanding::heads::View;
use pytake_understanding::language::detect;
use serde::Deserialize;

pub(super) use embeddings::Embeddings;

/// Where the texts are.
pub(super) struct Sources {
    pub(super) own: PathBuf,
    pub(super) published: PathBuf,
}

/// Texts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    OwnSentiment,
    OwnToxicity,
    OwnSpam,
    OwnInjection,
    OwnIntents,
    GoEmotions,
    GoEmotionsDev,
    /// Requests to a bank and to an assistant: banking77, clinc150, hwu64.
    Requests,
    HateCheck,
    Moderation,
    Deepset,
    NotInject,
    PiGuard,
    Sms,
}

/// The files of each set, below the folder of own or of published data, and of how many lines one is taken.
const FILES: [(Set, &str, usize); 31] = [
    (Set::OwnSentiment, "own/sentiment/pt.jsonl", 1),
    (Set::OwnSentiment, "own/sentiment/es.jsonl", 1),
    (Set::OwnSentiment, "own/sentiment/en.jsonl", 1),
    (Set::OwnToxicity, "own/toxicity/pt.jsonl", 1),
    (Set::OwnToxicity, "own/toxicity/es.jsonl", 1),
    (Set::OwnToxicity, "own/toxicity/en.jsonl", 1),
    (Set::OwnSpam, "own/spam/pt.jsonl", 1),
    (Set::OwnSpam, "own/spam/es.jsonl", 1),
    (Set::OwnSpam, "own/spam/en.jsonl", 1),
    (Set::OwnInjection, "own/injection/pt.jsonl", 1),
    (Set::OwnInjection, "own/injection/es.jsonl", 1),
    (Set::OwnInjection, "own/injection/en.jsonl", 1),
    (Set::OwnIntents, "own/intents/examples.pt.jsonl", 1),
    (Set::OwnIntents, "own/intents/examples.es.jsonl", 1),
    (Set::OwnIntents, "own/intents/examples.en.jsonl", 1),
    (Set::OwnIntents, "own/intents/out_of_scope.pt.jsonl", 1),
    (Set::OwnIntents, "own/intents/out_of_scope.es.jsonl", 1),
    (Set::OwnIntents, "own/intents/out_of_scope.en.jsonl", 1),
    (Set::GoEmotions, "emotion-goemotions/train.jsonl", 1),
    (Set::GoEmotionsDev, "emotion-goemotions/dev.jsonl", 1),
    (Set::Requests, "banking77/train.jsonl", 7),
    (Set::Requests, "clinc150/train.jsonl", 10),
    (Set::Requests, "hwu64/train.jsonl", 6),
    (Set::Requests, "support-intents/train.jsonl", 1),
    (Set::HateCheck, "toxicity-mhc/pt.dev.jsonl", 1),
    (Set::HateCheck, "toxicity-mhc/es.dev.jsonl", 1),
    (Set::Moderation, "moderation-openai/dev.jsonl", 1),
    (Set::Deepset, "prompt-injection/deepset.train.jsonl", 1),
    (Set::NotInject, "prompt-injection/notinject.dev.jsonl", 1),
    (Set::PiGuard, "prompt-injection/piguard-valid.dev.jsonl", 1),
    (Set::Sms, "spam-sms/train.jsonl", 1),
];

/// One line of a file of labelled texts.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Line {
    pub(super) text: String,
    #[serde(default)]
    pub(super) label: String,
    #[serde(default)]
    pub(super) labels: Vec<String>,
    #[serde(default)]
    pub(super) emotions: Vec<String>,
    #[serde(default)]
    pub(super) categories: Vec<String>,
    #[serde(default)]
    pub(super) urgency: u32,
    #[serde(default)]
    pub(super) functionality: String,
}

/// A labelled text and how a head sees it.
pub(super) struct Sample {
    pub(super) set: Set,
    pub(super) line: Line,
    pub(super) view: View,
    /// Which of [`super::fit::FOLDS`] parts it is in, by what it is about where that is known.
    pub(super) fold: u32,
}

/// All texts that train.
pub(super) struct Corpus {
    pub(super) samples: Vec<Sample>,
    pub(super) centre: Centre,
}

impl Corpus {
    pub(super) fn read(sources: &Sources, cache: Option<&Path>) -> anyhow::Result<Self> {
        let mut lines = Vec::new();
        for (set, file, every) in FILES {
            let path = match file.strip_prefix("own/") {
                Some(own) => sources.own.join(own),
                None => sources.published.join(file),
            };
            let read = read_lines(&path)?;
            lines.extend(read.into_iter().step_by(every).map(|line| (set, line)));
        }
        let texts: Vec<&str> = lines.iter().map(|(_, line)| line.text.as_str()).collect();
        let embeddings = Embeddings::of(&texts, cache)?;
        let centre = centre(&lines, &embeddings);
        let mut samples = Vec::with_capacity(lines.len());
        for ((set, line), embedding) in lines.into_iter().zip(&embeddings.0) {
            let view = view(&centre, &line.text, embedding);
            let fold = fold_of(if line.functionality.is_empty() { &line.text } else { &line.functionality });
            samples.push(Sample { set, line, view, fold });
        }
        println!("{} texts", samples.len());
        Ok(Self { samples, centre })
    }

    /// The texts of some sets.
    pub(super) fn of<'a>(&'a self, sets: &'a [Set]) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sets.contains(&sample.set))
    }
}

/// The lines of a file.
pub(super) fn read_lines(path: &Path) -> anyhow::Result<Vec<Line>> {
    let text = fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let parse = |(number, line): (usize, &str)| {
        let parsed: Result<Line, _> = serde_json::from_str(line);
        parsed.with_context(|| format!("{}, line {}", path.display(), number + 1))
    };
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(parse).collect()
}

fn view(centre: &Centre, text: &str, embedding: &Embedding) -> View {
    View::centred_at(centre, text, embedding, grams(text), detect(text).language)
}

/// The mean of our own texts: the product's languages in the product's proportions.
fn centre(lines: &[(Set, Line)], embeddings: &Embeddings) -> Centre {
    const OWN: [Set; 5] =
        [Set::OwnSentiment, Set::OwnToxicity, Set::OwnSpam, Set::OwnInjection, Set::OwnIntents];
    let own = lines.iter().zip(&embeddings.0).filter(|((set, _), _)| OWN.contains(set));
    Centre::of(own.map(|(_, embedding)| embedding))
}

/// A part that depends on the text alone: FNV-1a (Fowler, Noll, Vo), its upper bits.
fn fold_of(text: &str) -> u32 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    u32::try_from((hash >> 33) % u64::from(super::fit::FOLDS)).unwrap_or(0)
}
