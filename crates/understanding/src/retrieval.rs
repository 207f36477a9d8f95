//! Lexical search over a tenant's approved answers.
//!
//! BM25 over folded, lightly stemmed words; stop words of three languages do not count. A query
//! word that no document has is tried with one typing error; a word of a synonym group (`frete`,
//! `envío`, `shipping`) also finds the other words of its group, for a little less. Documents are
//! few (hundreds, not millions) and live in memory; an index is built when they change.

mod approved;
mod question;
mod stem;
mod vocabulary;

pub use approved::{ANSWER_FROM, ASK_FROM, AnswerIndex, Candidate, Candidates, Meaning};
pub use question::{Question, SAME_FROM};

use rustc_hash::FxHashMap;

use crate::fold;

/// One approved answer to be indexed.
#[derive(Debug, Clone, Default)]
pub struct Document<'a> {
    /// The question in all its variants and languages, titles and keywords.
    pub questions: Vec<&'a str>,
    /// What the customer would read.
    pub answer: &'a str,
}

/// A document that has something of the query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Position in the list the index was built from.
    pub document: usize,
    /// BM25; comparable within one search only.
    pub score: f32,
    /// From 0 to 1: the share of the query's informative weight that the document has. A synonym,
    /// a corrected typing error or a word of the answer alone counts less than a word of a question.
    pub coverage: f32,
}

/// An index over approved answers.
#[derive(Debug, Clone, Default)]
pub struct LexicalIndex {
    terms: FxHashMap<Box<str>, usize>,
    postings: Vec<Vec<Posting>>,
    /// Term names by number, for finding near misses.
    names: Vec<Box<str>>,
    /// Weighted length of each document.
    lengths: Vec<f32>,
    mean_length: f32,
}

#[derive(Debug, Clone, Copy)]
struct Posting {
    document: usize,
    /// Occurrences, those in questions weighted.
    frequency: f32,
    in_question: bool,
}

/// BM25's saturation and length normalisation. Lower than the usual 1.2 and 0.75: entries are short
/// and several variants of one question are no sign of length.
const K1: f32 = 1.2;
const B: f32 = 0.3;

/// A word in a question says more about what an entry is for than one in its answer.
const QUESTION_WEIGHT: f32 = 3.0;

/// What a match is worth towards the score and the coverage.
const EXACT: f32 = 1.0;
const SYNONYM: f32 = 0.85;
const TYPING_ERROR: f32 = 0.8;
/// Share of a match's coverage where the word stands in the answer only.
const ANSWER_ONLY: f32 = 0.6;

/// Share of the rarest word's weight that a word has which no document knows.
const UNKNOWN_SHARE: f32 = 0.5;

/// Shorter words are too near to each other for correcting them.
const SHORTEST_CORRECTED: usize = 5;

/// A query is cut after this many different words; WhatsApp messages have 4,096 characters at most
/// and nobody asks one question in more.
const MAX_QUERY_TERMS: usize = 64;

