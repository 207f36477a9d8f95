//! The eight kinds of character that the o200k pattern tells apart, looked up in two steps in a table of
//! about 40 KB that is part of the binary. `data/README.md` says how the table is made.

/// The table: 4,352 block numbers, one for each 256 code points, then the blocks, a byte a code point.
static TABLE: &[u8] = include_bytes!("../data/classes.bin");

/// 0x110000 code points in blocks of 256.
const BLOCK_NUMBERS: usize = 0x11_0000 / 256;

/// What the pattern sees in a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// `Lu`, `Lt`: only the upper half of a word takes it.
    Upper,
    /// `Ll`: only the lower half of a word takes it.
    Lower,
    /// `Lm`, `Lo`: both halves of a word take it.
    Letter,
    /// `M`: both halves take it, and it may also stand in front of a word or among punctuation.
    Mark,
    /// `N`.
    Number,
    /// `\r` and `\n`.
    LineBreak,
    /// Any other `White_Space`.
    Space,
    /// Everything else: punctuation, symbols, controls, unassigned.
    Other,
}

impl Class {
    /// In the order of the numbers in the table.
    const ALL: [Self; 8] = [
        Self::Other,
        Self::Upper,
        Self::Lower,
        Self::Letter,
        Self::Mark,
        Self::Number,
        Self::LineBreak,
        Self::Space,
    ];

    /// The class of a character.
    pub(crate) fn of(character: char) -> Self {
        let code = character as usize;
        let block = usize::from(TABLE[code >> 8]);
        Self::ALL[usize::from(TABLE[BLOCK_NUMBERS + (block << 8) + (code & 0xff)]) & 7]
    }

    /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`
    pub(crate) fn is_upper_half(self) -> bool {
        matches!(self, Self::Upper | Self::Letter | Self::Mark)
    }

    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`
    pub(crate) fn is_lower_half(self) -> bool {
        matches!(self, Self::Lower | Self::Letter | Self::Mark)
    }

    /// `[^\s\p{L}\p{N}]`
    pub(crate) fn is_punctuation(self) -> bool {
        matches!(self, Self::Other | Self::Mark)
    }

    /// `\s`
    pub(crate) fn is_white_space(self) -> bool {
        matches!(self, Self::Space | Self::LineBreak)
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn the_table_agrees_with_the_regex_crate_on_every_character() {
        let every_character: String = ('\0'..=char::MAX).collect();
        let classes = [
            (r"[\p{Lu}\p{Lt}]", Class::Upper),
            (r"\p{Ll}", Class::Lower),
            (r"[\p{Lm}\p{Lo}]", Class::Letter),
            (r"\p{M}", Class::Mark),
            (r"\p{N}", Class::Number),
            (r"[\r\n]", Class::LineBreak),
            (r"[\s--\r\n]", Class::Space),
            (r"[^\s\p{L}\p{N}\p{M}]", Class::Other),
        ];
        let mut seen = 0;
        for (pattern, class) in classes {
            for found in Regex::new(pattern).unwrap().find_iter(&every_character) {
                let character = found.as_str().chars().next().unwrap();
                assert_eq!(Class::of(character), class, "{character:?}");
                seen += 1;
            }
        }
        assert_eq!(seen, every_character.chars().count());
    }
}
