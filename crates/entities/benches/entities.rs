//! Prints what finding a message's entities costs: `cargo bench -p pytake-entities`.

use std::hint::black_box;
use std::time::Instant;

use pytake_entities::{Catalogue, Context, Language, find};

const MESSAGES: [(Language, &str); 6] = [
    (Language::Portuguese, "Oi, queria saber quando chega o meu pedido 10230, já faz uma semana"),
    (Language::Spanish, "Hola, quiero cambiar la talla de la camisa que compré ayer en línea"),
    (Language::English, "Hi, I would like to return the shoes because they are too small"),
    (Language::Portuguese, "meu cpf é 529.982.247-25 e moro na Rua das Flores, 123, ap 45, Centro"),
    (Language::Portuguese, "paguei R$ 149,90 no pix ontem às 15h e ainda não recebi nada, e agora?"),
    (Language::Portuguese, "me chamo Ana Souza, meu zap é (11) 98765-4321, pode me ligar amanhã?"),
];

const ROUNDS: u32 = 3_000;

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    let start = Instant::now();
    black_box(find(MESSAGES[5].1, &Context::default()));
    println!("{:<28} {:>8.2} ms", "first call, lists included", start.elapsed().as_secs_f64() * 1e3);
    let names: Vec<String> = (0..300).map(|number| format!("produto modelo {number}")).collect();
    let start = Instant::now();
    let catalogue = Catalogue::new(names);
    println!("{:<28} {:>8.2} ms", "catalogue of 300", start.elapsed().as_secs_f64() * 1e3);
    let context = Context { catalogue: Some(&catalogue), ..Context::default() };
    let mut all = 0.0;
    for (language, message) in MESSAGES {
        let context = Context { language: Some(language), ..context };
        let start = Instant::now();
        for _ in 0..ROUNDS {
            black_box(find(black_box(message), &context));
        }
        let microseconds = start.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS);
        all += microseconds;
        println!("{microseconds:>8.2} µs  {message}");
    }
    println!("{:>8.2} µs a message", all / MESSAGES.len() as f64);
    // What repeats is what costs most; 4,096 characters are WhatsApp's longest text.
    for piece in ["amanhã ", "1 ", "1.", "42 ", "rua ", "João Silva ", "between 3 and ", "a b ", "+"] {
        let text: String = piece.chars().cycle().take(4_096).collect();
        for language in [Some(Language::Portuguese), None] {
            let context = Context { language, ..Context::default() };
            let start = Instant::now();
            black_box(find(black_box(&text), &context));
            let known = if language.is_some() { "language known" } else { "language unknown" };
            println!(
                "{:>8.2} ms  4,096 characters of {piece:?}, {known}",
                start.elapsed().as_secs_f64() * 1e3
            );
        }
    }
}
