//! A model as bytes and back.
//!
//! Little endian: the letters `PTLM`, version, output (0 one of, 1 any of), gram bits, 0; sharpness; the
//! numbers of classes, dense features and buckets as `u32`; then bias, dense scales, gram scales as
//! `f32`; buckets as `u32`; dense rows and gram rows as `i8`.

use super::{LinearError, LinearModel, Output};

const MAGIC: [u8; 4] = *b"PTLM";
const VERSION: u8 = 1;

impl LinearModel {
    /// The model as bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let output = match self.output {
            Output::OneOf => 0,
            Output::AnyOf => 1,
        };
        bytes.extend([VERSION, output, self.gram_bits, 0]);
        bytes.extend(self.sharpness.to_le_bytes());
        for count in [self.bias.len(), self.dense_scales.len(), self.buckets.len()] {
            bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        for values in [&self.bias, &self.dense_scales, &self.gram_scales] {
            bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        }
        bytes.extend(self.buckets.iter().flat_map(|bucket| bucket.to_le_bytes()));
        bytes.extend(self.dense.iter().chain(&self.grams).flat_map(|weight| weight.to_le_bytes()));
        bytes
    }

    /// Reads a model from bytes.
    ///
    /// # Errors
    /// [`LinearError::Bytes`] where they are not exactly one model of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LinearError> {
        read(bytes).map_err(|problem| LinearError::Bytes { version: VERSION, problem })
    }
}

fn read(bytes: &[u8]) -> Result<LinearModel, &'static str> {
    let mut rest = Reader(bytes);
    if rest.array()? != MAGIC {
        return Err("they do not begin with its letters");
    }
    let [version, output, gram_bits, _] = rest.array()?;
    if version != VERSION {
        return Err("they are of another version");
    }
    let output = match output {
        0 => Output::OneOf,
        1 => Output::AnyOf,
        _ => return Err("the kind of output is unknown"),
    };
    let sharpness = f32::from_le_bytes(rest.array()?);
    if !(sharpness.is_normal() && sharpness > 0.0) {
        return Err("the temperature is not above zero");
    }
    let (classes, dense, buckets) = (rest.count()?, rest.count()?, rest.count()?);
    if classes == 0 {
        return Err("there are no classes");
    }
    let model = LinearModel {
        output,
        gram_bits,
        sharpness,
        bias: rest.floats(classes)?,
        dense_scales: rest.floats(dense)?,
        gram_scales: rest.floats(classes)?,
        buckets: rest.words(buckets)?.map(u32::from_le_bytes).collect(),
        dense: rest.weights(dense, classes)?,
        grams: rest.weights(buckets, classes)?,
    };
    if !model.buckets.is_sorted() {
        return Err("the buckets are out of order");
    }
    if rest.0.is_empty() { Ok(model) } else { Err("more follows after the end") }
}

/// What is left of the bytes; nothing is reserved before it is known to be there.
struct Reader<'a>(&'a [u8]);

const TOO_SHORT: &str = "they end too early";

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], &'static str> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn count(&mut self) -> Result<usize, &'static str> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|_| TOO_SHORT)
    }

    fn words(&mut self, count: usize) -> Result<impl Iterator<Item = [u8; 4]> + use<'a>, &'static str> {
        let taken = self.take(count.checked_mul(4).ok_or(TOO_SHORT)?)?;
        Ok(taken.as_chunks::<4>().0.iter().copied())
    }

    fn floats(&mut self, count: usize) -> Result<Vec<f32>, &'static str> {
        let floats: Vec<f32> = self.words(count)?.map(f32::from_le_bytes).collect();
        let all_finite = floats.iter().all(|value| value.is_finite());
        if all_finite { Ok(floats) } else { Err("a number is not finite") }
    }

    fn weights(&mut self, rows: usize, classes: usize) -> Result<Vec<i8>, &'static str> {
        let taken = self.take(rows.checked_mul(classes).ok_or(TOO_SHORT)?)?;
        Ok(taken.iter().map(|byte| i8::from_le_bytes([*byte])).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Features, grams};
    use crate::linear::{Example, Settings, train};

    fn trained() -> LinearModel {
        let read = |text: &str, dense: f32| Features { dense: vec![dense, 1.0], sparse: grams(text) };
        let texts = [read("quero cancelar", 0.4), read("obrigado", -0.4)];
        let examples = [Example::of(&texts[0], 0), Example::of(&texts[1], 1)];
        let mut model = train(&examples, &Settings::new(Output::AnyOf, 2)).expect("good examples");
        model.set_temperature(1.7).expect("above zero");
        model
    }

    #[test]
    fn a_model_survives_the_way_to_bytes_and_back() {
        let model = trained();
        assert_eq!(LinearModel::from_bytes(&model.to_bytes()), Ok(model));
    }

    #[test]
    fn spoiled_bytes_are_an_error_or_another_model_and_never_a_panic() {
        let bytes = trained().to_bytes();
        for length in 0..bytes.len() {
            assert!(LinearModel::from_bytes(&bytes[..length]).is_err(), "{length}");
        }
        let text = Features { dense: vec![0.1], sparse: grams("quero") };
        for place in 0..bytes.len() {
            for flip in [1, 0x80, 0xFF] {
                let mut spoiled = bytes.clone();
                spoiled[place] ^= flip;
                if let Ok(model) = LinearModel::from_bytes(&spoiled) {
                    model.probabilities(&text);
                }
            }
        }
        assert!(LinearModel::from_bytes(&[bytes, vec![0]].concat()).is_err());
    }
}
