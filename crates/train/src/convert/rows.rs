//! Brings rows of pieces from the package's six bits to four, three or two: each number becomes the nearest level of a
//! codebook times the scale of its group, codebook and scales by Lloyd's method (least squares, by turns).

use anyhow::Context;
use pytake_encoder::format::{GROUP_NUMBERS, Precision, ROW_NUMBERS};

use super::package::Package;

/// Tables the package splits its rows over: row `n` is row `n / 17` of table `n % 17`, each with its own scale.
const TABLES: usize = 17;

/// Rounds after which the codebooks no longer change in the third digit.
const ROUNDS: usize = 12;

/// Every which group takes part in fitting a codebook: enough, at a seventh of the time.
const FIT_EVERY: usize = 7;

/// Turns of levels and scale when a group is packed; a fourth changes nothing that matters.
const PACK_ROUNDS: usize = 3;

/// The rows of the package as numbers.
pub(crate) struct Rows<'a> {
    tables: Vec<&'a [u8]>,
    scales: &'a [f32],
    offsets: &'a [f32],
}

impl<'a> Rows<'a> {
    pub(crate) fn new(package: &'a Package) -> anyhow::Result<Self> {
        let tables =
            (1..=TABLES).map(|table| package.bytes(&format!("q{table}"))).collect::<Result<_, _>>()?;
        Ok(Self { tables, scales: package.floats("scale")?, offsets: package.floats("lo")? })
    }

    /// The rows of pieces, one after the other.
    pub(crate) fn read(&self, pieces: &[usize]) -> anyhow::Result<Vec<f32>> {
        let mut numbers = Vec::with_capacity(pieces.len() * ROW_NUMBERS);
        for &piece in pieces {
            let (table, row) = (piece % TABLES, piece / TABLES);
            let bytes = self.tables[table].get(row * ROW_NUMBERS..(row + 1) * ROW_NUMBERS);
            let bytes = bytes.with_context(|| format!("no row for piece {piece}"))?;
            let (scale, offset) = (self.scales[table], self.offsets[table]);
            numbers.extend(bytes.iter().map(|&byte| f32::from(byte) * scale + offset));
        }
        Ok(numbers)
    }
}

/// The levels that numbers of a group may have, in rising order, before they are samples.
pub(crate) struct Codebook {
    precision: Precision,
    pub(crate) levels: Vec<f32>,
}

impl Codebook {
    /// Finds the levels that fit the rows best; zeros without rows.
    pub(crate) fn fit(precision: Precision, rows: &[f32]) -> Self {
        let groups: Vec<&[f32]> = rows.chunks_exact(GROUP_NUMBERS).step_by(FIT_EVERY).collect();
        if groups.is_empty() {
            return Self { precision, levels: vec![0.0; precision.levels()] };
        }
        let mut scales: Vec<f32> = groups.iter().map(|group| deviation(group)).collect();
        let mut samples: Vec<f32> = groups
            .iter()
            .zip(&scales)
            .flat_map(|(group, scale)| group.iter().map(move |n| n / scale))
            .collect();
        samples.sort_by(f32::total_cmp);
        // At first, levels that are equally frequent.
        let middle = |level: usize| samples[(2 * level + 1) * samples.len() / (2 * precision.levels())];
        let mut codebook = Self { precision, levels: (0..precision.levels()).map(middle).collect() };
        for _ in 0..ROUNDS {
            let mut sums = vec![(0.0_f64, 0_u32); codebook.levels.len()];
            for (group, scale) in groups.iter().zip(&scales) {
                for number in *group {
                    let (sum, count) = &mut sums[codebook.nearest(number / scale)];
                    *sum += f64::from(number / scale);
                    *count += 1;
                }
            }
            for (level, (sum, count)) in codebook.levels.iter_mut().zip(sums) {
                #[expect(clippy::cast_possible_truncation, reason = "levels are kept as singles")]
                let mean = (sum / f64::from(count.max(1))) as f32;
                *level = mean;
            }
            for (group, scale) in groups.iter().zip(&mut scales) {
                *scale = codebook.best_scale(group, *scale);
            }
        }
        codebook
    }

    /// Packs rows as the encoder reads them.
    pub(crate) fn pack(&self, rows: &[f32]) -> Vec<u8> {
        rows.chunks_exact(ROW_NUMBERS).flat_map(|row| self.pack_row(row)).collect()
    }

