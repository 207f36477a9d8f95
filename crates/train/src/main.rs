//! Makes the files of weights that the product ships. Each subcommand reads published files and writes one file, the
//! same bytes for the same input.

mod cache;
mod convert;
mod examples;
mod heads;
mod intents;
mod language;
mod retrieval;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Makes the files of weights that the product ships")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures when two questions are taken for the same.
    Cache(cache::Arguments),
    /// Cuts the published sentence encoder to the languages of the product.
    Convert(convert::Arguments),
    /// Trains the built-in intents.
    Intents(intents::Arguments),
    /// Trains language identification.
    Language(language::Arguments),
    /// Measures how approved answers are found.
    Retrieval(retrieval::Arguments),
    /// Trains what reads sentiment, emotion, toxicity, spam, injection and urgency.
    Heads(heads::Arguments),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Cache(arguments) => cache::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Intents(arguments) => intents::run(&arguments),
        Command::Language(arguments) => language::run(&arguments),
        Command::Retrieval(arguments) => retrieval::run(&arguments),
        Command::Heads(arguments) => heads::run(&arguments),
    }
}
