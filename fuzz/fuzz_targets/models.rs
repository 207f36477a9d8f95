//! Stored models: bytes that are none are refused, never trusted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pytake_understanding::intents::IntentModel;
use pytake_understanding::linear::LinearModel;
use pytake_understanding::message::Message;

fuzz_target!(|bytes: &[u8]| {
    let _ = LinearModel::from_bytes(bytes);
    if let Ok(model) = IntentModel::from_bytes(bytes) {
        let _ = model.choose(&Message::new("oi"));
    }
});
