//! Time and memory of this crate beside `bpe-openai`, in one run: `cargo bench -p pytake-tokenizer`.
//!
//! Each figure is the median of several rounds; start-up and memory can be had only once in a process.

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use pytake_tokenizer::{count, count_up_to, load, truncate_to};

/// 175 bytes, as a customer writes.
const MESSAGE: &str = "Oi, boa tarde! Fiz um pedido ontem à noite (nº 48213) e até agora não recebi o código \
                       de rastreio. Vocês conseguem verificar pra mim, por favor? Preciso até sexta, tá?";

const SENTENCES: [&str; 8] = [
    "Bom dia, gostaria de saber o preço do tênis branco tamanho 38. ",
    "não chegou ainda!! já faz 10 dias, vcs podem ver isso pra mim? 😡\n",
    "Obrigada pelo atendimento, deu tudo certinho com a troca ❤️ ",
    "Qual o horário de funcionamento da loja do Shopping Iguatemi aos domingos? ",
    "O boleto de R$ 1.289,90 venceu em 12/03/2025; como emito a segunda via?\n\n",
    "Hola, ¿hacen envíos a Córdoba capital? ¿Cuánto tarda el paquete en llegar? ",
    "I'd like to change the delivery address of order #A-99812, please. ",
    "Segue o link: https://loja.exemplo.com.br/produto/8812?cor=azul&tam=M\r\n",
];

fn main() {
    let before = resident_kib();
    let own_start = timed(load);
    let after_own = resident_kib();
    let other_start = timed(|| {
        bpe_openai::o200k_base();
    });
    let after_other = resident_kib();
    println!("                             this crate        bpe-openai");
    println!("start-up                   {own_start:>12.2?}      {other_start:>12.2?}");
    println!(
        "resident memory            {:>8} KiB      {:>8} KiB",
        after_own - before,
        after_other - after_own
    );

    let bpe = bpe_openai::o200k_base();
    let megabyte = megabyte();
    let run = "a".repeat(20_000);
    let long_run = "a".repeat(1_000_000);
    let word = "inconstitucionalissimamenteinconstitucionalissimamentexyzwqkp";
    assert_eq!(MESSAGE.len(), 175);
    for text in [MESSAGE, &megabyte, &run, word] {
        assert_eq!(count(text), bpe.count(text));
    }

    row("175-byte message", 20_000, || count(MESSAGE), || bpe.count(MESSAGE));
    row("61 unknown letters", 20_000, || count(word), || bpe.count(word));
    row("1 MB of messages", 9, || count(&megabyte), || bpe.count(megabyte.as_str()));
    let normalized = bpe.normalize(megabyte.as_str());
    row(
        "1 MB, limit 10,000",
        99,
        || count_up_to(&megabyte, 10_000),
        || bpe.count_till_limit(&normalized, 10_000),
    );
    row("20,000 times `a`", 99, || count(&run), || bpe.count(run.as_str()));
    row("1,000,000 times `a`", 5, || count(&long_run), || bpe.count(long_run.as_str()));
    println!("1 MB cut to 10,000         {:>12.2?}", median(99, || truncate_to(&megabyte, 10_000).len()));
}

/// Sentences in an order without a short period.
fn megabyte() -> String {
    let mut text = String::new();
    let mut state = 1_usize;
    while text.len() < 1_000_000 {
        // A linear congruential generator (constants of Knuth's MMIX).
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(SENTENCES[state >> 61]);
    }
    text
}

fn row<A, B>(name: &str, rounds: usize, own: impl Fn() -> A, other: impl Fn() -> B) {
    println!("{name:<26} {:>12.2?}      {:>12.2?}", median(rounds, own), median(rounds, other));
}

fn median<T>(rounds: usize, work: impl Fn() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            timed(|| {
                black_box(work());
            })
        })
        .collect();
    times.sort();
    times[rounds / 2]
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// `VmRSS` of this process; 0 where there is no `/proc`.
fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok()).unwrap_or(0)
}
