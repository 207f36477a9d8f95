//! What holds for any text at all.

use proptest::prelude::*;
use pytake_understanding::claims::{claims, is_supported};
use pytake_understanding::fold::{fold, unmask, words};
use pytake_understanding::language::detect;
use pytake_understanding::retrieval::{Document, LexicalIndex};
use pytake_understanding::signals::{asks_for_person, is_angry, mentions_legal_threat};

/// Pieces that the readers treat specially, glued together at random.
fn spiked_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<String>(),
        prop::sample::select(vec![
            "R$ ",
            "1.234,56",
            "25/12",
            "º",
            "\u{301}",
            "\u{200B}",
            "!",
            "@",
            "$",
            "a",
            "b",
            " ",
            ".",
            "-",
            "%",
            "ﬁ",
            "İ",
            "ß",
            "½",
            "www",
            "http://",
            "x.com",
            "+55 11",
            "(",
            ")",
            "#",
            "18446744073709551616",
            "mil",
            "🅰",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn words_stand_where_they_say(text in spiked_text()) {
        for read in [words(&text), unmask(&text)] {
            let mut before = 0;
            for word in read.iter() {
                prop_assert!(text.get(word.start..word.end).is_some(), "{:?}", word);
                // Not `end`: a fraction sign is one character and two words.
                prop_assert!(word.start >= before);
                before = word.start;
            }
        }
    }

    #[test]
    fn folding_twice_is_folding_once(text in "[a-zA-ZÀ-ÿ0-9 .,!?\u{200B}а-я]{0,60}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }

    #[test]
    fn claims_are_apart_in_order_and_support_themselves(text in spiked_text()) {
        let found = claims(&text);
        let mut before = 0;
        for claim in &found {
            prop_assert_eq!(text.get(claim.start..claim.end), Some(claim.text.as_str()));
            prop_assert!(claim.start >= before);
            prop_assert!(is_supported(claim, &found));
            before = claim.end;
        }
    }

    #[test]
    fn a_guess_is_a_probability(text in spiked_text()) {
        let guess = detect(&text);
        prop_assert!((0.0..=1.0).contains(&guess.confidence));
        for (language, share) in guess.alternatives {
            prop_assert!((0.0..=1.0).contains(&share) && Some(language) != guess.language);
        }
    }

    #[test]
    fn signals_read_any_text(text in spiked_text()) {
        let _ = (asks_for_person(&text), is_angry(&text), mentions_legal_threat(&text));
    }

    #[test]
    fn search_reads_any_text(question in spiked_text(), answer in spiked_text(), query in spiked_text()) {
        let index = LexicalIndex::build([Document { questions: vec![&question], answer: &answer }]);
        for hit in index.search(&query, 3).into_iter().chain(index.search(&question, 3)) {
            prop_assert!(hit.score.is_finite() && (0.0..=1.0).contains(&hit.coverage));
        }
    }
}

/// Twenty times the longest WhatsApp message and a megabyte: what is not linear does not come back.
#[test]
fn long_texts_come_back() {
    for piece in
        ["1.234,56 R$ ", "quero falar ", "a@", "x.com ", "25/12/", "(11) ", "#A-", "1 2 ", "é", "VOU "]
    {
        let text = piece.repeat(1_000_000 / piece.len());
        drop((claims(&text), detect(&text), fold(&text)));
        let _ = (asks_for_person(&text), is_angry(&text));
        LexicalIndex::default().search(&text, 1);
    }
}
