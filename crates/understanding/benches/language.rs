//! Prints what it costs to tell a language, by length: `cargo bench -p pytake-understanding --bench language`.

use std::hint::black_box;
use std::time::Instant;

use pytake_understanding::language::detect;

const TEXTS: [(&str, &str); 4] = [
    ("1 word", "obrigado"),
    ("3 words", "dónde está mi pedido"),
    ("12 words", "Oi, queria saber quando chega o meu pedido 10230, já faz uma semana"),
    (
        "40 words",
        "Hello, I ordered a pair of shoes two weeks ago and they have not arrived yet, although the message \
         said three days. I have paid for fast delivery, so please tell me where they are or give me my money back.",
    ),
];

const ROUNDS: u32 = 20_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn measure(text: &str, rounds: u32) -> f64 {
    black_box(detect(black_box(text)));
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(detect(black_box(text)));
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(rounds)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    let start = Instant::now();
    detect("oi");
    println!("{:<12} {:>8.2} µs", "first", start.elapsed().as_secs_f64() * 1e6);
    for (name, text) in TEXTS {
        println!("{name:<12} {:>8.2} µs", measure(text, ROUNDS));
    }
    let longest: String = TEXTS[3].1.chars().cycle().take(4_096).collect();
    println!("{:<12} {:>8.2} µs", "4,096 chars", measure(&longest, ROUNDS / 100));
}
