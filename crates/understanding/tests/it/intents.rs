//! Intents with the shipped encoder: choosing, reports, bytes, and the figures on labelled data that must hold.

use std::collections::BTreeMap;

use pytake_understanding::embedding::Shipped;
use pytake_understanding::intents::{Intent, IntentError, IntentModel, IntentSet, IntentSpace, built_in};
use pytake_understanding::linear::calibration::expected_calibration_error;
use pytake_understanding::message::Message;

fn intent(name: &str, examples: &[&str]) -> Intent {
    Intent { examples: examples.iter().map(|text| (*text).to_owned()).collect(), ..Intent::named(name) }
}

fn shop() -> IntentSet {
    IntentSet {
        intents: vec![
            intent(
                "cancel_order",
                &["quero cancelar meu pedido", "cancela a compra por favor", "desisti, cancela"],
            ),
            intent(
                "order_status",
                &["cadê meu pedido?", "quando chega a encomenda", "já saiu para entrega?"],
            ),
            intent(
                "opening_hours",
                &["que horas vocês abrem", "abre no domingo?", "até que horas funciona a loja"],
            ),
        ],
    }
}

fn trained(set: &IntentSet) -> IntentModel {
    IntentModel::train(set, &Shipped).expect("a good set").0
}

#[test]
fn a_few_examples_are_enough_in_every_language() {
    let model = trained(&shop());
    for (text, expected) in [
        ("posso cancelar a compra que fiz ontem?", "cancel_order"),
        ("I want to cancel my order", "cancel_order"),
        ("¿dónde está mi paquete?", "order_status"),
        ("what time do you open on saturday", "opening_hours"),
    ] {
        let choice = model.choose(&Message::new(text));
        assert_eq!(choice.name(), expected, "{text}: {choice:?}");
    }
}

#[test]
fn bare_names_are_read_and_may_stand_beside_taught_intents() {
    let bare = trained(&IntentSet::of_names(["cancel_order", "rastrear pedido", "horarioDeFuncionamento"]));
    assert_eq!(bare.choose(&Message::new("quiero cancelar mi pedido")).name(), "cancel_order");
    assert_eq!(bare.choose(&Message::new("where is my order? track it")).name(), "rastrear pedido");
    let mut mixed = shop();
    mixed.intents.push(Intent::named("job_application"));
    let choice = trained(&mixed).choose(&Message::new("vocês estão contratando? quero enviar meu currículo"));
    assert_eq!(choice.name(), "job_application", "{choice:?}");
}

#[test]
fn what_fits_no_intent_is_out_of_scope() {
    let model = trained(&shop());
    for text in ["qual a capital da Mongólia?", "write a poem about the sea", "", "💥"] {
        let choice = model.choose(&Message::new(text));
        assert_eq!(choice.intent, None, "{text}: {choice:?}");
        assert!((0.0..=1.0).contains(&choice.confidence));
    }
}

#[test]
fn a_model_survives_the_way_to_bytes_and_spoiled_bytes_are_no_panic() {
    let model = trained(&IntentSet::of_names(["cancel_order", "order\nstatus"]));
    let bytes = model.to_bytes();
    assert_eq!(IntentModel::from_bytes(&bytes).as_ref(), Ok(&model));
    for length in (0..bytes.len()).step_by(7) {
        assert!(IntentModel::from_bytes(&bytes[..length]).is_err());
    }
    let message = Message::new("cancelar");
    for place in (0..bytes.len()).step_by(11) {
        let mut spoiled = bytes.clone();
        spoiled[place] ^= 0xFF;
        if let Ok(model) = IntentModel::from_bytes(&spoiled) {
            model.choose(&message);
        }
    }
    assert!(matches!(IntentModel::from_bytes(b"PTIM"), Err(IntentError::Bytes { .. })));
}

