//! How the file of weights is laid out; the one description that the reader here and the writer in `pytake-train`
//! share. All numbers are little-endian.
//!
//! ```text
//! 0    magic, 8 bytes            64   table: for each section in the order of `Section::ALL`
//! 8    version, u32                   offset u64, length u64
//! 12   sections, u32             ...  the sections, each at a multiple of `ALIGNMENT`
//! 16   pieces, u32
//! 20   of these with rows of middle precision, u32
//! 24   and with coarse rows, u32
//! 28   score of an unknown character, f32
//! 32   epsilon of the normalisations, f32
//! ```
//!
//! A matrix section holds its weights (`PackedShape::weight_at`), then for each output a scale (f32), a bias (f32) and
//! the sum of its weights (i32). A row is eight groups of 64 numbers, each number a level of the codebook of its
//! `Precision`: first all levels, then the scale of each group as a half-precision float.

/// The first bytes of a model file.
pub const MAGIC: [u8; 8] = *b"PYTAKEUS";

/// The version of this layout.
pub const VERSION: u32 = 1;

/// Bytes a section's offset is a multiple of: a cache line, and the widest register.
pub const ALIGNMENT: usize = 64;

/// Bytes before the section table.
pub const HEADER_BYTES: usize = 64;

/// Bytes of an entry of the section table.
pub const ENTRY_BYTES: usize = 16;

/// Numbers of a piece's row.
pub const ROW_NUMBERS: usize = 512;

/// Numbers that share a scale and an offset.
pub const GROUP_NUMBERS: usize = 64;

/// Groups of a row.
pub const ROW_GROUPS: usize = ROW_NUMBERS / GROUP_NUMBERS;

/// Channels of one convolution branch.
pub const BRANCH: usize = 256;

/// The pieces a branch sees at once, and how many of them lie before the piece it stands at.
pub const WINDOWS: [(usize, usize); 3] = [(2, 0), (3, 1), (5, 2)];

/// Numbers that stand for a piece after the branches: its row and the outputs of the three.
pub const FEATURES: usize = ROW_NUMBERS + 3 * BRANCH;

/// Numbers of the hidden layers of the head.
pub const HIDDEN: usize = 320;

/// Pieces with a fixed meaning at the beginning of the table.
pub const UNKNOWN: u32 = 0;
/// The piece every text begins with.
pub const BEGIN: u32 = 1;
/// The piece every text ends with.
pub const END: u32 = 2;

/// Output columns that lie side by side in a packed matrix: a 512-bit register of 32-bit sums.
pub const BLOCK_OUTPUTS: usize = 16;

/// Inputs of one output that lie side by side: what one step of a dot-product instruction takes.
pub const STEP_INPUTS: usize = 4;

/// The parts of the file, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Double array over the bytes of character sequences that normalisation replaces.
    NormalizerUnits,
    /// What they become, each ended by a zero byte.
    NormalizerTexts,
    /// Double array over the bytes of the pieces.
    PieceUnits,
    /// The logarithm of each piece's probability, f32.
    PieceScores,
    /// The levels of each precision, f32.
    Codebooks,
    /// The rows of the pieces of a precision.
    Rows(Precision),
    /// Gain and bias of the normalisation after the projection, then of the one over all features, f32.
    Normalization,
    /// A matrix of the network.
    Matrix(Layer),
}

/// The matrices of the network, in the order they are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    /// From a row to the inputs of the three branches.
    Projection,
    /// First convolution of a branch.
    First(usize),
    /// Second convolution of a branch.
    Second(usize),
    /// From the summed features to the sentence.
    Sentence,
    /// First layer of the head.
    Head0,
    /// From the sentence past the first layer.
    Skip1,
    /// Second layer of the head.
    Head1,
    /// Third layer of the head.
    Head2,
    /// From the second layer past the third.
    Skip3,
    /// Last layer of the head.
    Head3,
}

