//! Words and emoji by what they convey, in three languages: joy, insults, urgency, negation, …
//!
//! The lists are our own (`data/lexicons`), of folded words as people type them. [`read`] adds up what a
//! text shows per [`Tone`], and apart from that what stands behind a negation. A word in a list decides
//! nothing: the heads of [`crate::heads`] weigh the sums together with the meaning of the sentence.

mod book;
mod tally;

pub use tally::{Tally, read};

/// What a word or an emoji conveys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it; data/lexicons shows what each holds")]
pub enum Tone {
    Love,
    Joy,
    Praise,
    Gratitude,
    Optimism,
    Laugh,
    JoyFace,
    Heart,
    Sadness,
    Anger,
    Insult,
    Profanity,
    Fear,
    Disgust,
    Frustration,
    Disappointment,
    Bad,
    SadFace,
    AngryFace,
    DisgustFace,
    FearFace,
    Surprise,
    SurpriseFace,
    Confusion,
    ThinkFace,
    Urgency,
    Danger,
    Sexualized,
    Violent,
    SelfHarm,
    Group,
    Negation,
    Intensifier,
    Diminisher,
    Contrast,
}

impl Tone {
    /// Every tone, in the order of the numbers that the heads read.
    pub const ALL: [Self; 35] = [
        Self::Love,
        Self::Joy,
        Self::Praise,
        Self::Gratitude,
        Self::Optimism,
        Self::Laugh,
        Self::JoyFace,
        Self::Heart,
        Self::Sadness,
        Self::Anger,
        Self::Insult,
        Self::Profanity,
        Self::Fear,
        Self::Disgust,
        Self::Frustration,
        Self::Disappointment,
        Self::Bad,
        Self::SadFace,
        Self::AngryFace,
        Self::DisgustFace,
        Self::FearFace,
        Self::Surprise,
        Self::SurpriseFace,
        Self::Confusion,
        Self::ThinkFace,
        Self::Urgency,
        Self::Danger,
        Self::Sexualized,
        Self::Violent,
        Self::SelfHarm,
        Self::Group,
        Self::Negation,
        Self::Intensifier,
        Self::Diminisher,
        Self::Contrast,
    ];

    /// The name of its section in the lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Love => "love",
            Self::Joy => "joy",
            Self::Praise => "praise",
            Self::Gratitude => "gratitude",
            Self::Optimism => "optimism",
            Self::Laugh => "laugh",
            Self::JoyFace => "joyface",
            Self::Heart => "heart",
            Self::Sadness => "sadness",
            Self::Anger => "anger",
            Self::Insult => "insult",
            Self::Profanity => "profanity",
            Self::Fear => "fear",
            Self::Disgust => "disgust",
            Self::Frustration => "frustration",
            Self::Disappointment => "disappointment",
            Self::Bad => "bad",
            Self::SadFace => "sadface",
            Self::AngryFace => "angryface",
            Self::DisgustFace => "disgustface",
            Self::FearFace => "fearface",
            Self::Surprise => "surprise",
            Self::SurpriseFace => "surpriseface",
            Self::Confusion => "confusion",
            Self::ThinkFace => "thinkface",
            Self::Urgency => "urgency",
            Self::Danger => "danger",
            Self::Sexualized => "sexualized",
            Self::Violent => "violent",
            Self::SelfHarm => "selfharm",
            Self::Group => "group",
            Self::Negation => "negation",
            Self::Intensifier => "intensifier",
            Self::Diminisher => "diminisher",
            Self::Contrast => "contrast",
        }
    }

    /// True for what speaks well of something.
    pub const fn is_positive(self) -> bool {
        matches!(
            self,
            Self::Love
                | Self::Joy
                | Self::Praise
                | Self::Gratitude
                | Self::Optimism
                | Self::Laugh
                | Self::JoyFace
                | Self::Heart
        )
    }

    /// True for what speaks ill of something.
    pub const fn is_negative(self) -> bool {
        matches!(
            self,
            Self::Sadness
                | Self::Anger
                | Self::Insult
                | Self::Profanity
                | Self::Fear
                | Self::Disgust
                | Self::Frustration
                | Self::Disappointment
                | Self::Bad
                | Self::SadFace
                | Self::AngryFace
                | Self::DisgustFace
                | Self::FearFace
        )
    }
}

/// Several tones: an entry may stand in several lists ("choro" is sadness, "que merda" more than one).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tones(u64);

impl Tones {
    const POSITIVE: Self = Self::where_true(true);
    const NEGATIVE: Self = Self::where_true(false);

    const fn one(tone: Tone) -> Self {
        Self(1 << tone as u32)
    }

    const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    fn iter(self) -> impl Iterator<Item = Tone> {
        Tone::ALL.into_iter().filter(move |tone| self.overlaps(Self::one(*tone)))
    }

    const fn where_true(positive: bool) -> Self {
        let mut found = Self(0);
        let mut place = 0;
        while place < Tone::ALL.len() {
            let tone = Tone::ALL[place];
            if (positive && tone.is_positive()) || (!positive && tone.is_negative()) {
                found = found.union(Self::one(tone));
            }
            place += 1;
        }
        found
    }
}
