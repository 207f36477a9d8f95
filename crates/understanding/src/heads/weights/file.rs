//! Writing and reading a head's file. Bytes that are no head give an error, whatever they are.

use super::{Class, Weights, round};
use crate::linear::Output;

const MAGIC: &[u8; 4] = b"PTHD";

/// Raised whenever the form changes.
const VERSION: u8 = 1;

/// A million buckets: more would not fit what heads may weigh together.
pub(super) const MOST_GRAM_BITS: u8 = 20;

/// Classes of the largest head, with room; keeps what a broken header can ask for small.
const MOST_CLASSES: usize = 256;

/// Why a head could not be read or put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// The bytes do not begin as a head of this version does.
    #[error("not a head of version {VERSION}")]
    Version,
    /// The bytes end too early, are too many, or name impossible numbers.
    #[error("a broken head: {0}")]
    Broken(&'static str),
    /// The trained classes do not fit together.
    #[error("classes that do not fit together: {0}")]
    Shape(&'static str),
}

impl Weights {
    /// Reads a head.
    ///
    /// # Errors
    /// [`HeadError`] for bytes that [`Weights::to_bytes`] did not write.
    pub fn read(bytes: &[u8]) -> Result<Self, HeadError> {
        let mut rest = Rest(bytes);
        if rest.take(4)? != MAGIC || rest.byte()? != VERSION {
            return Err(HeadError::Version);
        }
        let output = match rest.byte()? {
            0 => Output::OneOf,
            1 => Output::AnyOf,
            _ => return Err(HeadError::Broken("output")),
        };
        let gram_bits = rest.byte()?;
        rest.byte()?;
        let (count, length) = (rest.number()?, rest.number()?);
        if gram_bits > MOST_GRAM_BITS || count == 0 || count > MOST_CLASSES {
            return Err(HeadError::Broken("size"));
        }
        let mut names = Vec::with_capacity(count);
        for _ in 0..count {
            let bytes = usize::from(rest.byte()?);
            let name = std::str::from_utf8(rest.take(bytes)?).map_err(|_| HeadError::Broken("name"))?;
            names.push(name.to_owned());
        }
        let mut classes = Vec::with_capacity(count);
        for _ in 0..count {
            let (bias, slope, offset) = (rest.float()?, rest.float()?, rest.float()?);
            let (threshold, dense_scale, gram_scale) = (rest.float()?, rest.float()?, rest.float()?);
            classes.push(Class { bias, slope, offset, threshold, dense_scale, gram_scale });
        }
        let dense = rest.weights(count * length)?.into_iter().map(f32::from).collect();
        let grams = rest.weights(count << gram_bits)?;
        if !rest.0.is_empty() {
            return Err(HeadError::Broken("bytes behind the end"));
        }
        Ok(Self { output, gram_bits, names, classes, dense, grams })
    }

    /// The head as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let output = match self.output {
            Output::OneOf => 0,
            Output::AnyOf => 1,
        };
        bytes.extend([VERSION, output, self.gram_bits, 0]);
        let number = |value: usize| u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes();
        bytes.extend(number(self.classes.len()));
        bytes.extend(number(self.dense.len() / self.classes.len().max(1)));
        for name in &self.names {
            let name = &name.as_bytes()[..name.len().min(usize::from(u8::MAX))];
            bytes.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            bytes.extend(name);
        }
        for class in &self.classes {
            let Class { bias, slope, offset, threshold, dense_scale, gram_scale } = *class;
            for value in [bias, slope, offset, threshold, dense_scale, gram_scale] {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes.extend(self.dense.iter().map(|weight| round(*weight, 1.0).cast_unsigned()));
        bytes.extend(self.grams.iter().map(|weight| weight.cast_unsigned()));
        bytes
    }
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], HeadError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(HeadError::Broken("too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeadError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(HeadError::Broken("too short"))?;
        self.0 = rest;
        Ok(*taken)
    }

    fn byte(&mut self) -> Result<u8, HeadError> {
        self.array().map(|[byte]| byte)
    }

    fn number(&mut self) -> Result<usize, HeadError> {
        self.array().map(|bytes| usize::from(u16::from_le_bytes(bytes)))
    }

    fn float(&mut self) -> Result<f32, HeadError> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err(HeadError::Broken("not a number")) }
    }

    fn weights(&mut self, count: usize) -> Result<Vec<i8>, HeadError> {
        Ok(self.take(count)?.iter().map(|byte| byte.cast_signed()).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::heads::ClassWeights;

    fn small() -> Weights {
        let class = ClassWeights {
            name: "spam".to_owned(),
            bias: -1.0,
            dense: vec![0.5, -0.25],
            grams: vec![(1, 0.5)],
            slope: 1.0,
            offset: 0.0,
            threshold: 0.5,
        };
        Weights::assemble(Output::AnyOf, 2, &[class]).expect("one class")
    }

    #[test]
    fn a_head_that_lost_or_gained_a_byte_is_refused() {
        let bytes = small().to_bytes();
        for end in 0..bytes.len() {
            assert!(Weights::read(&bytes[..end]).is_err(), "{end}");
        }
        assert!(Weights::read(&[bytes.as_slice(), &[0]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_or_scoring_fail(mut noise in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Weights::read(&noise);
            let mut bytes = small().to_bytes();
            for (place, byte) in noise.drain(..).enumerate() {
                let count = bytes.len();
                bytes[8 + (place * 7) % (count - 8)] ^= byte;
            }
            if let Ok(weights) = Weights::read(&bytes) {
                let features = crate::features::Features { dense: vec![1.0; 3], sparse: vec![(7, 1.0)] };
                prop_assert_eq!(weights.probabilities(&features).len(), weights.names().len());
            }
        }
    }
}
