//! Counts over public texts in Portuguese, Spanish and English, where a checkout has them beside it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pytake_tokenizer::count;
use serde_json::Value;

use crate::expected;

/// About this many lines are compared, evenly spread over all files.
const SAMPLE: usize = 20_000;

#[test]
fn counts_of_public_texts_are_those_of_bpe_openai() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/nlu");
    let mut files = Vec::new();
    collect_files(&folder, &mut files);
    if files.is_empty() {
        // Not `eprintln!`, which the test harness keeps to itself when a test passes.
        let notice = b"SKIPPED: there are no texts in ../shared/data/nlu to compare counts over\n";
        io::stderr().write_all(notice).expect("standard error is open");
        return;
    }
    files.sort();
    let contents: Vec<String> = files.iter().filter_map(|path| fs::read_to_string(path).ok()).collect();
    let lines: Vec<&str> = contents.iter().flat_map(|content| content.lines()).collect();
    for line in lines.iter().step_by((lines.len() / SAMPLE).max(1)) {
        assert_eq!(count(line), expected(line), "{line}");
        let text = serde_json::from_str::<Value>(line).ok();
        if let Some(text) = text.as_ref().and_then(|object| object["text"].as_str()) {
            assert_eq!(count(text), expected(text), "{text:?}");
        }
    }
}

fn collect_files(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            collect_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            files.push(path);
        }
    }
}
