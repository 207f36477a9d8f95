//! A trained model and what it says of a text.
//!
//! Weights are kept in 8 bits, in memory as on disk, so that a model read from a file answers exactly as
//! the freshly trained one. Dense features have one scale each, because a caller's own features may be
//! far larger or smaller than those of the embedding; grams share one scale per class.

use super::kernel::{add_row, add_rows};
use super::solve::{sigmoid, softmax};
use super::{LinearError, Output};
use crate::features::Features;

/// A trained linear model.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    pub(super) output: Output,
    pub(super) gram_bits: u8,
    /// What scores are multiplied with before they become probabilities: 1 / temperature.
    pub(super) sharpness: f32,
    /// One per class; their number is the number of classes.
    pub(super) bias: Vec<f32>,
    /// One per dense feature.
    pub(super) dense_scales: Vec<f32>,
    /// One row of weights per dense feature.
    pub(super) dense: Vec<i8>,
    /// One per class.
    pub(super) gram_scales: Vec<f32>,
    /// The buckets that have weights, ascending.
    pub(super) buckets: Vec<u32>,
    /// One row of weights per bucket.
    pub(super) grams: Vec<i8>,
}

/// What training found, in full precision.
pub(super) struct Weights<'a> {
    pub(super) output: Output,
    pub(super) gram_bits: u8,
    pub(super) bias: Vec<f32>,
    pub(super) dense: Vec<f32>,
    pub(super) buckets: &'a [u32],
    pub(super) sparse: Vec<f32>,
}

impl LinearModel {
    pub(super) fn from_weights(weights: Weights<'_>) -> Self {
        let classes = weights.bias.len();
        let mut model = Self {
            output: weights.output,
            gram_bits: weights.gram_bits,
            sharpness: 1.0,
            bias: weights.bias,
            dense_scales: Vec::new(),
            dense: Vec::with_capacity(weights.dense.len()),
            gram_scales: vec![0.0; classes],
            buckets: Vec::new(),
            grams: Vec::new(),
        };
        for row in weights.dense.chunks_exact(classes) {
            let scale = row.iter().fold(0.0, |peak: f32, weight| peak.max(weight.abs())) / LARGEST;
            model.dense_scales.push(scale);
            model.dense.extend(row.iter().map(|weight| rounded(*weight, scale)));
        }
        for row in weights.sparse.chunks_exact(classes) {
            for (scale, weight) in model.gram_scales.iter_mut().zip(row) {
                *scale = scale.max(weight.abs() / LARGEST);
            }
        }
        for (bucket, row) in weights.buckets.iter().zip(weights.sparse.chunks_exact(classes)) {
            let start = model.grams.len();
            let scaled = row.iter().zip(&model.gram_scales);
            model.grams.extend(scaled.map(|(weight, scale)| rounded(*weight, *scale)));
            if model.grams.iter().skip(start).all(|weight| *weight == 0) {
                model.grams.truncate(start);
            } else {
                model.buckets.push(*bucket);
            }
        }
        model
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.bias.len()
    }

    /// How its classes relate.
    pub fn output(&self) -> Output {
        self.output
    }

    /// Number of dense features it expects.
    pub fn dense_length(&self) -> usize {
        self.dense_scales.len()
    }

    /// The scores of all classes before they become probabilities. Missing dense features count as 0.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        let mut scores = vec![0.0; self.classes()];
        self.add_grams(&mut scores, features);
        for ((score, scale), bias) in scores.iter_mut().zip(&self.gram_scales).zip(&self.bias) {
            *score = *score * scale + bias;
        }
        let factors: Vec<f32> =
            features.dense.iter().zip(&self.dense_scales).map(|(value, scale)| value * scale).collect();
        add_rows(&mut scores, &self.dense, &factors);
        scores
    }

    /// The probabilities of all classes, calibrated if [`set_temperature`](Self::set_temperature) was called.
    pub fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.scores(features);
        for score in &mut scores {
            *score *= self.sharpness;
        }
        match self.output {
            Output::OneOf => softmax(&mut scores),
            Output::AnyOf => scores.iter_mut().for_each(|score| *score = sigmoid(*score)),
        }
        scores
    }

    /// Divides scores by `temperature` before they become probabilities (see [`super::calibration`]).
    pub fn set_temperature(&mut self, temperature: f32) -> Result<(), LinearError> {
        if !(temperature.is_normal() && temperature > 0.0) {
            return Err(LinearError::NotPositive { name: "temperature" });
        }
        self.sharpness = 1.0 / temperature;
        Ok(())
    }

    /// What scores are divided by before they become probabilities; 1 unless it was set.
    pub fn temperature(&self) -> f32 {
        1.0 / self.sharpness
    }

    /// The text's grams are in order of their whole hash, so their low bits are in any order.
    fn add_grams(&self, scores: &mut [f32], features: &Features) {
        let classes = self.classes();
        let mask = bucket_mask(self.gram_bits);
        for (hash, weight) in &features.sparse {
            if let Ok(place) = self.buckets.binary_search(&(hash & mask))
                && let Some(row) = self.grams.get(place * classes..(place + 1) * classes)
            {
                add_row(scores, row, *weight);
            }
        }
    }
}

/// Weights use the same range up and down.
const LARGEST: f32 = 127.0;

#[expect(clippy::cast_possible_truncation, reason = "a weight over its row's scale is within ±127")]
fn rounded(weight: f32, scale: f32) -> i8 {
    if scale > 0.0 { (weight / scale).round() as i8 } else { 0 }
}

/// The bits of a hash that name a bucket.
pub(super) fn bucket_mask(bits: u8) -> u32 {
    u32::MAX.checked_shr(32_u32.saturating_sub(u32::from(bits))).unwrap_or(0)
}
