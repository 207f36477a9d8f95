//! The weights of a head: one byte each, a scale per class, and the calibration that makes scores believable.
//!
//! A file is: `PTHD`, version, output (0 one of, 1 any of), gram bits, a zero byte; classes and dense features
//! as u16; the classes' names, each with its length before it; then per class bias, slope, offset, threshold, scale of
//! the dense weights, scale of the gram weights as f32; the dense weights, class after class; the gram weights,
//! bucket after bucket. All little-endian.

mod file;

use crate::features::{Features, Gram};
use crate::linear::{LinearModel, Output};

pub use file::HeadError;

/// Largest value of a weight's byte.
const LARGEST: f32 = 127.0;

/// A head's weights, as small as they are shipped.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    output: Output,
    gram_bits: u8,
    names: Vec<String>,
    classes: Vec<Class>,
    /// Dense weights, class after class: whole numbers of a byte, kept as what they are multiplied with.
    dense: Vec<f32>,
    /// Gram weights, bucket after bucket.
    grams: Vec<i8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Class {
    bias: f32,
    slope: f32,
    offset: f32,
    threshold: f32,
    dense_scale: f32,
    gram_scale: f32,
}

/// The weights of one class as they come out of training.
#[derive(Debug, Clone, PartialEq)]
pub struct ClassWeights {
    /// What the class is called.
    pub name: String,
    /// Score of a text that shows nothing.
    pub bias: f32,
    /// One weight per dense feature.
    pub dense: Vec<f32>,
    /// Weights of buckets, each bucket once.
    pub grams: Vec<Gram>,
    /// Factor on the score that makes it a log-odds (Platt, 1999).
    pub slope: f32,
    /// Summand behind the factor.
    pub offset: f32,
    /// The probability from which on the class is said to hold.
    pub threshold: f32,
}

impl ClassWeights {
    /// Takes the weights of one class out of a model trained with so many gram bits, not yet calibrated.
    pub fn of(model: &LinearModel, class: usize, name: &str, gram_bits: u8) -> Self {
        let score = |features: &Features| model.scores(features).get(class).copied().unwrap_or(0.0);
        let empty = Features { dense: vec![0.0; model.dense_length()], sparse: Vec::new() };
        let bias = score(&empty);
        let mut unit = empty.clone();
        let mut dense = Vec::with_capacity(model.dense_length());
        for place in 0..model.dense_length() {
            unit.dense[place] = 1.0;
            dense.push(score(&unit) - bias);
            unit.dense[place] = 0.0;
        }
        let mut grams = Vec::new();
        for bucket in 0..1_u32 << gram_bits.min(file::MOST_GRAM_BITS) {
            let weight = score(&Features { dense: Vec::new(), sparse: vec![(bucket, 1.0)] }) - bias;
            if weight != 0.0 {
                grams.push((bucket, weight));
            }
        }
        Self { name: name.to_owned(), bias, dense, grams, slope: 1.0, offset: 0.0, threshold: 0.5 }
    }
}

impl Weights {
    /// Rounds trained classes to bytes. Buckets are named by the lowest `gram_bits` bits.
    ///
    /// # Errors
    /// [`HeadError`] where the classes have different numbers of dense features, or none is given.
    pub fn assemble(output: Output, gram_bits: u8, classes: &[ClassWeights]) -> Result<Self, HeadError> {
        let length = classes.first().ok_or(HeadError::Shape("no class"))?.dense.len();
        if gram_bits > file::MOST_GRAM_BITS || classes.iter().any(|class| class.dense.len() != length) {
            return Err(HeadError::Shape("classes of different lengths or too many grams"));
        }
        let buckets = 1_usize << gram_bits;
        let mut grams = vec![0; buckets * classes.len()];
        let mut rounded = Vec::new();
        let mut dense = Vec::new();
        for (place, class) in classes.iter().enumerate() {
            let dense_scale = scale(class.dense.iter());
            let gram_scale = scale(class.grams.iter().map(|(_, weight)| weight));
            dense.extend(class.dense.iter().map(|weight| f32::from(round(*weight, dense_scale))));
            for (bucket, weight) in &class.grams {
                let row = *bucket as usize & (buckets - 1);
                if let Some(byte) = grams.get_mut(row * classes.len() + place) {
                    *byte = round(*weight, gram_scale);
                }
            }
            let (bias, slope, offset, threshold) = (class.bias, class.slope, class.offset, class.threshold);
            rounded.push(Class { bias, slope, offset, threshold, dense_scale, gram_scale });
        }
        let names = classes.iter().map(|class| class.name.clone()).collect();
        Ok(Self { output, gram_bits, names, classes: rounded, dense, grams })
    }

