//! Products in plain Rust, in an order that compilers turn into what every processor has.

use super::{Machine, fits};
use crate::embedding::Embedding;
use crate::format::{BLOCK_OUTPUTS, STEP_INPUTS};
use crate::model::{Matrix, Model};
use crate::network::{self, Scratch};

/// Steps whose weights are widened at once for all rows: 4 kB, so that they stay near.
const CHUNK_STEPS: usize = 32;

/// Every machine.
#[derive(Clone, Copy)]
pub(crate) struct Scalar;

pub(super) fn embed(model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Embedding {
    network::embed(Scalar, model, pieces, scratch)
}

impl Machine for Scalar {
    fn multiply(self, inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &mut [i32]) {
        if !fits(inputs, stride, rows, matrix, sums) {
            return;
        }
        for block in 0..matrix.outputs / BLOCK_OUTPUTS {
            let weights =
                &matrix.weights[block * BLOCK_OUTPUTS * matrix.inputs..][..BLOCK_OUTPUTS * matrix.inputs];
            for (chunk, weights) in weights.chunks(CHUNK_STEPS * STEP_INPUTS * BLOCK_OUTPUTS).enumerate() {
                let widened = widen(weights);
                let inputs_here = weights.len() / BLOCK_OUTPUTS;
                for row in 0..rows {
                    let inputs = &inputs[row * stride + chunk * CHUNK_STEPS * STEP_INPUTS..][..inputs_here];
                    let sums = &mut sums[row * matrix.outputs + block * BLOCK_OUTPUTS..][..BLOCK_OUTPUTS];
                    let mut total = [0_i32; BLOCK_OUTPUTS];
                    for (&input, weights) in inputs.iter().zip(&widened) {
                        for (total, &weight) in total.iter_mut().zip(weights) {
                            *total += i32::from(weight) * i32::from(input);
                        }
                    }
                    for (sum, total) in sums.iter_mut().zip(total) {
                        *sum = if chunk == 0 { total } else { *sum + total };
                    }
                }
            }
        }
    }
}

/// The weights of a chunk, of each input those to all outputs side by side.
fn widen(weights: &[u8]) -> [[i16; BLOCK_OUTPUTS]; CHUNK_STEPS * STEP_INPUTS] {
    let mut widened = [[0; BLOCK_OUTPUTS]; CHUNK_STEPS * STEP_INPUTS];
    let steps = weights.as_chunks::<{ BLOCK_OUTPUTS * STEP_INPUTS }>().0;
    for (step, widened) in steps.iter().zip(widened.as_chunks_mut::<STEP_INPUTS>().0) {
        for (output, weights) in step.as_chunks::<STEP_INPUTS>().0.iter().enumerate() {
            for (widened, weight) in widened.iter_mut().zip(weights) {
                widened[output] = i16::from(weight.cast_signed());
            }
        }
    }
    widened
}