impl LexicalIndex {
    /// Indexes documents; [`Hit::document`] is their position in `documents`.
    ///
    /// ```
    /// use pytake_understanding::retrieval::{Document, LexicalIndex};
    /// let shipping = Document { questions: vec!["Quanto custa o frete?"], answer: "R$ 15 para todo o Brasil." };
    /// let hours = Document { questions: vec!["Que horas abre?"], answer: "Das 9h às 18h." };
    /// let index = LexicalIndex::build([shipping, hours]);
    /// let hits = index.search("qual o valor do frete", 3);
    /// assert_eq!(hits[0].document, 0);
    /// ```
    pub fn build<'a>(documents: impl IntoIterator<Item = Document<'a>>) -> Self {
        let mut index = Self::default();
        for (number, document) in documents.into_iter().enumerate() {
            let mut frequencies: FxHashMap<Box<str>, (f32, bool)> = FxHashMap::default();
            let mut length = 0.0;
            let questions = document.questions.iter().map(|text| (*text, QUESTION_WEIGHT, true));
            for (text, weight, in_question) in questions.chain([(document.answer, 1.0, false)]) {
                for term in terms(text) {
                    length += weight;
                    if let Some(group) = vocabulary::synonym_group(&term) {
                        let entry = frequencies.entry(group.into()).or_default();
                        *entry = (entry.0 + weight, entry.1 || in_question);
                    }
                    let entry = frequencies.entry(term.into()).or_default();
                    *entry = (entry.0 + weight, entry.1 || in_question);
                }
            }
            for (term, (frequency, in_question)) in frequencies {
                let term = index.term_number(term);
                index.postings[term].push(Posting { document: number, frequency, in_question });
            }
            index.lengths.push(length);
        }
        let total: f32 = index.lengths.iter().sum();
        index.mean_length = (total / index.lengths.len().max(1) as f32).max(1.0);
        index
    }

    /// How many documents are indexed.
    pub fn len(&self) -> usize {
        self.lengths.len()
    }

    /// True when nothing is indexed.
    pub fn is_empty(&self) -> bool {
        self.lengths.is_empty()
    }

    /// The best documents for a query, best first, at most `limit`. Empty when the query has no
    /// informative word or no document has any of them.
    pub fn search(&self, query: &str, limit: usize) -> Vec<Hit> {
        let mut query_terms = terms(query);
        query_terms.sort_unstable();
        query_terms.dedup();
        query_terms.truncate(MAX_QUERY_TERMS);
        let mut found: FxHashMap<usize, (f32, f32)> = FxHashMap::default();
        let mut total_weight = 0.0;
        for term in &query_terms {
            let matches = self.matches(term);
            let weight = self.weight(term, &matches);
            total_weight += weight;
            for (document, (posting, quality)) in matches {
                let entry = found.entry(document).or_default();
                entry.0 += quality * weight * self.saturation(&posting);
                let field = if posting.in_question { 1.0 } else { ANSWER_ONLY };
                entry.1 += quality * field * weight;
            }
        }
        let mut hits: Vec<Hit> = found
            .into_iter()
            .map(|(document, (score, covered))| Hit {
                document,
                score,
                coverage: (covered / total_weight).min(1.0),
            })
            .collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.document.cmp(&b.document)));
        hits.truncate(limit);
        hits
    }

    /// The best match of one query word in every document that has it, by document.
    fn matches(&self, term: &str) -> FxHashMap<usize, (Posting, f32)> {
        let mut matches: FxHashMap<usize, (Posting, f32)> = FxHashMap::default();
        let mut add = |number: usize, quality: f32| {
            for posting in &self.postings[number] {
                let best = matches.entry(posting.document).or_insert((*posting, quality));
                let better = (quality, posting.in_question) > (best.1, best.0.in_question);
                if better {
                    *best = (*posting, quality);
                }
            }
        };
        let exact = self.terms.get(term).copied();
        if let Some(number) = exact {
            add(number, EXACT);
        }
        let group = vocabulary::synonym_group(term);
        if let Some(&number) = group.and_then(|group| self.terms.get(group)) {
            add(number, SYNONYM);
        }
        if exact.is_none() && group.is_none() && term.len() >= SHORTEST_CORRECTED {
            for (number, name) in self.names.iter().enumerate() {
                if is_one_edit_apart(term, name) {
                    add(number, TYPING_ERROR);
                    if let Some(&group) =
                        vocabulary::synonym_group(name).and_then(|group| self.terms.get(group))
                    {
                        add(group, TYPING_ERROR * SYNONYM);
                    }
                }
            }
        }
        matches
    }

    /// Inverse document frequency. A word that is nowhere says that the query asks about something the documents
    /// do not have, or only names a place or a person ("o frete para Recife"): half the weight of the rarest.
    fn weight(&self, term: &str, matches: &FxHashMap<usize, (Posting, f32)>) -> f32 {
        let documents = self.len() as f32;
        let with_term = matches.len() as f32;
        let rarity = (1.0 + (documents - with_term + 0.5) / (with_term + 0.5)).ln();
        let share = if matches.is_empty() { UNKNOWN_SHARE } else { 1.0 };
        rarity * share * vocabulary::importance(term)
    }

    fn saturation(&self, posting: &Posting) -> f32 {
        let length = self.lengths[posting.document] / self.mean_length;
        posting.frequency * (K1 + 1.0) / (posting.frequency + K1 * (1.0 - B + B * length))
    }

    fn term_number(&mut self, term: Box<str>) -> usize {
        if let Some(&known) = self.terms.get(&term) {
            return known;
        }
        let number = self.postings.len();
        self.postings.push(Vec::new());
        self.names.push(term.clone());
        self.terms.insert(term, number);
        number
    }
}

