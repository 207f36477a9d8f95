//! The weights of language identification: `pytake-train language`.
//!
//! Sources, commands and figures stand in `crates/understanding/data/language/ORIGIN.md`. The same
//! sources give the same file, byte by byte.

mod chain;
mod corpus;
mod fit;
mod folds;
mod random;
mod sampler;
mod vocabulary;

use std::path::PathBuf;

use anyhow::{Context, Result};
use pytake_understanding::language::model::to_bytes;

use corpus::{Corpus, Kind, Sources};
use folds::{Figures, Verdict};
use sampler::Sampler;

/// Trains language identification and writes its file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    sources: Sources,
    /// How many texts are drawn; what is shipped was made with the default.
    #[arg(long, default_value_t = 2_000_000)]
    texts: usize,
    /// Where the file goes; nothing is written without it.
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Prints the figures on texts that models have not seen, then trains on all and writes the file.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let corpus = Corpus::read(&arguments.sources)?;
    let verdicts = folds::judge_unseen(&corpus, arguments.texts)?;
    let sharpness = folds::sharpness(&verdicts);
    println!(
        "judged by models that have not seen the text ({} folds), sharpness {sharpness:.3?}",
        folds::FOLDS
    );
    print(&verdicts, sharpness);
    let Some(out) = &arguments.out else {
        println!("judged by a model that has seen no labelled text");
        print(&folds::judge_without_texts(&corpus, arguments.texts)?, sharpness);
        return Ok(());
    };
    let fitted =
        fit::fit(&mut Sampler::new(&corpus, &corpus.labelled.iter().collect::<Vec<_>>()), arguments.texts);
    let (head, rows) = fitted.quantise();
    let bytes = to_bytes(&fit::Head { sharpness, ..head }, &rows);
    std::fs::write(out, &bytes).with_context(|| format!("could not write {}", out.display()))?;
    println!("{} bytes to {}", bytes.len(), out.display());
    Ok(())
}

fn print(verdicts: &[Verdict<'_>], sharpness: [f32; 3]) {
    for kind in Kind::ALL {
        Figures::of(verdicts, kind, sharpness).print(kind);
    }
}
