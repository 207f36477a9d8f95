//! The network: pieces in, one vector out.
//!
//! A row of 512 numbers for each piece; from it the inputs of three branches, each two convolutions over 2, 3 or 5
//! neighbours; rows and branches together, normalised, are summed over the text and go through a small head. Matrices
//! multiply quantised inputs (`quantize`) on the machine of the caller; everything between is 32-bit floats in a fixed
//! order, see `kernel` for why that matters.

use crate::embedding::{DIMENSIONS, Embedding};
use crate::format::{BRANCH, FEATURES, HIDDEN, ROW_NUMBERS, WINDOWS};
use crate::kernel::Machine;
use crate::model::{Gain, Matrix, Model};
use crate::quantize::{Quantized, bounds, quantize, range};

/// Numbers that go into the three branches.
const PROJECTED: usize = 3 * BRANCH;

/// Room for the numbers on the way; grows to the longest text and is kept.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// `FEATURES` for each piece.
    features: Vec<f32>,
    /// `PROJECTED` for each piece.
    projected: Vec<f32>,
    inputs: Vec<u8>,
    sums: Vec<i32>,
    quantized: Vec<Quantized>,
}

/// Embeds pieces.
#[inline(always)]
pub(crate) fn embed<M: Machine>(
    machine: M,
    model: &Model,
    pieces: &[u32],
    scratch: &mut Scratch,
) -> Embedding {
    if pieces.is_empty() {
        return Embedding::ZERO;
    }
    scratch.make_room(pieces.len());
    read_rows(model, pieces, scratch);
    project(machine, model, pieces.len(), scratch);
    for branch in 0..WINDOWS.len() {
        for matrix in &model.branches[branch] {
            convolve(machine, matrix, branch, pieces.len(), scratch);
        }
    }
    let mut features = sum_features(model, pieces.len(), scratch);
    let count = pieces.len() as f32;
    scale(&mut features, 1.0 / count);
    head(machine, model, &features, count.sqrt(), scratch)
}

impl Scratch {
    fn make_room(&mut self, pieces: usize) {
        let widest = WINDOWS.iter().map(|&(pieces, _)| pieces).max().unwrap_or(1);
        self.features.resize(pieces * FEATURES, 0.0);
        self.projected.resize(pieces * PROJECTED, 0.0);
        self.inputs.resize((pieces * ROW_NUMBERS).max((pieces + widest) * BRANCH).max(FEATURES), 0);
        self.sums.resize((pieces * PROJECTED).max(FEATURES), 0);
    }
}

/// Unpacks each piece's row into its features and quantises it.
#[inline(always)]
fn read_rows(model: &Model, pieces: &[u32], scratch: &mut Scratch) {
    let features = scratch.features.chunks_exact_mut(FEATURES);
    let inputs = scratch.inputs.chunks_exact_mut(ROW_NUMBERS);
    scratch.quantized.clear();
    for ((&piece, features), inputs) in pieces.iter().zip(features).zip(inputs) {
        let numbers = &mut features[..ROW_NUMBERS];
        model.rows.read(piece, numbers);
        let (least, greatest) = bounds(numbers);
        let quantized = range(least, greatest);
        quantize(numbers, quantized, inputs);
        scratch.quantized.push(quantized);
    }
}

/// From rows to the inputs of the branches.
#[inline(always)]
fn project<M: Machine>(machine: M, model: &Model, pieces: usize, scratch: &mut Scratch) {
    let matrix = &model.projection;
    machine.multiply(&scratch.inputs, ROW_NUMBERS, pieces, matrix, &mut scratch.sums);
    let projected = scratch.projected.chunks_exact_mut(PROJECTED);
    let sums = scratch.sums.chunks_exact(PROJECTED);
    for ((projected, sums), &quantized) in projected.zip(sums).zip(&scratch.quantized) {
        dequantize(matrix, sums, quantized, projected);
        let (mean, factor) = moments(projected, model.epsilon);
        let Gain { factors, summands } = &model.projected;
        for ((number, gain), summand) in projected.iter_mut().zip(factors).zip(summands) {
            *number = (*number - mean) * factor * gain + summand;
        }
    }
}

