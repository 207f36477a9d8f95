//! Finds the keys a text begins with, in a double array (Aoe, 1989) of 32-bit units as `darts-clone` lays them out.
//!
//! A unit of an inner node: bits 0–7 the label that leads to it, bit 8 "a key ends here", bits 10–30 the offset to its
//! children, counted in 256 units where bit 9 is set. A unit of a value: bit 31, and the value below it.

/// A double array in the model file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DoubleArray<'a> {
    units: &'a [[u8; 4]],
}

impl<'a> DoubleArray<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { units: bytes.as_chunks().0 }
    }

    /// The keys `text` begins with as (bytes, value), shortest first.
    #[inline]
    pub(crate) fn prefixes<'t>(self, text: &'t [u8]) -> Prefixes<'a, 't> {
        Prefixes { array: self, text, read: 0, node: self.unit(0).map(offset) }
    }

    #[inline]
    fn unit(self, index: u32) -> Option<u32> {
        self.units.get(index as usize).map(|bytes| u32::from_le_bytes(*bytes))
    }
}

fn offset(unit: u32) -> u32 {
    (unit >> 10) << ((unit & 0x200) >> 6)
}

/// See [`DoubleArray::prefixes`].
pub(crate) struct Prefixes<'a, 't> {
    array: DoubleArray<'a>,
    text: &'t [u8],
    read: usize,
    /// Where the children of the node reached so far lie; none once the walk left the array.
    node: Option<u32>,
}

impl Iterator for Prefixes<'_, '_> {
    type Item = (usize, u32);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        while let (Some(children), Some(&byte)) = (self.node, self.text.get(self.read)) {
            let index = children ^ u32::from(byte);
            let unit = self.array.unit(index).unwrap_or(0x8000_0000);
            if unit & 0x8000_00FF != u32::from(byte) {
                break;
            }
            self.read += 1;
            let below = index ^ offset(unit);
            self.node = Some(below);
            if unit & 0x100 != 0 {
                return Some((self.read, self.array.unit(below)? & 0x7FFF_FFFF));
            }
        }
        self.node = None;
        None
    }
}
