//! The content filter on tables of our own and on labelled development data.

mod benign;
mod harmful;

use proptest::prelude::*;
use pytake_understanding::filter::{ContentFilter, FilterLevel, FilterVerdict};

use crate::shared_data;

fn check(text: &str) -> FilterVerdict {
    ContentFilter::new(FilterLevel::Normal).check_inbound(text)
}

#[test]
fn what_customers_of_a_shop_write_passes() {
    assert!(benign::BENIGN.len() >= 120);
    let stopped: Vec<String> = benign::BENIGN
        .iter()
        .filter_map(|text| {
            check(text).matches.first().map(|hit| format!("{text} -> {:?} {}", hit.category, hit.rule))
        })
        .collect();
    assert!(stopped.is_empty(), "{stopped:#?}");
}

#[test]
fn what_passes_inbound_passes_outbound_too() {
    let filter = ContentFilter::new(FilterLevel::Normal);
    for text in benign::BENIGN {
        assert!(!filter.check_outbound(text).is_blocked(), "{text}");
    }
}

#[test]
fn harm_is_stopped_in_its_category() {
    let texts =
        harmful::HARMFUL.iter().flat_map(|(category, texts)| texts.iter().map(move |text| (category, text)));
    assert!(texts.clone().count() >= 90);
    let missed: Vec<String> = texts
        .filter(|(category, text)| !check(text).categories().contains(category))
        .map(|(category, text)| format!("{category:?}: {text} -> {:?}", check(text).categories()))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn a_disguise_changes_nothing() {
    let missed: Vec<&&str> = harmful::DISGUISED.iter().filter(|text| !check(text).is_blocked()).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_strict_level_stops_all_that_the_normal_level_stops() {
    let strict = ContentFilter::new(FilterLevel::Strict);
    for text in harmful::HARMFUL.iter().flat_map(|(_, texts)| texts.iter()) {
        assert!(strict.check_inbound(text).is_blocked(), "{text}");
    }
    for text in ["filho da puta", "hijo de puta", "you are an idiot", "vai tomar no cu", "seu idiota"] {
        assert!(strict.check_inbound(text).is_blocked() && !check(text).is_blocked(), "{text}");
    }
}

/// False alarms on texts of people who want help; the ceiling is the product's promise of 0.5 %.
#[test]
fn real_support_texts_hardly_ever_stop() {
    for path in [
        "support-intents/train.jsonl",
        "banking77/train.jsonl",
        "prompt-injection/notinject.dev.jsonl",
        "clinc150/train.jsonl",
        "hwu64/train.jsonl",
    ] {
        let Some(lines) = shared_data(path) else { continue };
        let stopped =
            lines.iter().filter_map(|line| line["text"].as_str()).filter(|text| check(text).is_blocked());
        let (stopped, all) = (stopped.count(), lines.len());
        println!("{path}: {stopped} of {all} stopped ({:.2} %)", 100.0 * stopped as f32 / all as f32);
        assert!(stopped as f32 <= 0.005 * all as f32, "{path}");
    }
}

/// Printed, not promised: the rules are made for precision, the share they find is small.
#[test]
fn the_share_found_on_general_harm_is_reported() {
    for (path, field, harmless) in [
        ("moderation-openai/dev.jsonl", "labels", "[]"),
        ("toxicity-mhc/pt.dev.jsonl", "label", "\"non-hateful\""),
        ("toxicity-mhc/es.dev.jsonl", "label", "\"non-hateful\""),
        ("prompt-injection/deepset.train.jsonl", "label", "\"benign\""),
        ("spam-sms/train.jsonl", "label", "\"ham\""),
    ] {
        let Some(lines) = shared_data(path) else { continue };
        let (mut stopped, mut all) = ([0_u32; 2], [0_u32; 2]);
        for line in &lines {
            let label = line[field].to_string();
            let is_harm = usize::from(label != harmless);
            all[is_harm] += 1;
            stopped[is_harm] += u32::from(line["text"].as_str().is_some_and(|text| check(text).is_blocked()));
        }
        println!(
            "{path}: found {} of {} harmful, stopped {} of {} harmless",
            stopped[1], all[1], stopped[0], all[0]
        );
        assert!(stopped[1] * all[0] > stopped[0] * all[1], "{path}: no better than chance");
    }
}

#[test]
fn very_long_texts_are_checked_in_linear_time() {
    // Repetition that makes every position begin a rule; a quadratic scan would not end.
    for piece in ["how to ", "quero comprar ", "h o w ", "k.", "aaaa", "i will ", "1!", "\u{200B}", "ß"] {
        let text = piece.repeat(1_000_000 / piece.len());
        check(&text);
    }
}

fn any_table_text() -> impl Strategy<Value = &'static str> {
    let harmful = harmful::HARMFUL.iter().flat_map(|(_, texts)| texts.iter().copied());
    prop::sample::select(harmful.chain(benign::BENIGN.iter().copied()).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn no_text_makes_it_panic_and_places_are_on_characters(text in any::<String>()) {
        for hit in check(&text).matches {
            prop_assert!(text.get(hit.start..hit.end).is_some_and(|part| !part.is_empty()));
        }
    }

    #[test]
    fn words_of_rules_in_any_order_do_not_panic(words in prop::collection::vec(prop::sample::select(vec![
        "how", "to", "hack", "m4ke", "b", "o", "m", "b", "!", "quero", "me", "matar", ".", "\u{200B}", "é", "1", "ｋ",
    ]), 0..40), separator in prop::sample::select(vec![" ", "", "  ", "."])) {
        let text = words.join(separator);
        for hit in check(&text).matches {
            prop_assert!(text.get(hit.start..hit.end).is_some());
        }
    }

    #[test]
    fn case_accents_and_padding_do_not_change_the_verdict(text in any_table_text(), seed in any::<u64>()) {
        let plain = check(text).categories();
        prop_assert_eq!(&check(&text.to_uppercase()).categories(), &plain);
        let mut bits = seed;
        let mut padded = String::new();
        for c in text.chars() {
            padded.push(c);
            bits = bits.rotate_left(7) ^ 0x9E37_79B9;
            if bits & 1 == 1 { padded.push('\u{200B}') }
            if bits & 2 == 2 && c.is_ascii_alphabetic() { padded.push('\u{301}') }
        }
        prop_assert_eq!(&check(&padded).categories(), &plain);
    }
}