/// One convolution of a branch: adds to each piece what its window says.
#[inline(always)]
fn convolve<M: Machine>(machine: M, matrix: &Matrix, branch: usize, pieces: usize, scratch: &mut Scratch) {
    let (window, before) = WINDOWS[branch];
    let columns = branch * BRANCH..(branch + 1) * BRANCH;
    let (mut least, mut greatest) = (0.0_f32, 0.0_f32);
    for row in scratch.projected.chunks_exact(PROJECTED) {
        let (low, high) = bounds(&row[columns.clone()]);
        (least, greatest) = (least.min(low), greatest.max(high));
    }
    let quantized = range(least, greatest);
    // Pieces before the first and after the last count as zeros.
    let padded = &mut scratch.inputs[..(pieces + window - 1) * BRANCH];
    let (front, rest) = padded.split_at_mut(before * BRANCH);
    let (inputs, back) = rest.split_at_mut(pieces * BRANCH);
    front.fill(quantized.zero);
    back.fill(quantized.zero);
    for (row, inputs) in scratch.projected.chunks_exact(PROJECTED).zip(inputs.chunks_exact_mut(BRANCH)) {
        quantize(&row[columns.clone()], quantized, inputs);
    }
    machine.multiply(&scratch.inputs, BRANCH, pieces, matrix, &mut scratch.sums);
    let mut outputs = [0.0; BRANCH];
    for (row, sums) in scratch.projected.chunks_exact_mut(PROJECTED).zip(scratch.sums.chunks_exact(BRANCH)) {
        dequantize(matrix, sums, quantized, &mut outputs);
        for (number, output) in row[columns.clone()].iter_mut().zip(outputs) {
            *number += output.max(0.0);
        }
    }
}

/// Normalises the features of each piece and sums them over the text.
#[inline(always)]
fn sum_features(model: &Model, pieces: usize, scratch: &mut Scratch) -> [f32; FEATURES] {
    let mut total = [0.0; FEATURES];
    let rows = scratch.features.chunks_exact_mut(FEATURES).zip(scratch.projected.chunks_exact(PROJECTED));
    for (features, projected) in rows {
        features[ROW_NUMBERS..].copy_from_slice(projected);
        let (mean, factor) = moments(features, model.epsilon);
        for (total, number) in total.iter_mut().zip(features) {
            *total += (*number - mean) * factor;
        }
    }
    let Gain { factors, summands } = &model.features;
    for ((total, factor), summand) in total.iter_mut().zip(factors).zip(summands) {
        *total = *total * factor + summand * pieces as f32;
    }
    total
}

/// From the mean features of a text to its embedding.
#[inline(always)]
fn head<M: Machine>(
    machine: M,
    model: &Model,
    features: &[f32; FEATURES],
    root: f32,
    scratch: &mut Scratch,
) -> Embedding {
    let mut sentence = [0.0; ROW_NUMBERS];
    dense(machine, &model.sentence, features, &mut sentence, scratch);
    scale(&mut sentence, root);
    let [head0, head1, head2, head3] = &model.head;
    let (mut first, mut second, mut skipped) = ([0.0; HIDDEN], [0.0; HIDDEN], [0.0; HIDDEN]);
    dense(machine, head0, &sentence, &mut first, scratch);
    rectify(&mut first);
    dense(machine, &model.skip1, &sentence, &mut skipped, scratch);
    dense(machine, head1, &first, &mut second, scratch);
    add(&mut second, &skipped);
    rectify(&mut second);
    let (mut third, mut last, mut skipped) = ([0.0; ROW_NUMBERS], [0.0; DIMENSIONS], [0.0; DIMENSIONS]);
    dense(machine, head2, &second, &mut third, scratch);
    rectify(&mut third);
    dense(machine, &model.skip3, &second, &mut skipped, scratch);
    dense(machine, head3, &third, &mut last, scratch);
    add(&mut last, &skipped);
    for number in &mut last {
        *number = tanh(*number);
    }
    let length = lane_sum(&last, |number| number * number).max(model.epsilon).sqrt();
    scale(&mut last, 1.0 / length);
    Embedding(last)
}

