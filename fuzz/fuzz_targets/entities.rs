//! The extractors: no panic, and every place reproduces its text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pytake_understanding::entities::{Context, find};

fuzz_target!(|text: &str| {
    let mut last = 0;
    for entity in find(text, &Context::default()) {
        assert_eq!(text.get(entity.start..entity.end), Some(entity.text));
        assert!(entity.start >= last && entity.start < entity.end);
        assert!((0.0..=1.0).contains(&entity.confidence));
        last = entity.end;
    }
});
