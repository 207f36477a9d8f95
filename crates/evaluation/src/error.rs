//! What can be wrong with labelled data.

use std::path::PathBuf;

/// Why a file could not be scored.
#[derive(Debug, thiserror::Error)]
pub enum EvaluationError {
    /// The file cannot be read.
    #[error("could not read {path}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than [`crate::lines::MAX_FILE_BYTES`].
    #[error("{path} has {megabytes} MB; at most 64 MB are read")]
    TooLarge {
        /// Which.
        path: PathBuf,
        /// Its size.
        megabytes: u64,
    },
    /// A line does not have what the task needs.
    #[error("{path}, line {line}: {problem}")]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The file has no line.
    #[error("{path} has no line to score")]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// The intents cannot be trained.
    #[error("could not train the intents: {0}")]
    Training(String),
    /// An option that the task needs is missing, or one that it does not have is given.
    #[error("{0}")]
    Options(String),
}
