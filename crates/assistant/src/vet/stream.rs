//! A reply in pieces: text is given out as soon as it is safe, and never a half link, price or phrase.

use super::grounding::{self, Facts, claims_of};
use super::{
    VetInput, VetObjection, VetReport, check_filter, check_language, check_wording, filter_objection, vet,
};

/// Held back at the end, so that a claim of several words is seen whole before its first word goes out: the
/// bytes of "25 de septiembre de 2026".
const HELD: usize = 24;
/// Nothing is given out before this many bytes have come: enough words to know the language, so that the
/// most frequent objection still comes in time for a silent retry.
const FIRST: usize = 64;
/// Later pieces have at least this many bytes, a few words: each costs one round of checks.
const STEP: usize = 40;
/// Checked again before each piece, for phrases that began in the last one: twelve words of the instructions.
const CONTEXT: usize = 96;

/// Vets a reply that arrives in pieces. The cost is linear in its length, however it is cut.
///
/// What was given out passed the checks that need a stretch of text (claims, keys, promises, dialogue, leaked
/// instructions, filter); what needs the whole (echo, emptiness) is checked at the end when nothing is out yet.
#[derive(Debug)]
pub struct StreamVet<'a> {
    input: VetInput<'a>,
    facts: Facts<'a>,
    text: String,
    /// Given out up to here; always before a word.
    released: usize,
    /// A place behind `released` where a word begins, not yet checked; 0: none.
    boundary: usize,
    /// How far such places were looked for.
    scanned: usize,
    claims: usize,
}

impl<'a> StreamVet<'a> {
    /// Starts a reply; `input.reply` is not read.
    pub fn new(input: VetInput<'a>) -> Self {
        let facts = Facts::new(input.facts);
        Self { input, facts, text: String::new(), released: 0, boundary: 0, scanned: 0, claims: 0 }
    }

    /// Takes the next piece of the reply; gives the text that may be shown now, often none.
    ///
    /// # Errors
    /// What has come so far must not be sent. Text given out before stays out.
    pub fn push(&mut self, text: &str) -> Result<String, VetObjection> {
        self.text.push_str(text);
        let limit = self.text.floor_char_boundary(self.text.len().saturating_sub(HELD));
        if limit > self.scanned {
            let fresh = &self.text[self.scanned..limit];
            if let Some((at, space)) = fresh.char_indices().rfind(|(_, c)| c.is_whitespace()) {
                self.boundary = self.scanned + at + space.len_utf8();
            }
            self.scanned = limit;
        }
        let is_due = match self.released {
            0 => self.boundary > 0 && self.text.len() >= FIRST,
            released => self.boundary >= released + STEP,
        };
        if is_due { self.release() } else { Ok(String::new()) }
    }

    /// Ends the reply: the rest of its text.
    ///
    /// # Errors
    /// The rest, or all of it, must not be sent.
    pub fn finish(mut self) -> Result<(String, VetReport), VetObjection> {
        if self.released == 0 {
            let report = vet(&VetInput { reply: &self.text, ..self.input })?;
            return Ok((self.text, report));
        }
        let rest = &self.text[self.context_start()..];
        check_wording(rest, &self.input, &self.facts)?;
        check_filter(rest, &self.input)?;
        self.claims += grounding::check(&self.text[self.released..], self.input.has_own_prompt, &self.facts)?;
        let report = VetReport { claims: self.claims };
        Ok((self.text.split_off(self.released), report))
    }

    /// Checks and gives out everything before the boundary, less what has only begun there.
    fn release(&mut self) -> Result<String, VetObjection> {
        let words_end = self.text.rfind(char::is_whitespace).unwrap_or(self.text.len());
        if self.released == 0 {
            check_language(&self.text[..words_end], &self.input)?;
        }
        let from = self.context_start();
        let words = &self.text[from..words_end];
        check_wording(words, &self.input, &self.facts)?;
        let mut end = self.unfiltered_end(words, from)?;
        // A phrase that is never said may be longer than what is held back: its beginning waits for the rest.
        if let Some(begun) = self.input.never_say.begun_at(words) {
            end = end.min(from + begun).max(self.released);
        }
        for claim in claims_of(&self.text[self.released..]) {
            if self.released + claim.end > end {
                end = end.min(self.released + claim.start);
                break;
            }
            grounding::check_claim(&claim, self.input.has_own_prompt, &self.facts)?;
            self.claims += 1;
        }
        let piece = self.text[self.released..end].to_owned();
        self.released = end;
        self.boundary = 0;
        Ok(piece)
    }

    /// How much of the text before the boundary the filter lets pass. A phrase that ends behind it may yet turn
    /// out to be harmless by its next word, and is held until then. `words` start at byte `from`.
    fn unfiltered_end(&self, words: &str, from: usize) -> Result<usize, VetObjection> {
        let mut end = self.boundary;
        let Some(filter) = self.input.filter else { return Ok(end) };
        let verdict = filter.check_outbound(words);
        for found in &verdict.matches {
            if from + found.end <= end {
                return Err(filter_objection(&verdict));
            }
            end = end.min(from + found.start).max(self.released);
        }
        Ok(end)
    }

