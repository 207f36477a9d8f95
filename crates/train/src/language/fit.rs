//! Multinomial logistic regression by stochastic gradient descent.
//!
//! One pass over texts that never repeat. The step of a row shrinks with the gradients it has seen
//! (AdaGrad, one number a row) and, for all, linearly to zero.

use pytake_understanding::language::grams::each_gram;
pub(super) use pytake_understanding::language::model::Head;
use pytake_understanding::language::model::{CLASSES, bucket};

use super::sampler::Sampler;

/// A row of weights: the classes, padded to a line of the cache.
type Row = [f32; 16];

/// Buckets are 2 to the power of this.
const BITS: u8 = 16;

/// The first step of a row and of the bias.
const RATE: f32 = 0.3;
const BIAS_RATE: f32 = 0.1;

/// A model in floating point.
pub(super) struct Fitted {
    bias: Row,
    rows: Vec<Row>,
}

/// Learns from so many texts.
pub(super) fn fit(sampler: &mut Sampler<'_>, texts: usize) -> Fitted {
    let mut fitted = Fitted { bias: [0.0; 16], rows: vec![[0.0; 16]; 1 << BITS] };
    let mut seen = vec![0.0_f32; 1 << BITS];
    let mut bias_seen = 0.0_f32;
    let mut buckets = Vec::new();
    for step in 0..texts {
        let (text, class) = sampler.draw();
        buckets.clear();
        each_gram(&text, |hash| buckets.push(bucket(hash, BITS)));
        if buckets.is_empty() {
            continue;
        }
        let mut error = fitted.shares(&buckets);
        error[class] -= 1.0;
        let length: f32 = error.iter().map(|value| value * value).sum();
        let step_size = Sampler::weight(class) * (1.0 - step as f32 / texts as f32);
        bias_seen += length;
        descend(&mut fitted.bias, &error, BIAS_RATE * step_size / (bias_seen.sqrt() + 1e-6));
        for bucket in &buckets {
            seen[*bucket] += length;
            let step_size = RATE * step_size / (seen[*bucket].sqrt() + 1e-6);
            descend(&mut fitted.rows[*bucket], &error, step_size);
        }
    }
    fitted
}

fn descend(row: &mut Row, error: &Row, step_size: f32) {
    for (weight, error) in row.iter_mut().zip(error) {
        *weight -= step_size * error;
    }
}

impl Fitted {
    /// The probability of each class, padded with zeros.
    fn shares(&self, buckets: &[usize]) -> Row {
        let mut scores = [0.0; 16];
        for bucket in buckets {
            for (score, weight) in scores.iter_mut().zip(&self.rows[*bucket]) {
                *score += weight;
            }
        }
        let mut highest = f32::MIN;
        for (score, bias) in scores.iter_mut().zip(&self.bias).take(CLASSES) {
            *score += bias;
            highest = highest.max(*score);
        }
        let mut shares = [0.0; 16];
        let mut total = 0.0;
        for (share, score) in shares.iter_mut().zip(scores).take(CLASSES) {
            *share = (score - highest).exp();
            total += *share;
        }
        shares.map(|share| share / total)
    }

    /// In 8 bits; the few weights beyond 4 times the root mean square are cut.
    pub(super) fn quantise(&self) -> (Head, Vec<[i8; CLASSES]>) {
        let weights = || self.rows.iter().flat_map(|row| &row[..CLASSES]).filter(|weight| **weight != 0.0);
        let count = weights().count().max(1) as f32;
        let limit = 4.0 * (weights().map(|weight| weight * weight).sum::<f32>() / count).sqrt();
        let scale = limit.max(f32::MIN_POSITIVE) / 127.0;
        #[expect(clippy::cast_possible_truncation, reason = "a whole number within ±127")]
        let small = |weight: f32| (weight / scale).round().clamp(-127.0, 127.0) as i8;
        let mut bias = [0.0; CLASSES];
        bias.copy_from_slice(&self.bias[..CLASSES]);
        let rows = self.rows.iter().map(|row| std::array::from_fn(|class| small(row[class]))).collect();
        (Head { bits: BITS, scale, bias, sharpness: [1.0; 3] }, rows)
    }
}
