//! Byte-pair encoding of one piece: of all neighbours that together are a token, those of the lowest rank
//! merge first, the leftmost of equals before the others, until no two neighbours are a token.
//!
//! Short pieces look through all their pairs before every merge, longer ones keep the pairs in a queue. Pieces
//! beyond a window are encoded window by window, so that time grows with the length and memory does not.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::vocabulary::Vocabulary;

/// Up to this many bytes a window is short. Measured with the bench: 32 and 128 take about the same time.
const SHORT_PIECE: usize = 64;

/// How many bytes of a piece are encoded at once: more than eight of the longest tokens, so that there is
/// always a token to join the next window at. Measured with the bench: 1,024 and 4,096 take about the same time.
const WINDOW: usize = 2_048;

/// The rank of a pair that is no token.
const NO_TOKEN: u32 = u32::MAX;

/// Encodes pieces one after the other in the same working memory.
pub(crate) struct Merger {
    vocabulary: &'static Vocabulary,
    parts: Vec<Part>,
    links: Vec<Link>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

/// The first tokens of a piece and the bytes that they cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) tokens: usize,
    pub(crate) bytes: usize,
}

/// Bytes of a piece that are a token, up to where the next part starts.
#[derive(Clone, Copy)]
struct Part {
    start: u32,
    /// The rank of this part joined with the next.
    pair_rank: u32,
}

/// A part of a long piece, kept at the index where it starts.
#[derive(Clone, Copy)]
struct Link {
    previous: u32,
    next: u32,
    pair_rank: u32,
}

impl Merger {
    pub(crate) fn new() -> Self {
        Self { vocabulary: Vocabulary::get(), parts: Vec::new(), links: Vec::new(), queue: BinaryHeap::new() }
    }

    /// Takes tokens from the start of a piece, up to `limit` of them, and looks little further.
    pub(crate) fn take(&mut self, piece: &[u8], limit: usize) -> Taken {
        if limit == 0 {
            return Taken { tokens: 0, bytes: 0 };
        }
        if self.vocabulary.rank(piece).is_some() {
            return Taken { tokens: 1, bytes: piece.len() };
        }
        self.take_by_window(piece, limit, WINDOW)
    }

    fn take_by_window(&mut self, piece: &[u8], limit: usize, mut window: usize) -> Taken {
        loop {
            if let Some(taken) = self.join_windows(piece, limit, window) {
                return taken;
            }
            window *= 2;
        }
    }

    /// Tokens are the encoding of their bytes exactly if every two neighbours among them are. Two encodings
    /// can therefore be joined at a token that both have, the second one starting with it; `None` where they
    /// do not have it, which takes a larger window.
    fn join_windows(&mut self, piece: &[u8], limit: usize, window: usize) -> Option<Taken> {
        let mut taken = Taken { tokens: 0, bytes: 0 };
        let mut length = self.encode_window(piece, taken.bytes, window);
        while taken.bytes + length < piece.len() {
            // A quarter before the end of the window, what follows the window makes no difference, as a rule.
            let join = self.parts.len() - self.parts.len() / 4;
            if limit - taken.tokens <= join {
                break;
            }
            let joined_bytes = self.start_of(join, length);
            let token_length = self.start_of(join + 1, length) - joined_bytes;
            taken.tokens += join;
            taken.bytes += joined_bytes;
            length = self.encode_window(piece, taken.bytes, window);
            if self.start_of(1, length) != token_length {
                return None;
            }
        }
        let more = self.parts.len().min(limit - taken.tokens);
        Some(Taken { tokens: taken.tokens + more, bytes: taken.bytes + self.start_of(more, length) })
    }

    /// Encodes at most `size` bytes of the piece from `start`, and says how many there were.
    fn encode_window(&mut self, piece: &[u8], start: usize, size: usize) -> usize {
        let rest = &piece[start..];
        let window = &rest[..size.min(rest.len())];
        self.parts.clear();
        if window.len() <= SHORT_PIECE {
            self.merge_by_search(window);
        } else {
            self.merge_by_queue(window);
        }
        window.len()
    }

    /// Where a part of the window starts; where the window ends if there is no such part.
    fn start_of(&self, part: usize, window_length: usize) -> usize {
        self.parts.get(part).map_or(window_length, |part| part.start as usize)
    }

