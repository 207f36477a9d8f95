//! Reads the parts of a model's bytes.

use crate::embedding::{CompactEmbedding, DIMENSIONS};
use crate::features::Centre;

/// What is left of the bytes; nothing is reserved before it is known to be there.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

const TOO_SHORT: &str = "they end too early";

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(TOO_SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    pub(super) fn count(&mut self) -> Result<usize, String> {
        usize::try_from(u32::from_le_bytes(self.array()?)).map_err(|error| error.to_string())
    }

    pub(super) fn float(&mut self) -> Result<f32, String> {
        let value = f32::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err("a number is not finite".to_owned()) }
    }

    pub(super) fn centre(&mut self) -> Result<Centre, String> {
        let mut centre = [0.0; DIMENSIONS];
        for value in &mut centre {
            *value = self.float()?;
        }
        Ok(Centre(centre))
    }

    pub(super) fn compact(&mut self) -> Result<CompactEmbedding, String> {
        let scale = self.float()?;
        let values = self.array::<DIMENSIONS>()?.map(|byte| i8::from_le_bytes([byte]));
        Ok(CompactEmbedding { scale, values })
    }
}
