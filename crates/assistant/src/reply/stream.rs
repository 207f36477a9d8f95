//! A reply that arrives in pieces: its text is given out as soon as it is certain.

use super::scan::FieldScanner;
use super::shape::{self, Shape};
use super::text::Cleaner;
use super::{Reply, ReplyProblem, parse};

/// Takes an answer in pieces and gives the customer's text out of it.
///
/// However the answer is cut, the pieces given out and the rest from [`ReplyStream::finish`] together are the
/// text that [`parse`] reads from the whole.
#[derive(Debug, Default)]
pub struct ReplyStream {
    raw: String,
    stage: Stage,
    cleaner: Cleaner,
}

#[derive(Debug, Default)]
enum Stage {
    /// It may begin with thoughts.
    #[default]
    Beginning,
    /// In thoughts; searched up to this byte for their end.
    Thinking { searched: usize },
    /// Prose or object? The answer starts at this byte.
    Deciding { start: usize },
    /// Everything from this byte on is the reply, or not yet read.
    Prose { read: usize },
    /// The object is read up to this byte.
    Object { read: usize, scanner: FieldScanner },
}

impl ReplyStream {
    /// An answer of which nothing has arrived.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next piece; gives the text that became certain, often none.
    pub fn push(&mut self, chunk: &str) -> String {
        self.raw.push_str(chunk);
        while self.advance() {}
        self.read()
    }

    /// Ends the answer: the reply, and the part of its text that was not given out before.
    ///
    /// # Errors
    /// As [`parse`]; text may have been given out before.
    pub fn finish(self) -> Result<(Reply, String), ReplyProblem> {
        let reply = parse(&self.raw)?;
        let rest = reply.text.get(self.cleaner.given()..).unwrap_or_default().to_owned();
        Ok((reply, rest))
    }

    /// Goes to the next stage, if the text so far allows it.
    fn advance(&mut self) -> bool {
        let next = match self.stage {
            Stage::Beginning => {
                let rest = shape::trim_start(&self.raw);
                if rest.starts_with(shape::THINK) {
                    Stage::Thinking { searched: 0 }
                } else if shape::THINK.starts_with(rest) {
                    return false;
                } else {
                    Stage::Deciding { start: 0 }
                }
            }
            Stage::Thinking { searched } => {
                let Some(at) = self.raw[searched..].find(shape::THINK_END) else {
                    let searched = self.raw.len().saturating_sub(shape::THINK_END.len());
                    self.stage = Stage::Thinking { searched: self.raw.floor_char_boundary(searched) };
                    return false;
                };
                Stage::Deciding { start: searched + at + shape::THINK_END.len() }
            }
            Stage::Deciding { start } => match shape::shape(&self.raw[start..]) {
                Shape::Undecided => return false,
                Shape::Prose => Stage::Prose { read: start },
                Shape::Object { at } => Stage::Object { read: start + at, scanner: FieldScanner::default() },
            },
            Stage::Prose { .. } | Stage::Object { .. } => return false,
        };
        self.stage = next;
        true
    }