/// Multiplies one vector with a matrix.
#[inline(always)]
fn dense<M: Machine>(
    machine: M,
    matrix: &Matrix,
    numbers: &[f32],
    outputs: &mut [f32],
    scratch: &mut Scratch,
) {
    let (least, greatest) = bounds(numbers);
    let quantized = range(least, greatest);
    quantize(numbers, quantized, &mut scratch.inputs);
    machine.multiply(&scratch.inputs, matrix.inputs, 1, matrix, &mut scratch.sums);
    dequantize(matrix, &scratch.sums, quantized, outputs);
}

/// From sums of integers to the numbers they stand for.
#[inline(always)]
fn dequantize(matrix: &Matrix, sums: &[i32], quantized: Quantized, outputs: &mut [f32]) {
    let zero = i32::from(quantized.zero);
    let columns = matrix.scales.iter().zip(&matrix.biases).zip(&matrix.sums);
    for ((output, &sum), ((scale, bias), &weights)) in outputs.iter_mut().zip(sums).zip(columns) {
        // In the shipped file nothing wraps; a damaged one may state sums that no weights have.
        let about_zero = sum.wrapping_sub(zero.wrapping_mul(weights));
        *output = about_zero as f32 * (quantized.scale * scale) + bias;
    }
}

/// Mean and reciprocal deviation.
#[inline(always)]
fn moments(numbers: &[f32], epsilon: f32) -> (f32, f32) {
    let count = numbers.len() as f32;
    let mean = lane_sum(numbers, |number| number) / count;
    let variance = lane_sum(numbers, |number| (number - mean) * (number - mean)) / count;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// Sums over numbers in sixteen lanes, so that wide registers can be used and the order is always the same.
#[inline(always)]
fn lane_sum(numbers: &[f32], term: impl Fn(f32) -> f32) -> f32 {
    const LANES: usize = 16;
    let mut lanes = [0.0_f32; LANES];
    for chunk in numbers.as_chunks::<LANES>().0 {
        for (lane, &number) in lanes.iter_mut().zip(chunk) {
            *lane += term(number);
        }
    }
    lanes.iter().sum()
}

#[inline(always)]
fn scale(numbers: &mut [f32], factor: f32) {
    for number in numbers {
        *number *= factor;
    }
}

#[inline(always)]
fn rectify(numbers: &mut [f32]) {
    for number in numbers {
        *number = number.max(0.0);
    }
}

#[inline(always)]
fn add(numbers: &mut [f32], others: &[f32]) {
    for (number, other) in numbers.iter_mut().zip(others) {
        *number += other;
    }
}

/// The hyperbolic tangent within 1e-6; the standard library's may differ from one system to the next.
#[inline(always)]
fn tanh(number: f32) -> f32 {
    // Beyond 9 it is 1 in 32 bits. e^2x = 2^n * 2^f; the sum is the series of 2^f for |f| <= 1/2.
    let power = number.clamp(-9.0, 9.0) * (2.0 * std::f32::consts::LOG2_E);
    let whole = (power + 12_582_912.0) - 12_582_912.0;
    let x = (power - whole) * std::f32::consts::LN_2;
    let series =
        1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
    #[expect(clippy::cast_possible_truncation, reason = "at most 26")]
    let exponent = whole as i32;
    let exponential = series * f32::from_bits(((exponent + 127) << 23).cast_unsigned());
    1.0 - 2.0 / (exponential + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tangent_is_that_of_the_library() {
        for step in -4000..4000_i16 {
            let number = f32::from(step) / 200.0;
            assert!((tanh(number) - number.tanh()).abs() < 1e-6, "{number}");
        }
    }
}
