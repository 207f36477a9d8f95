//! Webhooks: no panic, keys that fit, events that can be stored and read again, and the same from the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pytake_whatsapp::webhook::read;

fuzz_target!(|body: &[u8]| {
    let Ok(events) = read(body) else { return };
    for event in &events {
        assert!((3..=512).contains(&event.key.len()), "{}", event.key);
        let stored = serde_json::to_vec(event).expect("an event can be written");
        serde_json::from_slice::<serde_json::Value>(&stored).expect("and read");
    }
    assert_eq!(read(body).expect("read once already"), events);
});