    fn merge_by_search(&mut self, window: &[u8]) {
        let Self { vocabulary, parts, .. } = self;
        let pair_rank = |start: usize, end: Option<usize>| {
            end.and_then(|end| vocabulary.rank(&window[start..end])).unwrap_or(NO_TOKEN)
        };
        parts.extend((0..).zip(window).map(|(start, _)| Part { start, pair_rank: NO_TOKEN }));
        for (start, part) in parts.iter_mut().enumerate() {
            part.pair_rank = pair_rank(start, Some(start + 2).filter(|&end| end <= window.len()));
        }

        while let Some((index, lowest)) = parts.iter().enumerate().min_by_key(|(_, part)| part.pair_rank) {
            if lowest.pair_rank == NO_TOKEN {
                break;
            }
            parts.remove(index + 1);
            for index in index.saturating_sub(1)..=index {
                let end = match parts.get(index + 2) {
                    Some(after) => Some(after.start as usize),
                    None => (index + 1 < parts.len()).then_some(window.len()),
                };
                parts[index].pair_rank = pair_rank(parts[index].start as usize, end);
            }
        }
    }

    fn merge_by_queue(&mut self, window: &[u8]) {
        let Self { vocabulary, parts, links, queue } = self;
        links.clear();
        links.extend((0_u32..).zip(window).map(|(start, _)| Link {
            previous: start.saturating_sub(1),
            next: start + 1,
            pair_rank: NO_TOKEN,
        }));
        let update = |links: &mut [Link], queue: &mut BinaryHeap<_>, start: u32| {
            let second = links[start as usize].next as usize;
            let end = links.get(second).map(|second| second.next as usize);
            let rank = end.and_then(|end| vocabulary.rank(&window[start as usize..end]));
            links[start as usize].pair_rank = rank.unwrap_or(NO_TOKEN);
            if let Some(rank) = rank {
                queue.push(Reverse((rank, start)));
            }
        };
        for (start, _) in (0_u32..).zip(window) {
            update(links, queue, start);
        }

        while let Some(Reverse((rank, start))) = queue.pop() {
            let first = links[start as usize];
            // A part that has changed since: ranks of one start never repeat, because its pairs only grow.
            if first.pair_rank != rank {
                continue;
            }
            let merged = &mut links[first.next as usize];
            merged.pair_rank = NO_TOKEN;
            let next = merged.next;
            links[start as usize].next = next;
            if let Some(link) = links.get_mut(next as usize) {
                link.previous = start;
            }
            update(links, queue, start);
            if start > 0 {
                update(links, queue, first.previous);
            }
        }

        let mut start = 0;
        while let Some(link) = links.get(start as usize) {
            parts.push(Part { start, pair_rank: link.pair_rank });
            start = link.next;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn starts(parts: &[Part]) -> Vec<u32> {
        parts.iter().map(|part| part.start).collect()
    }

    /// Text that the pattern may leave in one piece.
    fn long_piece() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            "[a-c]{2000,6000}",
            "[a-zà-ü]{2000,6000}",
            "[ก-๛]{1000,2000}",
            "[一-鿿]{1000,2000}",
            "(ab|abc|the|ing|ção|lo){1000,2000}",
            "[-=_*#]{2000,6000}",
            "[ \t]{2000,6000}",
        ]
        .prop_map(String::into_bytes)
    }

    #[test]
    fn a_limit_takes_whole_tokens_from_the_start() {
        let mut merger = Merger::new();
        assert_eq!(merger.take(&[b' '; 300], 2), Taken { tokens: 2, bytes: 256 });
        assert_eq!(merger.take(&[b' '; 300], 0), Taken { tokens: 0, bytes: 0 });
    }

    proptest! {
        #[test]
        fn both_ways_of_merging_find_the_same_tokens(
            piece in prop_oneof!["[a-c]{1,200}", "[a-zà-ü]{1,100}", any::<String>()],
        ) {
            let (mut by_search, mut by_queue) = (Merger::new(), Merger::new());
            by_search.merge_by_search(piece.as_bytes());
            by_queue.merge_by_queue(piece.as_bytes());
            prop_assert_eq!(starts(&by_search.parts), starts(&by_queue.parts));
        }

        #[test]
        fn windows_find_the_tokens_of_the_whole_piece(piece in long_piece(), limit in 1_usize..3_000) {
            let (mut whole, mut by_window) = (Merger::new(), Merger::new());
            whole.merge_by_queue(&piece);
            let tokens = limit.min(whole.parts.len());
            let expected = Taken { tokens, bytes: whole.start_of(tokens, piece.len()) };
            // 1,024 bytes: the smallest window that has eight tokens in any case.
            for window in [1_024, WINDOW] {
                let taken = by_window.take_by_window(&piece, limit, window);
                // Where a limit ends inside a window, what follows the window could still move its end.
                if taken.tokens == whole.parts.len() {
                    prop_assert_eq!(taken, expected);
                } else {
                    prop_assert_eq!(taken.tokens, tokens);
                }
            }
            // Windows too small to join at the first try as well.
            for window in [16, 128, 1_024] {
                let all = by_window.take_by_window(&piece, usize::MAX, window);
                prop_assert_eq!(all, Taken { tokens: whole.parts.len(), bytes: piece.len() });
            }
        }
    }
}
