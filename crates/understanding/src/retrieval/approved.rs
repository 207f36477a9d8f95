//! Approved answers found by meaning, by matter and by words together.
//!
//! Three things are compared. The meaning (the cosine of the embeddings) finds a question asked in other words or in
//! another language. The matter (what the built-in intents say both are about) knows what the embedding blurs: that
//! "cadê?" asks for an order and "caiu?" for a payment. The words ([`LexicalIndex`]) find names and numbers. Their sum
//! together with the lead over the second becomes a calibrated probability that the first is what was asked.

use super::{Document, LexicalIndex};
use crate::embedding::CompactEmbedding;
use crate::intents;
use crate::message::Message;

/// How much the matter counts beside the meaning, and the words beside both. Best of a small grid on the questions that
/// `pytake-train retrieval` asks, see docs/understanding.md.
const MATTER_WEIGHT: f32 = 0.8;
const WORDS_WEIGHT: f32 = 0.35;

/// The probability that the best entry is the right one: logistic regression over its score and its lead, fitted by
/// `pytake-train retrieval` on messages of which half have an entry.
const INTERCEPT: f32 = -5.80;
const PER_SCORE: f32 = 6.41;
const PER_LEAD: f32 = 0.49;

/// From this probability on the best entry is what was asked: 92 % of such answers are right, and 80 % of the messages
/// that have an entry get one (`pytake-train retrieval`).
pub const ANSWER_FROM: f32 = 0.5;
/// From this probability on it is worth asking whether the best or the second was meant.
pub const ASK_FROM: f32 = 0.2;

/// What a text means and what it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Meaning {
    embedding: CompactEmbedding,
    /// The square root of each built-in intent's probability: products add up to Bhattacharyya's coefficient, 0 to 1.
    matter: Box<[f32]>,
}

impl Meaning {
    /// Reads a message.
    pub fn of(message: &Message<'_>) -> Self {
        let model = intents::built_in();
        let matter = model.topics(message).into_iter().map(f32::sqrt).collect();
        Self { embedding: CompactEmbedding::of(&model.centred(message.embedding())), matter }
    }

    /// The cosine of what two texts mean.
    pub fn cosine(&self, other: &Self) -> f32 {
        self.embedding.cosine(&other.embedding)
    }

    /// Bytes it holds outside of itself.
    pub fn heap_bytes(&self) -> usize {
        size_of_val(&*self.matter)
    }

    /// How alike two texts are, about -1 to 1 + [`MATTER_WEIGHT`].
    fn likeness(&self, other: &Self) -> f32 {
        let matter: f32 = self.matter.iter().zip(&other.matter).map(|(a, b)| a * b).sum();
        self.embedding.cosine(&other.embedding) + MATTER_WEIGHT * matter
    }
}

/// The least probability of an entry that is worth a model's attention: one of twenty such is about the message.
const WORTH_SHOWING: f32 = 0.05;

/// Entries that the words alone bring into the list of candidates.
const LEXICAL_CANDIDATES: usize = 16;

/// An entry that may answer a message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Candidate {
    /// Position in the list the index was built from.
    pub document: usize,
    /// How alike the message and the entry's nearest question are by meaning and matter.
    pub likeness: f32,
    /// Share of the message's informative words that the entry has, 0 to 1.
    pub coverage: f32,
    /// Everything together.
    pub score: f32,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Candidates {
    /// The likeliest first.
    pub entries: Vec<Candidate>,
    /// 0 to 1: how probable it is that the first is what was asked.
    pub fit: f32,
}

/// An index over approved answers.
#[derive(Debug, Clone, Default)]
pub struct AnswerIndex {
    lexical: LexicalIndex,
    /// Every question's meaning, with its entry.
    questions: Vec<(u32, Meaning)>,
}