    /// The classes in their order.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The probabilities from which on each class is said to hold.
    pub fn thresholds(&self) -> impl ExactSizeIterator<Item = f32> {
        self.classes.iter().map(|class| class.threshold)
    }

    /// The scores of all classes before calibration. Missing dense features count as 0.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        let length = self.dense.len() / self.classes.len().max(1);
        let mut gram_sums = vec![0.0_f32; self.classes.len()];
        let mask = (1_usize << self.gram_bits) - 1;
        for (hash, weight) in &features.sparse {
            let start = (*hash as usize & mask) * self.classes.len();
            for (sum, byte) in gram_sums.iter_mut().zip(self.grams.get(start..).unwrap_or_default()) {
                *sum += f32::from(*byte) * weight;
            }
        }
        let mut scores = Vec::with_capacity(self.classes.len());
        for ((class, weights), grams) in
            self.classes.iter().zip(self.dense.chunks(length.max(1))).zip(gram_sums)
        {
            scores.push(
                class.bias + class.dense_scale * dot(weights, &features.dense) + class.gram_scale * grams,
            );
        }
        scores
    }

    /// The calibrated probabilities of all classes.
    pub fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut odds = self.scores(features);
        for (score, class) in odds.iter_mut().zip(&self.classes) {
            *score = class.slope * *score + class.offset;
        }
        match self.output {
            Output::AnyOf => odds.iter_mut().for_each(|odds| *odds = 1.0 / (1.0 + (-*odds).exp())),
            Output::OneOf => softmax(&mut odds),
        }
        odds
    }
}

fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::MIN, f32::max);
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
    }
    let sum: f32 = scores.iter().sum();
    for score in scores {
        *score /= sum;
    }
}

/// Dot product in eight lanes of a fixed order: the same on every machine.
fn dot(weights: &[f32], values: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 8];
    let (weight_blocks, weight_rest) = weights.as_chunks::<8>();
    let (value_blocks, value_rest) = values.as_chunks::<8>();
    for (weight_block, value_block) in weight_blocks.iter().zip(value_blocks) {
        for lane in 0..8 {
            lanes[lane] += weight_block[lane] * value_block[lane];
        }
    }
    let rest: f32 = weight_rest.iter().zip(value_rest).map(|(weight, value)| weight * value).sum();
    lanes.iter().sum::<f32>() + rest
}

/// What the byte 1 stands for, so that the largest weight is 127.
fn scale<'a>(weights: impl Iterator<Item = &'a f32>) -> f32 {
    let largest = weights.fold(0.0_f32, |largest, weight| largest.max(weight.abs()));
    if largest > 0.0 { largest / LARGEST } else { 1.0 }
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of a byte")]
fn round(weight: f32, scale: f32) -> i8 {
    (weight / scale).round().clamp(-LARGEST, LARGEST) as i8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::grams;
    use crate::linear::{Example, Settings, train};

    #[test]
    fn rounded_weights_score_as_the_trained_ones() {
        let read = |text: &str, dense: f32| Features { dense: vec![dense, -dense, 0.5], sparse: grams(text) };
        let texts = [read("quero cancelar", 0.9), read("muito obrigado", -0.7), read("bom dia", 0.1)];
        let examples: Vec<Example<'_>> =
            texts.iter().zip(0..).map(|(features, class)| Example::of(features, class)).collect();
        let settings = Settings { gram_bits: 12, ..Settings::new(Output::OneOf, 3) };
        let model = train(&examples, &settings).expect("good examples");
        let classes: Vec<ClassWeights> =
            (0..3).map(|class| ClassWeights::of(&model, class, &class.to_string(), 12)).collect();
        let weights = Weights::assemble(Output::OneOf, 12, &classes).expect("equal lengths");
        for features in &texts {
            for (exact, rounded) in model.probabilities(features).iter().zip(weights.probabilities(features))
            {
                assert!((exact - rounded).abs() < 0.02, "{exact} {rounded}");
            }
        }
        assert_eq!(Weights::read(&weights.to_bytes()), Ok(weights));
    }
}