impl Section {
    /// All sections, in the order of the file.
    pub const ALL: [Self; 23] = [
        Self::NormalizerUnits,
        Self::NormalizerTexts,
        Self::PieceUnits,
        Self::PieceScores,
        Self::Codebooks,
        Self::Rows(Precision::Fine),
        Self::Rows(Precision::Middle),
        Self::Rows(Precision::Coarse),
        Self::Normalization,
        Self::Matrix(Layer::Projection),
        Self::Matrix(Layer::First(0)),
        Self::Matrix(Layer::Second(0)),
        Self::Matrix(Layer::First(1)),
        Self::Matrix(Layer::Second(1)),
        Self::Matrix(Layer::First(2)),
        Self::Matrix(Layer::Second(2)),
        Self::Matrix(Layer::Sentence),
        Self::Matrix(Layer::Head0),
        Self::Matrix(Layer::Skip1),
        Self::Matrix(Layer::Head1),
        Self::Matrix(Layer::Head2),
        Self::Matrix(Layer::Skip3),
        Self::Matrix(Layer::Head3),
    ];

    /// The section's name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::NormalizerUnits => "normalizer units",
            Self::NormalizerTexts => "normalizer texts",
            Self::PieceUnits => "piece units",
            Self::PieceScores => "piece scores",
            Self::Codebooks => "codebooks",
            Self::Rows(_) => "rows",
            Self::Normalization => "normalization",
            Self::Matrix(_) => "matrix",
        }
    }

    /// The section's place in the table.
    pub fn index(self) -> Option<usize> {
        Self::ALL.iter().position(|&section| section == self)
    }
}

impl Layer {
    /// How many numbers go in and come out.
    pub fn shape(self) -> PackedShape {
        let window = |branch: usize| WINDOWS.get(branch).map_or(0, |&(pieces, _)| pieces * BRANCH);
        let (inputs, outputs) = match self {
            Self::Projection => (ROW_NUMBERS, 3 * BRANCH),
            Self::First(branch) | Self::Second(branch) => (window(branch), BRANCH),
            Self::Sentence => (FEATURES, ROW_NUMBERS),
            Self::Head0 | Self::Skip1 => (ROW_NUMBERS, HIDDEN),
            Self::Head1 => (HIDDEN, HIDDEN),
            Self::Head2 | Self::Skip3 => (HIDDEN, ROW_NUMBERS),
            Self::Head3 => (ROW_NUMBERS, ROW_NUMBERS),
        };
        PackedShape { inputs, outputs }
    }
}

/// The size of a matrix and where each weight lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedShape {
    /// Numbers that go in, a multiple of `STEP_INPUTS`.
    pub inputs: usize,
    /// Numbers that come out, a multiple of `BLOCK_OUTPUTS`.
    pub outputs: usize,
}

impl PackedShape {
    /// Bytes of the weights.
    pub fn weight_bytes(self) -> usize {
        self.inputs * self.outputs
    }

    /// Bytes of the whole section.
    pub fn section_bytes(self) -> usize {
        self.weight_bytes() + self.outputs * 12
    }

    /// The byte that holds the weight from `input` to `output`.
    pub fn weight_at(self, input: usize, output: usize) -> usize {
        let block = output / BLOCK_OUTPUTS * (BLOCK_OUTPUTS * self.inputs);
        let step = input / STEP_INPUTS * (BLOCK_OUTPUTS * STEP_INPUTS);
        block + step + output % BLOCK_OUTPUTS * STEP_INPUTS + input % STEP_INPUTS
    }
}

/// How finely a row is kept: those of the most frequent pieces finely, those of rare ones coarsely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Four bits a number.
    Fine,
    /// Three bits a number.
    Middle,
    /// Two bits a number.
    Coarse,
}

impl Precision {
    /// All precisions, in the order in which pieces are numbered.
    pub const ALL: [Self; 3] = [Self::Fine, Self::Middle, Self::Coarse];

    /// Bits of a level.
    pub const fn bits(self) -> usize {
        match self {
            Self::Fine => 4,
            Self::Middle => 3,
            Self::Coarse => 2,
        }
    }

    /// Levels of the codebook.
    pub const fn levels(self) -> usize {
        1 << self.bits()
    }

    /// Bytes of a row's levels: a stream of bits, the first number in the lowest ones. The scales follow.
    pub const fn level_bytes(self) -> usize {
        ROW_NUMBERS * self.bits() / 8
    }

    /// Bytes of a row.
    pub const fn row_bytes(self) -> usize {
        self.level_bytes() + ROW_GROUPS * 2
    }
}
