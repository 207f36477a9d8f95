//! The tokenizer and the encoder: no panic, and a vector of length 1 or 0.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let embedding = pytake_encoder::embed(text);
    let length: f32 = embedding.0.iter().map(|value| value * value).sum();
    assert!(length.abs() < 1e-3 || (length - 1.0).abs() < 1e-2, "{length}");
});
