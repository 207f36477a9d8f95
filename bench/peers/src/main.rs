//! Prints accuracy and time of our language and sentiment beside lingua, whatlang and vader_sentiment.
//!
//! `cargo run --release --manifest-path bench/peers/Cargo.toml -- FOLDER`: the folder of docs/understanding.md. Only lines in
//! Portuguese, Spanish and English; every detector chooses among these three. Our language weights have seen Lingua's
//! development texts; docs/understanding.md has the held-out figures.

use std::path::Path;
use std::time::Instant;

use lingua::{LanguageDetectorBuilder, Language as Lingua};
use pytake_understanding::heads::View;
use pytake_understanding::language::detect;
use pytake_understanding::message::Message;
use pytake_understanding::sentiment;
use serde_json::Value;

fn lines(folder: &Path, file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let field = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON Lines"))
        .map(|line: Value| (field(&line, "text"), field(&line, "label")))
        .collect()
}

fn measure(name: &str, set: &str, lines: &[(String, String)], mut say: impl FnMut(&str) -> String) {
    let _ = say("warm up");
    let start = Instant::now();
    let right = lines.iter().filter(|(text, label)| say(text) == *label).count();
    let microseconds = start.elapsed().as_secs_f64() * 1e6 / lines.len() as f64;
    println!("{set:<12} {name:<18} {:>6.1} % right  {microseconds:>8.1} µs a text", 100.0 * right as f64 / lines.len() as f64);
}

fn main() {
    let folder = std::env::args().nth(1).expect("the folder of the labelled data");
    let folder = Path::new(&folder);
    let lingua = LanguageDetectorBuilder::from_languages(&[Lingua::English, Lingua::Portuguese, Lingua::Spanish])
        .with_preloaded_language_models()
        .build();
    let codes = [whatlang::Lang::Eng, whatlang::Lang::Por, whatlang::Lang::Spa];
    let whatlang = whatlang::Detector::with_allowlist(codes.to_vec());
    for (set, file) in [("words", "single-words"), ("word pairs", "word-pairs"), ("sentences", "sentences")] {
        let mut lines = lines(folder, &format!("language-lingua/{file}.dev.jsonl"));
        lines.retain(|(_, label)| ["en", "pt", "es"].contains(&label.as_str()));
        measure("pytake", set, &lines, |text| detect(text).language.map_or("", |language| language.code()).to_owned());
        measure("lingua", set, &lines, |text| {
            lingua.detect_language_of(text).map_or_else(String::new, |language| language.iso_code_639_1().to_string())
        });
        measure("whatlang", set, &lines, |text| match whatlang.detect_lang(text) {
            Some(whatlang::Lang::Eng) => "en".to_owned(),
            Some(whatlang::Lang::Por) => "pt".to_owned(),
            Some(whatlang::Lang::Spa) => "es".to_owned(),
            _ => String::new(),
        });
    }
    let vader = vader_sentiment::SentimentIntensityAnalyzer::new();
    for language in ["en", "pt", "es"] {
        let lines = lines(folder, &format!("sentiment-umsab/{language}.val.jsonl"));
        let set = format!("umsab {language}");
        measure("pytake", &set, &lines, |text| sentiment::read(&View::of(&Message::new(text))).polarity.as_str().to_owned());
        if language == "en" {
            measure("vader_sentiment", &set, &lines, |text| {
                // The thresholds of VADER's authors.
                match vader.polarity_scores(text)["compound"] {
                    score if score >= 0.05 => "positive",
                    score if score <= -0.05 => "negative",
                    _ => "neutral",
                }
                .to_owned()
            });
        }
    }
}
