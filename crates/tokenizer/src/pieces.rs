//! Cuts text into the pieces of the o200k pattern; no token ever crosses a piece boundary.
//!
//! The pattern has seven alternatives, tried in this order at every position:
//!
//! 1. a word that ends in lower case: `P? U* L+` and a contraction,
//! 2. a word in upper case: `P? U+ L*` and a contraction,
//! 3. `\p{N}{1,3}`,
//! 4. ` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
//! 5. `\s*[\r\n]+`,
//! 6. `\s+(?!\S)`,
//! 7. `\s+`
//!
//! with `P` = `[^\r\n\p{L}\p{N}]`, `U` = [`Class::is_upper_half`], `L` = [`Class::is_lower_half`]. Where an
//! engine would go back over the text, the end it would find is computed instead: every character is looked
//! at a bounded number of times.

use crate::classes::Class;

/// The pieces of a text, in order; joined they are the text.
#[derive(Clone, Debug)]
pub(crate) struct Pieces<'a> {
    rest: &'a str,
}

impl<'a> Pieces<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        Self { rest: text }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = first_piece_end(self.rest)?;
        let (piece, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(piece)
    }
}

/// Where the first piece ends; `None` for an empty text.
fn first_piece_end(text: &str) -> Option<usize> {
    let (first, width) = class_at(text, 0)?;
    let end = match first {
        Class::Upper | Class::Lower | Class::Letter => word_end(text, 0).unwrap_or(width),
        Class::Mark => marked_word_end(text, width),
        Class::Number => number_end(text, width),
        Class::Other => word_end(text, width).unwrap_or_else(|| punctuation_end(text, width)),
        Class::Space => word_end(text, width)
            .or_else(|| spaced_punctuation_end(text))
            .unwrap_or_else(|| white_space_end(text)),
        Class::LineBreak => white_space_end(text),
    };
    Some(end)
}

/// Alternatives 1 and 2 behind the optional `P`; `None` where no letter follows.
fn word_end(text: &str, start: usize) -> Option<usize> {
    let end = lower_word_end(text, start).or_else(|| upper_word_end(text, start))?;
    Some(contraction_end(text, end))
}

/// A mark is a `P` as well as a letter: alternative 1 is tried with it as the one, then as the other.
fn marked_word_end(text: &str, width: usize) -> usize {
    let end = lower_word_end(text, width).or_else(|| lower_word_end(text, 0)).unwrap_or(width);
    contraction_end(text, end)
}

/// `U* L+`: when no lower-case letter follows the upper half, it has to give back what is not `L` as well.
fn lower_word_end(text: &str, start: usize) -> Option<usize> {
    let mut position = start;
    let mut last_in_both_halves = None;
    while let Some((class, width)) = class_at(text, position).filter(|(class, _)| class.is_upper_half()) {
        position += width;
        if class.is_lower_half() {
            last_in_both_halves = Some(position);
        }
    }
    let end = skip(text, position, Class::is_lower_half);
    if end > position { Some(end) } else { last_in_both_halves }
}

/// `U+ L*`
fn upper_word_end(text: &str, start: usize) -> Option<usize> {
    let upper_end = skip(text, start, Class::is_upper_half);
    (upper_end > start).then(|| skip(text, upper_end, Class::is_lower_half))
}

