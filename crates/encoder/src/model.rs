//! The parts of a model file, found and checked, not unpacked: what is large is used where it lies.

use crate::error::ModelError;
use crate::format::{
    ALIGNMENT, BRANCH, END, ENTRY_BYTES, FEATURES, HEADER_BYTES, Layer, MAGIC, Precision, Section, UNKNOWN,
    VERSION,
};
use crate::normalizer::Normalizer;
use crate::quantize::unpack;
use crate::tokenizer::Tokenizer;

/// The weights of an encoder.
#[derive(Debug)]
pub struct Model {
    pub(crate) normalizer: Normalizer<'static>,
    pub(crate) tokenizer: Tokenizer<'static>,
    pub(crate) rows: Rows,
    pub(crate) epsilon: f32,
    pub(crate) projected: Gain,
    pub(crate) features: Gain,
    pub(crate) projection: Matrix,
    /// The two convolutions of each branch.
    pub(crate) branches: [[Matrix; 2]; 3],
    pub(crate) sentence: Matrix,
    pub(crate) head: [Matrix; 4],
    pub(crate) skip1: Matrix,
    pub(crate) skip3: Matrix,
}

/// The row of each piece.
#[derive(Debug)]
pub(crate) struct Rows {
    fine: Tier<{ Precision::Fine.row_bytes() }, { Precision::Fine.levels() }>,
    middle: Tier<{ Precision::Middle.row_bytes() }, { Precision::Middle.levels() }>,
    coarse: Tier<{ Precision::Coarse.row_bytes() }, { Precision::Coarse.levels() }>,
}

/// Rows of one precision.
#[derive(Debug)]
struct Tier<const BYTES: usize, const LEVELS: usize> {
    rows: &'static [[u8; BYTES]],
    codebook: [f32; LEVELS],
}

/// Factor and summand of each number after a normalisation.
#[derive(Debug)]
pub(crate) struct Gain {
    pub(crate) factors: Vec<f32>,
    pub(crate) summands: Vec<f32>,
}

/// A matrix of 8-bit weights in the order of `PackedShape::weight_at`.
#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) inputs: usize,
    pub(crate) outputs: usize,
    pub(crate) weights: &'static [u8],
    pub(crate) scales: Vec<f32>,
    pub(crate) biases: Vec<f32>,
    /// The sum of each output's weights: what an input's zero point adds.
    pub(crate) sums: Vec<i32>,
}

impl Model {
    /// Finds the parts of a model file.
    ///
    /// # Errors
    ///
    /// [`ModelError`] when the bytes are no model, one of another version, or a section is not as the format says.
    pub fn read(bytes: &'static [u8]) -> Result<Self, ModelError> {
        let file = File { bytes };
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(ModelError::NotAModel);
        }
        let found = file.u32_at(8).ok_or(ModelError::NotAModel)?;
        if found != VERSION {
            return Err(ModelError::Version { found, expected: VERSION });
        }
        let header = |at: usize| file.u32_at(at).ok_or(ModelError::NotAModel);
        let (pieces, middle, coarse) = (header(16)? as usize, header(20)? as usize, header(24)? as usize);
        let (unknown_score, epsilon) = (f32::from_bits(header(28)?), f32::from_bits(header(32)?));
        let first = pieces.checked_sub(middle).and_then(|rest| rest.checked_sub(coarse));
        let first = first.filter(|&pieces| pieces > END as usize).ok_or(ModelError::NotAModel)?;
        if header(12)? as usize != Section::ALL.len() {
            return Err(ModelError::NotAModel);
        }
        let scores = file.sized(Section::PieceScores, pieces.checked_mul(4))?;
        let gains = floats(file.sized(Section::Normalization, Some((6 * BRANCH + 2 * FEATURES) * 4))?);
        let gain = |from: usize, length: usize| Gain {
            factors: gains.iter().skip(from).take(length).copied().collect(),
            summands: gains.iter().skip(from + length).take(length).copied().collect(),
        };
        let branch = |n: usize| Ok([file.matrix(Layer::First(n))?, file.matrix(Layer::Second(n))?]);
        Ok(Self {
            normalizer: Normalizer::new(
                file.section(Section::NormalizerUnits)?,
                file.section(Section::NormalizerTexts)?,
            ),
            tokenizer: Tokenizer::new(file.section(Section::PieceUnits)?, scores, unknown_score),
            rows: file.rows([first, middle, coarse])?,
            epsilon,
            projected: gain(0, 3 * BRANCH),
            features: gain(6 * BRANCH, FEATURES),
            projection: file.matrix(Layer::Projection)?,
            branches: [branch(0)?, branch(1)?, branch(2)?],
            sentence: file.matrix(Layer::Sentence)?,
            head: [
                file.matrix(Layer::Head0)?,
                file.matrix(Layer::Head1)?,
                file.matrix(Layer::Head2)?,
                file.matrix(Layer::Head3)?,
            ],
            skip1: file.matrix(Layer::Skip1)?,
            skip3: file.matrix(Layer::Skip3)?,
        })
    }

    /// How many pieces the model knows.
    pub fn pieces(&self) -> usize {
        self.rows.fine.rows.len() + self.rows.middle.rows.len() + self.rows.coarse.rows.len()
    }
}

