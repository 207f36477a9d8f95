//! Texts to learn from, endlessly.

use std::collections::BTreeMap;

use pytake_understanding::language::model::{CLASSES, OURS};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::corpus::{Corpus, Kind, Labelled};
use super::random::Random;
use super::vocabulary::Vocabulary;

/// Share of texts in our languages, which are a quarter of the classes; [`Sampler::weight`] undoes it.
const SHARE_OF_OURS: f64 = 0.35;

/// Share of labelled texts among all; the others are put together from words.
const SHARE_LABELLED: f64 = 0.35;

/// Of the words, shares of those that stand in labelled texts and of those that letters make.
const SHARE_READ: f64 = 0.2;
const SHARE_MADE: f64 = 0.4;

/// Share of texts without their accents, as people type on the phone.
const SHARE_PLAIN: f64 = 0.2;

/// Draws texts of all classes.
pub(super) struct Sampler<'a> {
    corpus: &'a Corpus,
    /// Labelled texts by class, then by kind, kinds without texts left out.
    texts: Vec<Vec<Vec<&'a Labelled>>>,
    /// Words of Lingua's labelled texts by class.
    read: Vec<Vocabulary>,
    random: Random,
}

impl<'a> Sampler<'a> {
    /// A sampler that knows of the labelled texts only those given.
    pub(super) fn new(corpus: &'a Corpus, labelled: &[&'a Labelled]) -> Self {
        let mut texts = Vec::new();
        let mut read = Vec::new();
        for class in 0..CLASSES {
            let of_kind = |kind| labelled.iter().copied().filter(move |l| l.class == class && l.kind == kind);
            let kinds = Kind::ALL.map(|kind| of_kind(kind).collect::<Vec<_>>());
            read.push(words_of(kinds.iter().flatten().copied().filter(|l| l.kind != Kind::Messages)));
            texts.push(kinds.into_iter().filter(|texts| !texts.is_empty()).collect());
        }
        Self { corpus, texts, read, random: Random::new(1) }
    }

    /// A text and its class.
    pub(super) fn draw(&mut self) -> (String, usize) {
        let class = if self.random.happens(SHARE_OF_OURS) {
            self.random.below(OURS)
        } else {
            OURS + self.random.below(CLASSES - OURS)
        };
        let is_labelled = self.random.happens(SHARE_LABELLED) && !self.texts[class].is_empty();
        let text = if is_labelled { self.labelled(class) } else { self.put_together(class) };
        if self.random.happens(SHARE_PLAIN) { (plain(&text), class) } else { (text, class) }
    }

    /// How much a text of a class counts, so that all classes count alike.
    pub(super) fn weight(class: usize) -> f32 {
        let (classes, share) =
            if class < OURS { (OURS, SHARE_OF_OURS) } else { (CLASSES - OURS, 1.0 - SHARE_OF_OURS) };
        #[expect(clippy::cast_possible_truncation, reason = "a number near 1")]
        let weight = (classes as f64 / CLASSES as f64 / share) as f32;
        weight
    }

    /// A labelled text, or some words in a row of a long one.
    fn labelled(&mut self, class: usize) -> String {
        let kinds = &self.texts[class];
        let texts = &kinds[self.random.below(kinds.len())];
        let labelled = texts[self.random.below(texts.len())];
        if labelled.kind < Kind::Sentences || self.random.happens(0.5) {
            return labelled.text.clone();
        }
        let words: Vec<&str> = labelled.text.split_whitespace().collect();
        let start = self.random.below(words.len());
        let end = words.len().min(start + 1 + self.random.below(8));
        words[start..end].join(" ")
    }

    /// Some words that have nothing to do with each other: half of the texts one, the longest seven.
    fn put_together(&mut self, class: usize) -> String {
        let words = match self.random.below(10) {
            0..=4 => 1,
            5..=7 => 2,
            8 => 3,
            _ => 3 + self.random.below(5),
        };
        let is_evened = words <= 2 || self.random.happens(0.3);
        let source = self.random.unit();
        let (read, listed) = (&self.read[class], &self.corpus.listed[class]);
        let vocabulary = if source < SHARE_READ && !read.is_empty() {
            read
        } else if source < SHARE_READ + SHARE_MADE || listed.is_empty() {
            &self.corpus.made[class]
        } else {
            listed
        };
        let words: Vec<&str> = (0..words).map(|_| vocabulary.word(is_evened, &mut self.random)).collect();
        words.join(" ")
    }
}

fn words_of<'a>(texts: impl Iterator<Item = &'a Labelled>) -> Vocabulary {
    let mut counts = BTreeMap::new();
    for labelled in texts {
        let words = labelled.text.split(|c: char| !c.is_alphabetic() && c != '\'');
        for word in words.filter(|word| !word.is_empty()) {
            *counts.entry(word.to_lowercase()).or_insert(0.0) += 1.0;
        }
    }
    Vocabulary::of(counts)
}

/// Without accents.
pub(super) fn plain(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).collect()
}
