//! What holds for every text.

use proptest::prelude::*;
use pytake_encoder::{Embedding, Encoder, Kernel, MAX_PIECES, embed, embed_batch};

fn bits(embedding: &Embedding) -> Vec<u32> {
    embedding.0.iter().map(|number| number.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_kernel_gives_the_same_bits(text in "\\PC{0,200}") {
        let scalar = bits(&Encoder::with_kernel(Kernel::Scalar).embed(&text));
        for kernel in Kernel::available() {
            prop_assert_eq!(&bits(&Encoder::with_kernel(kernel).embed(&text)), &scalar, "{:?}", kernel);
        }
    }

    #[test]
    fn an_embedding_has_length_one_or_zero(text in any::<String>()) {
        let embedding = embed(&text);
        let length = embedding.cosine(&embedding);
        let is_empty = Encoder::shipped().tokenize(&text).is_empty();
        let is_right = if is_empty { embedding == Embedding::ZERO } else { (length - 1.0).abs() < 1e-5 };
        prop_assert!(is_right, "length {}", length);
    }

    #[test]
    fn a_batch_is_its_texts_one_by_one(texts in prop::collection::vec("[a-zãéñ !?0-9😀]{0,60}", 0..6)) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = embed_batch(&texts);
        prop_assert_eq!(batch.len(), texts.len());
        for (text, embedding) in texts.iter().zip(&batch) {
            prop_assert_eq!(bits(&embed(text)), bits(embedding));
        }
    }

    #[test]
    fn pieces_put_together_are_the_normalised_text(text in "[a-zA-Zçãõáéíóúñ¿¡,.!? 0-9]{0,120}") {
        let encoder = Encoder::shipped();
        let whole: String = encoder.tokenize(&text).into_iter().map(|piece| piece.text).collect();
        let again = encoder.tokenize(&whole.replace('\u{2581}', " "));
        let again: String = again.into_iter().map(|piece| piece.text).collect();
        prop_assert_eq!(again, whole);
    }
}

#[test]
fn texts_of_any_length_are_embedded_by_their_beginning() {
    let word = "pedido ";
    let long = word.repeat(MAX_PIECES + 1);
    assert_eq!(bits(&embed(&long)), bits(&embed(&word.repeat(MAX_PIECES))));
    assert!(Encoder::shipped().tokenize(&"ã1!".repeat(1_000_000)).len() <= 3 * 4096);
    for extreme in ["\u{FDFA}".repeat(4096), " ".repeat(100_000), "\0".repeat(5000), "\u{301}".repeat(5000)] {
        let length = embed(&extreme).cosine(&embed(&extreme));
        assert!(length == 0.0 || (length - 1.0).abs() < 1e-5);
    }
}

#[test]
fn texts_do_not_reach_the_pieces_for_begin_and_end() {
    for text in ["<s>", "</s>", "<unk>", "extra_token_id_1"] {
        assert!(
            Encoder::shipped().tokenize(text).iter().all(|piece| piece.id > 2 || piece.id == 0),
            "{text}"
        );
        assert!(Encoder::shipped().tokenize(text).len() > 1);
    }
}

#[test]
fn threads_agree() {
    let expected = bits(&embed("Onde está meu pedido?"));
    let threads: Vec<_> =
        (0..4).map(|_| std::thread::spawn(|| bits(&embed("Onde está meu pedido?")))).collect();
    for thread in threads {
        assert_eq!(thread.join().expect("no panic"), expected);
    }
}
