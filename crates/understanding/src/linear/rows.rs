//! Which grams get weights, and the examples in terms of them.

use super::model::bucket_mask;
use super::{Example, Settings};

/// The grams of all examples as rows of the weight matrix.
pub(super) struct Rows {
    pub(super) buckets: Vec<u32>,
    /// Per example: row among `buckets` and value, ascending by row.
    grams: Vec<Vec<(u32, f32)>>,
}

impl Rows {
    pub(super) fn of(examples: &[Example<'_>], settings: &Settings) -> Self {
        if settings.gram_scale == 0.0 {
            return Self { buckets: Vec::new(), grams: vec![Vec::new(); examples.len()] };
        }
        let mask = bucket_mask(settings.gram_bits);
        let masked = |example: &Example<'_>| {
            let mut grams: Vec<(u32, f32)> =
                example.features.sparse.iter().map(|(hash, weight)| (hash & mask, *weight)).collect();
            grams.sort_unstable_by_key(|(bucket, _)| *bucket);
            grams.dedup_by(|later, kept| {
                let same = later.0 == kept.0;
                if same {
                    kept.1 += later.1;
                }
                same
            });
            grams
        };
        let mut grams: Vec<Vec<(u32, f32)>> = examples.iter().map(masked).collect();
        let buckets = frequent(&grams, settings.gram_min_examples);
        for example in &mut grams {
            example.retain_mut(|(bucket, weight)| {
                let Ok(row) = buckets.binary_search(bucket) else { return false };
                *bucket = u32::try_from(row).unwrap_or(u32::MAX);
                *weight *= settings.gram_scale;
                true
            });
        }
        Self { buckets, grams }
    }

    /// The grams of one example.
    pub(super) fn grams_of(&self, place: usize) -> &[(u32, f32)] {
        self.grams.get(place).map_or(&[], Vec::as_slice)
    }
}

/// The buckets that at least `min_examples` examples show, ascending.
fn frequent(grams: &[Vec<(u32, f32)>], min_examples: u32) -> Vec<u32> {
    let mut seen: Vec<u32> = grams.iter().flatten().map(|(bucket, _)| *bucket).collect();
    seen.sort_unstable();
    let enough = |run: &&[u32]| run.len() >= min_examples as usize;
    seen.chunk_by(u32::eq).filter(enough).filter_map(|run| run.first().copied()).collect()
}
