//! Products in 128-bit registers of AArch64: `smull` and pairwise sums, 16 products in four instructions.
//!
//! Inputs are below 128, so they are the same read as signed bytes, which is what the instructions take.
#![expect(unsafe_code, reason = "the processor's wide instructions and loads for them")]

use std::arch::aarch64::{
    int32x4_t, vaddq_s32, vdupq_n_s32, vget_low_s8, vld1q_s8, vmull_high_s8, vmull_s8, vpaddlq_s16,
    vpaddq_s32, vreinterpretq_s8_s32, vst1q_s32,
};

use super::{Machine, fits};
use crate::embedding::Embedding;
use crate::format::{BLOCK_OUTPUTS, STEP_INPUTS};
use crate::model::{Matrix, Model};
use crate::network::{self, Scratch};

/// A processor with NEON.
#[derive(Clone, Copy)]
pub(crate) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

pub(super) fn embed(model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Option<Embedding> {
    let machine = Neon::detect()?;
    // SAFETY: `machine` was detected, so the processor has the features of the function.
    Some(unsafe { embed_wide(machine, model, pieces, scratch) })
}

#[target_feature(enable = "neon")]
fn embed_wide(machine: Neon, model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Embedding {
    network::embed(machine, model, pieces, scratch)
}

impl Machine for Neon {
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
#[target_feature(enable = "neon")]
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
    #[target_feature(enable = "neon")]
    unsafe fn multiply<const ROWS: usize>(&self) -> usize {
        let mut sums: [[int32x4_t; 4]; ROWS] = [[vdupq_n_s32(0); 4]; ROWS];
        for step in 0..self.steps {
            for (row, sums) in sums.iter_mut().enumerate() {
                let inputs = self.inputs.wrapping_add(row * self.stride + step * STEP_INPUTS);
                // SAFETY: the caller's promise; bytes need no alignment.
                let inputs = i32::from_ne_bytes(unsafe { inputs.cast::<[u8; 4]>().read() });
                let inputs = vreinterpretq_s8_s32(vdupq_n_s32(inputs));
                for (quarter, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: the caller's promise.
                    let weights = unsafe { vld1q_s8(self.weights.add(step * 64 + quarter * 16).cast()) };
                    // Two outputs a half: pairs of products, then the pairs of both halves side by side.
                    let low = vpaddlq_s16(vmull_s8(vget_low_s8(inputs), vget_low_s8(weights)));
                    let high = vpaddlq_s16(vmull_high_s8(inputs, weights));
                    *sum = vaddq_s32(*sum, vpaddq_s32(low, high));
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (quarter, sum) in sums.iter().enumerate() {
                // SAFETY: the caller's promise.
                unsafe { vst1q_s32(self.sums.add(row * self.outputs + quarter * 4), *sum) };
            }
        }
        ROWS
    }
}
