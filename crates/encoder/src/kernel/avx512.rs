//! Products in 512-bit registers with `vpdpbusd` (AVX-512 VNNI): 64 products an instruction.
#![expect(unsafe_code, reason = "the processor's wide instructions and loads for them")]

use std::arch::x86_64::{
    __m512i, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512,
    _mm512_storeu_si512,
};

use super::{Machine, fits};
use crate::embedding::Embedding;
use crate::format::{BLOCK_OUTPUTS, STEP_INPUTS};
use crate::model::{Matrix, Model};
use crate::network::{self, Scratch};

/// A processor with AVX-512 F, BW, VL and VNNI.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        has_all.then_some(Self(()))
    }
}

pub(super) fn embed(model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Option<Embedding> {
    let machine = Avx512::detect()?;
    // SAFETY: `machine` was detected, so the processor has the features of the function.
    Some(unsafe { embed_wide(machine, model, pieces, scratch) })
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn embed_wide(machine: Avx512, model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Embedding {
    network::embed(machine, model, pieces, scratch)
}

impl Machine for Avx512 {
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn multiply(inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &mut [i32]) {
    for output in (0..matrix.outputs).step_by(2 * BLOCK_OUTPUTS) {
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
            // SAFETY: as many rows as the tile has remain, and two blocks of outputs.
            row += unsafe {
                match rows - row {
                    8.. => tile.multiply::<8>(),
                    4..8 => tile.multiply::<4>(),
                    2..4 => tile.multiply::<2>(),
                    _ => tile.multiply::<1>(),
                }
            };
        }
    }
}

/// Some rows of inputs, and 32 outputs.
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
    /// `ROWS` rows of `4 * steps` inputs and of 32 sums, and `32 * 4 * steps` weights, must lie behind the pointers.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn multiply<const ROWS: usize>(&self) -> usize {
        let mut sums: [[__m512i; 2]; ROWS] = [[_mm512_setzero_si512(); 2]; ROWS];
        for step in 0..self.steps {
            // SAFETY: the caller's promise; loads need no alignment.
            unsafe {
                let first = _mm512_loadu_si512(self.weights.add(step * 64).cast());
                let second = _mm512_loadu_si512(self.weights.add((self.steps + step) * 64).cast());
                for (row, sums) in sums.iter_mut().enumerate() {
                    let inputs = self.inputs.add(row * self.stride + step * STEP_INPUTS);
                    let inputs = _mm512_set1_epi32(i32::from_ne_bytes(inputs.cast::<[u8; 4]>().read()));
                    sums[0] = _mm512_dpbusd_epi32(sums[0], inputs, first);
                    sums[1] = _mm512_dpbusd_epi32(sums[1], inputs, second);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            // SAFETY: the caller's promise; stores need no alignment.
            unsafe {
                let target = self.sums.add(row * self.outputs);
                _mm512_storeu_si512(target.cast(), sums[0]);
                _mm512_storeu_si512(target.add(BLOCK_OUTPUTS).cast(), sums[1]);
            }
        }
        ROWS
    }
}
