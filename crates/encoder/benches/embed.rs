//! Prints what embedding costs: `cargo bench -p pytake-encoder`.

use std::hint::black_box;
use std::time::Instant;

use pytake_encoder::{Encoder, Kernel};

const WORDS: &str = "oi queria saber quando chega o meu pedido porque já faz uma semana que comprei e ainda não recebi \
                     hola quiero cambiar la talla de la camisa que compré ayer en línea y pagar con tarjeta hi I would \
                     like to return the shoes because they are too small and get my money back before friday please";

/// Words of a message.
const LENGTHS: [usize; 5] = [1, 4, 12, 40, 200];

/// Timings of each length, of which the median and the 99th percentile are printed.
const ROUNDS: usize = 400;

/// A text of so many words, a different one each time.
fn text(words: usize, shift: usize) -> String {
    let all: Vec<&str> = WORDS.split_whitespace().collect();
    (0..words).map(|word| all[(word + shift) % all.len()]).collect::<Vec<_>>().join(" ")
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn measure(encoder: &Encoder, words: usize) {
    let texts: Vec<String> = (0..ROUNDS).map(|round| text(words, round)).collect();
    let pieces = texts.iter().map(|text| encoder.tokenize(text).len()).sum::<usize>() / ROUNDS;
    let mut times: Vec<f64> = texts
        .iter()
        .map(|text| {
            let start = Instant::now();
            black_box(encoder.embed(black_box(text)));
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let (median, tail) = (times[ROUNDS / 2], times[ROUNDS * 99 / 100]);
    let name = format!("{:?}", encoder.kernel());
    println!("{name:<8} {words:>4} words {pieces:>4} pieces  p50 {median:>8.1} µs  p99 {tail:>8.1} µs");
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    let start = Instant::now();
    black_box(pytake_encoder::embed("oi"));
    println!("first embedding of the process {:>8.2} ms", start.elapsed().as_secs_f64() * 1e3);
    for kernel in Kernel::available() {
        let encoder = Encoder::with_kernel(kernel);
        for words in LENGTHS {
            measure(&encoder, words);
        }
    }
    let texts: Vec<String> = (0..1000).map(|round| text(12, round)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let start = Instant::now();
    black_box(pytake_encoder::embed_batch(&texts));
    println!("{:.0} texts of 12 words a second on one core", 1000.0 / start.elapsed().as_secs_f64());
    let longest = "ã1! ".repeat(1024);
    let start = Instant::now();
    black_box(pytake_encoder::embed(&longest));
    println!("{} characters {:>8.2} ms", longest.chars().count(), start.elapsed().as_secs_f64() * 1e3);
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status
            .lines()
            .filter(|line| line.starts_with("VmHWM") || line.starts_with("Rss"))
            .for_each(|line| println!("{line}"));
    }
}
