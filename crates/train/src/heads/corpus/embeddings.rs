//! Embeddings of many texts, kept between runs where the caller names a folder.

use std::fs;
use std::path::Path;

use anyhow::Context;
use pytake_encoder::{DIMENSIONS, Embedding};
use sha2::{Digest, Sha256};

/// The embeddings of texts in their order.
pub(crate) struct Embeddings(pub(crate) Vec<Embedding>);

impl Embeddings {
    /// Embeds the texts, or reads what an earlier run kept of the very same texts.
    pub(crate) fn of(texts: &[&str], cache: Option<&Path>) -> anyhow::Result<Self> {
        let mut digest = Sha256::new();
        for text in texts {
            digest.update(text.as_bytes());
            digest.update([0]);
        }
        let file = cache.map(|folder| folder.join(format!("{:x}.embeddings", digest.finalize())));
        if let Some(bytes) = file.as_deref().and_then(|file| fs::read(file).ok())
            && let Some(found) = parse(&bytes, texts.len())
        {
            return Ok(Self(found));
        }
        let embeddings = pytake_encoder::embed_batch(texts);
        if let Some(file) = file {
            let numbers = embeddings.iter().flat_map(|embedding| embedding.0.map(f32::to_le_bytes));
            fs::write(&file, numbers.flatten().collect::<Vec<u8>>())
                .with_context(|| format!("could not write {}", file.display()))?;
        }
        Ok(Self(embeddings))
    }
}

fn parse(bytes: &[u8], count: usize) -> Option<Vec<Embedding>> {
    let (numbers, rest) = bytes.as_chunks::<4>();
    let values: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
    let (rows, odd) = values.as_chunks::<DIMENSIONS>();
    (rest.is_empty() && odd.is_empty() && rows.len() == count)
        .then(|| rows.iter().copied().map(Embedding).collect())
}
