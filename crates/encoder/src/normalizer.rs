//! Brings a text into the form the pieces were made from: NFKC with a few more replacements, by the table the model
//! brings along; runs of spaces become one, which is written `▁`, and one stands in front.
//!
//! This is SentencePiece's normalisation with a dummy prefix and escaped, collapsed spaces.

use crate::double_array::DoubleArray;

/// What SentencePiece writes for a space, U+2581.
pub(crate) const SPACE: &str = "\u{2581}";

/// Characters of a text that are read; the rest cannot change the first `MAX_PIECES` pieces of ordinary text.
/// 4,096 is the longest text message of the WhatsApp Cloud API.
const MAX_CHARACTERS: usize = 4096;

/// Bytes of normalised text at which reading stops: a few characters stand for words ("ﷺ" for 18 letters), and four
/// bytes for each character read is what all others need at most.
const MAX_NORMALIZED_BYTES: usize = 4 * MAX_CHARACTERS;

/// The replacements of the model file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Normalizer<'a> {
    keys: DoubleArray<'a>,
    texts: &'a [u8],
}

impl<'a> Normalizer<'a> {
    pub(crate) fn new(units: &'a [u8], texts: &'a [u8]) -> Self {
        Self { keys: DoubleArray::new(units), texts }
    }

    /// Writes the normalised form of `text` over `out`; nothing for a text of spaces.
    pub(crate) fn normalize(self, text: &str, out: &mut String) {
        out.clear();
        let mut rest = text;
        let mut after_space = true;
        for _ in 0..MAX_CHARACTERS {
            if rest.is_empty() || out.len() >= MAX_NORMALIZED_BYTES {
                break;
            }
            let (replacement, read) = self.first(rest);
            rest = rest.get(read..).unwrap_or_default();
            let replacement = if after_space { replacement.trim_start_matches(' ') } else { replacement };
            if replacement.is_empty() {
                continue;
            }
            if out.is_empty() {
                out.push_str(SPACE);
            }
            for character in replacement.chars() {
                if character == ' ' { out.push_str(SPACE) } else { out.push(character) }
            }
            after_space = replacement.ends_with(' ');
        }
        while out.ends_with(SPACE) {
            out.truncate(out.len() - SPACE.len());
        }
    }

    /// What the beginning of a text becomes, and how many bytes of the text that is.
    fn first<'t>(self, text: &'t str) -> (&'t str, usize)
    where
        'a: 't,
    {
        let longest = self.keys.prefixes(text.as_bytes()).last();
        if let Some((read, replacement)) = longest.and_then(|(read, at)| Some((read, self.text_at(at)?)))
            && text.is_char_boundary(read)
        {
            return (replacement, read);
        }
        let read = text.chars().next().map_or(0, char::len_utf8);
        (text.get(..read).unwrap_or_default(), read)
    }

    fn text_at(self, at: u32) -> Option<&'a str> {
        let bytes = self.texts.get(at as usize..)?;
        let end = bytes.iter().position(|&byte| byte == 0)?;
        std::str::from_utf8(bytes.get(..end)?).ok()
    }
}