    fn pack_row(&self, row: &[f32]) -> Vec<u8> {
        let mut packed = vec![0; self.precision.row_bytes()];
        for (group, numbers) in row.chunks_exact(GROUP_NUMBERS).enumerate() {
            let mut scale = deviation(numbers);
            for _ in 0..PACK_ROUNDS {
                scale = self.best_scale(numbers, scale);
            }
            let levels: Vec<usize> = numbers.iter().map(|number| self.nearest(number / scale)).collect();
            let scale = half(self.same_length(numbers, &levels));
            let at = self.precision.level_bytes() + group * 2;
            packed[at..at + 2].copy_from_slice(&scale.to_le_bytes());
            for (place, level) in levels.into_iter().enumerate() {
                let first = (group * GROUP_NUMBERS + place) * self.precision.bits();
                for bit in 0..self.precision.bits() {
                    packed[(first + bit) / 8] |= u8::from(level >> bit & 1 != 0) << ((first + bit) % 8);
                }
            }
        }
        packed
    }

    /// The scale with which the levels that are nearest at `scale` are nearest to the numbers.
    fn best_scale(&self, numbers: &[f32], scale: f32) -> f32 {
        let (mut product, mut square) = (0.0, 0.0);
        for number in numbers {
            let level = self.levels[self.nearest(number / scale)];
            product += number * level;
            square += level * level;
        }
        if product > 0.0 && square > 0.0 { product / square } else { scale }
    }

    /// The scale that gives the levels the length of the numbers: least squares alone make rows shorter than they were,
    /// the more so the fewer bits.
    fn same_length(&self, numbers: &[f32], levels: &[usize]) -> f32 {
        let numbers: f32 = numbers.iter().map(|number| number * number).sum();
        let levels: f32 = levels.iter().map(|&level| self.levels[level] * self.levels[level]).sum();
        if levels > 0.0 { (numbers / levels).sqrt() } else { 0.0 }
    }

    fn nearest(&self, number: f32) -> usize {
        self.levels.windows(2).filter(|pair| number > f32::midpoint(pair[0], pair[1])).count()
    }
}

/// The root of the mean square, and something above zero for a group of zeros.
fn deviation(numbers: &[f32]) -> f32 {
    let squares: f32 = numbers.iter().map(|number| number * number).sum();
    (squares / numbers.len() as f32).sqrt().max(1e-6)
}

/// The half-precision float nearest to a positive number; zero below 2^-14, as the encoder reads none there. The
/// package's numbers are far below the largest one.
fn half(number: f32) -> u16 {
    let magnitude = number.to_bits();
    // Rounded to ten bits of fraction, and the exponent counted from 15 in place of 127.
    let rounded = (magnitude + 0x0FFF + (magnitude >> 13 & 1)) & !0x1FFF;
    let bits = rounded.checked_sub(112 << 23).map_or(0, |bits| bits >> 13);
    u16::try_from(bits).ok().filter(|&bits| bits >= 0x0400).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_few_levels_is_kept() {
        for precision in Precision::ALL {
            let count = u16::try_from(precision.levels()).expect("few");
            let row: Vec<f32> = (0..512_u16)
                .map(|n| f32::from(n * 7 % count) * 0.5 - f32::from(count) / 4.0 + 0.25)
                .collect();
            let codebook = Codebook::fit(precision, &row);
            let packed = codebook.pack_row(&row);
            assert_eq!(packed.len(), precision.row_bytes());
            let at = precision.level_bytes();
            let scale = f32::from_bits(
                (u32::from(u16::from_le_bytes([packed[at], packed[at + 1]])) << 13) + (112 << 23),
            );
            for (place, number) in row.iter().enumerate().take(GROUP_NUMBERS) {
                let bit = |bit: usize| usize::from(packed[bit / 8] >> (bit % 8) & 1);
                let level: usize =
                    (0..precision.bits()).map(|at| bit(place * precision.bits() + at) << at).sum();
                assert!((codebook.levels[level] * scale - number).abs() < 0.01, "{number} at {place}");
            }
        }
    }

    #[test]
    fn half_floats_are_rounded_to_the_nearest() {
        assert_eq!(half(1.0), 0x3C00);
        assert_eq!(half(0.1), 0x2E66);
        assert_eq!(half(1e-7), 0);
    }
}
