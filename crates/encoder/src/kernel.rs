//! Matrix products in the instructions of the machine.
//!
//! A kernel multiplies quantised inputs with 8-bit weights into 32-bit sums. That is integer arithmetic without
//! rounding or saturation, so every kernel gives the same sums; everything else is one code (`network`), compiled once
//! for each kernel so that its loops use the same wide registers. Rust neither reorders nor fuses floating-point
//! operations, so the embeddings are equal bit for bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use crate::embedding::Embedding;
use crate::format::{BLOCK_OUTPUTS, STEP_INPUTS};
use crate::model::{Matrix, Model};
use crate::network::Scratch;

/// A machine that multiplies; a value of the type proves that the processor has the instructions.
pub(crate) trait Machine: Copy {
    /// Multiplies rows of quantised inputs with a matrix: `sums[row * outputs + output]` becomes the sum over the
    /// inputs that begin at `row * stride`. Does nothing where the slices are too short for that.
    fn multiply(self, inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &mut [i32]);
}

/// A way to compute; all give the same embeddings, some sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Plain Rust, for every machine.
    Scalar,
    /// 256-bit registers of x86-64.
    Avx2,
    /// 512-bit registers of x86-64 with the dot product of bytes (VNNI).
    Avx512,
    /// 128-bit registers of AArch64.
    Neon,
}

impl Kernel {
    /// The kernels this machine can run, the fastest first.
    pub fn available() -> Vec<Self> {
        let all = [Self::Avx512, Self::Avx2, Self::Neon, Self::Scalar];
        all.into_iter().filter(|kernel| kernel.is_available()).collect()
    }

    /// The fastest kernel of this machine.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Scalar)
    }

    /// Says whether this machine can run the kernel.
    pub fn is_available(self) -> bool {
        match self {
            Self::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::Avx2::detect().is_some(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::Avx512::detect().is_some(),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::Neon::detect().is_some(),
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => false,
        }
    }

    /// Embeds pieces; by the scalar kernel where the machine lacks this one.
    pub(crate) fn embed(self, model: &Model, pieces: &[u32], scratch: &mut Scratch) -> Embedding {
        let embedding = match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::embed(model, pieces, scratch),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::embed(model, pieces, scratch),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => neon::embed(model, pieces, scratch),
            Self::Scalar => None,
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => None,
            #[cfg(not(target_arch = "aarch64"))]
            Self::Neon => None,
        };
        embedding.unwrap_or_else(|| scalar::embed(model, pieces, scratch))
    }
}

/// Says whether the slices hold what a product reads and writes; the fast kernels rely on it.
fn fits(inputs: &[u8], stride: usize, rows: usize, matrix: &Matrix, sums: &[i32]) -> bool {
    let read = rows.saturating_sub(1).saturating_mul(stride).saturating_add(matrix.inputs);
    matrix.weights.len() == matrix.inputs * matrix.outputs
        && matrix.inputs.is_multiple_of(STEP_INPUTS)
        && matrix.outputs.is_multiple_of(2 * BLOCK_OUTPUTS)
        && inputs.len() >= read
        && sums.len() >= rows.saturating_mul(matrix.outputs)
}