/// The stems of a text's informative words.
fn terms(text: &str) -> Vec<String> {
    let words = fold::words(text);
    words
        .iter()
        .filter(|word| !vocabulary::is_stop_word(word.text))
        .map(|word| stem::stem(word.text))
        .collect()
}

/// One letter more, less, other, or two neighbours swapped (Damerau–Levenshtein distance 1).
/// Numbers are never corrected.
fn is_one_edit_apart(a: &str, b: &str) -> bool {
    let (a, b) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    if b.len() - a.len() > 1 || a.len() + 1 < SHORTEST_CORRECTED || b.contains(&b'#') {
        return false;
    }
    if a.iter().chain(b).any(u8::is_ascii_digit) {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    if a.len() < b.len() {
        return rest_a == &rest_b[1..];
    }
    match (rest_a, rest_b) {
        ([_, tail_a @ ..], [_, tail_b @ ..]) if tail_a == tail_b => true,
        ([x1, x2, tail_a @ ..], [y1, y2, tail_b @ ..]) => x1 == y2 && x2 == y1 && tail_a == tail_b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> LexicalIndex {
        let entry = |questions: &[&'static str], answer: &'static str| Document {
            questions: questions.to_vec(),
            answer,
        };
        LexicalIndex::build([
            entry(
                &["Qual o prazo de entrega?", "Quanto tempo demora para chegar?", "Quanto custa o frete?"],
                "Entregamos em até 5 dias úteis. O frete custa R$ 15.",
            ),
            entry(
                &["Que horas vocês abrem?", "Horário de funcionamento"],
                "De segunda a sexta, das 9h às 18h.",
            ),
            entry(
                &["Quais formas de pagamento vocês aceitam?", "Aceita pix?"],
                "Pix, cartão em até 6 vezes e boleto.",
            ),
            entry(
                &["Como faço para trocar ou devolver um produto?"],
                "Você tem 30 dias para trocar. Envie o produto com a nota fiscal.",
            ),
            entry(&["Vocês têm loja física?", "Onde fica a loja?"], "Rua das Flores, 100, São Paulo."),
        ])
    }

    #[test]
    fn questions_in_other_words_and_languages_find_their_entry() {
        let index = shop();
        for (query, expected) in [
            ("qual o valor do frete?", 0),
            ("em quanto tempo chega a entrega", 0),
            ("how long does shipping take", 0),
            ("cuánto cuesta el envío", 0),
            ("que horas abre a loja no sabado", 1),
            ("what are your opening hours", 1),
            ("posso pagar com cartao?", 2),
            ("do you accept credit card", 2),
            ("quero devolver minha compra", 3),
            ("I want to return an item", 3),
            ("quiero hacer una devolución", 3),
            ("onde fica a loja de vcs", 4),
        ] {
            let hits = index.search(query, 3);
            assert_eq!(hits.first().map(|hit| hit.document), Some(expected), "{query}: {hits:?}");
        }
    }

    #[test]
    fn one_typing_error_is_forgiven_in_long_words() {
        let index = shop();
        assert_eq!(index.search("pagamneto", 1)[0].document, 2);
        assert_eq!(index.search("horarrio", 1)[0].document, 1);
        assert!(index.search("lxja", 1).is_empty());
    }

    #[test]
    fn coverage_is_a_share_and_order_is_by_score() {
        let hits = shop().search("frete e troca de produto pago no pix", 5);
        assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
        assert!(hits.iter().all(|hit| (0.0..=1.0).contains(&hit.coverage)));
        assert!(shop().search("frete", 0).is_empty());
    }

    #[test]
    fn edits_are_told_from_other_words() {
        assert!(is_one_edit_apart("entrega", "entreag"));
        assert!(is_one_edit_apart("entrega", "entrga"));
        assert!(is_one_edit_apart("entrega", "entrexa"));
        assert!(!is_one_edit_apart("entrega", "entorgea"));
        assert!(!is_one_edit_apart("12345", "12346"));
    }
}
