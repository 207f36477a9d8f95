//! What can be scored.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// One kind of analysis with labelled data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Which of the intents of a training file.
    Intent,
    /// negative, neutral or positive.
    Sentiment,
    /// Which emotions, one or many.
    Emotion,
    /// Which language.
    Language,
    /// Is it an attack?
    Toxicity,
    /// Is it unwanted advertising?
    Spam,
    /// Does it command the assistant?
    Injection,
    /// Where stands what?
    Entity,
}

impl Task {
    /// Every task.
    pub const ALL: [Self; 8] = [
        Self::Intent,
        Self::Sentiment,
        Self::Emotion,
        Self::Language,
        Self::Toxicity,
        Self::Spam,
        Self::Injection,
        Self::Entity,
    ];

    /// Its name on the command line and in reports: that of the analysis.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Sentiment => "sentiment",
            Self::Emotion => "emotion",
            Self::Language => "language",
            Self::Toxicity => "toxicity",
            Self::Spam => "spam",
            Self::Injection => "injection",
            Self::Entity => "entity",
        }
    }

    /// True where the question is yes or no.
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::Toxicity | Self::Spam | Self::Injection)
    }

    /// The labels that mean yes where `--positive` does not say: those of the data sets in docs/understanding.md.
    pub const fn usual_positives(self) -> &'static [&'static str] {
        match self {
            Self::Toxicity => &["toxic", "toxic-1", "hateful", "hate", "offensive", "harmful"],
            Self::Spam => &["spam"],
            Self::Injection => &["injection", "jailbreak"],
            Self::Intent | Self::Sentiment | Self::Emotion | Self::Language | Self::Entity => &[],
        }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Task {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|task| task.as_str() == name);
        known.ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            format!("{name:?} is no task; expected one of {names}")
        })
    }
}

/// How a file is to be scored.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Examples of the intents; `None`: the built-in intents.
    pub train: Option<PathBuf>,
    /// Only the first so many examples of each intent.
    pub per_class: Option<usize>,
    /// Labels that mean yes.
    pub positive: Vec<String>,
}
