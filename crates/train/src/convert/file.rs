//! Lays out the file as `pytake_encoder::format` describes it.

use anyhow::{Context, ensure};
use pytake_encoder::format::{
    ALIGNMENT, BRANCH, ENTRY_BYTES, FEATURES, HEADER_BYTES, Layer, MAGIC, Precision, Section, VERSION,
    WINDOWS,
};

use super::double_array;
use super::package::Package;
use super::pieces::Pieces;
use super::rows::{Codebook, Rows};

/// The first pieces of the package: unknown, begin, end, and three without use.
pub(crate) const SPECIAL: usize = 6;

/// Special pieces that are kept; they are never found in a text.
pub(crate) const KEPT_SPECIAL: usize = 3;

/// What SentencePiece takes off the least score for a character it does not know.
const UNKNOWN_PENALTY: f32 = 10.0;

/// Writes the file with the given pieces after the special ones.
pub(crate) fn write(package: &Package, pieces: &Pieces) -> anyhow::Result<Vec<u8>> {
    // The special pieces have fine rows.
    let mut tiers = pieces.tiers.clone();
    tiers[0].splice(0..0, 0..KEPT_SPECIAL);
    let order: Vec<usize> = tiers.concat();
    let least = package.pieces.iter().map(|(_, score)| *score).fold(f32::INFINITY, f32::min);
    let epsilon = *package.floats("eps")?.first().context("no epsilon")?;
    let mut file = vec![0; HEADER_BYTES + Section::ALL.len() * ENTRY_BYTES];
    file[..8].copy_from_slice(&MAGIC);
    let counts = [Section::ALL.len(), order.len(), tiers[1].len(), tiers[2].len()];
    let counts: Vec<u32> = counts.into_iter().map(u32::try_from).collect::<Result<_, _>>()?;
    let header = [VERSION].into_iter().chain(counts);
    let header = header.chain([(least - UNKNOWN_PENALTY).to_bits(), epsilon.to_bits()]);
    for (place, number) in header.enumerate() {
        file[8 + place * 4..12 + place * 4].copy_from_slice(&number.to_le_bytes());
    }
    let package_rows = Rows::new(package)?;
    let (mut codebooks, mut rows) = (Vec::new(), Vec::new());
    for (precision, tier) in Precision::ALL.into_iter().zip(&tiers) {
        let numbers = package_rows.read(tier)?;
        let codebook = Codebook::fit(precision, &numbers);
        rows.push(codebook.pack(&numbers));
        codebooks.extend(codebook.levels.iter().flat_map(|level| level.to_le_bytes()));
    }
    for (index, section) in Section::ALL.into_iter().enumerate() {
        file.resize(file.len().next_multiple_of(ALIGNMENT), 0);
        let offset = file.len() as u64;
        let bytes = match section {
            Section::NormalizerUnits => package.normalizer.0.clone(),
            Section::NormalizerTexts => package.normalizer.1.clone(),
            Section::PieceUnits => {
                let texts = order.iter().skip(KEPT_SPECIAL).map(|&piece| package.pieces[piece].0.as_bytes());
                double_array::build(texts.zip(u32::try_from(KEPT_SPECIAL)?..))?
            }
            Section::PieceScores => {
                order.iter().flat_map(|&piece| package.pieces[piece].1.to_le_bytes()).collect()
            }
            Section::Codebooks => std::mem::take(&mut codebooks),
            Section::Rows(precision) => {
                let tier = Precision::ALL.iter().position(|&other| other == precision);
                std::mem::take(tier.and_then(|tier| rows.get_mut(tier)).context("no such rows")?)
            }
            Section::Normalization => gains(package)?,
            Section::Matrix(layer) => matrix(package, layer).with_context(|| format!("{layer:?}"))?,
        };
        let entry = HEADER_BYTES + index * ENTRY_BYTES;
        file[entry..entry + 8].copy_from_slice(&offset.to_le_bytes());
        file[entry + 8..entry + 16].copy_from_slice(&(bytes.len() as u64).to_le_bytes());
        file.extend(bytes);
    }
    Ok(file)
}