#[test]
fn odd_sets_have_a_model() {
    let odd = IntentSet {
        intents: vec![
            intent("only", &["", "  ", "oi", "oi", "Oi!", "\u{200B}"]),
            intent("other", &["oi"]),
            Intent::named("💥"),
        ],
    };
    let (model, report) = IntentModel::train(&odd, &Shipped).expect("within bounds");
    assert_eq!((report.examples, report.duplicates.len()), (2, 2));
    assert_eq!(report.contradictions.first().map(|found| found.similarity), Some(1.0));
    assert_eq!(report.empty.first().map(|found| found.count), Some(3));
    assert_eq!(report.scarce.len(), 3);
    model.choose(&Message::new("oi"));
    let single = trained(&IntentSet { intents: vec![intent("a", &["quero cancelar"])] });
    assert_eq!(single.choose(&Message::new("quero cancelar")).name(), "a");
}

#[test]
fn shipped_files_are_readable() {
    assert!(built_in().names().len() >= 40);
    assert_eq!(
        IntentSpace::from_bytes(&IntentSpace::shipped().to_bytes()).as_ref(),
        Ok(IntentSpace::shipped())
    );
}

struct Line {
    text: String,
    label: String,
    language: String,
}

fn lines(path: &str) -> Option<Vec<Line>> {
    let field = |line: &serde_json::Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
    let read =
        |line| Line { text: field(line, "text"), label: field(line, "label"), language: field(line, "lang") };
    Some(super::shared_data(path)?.iter().map(read).collect())
}

fn set_of<'a>(lines: impl Iterator<Item = &'a Line>) -> IntentSet {
    let mut examples: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in lines {
        examples.entry(&line.label).or_default().push(line.text.clone());
    }
    let intents = examples.into_iter();
    IntentSet {
        intents: intents.map(|(name, examples)| Intent { examples, ..Intent::named(name) }).collect(),
    }
}

/// Share of right answers, and how far confidence and truth are apart.
fn figures<'a>(model: &IntentModel, asked: impl Iterator<Item = &'a Line>) -> (f32, f32) {
    let judge = |line: &Line| {
        let choice = model.choose(&Message::new(&line.text));
        (choice.confidence, choice.name() == line.label)
    };
    let judged: Vec<(f32, bool)> = asked.map(judge).collect();
    let right = judged.iter().filter(|(_, is_right)| *is_right).count();
    (right as f32 / judged.len() as f32, expected_calibration_error(&judged, 10))
}

/// Each language's examples tested on models that were taught others in English only: no parallel sentence of a
/// tested one is known.
#[test]
fn english_examples_teach_portuguese_and_spanish() {
    let Some(all) = lines("support-intents/train.jsonl") else { return };
    let mut right: BTreeMap<&str, (f32, f32)> = BTreeMap::new();
    for fold in 0..5 {
        let known = all.iter().enumerate().filter(|(at, line)| at % 5 != fold && line.language == "en");
        let model = trained(&set_of(known.map(|(_, line)| line)));
        for (_, line) in all.iter().enumerate().filter(|(at, _)| at % 5 == fold) {
            let (hits, count) = right.entry(&line.language).or_default();
            *count += 1.0;
            if model.choose(&Message::new(&line.text)).name() == line.label {
                *hits += 1.0;
            }
        }
    }
    for (language, (hits, count)) in right {
        println!(
            "support intents, taught 4 in English, {language}: {:.1} % of {count}",
            100.0 * hits / count
        );
        assert!(hits / count >= 0.78, "{language}");
    }
}

#[test]
fn ten_examples_an_intent_reach_their_figures_on_hwu64() {
    let (Some(known), Some(asked)) = (lines("hwu64/train_10.jsonl"), lines("hwu64/valid.jsonl")) else {
        return;
    };
    let (accuracy, error) = figures(&trained(&set_of(known.iter())), asked.iter());
    println!(
        "HWU64, 10 each: {:.1} % right of {}, calibration error {:.1} points",
        100.0 * accuracy,
        asked.len(),
        100.0 * error
    );
    assert!(accuracy >= 0.79 && error <= 0.08, "{accuracy} {error}");
}
