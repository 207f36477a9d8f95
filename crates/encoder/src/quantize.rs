//! Numbers as small integers: rows of pieces from four bits or fewer, inputs of matrices to seven.
//!
//! Inputs take the values 0 to 127. So a sum of two products with 8-bit weights stays within 16 bits (2 · 127 · 128 <
//! 32,768), and the values are the same read as signed or unsigned bytes: every instruction set has a dot product for
//! them, and all give the same integers.

use crate::format::{GROUP_NUMBERS, ROW_NUMBERS};

/// The largest quantised input.
const TOP: f32 = 127.0;

/// 1.5 · 2^23: added to a small number it leaves the number, rounded to an integer, in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// How quantised inputs stand for numbers: `(input - zero) * scale`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quantized {
    pub(crate) scale: f32,
    pub(crate) zero: u8,
}

/// Says how to quantise numbers that all lie in `least..=greatest`.
#[inline(always)]
pub(crate) fn range(least: f32, greatest: f32) -> Quantized {
    let (least, greatest) = (least.min(0.0), greatest.max(0.0));
    let width = greatest - least;
    if width > 0.0 && width.is_finite() {
        let scale = width / TOP;
        Quantized { scale, zero: rounded(-least / scale) }
    } else {
        Quantized { scale: 1.0, zero: 0 }
    }
}

/// The least and the greatest of the numbers.
#[inline(always)]
pub(crate) fn bounds(numbers: &[f32]) -> (f32, f32) {
    const LANES: usize = 16;
    let (mut least, mut greatest) = ([0.0_f32; LANES], [0.0_f32; LANES]);
    for chunk in numbers.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            least[lane] = if chunk[lane] < least[lane] { chunk[lane] } else { least[lane] };
            greatest[lane] = if chunk[lane] > greatest[lane] { chunk[lane] } else { greatest[lane] };
        }
    }
    (least.into_iter().fold(0.0, f32::min), greatest.into_iter().fold(0.0, f32::max))
}

/// Writes numbers as quantised inputs.
#[inline(always)]
pub(crate) fn quantize(numbers: &[f32], quantized: Quantized, inputs: &mut [u8]) {
    let (factor, zero) = (1.0 / quantized.scale, f32::from(quantized.zero));
    for (input, number) in inputs.iter_mut().zip(numbers) {
        *input = rounded(number * factor + zero);
    }
}

/// The nearest of the integers from 0 to 127.
#[inline(always)]
fn rounded(number: f32) -> u8 {
    let bits = (number.clamp(0.0, TOP) + ROUND).to_bits();
    // The mask also holds for a number that is none.
    (bits & 0x7F) as u8
}

/// Writes a row as numbers: `BITS` a level, `LEVELS` of them in the codebook.
#[inline(always)]
pub(crate) fn unpack<const BITS: usize, const LEVELS: usize>(
    row: &[u8],
    codebook: &[f32; LEVELS],
    numbers: &mut [f32],
) {
    let Some((levels, scales)) = row.split_at_checked(ROW_NUMBERS * BITS / 8) else { return };
    // Eight numbers take `BITS` bytes.
    let groups = levels.chunks_exact(GROUP_NUMBERS / 8 * BITS).zip(scales.as_chunks::<2>().0);
    for ((levels, scale), numbers) in groups.zip(numbers.as_chunks_mut::<GROUP_NUMBERS>().0) {
        let scale = half(u16::from_le_bytes(*scale));
        for (bytes, numbers) in levels.chunks_exact(BITS).zip(numbers.as_chunks_mut::<8>().0) {
            let bits = bytes.iter().rev().fold(0_usize, |bits, &byte| bits << 8 | usize::from(byte));
            for (place, number) in numbers.iter_mut().enumerate() {
                // `LEVELS` is a power of two: the mask keeps the level below it.
                *number = codebook[bits >> (place * BITS) & (LEVELS - 1)] * scale;
            }
        }
    }
}

/// A half-precision float as a single; without the numbers below 2^-14 and those that are none, which a model has not.
#[inline(always)]
fn half(bits: u16) -> f32 {
    let (sign, rest) = (u32::from(bits & 0x8000) << 16, u32::from(bits & 0x7FFF));
    let magnitude = if rest < 0x0400 { 0 } else { (rest << 13) + (112 << 23) };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantised_numbers_come_back_within_half_a_step() {
        let numbers: Vec<f32> = (0..64).map(|n| (n as f32 * 0.37).sin() * 3.0 + 1.0).collect();
        let (least, greatest) = bounds(&numbers);
        let quantized = range(least, greatest);
        let mut inputs = [0; 64];
        quantize(&numbers, quantized, &mut inputs);
        for (number, input) in numbers.iter().zip(inputs) {
            let back = (f32::from(input) - f32::from(quantized.zero)) * quantized.scale;
            assert!((back - number).abs() <= quantized.scale, "{number} came back as {back}");
        }
    }

    #[test]
    fn what_is_no_number_stays_within_seven_bits() {
        for number in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
            assert!(rounded(number) <= 127);
        }
        assert_eq!(range(f32::NAN, f32::INFINITY).zero, 0);
    }

    #[test]
    fn half_floats_are_read_as_they_are_written() {
        for (bits, number) in
            [(0x3C00, 1.0), (0xC000, -2.0), (0x3555, 0.333_251_95), (0x7BFF, 65504.0), (0, 0.0)]
        {
            assert_eq!(half(bits).to_bits(), f32::to_bits(number));
        }
    }
}