impl AnswerIndex {
    /// Indexes documents. `meaning` gives that of a question; an entry whose questions have none is found by
    /// its words alone.
    pub fn build<'a>(
        documents: impl IntoIterator<Item = Document<'a>>,
        mut meaning: impl FnMut(&str) -> Option<Meaning>,
    ) -> Self {
        let documents: Vec<Document<'a>> = documents.into_iter().collect();
        let mut questions = Vec::new();
        for (number, document) in (0..).zip(&documents) {
            for meaning in document.questions.iter().filter_map(|question| meaning(question)) {
                questions.push((number, meaning));
            }
        }
        Self { lexical: LexicalIndex::build(documents), questions }
    }

    /// How many entries are indexed.
    pub fn len(&self) -> usize {
        self.lexical.len()
    }

    /// True when nothing is indexed.
    pub fn is_empty(&self) -> bool {
        self.lexical.is_empty()
    }

    /// The entries that may answer a message, at most `limit`.
    pub fn search(&self, message: &Message<'_>, limit: usize) -> Candidates {
        if self.is_empty() {
            return Candidates::default();
        }
        let mut likeness = vec![f32::NEG_INFINITY; self.len()];
        let asked = Meaning::of(message);
        for (document, question) in &self.questions {
            if let Some(best) = likeness.get_mut(*document as usize) {
                *best = best.max(question.likeness(&asked));
            }
        }
        let mut coverage = vec![0.0; self.len()];
        for hit in self.lexical.search(message.text(), LEXICAL_CANDIDATES) {
            if let Some(coverage) = coverage.get_mut(hit.document) {
                *coverage = hit.coverage;
            }
        }
        let mut entries: Vec<Candidate> = likeness
            .into_iter()
            .zip(coverage)
            .enumerate()
            .map(|(document, (likeness, coverage))| {
                let likeness = if likeness.is_finite() { likeness } else { 0.0 };
                Candidate { document, likeness, coverage, score: likeness + WORDS_WEIGHT * coverage }
            })
            .collect();
        entries.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.document.cmp(&b.document)));
        entries.truncate(limit.max(2));
        let fit = fit(&entries);
        entries.truncate(limit);
        entries.retain(|entry| probability(entry.score, 0.0) >= WORTH_SHOWING);
        Candidates { entries, fit }
    }
}

fn fit(entries: &[Candidate]) -> f32 {
    let Some(best) = entries.first() else { return 0.0 };
    let lead = entries.get(1).map_or(best.score, |second| best.score - second.score);
    probability(best.score, lead)
}

fn probability(score: f32, lead: f32) -> f32 {
    1.0 / (1.0 + (-(INTERCEPT + PER_SCORE * score + PER_LEAD * lead)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> AnswerIndex {
        let entries = [
            ("Quanto custa o frete?", "R$ 15 para todo o Brasil."),
            ("Que horas a loja abre?", "Das 9h às 18h."),
            ("Posso trocar um produto?", "Sim, em até 30 dias."),
        ];
        let documents = entries.map(|(question, answer)| Document { questions: vec![question], answer });
        AnswerIndex::build(documents, |question| Some(Meaning::of(&Message::new(question))))
    }

    fn best(text: &str) -> (Option<usize>, f32) {
        let found = index().search(&Message::new(text), 3);
        (found.entries.first().map(|entry| entry.document), found.fit)
    }

    #[test]
    fn a_question_is_found_in_other_words_and_in_another_language() {
        for (text, document) in [
            ("qual o valor do frete", 0),
            ("how much is shipping?", 0),
            ("¿a qué hora abren?", 1),
            ("what time do you open", 1),
            ("não serviu, dá pra trocar?", 2),
            ("can I exchange it?", 2),
        ] {
            assert_eq!(best(text).0, Some(document), "{text}");
        }
    }

    #[test]
    fn what_no_entry_is_about_fits_less_than_what_one_is_about() {
        assert!(best("quanto é o frete?").1 > ANSWER_FROM);
        assert!(best("vocês contratam vendedores?").1 < best("quanto é o frete?").1);
        assert!(best("quem ganhou o jogo ontem?").1 < ASK_FROM);
    }

    #[test]
    fn an_empty_index_and_an_empty_message_find_nothing() {
        let none = AnswerIndex::default().search(&Message::new("frete"), 3);
        assert_eq!(none, Candidates::default());
        assert!(index().search(&Message::new("?"), 3).fit < ASK_FROM);
    }
}
