//! The 199,998 tokens of o200k_base and the way from bytes to a token's rank.
//!
//! The bytes of all tokens stay where the program file has them; only their offsets and a table of ranks
//! are made at start. `data/README.md` describes the file.

use std::hash::Hasher;
use std::sync::LazyLock;

use hashbrown::HashTable;
use rustc_hash::FxHasher;

/// The number of tokens (four bytes, little endian), the length of each token (a byte), the tokens, all in
/// the order of rank.
static DATA: &[u8] = include_bytes!("../data/o200k.bin");

/// 128 bytes: the longest token of o200k_base, a run of spaces. A test compares it with the data.
pub(crate) const LONGEST_TOKEN: usize = 128;

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| Vocabulary::read(DATA));

/// The tokens, found by their bytes.
pub(crate) struct Vocabulary {
    bytes: &'static [u8],
    /// Where token `rank` starts in `bytes`; the next one's start is its end.
    starts: Vec<u32>,
    ranks: HashTable<u32>,
}

impl Vocabulary {
    /// The one vocabulary, read on the first call.
    pub(crate) fn get() -> &'static Self {
        &VOCABULARY
    }

    fn read(data: &'static [u8]) -> Self {
        let (count, data) = data.split_first_chunk().expect("the file starts with four bytes of count");
        let count = u32::from_le_bytes(*count);
        let (lengths, bytes) = data.split_at(count as usize);

        let mut starts = Vec::with_capacity(lengths.len() + 1);
        let mut ranks = HashTable::with_capacity(lengths.len());
        let mut start = 0_u32;
        for (rank, &length) in (0..count).zip(lengths) {
            let end = start + u32::from(length);
            starts.push(start);
            // Tokens differ from one another and the table has room: neither comparison nor growth.
            ranks.insert_unique(hash(&bytes[start as usize..end as usize]), rank, |_| 0);
            start = end;
        }
        starts.push(start);
        Self { bytes, starts, ranks }
    }

    /// The rank of the token with these bytes, if there is one.
    #[inline]
    pub(crate) fn rank(&self, bytes: &[u8]) -> Option<u32> {
        if bytes.len() > LONGEST_TOKEN {
            return None;
        }
        self.ranks.find(hash(bytes), |&rank| self.token(rank) == bytes).copied()
    }

    #[inline]
    fn token(&self, rank: u32) -> &[u8] {
        let rank = rank as usize;
        &self.bytes[self.starts[rank] as usize..self.starts[rank + 1] as usize]
    }
}

#[inline]
fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_found_under_its_own_rank() {
        let vocabulary = Vocabulary::get();
        assert_eq!(vocabulary.ranks.len(), 199_998);
        for rank in 0..199_998 {
            assert_eq!(vocabulary.rank(vocabulary.token(rank)), Some(rank));
        }
    }

    #[test]
    fn the_longest_token_has_the_length_that_is_stated() {
        let longest = (0..199_998).map(|rank| Vocabulary::get().token(rank).len()).max();
        assert_eq!(longest, Some(LONGEST_TOKEN));
    }

    #[test]
    fn every_byte_is_a_token() {
        assert!((0..=u8::MAX).all(|byte| Vocabulary::get().rank(&[byte]).is_some()));
    }
}
