//! Builds a double array in the layout that `pytake_encoder` reads (`darts-clone`'s units).

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

/// Labels of a node's children; 0 stands for "a key ends here".
const LABELS: u32 = 256;

/// A node of the tree that becomes the array.
#[derive(Default)]
struct Node {
    children: BTreeMap<u8, usize>,
    value: Option<u32>,
}

/// Builds the array of keys and their values; keys without zero bytes.
pub(crate) fn build<'a>(keys: impl Iterator<Item = (&'a [u8], u32)>) -> anyhow::Result<Vec<u8>> {
    let mut nodes = vec![Node::default()];
    for (key, value) in keys {
        ensure!(!key.is_empty() && !key.contains(&0), "a key is empty or has a zero byte");
        let mut at = 0;
        for &byte in key {
            let next = nodes.len();
            at = *nodes[at].children.entry(byte).or_insert(next);
            if at == next {
                nodes.push(Node::default());
            }
        }
        ensure!(nodes[at].value.replace(value).is_none(), "two keys are equal");
    }
    let mut array = Array::default();
    array.reserve(0);
    // Breadth first: what is walked often, the nodes near the root, lies together.
    let mut queue = std::collections::VecDeque::from([(0_usize, 0_u32)]);
    while let Some((node, index)) = queue.pop_front() {
        let node = &nodes[node];
        let labels: Vec<u8> =
            node.value.map(|_| 0).into_iter().chain(node.children.keys().copied()).collect();
        let base = array.place(index, &labels, node.value)?;
        queue.extend(node.children.iter().map(|(&label, &child)| (child, base ^ u32::from(label))));
    }
    Ok(array.units.iter().flat_map(|unit| unit.to_le_bytes()).collect())
}

/// The array while it grows.
#[derive(Default)]
struct Array {
    units: Vec<u32>,
    is_used: Vec<bool>,
    /// Two nodes never share a base: a unit only knows its label, not its parent.
    is_base: Vec<bool>,
    /// Blocks of `LABELS` units before this one are full or nearly so and are not searched again.
    first_open: u32,
}

impl Array {
    fn reserve(&mut self, index: u32) {
        self.make_room(index);
        self.is_used[index as usize] = true;
    }

    fn make_room(&mut self, index: u32) {
        let length = (index as usize / LABELS as usize + 1) * LABELS as usize;
        if self.units.len() < length {
            // No byte is label 255 of a free unit that bit 31 marks, so that no walk steps onto it.
            self.units.resize(length, 0x8000_0000);
            self.is_used.resize(length, false);
            self.is_base.resize(length, false);
        }
    }

    /// Places the children of the node at `index` and returns their base.
    fn place(&mut self, index: u32, labels: &[u8], value: Option<u32>) -> anyhow::Result<u32> {
        let base = self.find_base(labels).context("the array is full")?;
        let offset = index ^ base;
        ensure!(offset < 1 << 21, "an offset takes more than 21 bits");
        self.make_room(base);
        self.is_base[base as usize] = true;
        for &label in labels {
            let child = base ^ u32::from(label);
            self.reserve(child);
            self.units[child as usize] = u32::from(label);
        }
        // The label of this node stands already; the root has none.
        let label = self.units[index as usize] & 0xFF;
        self.units[index as usize] = offset << 10 | label | if value.is_some() { 0x100 } else { 0 };
        if let Some(value) = value {
            ensure!(value < 1 << 31, "a value takes more than 31 bits");
            self.units[base as usize] = value | 0x8000_0000;
        }
        Ok(base)
    }

    /// The first base whose units for all labels are free.
    fn find_base(&mut self, labels: &[u8]) -> Option<u32> {
        let is_free = |array: &Self, base: u32| {
            !array.is_base.get(base as usize).copied().unwrap_or(false)
                && labels.iter().all(|&label| {
                    let unit = (base ^ u32::from(label)) as usize;
                    !array.is_used.get(unit).copied().unwrap_or(false)
                })
        };
        let mut base = self.first_open * LABELS;
        let mut misses = 0;
        while !is_free(self, base) {
            base = base.checked_add(1)?;
            misses += 1;
            // A block in which this many bases in a row do not fit is full enough to leave behind.
            if misses >= 16 * LABELS && base / LABELS > self.first_open + 16 {
                self.first_open += 1;
                misses = 0;
            }
        }
        Some(base)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Follows a key as the encoder does.
    fn find(array: &[u8], key: &[u8]) -> Option<u32> {
        let unit = |index: u32| -> Option<u32> {
            array.as_chunks().0.get(index as usize).map(|bytes| u32::from_le_bytes(*bytes))
        };
        let mut index = 0;
        let mut node = unit(0)?;
        for &byte in key {
            index ^= (node >> 10) ^ u32::from(byte);
            node = unit(index)?;
            if node & 0x8000_00FF != u32::from(byte) {
                return None;
            }
        }
        if node & 0x100 == 0 {
            return None;
        }
        unit(index ^ (node >> 10)).map(|value| value & 0x7FFF_FFFF)
    }

    #[test]
    fn every_key_is_found_and_nothing_else() {
        let keys: Vec<String> = (0..5000_u32).map(|n| format!("chave{}ção{}", n * 7919 % 5003, n)).collect();
        let pairs = (0..).zip(&keys).map(|(value, key)| (key.as_bytes(), value));
        let array = build(pairs).expect("keys are fit for it");
        for (value, key) in (0..).zip(&keys) {
            assert_eq!(find(&array, key.as_bytes()), Some(value));
            assert_eq!(find(&array, &key.as_bytes()[..key.len() - 1]).filter(|&v| v == value), None);
        }
        assert_eq!(find(&array, b"chave"), None);
        assert_eq!(find(&array, b"outra"), None);
        assert!(build([(&b"a"[..], 1), (b"a", 2)].into_iter()).is_err());
    }
}
