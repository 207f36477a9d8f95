//! One message, and what several analyses need of it, each found once and only where somebody asks.

use std::cell::OnceCell;

use crate::embedding::{Embedding, SentenceEncoder, Shipped};
use crate::features::{Gram, grams};
use crate::fold::{self, Words};
use crate::language::{LanguageGuess, detect};
use crate::signals::Signals;

/// Makes everything ready that the first message would otherwise wait for: about 11 ms in release.
pub fn load() {
    let message = Message::new("oi");
    let view = crate::heads::View::of(&message);
    crate::sentiment::read(&view);
    crate::emotion::read(&view);
    crate::toxicity::read(&view);
    crate::spam::read(&view);
    crate::injection::read(&view, false);
    crate::intents::built_in().choose(&message);
    message.signals();
    pytake_entities::find(message.text(), &pytake_entities::Context::default());
}

/// A message to be read.
///
/// ```
/// use pytake_understanding::message::Message;
/// let message = Message::new("quero falar com um atendente");
/// assert!(message.signals().asks_for_person);
/// assert_eq!(message.language().language.map(|language| language.code()), Some("pt"));
/// ```
#[derive(Debug)]
pub struct Message<'a> {
    text: &'a str,
    embedding: OnceCell<Embedding>,
    grams: OnceCell<Vec<Gram>>,
    unmasked: OnceCell<Words>,
    language: OnceCell<LanguageGuess>,
    signals: OnceCell<Signals>,
}

impl<'a> Message<'a> {
    /// A message of which nothing is known yet.
    pub const fn new(text: &'a str) -> Self {
        Self {
            text,
            embedding: OnceCell::new(),
            grams: OnceCell::new(),
            unmasked: OnceCell::new(),
            language: OnceCell::new(),
            signals: OnceCell::new(),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// Its meaning.
    pub fn embedding(&self) -> &Embedding {
        self.embedding.get_or_init(|| Shipped.embed(self.text))
    }

    /// Its spelling.
    pub fn grams(&self) -> &[Gram] {
        self.grams.get_or_init(|| grams(self.text))
    }

    /// Its words behind any disguise: what the filter and the signals read.
    pub fn unmasked(&self) -> &Words {
        self.unmasked.get_or_init(|| fold::unmask(self.text))
    }

    /// Its language.
    pub fn language(&self) -> &LanguageGuess {
        self.language.get_or_init(|| detect(self.text))
    }

    /// What it signals.
    pub fn signals(&self) -> &Signals {
        self.signals.get_or_init(|| Signals::of(self.text, self.unmasked()))
    }
}
