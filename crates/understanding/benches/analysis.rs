//! Prints what reading a whole message costs: `cargo bench -p pytake-understanding --bench analysis`.
//!
//! With a number as its argument it reads the 12-word message so many times and prints nothing, for a tool that counts
//! instructions: `perf stat -e instructions:u target/release/deps/analysis-… 10000`.

use std::hint::black_box;
use std::time::Instant;

use pytake_understanding::entities::{self, Context};
use pytake_understanding::filter::{ContentFilter, FilterLevel};
use pytake_understanding::heads::View;
use pytake_understanding::message::Message;
use pytake_understanding::priority::{Facts, Weights, priority};
use pytake_understanding::sentiment::Satisfaction;
use pytake_understanding::{emotion, injection, intents, screening, sentiment, spam, toxicity};

const MESSAGES: [(&str, &str); 5] = [
    ("1 word", "obrigada"),
    ("4 words", "cadê o meu pedido?"),
    ("12 words", "oi, queria saber quando chega o meu pedido 10230, já faz uma semana"),
    (
        "40 words",
        "boa tarde, comprei um vestido azul no site de vocês na sexta passada, paguei R$ 149,90 no pix e até agora não \
         recebi nem o código de rastreio, preciso dele para um casamento no sábado, alguém pode me dizer onde está?",
    ),
    ("12 words, es", "hola, quiero cambiar la talla de la camisa que compré ayer en línea"),
];

/// What rules alone find.
fn rules(filter: &ContentFilter, text: &str) {
    let message = Message::new(text);
    black_box(message.language());
    black_box(filter.check_inbound_words(message.unmasked()));
    black_box(message.signals());
    black_box(entities_of(&message));
}

fn entities_of<'a>(message: &Message<'a>) -> Vec<entities::Entity<'a>> {
    let language = message.language().language.map(entities::Language::from);
    entities::find(message.text(), &Context { language, ..Context::default() })
}

/// Everything that a turn keeps with a message.
fn whole(filter: &ContentFilter, text: &str) {
    let message = Message::new(text);
    let view = View::of(&message);
    black_box(message.language());
    let toxicity = toxicity::read(&view);
    let verdict = screening::screen(filter, &message, &toxicity);
    let mood = sentiment::read(&view);
    let intent = intents::built_in().choose(&message);
    let facts = Facts {
        signals: *message.signals(),
        intent: intent.intent.as_deref(),
        is_dissatisfied: mood.satisfaction <= Satisfaction::Dissatisfied,
        is_self_harm: verdict.is_self_harm(),
        is_spam: spam::read(&view).flagged,
        unanswered: 1,
        ..Facts::default()
    };
    black_box(priority(&facts, &Weights::new()));
    black_box((emotion::read(&view), toxicity, injection::read(&view, false)));
    black_box(entities_of(&message));
}

#[expect(clippy::disallowed_methods, reason = "a benchmark reads the real clock")]
fn main() {
    let filter = ContentFilter::new(FilterLevel::Normal);
    if let Some(rounds) = std::env::args().nth(1).and_then(|rounds| rounds.parse::<u32>().ok()) {
        (0..rounds).for_each(|_| whole(&filter, black_box(MESSAGES[2].1)));
        return;
    }
    let start = Instant::now();
    whole(&filter, MESSAGES[2].1);
    println!(
        "{:<14} {:>9.2} ms, everything loaded and read once",
        "cold start",
        start.elapsed().as_secs_f64() * 1e3
    );
    println!("{:<14} {:>9} {:>9} {:>9}", "µs a message", "rules", "whole", "p99");
    for (name, text) in MESSAGES {
        let mut times = [0.0; 3];
        for (at, work) in [rules as fn(&ContentFilter, &str), whole].into_iter().enumerate() {
            let mut taken: Vec<f64> = (0..2_000)
                .map(|_| {
                    let start = Instant::now();
                    work(&filter, black_box(text));
                    start.elapsed().as_secs_f64() * 1e6
                })
                .collect();
            taken.sort_by(f64::total_cmp);
            times[at] = taken[taken.len() / 2];
            times[2] = taken[taken.len() * 99 / 100];
        }
        println!("{name:<14} {:>9.1} {:>9.1} {:>9.1}", times[0], times[1], times[2]);
    }
    for flood in ["🎉", "quero ", "\u{200b}", "aGVsbG8gd29ybGQ", "السلام ", "amanhã às 15h "] {
        let text: String = flood.chars().cycle().take(4_096).collect();
        let mut taken: Vec<f64> = (0..50)
            .map(|_| {
                let start = Instant::now();
                whole(&filter, black_box(&text));
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        taken.sort_by(f64::total_cmp);
        println!(
            "4,096 characters of {flood:?}: {:.2} ms at the median, {:.2} ms at worst of 50",
            taken[25], taken[49]
        );
    }
}
