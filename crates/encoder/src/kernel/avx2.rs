//! Products in 256-bit registers: `vpmaddubsw` and `vpmaddwd`, 32 products in three instructions.
#![expect(unsafe_code, reason = "the processor's wide instructions and loads for them")]

use std::arch::x86_64::{
    __m256i, _mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::{Machine, fits};
use crate::embedding::Embedding;
use crate::format::{BLOCK_OUTPUTS, STEP_INPUTS};
use crate::model::{Matrix, Model};
use crate::network::{self, Scratch};

/// A processor with AVX2.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

pub(super) fn embed(model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Option<Embedding> {
    let machine = Avx2::detect()?;
    // SAFETY: `machine` was detected, so the processor has the features of the function.
    Some(unsafe { embed_wide(machine, model, pieces, scratch) })
}

#[target_feature(enable = "avx2")]
fn embed_wide(machine: Avx2, model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Embedding {
    network::embed(machine, model, pieces, scratch)
}

impl Machine for Avx2 {
    fn multiply(self, inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &mut [i32]) {
        if fits(inputs, stride, rows, matrix, sums) {
            // SAFETY: `self` was detected, so the processor has the features; the slices fit.
            unsafe { multiply(inputs, stride, rows, matrix, sums) }
        }
    }
}

/// # Safety
///
/// The arguments must satisfy [`fits`].
#[target_feature(enable = "avx2")]
unsafe fn multiply(inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &mut [i32]) {
    for output in (0..matrix.outputs).step_by(BLOCK_OUTPUTS) {
        let mut row = 0;
        while row < rows {
            // SAFETY: `fits` says that each of these rows lies in `inputs` and in `sums`, and that the weights are
            // `inputs * outputs` bytes, in blocks of 16 outputs.
            let (inputs, weights, sums) = unsafe {
                (
                    inputs.as_ptr().add(row * stride),
                    matrix.weights.as_ptr().add(output * matrix.inputs),
                    sums.as_mut_ptr().add(row * matrix.outputs + output),
                )
            };
            let steps = matrix.inputs / STEP_INPUTS;
            let tile = Tile { inputs, stride, weights, steps, sums, outputs: matrix.outputs };
            // SAFETY: as many rows as the tile has remain, and a block of outputs.
            row += unsafe {
                match rows - row {
                    4.. => tile.multiply::<4>(),
                    2..4 => tile.multiply::<2>(),
                    _ => tile.multiply::<1>(),
                }
            };
        }
    }
}

/// Some rows of inputs, and 16 outputs.
struct Tile {
    inputs: *const u8,
    stride: usize,
    weights: *const u8,
    steps: usize,
    sums: *mut i32,
    outputs: usize,
}

impl Tile {
    /// Multiplies the tile and returns its rows.
    ///
    /// # Safety
    ///
    /// `ROWS` rows of `4 * steps` inputs and of 16 sums, and `16 * 4 * steps` weights, must lie behind the pointers.
    #[target_feature(enable = "avx2")]
    unsafe fn multiply<const ROWS: usize>(&self) -> usize {
        let ones = _mm256_set1_epi16(1);
        let mut sums: [[__m256i; 2]; ROWS] = [[_mm256_setzero_si256(); 2]; ROWS];
        for step in 0..self.steps {
            // SAFETY: the caller's promise; loads need no alignment.
            unsafe {
                let weights = self.weights.add(step * 64);
                let first = _mm256_loadu_si256(weights.cast());
                let second = _mm256_loadu_si256(weights.add(32).cast());
                for (row, sums) in sums.iter_mut().enumerate() {
                    let inputs = self.inputs.add(row * self.stride + step * STEP_INPUTS);
                    let inputs = _mm256_set1_epi32(i32::from_ne_bytes(inputs.cast::<[u8; 4]>().read()));
                    // Two products of at most 127 * 128 stay within 16 bits: nothing saturates.
                    let first = _mm256_madd_epi16(_mm256_maddubs_epi16(inputs, first), ones);
                    let second = _mm256_madd_epi16(_mm256_maddubs_epi16(inputs, second), ones);
                    sums[0] = _mm256_add_epi32(sums[0], first);
                    sums[1] = _mm256_add_epi32(sums[1], second);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            // SAFETY: the caller's promise; stores need no alignment.
            unsafe {
                let target = self.sums.add(row * self.outputs);
                _mm256_storeu_si256(target.cast(), sums[0]);
                _mm256_storeu_si256(target.add(8).cast(), sums[1]);
            }
        }
        ROWS
    }
}