    /// A place before a word, about [`CONTEXT`] bytes before what was given out.
    fn context_start(&self) -> usize {
        let from = self.text.floor_char_boundary(self.released.saturating_sub(CONTEXT));
        match from {
            0 => 0,
            from => {
                self.text[from..self.released].find(char::is_whitespace).map_or(self.released, |at| from + at)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::vet::tests::input;

    /// What was shown before an objection or the end, and whether it ended well.
    fn streamed<'t>(pieces: impl IntoIterator<Item = &'t str>) -> (String, Result<VetReport, VetObjection>) {
        let mut stream = StreamVet::new(input(""));
        let mut shown = String::new();
        for piece in pieces {
            match stream.push(piece) {
                Ok(text) => shown += &text,
                Err(objection) => return (shown, Err(objection)),
            }
        }
        match stream.finish() {
            Ok((rest, report)) => (shown + &rest, Ok(report)),
            Err(objection) => (shown, Err(objection)),
        }
    }

    const FRONT: &str = "Olá! O chapéu de sol é muito leve, feito à mão e tem proteção contra o sol. Ele ";

    #[test]
    fn text_comes_out_early_and_complete() {
        let reply = format!("{FRONT}custa R$ 49,90 e chega em 5 dias na sua casa, com todo o cuidado.");
        let mut stream = StreamVet::new(input(""));
        let early = stream.push(FRONT).expect("harmless");
        assert!(early.len() > FRONT.len() / 2 && early.ends_with(' '), "{early:?}");
        assert_eq!(streamed(reply.split_inclusive(' ')), (reply.clone(), Ok(VetReport { claims: 1 })));
    }

    #[test]
    fn nothing_wrong_is_shown_however_it_is_cut() {
        for (check, wrong) in [
            ("claim", "custa só R$ 39,90 hoje"),
            ("claim", "está em https://loja.example/promocao agora"),
            ("claim", "tem desconto até 31 de outubro de 2027 para você"),
            ("key", "usa a chave sk-proj-abcdefgh12345678XYZ para isso"),
            ("promise", "vai chegar. Vou verificar e te retorno"),
            ("filter", "ensina como fazer uma bomba caseira em casa"),
            (
                "never_say",
                "vai longe: a entrega é de graça para o país inteiro e chega no mesmo dia em qualquer cidade",
            ),
        ] {
            let reply =
                format!("{FRONT}{wrong}, e temos outros chapéus bonitos aqui na loja também. Quer ver?");
            for size in [1, 3, 7, 20, 400] {
                let pieces: Vec<String> = reply
                    .chars()
                    .collect::<Vec<_>>()
                    .chunks(size)
                    .map(|piece| piece.iter().collect())
                    .collect();
                let (shown, ended) = streamed(pieces.iter().map(String::as_str));
                assert_eq!(
                    ended.map_err(|objection| objection.check),
                    Err(check),
                    "{wrong}, {size}: {shown}"
                );
                for part in
                    ["39,90", "promocao", "outubro", "sk-proj", "verificar", "bomba", "graça", "inteiro"]
                {
                    assert!(!shown.contains(part), "{size}: {shown}");
                }
            }
        }
    }

    #[test]
    fn a_harmless_continuation_is_waited_for() {
        for harmless in [
            "vem com uma bomba de chocolate de presente para quem compra hoje na nossa loja.",
            "vai longe: a entrega é de graça para o país inteiro e chega no mesmo dia em muitas cidades.",
        ] {
            let reply = format!("{FRONT}{harmless}");
            for size in [1, 5, 11] {
                let chars: Vec<char> = reply.chars().collect();
                let pieces: Vec<String> = chars.chunks(size).map(|piece| piece.iter().collect()).collect();
                let (shown, ended) = streamed(pieces.iter().map(String::as_str));
                assert_eq!((shown.as_str(), ended.is_ok()), (reply.as_str(), true), "{size}");
            }
        }
    }

    #[test]
    fn a_wrong_language_is_noticed_before_anything_is_shown() {
        let reply = "The sun hat is very light and it is made by hand, with a wide brim. ".repeat(3);
        let (shown, ended) = streamed(reply.split_inclusive(' '));
        assert_eq!((shown.as_str(), ended.map_err(|objection| objection.check)), ("", Err("language")));
    }

    #[test]
    fn a_text_without_spaces_costs_no_more_than_one_with() {
        let long = "á".repeat(50_000);
        let mut stream = StreamVet::new(VetInput { filter: None, ..input("") });
        for piece in long.as_bytes().chunks(2) {
            let piece = std::str::from_utf8(piece).expect("two bytes are one character");
            assert_eq!(stream.push(piece), Ok(String::new()));
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_beginning_of_the_reply(
            words in prop::collection::vec("(custa|R\\$ 49,90|5 dias|10%|chapéu|de sol,|https://loja.example/rastreio|25/12/2026|é|leve\\.|\n)", 0..50),
            cuts in prop::collection::vec(0_usize..400, 0..30),
        ) {
            let reply = words.join(" ");
            let mut places: Vec<usize> = cuts.into_iter().map(|at| reply.floor_char_boundary(at)).collect();
            places.sort_unstable();
            let starts = [0].into_iter().chain(places.iter().copied());
            let ends = places.iter().copied().chain([reply.len()]);
            let (shown, ended) = streamed(starts.zip(ends).map(|(start, end)| &reply[start..end]));
            prop_assert!(reply.starts_with(&shown));
            if ended.is_ok() {
                prop_assert_eq!(shown, reply);
            }
        }
    }
}
