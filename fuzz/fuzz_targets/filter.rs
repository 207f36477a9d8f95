//! The content filter, the signals and the language: no panic, and places inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::message::Message;

fuzz_target!(|text: &str| {
    let message = Message::new(text);
    let verdict = ContentFilter::new(FilterLevel::Strict).check_inbound_words(message.unmasked());
    for found in verdict.matches {
        assert!(text.get(found.start..found.end).is_some());
    }
    message.signals();
    let guess = message.language();
    assert!((0.0..=1.0).contains(&guess.confidence));
});
