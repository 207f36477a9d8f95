//! What other crates rely on: counts equal to those of `bpe-openai`, which the product does not carry because
//! of its memory, and the laws of the limits.

mod laws;
mod shared_texts;
mod written_texts;

/// The number of tokens according to `bpe-openai`.
fn expected(text: &str) -> usize {
    bpe_openai::o200k_base().count(text)
}