/// Gain and bias of the normalisations, in the order of the format.
fn gains(package: &Package) -> anyhow::Result<Vec<u8>> {
    let mut numbers = Vec::new();
    for name in ["ln_g2", "ln_g3", "ln_g5", "ln_b2", "ln_b3", "ln_b5", "ln_g", "ln_b"] {
        numbers.extend_from_slice(package.floats(name)?);
    }
    ensure!(numbers.len() == 6 * BRANCH + 2 * FEATURES, "a gain has a wrong size");
    Ok(numbers.into_iter().flat_map(f32::to_le_bytes).collect())
}

/// Packs a matrix; the projection is three beside each other in the package.
fn matrix(package: &Package, layer: Layer) -> anyhow::Result<Vec<u8>> {
    let shape = layer.shape();
    let window = |branch: usize| WINDOWS[branch].0;
    let sources: Vec<(String, Option<String>)> = match layer {
        Layer::Projection => {
            WINDOWS.iter().map(|(n, _)| (format!("proj{n}"), Some(format!("proj_b{n}")))).collect()
        }
        Layer::First(n) => vec![(format!("w1_{}", window(n)), Some(format!("b1_{}", window(n))))],
        Layer::Second(n) => vec![(format!("w2_{}", window(n)), Some(format!("b2_{}", window(n))))],
        Layer::Sentence => vec![("cnn_W".to_owned(), Some("cnn_b".to_owned()))],
        Layer::Head0 => vec![("d0".to_owned(), None)],
        Layer::Skip1 => vec![("p1".to_owned(), None)],
        Layer::Head1 => vec![("d1".to_owned(), None)],
        Layer::Head2 => vec![("d2".to_owned(), None)],
        Layer::Skip3 => vec![("p3".to_owned(), None)],
        Layer::Head3 => vec![("d3".to_owned(), None)],
    };
    let outputs = shape.outputs / sources.len();
    let mut weights = vec![0_u8; shape.weight_bytes()];
    let (mut scales, mut biases, mut sums) = (Vec::new(), Vec::new(), vec![0_i32; shape.outputs]);
    for (source, (weight_name, bias_name)) in sources.iter().enumerate() {
        let numbers = package.matrix(weight_name, shape.inputs, outputs)?;
        let scale = step(numbers);
        scales.extend(std::iter::repeat_n(scale, outputs));
        match bias_name {
            Some(name) => biases.extend_from_slice(package.floats(name)?),
            None => biases.extend(std::iter::repeat_n(0.0, outputs)),
        }
        for (place, number) in numbers.iter().enumerate() {
            let (input, output) = (place / outputs, source * outputs + place % outputs);
            let level = number / scale;
            ensure!((level - level.round()).abs() < 1e-3, "{weight_name} is not of 8-bit numbers");
            #[expect(clippy::cast_possible_truncation, reason = "from -127 to 127: `step` divides by 127")]
            let weight = level.round() as i8;
            weights[shape.weight_at(input, output)] = weight.cast_unsigned();
            sums[output] += i32::from(weight);
        }
    }
    ensure!(scales.len() == shape.outputs && biases.len() == shape.outputs, "a bias has a wrong size");
    weights.extend(scales.iter().chain(&biases).flat_map(|number| number.to_le_bytes()));
    weights.extend(sums.iter().flat_map(|sum| sum.to_le_bytes()));
    Ok(weights)
}

/// The step of the package's weights: it has them as floats, but they are 8-bit numbers times one scale, the largest
/// of which is 127.
fn step(numbers: &[f32]) -> f32 {
    numbers.iter().fold(0.0_f32, |greatest, number| greatest.max(number.abs())) / 127.0
}
