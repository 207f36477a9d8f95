//! The shipped file, and files that are damaged.

use proptest::prelude::*;
use pytake_encoder::{Encoder, Model, ModelError};
use sha2::{Digest, Sha256};

static SHIPPED: &[u8] = include_bytes!("../../model/use-multilingual-v3.bin");

#[test]
fn the_shipped_file_is_the_one_its_origin_describes() {
    let digest = format!("{:x}", Sha256::digest(SHIPPED));
    let origin = include_str!("../../model/ORIGIN.md");
    assert!(origin.contains(&digest), "model/ORIGIN.md does not name {digest}");
}

#[test]
fn the_shipped_file_is_read() {
    assert_eq!(Model::read(SHIPPED).map(|model| model.pieces()), Ok(75_003));
}

#[test]
fn what_is_no_model_is_refused() {
    assert!(matches!(Model::read(b""), Err(ModelError::NotAModel)));
    assert!(matches!(Model::read(b"PYTAKEUS"), Err(ModelError::NotAModel)));
    assert!(matches!(Model::read(b"PYTAKEUS\x07\0\0\0rest"), Err(ModelError::Version { found: 7, .. })));
    let half: &'static [u8] = &SHIPPED[..SHIPPED.len() / 2];
    assert!(matches!(Model::read(half), Err(ModelError::Section(_))));
}

proptest! {
    // Each case keeps a copy of the file's 20 MB until the process ends.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_damaged_file_is_refused_or_used_without_panic(
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        head in prop::collection::vec((0..448_usize, any::<u8>()), 0..2),
    ) {
        let mut bytes = SHIPPED.to_vec();
        for (index, byte) in damages {
            // Where indices, codebooks and gains lie as often as in the rows.
            let at = index.index(bytes.len() * 2);
            let at = if at < bytes.len() { at } else { (at - bytes.len()) / 16 };
            bytes[at] = byte;
        }
        for (at, byte) in head {
            bytes[at] = byte;
        }
        if let Ok(model) = Model::read(bytes.leak()) {
            let encoder = Encoder::new(model);
            for text in ["Onde está meu pedido? 😀", "", "İstanbul ﷺ"] {
                encoder.embed(text);
            }
        }
    }
}
