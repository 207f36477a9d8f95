//! `pytake eval`: scores the analysis on labelled data.
//!
//! A folder is searched for the data sets of docs/understanding.md and printed as a table with the goals; files are
//! scored with `--task`.

mod provider;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use pytake_evaluation::figures::Figures;
use pytake_evaluation::{Options, Task, device, lines, suite};

#[derive(Debug, Args)]
pub(crate) struct EvalArguments {
    /// What to score: intent, sentiment, emotion, language, toxicity, spam, injection, entity. Without it the paths
    /// are folders, and every known data set in them is scored.
    #[arg(long)]
    task: Option<Task>,
    /// For intents: the file with their examples; the built-in intents without it.
    #[arg(long, requires = "task")]
    train: Option<PathBuf>,
    /// For intents: only the first so many examples of each.
    #[arg(long, requires = "train", value_parser = clap::value_parser!(u32).range(1..))]
    per_class: Option<u32>,
    /// For toxicity, spam and injection: the labels that mean yes, separated by commas.
    #[arg(long, requires = "task", value_delimiter = ',')]
    positive: Vec<String>,
    /// Who analyses: the device, or the configured providers, which costs money.
    #[arg(long, value_enum, default_value = "local")]
    engine: EvalEngine,
    /// Prints one JSON object for each file instead of a table.
    #[arg(long)]
    json: bool,
    /// Files of JSON Lines, or folders.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EvalEngine {
    Local,
    Provider,
}

pub(crate) async fn run(arguments: EvalArguments) -> anyhow::Result<ExitCode> {
    match arguments.task {
        Some(task) => score_files(task, &arguments).await?,
        None => score_folders(&arguments)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn score_files(task: Task, arguments: &EvalArguments) -> anyhow::Result<()> {
    if arguments.train.is_some() && task != Task::Intent {
        bail!("--train gives the examples of intents; the task {task} has none");
    }
    if !arguments.positive.is_empty() && !task.is_binary() {
        bail!("--positive names the labels that mean yes; the task {task} has no such question");
    }
    let options = Options {
        train: arguments.train.clone(),
        per_class: arguments.per_class.map(|most| most as usize),
        positive: arguments.positive.clone(),
    };
    let mut all = Vec::new();
    for path in &arguments.paths {
        let figures = match arguments.engine {
            EvalEngine::Local => device::score_file(task, path, &options).map_err(anyhow::Error::from),
            EvalEngine::Provider => {
                let lines = lines::read(path, task)?;
                provider::score(task, &lines, &options).await
            }
        };
        let figures = figures.with_context(|| format!("could not score {}", path.display()))?;
        if arguments.json {
            println!("{}", serde_json::to_string(&figures)?);
        }
        all.push((path.display().to_string(), figures));
    }
    if !arguments.json {
        for (name, figures) in &all {
            print_figures(name, figures);
        }
    }
    Ok(())
}

fn print_figures(name: &str, figures: &Figures) {
    let Figures { task, n, values, by_type, per_message_us, seconds, .. } = figures;
    println!("{name}: {task}, {n} lines, {seconds:.1} s");
    for (figure, value) in values {
        println!("  {figure:<20} {:>6.1} %", value * 100.0);
    }
    for (kind, of) in by_type {
        println!(
            "  {kind:<20} precision {:>5.1} %, recall {:>5.1} %, F1 {:>5.1} % of {}",
            of.precision * 100.0,
            of.recall * 100.0,
            of.f1 * 100.0,
            of.n
        );
    }
    println!(
        "  a message            {:>6.0} µs at the median, {:.0} µs at p99",
        per_message_us.p50, per_message_us.p99
    );
}

fn score_folders(arguments: &EvalArguments) -> anyhow::Result<()> {
    if arguments.engine == EvalEngine::Provider {
        bail!("--engine provider scores files: name a --task, so that you know what you pay for");
    }
    for path in &arguments.paths {
        if !path.is_dir() {
            bail!("{} is no folder; a file needs its --task", path.display());
        }
        let mut scored = 0;
        for measurement in suite::SUITE {
            let Some(result) = measurement.run(path)? else { continue };
            scored += 1;
            if arguments.json {
                println!("{}", serde_json::to_string(&result)?);
            } else {
                if scored == 1 {
                    println!("{}", suite::Row::header());
                }
                println!("{result}");
            }
        }
        if scored == 0 {
            bail!("{} holds none of the data sets that docs/understanding.md names", path.display());
        }
    }
    Ok(())
}
