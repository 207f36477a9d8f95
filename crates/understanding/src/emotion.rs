//! Emotions: which of about thirty feelings a message shows, none, one or several.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::heads::{View, Weights, shipped};

static HEAD: LazyLock<Weights> = LazyLock::new(|| shipped(include_bytes!("../data/heads/emotion.bin")));

/// The emotions that the product shows, of those the head knows ([`names`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Emotion {
    Joy,
    Sadness,
    Anger,
    Fear,
    Surprise,
    Disgust,
    Frustration,
    Disappointment,
    Gratitude,
    Confusion,
}

impl Emotion {
    /// Every emotion that the product shows.
    pub const ALL: [Self; 10] = [
        Self::Joy,
        Self::Sadness,
        Self::Anger,
        Self::Fear,
        Self::Surprise,
        Self::Disgust,
        Self::Frustration,
        Self::Disappointment,
        Self::Gratitude,
        Self::Confusion,
    ];

    /// The name on the wire and among the head's classes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Joy => "joy",
            Self::Sadness => "sadness",
            Self::Anger => "anger",
            Self::Fear => "fear",
            Self::Surprise => "surprise",
            Self::Disgust => "disgust",
            Self::Frustration => "frustration",
            Self::Disappointment => "disappointment",
            Self::Gratitude => "gratitude",
            Self::Confusion => "confusion",
        }
    }
}

/// How probable each emotion of the head is for one message.
#[derive(Debug, Clone, PartialEq)]
pub struct Emotions {
    probabilities: Vec<f32>,
}

impl Emotions {
    /// The calibrated probability of a class by its name ([`names`]); `None` for a name the head does not know.
    pub fn probability(&self, name: &str) -> Option<f32> {
        let place = names().position(|known| known == name)?;
        self.probabilities.get(place).copied()
    }

    /// How far a class is above the threshold of its own: 1 and more where it is said to hold.
    ///
    /// Rare emotions are never very probable, so that who must choose one of several compares this and not
    /// the probabilities.
    pub fn strength(&self, name: &str) -> Option<f32> {
        let place = names().position(|known| known == name)?;
        let threshold = HEAD.thresholds().nth(place)?;
        Some(self.probabilities.get(place)? / threshold.max(f32::EPSILON))
    }

    /// The shown emotions that hold by the threshold of each, with their probabilities, strongest first.
    pub fn felt(&self) -> Vec<(Emotion, f32)> {
        let mut felt: Vec<(Emotion, f32, f32)> = Emotion::ALL
            .into_iter()
            .filter_map(|emotion| {
                let name = emotion.as_str();
                Some((emotion, self.probability(name)?, self.strength(name)?))
            })
            .filter(|(_, _, strength)| *strength >= 1.0)
            .collect();
        felt.sort_by(|left, right| right.2.total_cmp(&left.2));
        felt.into_iter().map(|(emotion, probability, _)| (emotion, probability)).collect()
    }
}

/// The names of all classes: those of GoEmotions (Demszky et al., 2020) and `frustration`.
pub fn names() -> impl ExactSizeIterator<Item = &'static str> {
    HEAD.names()
}

/// Reads the emotions of a message.
pub fn read(view: &View) -> Emotions {
    let mut probabilities = HEAD.probabilities(view.features());
    probabilities.resize(HEAD.names().len(), 0.0);
    Emotions { probabilities }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_knows_every_emotion_that_is_shown() {
        for emotion in Emotion::ALL {
            assert!(names().any(|name| name == emotion.as_str()), "{emotion:?}");
        }
        let all = Emotions { probabilities: vec![0.9; names().len()] };
        assert_eq!(all.felt().len(), Emotion::ALL.len());
        assert_eq!(all.probability("no such emotion"), None);
    }
}
