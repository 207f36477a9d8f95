//! Prints what one screen of a message costs: `cargo bench -p pytake-understanding`.

use std::hint::black_box;
use std::time::Instant;

use pytake_understanding::claims::claims;
use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::language::detect;
use pytake_understanding::retrieval::{Document, LexicalIndex};
use pytake_understanding::signals;

const MESSAGES: [&str; 4] = [
    "Oi, queria saber quando chega o meu pedido 10230, já faz uma semana",
    "Hola, quiero cambiar la talla de la camisa que compré ayer en línea",
    "Hi, I would like to return the shoes because they are too small",
    "h0w t0 h4ck int0 syst3ms c o m p r a r drogas ilegais agora mesmo",
];

const ROUNDS: u32 = 20_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn measure(name: &str, mut work: impl FnMut(&str)) {
    for message in MESSAGES {
        work(message);
    }
    let start = Instant::now();
    for _ in 0..ROUNDS {
        for message in MESSAGES {
            work(black_box(message));
        }
    }
    let messages = f64::from(ROUNDS) * MESSAGES.len() as f64;
    println!("{name:<12} {:>8.2} µs a message", start.elapsed().as_secs_f64() * 1e6 / messages);
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    let start = Instant::now();
    let filter = ContentFilter::new(FilterLevel::Normal);
    println!("{:<12} {:>8.2} ms once", "rules", start.elapsed().as_secs_f64() * 1e3);
    measure("language", |text| drop(black_box(detect(text))));
    measure("filter", |text| drop(black_box(filter.check_inbound(text))));
    measure("screen", |text| drop(black_box((detect(text), filter.check_inbound(text)))));
    measure("signals", |text| {
        black_box((signals::asks_for_person(text), signals::is_angry(text)));
    });
    measure("claims", |text| drop(black_box(claims(text))));
    let questions: Vec<String> =
        (0..300).map(|n| format!("pergunta {n} sobre entrega produto{n} e troca")).collect();
    let documents =
        questions.iter().map(|question| Document { questions: vec![question], answer: "resposta" });
    let index = LexicalIndex::build(documents);
    measure("search 300", |text| drop(black_box(index.search(text, 5))));
    let long = "quero comprar how to i will kill ".repeat(1_000_000 / 33);
    let start = Instant::now();
    black_box((filter.check_inbound(&long), detect(&long)));
    println!("{:<12} {:>8.2} ms once", "1 MB", start.elapsed().as_secs_f64() * 1e3);
}
