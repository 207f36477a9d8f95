//! The examples that a model remembers: what a message is compared with one by one.
//!
//! Of an intent with many examples only some are kept,
//! chosen so that every other one is near a kept one.

use crate::embedding::DIMENSIONS;
use crate::features::dot;

/// Most remembered examples of all intents: comparing takes about 0.1 µs each.
pub(super) const MAX_ANCHORS: usize = 4_000;

/// Chooses at most `limit` of the embeddings: first the one nearest to all, then always the one
/// farthest from those chosen (Gonzalez, 1985). Returns their places in ascending order.
pub(super) fn spread(embeddings: &[&[f32]], limit: usize) -> Vec<usize> {
    if embeddings.len() <= limit {
        return (0..embeddings.len()).collect();
    }
    let mut mean = [0.0; DIMENSIONS];
    for embedding in embeddings {
        for (sum, value) in mean.iter_mut().zip(*embedding) {
            *sum += value;
        }
    }
    let mut next = farthest(embeddings.iter().map(|embedding| -dot(embedding, &mean)));
    let mut likeness = vec![f32::NEG_INFINITY; embeddings.len()];
    let mut chosen = Vec::with_capacity(limit);
    while chosen.len() < limit {
        let Some(latest) = embeddings.get(next) else { break };
        chosen.push(next);
        for (likeness, embedding) in likeness.iter_mut().zip(embeddings) {
            *likeness = likeness.max(dot(embedding, latest));
        }
        // What is chosen is like itself and never farthest again, unless only equal ones are left.
        next = farthest(likeness.iter().copied());
    }
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

/// The place of the smallest value, the first of equal ones.
fn farthest(values: impl Iterator<Item = f32>) -> usize {
    values.enumerate().min_by(|left, right| left.1.total_cmp(&right.1)).map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(place: usize) -> Vec<f32> {
        let mut embedding = vec![0.0; DIMENSIONS];
        embedding[place] = 1.0;
        embedding
    }

    #[test]
    fn a_spread_choice_leaves_no_corner_out() {
        let mut texts = vec![unit(0); 20];
        texts.extend([unit(1), unit(2)]);
        let places: Vec<&[f32]> = texts.iter().map(Vec::as_slice).collect();
        let chosen = spread(&places, 3);
        assert_eq!(chosen.len(), 3);
        assert!(chosen.contains(&20) && chosen.contains(&21), "{chosen:?}");
        assert_eq!(spread(&places, 100).len(), 22);
        assert_eq!(spread(&places[..20], 3), [0]);
    }
}
