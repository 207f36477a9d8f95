//! Laws that hold for every string.

use proptest::prelude::*;
use pytake_tokenizer::{count, count_up_to, truncate_to};

use crate::expected;

/// Any string, chat-like strings, and long runs in which nothing separates pieces.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "([A-Za-zà-ÿ]{1,12}[ ,.!?'’\r\n0-9]{1,3}){0,30}",
        "[ \t\r\n]{0,50}[a-z ]{0,30}",
        "[a-e]{100,400}",
        "([A-Z][a-z]{1,3}){0,20}[ก-๛]{0,300}",
        "[\\PC]{0,200}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn a_count_is_that_of_bpe_openai(text in text()) {
        prop_assert_eq!(count(&text), expected(&text));
    }

    #[test]
    fn a_count_up_to_a_limit_is_the_count_or_none(text in text(), limit in 0_usize..60) {
        let whole = count(&text);
        prop_assert_eq!(count_up_to(&text, limit), (whole <= limit).then_some(whole));
    }

    #[test]
    fn a_truncated_text_is_a_prefix_that_fits(text in text(), max_tokens in 0_usize..60) {
        let cut = truncate_to(&text, max_tokens);
        prop_assert!(text.starts_with(cut));
        prop_assert!(count(cut) <= max_tokens);
    }

    #[test]
    fn a_text_that_fits_is_left_whole(text in text()) {
        prop_assert_eq!(truncate_to(&text, count(&text)), &text);
    }

    #[test]
    fn a_larger_allowance_never_keeps_less(text in text(), max_tokens in 0_usize..60) {
        prop_assert!(truncate_to(&text, max_tokens).len() <= truncate_to(&text, max_tokens + 1).len());
    }
}
