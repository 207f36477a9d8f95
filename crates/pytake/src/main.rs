//! `pytake`: the server and its commands. Without a command it serves.

mod commands;
mod telemetry;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Answers a business's customers on WhatsApp and by API, with AI it can trust and afford.
#[derive(Debug, Parser)]
#[command(name = "pytake", version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts the server (also without any command).
    Serve,
    /// Checks configuration, database, providers, WhatsApp, clock and disk, and says how to mend what is wrong.
    Doctor,
    /// Makes, lists, rotates and revokes API keys.
    #[command(subcommand)]
    Keys(commands::keys::KeysCommand),
    /// Hands over everything that is kept of a customer.
    Export(commands::customers::ExportArguments),
    /// Erases a customer for good; sums of usage go on without a name.
    Erase(commands::customers::EraseArguments),
    /// Makes, lists, suspends and sets tenants.
    #[command(subcommand)]
    Tenants(commands::tenants::TenantsCommand),
    /// Looks after what is sealed in the database.
    #[command(subcommand)]
    Secrets(commands::secrets::SecretsCommand),
    /// Makes, lists and disables people who sign in, and changes their passwords.
    #[command(subcommand)]
    Operators(commands::operators::OperatorsCommand),
    /// Talks to the assistant in the terminal, through the same pipeline as the API.
    Chat(commands::chat::ChatArguments),
    /// Plays customers on WhatsApp against a server: its own in memory, or a running one.
    Simulate(commands::simulate::SimulateArguments),
    /// Scores the analysis on labelled data.
    Eval(commands::eval::EvalArguments),
    /// Prints the OpenAPI document.
    Openapi,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("could not start the runtime: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = match arguments.command.unwrap_or(Command::Serve) {
        Command::Serve => runtime.block_on(commands::serve::run()),
        Command::Doctor => runtime.block_on(commands::doctor::run()),
        Command::Keys(command) => runtime.block_on(commands::keys::run(command)),
        Command::Export(arguments) => runtime.block_on(commands::customers::export(arguments)),
        Command::Erase(arguments) => runtime.block_on(commands::customers::erase(arguments)),
        Command::Tenants(command) => runtime.block_on(commands::tenants::run(command)),
        Command::Secrets(command) => runtime.block_on(commands::secrets::run(&command)),
        Command::Operators(command) => runtime.block_on(commands::operators::run(command)),
        Command::Chat(arguments) => runtime.block_on(commands::chat::run(arguments)),
        Command::Simulate(arguments) => runtime.block_on(commands::simulate::run(arguments)),
        Command::Eval(arguments) => runtime.block_on(commands::eval::run(arguments)),
        Command::Openapi => commands::openapi::run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
