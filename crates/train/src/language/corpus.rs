//! What the model learns from and is measured with.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;
use pytake_understanding::language::model::{CLASSES, CODES};
use zip::ZipArchive;
use zip::result::ZipError;

use super::chain::Chain;
use super::random::Random;
use super::vocabulary::Vocabulary;

/// Names of the classes in the names of Lingua's crates.
const NAMES: [&str; CLASSES] = [
    "portuguese",
    "spanish",
    "english",
    "french",
    "italian",
    "catalan",
    "romanian",
    "latin",
    "esperanto",
    "basque",
    "german",
    "dutch",
];

/// Words that the letters of a language make for its vocabulary.
const MADE_WORDS: usize = 200_000;

/// Where the sources lie; `ORIGIN.md` of the model says how they come there.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Sources {
    /// Holds the unpacked crates `lingua-<language>-language-model-1.3.0`.
    #[arg(long)]
    lingua_models: PathBuf,
    /// The wheel of pyspellchecker, which holds word lists.
    #[arg(long)]
    word_lists: PathBuf,
    /// Holds Lingua's labelled texts, the development half.
    #[arg(long)]
    labelled: PathBuf,
    /// Holds the project's own labelled messages.
    #[arg(long, default_value = "crates/train/data")]
    own: PathBuf,
}

/// A kind of text with a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Words,
    Pairs,
    Sentences,
    /// The project's own messages, in our three languages only.
    Messages,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Words, Self::Pairs, Self::Sentences, Self::Messages];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Words => "single-words",
            Self::Pairs => "word-pairs",
            Self::Sentences => "sentences",
            Self::Messages => "own messages",
        }
    }
}

/// A text whose language is known.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    pub(super) text: String,
    pub(super) class: usize,
    pub(super) kind: Kind,
}

/// Everything that was read.
pub(super) struct Corpus {
    /// One a class; empty where there is no list.
    pub(super) listed: Vec<Vocabulary>,
    /// One a class.
    pub(super) made: Vec<Vocabulary>,
    pub(super) labelled: Vec<Labelled>,
}

impl Corpus {
    pub(super) fn read(sources: &Sources) -> Result<Self> {
        let (mut listed, mut made) = (Vec::new(), Vec::new());
        let wheel = File::open(&sources.word_lists).context("could not open the word lists")?;
        let mut wheel = ZipArchive::new(wheel).context("not a wheel")?;
        for (code, name) in CODES.iter().zip(NAMES) {
            listed.push(list(&mut wheel, code)?);
            let folder = format!("lingua-{name}-language-model-1.3.0");
            made.push(make(&sources.lingua_models.join(folder).join("models/ngrams.fst"))?);
        }
        let mut labelled = Vec::new();
        for kind in [Kind::Words, Kind::Pairs, Kind::Sentences] {
            let path = sources.labelled.join(format!("{}.dev.jsonl", kind.name()));
            for line in lines(&path)? {
                let class = CODES.iter().position(|code| line["label"].as_str() == Some(*code));
                let class = class.context("a language without a class")?;
                labelled.push(Labelled { text: text_of(&line)?, class, kind });
            }
        }
        for (path, class) in own_files(&sources.own)? {
            for line in lines(&path)? {
                labelled.push(Labelled { text: text_of(&line)?, class, kind: Kind::Messages });
            }
        }
        Ok(Self { listed, made, labelled })
    }
}

fn list(wheel: &mut ZipArchive<File>, code: &str) -> Result<Vocabulary> {
    let packed = match wheel.by_name(&format!("spellchecker/resources/{code}.json.gz")) {
        Ok(packed) => packed,
        Err(ZipError::FileNotFound) => return Ok(Vocabulary::default()),
        Err(error) => return Err(error).context("could not read a word list"),
    };
    let mut text = String::new();
    GzDecoder::new(packed).read_to_string(&mut text)?;
    let counts: BTreeMap<String, f64> = serde_json::from_str(&text)?;
    // A word seen once in a corpus of subtitles is as often a slip.
    Ok(Vocabulary::of(counts.into_iter().filter(|(_, count)| *count > 1.0)))
}

fn make(path: &Path) -> Result<Vocabulary> {
    let chain = Chain::read(path)?;
    let mut random = Random::new(7);
    let mut counts = BTreeMap::new();
    for _ in 0..MADE_WORDS {
        *counts.entry(chain.word(&mut random)).or_insert(0.0) += 1.0;
    }
    Ok(Vocabulary::of(counts))
}

/// The files below a folder whose names end in `<code>.jsonl`, sorted, with the class of the code.
fn own_files(folder: &Path) -> Result<Vec<(PathBuf, usize)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("could not read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(own_files(&path)?);
            continue;
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(class) = CODES.iter().position(|code| name.ends_with(&format!("{code}.jsonl"))) {
            found.push((path, class));
        }
    }
    found.sort();
    Ok(found)
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))
}

fn lines(path: &Path) -> Result<Vec<serde_json::Value>> {
    text(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn text_of(line: &serde_json::Value) -> Result<String> {
    Ok(line["text"].as_str().context("a line without a text")?.to_owned())
}