/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)?`; the long s folds to an s.
fn contraction_end(text: &str, word_end: usize) -> usize {
    let length = match text.as_bytes().get(word_end..) {
        Some([b'\'', b's' | b'S' | b't' | b'T' | b'm' | b'M' | b'd' | b'D', ..]) => 2,
        Some(
            [b'\'', b'r' | b'R' | b'v' | b'V', b'e' | b'E', ..]
            | [b'\'', b'l' | b'L', b'l' | b'L', ..]
            | [b'\'', 0xc5, 0xbf, ..],
        ) => 3,
        _ => 0,
    };
    word_end + length
}

/// `\p{N}{1,3}` behind its first character.
fn number_end(text: &str, first_end: usize) -> usize {
    let mut end = first_end;
    for _ in 0..2 {
        let Some((Class::Number, width)) = class_at(text, end) else { break };
        end += width;
    }
    end
}

/// Alternative 4 with its space in front.
fn spaced_punctuation_end(text: &str) -> Option<usize> {
    let (class, width) = class_at(text.strip_prefix(' ')?, 0)?;
    class.is_punctuation().then(|| punctuation_end(text, 1 + width))
}

/// Alternative 4 behind its first punctuation character.
fn punctuation_end(text: &str, first_end: usize) -> usize {
    let end = skip(text, first_end, Class::is_punctuation);
    let tail = text.as_bytes().iter().skip(end);
    end + tail.take_while(|byte| matches!(byte, b'\r' | b'\n' | b'/')).count()
}

/// Alternatives 5, 6 and 7: up to the last line break; else all of it when the text ends with it; else all
/// but the last character, which belongs to what follows, unless it is the only one.
fn white_space_end(text: &str) -> usize {
    let mut end = 0;
    let mut last_start = 0;
    let mut line_break_end = 0;
    while let Some((class, width)) = class_at(text, end).filter(|(class, _)| class.is_white_space()) {
        last_start = end;
        end += width;
        if class == Class::LineBreak {
            line_break_end = end;
        }
    }
    if line_break_end > 0 {
        line_break_end
    } else if end == text.len() || last_start == 0 {
        end
    } else {
        last_start
    }
}

/// The end of the run of characters that are `wanted`, from `start`.
fn skip(text: &str, start: usize, wanted: fn(Class) -> bool) -> usize {
    let mut end = start;
    while let Some((_, width)) = class_at(text, end).filter(|&(class, _)| wanted(class)) {
        end += width;
    }
    end
}

/// The class and the width in bytes of the character at `position`; `None` at the end of the text.
#[inline]
fn class_at(text: &str, position: usize) -> Option<(Class, usize)> {
    let first = *text.as_bytes().get(position)?;
    let character =
        if first.is_ascii() { char::from(first) } else { text.get(position..)?.chars().next()? };
    Some((Class::of(character), character.len_utf8()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(text: &str) -> Vec<&str> {
        Pieces::of(text).collect()
    }

    #[test]
    fn a_word_takes_the_character_before_it_and_its_contraction() {
        assert_eq!(pieces("I'M sure they'Ll \"say’s"), ["I'M", " sure", " they'Ll", " \"", "say", "’s"]);
        assert_eq!(pieces("it'ſ \u{301}ABC"), ["it'ſ", " \u{301}", "ABC"]);
    }

    #[test]
    fn a_change_of_case_starts_a_word() {
        assert_eq!(pieces("camelCaseURLs"), ["camel", "Case", "URLs"]);
        assert_eq!(pieces("AB中CD!"), ["AB中", "CD", "!"]);
    }

    #[test]
    fn numbers_go_by_three() {
        assert_eq!(pieces("R$ 1234567,89"), ["R", "$", " ", "123", "456", "7", ",", "89"]);
    }

    #[test]
    fn the_last_space_belongs_to_the_next_word() {
        assert_eq!(pieces("a   b \n\n  c  "), ["a", "  ", " b", " \n\n", " ", " c", "  "]);
    }

    #[test]
    fn line_breaks_and_slashes_end_punctuation() {
        assert_eq!(pieces(" ...\r\n//x"), [" ...\r\n//", "x"]);
    }

    /// Strings over the characters where the alternatives meet.
    fn tricky_text() -> impl Strategy<Value = String> {
        let characters = " \t\r\n\u{a0}\u{85}\u{2028}'’/!.\u{200d}😀\u{fe0f}sStTrRelLvdmſaAéÉǅʰºª中あกไ\u{301}\u{93f}\u{20e3}1٣½Ⅷक";
        prop::collection::vec(prop::sample::select(characters.chars().collect::<Vec<_>>()), 0..40)
            .prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn joined_pieces_are_the_text(text in any::<String>()) {
            prop_assert_eq!(Pieces::of(&text).collect::<String>(), text);
        }

        #[test]
        fn pieces_are_those_of_the_pattern(text in prop_oneof![tricky_text(), any::<String>()]) {
            let expected: Vec<&str> = bpe_openai::o200k_base().split(&text).collect();
            prop_assert_eq!(pieces(&text), expected);
        }
    }
}
