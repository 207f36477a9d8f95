//! An answer that arrives in pieces: a mark may be cut between two of them.

use super::Mask;
use super::marks::is_inner;

/// Puts back what marks stand for, piece by piece. What may be the beginning of a mark waits for the next piece: a word,
/// and a bracket before it.
#[derive(Debug, Default)]
pub(crate) struct Unveiler {
    held: String,
}

impl Unveiler {
    /// Takes a piece; gives what is certain now.
    ///
    /// # Errors
    /// As [`Mask::checked`].
    pub(crate) fn push(&mut self, mask: &Mask, piece: &str) -> Result<String, String> {
        self.held.push_str(piece);
        let rest = self.held.split_off(certain(&self.held));
        let certain = std::mem::replace(&mut self.held, rest);
        mask.checked(&certain)
    }

    /// Gives what was held back.
    ///
    /// # Errors
    /// As [`Mask::checked`].
    pub(crate) fn finish(&mut self, mask: &Mask) -> Result<String, String> {
        mask.checked(&std::mem::take(&mut self.held))
    }
}

/// How many bytes no later piece can change.
fn certain(text: &str) -> usize {
    let bytes = text.as_bytes();
    let word = bytes.iter().rev().take_while(|byte| is_inner(**byte)).count();
    let start = bytes.len() - word;
    if start > 0 && bytes[start - 1] == b'[' { start - 1 } else { start }
}
