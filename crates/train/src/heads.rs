//! `heads`: trains what reads sentiment, emotion, toxicity, spam, injection and urgency.
//!
//! 1. `corpus`: reads the labelled texts that may train shipped weights, and embeds them.
//! 2. one module a head says which texts count how much, and which of them are held out in turn.
//! 3. `fit`: trains the linear model and calibrates it on what was held out.
//! 4. `measure`: scores the finished heads on sets that only measure, in the words of the product's own API.
//!
//! The same data give the same bytes. Sets that are not permitted for training (`data/nlu/SOURCES.md`) are read
//! by `measure` alone.

mod corpus;
mod emotion;
mod fit;
mod injection;
mod measure;
mod scores;
mod sentiment;
mod spam;
mod toxicity;
mod urgency;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use pytake_understanding::features::Centre;

use corpus::{Corpus, Sources};

/// What `heads` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The folder of the data written for this project.
    #[arg(long, default_value = "crates/train/data")]
    own: PathBuf,
    /// The folder of the published sets.
    #[arg(long, default_value = "../shared/data/nlu")]
    published: PathBuf,
    /// Where the files of weights go.
    #[arg(long, default_value = "crates/understanding/data/heads")]
    out: PathBuf,
    /// Trains only these heads (`sentiment,spam`); all where not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Trains nothing and only measures the heads that this program was built with.
    #[arg(long)]
    measure: bool,
    /// A folder to keep embeddings in between two runs of the same encoder.
    #[arg(long)]
    cache: Option<PathBuf>,
}

/// A head's name and how it is trained.
type Head = (&'static str, fn(&Corpus) -> anyhow::Result<Vec<u8>>);

const HEADS: [Head; 6] = [
    ("sentiment", sentiment::train),
    ("emotion", emotion::train),
    ("toxicity", toxicity::train),
    ("spam", spam::train),
    ("injection", injection::train),
    ("urgency", urgency::train),
];

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let sources = Sources { own: arguments.own.clone(), published: arguments.published.clone() };
    if arguments.measure {
        return measure::run(&sources, arguments.cache.as_deref());
    }
    let corpus = Corpus::read(&sources, arguments.cache.as_deref()).context("could not read the data")?;
    write(arguments, "centre", &centre_bytes(&corpus.centre))?;
    for (name, train) in HEADS {
        if arguments.only.is_empty() || arguments.only.iter().any(|only| only == name) {
            println!("== {name}");
            let bytes = train(&corpus).with_context(|| format!("could not train {name}"))?;
            write(arguments, name, &bytes)?;
        }
    }
    println!("Build again and run `heads --measure` for the figures of these files.");
    Ok(())
}

fn write(arguments: &Arguments, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    let path = arguments.out.join(format!("{name}.bin"));
    println!("{:>8} bytes  {}", bytes.len(), path.display());
    fs::write(&path, bytes).with_context(|| format!("could not write {}", path.display()))
}

fn centre_bytes(centre: &Centre) -> Vec<u8> {
    centre.0.iter().flat_map(|value| value.to_le_bytes()).collect()
}