    /// Reads what has arrived since the last time.
    fn read(&mut self) -> String {
        let mut given = String::new();
        match &mut self.stage {
            Stage::Beginning | Stage::Thinking { .. } | Stage::Deciding { .. } => {}
            Stage::Prose { read } => {
                self.raw[*read..].chars().for_each(|c| self.cleaner.push(c, &mut given));
                *read = self.raw.len();
            }
            Stage::Object { read, scanner } => {
                for c in self.raw[*read..].chars().filter_map(|c| scanner.push(c)) {
                    self.cleaner.push(c, &mut given);
                }
                *read = self.raw.len();
            }
        }
        given
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pushes a text cut at the given characters; the pieces given out, and the end.
    fn streamed(answer: &str, cuts: &[usize]) -> (String, Result<(Reply, String), ReplyProblem>) {
        let mut stream = ReplyStream::new();
        let mut given = String::new();
        let mut chunk = String::new();
        for (index, c) in answer.chars().enumerate() {
            if cuts.contains(&index) {
                given += &stream.push(&std::mem::take(&mut chunk));
            }
            chunk.push(c);
        }
        given += &stream.push(&chunk);
        (given, stream.finish())
    }

    fn assert_same_as_whole(answer: &str, cuts: &[usize]) -> Result<(), TestCaseError> {
        let (given, finished) = streamed(answer, cuts);
        match (finished, parse(answer)) {
            (Ok((reply, rest)), Ok(whole)) => {
                prop_assert_eq!(given + &rest, whole.text.clone());
                prop_assert_eq!(reply, whole);
            }
            (finished, whole) => prop_assert_eq!(finished.map(|(reply, _)| reply), whole),
        }
        Ok(())
    }

    /// A character as an ASCII-only JSON writer puts it.
    fn escaped(c: char) -> String {
        let mut units = [0; 2];
        match c {
            ' '..='~' => c.to_string(),
            c => c
                .encode_utf16(&mut units)
                .iter()
                .fold(String::new(), |text, unit| text + &format!("\\u{unit:04x}")),
        }
    }

    #[test]
    fn the_reply_is_given_out_while_the_rest_is_missing() {
        let mut stream = ReplyStream::new();
        assert_eq!(stream.push("{\"rep"), "");
        assert_eq!(stream.push("ly\":\"Ol"), "Ol");
        assert_eq!(stream.push("á \\ud83"), "á");
        assert_eq!(stream.push("d\\ude00 "), " 😀");
        assert_eq!(stream.push("\",\"action\":\"ask\"}"), "");
        let (reply, rest) = stream.finish().expect("whole");
        assert_eq!((reply.text.as_str(), rest.as_str()), ("Olá 😀", ""));
    }

    #[test]
    fn long_prose_is_given_out_early_and_short_prose_at_the_end() {
        let mut stream = ReplyStream::new();
        let long = "Bom dia! ".repeat(12);
        assert_eq!(stream.push(&long), long.trim_end());
        assert_eq!(stream.push("Tchau"), " Tchau");
        let mut stream = ReplyStream::new();
        assert_eq!(stream.push("Olá!"), "");
        assert_eq!(stream.finish().expect("prose").1, "Olá!");
    }

    #[test]
    fn a_cut_object_gives_its_text_and_ends_in_a_problem() {
        let (given, finished) = streamed(r#"{"reply":"Custa R$"#, &[3, 9, 12]);
        assert_eq!(given, "Custa R$");
        assert_eq!(finished.map(|(reply, _)| reply), Err(ReplyProblem::Cut));
    }

    proptest! {
        #[test]
        fn any_cutting_of_an_object_gives_the_text_of_the_whole(
            reply in "[ -~éç😀\n\t\u{1}]{0,80}",
            front in prop::sample::select(vec!["", " \n", "```json\n", "Here it is: ", "<think>{\"reply\":\"x\"}</think>"]),
            is_ascii in any::<bool>(),
            back in "[ `}a]{0,8}",
            cuts in prop::collection::vec(0_usize..260, 0..12),
        ) {
            let mut object = serde_json::json!({"used_facts": ["f1"], "reply": reply, "action": "ask"}).to_string();
            if is_ascii {
                object = object.chars().fold(String::new(), |text, c| text + &escaped(c));
            }
            assert_same_as_whole(&format!("{front}{object}{back}"), &cuts)?;
        }

        #[test]
        fn any_cutting_of_any_text_gives_the_text_of_the_whole(
            answer in "(<think>)?[ `{}\\[\\]\"\\\\:,a-fu0-9\n]{0,120}(\"reply\":\"[ a\\\\nu0-9\n\"]{0,20})?(</think>)?[a-z }\"]{0,20}",
            cuts in prop::collection::vec(0_usize..200, 0..10),
        ) {
            assert_same_as_whole(&answer, &cuts)?;
        }
    }
}