impl Rows {
    /// Writes the numbers of a piece; those of the unknown piece for a number that is no piece's.
    #[inline(always)]
    pub(crate) fn read(&self, piece: u32, numbers: &mut [f32]) {
        let piece = piece as usize;
        let Self { fine, middle, coarse } = self;
        let after_fine = piece.wrapping_sub(fine.rows.len());
        let after_middle = after_fine.wrapping_sub(middle.rows.len());
        if let Some(row) = fine.rows.get(piece) {
            unpack::<4, 16>(row, &fine.codebook, numbers);
        } else if let Some(row) = middle.rows.get(after_fine) {
            unpack::<3, 8>(row, &middle.codebook, numbers);
        } else if let Some(row) = coarse.rows.get(after_middle) {
            unpack::<2, 4>(row, &coarse.codebook, numbers);
        } else if let Some(row) = fine.rows.get(UNKNOWN as usize) {
            unpack::<4, 16>(row, &fine.codebook, numbers);
        }
    }
}

/// The bytes of a model file.
#[derive(Clone, Copy)]
struct File {
    bytes: &'static [u8],
}

impl File {
    fn u32_at(self, at: usize) -> Option<u32> {
        self.bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
    }

    fn size_at(self, at: usize) -> Option<usize> {
        let bytes = self.bytes.get(at..)?.first_chunk()?;
        usize::try_from(u64::from_le_bytes(*bytes)).ok()
    }

    fn section(self, section: Section) -> Result<&'static [u8], ModelError> {
        let find = || {
            let entry = HEADER_BYTES + section.index()? * ENTRY_BYTES;
            let (offset, length) = (self.size_at(entry)?, self.size_at(entry + 8)?);
            if !offset.is_multiple_of(ALIGNMENT) {
                return None;
            }
            self.bytes.get(offset..offset.checked_add(length)?)
        };
        find().ok_or(ModelError::Section(section.name()))
    }

    fn sized(self, section: Section, length: Option<usize>) -> Result<&'static [u8], ModelError> {
        let bytes = self.section(section)?;
        if Some(bytes.len()) == length { Ok(bytes) } else { Err(ModelError::Section(section.name())) }
    }

    fn rows(self, counts: [usize; 3]) -> Result<Rows, ModelError> {
        let levels = floats(self.section(Section::Codebooks)?);
        let [fine, middle, coarse] = counts;
        Ok(Rows {
            fine: self.tier(Precision::Fine, fine, &levels)?,
            middle: self.tier(Precision::Middle, middle, &levels)?,
            coarse: self.tier(Precision::Coarse, coarse, &levels)?,
        })
    }

    fn tier<const BYTES: usize, const LEVELS: usize>(
        self,
        precision: Precision,
        count: usize,
        levels: &[f32],
    ) -> Result<Tier<BYTES, LEVELS>, ModelError> {
        let bytes = self.sized(Section::Rows(precision), count.checked_mul(BYTES))?;
        let before: usize =
            Precision::ALL.into_iter().take_while(|&other| other != precision).map(Precision::levels).sum();
        let codebook = levels.get(before..).and_then(<[f32]>::first_chunk);
        let codebook = *codebook.ok_or(ModelError::Section(Section::Codebooks.name()))?;
        Ok(Tier { rows: bytes.as_chunks().0, codebook })
    }

    fn matrix(self, layer: Layer) -> Result<Matrix, ModelError> {
        let shape = layer.shape();
        let section = Section::Matrix(layer);
        let bytes = self.sized(section, Some(shape.section_bytes()))?;
        let wrong = || ModelError::Section(section.name());
        let (weights, rest) = bytes.split_at_checked(shape.weight_bytes()).ok_or_else(wrong)?;
        let (scales, rest) = rest.split_at_checked(shape.outputs * 4).ok_or_else(wrong)?;
        let (biases, sums) = rest.split_at_checked(shape.outputs * 4).ok_or_else(wrong)?;
        Ok(Matrix {
            inputs: shape.inputs,
            outputs: shape.outputs,
            weights,
            scales: floats(scales),
            biases: floats(biases),
            sums: sums.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect(),
        })
    }
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}
