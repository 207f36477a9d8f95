//! Exact token counts of `o200k_base`, the vocabulary of OpenAI's models since gpt-4o, in a few megabytes.
//!
//! Budgets need a count before a request is sent; bills follow the usage the provider reports. For models
//! with another tokenizer, [`Family`] turns a count into an estimate.
//!
//! A text is cut into pieces by the pattern of the vocabulary (`pieces`, over the kinds of characters in
//! `classes`); a piece that is a token counts one, any other is merged from its bytes (`merge`, over the table
//! in `vocabulary`). Counts equal those of the `bpe-openai` crate, which the tests compare with.
//!
//! Measured with `cargo bench -p pytake-tokenizer` (release, medians, on a virtual machine with two Intel Xeon
//! cores that were busy with other builds; times vary by a factor of two between runs, their ratio less):
//!
//! | | this crate | `bpe-openai` 0.3.2 |
//! |---|---|---|
//! | start-up | 3.5 ms | 54 ms |
//! | resident memory | 3.7 MiB | 65.6 MiB |
//! | a Portuguese message of 175 bytes | 2.2 µs | 3.9 µs |
//! | 61 letters that are no words | 3.6 µs | 1.6 µs |
//! | 1 MB of messages | 18 ms | 30 ms |
//! | 1 MB, up to 10,000 tokens | 0.47 ms | 0.93 ms |
//! | 20,000 times `a` | 3.0 ms | 0.26 ms |
//! | 1,000,000 times `a` | 193 ms | 20 ms |
//!
//! So a message may be counted where it is; texts of tens of kilobytes belong on a blocking thread, or get
//! [`count_up_to`] and [`truncate_to`], whose time depends on the limit.

mod classes;
mod count;
mod family;
mod merge;
mod pieces;
mod vocabulary;

pub use count::{count, count_up_to, load, truncate_to};
pub use family::{Family, TOKENS_FOR_REPLY, TOKENS_PER_MESSAGE, TOKENS_PER_NAME};
