//! A model of intents as bytes and back.
//!
//! Little endian: the letters `PTIM`, version and three zeros; the fingerprint of the space or 0 as `u32`; lift,
//! temperature and scope threshold as `f32`; the number of intents, then each name and its number of prototypes (`u32` length and UTF-8; `u32`); the centre;
//! all prototypes; the number of anchors of each intent; the anchors; the linear model behind its length.
//! An embedding is its scale as `f32` and 512 bytes.

use super::model::IntentModel;
use super::reader::Reader;
use super::{IntentError, IntentSpace, MAX_INTENTS};
use crate::embedding::CompactEmbedding;
use crate::linear::LinearModel;

const MAGIC: [u8; 4] = *b"PTIM";
const VERSION: u8 = 3;

impl IntentModel {
    /// The model as bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([VERSION, 0, 0, 0]);
        bytes.extend(self.space.to_le_bytes());
        bytes.extend(self.untaught_lift.to_le_bytes());
        bytes.extend(self.temperature.to_le_bytes());
        bytes.extend(self.scope_threshold.to_le_bytes());
        write_count(&mut bytes, self.names.len());
        for (name, prototypes) in self.names.iter().zip(&self.prototypes) {
            write_count(&mut bytes, name.len());
            bytes.extend(name.as_bytes());
            write_count(&mut bytes, prototypes.len());
        }
        bytes.extend(self.centre.0.iter().flat_map(|value| value.to_le_bytes()));
        for prototype in self.prototypes.iter().flatten() {
            write_compact(&mut bytes, prototype);
        }
        for range in &self.anchor_ranges {
            write_count(&mut bytes, range.len());
        }
        for anchor in &self.anchors {
            write_compact(&mut bytes, anchor);
        }
        let linear = self.linear.to_bytes();
        write_count(&mut bytes, linear.len());
        bytes.extend(linear);
        bytes
    }

    /// Reads a model from bytes.
    ///
    /// # Errors
    /// [`IntentError::Bytes`] where they are not exactly one model of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, IntentError> {
        read(bytes).map_err(|problem| IntentError::Bytes { version: VERSION, problem })
    }
}

fn write_count(bytes: &mut Vec<u8>, count: usize) {
    bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn write_compact(bytes: &mut Vec<u8>, embedding: &CompactEmbedding) {
    bytes.extend(embedding.scale.to_le_bytes());
    bytes.extend(embedding.values.iter().flat_map(|value| value.to_le_bytes()));
}

fn read(bytes: &[u8]) -> Result<IntentModel, String> {
    let mut rest = Reader(bytes);
    if rest.array()? != MAGIC {
        return Err("they do not begin with its letters".to_owned());
    }
    let [version, ..] = rest.array::<4>()?;
    if version != VERSION {
        return Err("they are of another version".to_owned());
    }
    let space = u32::from_le_bytes(rest.array()?);
    if space != 0 && space != IntentSpace::shipped().fingerprint() {
        return Err("it was trained beside other built-in intents".to_owned());
    }
    let untaught_lift = rest.float()?;
    let temperature = rest.float()?;
    if !(temperature.is_normal() && temperature > 0.0) {
        return Err("the temperature is not above zero".to_owned());
    }
    let scope_threshold = rest.float()?;
    let count = rest.count()?;
    if count == 0 || count > MAX_INTENTS {
        return Err("the number of intents is out of bounds".to_owned());
    }
    let mut names = Vec::with_capacity(count);
    let mut prototype_counts = Vec::with_capacity(count);
    for _ in 0..count {
        let length = rest.count()?;
        let name = std::str::from_utf8(rest.take(length)?).map_err(|error| error.to_string())?;
        names.push(name.to_owned());
        prototype_counts.push(rest.count()?);
    }
    let centre = rest.centre()?;
    let mut prototypes = Vec::with_capacity(count);
    for prototype_count in prototype_counts {
        let mut own = Vec::new();
        for _ in 0..prototype_count {
            own.push(rest.compact()?);
        }
        prototypes.push(own);
    }
    let mut anchor_ranges = Vec::with_capacity(count);
    let mut anchor_count = 0_usize;
    for _ in 0..count {
        let end = anchor_count.checked_add(rest.count()?).ok_or("it remembers too many examples")?;
        anchor_ranges.push(anchor_count..end);
        anchor_count = end;
    }
    let mut anchors = Vec::new();
    for _ in 0..anchor_count {
        anchors.push(rest.compact()?);
    }
    let length = rest.count()?;
    let linear = LinearModel::from_bytes(rest.take(length)?).map_err(|error| error.to_string())?;
    if linear.classes() != count {
        return Err("the linear model has other classes".to_owned());
    }
    if !rest.0.is_empty() {
        return Err("more follows after the end".to_owned());
    }
    Ok(IntentModel {
        names,
        centre,
        space,
        linear,
        prototypes,
        anchors,
        anchor_ranges,
        untaught_lift,
        temperature,
        scope_threshold,
    })
}
