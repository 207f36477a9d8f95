//! Prints what training a set and choosing an intent cost: `cargo bench -p pytake-understanding --bench intents`.

use std::hint::black_box;
use std::time::Instant;

use pytake_understanding::embedding::{DIMENSIONS, Embedding, SentenceEncoder};
use pytake_understanding::features::grams;
use pytake_understanding::intents::{Intent, IntentModel, IntentSet, built_in};

/// Stands in for the encoder, so that only this crate is timed: texts of the same first word are alike.
struct FirstWord;

impl SentenceEncoder for FirstWord {
    fn embed(&self, text: &str) -> Embedding {
        let first = text.split(' ').next().unwrap_or_default();
        let mut numbers = [0.0; DIMENSIONS];
        let mut state = 0x9e37_79b9_u32;
        for (part, strength) in [(first, 1.0), (text, 0.7)] {
            state =
                part.bytes().fold(state, |state, byte| (state ^ u32::from(byte)).wrapping_mul(0x0100_0193));
            for number in &mut numbers {
                state ^= state << 13;
                state ^= state >> 17;
                state ^= state << 5;
                // 24 bits are all a float keeps.
                *number += strength * ((state >> 8) as f32 / 16_777_216.0 - 0.5);
            }
        }
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        Embedding(numbers.map(|number| number / length))
    }
}

const ROUNDS: u32 = 500;

fn set(intents: usize, examples: usize) -> IntentSet {
    let intent = |n: usize| Intent {
        examples: (0..examples).map(|m| format!("assunto{n} mensagem{m} sobre {}", n * 31 + m * 7)).collect(),
        ..Intent::named(format!("assunto{n}"))
    };
    IntentSet { intents: (0..intents).map(intent).collect() }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    for (intents, examples) in [(14, 5), (77, 10), (150, 100)] {
        let set = set(intents, examples);
        let start = Instant::now();
        let trained = IntentModel::train(black_box(&set), &FirstWord);
        let seconds = start.elapsed().as_secs_f64();
        let Ok((model, _)) = trained else { continue };
        println!(
            "train {intents} x {examples}: {:.0} ms, {} kB",
            seconds * 1e3,
            model.to_bytes().len() / 1024
        );
        time(&format!("choose of {intents} x {examples}"), &model);
    }
    time("choose of the built-in", built_in());
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn time(name: &str, model: &IntentModel) {
    let text = "assunto3 oi, queria saber quando chega o meu pedido 10230";
    let (embedding, grams) = (FirstWord.embed(text), grams(text));
    let start = Instant::now();
    for _ in 0..ROUNDS {
        black_box(model.choose_read(black_box(&embedding), &grams));
    }
    println!("{name}: {:.0} µs", start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}
