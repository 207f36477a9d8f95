//! Words of a language and how often each is used.

use super::random::Random;

/// Words and the sums of their counts up to each.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    words: Vec<String>,
    by_use: Vec<f64>,
    evened: Vec<f64>,
}

impl Vocabulary {
    pub(super) fn of(counts: impl IntoIterator<Item = (String, f64)>) -> Self {
        let mut vocabulary = Self::default();
        let (mut used, mut evened) = (0.0, 0.0);
        for (word, count) in counts {
            used += count;
            evened += count.sqrt();
            vocabulary.words.push(word);
            vocabulary.by_use.push(used);
            vocabulary.evened.push(evened);
        }
        vocabulary
    }

    pub(super) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// A word, as often as it is used, or as often as the root of that, which shows rare words.
    pub(super) fn word(&self, is_evened: bool, random: &mut Random) -> &str {
        let sums = if is_evened { &self.evened } else { &self.by_use };
        let at = random.unit() * sums.last().copied().unwrap_or_default();
        let place = sums.partition_point(|sum| *sum <= at);
        self.words.get(place).or(self.words.last()).map_or("", String::as_str)
    }
}
